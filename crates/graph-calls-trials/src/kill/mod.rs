//! A bot that is killed again and again while it is in many calls: nothing acknowledged may be lost, nothing done twice.
//!
//! The service runs in the trial's own process, the bot in one of its own, which is killed by `SIGKILL` at times that
//! follow from a seed and from nothing that the bot does. What the service is told between the two goes through a relay:
//! it sends each notification until it is answered 202, and some once more. What the bot has remembered is read out of
//! copies of its file.
//!
//! Times are real: a seed repeats the plan, not the interleaving.

mod bot;
mod callers;
mod folder;
mod judge;
mod ledger;
mod log;
mod process;
mod relay;
mod report;
mod run;

pub use bot::{Part, serve};
pub use folder::Folder;
pub use report::Report;
pub use run::{Plan, run};
