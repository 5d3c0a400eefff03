//! What a token claims, and which claims make it good.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use graph_calls_core::model::{AppId, TenantId, fold_guid};

use super::{
    RefusalReason,
    json::{Member, Object},
};

/// How far the clocks may be apart.
const SKEW: f64 = 300.0;

/// The longest life of a token.
const MAX_LIFE: f64 = 24.0 * 60.0 * 60.0;

/// The claim that names the tenant where `tid` does not.
const TENANT_ID: &str = "http://schemas.microsoft.com/identity/claims/tenantid";

/// What matters of good claims.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) app: AppId,
    pub(super) tenant: Option<TenantId>,
    /// The end of its life, skew included.
    pub(super) until: SystemTime,
}

/// Checks all that can be checked without a key.
pub(super) fn check(claims: &Object<'_>, apps: &[AppId], now: SystemTime) -> Result<Claims, RefusalReason> {
    let app = audience(claims, apps)?;
    let until = expiry(claims, now)?;
    let tenant = tenant(claims)?;
    Ok(Claims { app, tenant, until })
}

fn audience(claims: &Object<'_>, apps: &[AppId]) -> Result<AppId, RefusalReason> {
    let audience = claims.text("aud").and_then(fold_guid).ok_or(RefusalReason::Audience)?;
    apps.iter().find(|app| app.guid() == Some(audience)).cloned().ok_or(RefusalReason::Audience)
}

fn expiry(claims: &Object<'_>, now: SystemTime) -> Result<SystemTime, RefusalReason> {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let expires = date(claims, "exp", RefusalReason::Expired)?.ok_or(RefusalReason::Expired)?;
    if now >= expires + SKEW {
        return Err(RefusalReason::Expired);
    }
    let mut begins = None;
    for name in ["nbf", "iat"] {
        let Some(date) = date(claims, name, RefusalReason::NotYetValid)? else { continue };
        if date > now + SKEW {
            return Err(RefusalReason::NotYetValid);
        }
        begins = Some(begins.map_or(date, |earlier: f64| earlier.min(date)));
    }
    let life = expires - begins.unwrap_or(now);
    let slack = if begins.is_some() { 0.0 } else { SKEW };
    // A token that was never valid is as wrong as one that is valid for ever.
    let in_range = begins.is_none_or(|begins| begins <= expires) && life <= MAX_LIFE + slack;
    if !in_range {
        return Err(RefusalReason::Lifetime);
    }
    Duration::try_from_secs_f64(expires + SKEW)
        .ok()
        .and_then(|since| UNIX_EPOCH.checked_add(since))
        .ok_or(RefusalReason::Lifetime)
}

fn date(claims: &Object<'_>, name: &str, wrong: RefusalReason) -> Result<Option<f64>, RefusalReason> {
    match claims.get(name) {
        None => Ok(None),
        Some(Member::Number(seconds)) if seconds.is_finite() => Ok(Some(*seconds)),
        Some(_) => Err(wrong),
    }
}

fn tenant(claims: &Object<'_>) -> Result<Option<TenantId>, RefusalReason> {
    let read = |name| match claims.get(name) {
        None => Ok(None),
        Some(Member::Text(id)) => match TenantId::new(id) {
            Ok(id) if id.guid().is_some() => Ok(Some(id)),
            _ => Err(RefusalReason::TenantClaim),
        },
        Some(_) => Err(RefusalReason::TenantClaim),
    };
    match (read("tid")?, read(TENANT_ID)?) {
        (Some(short), Some(long)) if short != long => Err(RefusalReason::TenantClaim),
        (short, long) => Ok(short.or(long)),
    }
}
