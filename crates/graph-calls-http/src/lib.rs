//! The HTTPS transport and the Entra ID credentials for `graph-calls-core`.
//!
//! For whoever wants to talk to Microsoft Graph, or to an emulator of it: [`Config`] finds out where to and as whom,
//! a [`Connection`] is what comes of it, and [`Connection::client`] sends typed requests. It is not for receiving:
//! notifications are the business of `graph-calls-bot`, which is the next crate and takes this one along.
//!
//! - [`HttpTransport`] carries requests: two connection pools, no redirects, nothing repeated, limits on what comes
//!   back, and every failure with how sure it is that the request had no effect.
//! - [`EntraTokens`] gets tokens with an app's credentials, one request for however many callers.
//! - [`EmulatorEnv`] asks an emulator what a client of it needs to know.
//!
//! # Examples
//!
//! ```no_run
//! use graph_calls_core::{RejectCall, model::{CallId, RejectReason}};
//! use graph_calls_http::Config;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Config::from_env()?.connect().await?.client();
//! client.send(RejectCall::new(CallId::new("57dab8b1-894c-409a-b240-bd8beae78896")?, RejectReason::Busy)).await?;
//! # Ok(()) }
//! ```
//!
//! # Environment
//!
//! | variable | alias | |
//! | --- | --- | --- |
//! | `AZURE_TENANT_ID` | `MicrosoftAppTenantId` | the tenant whose tokens are used where a call names no other |
//! | `AZURE_CLIENT_ID` | `MicrosoftAppId` | the app registration |
//! | `AZURE_CLIENT_SECRET` | `MicrosoftAppPassword` | its secret: the value, not the id |
//! | `AZURE_AUTHORITY_HOST` | | another login root, over https |
//! | `GRAPH_CALLS_CLOUD` | | `global` (default), `usgov` or `usgovdod` |
//! | `GRAPH_CALLS_EMULATOR_URL` | | an emulator; nothing of the above is read then |
//! | `GRAPH_CALLS_EMULATOR_REMOTE` | | `1` allows an emulator on another machine |
//!
//! # Features
//!
//! None yet.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod config;
mod connection;
mod emulator_env;
mod entra;
mod error;
mod failure;
#[cfg(test)]
mod loopback;
mod settings;
mod transport;
mod variables;

pub use graph_calls_core as core;

pub use config::Config;
pub use connection::Connection;
pub use emulator_env::EmulatorEnv;
pub use entra::{ClientSecret, EntraCredential, EntraTokens, TokenStats};
pub use error::{Error, ErrorKind, Result};
pub use settings::{HttpSettings, ResponseLimits};
pub use transport::HttpTransport;
