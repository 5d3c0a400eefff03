//! What a client sees of each fault, byte by byte, and whether the request had its effect.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "what fails in a test panics"
)]

mod support;

use std::{io::ErrorKind, time::Duration};

use graph_calls_emulator::{Emulator, Fault, FaultPhase, FaultView, IncomingCall};
use http::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime::Handle,
    time::{sleep, timeout},
};

use self::support::{ADELE, Client, traced};

const CALLS: &str = "/v1.0/communications/calls";
const CONTROL: &str = "/__emulator/v1";
/// How long silence is listened to.
const MOMENT: Duration = Duration::from_millis(30);
const PATIENCE: Duration = Duration::from_secs(10);

/// How a connection ended, as its client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Closed,
    Reset,
    /// It did not yet.
    Open,
}

/// What came on a connection until it ended.
#[derive(Debug)]
struct Seen {
    head: String,
    body: String,
    end: End,
}

impl Seen {
    fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) = match text.split_once("\r\n\r\n") {
            Some((head, body)) => (format!("{head}\r\n\r\n"), body.to_owned()),
            None => (text, String::new()),
        };
        Self { head, body, end: End::Open }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// A client that sees every byte.
struct Raw {
    stream: TcpStream,
}

impl Raw {
    async fn connect(emulator: &Emulator) -> Self {
        let address = emulator.url().strip_prefix("http://").unwrap();
        Self { stream: TcpStream::connect(address).await.unwrap() }
    }

    async fn send(&mut self, client: &Client, method: &Method, path: &str, body: &Value) {
        self.send_part(client, method, path, body, 0).await;
    }

    /// Sends a request, but not its last bytes.
    async fn send_part(
        &mut self,
        client: &Client,
        method: &Method,
        path: &str,
        body: &Value,
        without: usize,
    ) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let token = client.token.as_deref().unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: emulator\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(&request.as_bytes()[..request.len() - without]).await.unwrap();
    }

    /// Reads until the connection ends.
    async fn see(&mut self) -> Seen {
        self.see_until(|_| false).await
    }

    /// Reads one whole answer; the connection stays open.
    async fn see_answer(&mut self) -> Seen {
        self.see_until(|seen| {
            let length = seen.header("content-length").and_then(|length| length.parse().ok());
            seen.head.ends_with("\r\n\r\n") && length.unwrap_or(0) <= seen.body.len()
        })
        .await
    }

    async fn see_until(&mut self, is_all: impl Fn(&Seen) -> bool) -> Seen {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let mut seen = Seen::of(&bytes);
            if is_all(&seen) {
                return seen;
            }
            match timeout(PATIENCE, self.stream.read(&mut buffer)).await.expect("it ends") {
                Ok(0) => seen.end = End::Closed,
                Ok(read) => bytes.extend_from_slice(&buffer[..read]),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                    seen.end = End::Reset;
                }
            }
            if seen.end != End::Open {
                return seen;
            }
        }
    }

    /// Listens for a moment, in which nothing comes and the connection does not end.
    async fn hear_nothing(&mut self) {
        assert!(timeout(MOMENT, self.stream.read(&mut [0; 1])).await.is_err());
    }
}

fn create_body() -> Value {
    json!({
        "callbackUri": "http://127.0.0.1:9/one",
        "targets": [{ "identity": { "user": { "id": ADELE } } }],
        "requestedModalities": ["audio"],
        "mediaConfig": { "@odata.type": "#microsoft.graph.serviceHostedMediaConfig" },
    })
}

async fn started() -> (Emulator, Client) {
    let emulator = Emulator::builder().seed(7).webhook("http://127.0.0.1:9/").start().await.unwrap();
    let client = Client::with_token(&emulator).await;
    (emulator, client)
}

/// Creates a call while this fault is waiting.
async fn create_under(emulator: &Emulator, client: &Client, phase: FaultPhase) -> Raw {
    emulator.add_fault(Fault::new(phase).on("application-post-calls")).await.unwrap();
    let mut raw = Raw::connect(emulator).await;
    raw.send(client, &Method::POST, CALLS, &create_body()).await;
    raw
}

/// How often the call was created.
async fn created(emulator: &Emulator) -> u64 {
    let applied = emulator.applied().await;
    assert!(applied.len() <= 1, "{applied:?}");
    applied.get(&format!("POST {CALLS} http://127.0.0.1:9/one")).copied().unwrap_or_default()
}

#[tokio::test]
async fn before_connect_resets_the_next_connection_and_leaves_open_ones_alone() {
    let (emulator, client) = started().await;
    let mut open = Raw::connect(&emulator).await;
    open.send(&client, &Method::GET, CALLS, &Value::Null).await;
    assert!(open.see_answer().await.head.starts_with("HTTP/1.1 405 "));
    emulator.add_fault(Fault::new(FaultPhase::BeforeConnect)).await.unwrap();
    open.send(&client, &Method::POST, CALLS, &create_body()).await;
    assert!(open.see_answer().await.head.starts_with("HTTP/1.1 201 "));
    let seen = Raw::connect(&emulator).await.see().await;
    assert_eq!((seen.head.as_str(), seen.end), ("", End::Reset));
    let mut next = Raw::connect(&emulator).await;
    next.send(&client, &Method::POST, CALLS, &create_body()).await;
    assert!(next.see_answer().await.head.starts_with("HTTP/1.1 201 "));
    assert_eq!(created(&emulator).await, 2);
    let marked = emulator.exchanges(None).into_iter().find(|one| one.fault.is_some()).unwrap();
    assert_eq!(marked.summary, "no answer (fault: no connection)");
    emulator.shutdown().await;
}

#[tokio::test]
async fn during_the_request_the_reset_does_not_wait_for_the_body() {
    let (emulator, client) = started().await;
    let fault = Fault::new(FaultPhase::DuringRequest).on("application-post-calls");
    emulator.add_fault(fault).await.unwrap();
    let mut raw = Raw::connect(&emulator).await;
    raw.send_part(&client, &Method::POST, CALLS, &create_body(), 40).await;
    let seen = raw.see().await;
    assert_eq!((seen.head.as_str(), seen.end), ("", End::Reset));
    assert_eq!(created(&emulator).await, 0);
    emulator.shutdown().await;
}

#[tokio::test]
async fn around_the_effect_the_client_sees_the_same_reset() {
    let (emulator, client) = started().await;
    for (phase, effects) in [(FaultPhase::BeforeEffect, 0), (FaultPhase::AfterEffect, 1)] {
        let seen = create_under(&emulator, &client, phase).await.see().await;
        assert_eq!((seen.head.as_str(), seen.end), ("", End::Reset));
        assert_eq!(created(&emulator).await, effects);
    }
    assert_eq!(emulator.calls().await.len(), 1);
    emulator.shutdown().await;
}

#[tokio::test]
async fn in_the_head_half_of_it_comes() {
    let (emulator, client) = started().await;
    let seen = create_under(&emulator, &client, FaultPhase::InHead).await.see().await;
    assert_eq!((seen.body.as_str(), seen.end), ("", End::Closed));
    assert!(
        seen.head.starts_with("HTTP/1.1 201 Created\r\n") && !seen.head.ends_with("\r\n\r\n"),
        "{seen:?}"
    );
    assert_eq!(created(&emulator).await, 1);
    emulator.shutdown().await;
}

#[tokio::test]
async fn in_the_body_the_head_and_half_of_the_body_come() {
    let (emulator, client) = started().await;
    let seen = create_under(&emulator, &client, FaultPhase::InBody).await.see().await;
    assert_eq!(seen.end, End::Closed);
    assert!(seen.head.starts_with("HTTP/1.1 201 Created\r\n") && seen.head.ends_with("\r\n\r\n"), "{seen:?}");
    assert!(seen.header("location").unwrap().contains("/calls/"));
    let announced: usize = seen.header("content-length").unwrap().parse().unwrap();
    assert_eq!(seen.body.len(), announced / 2);
    assert_eq!(created(&emulator).await, 1);
    emulator.shutdown().await;
}

#[tokio::test]
async fn an_empty_body_is_announced_and_does_not_come_and_a_204_comes_whole() {
    let (emulator, client) = started().await;
    emulator.add_fault(Fault::new(FaultPhase::InBody).on("call-reject")).await.unwrap();
    emulator.add_fault(Fault::new(FaultPhase::InBody).on("call-delete")).await.unwrap();
    let mut calls = Vec::new();
    for _ in 0..2 {
        calls.push(emulator.incoming(IncomingCall::from_user(ADELE)).await.unwrap());
    }
    let mut raw = Raw::connect(&emulator).await;
    let path = format!("{CALLS}/{}/reject", calls[0]);
    raw.send(&client, &Method::POST, &path, &json!({ "reason": "busy" })).await;
    let seen = raw.see().await;
    assert!(seen.head.starts_with("HTTP/1.1 202 Accepted\r\n"), "{seen:?}");
    assert_eq!((seen.header("content-length"), seen.body.as_str(), seen.end), (Some("2"), "", End::Closed));

    let mut raw = Raw::connect(&emulator).await;
    raw.send(&client, &Method::DELETE, &format!("{CALLS}/{}", calls[1]), &Value::Null).await;
    let seen = raw.see().await;
    assert!(
        seen.head.starts_with("HTTP/1.1 204 No Content\r\n") && seen.head.ends_with("\r\n\r\n"),
        "{seen:?}"
    );
    assert_eq!((seen.body.as_str(), seen.end), ("", End::Closed));
    assert!(emulator.calls().await.iter().all(|call| call.state.starts_with("terminat")));
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_status_comes_whole_with_its_header_on_a_connection_that_stays() {
    let (emulator, client) = started().await;
    for (status, retry_after) in [(503, None), (429, Some("2.128")), (500, Some("tomorrow"))] {
        let phase = FaultPhase::Status { status, retry_after: retry_after.map(str::to_owned) };
        let mut raw = create_under(&emulator, &client, phase).await;
        let seen = raw.see_answer().await;
        assert!(seen.head.starts_with(&format!("HTTP/1.1 {status} ")), "{seen:?}");
        assert_eq!(seen.header("retry-after"), retry_after);
        let body: Value = serde_json::from_str(&seen.body).unwrap();
        assert!(body["error"]["code"].is_string() && body["error"]["innerError"]["request-id"].is_string());
        raw.send(&client, &Method::GET, CALLS, &Value::Null).await;
        assert!(raw.see_answer().await.head.starts_with("HTTP/1.1 405 "));
    }
    assert_eq!(created(&emulator).await, 0);
    emulator.shutdown().await;
}

/// Waits until so many tasks live.
async fn until_tasks(count: usize) {
    let metrics = Handle::current().metrics();
    let waited = timeout(PATIENCE, async {
        while metrics.num_alive_tasks() != count {
            sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(waited.await.is_ok(), "{} tasks live instead of {count}", metrics.num_alive_tasks());
}

#[tokio::test]
async fn silence_lasts_until_the_client_goes_or_the_emulator_stops_and_leaves_no_task() {
    let before = Handle::current().metrics().num_alive_tasks();
    let emulator = Emulator::builder().start().await.unwrap();
    let client = Client::with_token(&emulator).await;
    // The one that asked for the token keeps a connection with tasks of its own.
    let mut token = Client::new(&emulator);
    token.token.clone_from(&client.token);
    drop(client);
    let idle = before + 2;
    until_tasks(idle).await;

    let mut gone = create_under(&emulator, &token, FaultPhase::Silence).await;
    traced(&emulator, |one| one.fault.as_deref() == Some("silence")).await;
    gone.hear_nothing().await;
    until_tasks(idle + 1).await;
    drop(gone);
    until_tasks(idle).await;

    let mut waiting = create_under(&emulator, &token, FaultPhase::Silence).await;
    waiting.hear_nothing().await;
    assert_eq!(created(&emulator).await, 0);
    emulator.shutdown().await;
    until_tasks(before).await;
    assert_eq!(waiting.see().await.head, "");
}

/// Creates a call over HTTP/2 while this fault is waiting: the status, and the body or why there is none.
async fn create_over_http2(
    emulator: &Emulator,
    token: &str,
    phase: FaultPhase,
) -> (Option<u16>, Option<String>) {
    emulator.add_fault(Fault::new(phase.clone())).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).http2_prior_knowledge();
    let patience = if phase == FaultPhase::Silence { MOMENT } else { PATIENCE };
    let client = client.retry(reqwest::retry::never()).timeout(patience).build().unwrap();
    let request = client.post(format!("{}{CALLS}", emulator.url())).bearer_auth(token);
    match request.header("Content-Type", "application/json").body(create_body().to_string()).send().await {
        Ok(response) => (Some(response.status().as_u16()), response.text().await.ok()),
        Err(_) => (None, None),
    }
}

#[tokio::test]
async fn over_http2_every_phase_strikes_too_and_leaves_no_task() {
    let before = Handle::current().metrics().num_alive_tasks();
    let (emulator, client) = started().await;
    let token = client.token.clone().unwrap();
    drop(client);
    let mut effects = 0;
    for phase in FaultPhase::all() {
        let (status, body) = create_over_http2(&emulator, &token, phase.clone()).await;
        let expected = match &phase {
            FaultPhase::InBody => Some(201),
            FaultPhase::Status { status, .. } => Some(*status),
            _ => None,
        };
        assert_eq!(status, expected, "{phase:?}");
        assert_eq!(body.is_some(), matches!(phase, FaultPhase::Status { .. }), "{phase:?}");
        effects += u64::from(phase.has_effect());
        assert_eq!(created(&emulator).await, effects, "{phase:?}");
        until_tasks(before + 2).await;
    }
    emulator.shutdown().await;
    until_tasks(before).await;
}

#[tokio::test]
async fn faults_are_added_listed_and_cleared_from_outside() {
    let (emulator, client) = started().await;
    let path = format!("{CONTROL}/faults");
    let fault = json!({ "phase": "after_effect", "on": "application-post-calls", "nth": 2 });
    let added = client.post(&path, &fault).await;
    assert_eq!((added.status, added.json()), (201, json!({ "fault": "1" })));
    let listed = client.get(&path).await;
    assert_eq!(
        listed.json(),
        json!([{
            "id": "1", "phase": "after_effect", "on": "application-post-calls",
            "nth": 2, "times": 1, "seen": 0, "left": 1,
        }])
    );
    assert_eq!(serde_json::from_str::<Vec<FaultView>>(&listed.text).unwrap(), emulator.faults().await);
    assert_eq!(client.post(CALLS, &create_body()).await.status, 201);
    let mut raw = Raw::connect(&emulator).await;
    raw.send(&client, &Method::POST, CALLS, &create_body()).await;
    assert_eq!(raw.see().await.end, End::Reset);
    assert_eq!(client.get(&path).await.json(), json!([]));
    let applied = client.get(&format!("{CONTROL}/applied")).await.json();
    assert_eq!(applied, json!({ "POST /v1.0/communications/calls http://127.0.0.1:9/one": 2 }));

    assert_eq!(client.post(&path, &fault).await.status, 201);
    assert_eq!(client.delete(&path).await.status, 204);
    assert_eq!(client.get(&path).await.json(), json!([]));
    for (body, code, says) in [
        (
            json!({ "phase": "status", "status": 302 }),
            "bad_fault",
            "`status` of the fault must be 400 to 599",
        ),
        (json!({ "phase": "silence", "on": "answer" }), "bad_fault", "similar: call-answer"),
        (json!({ "phase": "silence", "nth": "two" }), "bad_body", "`nth` must be a whole number from 1"),
        (json!({ "phase": "tomorrow" }), "bad_body", "`phase` must be one of before_connect, during_request"),
    ] {
        let refused = client.post(&path, &body).await;
        let error = &refused.json()["error"];
        assert_eq!((refused.status, error["code"].as_str()), (400, Some(code)), "{body}");
        assert!(error["message"].as_str().unwrap().contains(says), "{error}");
    }
    let put = client.send(&Method::PUT, &path, None, String::new()).await;
    assert_eq!((put.status, &put.headers["allow"]), (405, &"GET, POST or DELETE".parse().unwrap()));
    assert_eq!(client.post(&format!("{CONTROL}/applied"), &json!({})).await.status, 405);
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_lost_answer_is_marked_on_the_ladder_of_its_call() {
    let (emulator, client) = started().await;
    create_under(&emulator, &client, FaultPhase::AfterEffect).await.see().await;
    let marked = traced(&emulator, |one| one.fault.is_some()).await;
    assert_eq!((marked.fault.as_deref(), marked.status), (Some("after_effect"), None));
    let call = emulator.calls().await.remove(0).id;
    assert_eq!(marked.call.as_ref(), Some(&call));
    let ladder = emulator.ladder(&call, graph_calls_emulator::Colour::Never);
    assert!(ladder.contains("✗ 201 Created: call establishing (lost: connection cut"), "{ladder}");
    emulator.shutdown().await;
}
