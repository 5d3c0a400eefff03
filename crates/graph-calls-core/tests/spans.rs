//! What the span of a request says, for whoever looks for it in a log.

#![allow(clippy::expect_used, reason = "a test's helpers fail the test")]

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use graph_calls_core::{
    Certainty, Client, DeleteCall, FixedToken, PlayPrompt,
    model::{CallId, MediaInfo, MediaPrompt, PlayPromptBody},
    test_util::ScriptedTransport,
};
use http::Method;
use tracing::{instrument::WithSubscriber as _, level_filters::LevelFilter};
use tracing_subscriber::fmt::{MakeWriter, format::FmtSpan};

const GUID: &str = "57dab8b1-894c-409a-b240-bd8beae78896";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What a span has said by its end.
async fn span_of(sending: impl Future<Output = ()>) -> String {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    sending.with_subscriber(subscriber).await;
    let text = log.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    String::from_utf8(text).expect("a log is text")
}

fn client(script: &ScriptedTransport) -> Client {
    Client::builder(script.transport()).token(FixedToken::new("secret").expect("a token")).build()
}

fn answer(status: u16) -> http::Response<Bytes> {
    let head = http::Response::builder().status(status).header("request-id", "r-7");
    head.header("retry-after", "1").body(Bytes::new()).expect("a response")
}

fn last_id(script: &ScriptedTransport) -> String {
    let last = script.requests().pop().expect("a request");
    last.headers()["client-request-id"].to_str().expect("ASCII").to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_span_says_page_status_attempts_and_ids() {
    let path = format!("/v1.0/communications/calls/{GUID}");
    let script = ScriptedTransport::new().respond(Method::DELETE, &path, answer(429)).respond(
        Method::DELETE,
        &path,
        answer(204),
    );
    let client = client(&script);
    let delete = DeleteCall::new(CallId::new(GUID).unwrap());
    let said = span_of(async move { client.send(delete).await.unwrap() }).await;
    for part in [
        "graph.request",
        "otel.name=\"call-delete\"",
        "http.request.method=DELETE",
        "http.response.status_code=204",
        "attempts=2",
        "request_id=\"r-7\"",
        &format!("client_request_id={}", last_id(&script)),
        &format!("scenario_id={GUID}"),
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert!(!said.contains("secret"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_span_without_an_answer_says_what_a_lost_request_is_found_by() {
    let path = format!("/v1.0/communications/calls/{GUID}/playPrompt");
    let script = ScriptedTransport::new().respond(Method::POST, &path, answer(503)).fail(
        Method::POST,
        &path,
        Certainty::Unknown,
    );
    let client = client(&script);
    let prompt = MediaPrompt::new(MediaInfo::new("https://bot.example/hello.wav"));
    let play = PlayPrompt::new(CallId::new(GUID).unwrap(), PlayPromptBody::new(prompt));
    let said = span_of(async move { drop(client.send(play).await.unwrap_err()) }).await;
    for part in [
        "certainty=\"unknown\"",
        "attempts=2",
        "http.response.status_code=503",
        "request_id=\"r-7\"",
        &format!("client_request_id={}", last_id(&script)),
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert!(!said.contains("hello.wav"), "{said}");
}
