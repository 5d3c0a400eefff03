//! Commands of the bot's own that have an outcome like any other: a name that no handler gives says whose they are.

use std::sync::Arc;

use super::{Engine, desk::Desk, hosting::recording_step_ended};
use crate::{CallEvent, collect::Input};

/// What begins such a name. Nobody types it.
const MARK: char = '\u{1}';
/// A step of a question.
pub(super) const QUESTION: &str = "question";
/// The first step of a recording's begin or end.
pub(super) const RECORDING: &str = "recording";
/// What a lost media host leads to.
pub(super) const LOST: &str = "lost";

pub(super) fn name(whose: &str, step: &str) -> String {
    format!("{MARK}{whose}.{step}")
}

/// Whether it is a name of the bot's own.
#[cfg(feature = "test-util")]
pub(super) fn is_own(name: &str) -> bool {
    step(name).is_some()
}

/// Whether it is of a command that a test need not decide about.
#[cfg(feature = "test-util")]
pub(super) fn is_passing(name: &str) -> bool {
    step(name).is_some_and(|(whose, step)| whose == LOST || whose == QUESTION && !step.contains(".play."))
}

/// Whether it is of the first one of the two commands that the handler knows by this name.
#[cfg(feature = "test-util")]
pub(super) fn is_first_step_of(name: &str, known: &str) -> bool {
    let first =
        step(name).filter(|(whose, _)| *whose == RECORDING).and_then(|(_, step)| step.split_once('.'));
    first.is_some_and(|(_, second)| second == known)
}

/// Whose step a command of this name is, and which one.
fn step(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(MARK)?.split_once('.')
}

impl Engine {
    /// What happened, as far as it is the handler's: a question that is asked has the keys, and steps of the bot's own are
    /// nobody else's.
    pub(super) fn aside(self: &Arc<Self>, desk: &mut Desk, event: CallEvent) -> Option<CallEvent> {
        let ended = match &event {
            CallEvent::Done(done) => Some(&done.name),
            CallEvent::Failed(failed) => Some(&failed.name),
            CallEvent::InDoubt(doubt) => Some(&doubt.name),
            _ => None,
        };
        if let Some((whose, step)) = ended.and_then(|name| step(name)) {
            self.note(desk, &event);
            match whose {
                QUESTION => self.question_step_ended(desk, step, &event),
                RECORDING => recording_step_ended(desk, event),
                _ => {}
            }
            return None;
        }
        match event {
            CallEvent::Tone(tone) => return self.hear_key(desk, tone),
            CallEvent::MediaActive => self.answer_question(desk, Input::MediaActive),
            CallEvent::Terminated(_) if desk.call.asking.is_open() => {
                // The question's end goes before the call's.
                desk.events.push_front(event);
                self.answer_question(desk, Input::Ended);
                return None;
            }
            _ => {}
        }
        Some(event)
    }
}
