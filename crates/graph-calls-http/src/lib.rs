//! The HTTPS transport and the Entra ID credentials for `graph-calls-core`.
//!
//! For whoever wants to talk to Microsoft Graph, or to an emulator of it: [`Config`] finds out where to and as whom,
//! a [`Connection`] is what comes of it, and [`Connection::client`] sends typed requests. It is not for receiving:
//! notifications are the business of `graph-calls-bot`, which is the next crate and takes this one along.
//!
//! - [`HttpTransport`] carries requests: two connection pools, no redirects, nothing repeated, limits on what comes
//!   back, and every failure with how sure it is that the request had no effect.
//! - [`EntraTokens`] gets tokens with an app's credentials, one request for however many callers: a [`ClientSecret`], a
//!   [`ClientCertificate`], a [`FederatedToken`] or a [`ManagedIdentity`].
//! - [`Connection::download`] fetches a [`Recording`], with its own token, and resumes what breaks off.
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
//! | `AZURE_CLIENT_ID` | `MicrosoftAppId` | the app registration, or the client id of the managed identity |
//! | `AZURE_AUTHORITY_HOST` | | another login root, over https |
//! | `GRAPH_CALLS_CLOUD` | | `global` (default), `usgov` or `usgovdod` |
//! | `GRAPH_CALLS_GRAPH_URL` | | another Graph root, over https and without a version |
//! | `GRAPH_CALLS_EMULATOR_URL` | | an emulator; nothing else of these tables is read then but the next |
//! | `GRAPH_CALLS_EMULATOR_REMOTE` | | `1` allows an emulator on another machine |
//!
//! The app proves itself in one of four ways; two at once are an error:
//!
//! | variable | alias | |
//! | --- | --- | --- |
//! | `AZURE_CLIENT_SECRET` | `MicrosoftAppPassword` | a secret: the value, not the id |
//! | `AZURE_CLIENT_CERTIFICATE_PATH` | | a PEM file with a certificate and its private key ([`ClientCertificate`]) |
//! | `AZURE_FEDERATED_TOKEN_FILE` | | a file with a token of another identity provider ([`FederatedToken`]) |
//! | `GRAPH_CALLS_MANAGED_IDENTITY` | | `system`, or the client id of an assigned identity ([`ManagedIdentity`]) |
//!
//! With a certificate, `AZURE_CLIENT_SEND_CERTIFICATE_CHAIN` set to `1` sends its chain along. For a managed identity
//! `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` are read, which App Service and Container Apps set.
//!
//! # Features
//!
//! - `azure-identity`: `AzureIdentityTokens`, tokens from any credential of the Azure SDK for Rust.

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
mod proof;
mod recording;
mod settings;
mod small_file;
mod transport;
mod variables;

pub use graph_calls_core as core;

pub use config::Config;
pub use connection::Connection;
pub use emulator_env::EmulatorEnv;
#[cfg(feature = "azure-identity")]
#[cfg_attr(docsrs, doc(cfg(feature = "azure-identity")))]
pub use entra::AzureIdentityTokens;
pub use entra::{
    ClientCertificate, ClientSecret, EntraCredential, EntraTokens, FederatedToken, InvalidCertificate,
    ManagedIdentity, TokenStats,
};
pub use error::{Error, ErrorKind, Result};
pub use recording::{
    Download, DownloadError, DownloadErrorKind, DownloadSettings, Recording, RecordingDownload,
};
pub use settings::{HttpSettings, ResponseLimits};
pub use transport::HttpTransport;
