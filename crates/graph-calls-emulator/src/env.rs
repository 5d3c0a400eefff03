//! What a bot must know to talk to the emulator.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The addresses and credentials of a running emulator.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Env {
    /// The root of everything: `http://127.0.0.1:PORT`.
    pub url: String,
    /// The Graph root, without a version.
    pub graph: String,
    /// The login root, without a tenant.
    pub login: String,
    /// The OpenID document whose keys sign callbacks.
    pub openid: String,
    /// The issuer of callback tokens.
    pub issuer: String,
    /// The tenant that owns the bot's calls.
    pub tenant_id: String,
    /// The bot's app id: the audience of callback tokens.
    pub app_id: String,
    /// The bot's secret at the token endpoint. It opens nothing but this emulator.
    pub client_secret: String,
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env")
            .field("url", &self.url)
            .field("issuer", &self.issuer)
            .field("tenant_id", &self.tenant_id)
            .field("app_id", &self.app_id)
            .field("client_secret", &"[redacted]")
            .finish_non_exhaustive()
    }
}
