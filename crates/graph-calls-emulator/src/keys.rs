//! Signing keys, and tokens signed with them.

use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};

/// The library of ciphers refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no RSA key could be made")]
pub(crate) struct KeyError;

/// An RSA key of 2048 bits.
#[derive(Debug)]
pub(crate) struct SigningKey {
    pair: KeyPair,
    kid: String,
    modulus: String,
    exponent: String,
}

impl SigningKey {
    pub(crate) fn generate() -> Result<Self, KeyError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError)?;
        let (modulus, exponent) = public_numbers(pair.public_key().as_ref()).ok_or(KeyError)?;
        let kid = BASE64.encode(modulus.get(..20).unwrap_or(modulus));
        let (modulus, exponent) = (BASE64.encode(modulus), BASE64.encode(exponent));
        Ok(Self { pair, kid, modulus, exponent })
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> Result<String, KeyError> {
        let header = json!({ "typ": "JWT", "alg": "RS256", "kid": self.kid });
        let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| KeyError)?;
        Ok(format!("{signed}.{}", BASE64.encode(signature)))
    }

    /// The claims of a token, if this key signed it.
    pub(crate) fn verify(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = BASE64.decode(signature).ok()?;
        let key = self.pair.public_key().as_der().ok()?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.as_ref())
            .verify(signed.as_bytes(), &signature)
            .ok()?;
        let (_, claims) = signed.split_once('.')?;
        serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()
    }

    /// The key as a member of a key set.
    pub(crate) fn to_jwk(&self) -> Value {
        json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": self.modulus, "e": self.exponent,
        })
    }
}

/// Reads modulus and exponent out of a DER sequence of two integers.
fn public_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = take(der, 0x30)?;
    let (modulus, rest) = take(sequence, 0x02)?;
    let (exponent, _) = take(rest, 0x02)?;
    Some((unsigned(modulus), unsigned(exponent)))
}

// A leading zero only says that the number is positive.
fn unsigned(number: &[u8]) -> &[u8] {
    number.strip_prefix(&[0]).unwrap_or(number)
}

fn take(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        (bytes.iter().try_fold(0_usize, |sum, &byte| sum.checked_mul(256)?.checked_add(byte.into()))?, rest)
    };
    if found == tag { rest.split_at_checked(length) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_verified_by_its_own_key_only_and_a_changed_one_by_none() {
        let (key, foreign) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let claims = json!({ "aud": "app" });
        let token = key.sign(&claims).unwrap();
        assert_eq!(key.verify(&token), Some(claims));
        assert_eq!(foreign.verify(&token), None);
        assert_eq!(key.verify(&token.replacen('e', "f", 1)), None);
        assert_eq!(key.verify("junk"), None);
    }

    #[test]
    fn the_published_numbers_are_those_of_an_rsa_key_of_2048_bits() {
        let jwk = SigningKey::generate().unwrap().to_jwk();
        assert_eq!(jwk["e"], json!("AQAB"));
        let modulus = BASE64.decode(jwk["n"].as_str().unwrap()).unwrap();
        assert_eq!(modulus.len(), 256);
    }
}
