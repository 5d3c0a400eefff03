//! What the items of our mailboxes say.

use std::time::SystemTime;

use bytes::Bytes;
use graph_calls_core::model::{AppId, InvitationParticipantInfo, Notification, RawJson};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::date::Date;
use crate::{
    CallCommand, CallRef, CommandError, JoiningAnswer,
    record::stored::owned,
    store::{DedupKey, Item, ItemKind},
};

/// A notification, and what its POST said of it.
#[derive(Serialize, Deserialize)]
pub(super) struct Told<'a> {
    pub(super) app: AppId,
    pub(super) received: Date,
    /// Which attempt to place the call it was sent for, by its path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attempt: Option<String>,
    #[serde(borrow)]
    pub(super) item: RawJson<'a>,
    /// How the bot answered in the POST itself, where the service asked for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) answered: Option<JoiningAnswer>,
}

/// Which app an item names, where it begins a conversation.
#[derive(Deserialize)]
struct Whose {
    app: AppId,
}

/// A call that the bot places.
#[derive(Serialize, Deserialize)]
pub(super) struct Begin {
    pub(super) app: AppId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) memory: Option<Box<RawValue>>,
    pub(super) create: CallCommand,
    #[serde(default, deserialize_with = "owned")]
    pub(super) targets: Vec<InvitationParticipantInfo<'static>>,
}

/// How a command's request ended.
#[derive(Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) command: u64,
    pub(super) result: Result<Answer, Box<CommandError>>,
}

/// What is kept of a good answer.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Answer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<String>,
    /// Whatever is not UTF-8 is left out: no answer of the service's is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) body: String,
}

/// From another call, or from outside.
#[derive(Serialize, Deserialize)]
pub(super) enum Letter<'a> {
    /// A message of the bot's own.
    Message { from: Option<CallRef>, body: Box<RawValue> },
    /// A notification that came to another call and is about a command of this one.
    Forwarded {
        #[serde(borrow)]
        told: Told<'a>,
    },
}

pub(super) fn notification(
    app: &AppId,
    attempt: Option<String>,
    notification: &Notification<'_>,
    received: SystemTime,
    answered: Option<JoiningAnswer>,
) -> Item {
    // The raw slice was JSON when it was read.
    let told = Told {
        app: app.clone(),
        received: Date(received),
        attempt,
        item: notification.raw().clone(),
        answered,
    };
    item(ItemKind::Notification, &told)
}

pub(super) fn begin(begin: &Begin) -> Item {
    item(ItemKind::Begin, begin)
}

pub(super) fn outcome(command: u64, result: Result<http::Response<Bytes>, CommandError>) -> Item {
    let result = result.map_err(Box::new).map(|response| {
        let location = response.headers().get(http::header::LOCATION);
        let location = location.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = String::from_utf8(response.into_body().into()).unwrap_or_default();
        Answer { location, body }
    });
    item(ItemKind::Outcome, &Outcome { command, result })
}

pub(super) fn letter(letter: &Letter<'_>) -> Item {
    item(ItemKind::Message, letter)
}

/// The app that an item is for, as far as it says so.
pub(super) fn app_of(item: &Item) -> Option<AppId> {
    let names_it = matches!(item.kind(), ItemKind::Notification | ItemKind::Begin);
    let whose: Whose = names_it.then(|| read(item).ok()).flatten()?;
    Some(whose.app)
}

fn item(kind: ItemKind, content: &impl Serialize) -> Item {
    // Texts, numbers and JSON that was read before always serialize; should one not, it is poison to its reader.
    Item::new(kind, serde_json::to_vec(content).unwrap_or_default())
}

pub(super) fn read<'a, T: Deserialize<'a>>(item: &'a Item) -> Result<T, serde_json::Error> {
    serde_json::from_slice(item.data())
}

/// What tells a notification from others: nothing, where its POST had no id.
pub(super) fn dedup(
    message_id: Option<&str>,
    place: usize,
    notification: &Notification<'_>,
) -> Option<DedupKey> {
    let place = place.to_be_bytes();
    let raw = notification.raw().as_str().as_bytes();
    message_id.map(|id| DedupKey::of(&[b"notification", id.as_bytes(), &place, raw]))
}
