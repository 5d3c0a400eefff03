//! The token client against a login that is no more than a function, in virtual time.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail the test"
)]

mod fake_login;

use std::time::Duration;

use fake_login::{Answer, FakeLogin, SECRET, TENANT, wanted};
use futures_util::future::join_all;
use graph_calls_core::{AccessToken, Client, RawRequest, Repeat, TokenProvider as _, model::TenantId};
use graph_calls_http::EntraTokens;
use http::Method;
use tokio::time::{Instant, advance, sleep};

/// Lets the tasks that fetch tokens run, without letting time pass.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

async fn token(tokens: &EntraTokens) -> AccessToken {
    tokens.token(&wanted()).await.expect("a token")
}

fn bearer(token: &AccessToken) -> String {
    token.header().to_str().expect("ASCII").to_owned()
}

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
async fn a_thousand_cold_callers_make_one_request() {
    let login = FakeLogin::answering(Answer::token(3600).after(Duration::from_millis(300)));
    let tokens = login.tokens();
    let wanted = wanted();
    let got = join_all((0..1_000).map(|_| tokens.token(&wanted))).await;
    assert!(got.iter().all(|token| token.as_ref().is_ok_and(|token| bearer(token) == "Bearer token-1")));
    assert_eq!(login.asked().len(), 1);
    assert_eq!((tokens.stats().asked, tokens.stats().failed, tokens.stats().tenants), (1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_silent_login_inside_the_refresh_window_delays_nobody() {
    let login = FakeLogin::answering(Answer::token(3600));
    let tokens = login.tokens();
    token(&tokens).await;
    login.answer_with(Answer::Silence);
    advance(Duration::from_secs(3000)).await;
    let began = Instant::now();
    for _ in 0..100 {
        assert_eq!(bearer(&tokens.cached(&wanted()).expect("the old one")), "Bearer token-1");
        assert_eq!(bearer(&token(&tokens).await), "Bearer token-1");
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
    settle().await;
    assert_eq!(login.asked().len(), 2);
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
async fn a_hundred_refusals_of_one_token_fetch_one_and_a_late_one_fetches_none() {
    let login = FakeLogin::answering(Answer::token(3600).after(Duration::from_millis(300)));
    let tokens = login.tokens();
    let mut request = wanted();
    request.refused = Some(token(&tokens).await);
    assert!(tokens.cached(&request).is_none());
    let got = join_all((0..100).map(|_| tokens.token(&request))).await;
    assert!(got.iter().all(|token| token.as_ref().is_ok_and(|token| bearer(token) == "Bearer token-2")));
    assert_eq!(login.asked().len(), 2);
    // Somebody hears of the first refusal only now.
    assert_eq!(bearer(&tokens.cached(&request).unwrap()), "Bearer token-2");
    assert_eq!(bearer(&tokens.token(&request).await.unwrap()), "Bearer token-2");
    assert_eq!(login.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_gives_the_refused_token_again_is_an_error() {
    let login = FakeLogin::answering(Answer::json(r#"{"access_token":"same","expires_in":3600}"#));
    let tokens = login.tokens();
    let mut request = wanted();
    request.refused = Some(token(&tokens).await);
    let error = tokens.token(&request).await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
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
async fn a_graph_that_refuses_every_token_is_asked_twice_and_the_login_once() {
    let login = FakeLogin::answering(Answer::token(3600));
    let tokens = login.tokens();
    token(&tokens).await;
    let (graph, calls) = fake_login::graph_that_always_refuses();
    let client = Client::builder(graph).token(tokens.clone()).build();
    let request = RawRequest::new(Method::GET, "/communications/calls/57dab8b1", Repeat::Always);
    let error = client.send(request).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(401));
    assert_eq!(calls.load(std::sync::atomic::Ordering::SeqCst), 2);
    let asked = login.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].form["claims"], "{}");
}

#[tokio::test(start_paused = true)]
async fn the_old_token_serves_while_the_login_is_down_and_questions_get_rarer() {
    let login = FakeLogin::answering(Answer::token(1000));
    let tokens = login.tokens();
    token(&tokens).await;
    let began = Instant::now();
    login.answer_with(Answer::Unreachable);
    while began.elapsed() < Duration::from_millis(999_999) {
        assert_eq!(bearer(&tokens.cached(&wanted()).expect("still good")), "Bearer token-1");
        sleep(Duration::from_millis(250)).await;
    }
    let times: Vec<_> = login.asked()[1..].iter().map(|asked| (asked.at - began).as_secs()).collect();
    let gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(times[0], 800);
    assert_eq!(gaps[..7], [1, 2, 4, 8, 16, 30, 30]);
    sleep(Duration::from_secs(1)).await;
    assert!(tokens.cached(&wanted()).is_none());
    let before = login.asked().len();
    for _ in 0..10 {
        let error = tokens.token(&wanted()).await.unwrap_err();
        assert!(error.to_string().contains("cannot be reached"), "{error}");
    }
    assert!(login.asked().len() <= before + 1);
    login.answer_with(Answer::token(3600));
    sleep(Duration::from_secs(30)).await;
    assert!(bearer(&token(&tokens).await).starts_with("Bearer token-"));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_takes_nothing_from_the_others() {
    let login = FakeLogin::answering(Answer::token(3600).after(Duration::from_millis(300)));
    let tokens = login.tokens();
    let first = tokio::spawn({
        let tokens = tokens.clone();
        async move { tokens.token(&wanted()).await }
    });
    settle().await;
    let second = tokio::spawn({
        let tokens = tokens.clone();
        async move { tokens.token(&wanted()).await }
    });
    settle().await;
    first.abort();
    assert_eq!(bearer(&second.await.unwrap().unwrap()), "Bearer token-1");
    assert_eq!(login.asked().len(), 1);
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
