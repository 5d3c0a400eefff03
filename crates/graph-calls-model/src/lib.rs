//! The wire format of the Microsoft Graph calls API: notifications, calls, participants, end reasons.
//!
//! For whoever reads a webhook body or writes a request body without taking a client along. It has no I/O, no clock
//! and no async. Typed requests are the next layer up (`graph-calls-core`).
//!
//! - A webhook body: [`WebhookBody::parse`], then [`Notification::resource`] where the typed data is needed.
//! - Why a call ended: [`EndReason::find`], or [`ResultInfo::end_reason`] from a notification.
//! - A path, also in its deprecated forms: [`ResourcePath::parse`].
//!
//! What was read borrows from the body; `into_owned` copies it. String enums keep members they do not know, and
//! what no type knows can be reached as it was sent ([`Notification::raw`]).
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
//! let WebhookBody::Notifications(items) = WebhookBody::parse(body)? else { panic!("Graph's form") };
//! let Resource::Call(call) = items[0].resource()? else { panic!("a call") };
//! let reason = call.result_info.and_then(|info| info.end_reason()).expect("a documented row");
//! assert_eq!(reason.meaning, "The conversation is over (generic)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body;
mod call;
mod callback_uri;
mod end_reason;
mod error_body;
mod identity;
mod ids;
mod media;
mod meeting;
mod notification;
mod open_enum;
mod operation;
mod participant;
mod path;
mod result_info;
mod text;
mod wire;

pub use body::{ClientContext, InvalidBody, MAX_CLIENT_CONTEXT};
pub use call::{
    AnswerCallBody, ApplicationMetadata, BotData, Call, CallDirection, CallState, CreateCallBody,
    IncomingContext, MAX_TARGETS, RejectCallBody, RejectReason,
};
pub use callback_uri::{CallbackUri, InvalidCallbackUri};
pub use end_reason::{AppliesTo, EndReason, Source, TryAgain, Who};
pub use error_body::{ErrorBody, GraphError, InnerError};
pub use identity::{EndpointType, Identity, IdentitySet};
pub use ids::{
    AppId, CallId, CommsOperationId, InvalidId, InvalidIdReason, MAX_ID_BYTES, ParticipantId, TenantId,
    fold_guid,
};
pub use media::{
    AppHostedMediaConfig, CallMediaState, MAX_PROMPTS, MediaConfig, MediaDirection, MediaInfo, MediaPrompt,
    MediaState, MediaStream, Modality, PlayPromptBody, ServiceHostedMediaConfig, SubscribeToToneBody, Tone,
    ToneInfo,
};
pub use meeting::{ChatInfo, JoinMeetingIdMeetingInfo, MeetingInfo, OrganizerMeetingInfo, TokenMeetingInfo};
pub use notification::{
    BotFrameworkPayload, ChangeType, ContentSharingSession, Form, MAX_ITEMS, Notification, ParseError,
    ParseErrorKind, RawJson, ReadError, Resource, WebhookBody,
};
pub use operation::{CommsOperation, OperationKind, OperationStatus};
pub use participant::{
    DeltaParticipants, InvitationParticipantInfo, InviteParticipantsBody, MAX_INVITEES, Participant,
    ParticipantInfo, RecordingInfo, RecordingStatus, RemovedState,
};
pub use path::{Action, CallsResource, Collection, PathError, PathRoot, ResourcePath, Segment};
pub use result_info::{DiagCode, ResultCode, ResultInfo};
pub use text::{SecretText, Text};
pub use wire::Integer;
