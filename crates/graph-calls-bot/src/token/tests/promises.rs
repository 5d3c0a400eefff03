//! What is promised of the tokens of callbacks. Each test prints its figure behind the number of the promise.

mod attack;
mod good;
mod hostile;
mod vectors;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION};
use http_body_util::Full;
use serde_json::json;
use tokio::time::{Instant, advance};
use tower::ServiceExt as _;

use super::reason;
use crate::{
    token::{
        RefusalReason, Verified,
        test_issuer::{Source, TestIssuer, header, jwk, sign, token_with},
    },
    webhook::{Arrival, Intake, IntakeError, Limits, Taken, Webhook},
};

const HOUR: Duration = Duration::from_secs(3600);

/// The value of an `Authorization` header as it stands there.
fn authorization(value: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())])
}

#[tokio::test(start_paused = true)]
async fn a3_no_changed_byte_of_a_remembered_token_is_accepted() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let token = issuer.token();
    assert!(reason(&check, &token).await.is_ok());
    let mut random = fastrand::Rng::with_seed(7);
    let mut accepted = 0;
    for _ in 0..10_000 {
        let mut changed = token.clone().into_bytes();
        let at = random.usize(..changed.len());
        let before = changed[at];
        while changed[at] == before {
            changed[at] = random.u8(0x21..0x7f);
        }
        let changed = String::from_utf8(changed).unwrap();
        accepted += usize::from(reason(&check, &changed).await.is_ok());
    }
    println!("A3: 10,000 single-byte changes of a remembered token: {accepted} accepted");
    assert_eq!(accepted, 0);
    // It was remembered all the while, and so was nothing else.
    assert!(reason(&check, &token).await.is_ok());
    assert_eq!((check.stats().verified, check.stats().remembered, check.0.memory.len()), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a5_a_rotated_key_is_accepted_on_first_use_and_the_old_one_no_more() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let old = issuer.token();
    assert!(reason(&check, &old).await.is_ok());
    issuer.publish(&json!({"keys": [jwk(1, "second")]}));
    // Nothing is known yet of the change.
    assert!(reason(&check, &old).await.is_ok());
    let start = Instant::now();
    let rotated = sign(1, &header("second").to_string(), &issuer.claims().to_string());
    let on_first_use = reason(&check, &rotated).await.is_ok();
    let fetches = issuer.fetches() - 1;
    println!("A5: a rotated key was accepted on first use: {on_first_use}, after {fetches} fetch");
    assert!(on_first_use);
    assert_eq!((fetches, start.elapsed()), (1, Duration::ZERO));
    assert_eq!(reason(&check, &old).await, Err(RefusalReason::UnknownKey));
}

/// Takes everything.
struct Inbox;

#[async_trait]
impl Intake for Inbox {
    async fn accept(&self, _verified: &Verified, _arrivals: Vec<Arrival>) -> Result<Taken, IntakeError> {
        Ok(Taken::default())
    }
}

/// How a POST with this token is answered.
async fn post(webhook: &Webhook, token: &str) -> StatusCode {
    const BODY: &str =
        r#"{"value":[{"changeType":"deleted","resourceUrl":"/communications/calls/57dab8b1"}]}"#;
    let request = http::Request::post("/api/calls")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(BODY.as_bytes())))
        .unwrap();
    let response = webhook.clone().oneshot(request).await.unwrap();
    let says_when = response.headers().contains_key("retry-after");
    assert_eq!(says_when, response.status() == StatusCode::SERVICE_UNAVAILABLE);
    response.status()
}

#[tokio::test(start_paused = true)]
async fn a6_the_last_good_keys_serve_a_day_and_then_every_answer_is_503() {
    let issuer = TestIssuer::new();
    let webhook = Webhook::new("/api/calls", issuer.check(), Limits::default(), Arc::new(Inbox));
    // A token of a day: it is remembered when the keys get too old, and still good.
    let mut claims = issuer.claims();
    claims["exp"] = json!(issuer.now() + 24 * 3600);
    let of_a_day = token_with(&claims);
    assert_eq!(post(&webhook, &of_a_day).await, StatusCode::ACCEPTED);
    issuer.set(Source::Refused);
    let day = Instant::now() + 24 * HOUR;
    let (mut accepted, mut unavailable, mut other) = (0, 0, 0);
    // Up to the last second.
    while Instant::now() < day {
        for token in [&of_a_day, &issuer.token()] {
            match post(&webhook, token).await {
                StatusCode::ACCEPTED => accepted += 1,
                _ => other += 1,
            }
        }
        let left = day - Instant::now();
        advance(left.min(if left > HOUR { HOUR / 6 } else { HOUR / 360 })).await;
    }
    assert_eq!(Instant::now(), day);
    let last = issuer.token();
    for _ in 0..100 {
        for token in [&of_a_day, &last, &issuer.token()] {
            match post(&webhook, token).await {
                StatusCode::SERVICE_UNAVAILABLE => unavailable += 1,
                _ => other += 1,
            }
        }
        advance(Duration::from_secs(2)).await;
    }
    println!(
        "A6: key source down: {accepted} of {accepted} answers in 24 h are 202, then {unavailable} of 300 are 503; \
         {other} others"
    );
    assert_eq!((unavailable, other), (300, 0));
    assert_eq!(webhook.stats().token.keys_age, None);
    issuer.set(Source::Up);
    advance(Duration::from_secs(30)).await;
    assert_eq!(post(&webhook, &issuer.token()).await, StatusCode::ACCEPTED);
}
