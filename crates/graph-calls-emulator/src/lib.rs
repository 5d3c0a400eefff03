//! The Microsoft Graph calls service on a laptop and in CI: no tenant, no tunnel, no login.
//!
//! It answers Graph requests on calls, signs and delivers notifications, issues and checks tokens, and has people
//! who call, pick up, decline and hang up. A bot runs against it with its production checks and finds the service's
//! own deadlines, statuses and end reasons.
//!
//! - [`Emulator`] is the service on a port: start it in a test, place calls, look at the [ladder](Emulator::ladder).
//! - [`World`] is the same without sockets and without a clock, for simulations: inputs in, effects out, seeded.
//!
//! It moves no media: a prompt is fetched, checked and then lasts as long as its audio. It is no load generator and
//! must not be exposed: whoever reaches it may place calls. The program around it is `graph-calls dev`.
//!
//! ```
//! use graph_calls_emulator::{Colour, Emulator, IncomingCall};
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let emulator = Emulator::builder().seed(7).webhook("http://127.0.0.1:3978/api/calls").start().await?;
//! let adele = emulator.people().await.remove(0);
//! let call = emulator.incoming(IncomingCall::from_user(adele.id)).await?;
//! assert!(emulator.ladder(&call, Colour::Never).contains("Adele Vance calls"));
//! emulator.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod api;
mod builder;
mod control;
mod deliver;
mod dialect;
mod emulator;
mod engine;
mod env;
mod error;
mod fetch;
mod http_client;
mod json;
mod keys;
mod ladder;
mod login;
mod pace;
mod redact;
mod route;
mod secret;
mod server;
mod summary;
mod trace;
mod wall;
mod wav;
mod world;

pub use builder::EmulatorBuilder;
pub use dialect::{Dialect, UnknownDialect};
pub use emulator::Emulator;
pub use env::Env;
pub use error::StartError;
pub use ladder::Colour;
pub use login::CallbackClaims;
pub use pace::{Deadlines, Pace};
pub use trace::{Exchange, ExchangeKind, Lane};
pub use world::{
    Answer, ApiCall, ApiCaller, Behaviour, CallView, Control, ControlError, Delivery, Effect, IncomingCall,
    Input, Notification, ParticipantView, Person, PersonKind, World, WorldConfig,
};
