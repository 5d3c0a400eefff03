//! What can go wrong with a request.

use std::{borrow::Cow, error, fmt, time::Duration};

use bytes::Bytes;
use graph_calls_model::{CallId, ErrorBody, GraphError};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    BoxError, Certainty, ScenarioId, TokenError, TransportError, TransportErrorKind,
    info::{Attempted, LastResponse, ResponseInfo},
};

/// A request that failed: what happened ([`kind`](Self::kind)) and how sure we are that it had no effect
/// ([`certainty`](Self::certainty)), two questions of their own.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    certainty: Certainty,
    name: Cow<'static, str>,
    detail: Cow<'static, str>,
    attempts: u32,
    status: Option<StatusCode>,
    graph: Option<GraphError<'static>>,
    client_request_id: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    correlation: Correlation,
    source: Option<BoxError>,
}

/// What happened, cut by what a caller does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request makes no sense: mend the code.
    Request,
    /// No connection: look at the network.
    Connect,
    /// The connection failed.
    Transport,
    /// No token.
    Auth,
    /// The service answered with an error: see [`Error::status`] and [`Error::graph_error`].
    Status,
    /// The service answered well, but the answer was lost or cannot be read: what was asked for is done.
    Decode,
    /// The time ran out.
    Deadline,
}

/// What identifies the effect of a request whose outcome is unknown, so that it can be looked for.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Correlation {
    /// The key the caller gave the comms operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_context: Option<String>,
    /// The callback URI that the new call was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_uri: Option<String>,
    /// The call that was acted on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<CallId>,
    /// What the request had in common with the others of its call, for the service's support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario_id: Option<ScenarioId>,
}

impl fmt::Debug for Correlation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The query of a callback may hold what proves its sender.
        let without_query = |uri: &String| uri.split('?').next().map(str::to_owned);
        f.debug_struct("Correlation")
            .field("client_context", &self.client_context)
            .field("callback_uri", &self.callback_uri.as_ref().and_then(without_query))
            .field("call_id", &self.call_id)
            .field("scenario_id", &self.scenario_id)
            .finish()
    }
}

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    fn new(kind: ErrorKind, certainty: Certainty, name: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            certainty,
            name: name.into(),
            detail: Cow::Borrowed(""),
            attempts: 0,
            status: None,
            graph: None,
            client_request_id: None,
            request_id: None,
            retry_after: None,
            correlation: Correlation::default(),
            source: None,
        }))
    }

    /// The request makes no sense. For implementors of [`ApiRequest`](crate::ApiRequest).
    pub fn request(name: impl Into<Cow<'static, str>>, source: impl Into<BoxError>) -> Self {
        let mut error = Self::new(ErrorKind::Request, Certainty::Unsent, name);
        error.0.detail = Cow::Borrowed("the request makes no sense");
        error.0.source = Some(source.into());
        error
    }

    /// The answer was good, but it cannot be read. For implementors of [`ApiRequest`](crate::ApiRequest).
    pub fn decode(name: impl Into<Cow<'static, str>>, source: impl Into<BoxError>) -> Self {
        // The head told that it was done; it stays `Unknown` so that nobody takes it for a request without effect.
        let mut error = Self::new(ErrorKind::Decode, Certainty::Unknown, name);
        error.0.detail = Cow::Borrowed("done, but the answer cannot be read");
        error.0.source = Some(source.into());
        error
    }

    /// The error of a response that is no success.
    pub(crate) fn status_of(name: Cow<'static, str>, response: &http::Response<Bytes>) -> Self {
        let status = response.status();
        let certainty = Certainty::of_status(status, crate::layer::says_when(response.headers()));
        let mut error = Self::new(ErrorKind::Status, certainty, name);
        error.0.status = Some(status);
        // A gateway may answer with a page: the status is kept whatever the body is.
        let graph = ErrorBody::read(response.body()).error;
        error.0.graph = graph.map(GraphError::into_owned);
        error.0.request_id = header(response, "request-id")
            .or_else(|| error.0.graph.as_ref()?.request_id())
            .map(str::to_owned);
        error
    }

    /// The error of a request that got no response.
    pub(crate) fn no_response(name: Cow<'static, str>, error: BoxError) -> Self {
        let Attempted { attempts, certainty, last, source } = match error.downcast::<Attempted>() {
            Ok(attempted) => *attempted,
            Err(source) => {
                let certainty = crate::transport::certainty_of(&source);
                Attempted { attempts: 0, certainty, last: None, source }
            }
        };
        let (kind, detail) = if let Some(error) = source.downcast_ref::<TransportError>() {
            match error.kind() {
                TransportErrorKind::Request => (ErrorKind::Request, "the request could not be built"),
                TransportErrorKind::Connect => (ErrorKind::Connect, "no connection to the service"),
                TransportErrorKind::Connection => (ErrorKind::Transport, "the connection failed"),
                TransportErrorKind::TimedOut => (ErrorKind::Deadline, "no answer in time"),
            }
        } else if source.is::<TokenError>() {
            (ErrorKind::Auth, "no token")
        } else if crate::transport::never_sent(&source) {
            (ErrorKind::Request, "the path cannot be used")
        } else {
            (ErrorKind::Transport, "the connection failed")
        };
        let mut error = Self::new(kind, certainty, name);
        error.0.detail = Cow::Borrowed(detail);
        error.0.attempts = attempts;
        error.0.status = last.as_ref().map(|last| last.status);
        error.0.request_id = last.as_ref().and_then(LastResponse::request_id).map(str::to_owned);
        error.0.source = Some(source);
        error
    }

    pub(crate) fn with_response_info(mut self, info: &ResponseInfo) -> Self {
        self.0.attempts = info.attempts;
        self.0.certainty = info.before.map_or(self.0.certainty, |before| before.max(self.0.certainty));
        self.0.retry_after = info.told_to_wait;
        self
    }

    pub(crate) fn with_client_request_id(mut self, id: Option<Uuid>) -> Self {
        self.0.client_request_id = id.map(|id| id.to_string());
        self
    }

    /// What the head of an answer said that cannot be read.
    pub(crate) fn with_head(mut self, head: &LastResponse) -> Self {
        self.0.status.get_or_insert(head.status);
        self.0.request_id = head.request_id().map(str::to_owned);
        self
    }

    pub(crate) fn with_correlation(mut self, correlation: Correlation) -> Self {
        self.0.correlation = correlation;
        self
    }

    /// What happened.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// How sure we are that the request had no effect: the worst over its attempts.
    pub fn certainty(&self) -> Certainty {
        self.0.certainty
    }

    /// The name of the request: that of its reference page.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// How many times it was sent, or tried to.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The status of the last response.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// What Graph said of it, where its body could be read.
    pub fn graph_error(&self) -> Option<&GraphError<'static>> {
        self.0.graph.as_ref()
    }

    /// The service's id of the last attempt, for its support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Our id of the last attempt.
    pub fn client_request_id(&self) -> Option<&str> {
        self.0.client_request_id.as_deref()
    }

    /// How long the service wanted us to wait, where that was longer than the request had time.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What identifies the effect, should it have had one.
    pub fn correlation(&self) -> &Correlation {
        &self.0.correlation
    }

    /// Whether the service had too many requests of this app.
    pub fn is_throttled(&self) -> bool {
        self.0.status == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Whether the call, the participant or the operation is not there, or not any more.
    pub fn is_not_found(&self) -> bool {
        self.0.status == Some(StatusCode::NOT_FOUND)
    }

    /// Whether what was asked for is done, though its answer was lost.
    pub fn is_answer_lost(&self) -> bool {
        self.0.kind == ErrorKind::Decode
    }
}

fn header<'r, B>(response: &'r http::Response<B>, name: &str) -> Option<&'r str> {
    response.headers().get(name)?.to_str().ok()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.0.name)?;
        match self.0.status {
            Some(status) if self.0.kind == ErrorKind::Status => {
                write!(f, "answered {status}")?;
                if let Some(code) = self.0.graph.as_ref().and_then(GraphError::innermost_code) {
                    write!(f, ", code {}", code.escape_debug())?;
                }
            }
            _ => f.write_str(&self.0.detail)?,
        }
        if self.0.attempts > 1 {
            write!(f, ", after {} attempts", self.0.attempts)?;
        }
        if self.0.certainty == Certainty::Unknown && self.0.kind != ErrorKind::Decode {
            f.write_str(", it may have had its effect")?;
        }
        if let Some(wait) = self.0.retry_after {
            write!(f, ", to be tried again in {wait:?}, which is past the deadline")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("name", &self.0.name)
            .field("kind", &self.0.kind)
            .field("certainty", &self.0.certainty)
            .field("attempts", &self.0.attempts)
            .field("status", &self.0.status)
            .field("code", &self.0.graph.as_ref().and_then(GraphError::innermost_code))
            .field("request_id", &self.0.request_id)
            .field("client_request_id", &self.0.client_request_id)
            .field("retry_after", &self.0.retry_after)
            .field("correlation", &self.0.correlation)
            .field("source", &self.0.source)
            .finish()
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}
