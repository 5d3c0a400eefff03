//! The wire format of the Microsoft Graph calls API: notifications, calls, participants, end reasons.
//!
//! For whoever reads a webhook body or writes a request body without taking a client along. It has no I/O, no clock
//! and no async. Typed requests are the next layer up (`graph-calls-core`).
//!
//! - A webhook body: see "How deep to read" below.
//! - Why a call ended: [`EndReason::find`], or [`ResultInfo::end_reason`] from a notification.
//! - A Teams meeting link: [`JoinUrl::parse`], then [`CreateCallBody::join`].
//! - A path, also in its deprecated forms: [`ResourcePath::parse`].
//!
//! String enums keep members they do not know, and what no type knows can be reached as it was sent
//! ([`Notification::raw`]).
//!
//! # How deep to read
//!
//! | take | for | what it costs |
//! | --- | --- | --- |
//! | [`WebhookBody::parse`] | routing and keeping: what happened to which call, its data as it was sent | little more than skipping the body |
//! | [`WebhookBody::parse_typed`] | looking at every item at once | about one and a half times that |
//! | [`Notification::resource`] | looking at those that matter, after `parse` | a second scan of their data |
//! | `into_owned` of an item | keeping it longer than the body | a copy of the item, and of each text in typed data |
//!
//! The first three borrow from the body. An item that makes no sense costs no other at any depth.
//!
//! ```
//! use graph_calls_model::{Resource, WebhookBody};
//!
//! let body = br##"{"value": [{
//!     "changeType": "deleted",
//!     "resourceUrl": "/communications/calls/57dab8b1-894c-409a-b240-bd8beae78896",
//!     "resourceData": {
//!         "@odata.type": "#microsoft.graph.call",
//!         "state": "terminated",
//!         "resultInfo": {"code": "200", "subcode": "5001"}
//!     }
//! }]}"##;
//! let WebhookBody::Notifications(items) = WebhookBody::parse_typed(body)? else { panic!("Graph's form") };
//! let Ok(Resource::Call(call)) = &items[0].resource else { panic!("a call") };
//! let reason = call.result_info.as_ref().and_then(|info| info.end_reason()).expect("a documented row");
//! assert_eq!(reason.meaning, "The conversation is over (generic)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "__fuzzing")]
#[doc(hidden)]
#[path = "fuzzing/mod.rs"]
pub mod __fuzzing;
mod audio_routing_group;
mod call;
mod call_state;
mod callback_uri;
mod capability;
mod client_context;
mod content_sharing;
mod duration;
mod end_reason;
mod error_body;
mod identity;
mod ids;
mod incoming;
mod invalid_body;
mod invalid_join_url;
mod join_context;
mod join_info;
mod join_url;
mod joining;
mod media;
mod meeting;
mod mixer;
mod notification;
mod open_enum;
mod operation;
mod options;
mod participant;
mod path;
mod phone;
mod prompt;
mod quality;
mod record_response;
mod recording;
mod restriction;
mod result_info;
mod route;
mod screen_sharing;
mod synthetic_media;
mod text;
mod timestamp;
mod tone;
mod transcription;
mod transfer;
mod update_metadata;
mod wire;

pub use audio_routing_group::{AudioRoutingGroup, RoutingMode};
pub use call::{Call, CreateCallBody, MAX_RINGING_TIMEOUT, MAX_TARGETS};
pub use call_state::{CallDirection, CallState};
pub use callback_uri::{CallbackUri, InvalidCallbackUri};
pub use capability::{AutoAdmittedUsers, MeetingCapability};
pub use client_context::{ClientContext, ClientContextBody, MAX_CLIENT_CONTEXT};
pub use content_sharing::ContentSharingSession;
pub use end_reason::{AppliesTo, EndReason, Source, TryAgain, Who};
pub use error_body::{ErrorBody, GraphError, InnerError};
pub use identity::{EndpointType, Identity, IdentitySet};
pub use ids::{
    AppId, AudioRoutingGroupId, CallId, CommsOperationId, InvalidId, InvalidIdReason, MAX_ID_BYTES,
    ParticipantId, TenantId, fold_guid,
};
pub use incoming::{
    AnswerCallBody, CallDisposition, IncomingContext, MAX_REDIRECT_TARGETS, MAX_REDIRECT_TIMEOUT,
    MIN_REDIRECT_TIMEOUT, RedirectCallBody, RejectCallBody, RejectReason,
};
pub use invalid_body::InvalidBody;
pub use invalid_join_url::{InvalidJoinUrl, InvalidJoinUrlKind};
pub use join_info::JoinInfo;
pub use join_url::{JoinUrl, JoinUrlKind, MAX_JOIN_URL_BYTES};
pub use joining::{ParticipantJoiningNotification, ParticipantJoiningResponse, ParticipantLeftNotification};
pub use media::{
    AppHostedMediaConfig, CallMediaState, MediaConfig, MediaDirection, MediaState, MediaStream, Modality,
    ServiceHostedMediaConfig,
};
pub use meeting::{ChatInfo, JoinMeetingIdMeetingInfo, MeetingInfo, OrganizerMeetingInfo, TokenMeetingInfo};
pub use mixer::{
    AudioDuckingConfiguration, AudioSourceLevel, ConfigureMixerBody, MAX_RAMP, ParticipantMixerLevel,
};
pub use notification::{
    BotFrameworkPayload, ChangeType, Form, MAX_ENVELOPE_MEMBERS, MAX_ITEMS, Notification, ParseError,
    ParseErrorKind, RawJson, ReadError, Resource, TypedNotification, WebhookBody,
};
pub use operation::{CommsOperation, CompletionReason, OperationKind, OperationParticipant, OperationStatus};
pub use options::{CallOptions, CallOptionsKind};
pub use participant::{
    DeltaParticipants, InvitationParticipantInfo, InviteParticipantsBody, MAX_INVITEES,
    MuteAllParticipantsBody, Participant, ParticipantInfo, RemovedState,
};
pub use path::{Action, CallsResource, Collection, PathError, PathRoot, ResourcePath, Segment};
pub use phone::{InvalidPhoneNumber, InvalidPhoneNumberKind, PhoneNumber};
pub use prompt::{MAX_PROMPTS, MediaInfo, MediaPrompt, PlayPromptBody, StartHoldMusicBody};
pub use quality::{
    LogTeleconferenceDeviceQualityBody, MediaQualityKind, TeleconferenceDeviceMediaQuality,
    TeleconferenceDeviceQuality,
};
pub use record_response::{MAX_RECORDING, RecordResponseBody};
pub use recording::{
    ApplicationMetadata, BotData, RecordedParty, RecordingInfo, RecordingStatus, UpdateRecordingStatusBody,
};
pub use restriction::{
    OnlineMeetingContentSharingDisabledReason, OnlineMeetingRestricted, OnlineMeetingVideoDisabledReason,
};
pub use result_info::{DiagCode, ResultCode, ResultInfo};
pub use route::{CallRoute, RoutingPolicy, RoutingType};
pub use screen_sharing::{ChangeScreenSharingRoleBody, ScreenSharingRole};
pub use synthetic_media::{
    AudioMetadata, ContentModality, DetectionSeverity, MediaMetadata, MediaSegment, ReportSyntheticMediaBody,
    StreamingMetadata, SyntheticMediaDetectionDetail, SyntheticMediaDetectionInfo, VideoMetadata,
};
pub use text::{SecretText, Text};
pub use timestamp::Timestamp;
pub use tone::{SendDtmfTonesBody, Tone, ToneInfo};
pub use transcription::{CallTranscriptionInfo, CallTranscriptionState, StartTranscriptionBody};
pub use transfer::TransferCallBody;
pub use update_metadata::UpdateMetadataBody;
pub use wire::Integer;
