//! What a handler is told.

mod command_error;
mod digits;
mod ended;
mod joining;
mod message;

use graph_calls_core::model::{
    ChatInfo, CommsOperation, ContentSharingSession, IdentitySet, IncomingContext, InvitationParticipantInfo,
    MeetingInfo, Notification, Participant, ParticipantInfo, RawJson, ResultInfo, Tone,
};
use serde::{Deserialize, Serialize};

use crate::record::stored::{is_default, owned};

pub use command_error::CommandError;
pub use digits::{Digits, DigitsEnd};
pub use ended::{Ended, Outcome};
pub use joining::{JoiningAnswer, ParticipantJoined, ParticipantJoining, ParticipantLeft};
pub use message::Message;

/// Something that happened in a call: from a notification, from the outcome of a command, or from a timer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CallEvent {
    /// It rings: answer, reject or redirect by [`answer_by`](crate::CallView::answer_by).
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
    /// Somebody pressed a key, while no question was asked: those of a
    /// [question](crate::CallContext::collect) come together as its [`Digits`](Self::Digits).
    Tone(ToneEvent),
    /// A [question](crate::CallContext::collect) is over: its keys came, or did not come in time. Exactly one for each; if
    /// the call ends first, before [`Terminated`](Self::Terminated).
    Digits(Digits),
    /// Somebody joined, changed or left.
    RosterChanged(RosterChange),
    /// Somebody joined a call that a policy records, or was turned away.
    ParticipantJoined(ParticipantJoined),
    /// Somebody left a call that a policy records.
    ParticipantLeft(ParticipantLeft),
    /// Somebody began or stopped to share content. Only told where the call's options ask for it.
    ContentSharingChanged(ContentSharingChange),
    /// The transfer target took the call.
    TransferAccepted,
    /// The transfer failed; the call goes on.
    TransferFailed(Option<ResultInfo<'static>>),
    /// Another call, or somebody outside of all calls, has something to say.
    Message(Message),
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
            CallEvent::Digits(_) => "digits",
            CallEvent::RosterChanged(_) => "roster_changed",
            CallEvent::ParticipantJoined(_) => "participant_joined",
            CallEvent::ParticipantLeft(_) => "participant_left",
            CallEvent::ContentSharingChanged(_) => "content_sharing_changed",
            CallEvent::TransferAccepted => "transfer_accepted",
            CallEvent::TransferFailed(_) => "transfer_failed",
            CallEvent::Message(_) => "message",
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
///
/// Each is told once. One that comes out of turn waits 400 ms for those before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToneEvent {
    /// The key.
    #[serde(deserialize_with = "owned")]
    pub tone: Tone<'static>,
    /// Its place in the order of keys; the first one is not always 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sequence_id: Option<i64>,
    /// How many keys directly before this one have not been told.
    #[serde(default, skip_serializing_if = "is_default")]
    pub missed: u32,
    /// Whether a later key was told before.
    #[serde(default, skip_serializing_if = "is_default")]
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

/// What changed of the content that is shared in a call.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ContentSharingChange {
    /// What began to be shared.
    pub started: Vec<ContentSharingSession<'static>>,
    /// What is shared by somebody else now.
    pub changed: Vec<ContentSharingSession<'static>>,
    /// What is no longer shared.
    pub ended: Vec<ContentSharingSession<'static>>,
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
