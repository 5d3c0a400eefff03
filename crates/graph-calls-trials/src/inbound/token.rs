//! The service's tokens: signed with a key of this process, which the token check fetches from memory.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use bytes::Bytes;
use graph_calls_core::{BoxError, Transport};
use serde_json::json;
use tower::{service_fn, util::BoxCloneSyncService};

const ISSUER: &str = "https://api.botframework.com";
const KEY_ID: &str = "simulated";
const HOUR: u64 = 3_600;

static SIGNER: LazyLock<Signer> = LazyLock::new(Signer::new);

struct Signer {
    pair: KeyPair,
    document: Bytes,
    keys: Bytes,
    /// By app, tenant and hour.
    signed: Mutex<BTreeMap<(String, String, u64), String>>,
}

impl Signer {
    fn new() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        // The public key is DER: a sequence of the modulus, with a zero before it, and the exponent.
        let der = pair.public_key().as_ref();
        let (modulus, exponent) = (BASE64.encode(&der[9..265]), BASE64.encode(&der[267..270]));
        let key = json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": modulus, "e": exponent,
        });
        Self {
            pair,
            document: json!({"jwks_uri": "https://api.aps.skype.com/v1/keys"}).to_string().into(),
            keys: json!({"keys": [key]}).to_string().into(),
            signed: Mutex::default(),
        }
    }

    fn sign(&self, app: &str, tenant: &str, hour: u64) -> String {
        let (issued, until) = (hour * HOUR, (hour + 2) * HOUR);
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": KEY_ID}).to_string();
        let claims = json!({
            "iss": ISSUER, "aud": app, "tid": tenant, "appid": app, "iat": issued, "nbf": issued, "exp": until,
        });
        let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims.to_string()));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).expect("a signature");
        format!("{signed}.{}", BASE64.encode(signature))
    }
}

/// The token of a callback: the same one for an hour.
pub(super) fn token(app: &str, tenant: &str, now: SystemTime) -> String {
    let hour = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs() / HOUR;
    let mut signed = SIGNER.signed.lock().unwrap_or_else(PoisonError::into_inner);
    let token = signed
        .entry((app.to_owned(), tenant.to_owned(), hour))
        .or_insert_with(|| SIGNER.sign(app, tenant, hour));
    token.clone()
}

/// Serves the OpenID document and the key set.
pub(super) fn documents() -> Transport {
    BoxCloneSyncService::new(service_fn(|request: http::Request<Bytes>| {
        let keys = request.uri().path().ends_with("/keys");
        let body = if keys { SIGNER.keys.clone() } else { SIGNER.document.clone() };
        async { Ok::<_, BoxError>(http::Response::new(body)) }
    }))
}
