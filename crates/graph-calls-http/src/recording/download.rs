//! The download itself: requests, chunks, and what happens when it breaks off.

use std::{
    borrow::Cow,
    fmt,
    future::{Future, IntoFuture, poll_fn},
    io,
    pin::Pin,
    time::Duration,
};

use bytes::Bytes;
use graph_calls_core::{BodyLost, BoxError, Cloud, Transport, TransportError, TransportErrorKind};
use http::{
    HeaderValue, StatusCode, Uri,
    header::{ACCEPT_ENCODING, AUTHORIZATION, IF_RANGE, RANGE},
};
use secrecy::ExposeSecret as _;
use tokio::{
    io::AsyncWrite,
    time::{Instant, sleep, timeout_at},
};
use tower::ServiceExt as _;

use super::{
    DownloadError, DownloadErrorKind as Kind, DownloadSettings, Recording,
    answer::{self, Answer, Known},
    location,
};
use crate::body::{Chunks, Unread};

const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A download that has not begun: await it. See [`Connection::download`](crate::Connection::download).
#[must_use = "nothing is sent before it is awaited"]
#[derive(Clone)]
pub struct Download {
    transport: Transport,
    cloud: Cloud,
    recording: Recording,
    settings: DownloadSettings,
    offset: u64,
    known: Known,
}

impl Download {
    pub(crate) fn new(transport: Transport, cloud: &Cloud, recording: &Recording) -> Self {
        Self {
            transport,
            cloud: cloud.clone(),
            recording: recording.clone(),
            settings: DownloadSettings::new(),
            offset: 0,
            known: Known::default(),
        }
    }

    /// With other limits.
    pub fn with_settings(self, settings: &DownloadSettings) -> Self {
        Self { settings: settings.clone(), ..self }
    }

    /// Leaves out the first bytes, which an earlier download got: [`DownloadError::received`] had their number.
    pub fn resume_from(self, received: u64) -> Self {
        Self { offset: received, ..self }
    }

    /// Only if it is the same recording still, as told by what [`RecordingDownload::validator`] gave the first time.
    /// Without it the number of bytes is all that [`resume_from`](Self::resume_from) goes by, and a recording that
    /// changes before its first byte came is taken as it is then.
    pub fn if_unchanged(self, validator: HeaderValue) -> Self {
        Self { known: Known::by(validator), ..self }
    }

    async fn start(self) -> Result<RecordingDownload, DownloadError> {
        let Self { transport, cloud, recording, settings, offset, known } = self;
        let uri = location::check(recording.location.expose_secret(), &cloud, &settings.allowed_hosts)
            .map_err(|why| DownloadError::new(Kind::Location, format!("its location is refused: {why}")))?;
        let ends = after(settings.total_timeout);
        let mut download = RecordingDownload {
            transport,
            uri,
            authorization: recording.authorization,
            repeats_left: settings.repeats,
            settings,
            promised: known.clone(),
            known,
            held: Bytes::new(),
            received: offset,
            ends,
            setbacks: 0,
            moved: false,
            fresh_connection: false,
            state: State::Broken,
        };
        download.open().await?;
        Ok(download)
    }
}

impl IntoFuture for Download {
    type Output = Result<RecordingDownload, DownloadError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("recording", &self.recording)
            .field("settings", &self.settings)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

/// A recording on its way, chunk by chunk: no more than a chunk of it is kept.
///
/// What breaks off is resumed where it was, on a new connection, if the recording is the same still, as a strong `ETag`
/// or a date tells. A dropped [`chunk`](Self::chunk) or [`write_to`](Self::write_to) loses nothing. See [`Connection::download`](crate::Connection::download).
pub struct RecordingDownload {
    transport: Transport,
    uri: Uri,
    authorization: HeaderValue,
    settings: DownloadSettings,
    /// What the caller knows it by.
    promised: Known,
    known: Known,
    /// What came and was not handed over yet.
    held: Bytes,
    received: u64,
    ends: Instant,
    repeats_left: u32,
    /// Failures in a row of which nothing came.
    setbacks: u32,
    /// Whether anything came of the last answer.
    moved: bool,
    fresh_connection: bool,
    state: State,
}

enum State {
    Open(Open),
    /// To be asked for again, from where it is.
    Broken,
    Ended,
    Failed(Kind),
}

struct Open {
    chunks: Chunks,
    /// Where in the recording this body ends, where that was told.
    until: Option<u64>,
    tells_end: bool,
}

/// What went wrong once, and may not the next time.
struct Setback {
    message: String,
    kind: Kind,
    status: Option<StatusCode>,
    told: Option<Duration>,
    source: Option<BoxError>,
}

impl Setback {
    fn broke(message: impl Into<String>, source: Option<BoxError>) -> Self {
        Self { message: message.into(), kind: Kind::Connection, status: None, told: None, source }
    }
}

impl RecordingDownload {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    ///
    /// See [`DownloadErrorKind`](crate::DownloadErrorKind). A download that failed once stays failed; another may go on
    /// from where this one came to.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, DownloadError> {
        if !self.fill().await? {
            return Ok(None);
        }
        let chunk = std::mem::take(&mut self.held);
        self.count(chunk.len());
        Ok(Some(chunk))
    }

    /// Writes what is left of it; gives the number of bytes written.
    ///
    /// Dropped before its end, it has written [`received`](Self::received) bytes, and another goes on from there.
    ///
    /// # Errors
    ///
    /// As for [`chunk`](Self::chunk), and [`DownloadErrorKind::Write`](crate::DownloadErrorKind::Write) with the
    /// writer's error as its source.
    pub async fn write_to<W>(&mut self, writer: &mut W) -> Result<u64, DownloadError>
    where
        W: AsyncWrite + Unpin + ?Sized,
    {
        let mut written = 0_u64;
        while self.fill().await? {
            let count = match poll_fn(|cx| Pin::new(&mut *writer).poll_write(cx, &self.held)).await {
                Ok(0) => return Err(self.unwritten(io::ErrorKind::WriteZero.into())),
                Ok(count) => count.min(self.held.len()),
                Err(error) => return Err(self.unwritten(error)),
            };
            drop(self.held.split_to(count));
            written += self.count(count);
        }
        poll_fn(|cx| Pin::new(&mut *writer).poll_flush(cx)).await.map_err(|error| self.unwritten(error))?;
        Ok(written)
    }

    /// How many bytes the whole recording has, where that was told. Before the first byte came this may change.
    pub fn content_length(&self) -> Option<u64> {
        self.known.total
    }

    /// How many bytes of it were handed over, from its beginning: those that were left out count.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// What recognises the recording, for [`Download::if_unchanged`]: its strong `ETag`, else its date. Another place
    /// may have the same, which [`Recording::fingerprint`] tells.
    pub fn validator(&self) -> Option<&HeaderValue> {
        self.known.validator()
    }

    /// Sees to it that some bytes are held; says whether there are any.
    async fn fill(&mut self) -> Result<bool, DownloadError> {
        let mut silent_until = after(self.settings.idle_timeout);
        loop {
            if !self.held.is_empty() {
                return Ok(true);
            }
            let open = match &mut self.state {
                State::Open(open) => open,
                State::Broken => {
                    self.open().await?;
                    silent_until = after(self.settings.idle_timeout);
                    continue;
                }
                State::Ended => return Ok(false),
                State::Failed(kind) => {
                    let kind = *kind;
                    return Err(self.failed(kind, "the download failed before"));
                }
            };
            // A time-out asks what it bounds first, so that chunks which are always there would outrun it.
            let next = if Instant::now() < self.ends {
                timeout_at(self.ends.min(silent_until), open.chunks.next()).await.ok()
            } else {
                None
            };
            let setback = match next {
                Some(Some(Ok(chunk))) if chunk.is_empty() => {
                    tokio::task::yield_now().await;
                    continue;
                }
                Some(Some(Ok(chunk))) => {
                    self.hold(chunk)?;
                    continue;
                }
                Some(Some(Err(source))) => Setback::broke("it broke off", Some(source)),
                Some(None) => match self.end() {
                    None => return Ok(false),
                    Some(setback) => setback,
                },
                None => Setback::broke("nothing more came in time", None),
            };
            if self.received > 0 && self.known.validator().is_none() {
                let message = "it broke off and cannot be resumed: nothing was told to recognise it by";
                return Err(self.failed(Kind::NotResumable, message).with_source(setback.source));
            }
            self.wait(setback).await?;
        }
    }

    fn hold(&mut self, chunk: Bytes) -> Result<(), DownloadError> {
        let State::Open(open) = &self.state else { return Ok(()) };
        let comes_to = self.received.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if open.until.is_some_and(|until| comes_to > until) {
            return Err(self.failed(Kind::Answer, "more came than was told"));
        }
        if comes_to > self.settings.max_bytes {
            return Err(self.too_long());
        }
        (self.held, self.setbacks, self.moved) = (chunk, 0, true);
        if self.known.total == Some(comes_to) {
            self.state = State::Ended;
        }
        Ok(())
    }

    /// Counts bytes that were handed over; gives their number.
    fn count(&mut self, bytes: usize) -> u64 {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.received = self.received.saturating_add(bytes);
        bytes
    }

    /// What to make of a body that ended: nothing, where that is the end of the recording.
    fn end(&mut self) -> Option<Setback> {
        let State::Open(open) = &self.state else { return None };
        let whole = match self.known.total {
            Some(total) => total == self.received,
            None => open.tells_end && open.until.is_none(),
        };
        if whole {
            self.state = State::Ended;
            return None;
        }
        Some(Setback::broke("it ended too early", None))
    }

    /// Asks for what is left until there is an answer to go on with.
    async fn open(&mut self) -> Result<(), DownloadError> {
        loop {
            let until = self.ends.min(after(self.settings.head_timeout));
            if self.received == 0 {
                // Nothing of it was handed over: it may be another one by now.
                self.known = self.promised.clone();
            }
            let asked = self.request();
            let setback = match timeout_at(until, self.transport.clone().oneshot(asked)).await {
                Ok(Ok(response)) => match self.read_head(response)? {
                    None => return Ok(()),
                    Some(setback) => setback,
                },
                Ok(Err(error)) if is_hopeless(&error) => {
                    return Err(self
                        .failed(Kind::Connection, "it cannot be requested")
                        .with_source(Some(error)));
                }
                Ok(Err(error)) => Setback::broke("no answer", Some(error)),
                Err(_) => Setback::broke("no answer in time", None),
            };
            self.wait(setback).await?;
        }
    }

    fn request(&self) -> http::Request<Bytes> {
        let mut request = http::Request::new(Bytes::new());
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        // Parts are counted in the recording's own bytes.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if self.received > 0 {
            if let Ok(range) = HeaderValue::try_from(format!("bytes={}-", self.received)) {
                headers.insert(RANGE, range);
            }
            if let Some(validator) = self.known.validator() {
                headers.insert(IF_RANGE, validator.clone());
            }
        }
        request.extensions_mut().insert(Unread { fresh_connection: self.fresh_connection });
        request
    }

    /// Goes on with an answer, or says why not yet.
    fn read_head(&mut self, response: http::Response<Bytes>) -> Result<Option<Setback>, DownloadError> {
        let (mut head, whole) = response.into_parts();
        let status = head.status;
        let refused = |error: DownloadError| Err(error.with_status(Some(status)));
        match answer::judge(&head, self.received, &self.known) {
            Answer::Body { known, until, tells_end } => {
                self.known = known;
                let longest = self.known.total.max(until);
                if longest.is_some_and(|longest| longest > self.settings.max_bytes) {
                    return refused(self.too_long());
                }
                let lost = head.extensions.remove::<BodyLost>();
                let (chunks, tells_end) = match (Chunks::take(&mut head.extensions), lost) {
                    (Some(chunks), _) => (chunks, tells_end),
                    (None, Some(lost)) => {
                        return Ok(Some(Setback::broke("it broke off", Some(lost.0.into()))));
                    }
                    // A transport that is not ours has read all of it.
                    (None, None) => (Chunks::whole(whole), true),
                };
                self.state = State::Open(Open { chunks, until, tells_end });
                if self.known.total == Some(self.received) {
                    self.state = State::Ended;
                }
                Ok(None)
            }
            Answer::Complete(known) => {
                self.known = known;
                self.state = State::Ended;
                Ok(None)
            }
            Answer::Later(told) => Ok(Some(Setback {
                message: format!("answered {status}"),
                kind: Kind::Status,
                status: Some(status),
                told,
                source: None,
            })),
            Answer::Refused(kind, message) => refused(self.failed(kind, message)),
        }
    }

    /// Waits before the next request, if there is to be one.
    async fn wait(&mut self, setback: Setback) -> Result<(), DownloadError> {
        let Setback { message, kind, status, told, source } = setback;
        self.state = State::Broken;
        self.fresh_connection = true;
        let now = Instant::now();
        // What broke off after something came is resumed at once: the other side was well a moment ago.
        let own = if std::mem::take(&mut self.moved) {
            Duration::ZERO
        } else {
            self.setbacks = self.setbacks.saturating_add(1);
            backoff(self.setbacks)
        };
        // A wait shorter than our own bounds nothing.
        let told = told.filter(|told| *told >= FIRST_WAIT);
        let wait = told.map_or(own, |told| told.max(own));
        let error = if now >= self.ends {
            self.failed(Kind::Deadline, format!("the time was up: {message}"))
        } else if let Some(told) = told.filter(|_| now + wait >= self.ends) {
            let seconds = told.as_secs_f64();
            self.failed(kind, format!("{message}, to be asked again in {seconds} s, which is too late"))
                .with_retry_after(Some(told))
        } else if told.is_none() && self.repeats_left == 0 {
            self.failed(kind, message)
        } else if now + wait >= self.ends {
            self.failed(Kind::Deadline, format!("no time is left to ask again: {message}"))
        } else {
            self.repeats_left -= u32::from(told.is_none());
            tracing::debug!(received = self.received, ?wait, message, "the recording is asked for again");
            sleep(wait).await;
            return Ok(());
        };
        Err(error.with_status(status).with_source(source))
    }

    fn failed(&mut self, kind: Kind, message: impl Into<Cow<'static, str>>) -> DownloadError {
        self.state = State::Failed(kind);
        DownloadError::new(kind, message).with_progress(self.received, self.known.total)
    }

    fn too_long(&mut self) -> DownloadError {
        let most = self.settings.max_bytes;
        self.failed(Kind::TooLong, format!("it is longer than {most} bytes, the most that is taken"))
    }

    fn unwritten(&mut self, error: io::Error) -> DownloadError {
        self.held.clear();
        self.failed(Kind::Write, "it cannot be written").with_source(Some(error.into()))
    }
}

/// A time-out of a caller who wants none may be longer than a clock runs.
fn after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now + FOR_EVER)
}

fn backoff(setbacks: u32) -> Duration {
    let doublings = setbacks.saturating_sub(1).min(8);
    FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}

/// Whether another attempt would come to the same.
fn is_hopeless(error: &BoxError) -> bool {
    error.downcast_ref::<TransportError>().is_some_and(|error| error.kind() == TransportErrorKind::Request)
}

impl fmt::Debug for RecordingDownload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingDownload")
            .field("received", &self.received)
            .field("content_length", &self.known.total)
            .finish_non_exhaustive()
    }
}
