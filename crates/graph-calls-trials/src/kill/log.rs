//! What the bot under test remembers of a call: all that it was told and all that it decided.

use graph_calls_bot::{CallCommand, CallEvent, CallRef};
use serde::{Deserialize, Serialize};

/// Kept together with the commands, or not at all: what is in it was committed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Log {
    pub(super) told: Vec<Told>,
    pub(super) decided: Vec<Decided>,
    /// Whether the bot placed the call.
    pub(super) placed: bool,
    /// The call that placed this one, and wants to hear of its end.
    pub(super) parent: Option<CallRef>,
    /// The call that this one placed.
    pub(super) child: Option<CallRef>,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) id: String,
    /// By which process, counted from the first one.
    pub(super) by: u32,
    pub(super) what: String,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Decided {
    pub(super) name: String,
    /// What tells its request from others at the service.
    pub(super) context: Option<String>,
}

impl Log {
    pub(super) fn has_decided(&self, name: &str) -> bool {
        self.decided.iter().any(|one| one.name == name)
    }

    pub(super) fn times(&self, what: &str) -> usize {
        self.told.iter().filter(|told| told.what == what).count()
    }

    /// How often another process went on with it.
    pub(super) fn take_overs(&self) -> u64 {
        self.told.iter().zip(self.told.iter().skip(1)).filter(|(one, next)| one.by != next.by).count() as u64
    }

    pub(super) fn was_told(&self, what: &str) -> bool {
        self.times(what) > 0
    }
}

impl From<&CallCommand> for Decided {
    fn from(command: &CallCommand) -> Self {
        let context = command.body().and_then(|body| body.get("clientContext")?.as_str().map(str::to_owned));
        Self { name: command.name().to_owned(), context }
    }
}

/// An event in a few words: the same for the same happening.
pub(super) fn words(event: &CallEvent) -> String {
    let kind = event.kind();
    match event {
        CallEvent::Tone(tone) => format!("{kind} {}", tone.sequence_id.unwrap_or_default()),
        CallEvent::Timer(name) => format!("{kind} {name}"),
        CallEvent::Done(done) => format!("{kind} {}", done.name),
        CallEvent::Failed(failed) => format!("{kind} {}", failed.name),
        CallEvent::InDoubt(doubt) => format!("{kind} {}", doubt.name),
        CallEvent::Message(message) => format!("{kind} {}", message.body.as_str()),
        _ => kind.to_owned(),
    }
}
