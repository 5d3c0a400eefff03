//! A webhook that can be trusted and one ordered conversation per call, for Microsoft Teams calling bots.
//!
//! For whoever writes an IVR, an attendant, an incident call-out or a recording controller. A [`CallHandler`] is told
//! what happens in a call and says what is to be done; the bot checks who sends, puts things in order, sends each
//! command as often as its class allows and no more, and reports how it ended. It moves no media: prompts, recordings
//! and tones are hosted by the service.
//!
//! Conversations live in the memory of one process: a restart loses them.
//!
//! # Examples
//!
//! ```no_run
//! use async_trait::async_trait;
//! use graph_calls_bot::{Answer, Bot, CallContext, CallEvent, CallHandler, HandlerError, Prompt};
//!
//! struct Greeter;
//!
//! #[async_trait]
//! impl CallHandler for Greeter {
//!     type Memory = ();
//!
//!     async fn on_event(&self, call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
//!         match event {
//!             CallEvent::Incoming(_) => call.answer(Answer::service_media()),
//!             CallEvent::MediaActive => call.play(Prompt::url("https://bot.example/hello.wav")),
//!             CallEvent::Done(done) if done.name == "play" => call.hang_up(),
//!             _ => {}
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # #[cfg(feature = "http")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! Bot::from_env(Greeter).await?.serve().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `http` (default): the HTTPS transport and Entra ID credentials, `Bot::from_env`.
//! - `test-util`: `test_util::BotTest` drives a handler through a call in memory.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod bot;
mod call_ref;
mod command;
mod context;
mod event;
mod fold;
#[cfg(feature = "http")]
mod from_env;
mod handler;
mod mailbox;
mod record;
mod serve;
mod store;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util;
mod token;
mod webhook;

pub use graph_calls_core as core;
pub use graph_calls_core::model;

pub use bot::{App, Bot, BotBuilder, BotStats, BuildError};
pub use call_ref::{CallRef, InvalidCallRef};
pub use command::{Answer, CallCommand, Invite, Prompt};
pub use context::CallContext;
pub use event::{
    CallEvent, CommandError, Done, Ended, Failed, InDoubt, Incoming, Outcome, RosterChange, ToneEvent,
};
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use from_env::FromEnvError;
pub use handler::{CallHandler, HandlerError};
pub use mailbox::Unanswered;
pub use record::CallRecord;
pub use serve::ServeError;
pub use token::{
    AllowedTenants, InvalidTokenConfig, IssuerConfig, Refusal, RefusalReason, RefusalStatus, TokenCheck,
    TokenCheckConfig, TokenStats, Verified,
};
pub use webhook::{Limits, Webhook, WebhookStats};
