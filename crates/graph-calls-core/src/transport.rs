//! What carries a request, and what it tells about a failure.

use std::{error, fmt};

use bytes::Bytes;
use tower::util::BoxCloneSyncService;

use crate::{
    Certainty, RequestInfo, TokenError,
    layer::{DeprecatedPath, InvalidTarget},
};

/// Any error.
pub type BoxError = Box<dyn error::Error + Send + Sync>;

/// What carries a request: any service, boxed.
///
/// Just before it hands a request over for good, it calls [`RequestInfo::hand_over`]: a time-out before that is
/// *unsent*, one after it *unknown*. It fails with a [`TransportError`]; any other error counts as *unknown*. It
/// follows no redirects and repeats nothing.
pub type Transport = BoxCloneSyncService<http::Request<Bytes>, http::Response<Bytes>, BoxError>;

/// How a transport failed, and how sure it is that the request had no effect.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    certainty: Certainty,
    source: Option<BoxError>,
}

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The request could not be built or written.
    Request,
    /// No connection came about.
    Connect,
    /// The connection failed.
    Connection,
    /// The time ran out.
    TimedOut,
}

impl TransportError {
    /// A failure, with how sure the transport is.
    pub fn new(kind: TransportErrorKind, certainty: Certainty, source: impl Into<BoxError>) -> Self {
        Self { kind, certainty, source: Some(source.into()) }
    }

    /// The time ran out before or after the request was handed over.
    pub(crate) fn timed_out(handed_over: bool) -> Self {
        let certainty = if handed_over { Certainty::Unknown } else { Certainty::Unsent };
        Self { kind: TransportErrorKind::TimedOut, certainty, source: None }
    }

    /// What failed.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// How sure the transport is that the request had no effect.
    pub fn certainty(&self) -> Certainty {
        self.certainty
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.kind, self.certainty) {
            (TransportErrorKind::Request, _) => "the request could not be built",
            (TransportErrorKind::Connect, _) => "no connection",
            (TransportErrorKind::Connection, Certainty::Unsent) => "the connection was refused",
            (TransportErrorKind::Connection, _) => "the connection failed",
            (TransportErrorKind::TimedOut, Certainty::Unsent) => "no time was left to send it",
            (TransportErrorKind::TimedOut, _) => "no answer in time",
        })
    }
}

impl error::Error for TransportError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

/// Put into a response's extensions by a transport that read the head but lost the body.
///
/// The status then still decides what happened to the request.
#[derive(Debug, Clone)]
pub struct BodyLost(pub String);

/// How sure an error of any layer is. What fails above the transport was not sent.
pub(crate) fn certainty_of(error: &BoxError) -> Certainty {
    match error.downcast_ref::<TransportError>() {
        Some(error) => error.certainty(),
        None if never_sent(error) || error.is::<TokenError>() => Certainty::Unsent,
        None => Certainty::Unknown,
    }
}

/// Whether a layer refused the request, so that another attempt would come to the same.
pub(crate) fn never_sent(error: &BoxError) -> bool {
    error.downcast_ref::<TokenError>().is_some_and(|error| !error.is_transient())
        || error
            .downcast_ref::<TransportError>()
            .is_some_and(|error| error.kind() == TransportErrorKind::Request)
        || error.is::<InvalidTarget>()
        || error.is::<DeprecatedPath>()
}

pub(crate) fn info<B>(request: &http::Request<B>) -> Option<&RequestInfo> {
    request.extensions().get::<RequestInfo>()
}
