//! An issuer of callback tokens that lives in this process.

use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize, PublicKeyComponents},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use bytes::Bytes;
use graph_calls_core::{BoxError, Transport, Wall};
use http::{Request, Response};
use serde_json::{Value, json};
use tower::{service_fn, util::BoxCloneSyncService};

pub(crate) const APP: &str = "2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
pub(crate) const TENANT: &str = "9f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
pub(crate) const ISSUER: &str = "https://api.botframework.com";
const KEY_ID: &str = "bench";

/// A key pair, and what is published of it.
pub(crate) struct Signer {
    pair: KeyPair,
    /// Base64url, as key sets have it.
    pub(crate) modulus: String,
    pub(crate) exponent: String,
}

impl Signer {
    pub(crate) fn new() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let (modulus, exponent) = (BASE64.encode(public.n), BASE64.encode(public.e));
        Self { pair, modulus, exponent }
    }

    /// A token with the claims that real ones were seen to have.
    pub(crate) fn token(&self) -> String {
        self.token_with(&json!({}))
    }

    /// The same with more claims.
    pub(crate) fn token_with(&self, more: &Value) -> String {
        let now = Wall::system().now().duration_since(UNIX_EPOCH).unwrap();
        let until = now + Duration::from_secs(3600);
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": KEY_ID}).to_string();
        let mut claims = json!({
            "iss": ISSUER, "aud": APP, "tid": TENANT, "appid": APP,
            "iat": now.as_secs(), "nbf": now.as_secs(), "exp": until.as_secs(),
        });
        if let (Some(claims), Some(more)) = (claims.as_object_mut(), more.as_object()) {
            claims.extend(more.clone());
        }
        let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims.to_string()));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", BASE64.encode(signature))
    }

    /// Serves the OpenID document and the key set.
    pub(crate) fn documents(&self) -> Transport {
        let document = Bytes::from(json!({"jwks_uri": "https://api.aps.skype.com/v1/keys"}).to_string());
        let key = json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": self.modulus, "e": self.exponent,
        });
        let keys = Bytes::from(json!({"keys": [key]}).to_string());
        BoxCloneSyncService::new(service_fn(move |request: Request<Bytes>| {
            let body = if request.uri().path().ends_with("/keys") { &keys } else { &document };
            let response = Response::new(body.clone());
            async { Ok::<_, BoxError>(response) }
        }))
    }
}
