//! Who may do what: the token endpoint, callback tokens, and the documents that announce their keys.

mod callback;
mod check;
mod token;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

pub use self::callback::CallbackClaims;
use self::callback::CallbackToken;
pub(crate) use self::{check::Unauthorized, token::TokenAnswer};
use crate::{Env, keys::SigningKey, wall::Wall};

/// What the login side knows.
#[derive(Debug, Clone)]
pub(crate) struct Login(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    env: Env,
    roles: Vec<String>,
    wall: Wall,
    /// Signs access tokens and callback tokens; their audiences keep them apart.
    key: SigningKey,
    /// Callback tokens in use, as the service reuses them.
    callbacks: Mutex<Vec<CallbackToken>>,
}

impl Login {
    pub(crate) fn new(env: Env, roles: Vec<String>, wall: Wall, key: SigningKey) -> Self {
        Self(Arc::new(Inner { env, roles, wall, key, callbacks: Mutex::default() }))
    }

    /// The document that names the issuer of callbacks and where its keys are.
    pub(crate) fn openid(&self) -> Value {
        let env = &self.0.env;
        json!({
            "issuer": env.issuer,
            "authorization_endpoint": format!("{}/common/oauth2/v2.0/authorize", env.login),
            "jwks_uri": format!("{}/.well-known/keys", env.url),
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        })
    }

    pub(crate) fn keys(&self) -> Value {
        json!({ "keys": [self.0.key.to_jwk()] })
    }
}
