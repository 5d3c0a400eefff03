//! The token client against a login that is no more than a function, in virtual time.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail the test"
)]

mod fake_login;

use std::time::Duration;

use fake_login::{Answer, FakeLogin, SECRET, TENANT, bearer, settle, token, wanted};
use futures_util::FutureExt as _;
use graph_calls_core::{TokenProvider as _, model::TenantId};
use tokio::time::{Instant, advance};

#[tokio::test(start_paused = true)]
async fn the_login_is_asked_with_the_form_of_client_credentials() {
    let login = FakeLogin::answering(Answer::token(3600));
    let tokens = login.tokens();
    assert_eq!(bearer(&token(&tokens).await), "Bearer token-1");
    let mut other = wanted();
    other.tenant = Some(TenantId::new("fabrikam.example").unwrap());
    tokens.token(&other).await.unwrap();
    let asked = login.asked();
    assert_eq!(asked[0].uri, format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"));
    assert_eq!(asked[1].uri, "https://login.microsoftonline.com/fabrikam.example/oauth2/v2.0/token");
    let form = &asked[0].form;
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(form["client_id"], fake_login::APP);
    assert_eq!(form["client_secret"], SECRET);
    assert_eq!(form["scope"], "https://graph.microsoft.com/.default");
    assert!(!form.contains_key("claims"));
}

#[tokio::test(start_paused = true)]
async fn the_next_token_is_fetched_ahead_by_whoever_uses_the_last() {
    let login = FakeLogin::answering(Answer::token(3600));
    let tokens = login.tokens();
    token(&tokens).await;
    advance(Duration::from_secs(2999)).await;
    assert!(tokens.cached(&wanted()).is_some());
    settle().await;
    assert_eq!(login.asked().len(), 1);
    advance(Duration::from_secs(1)).await;
    assert_eq!(bearer(&tokens.cached(&wanted()).unwrap()), "Bearer token-1");
    settle().await;
    assert_eq!(bearer(&tokens.cached(&wanted()).unwrap()), "Bearer token-2");
    assert_eq!(login.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_gives_the_refused_token_again_is_asked_less_and_less_often() {
    let login = FakeLogin::answering(Answer::json(r#"{"access_token":"same","expires_in":3600}"#));
    let tokens = login.tokens();
    let mut request = wanted();
    request.refused = Some(token(&tokens).await);
    for (asked, rest) in [(2, 1), (3, 2), (4, 4)] {
        for _ in 0..1_000 {
            let error = tokens.token(&request).await.unwrap_err();
            assert!(error.to_string().contains("just refused"), "{error}");
        }
        assert_eq!((login.asked().len(), tokens.stats().failed), (asked, asked as u64 - 1));
        advance(Duration::from_secs(rest)).await;
    }
    // Whoever did not see it refused still gets it: Graph may have refused it for one thing only.
    assert_eq!(bearer(&token(&tokens).await), "Bearer same");
    login.answer_with(Answer::token(3600));
    assert_eq!(bearer(&tokens.token(&request).await.unwrap()), "Bearer token-5");
}

#[tokio::test(start_paused = true)]
async fn a_graph_that_refuses_one_token_after_another_gets_them_less_and_less_often() {
    let login = FakeLogin::answering(Answer::token(3600));
    let tokens = login.tokens();
    let mut request = wanted();
    request.refused = Some(token(&tokens).await);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(100) {
        match tokens.token(&request).await {
            Ok(token) => request.refused = Some(token),
            Err(error) => assert!(error.is_transient() && error.to_string().contains("break"), "{error}"),
        }
        advance(Duration::from_millis(250)).await;
    }
    let times = |from: usize| -> Vec<_> {
        login.asked()[from..].iter().map(|asked| (asked.at - began).as_secs()).collect()
    };
    assert_eq!(times(1), [0, 1, 3, 7, 15, 31, 61, 91]);
    // It was content for as long as the longest break: the next one it refuses is replaced at once.
    advance(Duration::from_secs(60)).await;
    request.refused = Some(tokens.token(&request).await.unwrap());
    tokens.token(&request).await.unwrap_err();
    advance(Duration::from_secs(1)).await;
    tokens.token(&request).await.unwrap();
    assert_eq!(times(9), [160, 161]);
}

#[tokio::test(start_paused = true)]
async fn the_claims_of_a_challenge_go_to_the_login_as_json_and_not_to_a_fetch_without_them() {
    let login = FakeLogin::answering(Answer::token(3600).after(Duration::from_millis(300)));
    let tokens = login.tokens();
    let old = token(&tokens).await;
    let mut refused = wanted();
    refused.refused = Some(old.clone());
    let mut challenged = refused.clone();
    challenged.claims = Some("eyJhY2Nlc3NfdG9rZW4iOnt9fQ==".to_owned());
    let (plain, demanding) = tokio::join!(tokens.token(&refused), tokens.token(&challenged));
    assert_ne!(plain.unwrap(), demanding.unwrap());
    let asked = login.asked();
    assert_eq!(asked.len(), 3);
    assert!(!asked[1].form.contains_key("claims"));
    assert_eq!(asked[2].form["claims"], r#"{"access_token":{}}"#);
    // The next plain one is content with what is there.
    assert_eq!(bearer(&tokens.token(&challenged).await.unwrap()), "Bearer token-3");
    assert_eq!(login.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_fetched_without_the_claims_does_not_meet_them() {
    let login = FakeLogin::answering(Answer::token(1000).after(Duration::from_millis(300)));
    let tokens = login.tokens();
    let mut challenged = wanted();
    challenged.refused = Some(token(&tokens).await);
    challenged.claims = Some("e30=".to_owned());
    advance(Duration::from_secs(800)).await;
    assert!(tokens.cached(&wanted()).is_some());
    settle().await;
    // The refresh is under way; the challenge comes, and 100 ms later somebody else's.
    advance(Duration::from_millis(250)).await;
    let first = tokio::spawn({
        let (tokens, challenged) = (tokens.clone(), challenged.clone());
        async move { tokens.token(&challenged).await }
    });
    settle().await;
    advance(Duration::from_millis(100)).await;
    settle().await;
    assert_eq!(bearer(&tokens.cached(&wanted()).unwrap()), "Bearer token-2");
    assert!(tokens.cached(&challenged).is_none());
    assert_eq!(bearer(&tokens.token(&challenged).await.unwrap()), "Bearer token-3");
    assert_eq!(bearer(&first.await.unwrap().unwrap()), "Bearer token-3");
    assert_eq!(bearer(&tokens.cached(&challenged).unwrap()), "Bearer token-3");
    let claims: Vec<_> = login.asked().iter().map(|asked| asked.form.get("claims").cloned()).collect();
    assert_eq!(claims, [None, None, Some("{}".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_panics_is_a_failure_like_any_other() {
    let login = FakeLogin::answering(Answer::token(1000));
    let tokens = login.tokens();
    token(&tokens).await;
    login.answer_with(Answer::Panic);
    advance(Duration::from_secs(800)).await;
    assert_eq!(bearer(&tokens.cached(&wanted()).unwrap()), "Bearer token-1");
    settle().await;
    assert_eq!((tokens.stats().asked, tokens.stats().failed), (2, 1));
    login.answer_with(Answer::token(1000));
    advance(Duration::from_secs(1)).await;
    assert_eq!(bearer(&tokens.cached(&wanted()).unwrap()), "Bearer token-1");
    settle().await;
    assert_eq!(bearer(&tokens.cached(&wanted()).unwrap()), "Bearer token-3");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_each_time_is_asked_less_and_less_often() {
    let login = FakeLogin::answering(Answer::Panic);
    let tokens = login.tokens();
    for asked in 1..=3 {
        for _ in 0..100 {
            let error = tokens.token(&wanted()).await.unwrap_err();
            assert!(error.is_transient() && error.to_string().contains("ended before"), "{error}");
        }
        assert_eq!((login.asked().len(), tokens.stats().failed), (asked, asked as u64));
        advance(Duration::from_secs(1 << (asked - 1))).await;
    }
}

#[test]
fn a_refresh_that_goes_down_with_its_runtime_is_begun_anew_on_the_next() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let login = FakeLogin::answering(Answer::token(1000));
    let tokens = login.tokens();
    runtime().block_on(async {
        token(&tokens).await;
        advance(Duration::from_secs(800)).await;
        login.answer_with(Answer::Silence);
        assert!(tokens.cached(&wanted()).is_some());
        settle().await;
    });
    assert_eq!((tokens.stats().asked, tokens.stats().failed), (2, 1));
    login.answer_with(Answer::token(1000));
    runtime().block_on(async {
        advance(Duration::from_secs(802)).await;
        assert_eq!(bearer(&tokens.cached(&wanted()).unwrap()), "Bearer token-1");
        settle().await;
        assert_eq!(bearer(&tokens.cached(&wanted()).unwrap()), "Bearer token-3");
    });
}

#[test]
fn on_a_runtime_that_has_ended_there_is_an_error_and_no_deadlock() {
    let tokens = FakeLogin::answering(Answer::token(1000)).tokens();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let ended = runtime.handle().clone();
    drop(runtime);
    let _on_it = ended.enter();
    let error = tokens.token(&wanted()).now_or_never().expect("at once").unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("its runtime has ended"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_login_is_given_up_and_said_so() {
    let login = FakeLogin::answering(Answer::Silence);
    let began = Instant::now();
    let error = login.tokens().token(&wanted()).await.unwrap_err();
    assert!(error.to_string().contains("did not answer in time"), "{error}");
    assert_eq!(began.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_login_that_asks_for_a_break_gets_it() {
    let login = FakeLogin::answering(Answer::status(429, "").told_to_wait("45"));
    let tokens = login.tokens();
    let asked_again_after = |seconds| {
        let (tokens, login) = (tokens.clone(), login.clone());
        async move {
            advance(Duration::from_secs(seconds)).await;
            tokens.token(&wanted()).await.unwrap_err();
            login.asked().len()
        }
    };
    assert_eq!(asked_again_after(0).await, 1);
    assert_eq!(asked_again_after(44).await, 1);
    assert_eq!(asked_again_after(1).await, 2);
}

#[tokio::test(start_paused = true)]
async fn the_life_of_a_token_may_be_a_text_and_is_at_most_a_day() {
    for (life, lives) in [("3599", 3599), (r#""3599""#, 3599), ("90000", 86400)] {
        let answer =
            Answer::json(&format!(r#"{{"token_type":"bearer","expires_in":{life},"access_token":"t"}}"#));
        let token = token(&FakeLogin::answering(answer).tokens()).await;
        assert_eq!(token.expires() - Instant::now(), Duration::from_secs(lives));
    }
    let slow = Answer::json(r#"{"expires_in":10,"access_token":"t"}"#).after(Duration::from_secs(3));
    let token = token(&FakeLogin::answering(slow).tokens()).await;
    assert_eq!(token.expires() - Instant::now(), Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_token_is_an_error() {
    for answer in [
        r#"{"expires_in":0,"access_token":"t"}"#,
        r#"{"expires_in":-1,"access_token":"t"}"#,
        r#"{"expires_in":1.5,"access_token":"t"}"#,
        r#"{"expires_in":"soon","access_token":"t"}"#,
        r#"{"expires_in":99999999999999999999,"access_token":"t"}"#,
        r#"{"expires_in":400000000,"access_token":"t"}"#,
        r#"{"access_token":"t"}"#,
        r#"{"expires_in":3600,"access_token":"a\r\nX: y"}"#,
        r#"{"expires_in":3600,"access_token":""}"#,
        r#"{"expires_in":3600}"#,
        r#"{"token_type":"mac","expires_in":3600,"access_token":"t"}"#,
        r#"["Bearer", 3600, "t"]"#,
        "<html>",
        "",
    ] {
        assert!(
            FakeLogin::answering(Answer::json(answer)).tokens().token(&wanted()).await.is_err(),
            "{answer}"
        );
    }
    let long = format!(r#"{{"expires_in":3600,"access_token":"t","x":"{}"}}"#, "x".repeat(256 * 1024));
    assert!(FakeLogin::answering(Answer::json(&long)).tokens().token(&wanted()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_what_to_do_and_never_the_secret() {
    for (status, code, says) in [
        (401, "7000222", "has expired: make a new one"),
        (401, "7000215", "AZURE_CLIENT_SECRET must be the value"),
        (400, "700016", "does not know app"),
        (400, "90002", "check AZURE_TENANT_ID"),
        (400, "900023", "check AZURE_TENANT_ID"),
        (400, "70011", "GRAPH_CALLS_CLOUD"),
        (400, "424242", "refuses app"),
        (503, "0", "has no time for us"),
        (302, "0", "AZURE_AUTHORITY_HOST"),
    ] {
        let body = format!(
            r#"{{"error":"{SECRET}","error_description":"AADSTS{code}: {SECRET}","error_codes":[{code}],
                "trace_id":"{SECRET}"}}"#
        );
        let described = format!(r#"{{"error_description":"AADSTS{code}: {SECRET} sent."}}"#);
        for body in [body, described] {
            let login = FakeLogin::answering(Answer::status(status, &body));
            let tokens = login.tokens();
            let error = tokens.token(&wanted()).await.unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
            let shown = format!("{error} {error:?} {tokens:?}");
            assert!(!shown.contains(SECRET), "{shown}");
        }
    }
}
