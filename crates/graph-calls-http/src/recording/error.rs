//! Why a recording did not come.

use std::{borrow::Cow, error, fmt, time::Duration};

use graph_calls_core::BoxError;
use http::StatusCode;

/// Why a recording did not come, or not to its end. It names neither the location nor the token.
pub struct DownloadError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: DownloadErrorKind,
    message: Cow<'static, str>,
    received: u64,
    total: Option<u64>,
    status: Option<StatusCode>,
    retry_after: Option<Duration>,
    source: Option<BoxError>,
}

/// What to do about a recording that did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DownloadErrorKind {
    /// The operation is no finished recording, or names no location or no token. Nothing was sent.
    NoRecording,
    /// The location is none that the token may go to. Nothing was sent.
    Location,
    /// The token has expired or is not for this recording: 401 or 403. Only the service can give another.
    Token,
    /// The service has discarded the recording: 404 or 410. It does so shortly after the call.
    Gone,
    /// Another status, a redirect among them: [`DownloadError::status`] has it.
    Status,
    /// What was answered makes no sense, such as a body that is encoded.
    Answer,
    /// It is longer than [`DownloadSettings::with_max_bytes`](crate::DownloadSettings::with_max_bytes) allows.
    TooLong,
    /// What is left cannot be had: the recording changed, or the service does not send parts. Begin anew.
    NotResumable,
    /// The connection failed, again and again. Go on with [`Download::resume_from`](crate::Download::resume_from).
    Connection,
    /// The time was up. Go on with [`Download::resume_from`](crate::Download::resume_from).
    Deadline,
    /// What came could not be written.
    Write,
}

impl DownloadError {
    pub(super) fn new(kind: DownloadErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            received: 0,
            total: None,
            status: None,
            retry_after: None,
            source: None,
        }))
    }

    pub(super) fn with_progress(mut self, received: u64, total: Option<u64>) -> Self {
        (self.0.received, self.0.total) = (received, total);
        self
    }

    pub(super) fn with_status(mut self, status: Option<StatusCode>) -> Self {
        self.0.status = status;
        self
    }

    pub(super) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.0.retry_after = retry_after;
        self
    }

    pub(super) fn with_source(mut self, source: Option<BoxError>) -> Self {
        self.0.source = source;
        self
    }

    /// What to do about it.
    pub fn kind(&self) -> DownloadErrorKind {
        self.0.kind
    }

    /// How many bytes of the recording were handed over before, from its beginning: where to go on.
    pub fn received(&self) -> u64 {
        self.0.received
    }

    /// How many bytes the recording has, where that was told.
    pub fn total(&self) -> Option<u64> {
        self.0.total
    }

    /// The last status, where there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// How long the service wants to be left alone, where that is longer than the download may take.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for DownloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "recording: {}", self.0.message)?;
        match (self.0.received, self.0.total) {
            (0, None) => Ok(()),
            (received, Some(total)) => write!(f, "; {received} of {total} bytes had come"),
            (received, None) => write!(f, "; {received} bytes had come"),
        }
    }
}

impl fmt::Debug for DownloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl error::Error for DownloadError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}
