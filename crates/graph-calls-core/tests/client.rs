//! The whole stack over a scripted transport.

#![allow(clippy::expect_used, reason = "a test's helpers fail the test")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use graph_calls_core::{
    AccessToken, BodyLost, BoxError, Certainty, Client, CreateCall, DeleteCall, ErrorKind, FixedToken,
    GetCall, PlayPrompt, RawRequest, RejectCall, Repeat, ScenarioId, TokenError, TokenProvider, TokenRequest,
    layer::DeprecationPolicy,
    model::{
        CallId, CallbackUri, CreateCallBody, InvitationParticipantInfo, MediaInfo, MediaPrompt,
        PlayPromptBody, RejectReason, TenantId,
    },
    test_util::ScriptedTransport,
};
use http::{Method, StatusCode};
use tower::{Service, util::BoxCloneSyncService};

const CALL: &str = "/v1.0/communications/calls/1";

fn client(script: &ScriptedTransport) -> Client {
    Client::builder(script.transport()).token(FixedToken::new("secret").expect("a token")).build()
}

fn call() -> CallId {
    CallId::new("1").expect("an id")
}

fn play() -> PlayPrompt {
    let prompt = MediaPrompt::new(MediaInfo::new("https://bot.example/hello.wav"));
    PlayPrompt::new(call(), PlayPromptBody::new(prompt))
}

#[tokio::test]
async fn a_request_carries_its_token_its_ids_and_its_preference() {
    let script = ScriptedTransport::new().answer(Method::DELETE, CALL, StatusCode::NO_CONTENT, "");
    client(&script).send(DeleteCall::new(call())).await.unwrap();
    let sent = script.requests().remove(0);
    assert_eq!(sent.uri(), "https://graph.microsoft.com/v1.0/communications/calls/1");
    assert_eq!(sent.headers()["authorization"], "Bearer secret");
    assert_eq!(sent.headers()["prefer"], "include-unknown-enum-members");
    assert_eq!(sent.headers()["client-request-id"].len(), 36);
    assert!(!format!("{:?}", sent.headers()).contains("secret"));
}

#[tokio::test(start_paused = true)]
async fn the_requests_of_a_call_share_a_scenario_and_a_trace() {
    let guid = "57dab8b1-894c-409a-b240-bd8beae78896";
    let (path, other) = (format!("/v1.0/communications/calls/{guid}"), "/v1.0/me");
    let script = ScriptedTransport::new()
        .fail(Method::DELETE, &path, Certainty::Unsent)
        .answer(Method::DELETE, &path, StatusCode::NO_CONTENT, "")
        .answer(Method::GET, other, StatusCode::OK, "")
        .answer(Method::GET, other, StatusCode::OK, "");
    let client = client(&script);
    client.send(DeleteCall::new(CallId::new(guid).unwrap())).await.unwrap();
    let raw = || RawRequest::new(Method::GET, "/me", Repeat::Always);
    client.send(raw()).await.unwrap();
    let scenario: ScenarioId = "0af7651916cd43dd8448eb211c80319c".parse().unwrap();
    client.for_scenario(scenario).send(raw()).await.unwrap();
    let sent = script.requests();
    let header = |at: usize, name: &str| sent[at].headers()[name].to_str().unwrap().to_owned();
    assert_eq!((header(0, "scenario-id").as_str(), header(1, "scenario-id").as_str()), (guid, guid));
    let parent = |at| header(at, "traceparent");
    for parent in [parent(0), parent(1)] {
        assert!(parent.starts_with("00-57dab8b1894c409ab240bd8beae78896-") && parent.ends_with("-01"));
        assert_eq!(parent.len(), 55);
    }
    assert_ne!(parent(0), parent(1), "every attempt is a span of its own");
    assert_ne!(header(2, "scenario-id"), guid);
    assert_eq!(header(3, "scenario-id"), scenario.to_string());
    assert!(parent(3).starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
}

#[tokio::test(start_paused = true)]
async fn s003_takes_200_as_well_as_202() {
    for status in [StatusCode::OK, StatusCode::ACCEPTED] {
        let script = ScriptedTransport::new().answer(Method::POST, &format!("{CALL}/reject"), status, "");
        client(&script).send(RejectCall::new(call(), RejectReason::Busy)).await.unwrap();
        assert_eq!(script.requests()[0].body().as_ref(), br#"{"reason":"busy"}"#);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hang_up_whose_answer_was_lost_has_hung_up() {
    let script = ScriptedTransport::new().fail(Method::DELETE, CALL, Certainty::Unknown).answer(
        Method::DELETE,
        CALL,
        StatusCode::NOT_FOUND,
        "",
    );
    client(&script).send(DeleteCall::new(call())).await.unwrap();
    script.assert_done();

    let script = ScriptedTransport::new().answer(Method::DELETE, CALL, StatusCode::NOT_FOUND, "");
    let error = client(&script).send(DeleteCall::new(call())).await.unwrap_err();
    assert!(error.is_not_found());
}

#[tokio::test(start_paused = true)]
async fn a_reject_refused_after_an_unknown_attempt_stays_unknown() {
    let path = format!("{CALL}/reject");
    let script = ScriptedTransport::new().fail(Method::POST, &path, Certainty::Unknown).answer(
        Method::POST,
        &path,
        StatusCode::NOT_FOUND,
        "",
    );
    let error = client(&script).send(RejectCall::new(call(), RejectReason::Busy)).await.unwrap_err();
    assert_eq!((error.certainty(), error.attempts()), (Certainty::Unknown, 2));
    assert_eq!(error.correlation().call_id, CallId::new("1").ok());
}

#[tokio::test(start_paused = true)]
async fn an_error_says_what_the_service_said_and_how_to_find_it_again() {
    let body = r#"{"error":{"code":"7505","message":"mismatch","innerError":{"request-id":"r-1"}}}"#;
    let script = ScriptedTransport::new().answer(
        Method::POST,
        &format!("{CALL}/playPrompt"),
        StatusCode::FORBIDDEN,
        body,
    );
    let error = client(&script).send(play()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status);
    assert_eq!(error.certainty(), Certainty::Refused);
    assert_eq!(error.to_string(), "call-playprompt: answered 403 Forbidden, code 7505");
    assert_eq!(error.request_id(), Some("r-1"));
    assert!(error.client_request_id().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_page_instead_of_an_error_body_keeps_its_status() {
    let script = ScriptedTransport::new().answer(
        Method::POST,
        &format!("{CALL}/playPrompt"),
        StatusCode::BAD_GATEWAY,
        "<html>sorry</html>",
    );
    let error = client(&script).send(play()).await.unwrap_err();
    assert_eq!((error.status(), error.certainty()), (Some(StatusCode::BAD_GATEWAY), Certainty::Unknown));
    assert_eq!(error.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_request_past_its_deadline_fails_at_once_with_the_wait() {
    let path = format!("{CALL}/playPrompt");
    let response =
        http::Response::builder().status(429).header("retry-after", "31").body(Bytes::new()).unwrap();
    let script = ScriptedTransport::new().respond(Method::POST, &path, response);
    let began = tokio::time::Instant::now();
    let error = client(&script).send(play()).await.unwrap_err();
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(error.is_throttled());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(31)));
}

#[tokio::test(start_paused = true)]
async fn a_created_call_is_known_by_its_location_even_if_the_body_is_lost() {
    let mut response = http::Response::builder()
        .status(201)
        .header("location", "https://graph.microsoft.com/v1.0/communications/calls/57dab8b1")
        .body(Bytes::from_static(b"{\"id\":"))
        .unwrap();
    response.extensions_mut().insert(BodyLost("cut".to_owned()));
    let script = ScriptedTransport::new().respond(Method::POST, "/v1.0/communications/calls", response);
    let callback = CallbackUri::new("https://bot.example/api/calls").unwrap();
    let body = CreateCallBody::to(InvitationParticipantInfo::user("8d1e6ab6"), callback);
    let created = client(&script).send(CreateCall::new(body)).await.unwrap();
    assert_eq!(created.id.as_str(), "57dab8b1");
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_answer_says_that_it_was_done() {
    let path = format!("{CALL}/playPrompt");
    let script = ScriptedTransport::new().answer(Method::POST, &path, StatusCode::OK, "no json");
    let error = client(&script).send(play()).await.unwrap_err();
    assert!(error.is_answer_lost());
    assert_eq!(error.to_string(), "call-playprompt: done, but the answer cannot be read");
}

#[tokio::test(start_paused = true)]
async fn a_get_whose_body_was_lost_is_asked_again() {
    let mut lost = http::Response::new(Bytes::new());
    lost.extensions_mut().insert(BodyLost("cut".to_owned()));
    let script = ScriptedTransport::new().respond(Method::GET, CALL, lost).answer(
        Method::GET,
        CALL,
        StatusCode::OK,
        r#"{"state":"established"}"#,
    );
    assert!(client(&script).send(GetCall::new(call())).await.is_ok());
    script.assert_done();
}

/// Gives a new token each time and counts.
struct Counting(Arc<AtomicU32>);

#[async_trait]
impl TokenProvider for Counting {
    async fn token(&self, request: &TokenRequest) -> Result<AccessToken, TokenError> {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        let tenant = request.tenant.as_ref().map_or("none", |tenant| tenant.as_str());
        AccessToken::new(&format!("{tenant}-{count}"), Duration::from_secs(3600))
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_once_and_the_tenant_chooses_it() {
    let asked = Arc::new(AtomicU32::new(0));
    let script = ScriptedTransport::new().answer(Method::DELETE, CALL, StatusCode::UNAUTHORIZED, "").answer(
        Method::DELETE,
        CALL,
        StatusCode::UNAUTHORIZED,
        "",
    );
    let client = Client::builder(script.transport()).token(Counting(Arc::clone(&asked))).build();
    let tenant = TenantId::new("contoso.example").unwrap();
    let error = client.for_tenant(tenant).send(DeleteCall::new(call())).await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED));
    assert_eq!(error.certainty(), Certainty::Refused);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    let sent: Vec<_> =
        script.requests().iter().map(|request| request.headers()["authorization"].clone()).collect();
    assert_eq!(sent, ["Bearer contoso.example-0", "Bearer contoso.example-1"]);
}

#[tokio::test(start_paused = true)]
async fn deprecated_paths_are_rewritten_or_refused_as_told() {
    let script = ScriptedTransport::new().answer(Method::DELETE, CALL, StatusCode::NO_CONTENT, "");
    let raw = || RawRequest::new(Method::DELETE, "/applications/9/calls/1", Repeat::Always);
    let rewriting = client(&script);
    rewriting.send(raw()).await.unwrap();
    let stats = rewriting.stats();
    assert_eq!((stats.deprecated_paths, stats.deprecation_warnings), (1, 1));

    let script = ScriptedTransport::new();
    let refusing = Client::builder(script.transport())
        .token(FixedToken::new("t").unwrap())
        .deprecated_paths(DeprecationPolicy::Refuse)
        .build();
    let error = refusing.send(raw()).await.unwrap_err();
    assert_eq!((error.kind(), error.certainty()), (ErrorKind::Request, Certainty::Unsent));
    assert!(script.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_a_token_nothing_is_sent_and_the_error_says_what_to_do() {
    let script = ScriptedTransport::new();
    let error = Client::builder(script.transport()).build().send(DeleteCall::new(call())).await.unwrap_err();
    assert_eq!((error.kind(), error.certainty()), (ErrorKind::Auth, Certainty::Unsent));
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("ClientBuilder::token"));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_request_leaves_nothing_behind() {
    let script = ScriptedTransport::new().fail(Method::DELETE, CALL, Certainty::Unsent).answer(
        Method::DELETE,
        CALL,
        StatusCode::NO_CONTENT,
        "",
    );
    // Seeded, so that the wait before the repeat is never none.
    let token = FixedToken::new("secret").unwrap();
    let client = Client::builder(script.transport()).token(token).rng(fastrand::Rng::with_seed(7)).build();
    {
        let sending = client.send(DeleteCall::new(call()));
        tokio::pin!(sending);
        // Dropped while it waits to repeat.
        assert!(tokio::time::timeout(Duration::ZERO, &mut sending).await.is_err());
    }
    client.send(DeleteCall::new(call())).await.unwrap();
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn an_error_without_a_response_has_the_id_of_its_last_attempt() {
    let path = format!("{CALL}/playPrompt");
    let script = ScriptedTransport::new().fail(Method::POST, &path, Certainty::Unsent).fail(
        Method::POST,
        &path,
        Certainty::Unknown,
    );
    let error = client(&script).send(play()).await.unwrap_err();
    let last = script.requests()[1].headers()["client-request-id"].to_str().unwrap().to_owned();
    assert_eq!((error.attempts(), error.client_request_id()), (2, Some(last.as_str())));

    let unsent =
        Client::builder(ScriptedTransport::new().transport()).build().send(play()).await.unwrap_err();
    assert_eq!(unsent.client_request_id(), None);
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_is_never_ready_holds_a_request_no_longer_than_its_deadline() {
    let asleep = BoxCloneSyncService::new(Asleep);
    let client = Client::builder(asleep).token(FixedToken::new("t").unwrap()).build();
    let began = tokio::time::Instant::now();
    let error = client.send(GetCall::new(call())).await.unwrap_err();
    assert_eq!((error.kind(), error.certainty()), (ErrorKind::Deadline, Certainty::Unsent));
    assert_eq!(began.elapsed().as_secs(), 30);
}

/// A transport that takes nothing.
#[derive(Clone)]
struct Asleep;

impl Service<http::Request<Bytes>> for Asleep {
    type Response = http::Response<Bytes>;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Pending
    }

    fn call(&mut self, _request: http::Request<Bytes>) -> Self::Future {
        std::future::ready(Err("nothing is sent before it is ready".into()))
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_without_an_answer_keeps_what_the_last_answer_said() {
    let mut refused = http::Response::builder().status(503).header("request-id", "r-7");
    refused = refused.header("retry-after", "1");
    let script = ScriptedTransport::new()
        .respond(Method::POST, &format!("{CALL}/playPrompt"), refused.body(Bytes::new()).unwrap())
        .fail(Method::POST, &format!("{CALL}/playPrompt"), Certainty::Unknown);
    let error = client(&script).send(play()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 2));
    assert_eq!((error.status(), error.request_id()), (Some(StatusCode::SERVICE_UNAVAILABLE), Some("r-7")));
    assert_eq!(
        error.client_request_id(),
        script.requests()[1].headers()["client-request-id"].to_str().ok(),
        "our id is that of the last attempt"
    );
    let text = "call-playprompt: the connection failed, after 2 attempts, it may have had its effect";
    assert_eq!(error.to_string(), text);
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_while_a_repeat_waits_has_spent_nothing() {
    let path = format!("{CALL}/playPrompt");
    let script = (0..200)
        .fold(ScriptedTransport::new(), |script, _| script.fail(Method::POST, &path, Certainty::Unsent));
    let client = client(&script);
    for _ in 0..150 {
        let sending = client.send(play());
        assert!(tokio::time::timeout(Duration::ZERO, sending).await.is_err());
    }
    let stats = client.stats();
    // A tenth as many would be denied the budget, had they spent it.
    assert_eq!((stats.requests, stats.retries_denied), (150, 0));
}
