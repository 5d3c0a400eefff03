//! The keys of an issuer, and the document that says where they are.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use bytes::Bytes;
use graph_calls_core::{BoxError, Transport};
use serde_json::{Value, json};
use tower::{service_fn, util::BoxCloneSyncService};
use url::Url;

use super::{
    block_on,
    good::{EXPONENT, KEY_ID, MODULUS, TOKEN},
};
use crate::token::{
    IssuerConfig,
    fetch::{FetchLimits, fetch},
    jws::Parts,
    key_set::{KeySet, KeySetError},
};

/// The most keys of a set.
const KEYS: usize = 64;

/// A key set.
pub fn key_set(bytes: &[u8]) {
    let read = KeySet::read(bytes, KEYS);
    // Numbers too large for it are nobody's business here.
    let Ok(plain) = serde_json::from_slice::<Value>(bytes) else { return };
    let told = plain.get("keys").and_then(Value::as_array);
    let count = told.map_or(0, Vec::len);
    let set = match read {
        Ok(set) => set,
        Err(KeySetError::TooMany(limit)) => return assert!(limit == KEYS && count > KEYS),
        Err(KeySetError::NoneUsable | KeySetError::NotAKeySet) => return,
    };
    let told = told.expect("a key set is an object with a list");
    assert!(count <= KEYS, "{count} keys");
    let ids = |is_it: fn(&Value) -> bool| -> BTreeSet<&str> {
        told.iter().filter(|key| is_it(key)).filter_map(|key| key.get("kid")?.as_str()).collect()
    };
    let held: BTreeSet<&str> = ids(|_| true).into_iter().filter(|id| set.get(id).is_some()).collect();
    assert_eq!(held.len(), set.len(), "each has the id of one that was told");
    assert!(held.is_subset(&ids(may_sign)), "{held:?} may not all sign");
    assert!(set.len() >= 1, "a set of nothing is none");

    let parts = Parts::split(TOKEN.as_bytes()).expect("three parts");
    let signature = parts.signature().expect("a signature");
    for id in held {
        let signed = set.get(id).is_some_and(|key| key.signed(parts.signed, &signature));
        let is_its_key = |key: &Value| key.get("kid").and_then(Value::as_str) == Some(id) && is_ours(key);
        assert!(!signed || told.iter().any(is_its_key), "{id} takes what another key has signed");
    }
}

/// By its members, read plainly.
fn may_sign(key: &Value) -> bool {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let is_or_absent = |name: &str, wanted| {
        key.get(name).is_none_or(|value| value.is_null() || value.as_str() == Some(wanted))
    };
    let bits = text("n").and_then(|n| BASE64.decode(n).ok()).map_or(0, |n| {
        let mut bytes = n.iter().skip_while(|&&byte| byte == 0);
        let first = bytes.next().map_or(0, |byte| 8 - byte.leading_zeros() as usize);
        first + 8 * bytes.count()
    });
    text("kty") == Some("RSA")
        && text("kid").is_some_and(|id| id.len() <= 256)
        && is_or_absent("use", "sig")
        && is_or_absent("alg", "RS256")
        && (2048..=8192).contains(&bits)
}

/// Whether it is the key of the good tokens.
fn is_ours(key: &Value) -> bool {
    let number = |text: Option<&str>| {
        let bytes = BASE64.decode(text?).ok()?;
        Some(bytes.into_iter().skip_while(|&byte| byte == 0).collect::<Vec<u8>>())
    };
    let told = |name: &str| number(key.get(name).and_then(Value::as_str));
    told("n") == number(Some(MODULUS)) && told("e") == number(Some(EXPONENT))
}

/// An OpenID document: whatever it says, nobody is asked but the hosts that were configured.
pub fn openid(bytes: &[u8]) {
    const LIMITS: FetchLimits = FetchLimits { bytes: 256 * 1024, keys: KEYS, time: Duration::from_secs(5) };
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let issuer = IssuerConfig::bot_framework();
    let document = Bytes::copy_from_slice(bytes);
    let key = json!({"kty": "RSA", "kid": KEY_ID, "n": MODULUS, "e": EXPONENT});
    let keys = Bytes::from(json!({"keys": [key]}).to_string());
    let record = asked.clone();
    let transport: Transport = BoxCloneSyncService::new(service_fn(move |request: http::Request<Bytes>| {
        let mut asked = record.lock().expect("no panic before");
        asked.push(request.uri().to_string());
        let body = if asked.len() == 1 { document.clone() } else { keys.clone() };
        async { Ok::<_, BoxError>(http::Response::new(body)) }
    }));
    let fetched = block_on(fetch(&issuer, &transport, LIMITS));
    let asked = asked.lock().expect("no panic before").clone();
    assert!((1..=2).contains(&asked.len()), "{asked:?}");
    assert_eq!(fetched.is_ok(), asked.len() == 2, "{asked:?}");
    for url in &asked {
        // In the eyes of another reader of addresses than the one that judged it.
        let uri: http::Uri = url.parse().expect("what was asked is an address");
        let port = uri.port_u16().unwrap_or(443);
        let place = (uri.scheme_str(), uri.host(), port);
        assert_eq!(place, (Some("https"), Some("api.aps.skype.com"), 443), "{url}");
        assert!(!uri.authority().is_some_and(|authority| authority.as_str().contains('@')), "{url}");
    }
    if let Some(keys) = asked.get(1) {
        let Ok(plain) = serde_json::from_slice::<Value>(bytes) else { return };
        let told = plain.get("jwks_uri").and_then(Value::as_str).expect("the document names them");
        let mut told = Url::parse(told).expect("a URL");
        // That part of an address is sent to nobody.
        told.set_fragment(None);
        assert_eq!(told.as_str(), keys);
    }
}
