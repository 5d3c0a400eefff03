//! A webhook that can be trusted and one ordered conversation per call, for Microsoft Teams calling bots.
//!
//! For whoever writes an IVR, an attendant, an incident call-out or a recording controller. A [`CallHandler`] is told
//! what happens in a call and says what is to be done; the bot checks who sends, puts things in order, sends each
//! command as often as its class allows and no more, and reports how it ended. It moves no media: prompts, recordings
//! and tones are hosted by the service, raw audio by a [`MediaHost`] beside the bot.
//!
//! Conversations live behind [`store::CallStore`]: in the memory of the process unless told otherwise, where a restart
//! loses them, or in a file (`graph-calls-redb`), where it does not.
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
//! - `metrics`: `/metrics` in the format of Prometheus.
//! - `test-util`: `test_util::BotTest` drives a handler through a call in memory.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "__fuzzing")]
#[doc(hidden)]
#[path = "fuzzing/mod.rs"]
pub mod __fuzzing;
mod bot;
mod call_ref;
mod collect;
mod command;
mod context;
mod event;
mod fold;
#[cfg(feature = "http")]
mod from_env;
mod handler;
mod mailbox;
mod media_host;
mod metrics;
mod prompts;
mod record;
mod routing;
mod serve;
pub mod store;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util;
mod token;
mod webhook;

pub use graph_calls_core as core;
pub use graph_calls_core::model;

pub use bot::{App, Bot, BotBuilder, BotStats, BuildError, Calls, TellError};
pub use call_ref::{CallRef, InvalidCallRef};
pub use collect::Collect;
pub use command::{Answer, CallCommand, HoldMusic, Invite, Prompt, Recording, Redirect, Tones, Transfer};
pub use context::{CallContext, CallView};
pub use event::{
    CallEvent, CommandError, ContentSharingChange, Digits, DigitsEnd, Done, Ended, Failed, InDoubt, Incoming,
    JoiningAnswer, Message, Outcome, ParticipantJoined, ParticipantJoining, ParticipantLeft, RosterChange,
    ToneEvent,
};
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use from_env::FromEnvError;
pub use handler::{CallHandler, HandlerError};
pub use mailbox::{Dial, DialError, Unanswered};
pub use media_host::{LostMediaHost, MediaHost, MediaHostError, MediaSession};
pub use prompts::{PromptError, Prompts};
pub use record::CallRecord;
pub use routing::Called;
pub use serve::ServeError;
pub use token::{
    AllowedTenants, InvalidTokenConfig, IssuerConfig, Refusal, RefusalReason, RefusalStatus, TokenCheck,
    TokenCheckConfig, TokenStats, Verified,
};
pub use webhook::{Answered, Limits, Notifications, Received, Webhook, WebhookStats, Witness};
