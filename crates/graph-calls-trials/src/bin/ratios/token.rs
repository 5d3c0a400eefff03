//! Checking the token of a callback: ours, as a stranger and remembered, beside the verification alone and beside the JWT
//! crate.

#[path = "../../../../../benches/naive/token.rs"]
#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    reason = "the frozen check of the benches; no lint may move it"
)]
mod naive;

use std::{
    future::Future,
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use crate::signer::{APP, ISSUER, Signer, TENANT};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use graph_calls_bot::{AllowedTenants, TokenCheck, TokenCheckConfig, core::Wall, model::AppId};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use serde_json::json;
use tokio::runtime;

use crate::report::{self, Bound::AtMost, Limit, Quantity::Instructions};

const TABLE: &str = "token of a callback";

/// As long as real ones are, and up to the limit of 8 KiB.
const ROWS: &[(&str, usize)] = &[("as captured", 0), ("of 2 KiB", 1_000), ("of 7 KiB", 4_700)];

/// One token in all the forms in which somebody takes it.
struct Token {
    header: String,
    headers: HeaderMap,
    signed: String,
    signature: Vec<u8>,
}

impl Token {
    fn new(token: &str) -> Self {
        let header = format!("Bearer {token}");
        let value = HeaderValue::from_str(&header).expect("a header");
        let (signed, signature) = token.rsplit_once('.').expect("a signature");
        Self {
            headers: HeaderMap::from_iter([(AUTHORIZATION, value)]),
            header,
            signed: signed.to_owned(),
            signature: BASE64.decode(signature).expect("base64url"),
        }
    }
}

/// Everybody who can say whether a token is good.
struct Checks {
    signer: Signer,
    key: ParsedPublicKey,
    ours: TokenCheck,
    naive: naive::Check,
}

impl Checks {
    fn new() -> Self {
        let signer = Signer::new();
        let number = |text: &str| BASE64.decode(text).expect("base64url");
        let (n, e) = (number(&signer.modulus), number(&signer.exponent));
        let key =
            RsaPublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).expect("a key");
        let config = TokenCheckConfig::new([AppId::new(APP).expect("a GUID")], AllowedTenants::Any);
        let ours = TokenCheck::new(config, &signer.documents(), Wall::system()).expect("a check");
        let naive = naive::Check::new((&signer.modulus, &signer.exponent), ISSUER, APP);
        let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(ours.warm_up()).expect("keys");
        Self { signer, key, ours, naive }
    }

    /// Tokens of which no two are the same.
    fn tokens(&self, padding: usize) -> impl FnMut() -> Token + '_ {
        let mut number = 0;
        move || {
            number += 1;
            let more = json!({"jti": format!("{padding}-{number}"), "padding": "x".repeat(padding)});
            Token::new(&self.signer.token_with(&more))
        }
    }

    fn bare(&self, token: &Token) -> bool {
        self.key.verify_sig(token.signed.as_bytes(), &token.signature).is_ok()
    }

    /// Its keys are there: nothing is waited for.
    fn ours(&self, token: &Token) -> Option<String> {
        let checking = pin!(self.ours.check(&token.headers));
        let Poll::Ready(checked) = checking.poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("it waits")
        };
        Some(checked.ok()?.tenant?.to_string())
    }

    fn naive(&self, token: &Token) -> Option<String> {
        self.naive.tenant(&token.header)
    }

    /// All must have the same opinion before it is said what that costs.
    fn compare(&self, padding: usize) {
        let good = self.tokens(padding)();
        assert!(self.bare(&good), "the verification alone");
        assert_eq!(self.ours(&good).as_deref(), Some(TENANT), "ours");
        assert_eq!(self.ours(&good).as_deref(), Some(TENANT), "ours, remembered");
        assert_eq!(self.naive(&good).as_deref(), Some(TENANT), "naive");
        let (signed, signature) = good.header.rsplit_once('.').expect("a signature");
        let changed =
            Token::new(&format!("{}.{}", signed.trim_start_matches("Bearer "), reversed(signature)));
        assert!(!self.bare(&changed), "the verification alone takes a wrong signature");
        assert_eq!((self.ours(&changed), self.naive(&changed)), (None, None), "a wrong signature");
    }
}

/// Another signature of the same length.
fn reversed(signature: &str) -> String {
    let mut bytes = BASE64.decode(signature).expect("base64url");
    bytes.reverse();
    BASE64.encode(bytes)
}

pub(crate) fn measure() {
    report::columns(
        "bare verify",
        &[("bare verify", "remembered"), ("naive", "whole check")],
        &["bare verify", "whole check", "remembered", "naive"],
    );
    let checks = Checks::new();
    for (row, padding) in ROWS {
        checks.compare(*padding);
        let mut next = checks.tokens(*padding);
        report::measure_with(TABLE, row, "bare verify", report::inputs(&mut next), |token| {
            assert!(checks.bare(black_box(&token)));
            std::mem::forget(token);
        });
        report::measure_with(TABLE, row, "whole check", report::inputs(&mut next), |token| {
            black_box(checks.ours(black_box(&token)).expect("a good token"));
            std::mem::forget(token);
        });
        let known = next();
        report::measure(TABLE, row, "remembered", || {
            black_box(checks.ours(black_box(&known)).expect("a good token"));
        });
        report::measure_with(TABLE, row, "naive", report::inputs(&mut next), |token| {
            black_box(checks.naive(black_box(&token)).expect("a good token"));
            std::mem::forget(token);
        });
        for limit in limits() {
            report::limit(TABLE, row, &limit);
        }
    }
}

fn limits() -> [Limit<'static>; 2] {
    [
        Limit {
            rule: "instructions of a whole check to bare verify",
            of: Instructions("whole check"),
            to: Instructions("bare verify"),
            bound: AtMost(1.3),
        },
        Limit {
            rule: "instructions of a remembered token to bare verify",
            of: Instructions("remembered"),
            to: Instructions("bare verify"),
            bound: AtMost(0.02),
        },
    ]
}

/// What is said of it are instructions: nothing here waits for anything.
pub(crate) fn time() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_check_agree() {
        let checks = Checks::new();
        for (_, padding) in ROWS {
            checks.compare(*padding);
        }
    }
}
