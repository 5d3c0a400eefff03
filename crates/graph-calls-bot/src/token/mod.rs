//! The token of a callback: who sent this, and for whom.

mod bearer;
mod bucket;
mod claims;
mod config;
mod fetch;
#[cfg(feature = "__fuzzing")]
pub(crate) mod fuzzing;
mod json;
mod jws;
mod key_set;
mod keys;
mod memory;
mod refusal;
mod stats;
#[cfg(test)]
pub(crate) mod test_issuer;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use graph_calls_core::{
    Transport, Wall,
    model::{AppId, TenantId},
};
use http::HeaderMap;

pub use self::{
    config::{AllowedTenants, InvalidTokenConfig, IssuerConfig, TokenCheckConfig},
    refusal::{Refusal, RefusalReason, RefusalStatus},
    stats::TokenStats,
};
use self::{
    fetch::FetchLimits,
    json::Object,
    jws::Parts,
    keys::KeySource,
    memory::{Memory, Remembered},
    stats::Counters,
};

/// What a good token says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The app that the callback is for.
    pub app: AppId,
    /// The tenant whose call it is about. Without one the token is good for a Bot Framework body only.
    pub tenant: Option<TenantId>,
}

/// Checks the tokens of callbacks.
///
/// A token is good when one of the configured issuers signed it with RS256 and a key that it publishes, for one of the
/// configured apps, for now, and for at most 24 hours. What the token says of its own key or algorithm counts for
/// nothing. Keys are renewed every hour and kept for 24 hours when their source is down.
///
/// Clones share what they know. It must be used within a tokio runtime, which fetches the keys.
#[derive(Debug, Clone)]
pub struct TokenCheck(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    apps: Vec<AppId>,
    tenants: AllowedTenants,
    issuers: Vec<KeySource>,
    max_token: usize,
    wall: Wall,
    memory: Memory,
    counters: Counters,
}

/// A token with good claims that nobody has vouched for.
struct Unverified {
    issuer: usize,
    key_id: String,
    claims: claims::Claims,
}

impl TokenCheck {
    /// A check that fetches keys through this transport and reads the date off this clock.
    ///
    /// # Errors
    ///
    /// When no token could ever be good: no app, no issuer, or an allowed tenant that is no GUID.
    pub fn new(
        config: TokenCheckConfig,
        transport: &Transport,
        wall: Wall,
    ) -> Result<Self, InvalidTokenConfig> {
        config.check()?;
        let TokenCheckConfig { apps, tenants, issuers, limits } = config;
        let fetch = FetchLimits { bytes: limits.key_set_bytes, keys: limits.keys, time: limits.key_time };
        let issuers =
            issuers.into_iter().map(|issuer| KeySource::new(issuer, transport.clone(), fetch)).collect();
        Ok(Self(Arc::new(Inner {
            apps,
            tenants,
            issuers,
            max_token: limits.token_bytes,
            wall,
            memory: Memory::new(),
            counters: Counters::new(),
        })))
    }

    /// Whether tokens for this app are taken.
    pub(crate) fn knows(&self, app: &AppId) -> bool {
        self.0.apps.contains(app)
    }

    /// Checks the token in a request's headers. A token that was seen before is answered without waiting.
    ///
    /// # Errors
    ///
    /// When there is none, it is not good, or the keys that could tell are not at hand.
    pub async fn check(&self, headers: &HeaderMap) -> Result<Verified, Refusal> {
        let checked = self.0.check(headers).await;
        if let Err(refusal) = &checked {
            self.0.counters.refused(refusal.reason());
        }
        checked
    }

    /// Fetches the keys that are not at hand, so that the first call does not have to wait for them.
    ///
    /// # Errors
    ///
    /// When an issuer's keys cannot be had now. They are fetched again when they are needed.
    pub async fn warm_up(&self) -> Result<(), Refusal> {
        for issuer in &self.0.issuers {
            issuer.warm_up().await?;
        }
        Ok(())
    }

    /// What it has done so far.
    pub fn stats(&self) -> TokenStats {
        let issuers = &self.0.issuers;
        let ages: Option<Vec<Duration>> = issuers.iter().map(KeySource::age).collect();
        let mut stats = self.0.counters.read();
        stats.key_fetches = issuers.iter().map(KeySource::fetches).sum();
        stats.key_fetch_failures = issuers.iter().map(KeySource::failures).sum();
        stats.keys_age = ages.and_then(|ages| ages.into_iter().max());
        stats
    }
}

impl Inner {
    async fn check(&self, headers: &HeaderMap) -> Result<Verified, Refusal> {
        let token = bearer::bearer(headers, self.max_token)?;
        if let Some(known) = self.remembered(token) {
            self.counters.remembered();
            return admit(known.allowed, &known.verified);
        }
        let parts = Parts::split(token)?;
        // All that needs no key comes first: a stranger who does not even know the app makes nobody fetch one.
        let unverified = self.read(&parts)?;
        let signature = parts.signature()?;
        let issuer = self.issuers.get(unverified.issuer).ok_or(RefusalReason::Issuer)?;
        let key = issuer.key(&unverified.key_id).await?;
        if !key.signed(parts.signed, &signature) {
            return Err(RefusalReason::Signature.into());
        }
        self.counters.verified();
        let claims::Claims { app, tenant, until } = unverified.claims;
        let allowed = self.allows(tenant.as_ref());
        let verified = Verified { app, tenant };
        let outcome = admit(allowed, &verified);
        let remembered = Remembered { verified, allowed, issuer: unverified.issuer, key, until };
        self.memory.put(token, remembered, self.wall.now());
        outcome
    }

    fn remembered(&self, token: &[u8]) -> Option<Arc<Remembered>> {
        let known = self.memory.get(token)?;
        let vouched = self.issuers.get(known.issuer).is_some_and(|issuer| issuer.vouches_for(&known.key));
        if vouched && self.wall.now() < known.until {
            return Some(known);
        }
        self.memory.forget(token, &known);
        None
    }

    fn read(&self, parts: &Parts<'_>) -> Result<Unverified, RefusalReason> {
        let key_id = jws::key_id(&parts.header()?)?;
        let claims = parts.claims()?;
        let claims = Object::read(&claims).ok_or(RefusalReason::NotStrictJson)?;
        let named = claims.text("iss").ok_or(RefusalReason::Issuer)?;
        let issuer =
            self.issuers.iter().position(|issuer| issuer.is_of(named)).ok_or(RefusalReason::Issuer)?;
        let claims = claims::check(&claims, &self.apps, self.wall.now())?;
        Ok(Unverified { issuer, key_id, claims })
    }

    fn allows(&self, tenant: Option<&TenantId>) -> bool {
        match (&self.tenants, tenant) {
            (AllowedTenants::Any, _) | (_, None) => true,
            (AllowedTenants::These(allowed), Some(tenant)) => allowed.contains(tenant),
        }
    }
}

fn admit(allowed: bool, verified: &Verified) -> Result<Verified, Refusal> {
    if allowed { Ok(verified.clone()) } else { Err(RefusalReason::ForeignTenant.into()) }
}
