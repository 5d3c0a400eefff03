//! The Microsoft Graph calls service on a laptop and in CI: no tenant, no tunnel, no login.

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
