//! The wire format of the Microsoft Graph calls API.

mod ids;
mod open_enum;
mod path;
mod text;
mod wire;

pub use ids::{
    AppId, CallId, CommsOperationId, InvalidId, InvalidIdReason, MAX_ID_BYTES, ParticipantId, TenantId,
    fold_guid,
};
pub use path::{Action, CallsResource, Collection, PathError, PathRoot, ResourcePath, Segment};
pub use text::{SecretText, Text};
pub use wire::Integer;
