//! An issuer for tests: its keys, a source of keys that can fail, and tokens that can be wrong in any way.

use std::{
    sync::{Arc, LazyLock, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use bytes::Bytes;
use graph_calls_core::{
    BodyLost, BoxError, Transport, Wall,
    model::{AppId, TenantId},
};
use http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION};
use serde_json::{Value, json};
use tower::{service_fn, util::BoxCloneSyncService};

use super::{AllowedTenants, TokenCheck, TokenCheckConfig};

pub(crate) const APP: &str = "2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
pub(crate) const TENANT: &str = "9f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
pub(crate) const ISSUER: &str = "https://api.botframework.com";
const NOW: u64 = 1_790_000_000;

/// Making a key takes a while, and few tests need the second.
static KEYS: [LazyLock<KeyPair>; 2] =
    [const { LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap()) }; 2];

/// How the source of keys answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Up,
    Slow(Duration),
    Silent,
    Refused,
    Status(StatusCode),
    CutOff,
    Panics,
}

#[derive(Debug)]
struct State {
    source: Source,
    document: String,
    keys: String,
    asked: Vec<String>,
}

/// The issuer.
#[derive(Debug, Clone)]
pub(crate) struct TestIssuer {
    state: Arc<Mutex<State>>,
    pub(crate) wall: Wall,
}

impl TestIssuer {
    /// One whose first key is published as `first`.
    pub(crate) fn new() -> Self {
        let state = State {
            source: Source::Up,
            document: json!({"jwks_uri": "https://api.aps.skype.com/v1/keys"}).to_string(),
            keys: json!({"keys": [jwk(0, "first")]}).to_string(),
            asked: Vec::new(),
        };
        let wall = Wall::anchored(UNIX_EPOCH + Duration::from_secs(NOW));
        Self { state: Arc::new(Mutex::new(state)), wall }
    }

    pub(crate) fn set(&self, source: Source) {
        self.state.lock().unwrap().source = source;
    }

    pub(crate) fn publish(&self, keys: &Value) {
        self.state.lock().unwrap().keys = keys.to_string();
    }

    pub(crate) fn announce(&self, document: &str) {
        document.clone_into(&mut self.state.lock().unwrap().document);
    }

    /// How often the OpenID document was asked for.
    pub(crate) fn fetches(&self) -> usize {
        self.asked().iter().filter(|url| url.ends_with("OpenIdConfiguration")).count()
    }

    /// Every URL that was asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    pub(crate) fn transport(&self) -> Transport {
        let issuer = self.clone();
        BoxCloneSyncService::new(service_fn(move |request: http::Request<Bytes>| {
            let issuer = issuer.clone();
            async move { issuer.answer(&request).await }
        }))
    }

    async fn answer(&self, request: &http::Request<Bytes>) -> Result<http::Response<Bytes>, BoxError> {
        let url = request.uri().to_string();
        let (source, body) = {
            let mut state = self.state.lock().unwrap();
            state.asked.push(url.clone());
            let keys = url.ends_with("keys");
            (state.source, if keys { state.keys.clone() } else { state.document.clone() })
        };
        let mut response = http::Response::new(Bytes::from(body));
        match source {
            Source::Up => {}
            Source::Slow(time) => tokio::time::sleep(time).await,
            Source::Silent => std::future::pending().await,
            Source::Refused => return Err("connection refused".into()),
            Source::Status(status) => *response.status_mut() = status,
            Source::CutOff => drop(response.extensions_mut().insert(BodyLost("cut off".to_owned()))),
            Source::Panics => panic!("the transport panics"),
        }
        Ok(response)
    }

    /// A check that takes its tokens for [`APP`] from every tenant.
    pub(crate) fn check(&self) -> TokenCheck {
        self.check_with(TokenCheckConfig::new([AppId::new(APP).unwrap()], AllowedTenants::Any))
    }

    /// The same, for calls of [`TENANT`] only.
    pub(crate) fn check_of_one_tenant(&self) -> TokenCheck {
        let tenants = AllowedTenants::These(vec![TenantId::new(TENANT).unwrap()]);
        self.check_with(TokenCheckConfig::new([AppId::new(APP).unwrap()], tenants))
    }

    pub(crate) fn check_with(&self, config: TokenCheckConfig) -> TokenCheck {
        TokenCheck::new(config, &self.transport(), self.wall).unwrap()
    }

    pub(crate) fn now(&self) -> u64 {
        self.wall.now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
    }

    /// The claims of a good token.
    pub(crate) fn claims(&self) -> Value {
        let now = self.now();
        json!({"iss": ISSUER, "aud": APP, "tid": TENANT, "nbf": now, "iat": now, "exp": now + 3600})
    }

    /// A good token.
    pub(crate) fn token(&self) -> String {
        token_with(&self.claims())
    }
}

/// A well-signed token with these claims.
pub(crate) fn token_with(claims: &Value) -> String {
    sign(0, &header("first").to_string(), &claims.to_string())
}

/// The header of a good token.
pub(crate) fn header(key_id: &str) -> Value {
    json!({"typ": "JWT", "alg": "RS256", "kid": key_id})
}

/// A token whose parts are just these texts, signed.
pub(crate) fn sign(key: usize, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let pair = &KEYS[key];
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", BASE64.encode(signature))
}

/// A key as a member of a key set.
pub(crate) fn jwk(key: usize, id: &str) -> Value {
    // The public key is DER: a sequence of the modulus, with a zero before it, and the exponent.
    let der = KEYS[key].public_key().as_ref();
    let (modulus, exponent) = (&der[9..265], &der[267..270]);
    let (n, e) = (BASE64.encode(modulus), BASE64.encode(exponent));
    json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": id, "n": n, "e": e})
}

/// The headers of a request with this token.
pub(crate) fn bearer(token: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).unwrap())])
}
