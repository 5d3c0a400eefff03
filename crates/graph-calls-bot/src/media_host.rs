//! Media that somebody else moves: a media host beside the bot.

use std::{fmt, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use graph_calls_core::{BoxError, model::Modality};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, timeout_at};

use crate::{CallRef, CommandError};

/// After how long a host that failed is asked once more.
const AGAIN: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// What moves the media of calls that the service does not host: the bot itself moves none.
///
/// A handler opens a session and answers with it ([`Answer::hosted_media`](crate::Answer::hosted_media)); the bot does the
/// rest. [`call.start_recording()`](crate::CallContext::start_recording) has media persisted once everybody was told so,
/// [`stop_recording`](crate::CallContext::stop_recording) no more before they are told that; the call's end closes the
/// session. What the bot asks for is kept before it is done and asked again after a crash, so each may come twice for one
/// session: what is so already is no error.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use async_trait::async_trait;
/// use graph_calls_bot::{
///     Answer, CallContext, CallEvent, CallHandler, CallRef, HandlerError, MediaHost, MediaHostError, MediaSession,
///     model::{IdentitySet, Modality}, test_util::BotTest,
/// };
///
/// /// Talks to a process with the vendor's media library.
/// struct Library;
///
/// #[async_trait]
/// impl MediaHost for Library {
///     async fn open(&self, call: &CallRef, _want: &[Modality<'static>]) -> Result<MediaSession, MediaHostError> {
///         Ok(MediaSession::new(call.to_string(), "what the library made"))
///     }
///     async fn persist(&self, _session: &MediaSession, _on: bool) -> Result<(), MediaHostError> {
///         Ok(())
///     }
///     async fn close(&self, _session: &MediaSession) {}
/// }
///
/// struct Recorder(Arc<Library>);
///
/// #[async_trait]
/// impl CallHandler for Recorder {
///     type Memory = ();
///     async fn on_event(&self, call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
///         match event {
///             CallEvent::Incoming(_) => {
///                 let session = self.0.open(&call.call_ref(), &[Modality::Audio]).await?;
///                 call.answer(Answer::hosted_media(session).capacity(20));
///             }
///             CallEvent::Established => call.start_recording(),
///             _ => {}
///         }
///         Ok(())
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let host = Arc::new(Library);
/// let mut test = BotTest::new(Recorder(Arc::clone(&host)));
/// test.incoming(IdentitySet::of_user("8d1e6ab6")).await.assert_commands(&["answer"]);
/// test.established().await.assert_commands(&["start-recording"]);
/// # });
/// // The bot has the same host: `Bot::builder().media_host(host)`.
/// # Ok::<(), std::io::Error>(())
/// ```
#[async_trait]
pub trait MediaHost: Send + Sync + 'static {
    /// Makes a session for a call that rings. It has to be there within the answer window:
    /// [`answer_by`](crate::CallView::answer_by).
    ///
    /// A handler may be told of a call more than once, so the same call gets the same session.
    ///
    /// # Errors
    ///
    /// When there can be no session.
    async fn open(&self, call: &CallRef, want: &[Modality<'static>]) -> Result<MediaSession, MediaHostError>;

    /// Begins to keep media, or keeps none from here on. It is asked three times within about 1 second; then the host
    /// counts as lost ([`LostMediaHost`]).
    ///
    /// # Errors
    ///
    /// When it could not be done.
    async fn persist(&self, session: &MediaSession, on: bool) -> Result<(), MediaHostError>;

    /// The call is over.
    async fn close(&self, session: &MediaSession);
}

#[async_trait]
impl<H: MediaHost + ?Sized> MediaHost for Arc<H> {
    async fn open(&self, call: &CallRef, want: &[Modality<'static>]) -> Result<MediaSession, MediaHostError> {
        H::open(self, call, want).await
    }

    async fn persist(&self, session: &MediaSession, on: bool) -> Result<(), MediaHostError> {
        H::persist(self, session, on).await
    }

    async fn close(&self, session: &MediaSession) {
        H::close(self, session).await;
    }
}

/// What a media host made for one call. It is kept with the call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaSession {
    id: String,
    blob: String,
}

impl MediaSession {
    /// A session by the host's own id, and the blob that the service is given. The blob is a secret.
    pub fn new(id: impl Into<String>, blob: impl Into<String>) -> Self {
        Self { id: id.into(), blob: blob.into() }
    }

    /// The host's own id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the service is given: a secret, named so that a reader of the code stops here.
    pub fn expose_blob(&self) -> &str {
        &self.blob
    }
}

impl fmt::Debug for MediaSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaSession").field("id", &self.id).field("blob", &"[redacted]").finish()
    }
}

/// What happens to a call whose media host is lost. Everybody in it is first told that the recording failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum LostMediaHost {
    /// The bot hangs up: what becomes of a call without its recorder is the policy's business.
    #[default]
    HangUp,
    /// It stays in the call, unrecorded.
    Keep,
}

/// Why a media host did not do as asked.
#[derive(Debug)]
pub struct MediaHostError(BoxError);

impl MediaHostError {
    /// For this reason.
    pub fn new(why: impl Into<BoxError>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for MediaHostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for MediaHostError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// The host of a bot that has one, and what to do without.
#[derive(Clone, Default)]
pub(crate) struct Host {
    pub(crate) host: Option<Arc<dyn MediaHost>>,
    pub(crate) lost: LostMediaHost,
}

/// What a host is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum HostAct {
    Persist(MediaSession, bool),
    Close(MediaSession),
}

impl Host {
    /// Has it done, until this time.
    pub(crate) async fn perform(&self, act: &HostAct, until: Instant) -> Result<(), CommandError> {
        let Some(host) = &self.host else {
            return Err(CommandError::unsent(
                "the bot has no media host: name it with `BotBuilder::media_host`",
            ));
        };
        let work = AssertUnwindSafe(attempts(&**host, act)).catch_unwind();
        match timeout_at(until, work).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(CommandError::refused(format!("the media host failed: {error}"))),
            Ok(Err(_)) => Err(CommandError::unknown("the media host panicked")),
            Err(_) => Err(CommandError::unknown("the media host gave no answer")),
        }
    }
}

async fn attempts(host: &dyn MediaHost, act: &HostAct) -> Result<(), MediaHostError> {
    let (session, on) = match act {
        HostAct::Close(session) => {
            host.close(session).await;
            return Ok(());
        }
        HostAct::Persist(session, on) => (session, *on),
    };
    for wait in AGAIN {
        match host.persist(session, on).await {
            Ok(()) => return Ok(()),
            Err(error) => tracing::warn!(session = session.id(), on, %error, "the media host failed"),
        }
        sleep(wait).await;
    }
    host.persist(session, on).await
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("is_there", &self.host.is_some()).field("lost", &self.lost).finish()
    }
}
