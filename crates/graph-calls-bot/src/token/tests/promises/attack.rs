//! A4, and what a stranger can do who knows nothing but the id of the app, which is public.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::json;
use tokio::time::{Instant, advance};

use super::reason;
use crate::token::{
    RefusalReason, RefusalStatus, TokenCheck,
    test_issuer::{TestIssuer, bearer, header, jwk, sign},
};

/// Good claims under a key id that nobody published, and a signature that nobody made.
fn unknown_key(issuer: &TestIssuer, number: usize) -> String {
    let header = BASE64.encode(header(&format!("unknown-{number}")).to_string());
    format!("{header}.{}.AA", BASE64.encode(issuer.claims().to_string()))
}

/// How many of these are told to come back, and that nobody is told anything else but 401.
async fn told_to_come_back(check: &TokenCheck, tokens: impl Iterator<Item = String>) -> usize {
    let mut told = 0;
    for token in tokens {
        match reason(check, &token).await.expect_err("nobody signed it") {
            RefusalReason::UnknownKey => {}
            RefusalReason::TooManyUnknownKeys => told += 1,
            other => panic!("{other:?}"),
        }
    }
    told
}

#[tokio::test(start_paused = true)]
async fn a4_ten_thousand_unknown_keys_cost_three_fetches_then_one_per_thirty_seconds() {
    const MINUTES: u32 = 10;
    let issuer = TestIssuer::new();
    let check = issuer.check();
    assert!(reason(&check, &issuer.token()).await.is_ok());
    let known = issuer.fetches();
    let start = Instant::now();
    let told = told_to_come_back(&check, (0..10_000).map(|number| unknown_key(&issuer, number))).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    let at_once = issuer.fetches() - known;
    assert_eq!(told, 10_000 - at_once);

    // They go on, ten a second.
    let mut number = 10_000;
    while start.elapsed() < Duration::from_secs(60) * MINUTES {
        advance(Duration::from_millis(100)).await;
        told_to_come_back(&check, std::iter::once(unknown_key(&issuer, number))).await;
        number += 1;
    }
    let later = issuer.fetches() - known - at_once;
    println!(
        "A4: 10,000 unknown key ids at once: {at_once} fetches; {MINUTES} minutes of more: {later} fetches"
    );
    assert_eq!(at_once, 3);
    assert_eq!(later, 2 * 10);
}

#[tokio::test(start_paused = true)]
async fn a_stranger_keeps_a_rotated_key_out_for_thirty_seconds_at_most() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    assert!(reason(&check, &issuer.token()).await.is_ok());
    told_to_come_back(&check, (0..100).map(|number| unknown_key(&issuer, number))).await;
    issuer.publish(&json!({"keys": [jwk(0, "first"), jwk(1, "second")]}));
    let start = Instant::now();
    let rotated = || sign(1, &header("second").to_string(), &issuer.claims().to_string());
    loop {
        match check.check(&bearer(&rotated())).await {
            Ok(_) => break,
            Err(refusal) => {
                let RefusalStatus::KeysUnavailable { retry_after } = refusal.status() else {
                    panic!("it is no bad token: {refusal:?}")
                };
                // Who comes back when told so is let in.
                assert_eq!(start.elapsed() + retry_after, Duration::from_secs(30));
            }
        }
        // Whoever of them comes first after that, the fetch brings the key.
        advance(Duration::from_secs(1)).await;
        let _ = reason(&check, &unknown_key(&issuer, 7)).await;
    }
    println!("a rotated key under attack was accepted after {:?}", start.elapsed());
    assert!(start.elapsed() <= Duration::from_secs(30), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stranger_drives_no_token_out_of_the_memory_and_takes_no_room_in_it() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let token = issuer.token();
    assert!(reason(&check, &token).await.is_ok());
    // More than are remembered, under the right key id, by another key and by none.
    let claims = |number: usize| {
        let mut claims = issuer.claims();
        claims["n"] = json!(number);
        claims.to_string()
    };
    for number in 0..1_100 {
        let unsigned = format!(
            "{}.{}.{}",
            BASE64.encode(header("first").to_string()),
            BASE64.encode(claims(number)),
            BASE64.encode([1; 256])
        );
        assert_eq!(reason(&check, &unsigned).await, Err(RefusalReason::Signature));
    }
    for number in 0..20 {
        let by_another = sign(1, &header("first").to_string(), &claims(number));
        assert_eq!(reason(&check, &by_another).await, Err(RefusalReason::Signature));
    }
    assert!(reason(&check, &token).await.is_ok());
    let stats = check.stats();
    println!("1,120 forged tokens: {} remembered, the good one still is", check.0.memory.len() - 1);
    assert_eq!((stats.verified, stats.remembered, check.0.memory.len()), (1, 1, 1));
}
