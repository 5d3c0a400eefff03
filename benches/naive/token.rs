//! The JWT crate, with its key at hand.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

pub(crate) struct Check {
    key: DecodingKey,
    validation: Validation,
}

#[derive(Deserialize)]
struct Claims {
    tid: String,
}

impl Check {
    /// Modulus and exponent as the key set has them: base64url.
    pub(crate) fn new((n, e): (&str, &str), issuer: &str, app: &str) -> Self {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[app]);
        Self { key: DecodingKey::from_rsa_components(n, e).unwrap(), validation }
    }

    /// The tenant of a good token.
    pub(crate) fn tenant(&self, header: &str) -> Option<String> {
        let token = header.strip_prefix("Bearer ")?;
        let token = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation).ok()?;
        Some(token.claims.tid)
    }
}
