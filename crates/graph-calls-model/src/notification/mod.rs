//! Notifications: what the service tells a bot.

mod cursor;
mod envelope;
mod item;
mod legacy;
mod raw_json;
mod resource;

pub use envelope::{MAX_ENVELOPE_MEMBERS, MAX_ITEMS, ParseError, ParseErrorKind, WebhookBody};
pub use item::{ChangeType, Form, Notification, ReadError, TypedNotification};
pub use legacy::BotFrameworkPayload;
pub use raw_json::RawJson;
pub use resource::Resource;
