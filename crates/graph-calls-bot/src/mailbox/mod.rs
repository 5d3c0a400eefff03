//! One ordered conversation per call: from item to event to command to outcome.

mod asking;
#[cfg(feature = "test-util")]
mod bench;
mod content;
mod conversation;
mod date;
mod desk;
mod dial;
mod doubt;
mod engine;
mod hosting;
mod intake;
mod joining;
mod life;
mod outbox;
mod own;
mod settle;
mod tell;
mod timers;
mod worker;

#[cfg(feature = "test-util")]
pub(crate) use bench::{Bench, Fate, Posted};
pub(crate) use conversation::Conversation;
pub(crate) use dial::Opening;
pub use dial::{Dial, DialError};
pub use engine::Unanswered;
pub(crate) use engine::{Engine, EngineConfig, Registered, Wanted};
pub(crate) use intake::Mailboxes;
pub(crate) use outbox::Outbox;
#[cfg(feature = "test-util")]
pub(crate) use timers::TimerName;
pub(crate) use timers::Timers;

#[cfg(test)]
mod tests;
