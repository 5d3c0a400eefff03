//! Tokens that callbacks carry.

use std::{sync::PoisonError, time::Duration};

use serde_json::{Value, json};

use super::Login;
use crate::{
    keys::{KeyError, SigningKey},
    secret::Secret,
};

/// How long a callback token lives.
const LIFETIME: Duration = Duration::from_secs(3600);
/// How long one is used again: some minutes less, so that none expires on its way.
const REUSE: Duration = Duration::from_secs(3300);

/// What a callback token shall say; what is not set is as the emulator itself writes it.
///
/// Graph reference:
/// [callback authentication](https://learn.microsoft.com/graph/cloud-communications-calls).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackClaims {
    /// `iss`
    pub issuer: Option<String>,
    /// `aud`
    pub audience: Option<String>,
    /// `tid`
    pub tenant_id: Option<String>,
    /// How long ago the token expired; without it the token lives another hour.
    pub expired: Option<Duration>,
    /// Whether a key signs it that no document announces.
    pub foreign_key: bool,
}

impl CallbackClaims {
    /// Sets another issuer.
    #[must_use]
    pub fn with_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Sets another audience.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Sets another tenant.
    #[must_use]
    pub fn with_tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant_id = Some(tenant.into());
        self
    }

    /// Lets the token have expired this long ago.
    #[must_use]
    pub fn expired_for(mut self, age: Duration) -> Self {
        self.expired = Some(age);
        self
    }

    /// Signs it with a key that no document announces.
    #[must_use]
    pub fn with_foreign_key(mut self) -> Self {
        self.foreign_key = true;
        self
    }
}

/// A callback token in use.
#[derive(Debug)]
pub(super) struct CallbackToken {
    app_id: String,
    tenant_id: String,
    token: Secret,
    until: Duration,
}

impl Login {
    /// The token for the callbacks of an app in a tenant: the same one until shortly before it expires.
    pub(crate) fn callback_token(&self, app_id: &str, tenant_id: &str) -> Result<String, KeyError> {
        let now = self.0.wall.elapsed();
        let mut tokens = self.0.callbacks.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|one| one.until > now);
        if let Some(known) = tokens.iter().find(|one| one.app_id == app_id && one.tenant_id == tenant_id) {
            return Ok(known.token.0.clone());
        }
        let claims = CallbackClaims::default().with_audience(app_id).with_tenant(tenant_id);
        let token = self.sign_callback_token(&claims)?;
        tokens.push(CallbackToken {
            app_id: app_id.to_owned(),
            tenant_id: tenant_id.to_owned(),
            token: Secret(token.clone()),
            until: now + REUSE,
        });
        Ok(token)
    }

    pub(crate) fn sign_callback_token(&self, claims: &CallbackClaims) -> Result<String, KeyError> {
        let inner = &self.0;
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        let now = inner.wall.unix_seconds();
        let expires = match claims.expired {
            Some(age) => now.saturating_sub(seconds(age)),
            None => now.saturating_add(seconds(LIFETIME)),
        };
        let issued = expires.saturating_sub(seconds(LIFETIME));
        let app = &inner.env.app_id;
        let payload: Value = json!({
            "iss": claims.issuer.as_deref().unwrap_or(&inner.env.issuer),
            "aud": claims.audience.as_deref().unwrap_or(app),
            "tid": claims.tenant_id.as_deref().unwrap_or(&inner.env.tenant_id),
            "appid": app,
            "iat": issued,
            "nbf": issued,
            "exp": expires,
        });
        if claims.foreign_key {
            return SigningKey::generate()?.sign(&payload);
        }
        inner.key.sign(&payload)
    }
}
