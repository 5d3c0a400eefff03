//! A1, what others have collected: RSA signatures of project Wycheproof, and the tokens of the JOSE standards.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use wycheproof::{
    HashFunction, TestResult,
    rsa_pkcs1_verify::{self, TestSet as Pkcs1Set},
    rsa_pss_verify::{self, TestSet as PssSet},
};

use super::reason;
use crate::token::{RefusalReason as R, jws::Parts, key_set::KeySet, test_issuer::TestIssuer};

/// Each with a name; the keys are in `jose_keys.json`.
const JOSE: &str = include_str!("jose.tsv");
const JOSE_KEYS: &str = include_str!("jose_keys.json");

/// How signatures were judged.
#[derive(Debug, Default)]
struct Judged {
    vectors: usize,
    valid: usize,
    false_accepts: Vec<String>,
    false_rejects: Vec<String>,
}

impl Judged {
    fn count(&mut self, name: &str, is_accepted: bool, result: Expected) {
        self.vectors += 1;
        self.valid += usize::from(result == Expected::Valid);
        match (is_accepted, result) {
            (true, Expected::Invalid) => self.false_accepts.push(name.to_owned()),
            (false, Expected::Valid) => self.false_rejects.push(name.to_owned()),
            _ => {}
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Valid,
    Invalid,
    /// Its authors leave it to the verifier.
    Either,
}

/// A key set with one key, read as one from the network is.
fn keys(n: &[u8], e: &[u8]) -> KeySet {
    let set = json!({"keys": [
        {"kty": "RSA", "kid": "vector", "n": BASE64.encode(n), "e": BASE64.encode(e)}
    ]});
    KeySet::read(set.to_string().as_bytes(), 64).expect("a key that may sign")
}

fn pkcs1(judged: &mut Judged) {
    for name in rsa_pkcs1_verify::TestName::all() {
        let set = Pkcs1Set::load(name).expect("vectors that can be read");
        for group in set.test_groups {
            let keys = keys(&group.key.n, &group.key.e);
            let key = keys.get("vector").expect("the key");
            for test in group.tests {
                let expected = match (group.hash, test.result) {
                    (HashFunction::Sha2_256, TestResult::Valid) => Expected::Valid,
                    (HashFunction::Sha2_256, TestResult::Acceptable) => Expected::Either,
                    // What is wrong with another hash for having ours is right with ours.
                    _ if test.comment.starts_with("The message is hashed with SHA-256 instead") => {
                        Expected::Valid
                    }
                    _ => Expected::Invalid,
                };
                let name = format!("{name:?} {}", test.tc_id);
                judged.count(&name, key.signed(&test.msg, &test.sig), expected);
            }
        }
    }
}

/// Such keys sign with another padding: that is not RS256, but for what is in there as a mistake.
fn pss(judged: &mut Judged) {
    for name in rsa_pss_verify::TestName::all() {
        let set = PssSet::load(name).expect("vectors that can be read");
        for group in set.test_groups.iter().filter(|group| group.key_size >= 2048) {
            let keys = keys(&group.key.n, &group.key.e);
            let key = keys.get("vector").expect("the key");
            for test in &group.tests {
                let is_ours = test.comment == "PKCS #1 v1.5 signature with SHA-256";
                let expected = if is_ours { Expected::Valid } else { Expected::Invalid };
                let name = format!("{name:?} {}", test.tc_id);
                judged.count(&name, key.signed(&test.msg, &test.sig), expected);
            }
        }
    }
}

#[test]
fn a1_no_wrong_signature_of_the_public_vectors_is_accepted_and_every_right_one_is() {
    let (mut ours, mut others) = (Judged::default(), Judged::default());
    pkcs1(&mut ours);
    pss(&mut others);
    let mut line = String::new();
    for (name, judged) in [("RSA PKCS#1", &ours), ("RSA PSS", &others)] {
        let Judged { vectors, valid, false_accepts, false_rejects } = judged;
        let (accepts, rejects) = (false_accepts.len(), false_rejects.len());
        write!(
            line,
            "; {vectors} {name} vectors: {accepts} false accepts, {rejects} of {valid} right ones rejected"
        )
        .expect("a text");
    }
    println!("A1: {}", line.trim_start_matches("; "));
    for judged in [&ours, &others] {
        assert!(judged.false_accepts.is_empty() && judged.false_rejects.is_empty(), "{judged:?}");
    }
    // Read from files that are not ours: they might be empty.
    assert!(ours.vectors > 1_000 && ours.valid > 20 && others.vectors > 500, "{ours:?} {others:?}");
}

fn jose() -> Vec<(&'static str, &'static str)> {
    JOSE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t')).collect()
}

#[tokio::test(start_paused = true)]
async fn a1_no_token_of_the_standards_is_accepted_though_the_keys_are_known() {
    let issuer = TestIssuer::new();
    let keys: Value = serde_json::from_str(JOSE_KEYS).expect("a key set");
    issuer.publish(&keys);
    let check = issuer.check();
    check.warm_up().await.expect("the keys are there");
    let jose = jose();
    let mut accepted = 0;
    for (name, token) in &jose {
        match reason(&check, token).await {
            Ok(_) => accepted += 1,
            // Nothing but its form and its claims: whatever signed it, it is not for us.
            Err(why) => assert!(
                matches!(
                    why,
                    R::Algorithm | R::NotSigned | R::KeyId | R::NotStrictJson | R::Encrypted | R::Issuer
                ),
                "{name}: {why:?}"
            ),
        }
    }
    println!("A1: {} tokens of the JOSE standards: {accepted} false accepts", jose.len());
    assert_eq!((accepted, jose.len()), (0, 16));
}

#[test]
fn signatures_of_the_standards_that_are_rs256_are_right() {
    let keys = KeySet::read(JOSE_KEYS.as_bytes(), 64).expect("a key set");
    let mut right = Vec::new();
    for (name, token) in jose() {
        let Ok(parts) = Parts::split(token.as_bytes()) else { continue };
        let Ok(signature) = parts.signature() else { continue };
        let signed = |id| keys.get(id).is_some_and(|key| key.signed(parts.signed, &signature));
        if signed("RFC 7515 A.2") || signed("bilbo.baggins@hobbiton.example") {
            right.push(name);
        }
    }
    assert_eq!(right, ["RFC 7515 A.2 RS256", "RFC 7520 4.1 RS256", "RFC 7520 4.8 RS256 without kid"]);
}
