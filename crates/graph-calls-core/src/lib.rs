//! Typed requests for the Microsoft Graph calls API over any transport, with retry that never rings twice.
//!
//! For whoever wants to choose the HTTP stack: a [`Client`] takes any [`Transport`] and any [`TokenProvider`]. It
//! opens no socket itself; `graph-calls-http` is the transport over HTTPS with Entra ID credentials, and
//! `graph-calls-bot` the other direction: notifications, and one conversation per call.
//!
//! - A request is a value: [`RejectCall`], [`CreateCall`], ... or [`RawRequest`] for the rest of Graph.
//! - A failure says what happened ([`Error::kind`]) and how sure it is that nothing did ([`Error::certainty`]).
//! - What is sent twice, and when, is decided in one place: [`layer::Retry`], by the request's class ([`Repeat`]).
//!
//! # Features
//!
//! - `test-util`: a transport that follows a script (`test_util::ScriptedTransport`).

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "__fuzzing")]
#[doc(hidden)]
#[path = "fuzzing/mod.rs"]
pub mod __fuzzing;
mod builder;
mod certainty;
mod client;
mod cloud;
mod dispatch;
mod error;
mod info;
pub mod layer;
mod request;
mod scenario;
mod stats;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util;
mod token;
mod transport;
mod wall;

pub use graph_calls_model as model;

pub use builder::ClientBuilder;
pub use certainty::{Certainty, Repeat};
pub use client::Client;
pub use cloud::{Cloud, InvalidCloud};
pub use error::{Correlation, Error, ErrorKind, Result};
pub use info::RequestInfo;
pub use request::{
    AddLargeGalleryView, AnswerCall, ApiRequest, ApiVersion, AudioRoutingGroupPage, CancelMediaProcessing,
    ChangeScreenSharingRole, CreateAudioRoutingGroup, CreateCall, CreatedCall, DeleteAudioRoutingGroup,
    DeleteCall, DeleteParticipant, GetAudioRoutingGroup, GetCall, GetParticipant, InviteParticipants,
    KeepAlive, ListAudioRoutingGroups, ListParticipants, LogTeleconferenceDeviceQuality, MuteAllParticipants,
    MuteCall, MuteParticipant, ParticipantPage, PlayPrompt, RawRequest, RecordResponse, RedirectCall,
    RejectCall, ReportSyntheticMedia, SendDtmfTones, StartHoldMusic, StartRecording, StartTranscription,
    StopHoldMusic, StopRecording, StopTranscription, SubscribeToTone, TransferCall, UnmuteCall,
    UpdateAudioRoutingGroup, UpdateRecordingStatus,
};
pub use scenario::{InvalidScenarioId, ScenarioId};
pub use stats::Stats;
pub use token::{AccessToken, FixedToken, MAX_TOKEN_LIFE, TokenError, TokenProvider, TokenRequest};
pub use transport::{BodyLost, BoxError, Transport, TransportError, TransportErrorKind};
pub use wall::Wall;
