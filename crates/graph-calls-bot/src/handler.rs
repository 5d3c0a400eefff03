//! What a user of this crate writes.

use std::{fmt, future::Future, panic::AssertUnwindSafe};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use graph_calls_core::{BoxError, model::RejectReason};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    CallContext, CallEvent, CallView, JoiningAnswer, ParticipantJoining,
    context::{Decisions, Facts},
};

/// A bot: what it does about each event of a call.
///
/// It runs **at least once** per event. What it recorded (memory, timers, commands) is kept together or not at all:
/// an error or a panic drops it, and the event is told again after 50, 200 and 800 ms and 3 s, never past
/// [`answer_by`](CallView::answer_by) of a ringing call. After that [`on_failure`](Self::on_failure) decides once.
/// Events of one call come one at a time and in order; a slow handler delays only its own call.
///
/// What it does to the outside by itself should be keyed by [`event_id`](CallView::event_id), which stays the same
/// when an event is told again.
///
/// # Examples
///
/// ```
/// use async_trait::async_trait;
/// use graph_calls_bot::{Answer, CallContext, CallEvent, CallHandler, HandlerError};
///
/// struct Greeter;
///
/// #[async_trait]
/// impl CallHandler for Greeter {
///     type Memory = ();
///
///     async fn on_event(&self, call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
///         if let CallEvent::Incoming(_) = event {
///             call.answer(Answer::service_media());
///         }
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait CallHandler: Send + Sync + 'static {
    /// What the bot remembers of one call.
    type Memory: Default + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Decides about an event. It does no I/O on the call itself: the verbs of `call` record what is to be done.
    ///
    /// # Errors
    ///
    /// When it cannot decide: what it recorded is dropped and the event is told again.
    async fn on_event(
        &self,
        call: &mut CallContext<Self::Memory>,
        event: CallEvent,
    ) -> Result<(), HandlerError>;

    /// Decides once about an event that could not be handled. The default rejects a ringing call as busy and hangs up
    /// any other, unless the event is of a hang-up itself.
    async fn on_failure(&self, call: &mut CallContext<Self::Memory>, event: CallEvent, error: HandlerError) {
        let _ = error;
        let of_hang_up = match &event {
            CallEvent::Done(done) => done.name == "hang-up",
            CallEvent::Failed(failed) => failed.name == "hang-up",
            CallEvent::InDoubt(doubt) => doubt.name == "hang-up",
            _ => false,
        };
        if call.is_ringing() {
            call.reject(RejectReason::Busy);
        } else if !of_hang_up {
            call.hang_up();
        }
    }

    /// Makes a memory of one that cannot be read, as after a deploy. Without one, which is the default, the call is parked:
    /// its events wait, it is kept alive, and an instance that can read it goes on.
    fn on_unreadable_memory(&self, old: &[u8]) -> Option<Self::Memory> {
        let _ = old;
        None
    }

    /// Decides about somebody who wants to join a call that a policy records: the service waits for the answer, so it is
    /// given within 1 second, or they are rejected as busy. The default takes on everybody, up to the capacity given in
    /// the answer to the call.
    ///
    /// It sees what was known last and decides nothing else; what it answered comes as
    /// [`CallEvent::ParticipantJoined`], where there are commands.
    async fn on_participant_joining(
        &self,
        call: &CallView<Self::Memory>,
        joining: &ParticipantJoining,
    ) -> JoiningAnswer {
        let _ = joining;
        if call.has_room() { JoiningAnswer::Accept } else { JoiningAnswer::Reject(RejectReason::Busy) }
    }
}

/// Why a handler could not decide. Any error becomes one with `?`.
pub struct HandlerError(BoxError);

impl<E: Into<BoxError>> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl HandlerError {
    /// The error behind it.
    pub fn into_inner(self) -> BoxError {
        self.0
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A handler without its memory's type. Catches panics.
#[async_trait]
pub(crate) trait ErasedHandler: Send + Sync {
    /// Whether a memory can be read, and what stands for one that cannot.
    fn restore(&self, memory: &str) -> Restored;

    async fn handle(
        &self,
        facts: Facts,
        memory: Option<&str>,
        event: CallEvent,
    ) -> Result<Decided, HandlerError>;

    async fn fail(
        &self,
        facts: Facts,
        memory: Option<&str>,
        event: CallEvent,
        error: HandlerError,
    ) -> Result<Decided, HandlerError>;

    async fn joining(
        &self,
        facts: Facts,
        memory: Option<&str>,
        joining: &ParticipantJoining,
    ) -> Result<JoiningAnswer, HandlerError>;
}

/// What became of a memory.
#[derive(Debug)]
pub(crate) enum Restored {
    AsItIs,
    /// The handler made this of one that could not be read.
    Instead(Box<RawValue>),
    No(HandlerError),
}

/// What a handler recorded.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) memory: Box<RawValue>,
    pub(crate) decisions: Decisions,
}

#[async_trait]
impl<H: CallHandler> ErasedHandler for H {
    fn restore(&self, memory: &str) -> Restored {
        // Reading and writing a memory is the user's code too.
        let restored = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let Err(error) = serde_json::from_str::<H::Memory>(memory) else { return Restored::AsItIs };
            match self.on_unreadable_memory(memory.as_bytes()) {
                Some(made) => match serde_json::value::to_raw_value(&made) {
                    Ok(made) => Restored::Instead(made),
                    Err(error) => Restored::No(error.into()),
                },
                None => Restored::No(error.into()),
            }
        }));
        restored.unwrap_or_else(|panic| Restored::No(format!("panicked: {}", message(&*panic)).into()))
    }

    async fn handle(
        &self,
        facts: Facts,
        memory: Option<&str>,
        event: CallEvent,
    ) -> Result<Decided, HandlerError> {
        caught(async {
            let mut context = CallContext::new(facts, remembered(memory)?);
            self.on_event(&mut context, event).await?;
            decided(context)
        })
        .await
    }

    async fn fail(
        &self,
        facts: Facts,
        memory: Option<&str>,
        event: CallEvent,
        error: HandlerError,
    ) -> Result<Decided, HandlerError> {
        caught(async {
            let mut context = CallContext::new(facts, remembered(memory)?);
            self.on_failure(&mut context, event, error).await;
            decided(context)
        })
        .await
    }

    async fn joining(
        &self,
        facts: Facts,
        memory: Option<&str>,
        joining: &ParticipantJoining,
    ) -> Result<JoiningAnswer, HandlerError> {
        caught(async {
            let view = CallView::new(facts, remembered(memory)?);
            Ok(self.on_participant_joining(&view, joining).await)
        })
        .await
    }
}

/// Turns a panic of the handler, or of its memory, into an error.
async fn caught<T>(work: impl Future<Output = Result<T, HandlerError>>) -> Result<T, HandlerError> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(decided) => decided,
        Err(panic) => Err(HandlerError::from(format!("panicked: {}", message(&*panic)))),
    }
}

fn remembered<M: Default + DeserializeOwned>(memory: Option<&str>) -> Result<M, HandlerError> {
    let Some(memory) = memory else { return Ok(M::default()) };
    serde_json::from_str(memory)
        .map_err(|error| HandlerError::from(format!("the memory cannot be read: {error}")))
}

fn decided<M: Serialize>(context: CallContext<M>) -> Result<Decided, HandlerError> {
    let memory = serde_json::value::to_raw_value(&context.memory)
        .map_err(|error| HandlerError::from(format!("the memory cannot be kept: {error}")))?;
    Ok(Decided { memory, decisions: context.into_decisions() })
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
