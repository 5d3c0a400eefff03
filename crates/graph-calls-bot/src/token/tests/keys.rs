//! Where the keys come from, and what happens when they do not.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::{Instant, advance};

use super::{reason, with};
use crate::token::{
    Refusal, RefusalReason, RefusalStatus, TokenCheck,
    test_issuer::{Source, TestIssuer, bearer, header, jwk, sign},
};

const HOUR: Duration = Duration::from_secs(3600);

fn token_of(issuer: &TestIssuer, key: usize, id: &str) -> String {
    sign(key, &header(id).to_string(), &issuer.claims().to_string())
}

async fn refusal(check: &TokenCheck, token: &str) -> Refusal {
    check.check(&bearer(token)).await.expect_err("refused")
}

fn wait(refusal: Refusal) -> Duration {
    match refusal.status() {
        RefusalStatus::KeysUnavailable { retry_after } => retry_after,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_document_is_asked_and_then_the_keys_it_names() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    assert!(reason(&check, &issuer.token()).await.is_ok());
    let asked = issuer.asked();
    assert_eq!(
        asked,
        ["https://api.aps.skype.com/v1/.well-known/OpenIdConfiguration", "https://api.aps.skype.com/v1/keys"]
    );
    assert_eq!(check.stats().keys_age, Some(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_redirect_of_the_document_or_of_the_keys_is_an_error_and_not_followed() {
    let mut asked = 0;
    for status in 300..=399 {
        let issuer = TestIssuer::new();
        issuer.set(Source::Status(StatusCode::from_u16(status).unwrap()));
        // What a client that follows redirects would go by.
        issuer.announce(r#"{"jwks_uri":"https://elsewhere.example/keys"}"#);
        let check = issuer.check();
        assert!(matches!(
            refusal(&check, &issuer.token()).await.status(),
            RefusalStatus::KeysUnavailable { .. }
        ));
        asked += issuer.asked().len();
    }
    println!("C3 (keys): {} redirects followed of 100, all statuses from 300 to 399", asked - 100);
    assert_eq!(asked, 100);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_cold_checks_fetch_once() {
    let issuer = TestIssuer::new();
    issuer.set(Source::Slow(Duration::from_secs(1)));
    let check = issuer.check();
    let headers = bearer(&issuer.token());
    let checks = (0..1_000).map(|_| check.check(&headers));
    let all = futures_util::future::join_all(checks).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_started_the_fetch_may_leave_and_the_others_get_their_keys() {
    let issuer = TestIssuer::new();
    issuer.set(Source::Slow(Duration::from_secs(1)));
    let check = issuer.check();
    let token = issuer.token();
    let left = tokio::time::timeout(Duration::from_millis(10), reason(&check, &token)).await;
    assert!(left.is_err());
    assert!(reason(&check, &token).await.is_ok());
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_took_the_id_of_another_does_not_vouch_for_its_tokens() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let old = issuer.token();
    assert!(reason(&check, &old).await.is_ok());
    issuer.publish(&json!({"keys": [jwk(1, "first")]}));
    advance(HOUR / 2 + HOUR / 2).await;
    let _ = reason(&check, &old).await;
    tokio::task::yield_now().await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(reason(&check, &old).await, Err(RefusalReason::Signature));
    assert!(reason(&check, &token_of(&issuer, 1, "first")).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_stays_keeps_its_tokens_remembered_over_a_renewal() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    assert!(reason(&check, &issuer.token()).await.is_ok());
    issuer.publish(&json!({"keys": [jwk(0, "first"), jwk(1, "second")]}));
    advance(HOUR / 2).await;
    let token = issuer.token();
    assert!(reason(&check, &token).await.is_ok());
    assert!(reason(&check, &token_of(&issuer, 1, "second")).await.is_ok());
    let verified = check.stats().verified;
    assert!(reason(&check, &token).await.is_ok());
    assert_eq!(check.stats().verified, verified);
}

#[tokio::test(start_paused = true)]
async fn keys_are_renewed_every_hour_while_nobody_waits() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    assert!(reason(&check, &issuer.token()).await.is_ok());
    issuer.set(Source::Slow(Duration::from_secs(2)));
    advance(HOUR).await;
    let token = issuer.token();
    for _ in 0..100 {
        let before = Instant::now();
        assert!(reason(&check, &token).await.is_ok());
        assert_eq!(before.elapsed(), Duration::ZERO);
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(issuer.fetches(), 2);
    assert!(check.stats().keys_age.unwrap() < Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_was_never_up_is_asked_ever_less_often() {
    let issuer = TestIssuer::new();
    issuer.set(Source::Status(StatusCode::INTERNAL_SERVER_ERROR));
    let check = issuer.check();
    let start = Instant::now();
    let mut asked = Vec::new();
    while start.elapsed() < Duration::from_secs(100) {
        let before = issuer.fetches();
        let retry_after = wait(refusal(&check, &issuer.token()).await);
        assert!((1..=30).contains(&retry_after.as_secs()), "{retry_after:?}");
        if issuer.fetches() > before {
            asked.push(start.elapsed().as_secs());
        }
        advance(Duration::from_millis(100)).await;
    }
    assert_eq!(asked, [0, 1, 3, 7, 15, 31, 61, 91]);
}

#[tokio::test(start_paused = true)]
async fn everything_that_is_not_an_answer_is_a_failure() {
    for source in [
        Source::Silent,
        Source::Slow(Duration::from_secs(3)),
        Source::Refused,
        Source::CutOff,
        Source::Panics,
        Source::Status(StatusCode::MOVED_PERMANENTLY),
        Source::Status(StatusCode::FOUND),
        Source::Status(StatusCode::NO_CONTENT),
        Source::Status(StatusCode::PARTIAL_CONTENT),
        Source::Status(StatusCode::NOT_FOUND),
        Source::Status(StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let issuer = TestIssuer::new();
        issuer.set(source);
        let check = issuer.check();
        let start = Instant::now();
        let refusal = refusal(&check, &issuer.token()).await;
        assert_eq!(refusal.reason(), RefusalReason::KeysUnavailable, "{source:?}");
        wait(refusal);
        assert!(start.elapsed() <= Duration::from_secs(5), "{source:?}");
        assert!(check.warm_up().await.is_err(), "{source:?}");
        issuer.set(Source::Up);
        advance(Duration::from_secs(1)).await;
        assert!(check.warm_up().await.is_ok(), "{source:?}");
        assert!(reason(&check, &issuer.token()).await.is_ok(), "{source:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_are_asked_for_only_where_they_may_be() {
    for document in [
        r#"{"jwks_uri": "http://api.aps.skype.com/v1/keys"}"#,
        r#"{"jwks_uri": "https://evil.example/v1/keys"}"#,
        r#"{"jwks_uri": "https://api.aps.skype.com:444/v1/keys"}"#,
        r#"{"jwks_uri": "/v1/keys"}"#,
        r#"{"jwks_uri": 7}"#,
        r#"{"jwks_uri": "https://api.aps.skype.com/v1/keys", "jwks_uri": "https://evil.example/keys"}"#,
        "{}",
        "[]",
        r#"["https://api.aps.skype.com/v1/keys"]"#,
        "<html>",
        "",
    ] {
        let issuer = TestIssuer::new();
        issuer.announce(document);
        let refused = refusal(&issuer.check(), &issuer.token()).await;
        assert_eq!(refused.reason(), RefusalReason::KeysUnavailable, "{document}");
        assert_eq!(issuer.asked().len(), 1, "{document}");
    }
    let issuer = TestIssuer::new();
    let padding = "x".repeat(256 * 1024);
    issuer.announce(&format!(r#"{{"jwks_uri": "https://api.aps.skype.com/v1/keys", "x": "{padding}"}}"#));
    assert_eq!(refusal(&issuer.check(), &issuer.token()).await.reason(), RefusalReason::KeysUnavailable);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_may_not_sign_is_none_and_costs_no_other() {
    let short = "n".repeat(171);
    let unusable: Vec<Value> = [
        json!({"kty": "EC"}),
        json!({"kty": null}),
        json!({"use": "enc"}),
        json!({"alg": "RS512"}),
        json!({"alg": "PS256"}),
        json!({"kid": null}),
        json!({"kid": 1}),
        json!({"kid": "k".repeat(257)}),
        json!({"n": null}),
        json!({"n": short}),
        json!({"n": "AAAA"}),
        json!({"n": ""}),
        json!({"e": "AQ"}),
        json!({"e": "Ag"}),
        json!({"e": "AAAB"}),
        json!({"e": ""}),
        json!({"e": "AQAB=="}),
    ]
    .into_iter()
    .map(|changes| with(jwk(0, "first"), changes))
    .chain([json!("first"), json!(7), json!([])])
    .chain([json!(["RSA", "first", jwk(0, "first")["n"], "AQAB", "sig", "RS256"])])
    .collect();
    for key in &unusable {
        let issuer = TestIssuer::new();
        issuer.publish(&json!({"keys": [key]}));
        let why = refusal(&issuer.check(), &issuer.token()).await.reason();
        assert_eq!(why, RefusalReason::KeysUnavailable, "{key}");
        issuer.publish(&json!({"keys": [key, jwk(1, "second")]}));
        let check = issuer.check();
        assert!(reason(&check, &token_of(&issuer, 1, "second")).await.is_ok(), "{key}");
        assert!(reason(&check, &issuer.token()).await.is_err(), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_without_a_stated_purpose_may_sign() {
    let issuer = TestIssuer::new();
    issuer.publish(&json!({"keys": [with(jwk(0, "first"), json!({"use": null, "alg": null, "x5t": "a"}))]}));
    assert!(reason(&issuer.check(), &issuer.token()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_key_set_has_at_most_sixty_four_keys() {
    let keys = |count| {
        let ids = (1..count).map(|n| jwk(1, &format!("{n}"))).chain([jwk(0, "first")]);
        json!({"keys": ids.collect::<Vec<_>>()})
    };
    let issuer = TestIssuer::new();
    issuer.publish(&keys(64));
    assert!(reason(&issuer.check(), &issuer.token()).await.is_ok());
    issuer.publish(&keys(65));
    assert_eq!(refusal(&issuer.check(), &issuer.token()).await.reason(), RefusalReason::KeysUnavailable);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_while_the_source_is_down_is_no_verdict() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    assert!(reason(&check, &issuer.token()).await.is_ok());
    issuer.set(Source::Refused);
    wait(refusal(&check, &token_of(&issuer, 1, "second")).await);
    assert!(reason(&check, &issuer.token()).await.is_ok());
}
