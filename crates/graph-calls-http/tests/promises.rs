//! What is promised of tokens. Each test prints its figure behind the number of the promise.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail the test"
)]

mod fake_login;
#[path = "../src/loopback.rs"]
#[allow(dead_code, reason = "the unit tests use the rest of it")]
mod loopback;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use fake_login::{Answer, FakeLogin, app, bearer, settle, tenant, token, wanted};
use futures_util::future::join_all;
use graph_calls_core::{
    Certainty, Client, Cloud, FixedToken, RawRequest, Repeat, TokenProvider, Transport, TransportError,
};
use graph_calls_http::{ClientSecret, Config, EntraTokens, ErrorKind, HttpTransport, ManagedIdentity};
use http::{Method, header::AUTHORIZATION};
use loopback::{Loopback, json};
use tokio::time::{Instant, advance, sleep};
use tower::ServiceExt as _;

#[tokio::test(start_paused = true)]
async fn a_thousand_cold_callers_make_one_request() {
    let login = FakeLogin::answering(Answer::token(3600).after(Duration::from_millis(300)));
    let tokens = login.tokens();
    let wanted = wanted();
    let got = join_all((0..1_000).map(|_| tokens.token(&wanted))).await;
    let served = got.iter().flatten().filter(|token| bearer(token) == "Bearer token-1").count();
    let asked = login.asked().len();
    println!("T1: 1,000 cold callers: {asked} token request, {served} served");
    assert_eq!((served, asked), (1_000, 1));
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
    let added = began.elapsed();
    println!("T2: {} ms added to 200 calls while the login is silent", added.as_millis());
    assert_eq!(added, Duration::ZERO);
    settle().await;
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
    let together = login.asked().len() - 1;
    // Somebody hears of the first refusal only now.
    assert_eq!(bearer(&tokens.cached(&request).unwrap()), "Bearer token-2");
    assert_eq!(bearer(&tokens.token(&request).await.unwrap()), "Bearer token-2");
    settle().await;
    let late = login.asked().len() - 1 - together;
    println!("T3: 100 concurrent 401: {together} refresh; a late 401 for an older token: {late}");
    assert_eq!((together, late), (1, 0));
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
    let asked = login.asked();
    let (calls, asked_for_it) = (calls.load(Ordering::SeqCst), asked.len() - 1);
    let challenged =
        asked.iter().filter(|asked| asked.form.get("claims").is_some_and(|it| it == "{}")).count();
    println!(
        "T4: always 401: {calls} calls, {asked_for_it} token request, {challenged} of them with the claims"
    );
    assert_eq!((calls, asked_for_it, challenged), (2, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_old_token_serves_while_the_login_is_down_and_questions_get_rarer() {
    let login = FakeLogin::answering(Answer::token(1000));
    let tokens = login.tokens();
    token(&tokens).await;
    let began = Instant::now();
    login.answer_with(Answer::Unreachable);
    let mut served = Duration::ZERO;
    while let Some(token) = tokens.cached(&wanted()) {
        assert_eq!(bearer(&token), "Bearer token-1");
        sleep(Duration::from_millis(250)).await;
        served = began.elapsed();
    }
    let times: Vec<_> = login.asked()[1..].iter().map(|asked| (asked.at - began).as_secs()).collect();
    let gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    println!(
        "T5: the old token serves for {} of its 1000 s; the login is asked after {} s, then every {gaps:?} s",
        served.as_secs(),
        times[0],
    );
    assert_eq!((served.as_secs(), times[0]), (1000, 800));
    assert_eq!(gaps[..7], [1, 2, 4, 8, 16, 30, 30]);
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
    let call = || {
        let tokens = tokens.clone();
        tokio::spawn(async move { tokens.token(&wanted()).await })
    };
    let leader = call();
    settle().await;
    let followers: Vec<_> = (0..99).map(|_| call()).collect();
    settle().await;
    leader.abort();
    let got = join_all(followers).await;
    let served =
        got.into_iter().flatten().flatten().filter(|token| bearer(token) == "Bearer token-1").count();
    let asked = login.asked().len();
    println!(
        "T6: the caller that started it is dropped: {served} of 99 others served by {asked} token request"
    );
    assert_eq!((served, asked), (99, 1));
}

/// A server that answers one redirect after another, each to the same place.
async fn redirecting_to(elsewhere: &Loopback) -> Loopback {
    let (status, target) = (AtomicU16::new(300), elsewhere.url());
    Loopback::replies(move |_, _| {
        let status = status.fetch_add(1, Ordering::SeqCst);
        format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {target}/token\r\nContent-Length: 0\r\n\r\n")
    })
    .await
}

#[tokio::test]
async fn no_redirect_of_a_login_or_of_an_identity_endpoint_is_followed() {
    let elsewhere = Loopback::says(json("200 OK", r#"{"expires_in":3599,"access_token":"stolen"}"#)).await;
    let transport = HttpTransport::emulator().unwrap().into_transport();
    let (login, endpoint) = (redirecting_to(&elsewhere).await, redirecting_to(&elsewhere).await);
    let mut statuses = 0;
    for _ in 300..=399 {
        let cloud = Cloud::emulator(&login.url()).unwrap();
        let secret = ClientSecret::new(tenant(), app(), fake_login::SECRET);
        let identity = ManagedIdentity::system(tenant(), app()).with_endpoint(&endpoint.url(), "h").unwrap();
        let identity = identity.with_transport(transport.clone());
        for tokens in [
            EntraTokens::new(&cloud, transport.clone(), secret),
            EntraTokens::new(&cloud, transport.clone(), identity),
        ] {
            let error = tokens.token(&wanted()).await.unwrap_err();
            assert!(!error.is_transient(), "{error}");
            statuses += 1;
        }
    }
    let followed = elsewhere.connections();
    println!("C3 (token): {followed} redirects followed of {statuses}, all statuses from 300 to 399");
    assert_eq!((followed, statuses), (0, 200));
}

/// Whether a request with a token reaches a server that is asked over plain http.
async fn reaches(transport: Transport, server: &Loopback) -> Result<u16, Certainty> {
    let request =
        http::Request::get(server.url()).header(AUTHORIZATION, "Bearer t").body(Bytes::new()).unwrap();
    match transport.oneshot(request).await {
        Ok(response) => Ok(response.status().as_u16()),
        Err(error) => Err(error.downcast_ref::<TransportError>().expect("ours").certainty()),
    }
}

#[tokio::test]
async fn no_token_goes_over_plain_http_except_to_the_configured_emulator() {
    let server = Loopback::replies(|_, _| json("200 OK", "{}")).await;
    let (plain, mut refused) = (server.url(), 0);

    let https = HttpTransport::https().unwrap().into_transport();
    assert_eq!(reaches(https.clone(), &server).await, Err(Certainty::Unsent));
    refused += 1;

    assert!(Cloud::global().with_graph(&plain).is_err());
    assert!(Cloud::global().with_login(&plain).is_err());
    refused += 2;

    for variable in ["GRAPH_CALLS_GRAPH_URL", "AZURE_AUTHORITY_HOST"] {
        let complete = |name: &str| match name {
            "AZURE_TENANT_ID" => Some(fake_login::TENANT.to_owned()),
            "AZURE_CLIENT_ID" => Some(fake_login::APP.to_owned()),
            "AZURE_CLIENT_SECRET" => Some(fake_login::SECRET.to_owned()),
            _ => (name == variable).then(|| plain.clone()),
        };
        let error = Config::from_lookup(complete).unwrap_err();
        assert_eq!((error.kind(), error.variables()), (ErrorKind::Invalid, &[variable][..]));
        refused += 1;
    }

    for endpoint in [
        "http://identity.example/token",
        "http://localhost.example/token",
        "http://10.0.0.1/token",
        "http://192.168.0.1/token",
        "http://169.253.169.254/token",
        "http://0.0.0.0/token",
        "http://[2001:db8::1]/token",
        "http://[::ffff:10.0.0.1]/token",
        "http://127.0.0.1@identity.example/token",
        "https://127.0.0.1/token",
        "//127.0.0.1/token",
        "ftp://127.0.0.1/token",
    ] {
        let identity = ManagedIdentity::system(tenant(), app()).with_endpoint(endpoint, "h");
        assert_eq!(identity.unwrap_err().kind(), ErrorKind::Invalid, "{endpoint}");
        refused += 1;
    }

    // An emulator's cloud over the transport for Graph, and Graph's cloud over that of an emulator.
    let sent = Arc::new(AtomicUsize::new(0));
    for cloud in [Cloud::emulator(&plain).unwrap(), Cloud::global()] {
        let transport = if cloud.is_emulator() { https.clone() } else { off_the_network(Arc::clone(&sent)) };
        let client = Client::builder(transport).cloud(cloud).token(FixedToken::new("t").unwrap()).build();
        let request = RawRequest::new(Method::GET, format!("{plain}/calls"), Repeat::OnlyIfNoEffect);
        assert_eq!(client.send(request).await.unwrap_err().certainty(), Certainty::Unsent);
        refused += 1;
    }
    assert_eq!(sent.load(Ordering::SeqCst), 0);

    let leaked = server.connections();
    let emulator = HttpTransport::emulator().unwrap().into_transport();
    let client = Client::builder(emulator)
        .cloud(Cloud::emulator(&plain).unwrap())
        .token(FixedToken::new("t").unwrap())
        .build();
    client.send(RawRequest::new(Method::GET, "/communications/calls", Repeat::Always)).await.unwrap();
    let emulated = server.connections() - leaked;
    println!(
        "C4: {leaked} tokens over plain http in {refused} attempts; {emulated} to the configured emulator"
    );
    assert_eq!((leaked, emulated), (0, 1));
}

/// Counts what is sent over plain http, and sends nothing.
fn off_the_network(sent: Arc<AtomicUsize>) -> Transport {
    Transport::new(tower::service_fn(move |request: http::Request<Bytes>| {
        sent.fetch_add(usize::from(request.uri().scheme_str() != Some("https")), Ordering::SeqCst);
        async { Ok::<_, graph_calls_core::BoxError>(http::Response::new(Bytes::new())) }
    }))
}
