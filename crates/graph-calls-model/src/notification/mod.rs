//! Notifications: what the service tells a bot.

mod envelope;
mod legacy;
mod raw_json;
mod resource;

use std::{error, fmt};

pub use envelope::{MAX_ITEMS, ParseError, ParseErrorKind, WebhookBody};
pub use legacy::BotFrameworkPayload;
pub use raw_json::RawJson;
pub use resource::{ContentSharingSession, Resource};

use crate::{CallId, ResourcePath, Text, open_enum::open_enum, wire::wire_struct};

/// One item of a webhook body. Its data stays as it was sent until [`resource`](Self::resource) reads it.
///
/// Graph reference: [`commsNotification`](https://learn.microsoft.com/graph/api/resources/commsnotification).
#[derive(Debug, Clone, PartialEq)]
pub struct Notification<'a> {
    raw: RawJson<'a>,
    head: Option<Head<'a>>,
}

wire_struct! {
    /// The members of an item.
    struct Head<'a> {
        change_type: Option<ChangeType<'a>> = "changeType",
        resource_url: Option<Text<'a>> = "resourceUrl",
        resource: Option<Text<'a>> = "resource",
        callback_uri: Option<Text<'a>> = "callbackUri",
        resource_data: Option<RawJson<'a>> = "resourceData",
    }
}

open_enum! {
    /// What happened to the resource.
    ///
    /// Graph reference: [`commsNotification`](https://learn.microsoft.com/graph/api/resources/commsnotification).
    pub enum ChangeType {
        /// It is new.
        Created = "created",
        /// It changed.
        Updated = "updated",
        /// It is over; for a comms operation: finished.
        Deleted = "deleted",
    }
}

/// The generation of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// With `resourceUrl`, since 2019-09; also where `resource` stands beside it.
    Current,
    /// With `resource` alone.
    Legacy,
}

impl Form {
    /// A word for the form: `current` or `legacy`.
    pub fn as_str(self) -> &'static str {
        match self {
            Form::Current => "current",
            Form::Legacy => "legacy",
        }
    }
}

impl<'a> Notification<'a> {
    /// Takes an item as it was sent. One that is no object, or whose members have wrong types, keeps only that.
    pub fn from_raw(raw: RawJson<'a>) -> Self {
        // Reading needs the text for 'a, which a borrowed slice gives and an owned one does not.
        let head = raw.borrowed().map_or_else(
            || raw.read::<Head<'_>>().ok().map(Head::into_owned),
            |text| serde_json::from_str(text).ok(),
        );
        Self { raw, head }
    }

    /// The item as it was sent.
    pub fn raw(&self) -> &RawJson<'a> {
        &self.raw
    }

    /// What happened.
    pub fn change_type(&self) -> Option<&ChangeType<'a>> {
        self.head.as_ref()?.change_type.as_ref()
    }

    /// The path of what it happened to, as sent; `resourceUrl` wins over `resource`.
    pub fn path(&self) -> Option<&str> {
        let head = self.head.as_ref()?;
        head.resource_url.as_deref().or(head.resource.as_deref())
    }

    /// The same path, parsed.
    pub fn resource_path(&self) -> Option<ResourcePath<'_>> {
        ResourcePath::parse(self.path()?).ok()
    }

    /// The generation, where the item names what it is about at all.
    pub fn form(&self) -> Option<Form> {
        let head = self.head.as_ref()?;
        if head.resource_url.is_some() {
            Some(Form::Current)
        } else {
            head.resource.is_some().then_some(Form::Legacy)
        }
    }

    /// The address the service sent it to, where it says so.
    pub fn callback_uri(&self) -> Option<&str> {
        self.head.as_ref()?.callback_uri.as_deref()
    }

    /// The call it is about: from the path, since the data often has no id.
    pub fn call_id(&self) -> Option<CallId> {
        self.resource_path()?.call_id()?.ok()
    }

    /// The data as it was sent.
    pub fn resource_data(&self) -> Option<&RawJson<'a>> {
        self.head.as_ref()?.resource_data.as_ref()
    }

    /// Reads what it is about.
    ///
    /// # Errors
    ///
    /// When the item or its data does not have the form its type promises: the item is poisoned. An unknown type is no
    /// error but [`Resource::Unrecognized`].
    pub fn resource(&self) -> Result<Resource<'_>, ReadError> {
        let head = self.head.as_ref().ok_or(ReadError { at: None })?;
        let path = self.resource_path();
        resource::read(path.as_ref().map(|path| &path.resource), head.resource_data.as_ref())
            .map_err(|error| ReadError { at: Some((error.line(), error.column())) })
    }

    /// Copies what is borrowed.
    pub fn into_owned(self) -> Notification<'static> {
        Notification { raw: self.raw.into_owned(), head: self.head.map(Head::into_owned) }
    }
}

/// Why an item cannot be read. It says where and repeats nothing of the item, which may hold names and tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// Line and column within the data; nothing where the item itself is at fault.
    at: Option<(usize, usize)>,
}

impl ReadError {
    /// The line and the column within the item's data, from 1.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.at
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => {
                write!(
                    f,
                    "a member of the notification's data has another type than it should: line {line}, column {column}"
                )
            }
            None => f.write_str("the notification is no object with the members of one"),
        }
    }
}

impl error::Error for ReadError {}
