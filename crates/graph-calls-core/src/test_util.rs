//! For tests of code that uses a client: a transport that follows a script.

use std::{
    collections::VecDeque,
    fmt,
    future::pending,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tower::{service_fn, util::BoxCloneSyncService};

use crate::{BoxError, Certainty, Transport, TransportError, TransportErrorKind, transport::info};

/// A transport that answers by a script, in order, and keeps what it was sent.
///
/// A request that is not the next one of the script fails the test: the transport panics with what was expected.
///
/// # Examples
///
/// A step begins with what is answered: [`answer`](Self::answer), [`respond`](Self::respond), [`fail`](Self::fail) or
/// [`silence`](Self::silence). What follows says more of that step: what its request must look like, and when the
/// answer comes. Delays are in tokio's time, which a test may pause.
///
/// ```
/// use std::time::Duration;
///
/// use graph_calls_core::{
///     Certainty, Client, FixedToken, GetCall, RejectCall,
///     model::{CallId, RejectReason},
///     test_util::ScriptedTransport,
/// };
/// use http::{Method, StatusCode};
/// use serde_json::{Value, json};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
/// let call = || CallId::new("57dab8b1");
/// let script = ScriptedTransport::new()
///     .answer(Method::POST, "/v1.0/communications/calls/57dab8b1/reject", StatusCode::ACCEPTED, "")
///     .with_body(json!({"reason": "busy"}))
///     .with_header("authorization", "Bearer t")
///     .expect("has an id of its own", |request| request.headers().contains_key("client-request-id"))
///     .after(Duration::from_secs(2))
///     .silence(Method::GET, "/v1.0/communications/calls/57dab8b1");
/// let token = FixedToken::new("t")?;
/// let client = Client::builder(script.transport()).token(token).total_timeout(Duration::from_secs(9)).build();
///
/// client.send(RejectCall::new(call()?, RejectReason::Busy)).await?;
/// assert_eq!(script.body_of::<Value>(0)["reason"], "busy");
///
/// let error = client.send(GetCall::new(call()?)).await.err().ok_or("nobody answers")?;
/// assert_eq!(error.certainty(), Certainty::Unknown);
/// script.assert_done();
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ScriptedTransport {
    script: Arc<Mutex<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    steps: VecDeque<Step>,
    /// A panic inside a spawned task is seen by nobody: it is kept for `assert_done`.
    violation: Option<String>,
    requests: Vec<http::Request<Bytes>>,
}

struct Step {
    method: Method,
    path: String,
    checks: Vec<Check>,
    delay: Duration,
    reply: Reply,
}

type Predicate = Box<dyn Fn(&http::Request<Bytes>) -> bool + Send>;

enum Check {
    Body(Value),
    Header(HeaderName, HeaderValue),
    That(String, Predicate),
}

enum Reply {
    Answer(http::Response<Bytes>),
    Failure(Certainty),
    Silence,
}

impl ScriptedTransport {
    /// An empty script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers the next request, which must have this method and this path (with version and query).
    #[must_use]
    pub fn answer(self, method: Method, path: &str, status: StatusCode, body: impl Into<Bytes>) -> Self {
        let mut response = http::Response::new(body.into());
        *response.status_mut() = status;
        self.respond(method, path, response)
    }

    /// Answers the next request with a whole response.
    #[must_use]
    pub fn respond(self, method: Method, path: &str, response: http::Response<Bytes>) -> Self {
        self.step(method, path, Reply::Answer(response))
    }

    /// Fails the next request, this sure that it had no effect.
    #[must_use]
    pub fn fail(self, method: Method, path: &str, certainty: Certainty) -> Self {
        self.step(method, path, Reply::Failure(certainty))
    }

    /// Takes the next request and never answers: whoever sent it waits until its time runs out.
    #[must_use]
    pub fn silence(self, method: Method, path: &str) -> Self {
        self.step(method, path, Reply::Silence)
    }

    /// The request of the step before must have this JSON body. Spaces and the order of members do not count.
    ///
    /// # Panics
    ///
    /// When there is no step before, or this is no JSON.
    #[must_use]
    #[track_caller]
    pub fn with_body(self, json: impl Serialize) -> Self {
        match serde_json::to_value(json) {
            Ok(json) => self.check(Check::Body(json)),
            Err(error) => misused(&format!("this is no JSON: {error}")),
        }
    }

    /// The request of the step before must have this header.
    ///
    /// # Panics
    ///
    /// When there is no step before, or no header can have this name or this value.
    #[must_use]
    #[track_caller]
    pub fn with_header(self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => self.check(Check::Header(name, value)),
            _ => misused(&format!("`{name}: {value}` is no header")),
        }
    }

    /// The request of the step before must be as this says; `what` ends the sentence "the request ...".
    ///
    /// # Panics
    ///
    /// When there is no step before.
    #[must_use]
    #[track_caller]
    pub fn expect(
        self,
        what: impl Into<String>,
        is_so: impl Fn(&http::Request<Bytes>) -> bool + Send + 'static,
    ) -> Self {
        self.check(Check::That(what.into(), Box::new(is_so)))
    }

    /// The answer or failure of the step before comes after this time.
    ///
    /// # Panics
    ///
    /// When there is no step before.
    #[must_use]
    #[track_caller]
    pub fn after(self, delay: Duration) -> Self {
        self.last(|step| step.delay = delay)
    }

    #[track_caller]
    fn check(self, check: Check) -> Self {
        self.last(|step| step.checks.push(check))
    }

    #[track_caller]
    fn last(self, change: impl FnOnce(&mut Step)) -> Self {
        let is_changed = self.lock().steps.back_mut().map(change).is_some();
        if is_changed { self } else { misused("there is no step yet that this could belong to") }
    }

    fn step(self, method: Method, path: &str, reply: Reply) -> Self {
        let (path, checks, delay) = (path.to_owned(), Vec::new(), Duration::ZERO);
        self.lock().steps.push_back(Step { method, path, checks, delay, reply });
        self
    }

    /// The transport that follows the script.
    pub fn transport(&self) -> Transport {
        let script = self.clone();
        BoxCloneSyncService::new(service_fn(move |request| {
            let script = script.clone();
            async move { script.take(request).reply().await }
        }))
    }

    /// What was sent so far, with all headers.
    pub fn requests(&self) -> Vec<http::Request<Bytes>> {
        self.lock().requests.clone()
    }

    /// The JSON body of a request that was sent; the first one is number 0.
    ///
    /// # Panics
    ///
    /// When fewer were sent, or its body cannot be read.
    #[track_caller]
    pub fn body_of<T: DeserializeOwned>(&self, number: usize) -> T {
        let script = self.lock();
        let Some(request) = script.requests.get(number) else {
            let sent = script.requests.len();
            misused(&format!("there is no request {number}: {sent} were sent"))
        };
        serde_json::from_slice(request.body()).unwrap_or_else(|error| {
            let body = String::from_utf8_lossy(request.body());
            misused(&format!("the body of {} cannot be read: {error}: {body}", line_of(request)))
        })
    }

    /// Asserts that the whole script was followed.
    ///
    /// # Panics
    ///
    /// When a step of the script is left, or something else was sent.
    #[track_caller]
    pub fn assert_done(&self) {
        let script = self.lock();
        if let Some(violation) = &script.violation {
            misused(violation);
        }
        assert!(script.steps.is_empty(), "not sent: {:?}", script.steps);
    }

    #[expect(clippy::panic, reason = "a request that is not in the script fails the test")]
    fn take(&self, request: http::Request<Bytes>) -> Step {
        if let Some(info) = info(&request) {
            info.hand_over();
        }
        let mut script = self.lock();
        let number = script.requests.len();
        let violation = match script.steps.pop_front() {
            Some(step) if step.is_for(&request) => match step.differences(&request) {
                differences if differences.is_empty() => {
                    script.requests.push(request);
                    return step;
                }
                differences => format!(
                    "request {number} is not as scripted: {}\n  {}",
                    line_of(&request),
                    differences.join("\n  ")
                ),
            },
            Some(step) => format!("expected {step:?}, got {}", line_of(&request)),
            None => format!("expected nothing more, got {}", line_of(&request)),
        };
        script.requests.push(request);
        script.violation.get_or_insert_with(|| violation.clone());
        drop(script);
        panic!("{violation}");
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::panic, reason = "a test that is wrong fails")]
#[track_caller]
fn misused(why: &str) -> ! {
    panic!("{why}")
}

/// Method and path, with version and query.
fn line_of(request: &http::Request<Bytes>) -> String {
    format!("{} {}", request.method(), path_of(request))
}

fn path_of(request: &http::Request<Bytes>) -> &str {
    request.uri().path_and_query().map_or("/", |path| path.as_str())
}

impl Step {
    fn is_for(&self, request: &http::Request<Bytes>) -> bool {
        self.method == request.method() && self.path == path_of(request)
    }

    fn differences(&self, request: &http::Request<Bytes>) -> Vec<String> {
        let mut found = Vec::new();
        for check in &self.checks {
            match check {
                Check::Body(expected) => {
                    if let Ok(got) = serde_json::from_slice(request.body()) {
                        compare(expected, &got, "", &mut found);
                    } else {
                        let got = String::from_utf8_lossy(request.body());
                        found.push(format!("body: expected {expected}, got what is no JSON: {got:?}"));
                    }
                }
                Check::Header(name, expected) => {
                    // Debug prints no header that is marked sensitive.
                    let got: Vec<_> = request.headers().get_all(name).iter().collect();
                    if got != [expected] {
                        found.push(format!("header {name}: expected {expected:?}, got {got:?}"));
                    }
                }
                Check::That(what, is_so) => {
                    if !is_so(request) {
                        found.push(format!("it is not so that the request {what}"));
                    }
                }
            }
        }
        found
    }

    async fn reply(self) -> Result<http::Response<Bytes>, BoxError> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        match self.reply {
            Reply::Answer(response) => Ok(response),
            Reply::Failure(certainty) => {
                Err(TransportError::new(TransportErrorKind::Connection, certainty, "scripted").into())
            }
            Reply::Silence => pending().await,
        }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Says at which members two bodies differ.
fn compare(expected: &Value, got: &Value, at: &str, found: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            for (name, expected) in expected {
                match got.get(name) {
                    Some(got) => compare(expected, got, &format!("{at}/{name}"), found),
                    None => found.push(format!("body {at}/{name}: expected {expected}, got none")),
                }
            }
            for (name, got) in got.iter().filter(|(name, _)| !expected.contains_key(*name)) {
                found.push(format!("body {at}/{name}: expected none, got {got}"));
            }
        }
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => {
            for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
                compare(expected, got, &format!("{at}/{index}"), found);
            }
        }
        _ if expected == got => {}
        _ => found
            .push(format!("body {}: expected {expected}, got {got}", if at.is_empty() { "/" } else { at })),
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use futures_util::FutureExt as _;
    use serde_json::json;
    use tokio::time::{Instant, timeout};
    use tower::ServiceExt as _;

    use super::*;

    fn post(path: &str, body: impl Into<Bytes>) -> http::Request<Bytes> {
        http::Request::post(path).header("x-one", "1").body(body.into()).unwrap()
    }

    async fn violation(script: &ScriptedTransport, request: http::Request<Bytes>) -> String {
        let sending = AssertUnwindSafe(script.transport().oneshot(request)).catch_unwind();
        let panic = sending.await.expect_err("a panic");
        let kept = std::panic::catch_unwind(AssertUnwindSafe(|| script.assert_done())).expect_err("kept");
        let message = panic.downcast_ref::<String>().cloned().unwrap();
        assert_eq!(kept.downcast_ref::<String>(), Some(&message));
        message
    }

    fn script() -> ScriptedTransport {
        ScriptedTransport::new().answer(Method::POST, "/a?b", StatusCode::OK, "")
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_expected_of_a_request_may_be_said_in_any_number_of_ways() {
        let script = script()
            .with_body(json!({"b": [1, {"c": null}], "a": "x"}))
            .with_header("X-One", "1")
            .expect("is a POST", |request| request.method() == Method::POST)
            .after(Duration::from_secs(3));
        let began = Instant::now();
        let request = post("/a?b", r#"{ "a": "x", "b": [1, {"c": null}] }"#);
        let response = script.transport().oneshot(request).await.unwrap();
        assert_eq!((response.status(), began.elapsed()), (StatusCode::OK, Duration::from_secs(3)));
        assert_eq!(script.body_of::<Value>(0)["a"], "x");
        script.assert_done();
    }

    #[tokio::test]
    async fn a_body_that_differs_is_shown_member_by_member() {
        let script = script()
            .with_body(json!({"reason": "busy", "list": [1, 2], "deep": {"a": 1}, "short": []}))
            .with_header("x-one", "2")
            .with_header("x-two", "1")
            .expect("is empty", |request| request.body().is_empty());
        let body = r#"{"reason":"none","list":[1,3],"deep":{"b":1},"short":[1]}"#;
        assert_eq!(
            violation(&script, post("/a?b", body)).await,
            r#"request 0 is not as scripted: POST /a?b
  body /deep/a: expected 1, got none
  body /deep/b: expected none, got 1
  body /list/1: expected 2, got 3
  body /reason: expected "busy", got "none"
  body /short: expected [], got [1]
  header x-one: expected "2", got ["1"]
  header x-two: expected "1", got []
  it is not so that the request is empty"#
        );
    }

    #[tokio::test]
    async fn a_body_that_is_no_json_and_a_request_out_of_turn_are_said_so() {
        let no_json = script().with_body(json!({}));
        assert!(violation(&no_json, post("/a?b", "x")).await.ends_with("got what is no JSON: \"x\""));
        assert_eq!(violation(&script(), post("/a", "")).await, "expected POST /a?b, got POST /a");
        let empty = ScriptedTransport::new();
        assert_eq!(violation(&empty, post("/a", "")).await, "expected nothing more, got POST /a");
    }

    #[tokio::test]
    async fn a_secret_header_is_not_shown() {
        let script = script().with_header("authorization", "x");
        let mut request = post("/a?b", "");
        let mut value = HeaderValue::from_static("Bearer s3cret");
        value.set_sensitive(true);
        request.headers_mut().insert("authorization", value);
        assert!(!violation(&script, request).await.contains("s3cret"));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_never_ends_and_counts_as_followed() {
        let script = ScriptedTransport::new().silence(Method::POST, "/a");
        let sending = script.transport().oneshot(post("/a", ""));
        assert!(timeout(Duration::from_secs(1_000_000), sending).await.is_err());
        script.assert_done();
    }

    #[test]
    #[should_panic(expected = "there is no step yet")]
    fn what_belongs_to_no_step_fails_the_test() {
        let _ = ScriptedTransport::new().after(Duration::ZERO);
    }

    #[test]
    #[should_panic(expected = "there is no request 1: 0 were sent")]
    fn a_body_that_was_not_sent_fails_the_test() {
        script().body_of::<Value>(1);
    }
}
