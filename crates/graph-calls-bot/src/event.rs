//! What a handler is told.

use std::{fmt, time::Duration};

use graph_calls_core::{
    Certainty, Correlation,
    model::{
        ChatInfo, CommsOperation, EndReason, IdentitySet, IncomingContext, InvitationParticipantInfo,
        MeetingInfo, Notification, Participant, ParticipantInfo, RawJson, ResultInfo, Tone,
    },
};

/// Something that happened in a call: from a notification, from the outcome of a command, or from a timer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CallEvent {
    /// It rings: answer, reject or redirect by [`answer_by`](crate::CallContext::answer_by).
    Incoming(Box<Incoming>),
    /// It still rings and nothing was decided; 5 seconds are left (2 for policy-based recording).
    AnswerDue,
    /// It is being set up.
    Establishing,
    /// It rings at the other side.
    Ringing,
    /// It is set up. Its media may not flow yet: prompts wait for [`MediaActive`](Self::MediaActive).
    Established,
    /// The other side put it on hold.
    Hold,
    /// The other side took it off hold.
    Resumed,
    /// Its audio flows.
    MediaActive,
    /// Its audio no longer flows.
    MediaInactive,
    /// Somebody pressed a key.
    Tone(ToneEvent),
    /// Somebody joined, changed or left.
    RosterChanged(RosterChange),
    /// The transfer target took the call.
    TransferAccepted,
    /// The transfer failed; the call goes on.
    TransferFailed(Option<ResultInfo<'static>>),
    /// A timer set with [`set_timer`](crate::CallContext::set_timer) is due.
    Timer(String),
    /// A command did what it should; one that starts a comms operation, when that has finished.
    Done(Done),
    /// A command had no effect.
    Failed(Failed),
    /// Whether a command had its effect is unknown; a later `Done` or `Failed` may settle it.
    InDoubt(InDoubt),
    /// The call is over.
    Terminated(Ended),
    /// A notification of a kind this version does not know, as it was sent.
    Unrecognized(Box<Notification<'static>>),
}

impl CallEvent {
    /// A word for the kind of event, for logs and metrics: `incoming`, `tone`, `done`.
    pub fn kind(&self) -> &'static str {
        match self {
            CallEvent::Incoming(_) => "incoming",
            CallEvent::AnswerDue => "answer_due",
            CallEvent::Establishing => "establishing",
            CallEvent::Ringing => "ringing",
            CallEvent::Established => "established",
            CallEvent::Hold => "hold",
            CallEvent::Resumed => "resumed",
            CallEvent::MediaActive => "media_active",
            CallEvent::MediaInactive => "media_inactive",
            CallEvent::Tone(_) => "tone",
            CallEvent::RosterChanged(_) => "roster_changed",
            CallEvent::TransferAccepted => "transfer_accepted",
            CallEvent::TransferFailed(_) => "transfer_failed",
            CallEvent::Timer(_) => "timer",
            CallEvent::Done(_) => "done",
            CallEvent::Failed(_) => "failed",
            CallEvent::InDoubt(_) => "in_doubt",
            CallEvent::Terminated(_) => "terminated",
            CallEvent::Unrecognized(_) => "unrecognized",
        }
    }
}

/// An incoming call.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Incoming {
    /// Who calls.
    pub source: Option<ParticipantInfo<'static>>,
    /// Who was called.
    pub targets: Vec<InvitationParticipantInfo<'static>>,
    /// Whether the call came for policy-based recording.
    pub policy_recording: bool,
    /// On whose behalf it came.
    pub incoming_context: Option<IncomingContext<'static>>,
    /// The chat that belongs to it; together with the meeting it allows to join again.
    pub chat_info: Option<ChatInfo<'static>>,
    /// The meeting it belongs to.
    pub meeting_info: Option<MeetingInfo<'static>>,
}

impl Incoming {
    /// Who calls, as far as the app may see it.
    pub fn caller(&self) -> Option<&IdentitySet<'static>> {
        self.source.as_ref()?.identity.as_ref()
    }
}

/// A pressed key.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ToneEvent {
    /// The key.
    pub tone: Tone<'static>,
    /// Its place in the order of keys; the first one is not always 0.
    pub sequence_id: Option<i64>,
    /// How many keys before this one were never told.
    pub missed: u32,
    /// Whether a later key was told before.
    pub late: bool,
}

impl ToneEvent {
    /// Whether it is this key: `0` to `9`, `*`, `#`, `A` to `D`.
    pub fn is(&self, key: char) -> bool {
        self.tone.key() == Some(key.to_ascii_uppercase())
    }
}

/// What changed among the participants.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RosterChange {
    /// Who is new.
    pub joined: Vec<Participant<'static>>,
    /// Whose state changed.
    pub changed: Vec<Participant<'static>>,
    /// Who left. Absence from a list is no departure: the bot then reads the participants and tells who is gone.
    pub left: Vec<Participant<'static>>,
}

/// A command that did what it should.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Done {
    /// The command's name.
    pub name: String,
    /// The finished comms operation, where the command started one.
    pub operation: Option<CommsOperation<'static>>,
    /// What the service answered, where it answered with a body and no comms operation.
    pub body: Option<RawJson<'static>>,
}

/// A command that had no effect.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Failed {
    /// The command's name.
    pub name: String,
    /// Why.
    pub error: CommandError,
}

/// A command of which nobody knows whether it had its effect: its answer was lost on the way.
///
/// It is not sent again, since a second one would ring or play twice. The next notification usually tells: the bot then
/// says [`CallEvent::Done`] or [`CallEvent::Failed`] under the same name. What starts a comms operation is found by its
/// client context; an answer, a reject, a redirect and a transfer by what becomes of the call. A handler that can wait
/// does nothing here.
///
/// # Examples
///
/// ```
/// use async_trait::async_trait;
/// use graph_calls_bot::{
///     Answer, CallContext, CallEvent, CallHandler, HandlerError, Prompt, model::IdentitySet, test_util::BotTest,
/// };
///
/// struct Greeter;
///
/// #[async_trait]
/// impl CallHandler for Greeter {
///     type Memory = ();
///     async fn on_event(&self, call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
///         match event {
///             CallEvent::Incoming(_) => call.answer(Answer::service_media()),
///             CallEvent::MediaActive => call.play(Prompt::url("https://bot.example/hello.wav").named("hello")),
///             CallEvent::InDoubt(doubt) => println!("{} may play, or not: {}", doubt.name, doubt.error),
///             CallEvent::Done(done) if done.name == "hello" => call.hang_up(),
///             CallEvent::Failed(failed) if failed.name == "hello" => call.hang_up(),
///             _ => {}
///         }
///         Ok(())
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let mut test = BotTest::new(Greeter);
/// test.incoming(IdentitySet::of_user("8d1e6ab6")).await.established().await.media_active().await;
/// test.assert_commands(&["answer", "hello"]);
/// test.in_doubt("hello").await.assert_commands(&[]);
/// // It did play: its notification says so.
/// test.done("hello").await.assert_commands(&["hang-up"]);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct InDoubt {
    /// The command's name.
    pub name: String,
    /// Why.
    pub error: CommandError,
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CommandError {
    /// How sure it is that it had no effect.
    pub certainty: Certainty,
    /// The status of the service's answer, if it gave one.
    pub status: Option<u16>,
    /// Graph's code.
    pub code: Option<String>,
    /// How the comms operation failed.
    pub result: Option<ResultInfo<'static>>,
    /// How many times it was sent, or tried to.
    pub attempts: u32,
    /// The service's id of the last attempt, for its support.
    pub request_id: Option<String>,
    /// Our id of the last attempt.
    pub client_request_id: Option<String>,
    /// What identifies the effect of a request, should it have had one.
    pub correlation: Correlation,
    pub(crate) answer_lost: bool,
    message: String,
}

impl CommandError {
    /// A command that never reached the service, and why.
    pub fn unsent(message: impl Into<String>) -> Self {
        Self::new(Certainty::Unsent, message)
    }

    /// A command of which nobody knows whether it had its effect, and why.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(Certainty::Unknown, message)
    }

    /// A comms operation that failed like this.
    pub fn of_operation(result: Option<ResultInfo<'static>>) -> Self {
        let codes = result.as_ref().map(|info| (&info.code, &info.subcode));
        let message = match codes {
            Some((Some(code), Some(subcode))) => format!("the operation failed with {code}/{subcode}"),
            Some((Some(code), None)) => format!("the operation failed with {code}"),
            _ => "the operation failed".to_owned(),
        };
        Self { result, ..Self::new(Certainty::Refused, message) }
    }

    /// A command that turns out to have had no effect, and why.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(Certainty::Refused, message)
    }

    fn new(certainty: Certainty, message: impl Into<String>) -> Self {
        Self {
            certainty,
            status: None,
            code: None,
            result: None,
            attempts: 0,
            request_id: None,
            client_request_id: None,
            correlation: Correlation::default(),
            answer_lost: false,
            message: message.into(),
        }
    }

    /// Whether the service says that what was acted on is not there, or not any more.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.status, Some(404 | 410))
    }
}

impl From<&graph_calls_core::Error> for CommandError {
    fn from(error: &graph_calls_core::Error) -> Self {
        let mut message = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self {
            status: error.status().map(|status| status.as_u16()),
            code: error.graph_error().and_then(|graph| graph.innermost_code()).map(str::to_owned),
            attempts: error.attempts(),
            request_id: error.request_id().map(str::to_owned),
            client_request_id: error.client_request_id().map(str::to_owned),
            correlation: error.correlation().clone(),
            answer_lost: error.is_answer_lost(),
            ..Self::new(error.certainty(), message)
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Ended {
    /// What became of the call, by its whole history.
    pub outcome: Outcome,
    /// The code and subcode that the service gave; a rejected call has none.
    pub result: Option<ResultInfo<'static>>,
    /// What they mean.
    pub reason: Option<&'static EndReason>,
    /// The word that the oldest notifications give instead: `AppInitiated`, `AppTransferred`.
    pub termination_reason: Option<String>,
    /// For how long people could talk.
    pub established_for: Option<Duration>,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It was established.
    Answered,
    /// Outgoing, and nobody took it, whatever the code says.
    NotAnswered,
    /// Incoming, and the window to answer lapsed.
    Missed,
    /// Incoming, and the bot rejected it.
    Rejected,
    /// Incoming, and the bot sent it elsewhere.
    Redirected,
    /// It was transferred.
    Transferred,
    /// It could not be set up.
    Failed,
}

impl Outcome {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::NotAnswered => "not answered",
            Outcome::Missed => "missed",
            Outcome::Rejected => "rejected",
            Outcome::Redirected => "redirected",
            Outcome::Transferred => "transferred",
            Outcome::Failed => "failed",
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.outcome.as_str())?;
        if let Some(length) = self.established_for {
            write!(f, " for {:.1} s", length.as_secs_f64())?;
        }
        match (&self.reason, &self.result) {
            (Some(reason), _) => write!(f, "; {reason}"),
            (None, Some(info)) => match (&info.code, &info.subcode) {
                (Some(code), Some(subcode)) => write!(f, "; {code}/{subcode}, which is not documented"),
                (Some(code), None) => write!(f, "; {code}, which is not documented"),
                _ => Ok(()),
            },
            (None, None) => match &self.termination_reason {
                Some(word) => write!(f, "; {word}"),
                None => Ok(()),
            },
        }
    }
}
