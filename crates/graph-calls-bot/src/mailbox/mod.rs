//! One ordered conversation per call: from item to event to command to outcome.

mod conversation;
mod doubt;
mod engine;
mod intake;
mod outbox;
mod timers;
mod worker;

pub(crate) use conversation::{Conversation, Item};
pub use engine::Unanswered;
pub(crate) use engine::{Engine, EngineConfig};
pub(crate) use intake::Mailboxes;
pub(crate) use outbox::Outbox;
pub(crate) use timers::TimerName;

#[cfg(test)]
mod tests;
