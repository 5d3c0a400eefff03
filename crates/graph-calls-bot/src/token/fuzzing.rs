//! The token of a callback, the keys of its issuer, and where those are announced.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "to panic is how a target reports a finding"
)]

mod good;
mod keys;

use std::{
    collections::BTreeSet,
    fmt,
    sync::LazyLock,
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use graph_calls_core::{
    BoxError, Transport, Wall,
    model::{AppId, TenantId},
};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess},
};
use serde_json::{Value, json};
use tokio::runtime::{self, Runtime};
use tower::{service_fn, util::BoxCloneSyncService};

use super::{
    AllowedTenants, RefusalReason, RefusalStatus, TokenCheck, TokenCheckConfig, claims, json::Object,
};
use good::{APP, EXPONENT, KEY_ID, MODULUS, NOW, TENANT};

pub(crate) use good::{NAMELESS, TOKEN};
pub use keys::{key_set, openid};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"));

/// One for all runs, so that what is remembered is met by what comes later.
static CHECK: LazyLock<TokenCheck> = LazyLock::new(|| {
    let key = json!({"kty": "RSA", "kid": KEY_ID, "n": MODULUS, "e": EXPONENT});
    let keys = Bytes::from(json!({"keys": [key]}).to_string());
    let document = Bytes::from(json!({"jwks_uri": "https://api.aps.skype.com/v1/keys"}).to_string());
    let transport: Transport = BoxCloneSyncService::new(service_fn(move |request: http::Request<Bytes>| {
        let is_keys = request.uri().path().ends_with("/keys");
        let body = if is_keys { keys.clone() } else { document.clone() };
        async { Ok::<_, BoxError>(http::Response::new(body)) }
    }));
    let config = TokenCheckConfig::new([app()], AllowedTenants::Any);
    block_on(async {
        let wall = Wall::anchored(UNIX_EPOCH + Duration::from_secs(NOW));
        let check = TokenCheck::new(config, &transport, wall).expect("a check");
        check.warm_up().await.expect("keys");
        check
    })
});

pub(crate) fn check() -> TokenCheck {
    CHECK.clone()
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}

fn app() -> AppId {
    AppId::new(APP).expect("a GUID")
}

/// The value of an `Authorization` header; or, when it begins with a brace, claims that somebody signed.
pub fn token(bytes: &[u8]) {
    if bytes.starts_with(b"{") { check_claims(bytes) } else { check_header(bytes) }
}

fn check_header(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
    let check = check();
    let good = good_token(bytes);
    // The second time whatever was accepted is remembered.
    let results = [(); 2].map(|()| block_on(check.check(&headers)));
    for result in &results {
        match result {
            Ok(verified) => {
                let good = good.expect("only the good tokens are accepted");
                let tenant = (good == TOKEN).then(|| TenantId::new(TENANT).expect("a GUID"));
                assert_eq!((&verified.app, &verified.tenant), (&app(), &tenant));
            }
            Err(refusal) => {
                assert_eq!(good, None, "{refusal}");
                match refusal.status() {
                    RefusalStatus::Unauthorized => {}
                    RefusalStatus::KeysUnavailable { retry_after } => {
                        assert_eq!(refusal.reason(), RefusalReason::TooManyUnknownKeys);
                        assert!((1..=30).contains(&retry_after.as_secs()), "{retry_after:?}");
                    }
                    RefusalStatus::Forbidden => panic!("every tenant is allowed"),
                }
            }
        }
    }
    assert!(check.0.memory.len() <= 2, "more is remembered than there are good tokens");
}

/// The good token behind the scheme, read plainly.
fn good_token(value: &[u8]) -> Option<&'static str> {
    let (scheme, token) = std::str::from_utf8(value).ok()?.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| [TOKEN, NAMELESS].into_iter().find(|good| *good == token))?
}

/// What is true of claims that are taken, by their values alone.
fn check_claims(bytes: &[u8]) {
    const DAY: f64 = 24.0 * 3600.0;
    let Some(object) = Object::read(bytes) else { return };
    let plain: Value = serde_json::from_slice(bytes).expect("what was read is JSON");
    let Names(names) = serde_json::from_slice(bytes).expect("and an object");
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "a member twice");
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    let Ok(claims) = claims::check(&object, &[app()], now) else { return };

    let folded = |name: &str| {
        plain.get(name).map(|id| id.as_str().expect("a text").replace('-', "").to_ascii_lowercase())
    };
    assert_eq!(folded("aud"), Some(APP.replace('-', "")));
    assert_eq!(claims.app, app());
    #[expect(clippy::cast_precision_loss, reason = "it is far below 2^52")]
    let now = NOW as f64;
    let date = |name: &str| plain.get(name).map(|date| date.as_f64().expect("a number"));
    let expires = date("exp").expect("it expires");
    assert!(expires > now - 300.0 && expires <= now + DAY + 300.0, "expires at {expires}");
    for begins in ["nbf", "iat"].into_iter().filter_map(date) {
        assert!(begins <= now + 300.0 && expires - begins <= DAY, "from {begins} to {expires}");
    }
    let until = claims.until.duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
    assert!((until - expires - 300.0).abs() < 0.001, "until {until}");
    let [short, long] = ["tid", "http://schemas.microsoft.com/identity/claims/tenantid"].map(folded);
    assert!(short.is_none() || long.is_none() || short == long, "two tenants");
    let tenant = claims.tenant.map(|tenant| tenant.as_str().replace('-', "").to_ascii_lowercase());
    assert_eq!(tenant, short.or(long));
}

/// The names of an object's members, each as often as it stands there.
struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Names;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some((name, IgnoredAny)) = map.next_entry()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}
