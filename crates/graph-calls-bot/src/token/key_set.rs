//! The keys that an issuer publishes.

use std::{collections::HashMap, fmt, sync::Arc};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use graph_calls_core::model::Text;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::jws::{CANONICAL, MAX_KEY_ID};

/// The fewest bits of a modulus.
const MIN_BITS: usize = 2048;

/// A key that may sign tokens.
pub(super) struct Key {
    id: Box<str>,
    public: ParsedPublicKey,
}

impl Key {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.public.verify_sig(message, signature).is_ok()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

/// All usable keys of an issuer, by their id.
#[derive(Debug, Default)]
pub(super) struct KeySet(HashMap<Box<str>, Arc<Key>>);

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Jwk<'a> {
    #[serde(borrow)]
    kty: Text<'a>,
    kid: Text<'a>,
    n: Text<'a>,
    e: Text<'a>,
    #[serde(rename = "use")]
    usage: Option<Text<'a>>,
    alg: Option<Text<'a>>,
}

/// Why a document is no key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeySetError {
    #[error("it is no key set")]
    NotAKeySet,
    #[error("it has more than {0} keys")]
    TooMany(usize),
    #[error("none of its keys is usable: RSA of 2048 bits or more, for RS256 signatures, with a key id")]
    NoneUsable,
}

impl KeySet {
    /// Reads a key set. Keys for other purposes are left out; they cost no other key.
    pub(super) fn read(json: &[u8], limit: usize) -> Result<Self, KeySetError> {
        let text = std::str::from_utf8(json).map_err(|_| KeySetError::NotAKeySet)?;
        let document: Document<'_> = object(text).ok_or(KeySetError::NotAKeySet)?;
        if document.keys.len() > limit {
            return Err(KeySetError::TooMany(limit));
        }
        let mut keys = HashMap::with_capacity(document.keys.len());
        for key in document.keys.into_iter().filter_map(|raw| read_key(raw.get())) {
            keys.entry(key.id.clone()).or_insert_with(|| Arc::new(key));
        }
        if keys.is_empty() { Err(KeySetError::NoneUsable) } else { Ok(Self(keys)) }
    }

    /// Takes over the keys that have not changed, so that what they vouched for stays known.
    pub(super) fn keep_from(&mut self, before: &Self) {
        for (id, key) in &mut self.0 {
            if let Some(old) = before.0.get(id)
                && old.public.as_ref() == key.public.as_ref()
            {
                *key = old.clone();
            }
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<Key>> {
        self.0.get(id)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this very key is in the set, not one that took its id.
    pub(super) fn holds(&self, key: &Arc<Key>) -> bool {
        self.get(key.id()).is_some_and(|known| Arc::ptr_eq(known, key))
    }
}

fn read_key(json: &str) -> Option<Key> {
    let jwk: Jwk<'_> = object(json)?;
    let usable = jwk.kty == "RSA"
        && jwk.kid.len() <= MAX_KEY_ID
        && jwk.usage.is_none_or(|usage| usage == "sig")
        && jwk.alg.is_none_or(|alg| alg == "RS256");
    if !usable {
        return None;
    }
    let (n, e) = (number(&jwk.n)?, number(&jwk.e)?);
    let (modulus, exponent) = (significant(&n), significant(&e));
    let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
    // An exponent of one would make every message its own signature.
    let odd = exponent.last()? & 1 == 1 && exponent != [1];
    if bits < MIN_BITS || !odd {
        return None;
    }
    let public = RsaPublicKeyComponents { n: modulus, e: exponent }
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .ok()?;
    Some(Key { id: Box::from(jwk.kid.as_str()), public })
}

/// Reads an object; a list of the same values would do otherwise.
fn object<'j, T: Deserialize<'j>>(json: &'j str) -> Option<T> {
    if json.trim_start().starts_with('{') { serde_json::from_str(json).ok() } else { None }
}

fn number(text: &Text<'_>) -> Option<Vec<u8>> {
    CANONICAL.decode(text.as_bytes()).ok()
}

// Some publish a leading zero, which the library refuses.
fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
