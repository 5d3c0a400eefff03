//! For tests of code that uses a client: a transport that follows a script.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http::{Method, StatusCode};
use tower::{service_fn, util::BoxCloneSyncService};

use crate::{BoxError, Certainty, Transport, TransportError, TransportErrorKind, transport::info};

/// A transport that answers by a script, in order, and keeps what it was sent.
///
/// A request that is not the next one of the script fails the test: the transport panics with what was expected.
///
/// # Examples
///
/// See [`Client`](crate::Client).
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

#[derive(Debug)]
struct Step {
    method: Method,
    path: String,
    reply: Result<http::Response<Bytes>, Certainty>,
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
        self.step(method, path, Ok(response))
    }

    /// Fails the next request, this sure that it had no effect.
    #[must_use]
    pub fn fail(self, method: Method, path: &str, certainty: Certainty) -> Self {
        self.step(method, path, Err(certainty))
    }

    fn step(self, method: Method, path: &str, reply: Result<http::Response<Bytes>, Certainty>) -> Self {
        self.lock().steps.push_back(Step { method, path: path.to_owned(), reply });
        self
    }

    /// The transport that follows the script.
    pub fn transport(&self) -> Transport {
        let script = self.clone();
        BoxCloneSyncService::new(service_fn(move |request| {
            let script = script.clone();
            async move { script.take(request) }
        }))
    }

    /// What was sent so far, with all headers.
    pub fn requests(&self) -> Vec<http::Request<Bytes>> {
        self.lock().requests.clone()
    }

    /// Asserts that the whole script was followed.
    ///
    /// # Panics
    ///
    /// When a step of the script is left, or something else was sent.
    #[track_caller]
    pub fn assert_done(&self) {
        let script = self.lock();
        assert_eq!(script.violation, None);
        assert!(script.steps.is_empty(), "not sent: {:?}", script.steps);
    }

    #[expect(clippy::panic, reason = "a request that is not in the script fails the test")]
    fn take(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, BoxError> {
        if let Some(info) = info(&request) {
            info.hand_over();
        }
        let mut script = self.lock();
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let method = request.method().clone();
        script.requests.push(request);
        let expected = match script.steps.pop_front() {
            Some(step) if step.method == method && step.path == path => {
                let failed = |certainty| {
                    BoxError::from(TransportError::new(TransportErrorKind::Connection, certainty, "scripted"))
                };
                return step.reply.map_err(failed);
            }
            Some(step) => format!("{} {}", step.method, step.path),
            None => "nothing more".to_owned(),
        };
        let violation = format!("expected {expected}, got {method} {path}");
        script.violation.get_or_insert_with(|| violation.clone());
        drop(script);
        panic!("{violation}");
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
