//! One item of a webhook body.

use std::{error, fmt, ops::Range};

use super::{
    RawJson, Resource,
    cursor::{Cursor, Fault},
    resource,
};
use crate::{CallId, ResourcePath, Text, open_enum::open_enum};

/// One item of a webhook body. Its data stays as it was sent until [`resource`](Self::resource) reads it.
///
/// Graph reference: [`commsNotification`](https://learn.microsoft.com/graph/api/resources/commsnotification).
#[derive(Debug, Clone, PartialEq)]
pub struct Notification<'a> {
    raw: RawJson<'a>,
    members: Option<Members<'a>>,
}

/// Where the members of an item stand in it, so that an owned item is a copy of one slice.
#[derive(Debug, Clone, PartialEq, Default)]
struct Members<'a> {
    change_type: Option<ChangeType<'a>>,
    path: Option<Held>,
    callback_uri: Option<Held>,
    data: Option<Place>,
    is_current: bool,
}

/// A string of an item.
#[derive(Clone, PartialEq)]
enum Held {
    At(Place),
    /// With its escapes undone, so that no slice of the item shows it.
    Copy(Box<str>),
}

/// Its length alone, as that of the item: it may hold a key of the bot's own.
impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Held::At(place) => place.fmt(f),
            Held::Copy(text) => write!(f, "{} bytes", text.len()),
        }
    }
}

impl Held {
    /// Holds a string that a cursor has just read.
    fn new(text: Text<'_>, item: usize, cursor: &Cursor<'_>) -> Self {
        let end = cursor.at() - 1;
        let place = text.is_borrowed().then(|| Place::within(item, end - text.len()..end)).flatten();
        place.map_or_else(|| Held::Copy(text.into_cow().into()), Held::At)
    }

    fn of<'i>(&'i self, item: &'i str) -> &'i str {
        match self {
            Held::At(place) => place.of(item),
            Held::Copy(text) => text,
        }
    }
}

/// A part of an item, by offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    start: u32,
    end: u32,
}

impl Place {
    /// None where the item is larger than any body that is taken.
    fn within(item: usize, range: Range<usize>) -> Option<Self> {
        let offset = |at: usize| u32::try_from(at.checked_sub(item)?).ok();
        Some(Self { start: offset(range.start)?, end: offset(range.end)? })
    }

    fn of(self, item: &str) -> &str {
        item.get(self.start as usize..self.end as usize).unwrap_or_default()
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

/// A notification with what it is about.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TypedNotification<'a> {
    /// The item as it was sent.
    pub notification: Notification<'a>,
    /// What it is about, or why that cannot be read. Such an item is poisoned and costs no other.
    pub resource: Result<Resource<'a>, ReadError>,
}

impl TypedNotification<'_> {
    /// Copies what is borrowed.
    pub fn into_owned(self) -> TypedNotification<'static> {
        TypedNotification {
            notification: self.notification.into_owned(),
            resource: self.resource.map(Resource::into_owned),
        }
    }
}

impl<'a> Notification<'a> {
    /// Takes an item as it was sent. One that is no object, or whose members have wrong types, keeps only that.
    pub fn from_raw(raw: RawJson<'a>) -> Self {
        fn members(text: &str) -> Option<Members<'_>> {
            read_members(&mut Cursor::new(text), false).ok()?.members
        }
        // Borrowing for 'a needs the text for 'a, which a borrowed slice gives and an owned one does not.
        let members = match raw.borrowed() {
            Some(text) => members(text),
            None => members(raw.as_str()).map(Members::into_owned),
        };
        Self { raw, members }
    }

    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        read_item(cursor, false).map(|(notification, _)| notification)
    }

    /// The item as it was sent.
    pub fn raw(&self) -> &RawJson<'a> {
        &self.raw
    }

    /// What happened.
    pub fn change_type(&self) -> Option<&ChangeType<'a>> {
        self.members.as_ref()?.change_type.as_ref()
    }

    /// The path of what it happened to, as sent; `resourceUrl` wins over `resource`.
    pub fn path(&self) -> Option<&str> {
        Some(self.members.as_ref()?.path.as_ref()?.of(self.raw.as_str()))
    }

    /// The same path, parsed.
    pub fn resource_path(&self) -> Option<ResourcePath<'_>> {
        ResourcePath::parse(self.path()?).ok()
    }

    /// The generation, where the item names what it is about at all.
    pub fn form(&self) -> Option<Form> {
        self.path()?;
        Some(if self.members.as_ref()?.is_current { Form::Current } else { Form::Legacy })
    }

    /// The address the service sent it to, where it says so.
    pub fn callback_uri(&self) -> Option<&str> {
        Some(self.members.as_ref()?.callback_uri.as_ref()?.of(self.raw.as_str()))
    }

    /// The call it is about: from the path, since the data often has no id.
    pub fn call_id(&self) -> Option<CallId> {
        self.resource_path()?.call_id()?.ok()
    }

    /// The data as it was sent.
    pub fn resource_data(&self) -> Option<RawJson<'_>> {
        let data = self.members.as_ref()?.data?;
        Some(RawJson::from_checked(data.of(self.raw.as_str())))
    }

    /// Reads what it is about.
    ///
    /// # Errors
    ///
    /// When the item or its data does not have the form its type promises: the item is poisoned. An unknown type is no
    /// error but [`Resource::Unrecognized`].
    pub fn resource(&self) -> Result<Resource<'_>, ReadError> {
        let members = self.members.as_ref().ok_or(ReadError { at: None })?;
        resource::read(self.path(), members.data.map(|data| data.of(self.raw.as_str())))
            .map_err(ReadError::from)
    }

    /// Copies what is borrowed.
    pub fn into_owned(self) -> Notification<'static> {
        Notification { raw: self.raw.into_owned(), members: self.members.map(Members::into_owned) }
    }
}

impl Members<'_> {
    fn into_owned(self) -> Members<'static> {
        Members {
            change_type: self.change_type.map(ChangeType::into_owned),
            path: self.path,
            callback_uri: self.callback_uri,
            data: self.data,
            is_current: self.is_current,
        }
    }
}

impl<'a> TypedNotification<'a> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        let (notification, read) = read_item(cursor, true)?;
        let resource = match (&notification.members, read.resource) {
            (None, _) => Err(ReadError { at: None }),
            (Some(_), Some(resource)) => resource,
            (Some(_), None) => resource::read(notification.path(), read.data).map_err(ReadError::from),
        };
        Ok(Self { notification, resource })
    }
}

/// What one pass over an item gives.
#[derive(Default)]
struct Read<'a> {
    members: Option<Members<'a>>,
    data: Option<&'a str>,
    resource: Option<Result<Resource<'a>, ReadError>>,
}

fn read_item<'a>(cursor: &mut Cursor<'a>, typed: bool) -> Result<(Notification<'a>, Read<'a>), Fault> {
    cursor.peek();
    let (start, item) = (cursor.at(), cursor.rest());
    let mut read = read_members(cursor, typed)?;
    let raw = RawJson::from_checked(item.get(..cursor.at() - start).unwrap_or_default());
    Ok((Notification { raw, members: read.members.take() }, read))
}

fn read_members<'a>(cursor: &mut Cursor<'a>, typed: bool) -> Result<Read<'a>, Fault> {
    let mut read = Read::default();
    cursor.peek();
    let item = cursor.at();
    if !cursor.take(b'{') {
        cursor.skip()?;
        return Ok(read);
    }
    let mut members = Members::default();
    let mut sound = true;
    let mut fresh = true;
    while cursor.goes_on(b'}', &mut fresh)? {
        match cursor.key()?.as_deref().unwrap_or_default() {
            "changeType" => {
                if let Some(change) = string(cursor, &mut sound)? {
                    members.change_type = Some(change.into());
                }
            }
            "resourceUrl" => {
                if let Some(path) = string(cursor, &mut sound)? {
                    members.path = Some(Held::new(path, item, cursor));
                    members.is_current = true;
                }
            }
            "resource" => {
                if let Some(path) = string(cursor, &mut sound)?.filter(|_| !members.is_current) {
                    members.path = Some(Held::new(path, item, cursor));
                }
            }
            "callbackUri" => {
                if let Some(uri) = string(cursor, &mut sound)? {
                    members.callback_uri = Some(Held::new(uri, item, cursor));
                }
            }
            "resourceData" if cursor.peek() != Some(b'n') => {
                let (start, data) = (cursor.at(), cursor.rest());
                read.resource = if typed { resource::read_here(cursor) } else { None };
                if cursor.at() == start {
                    cursor.skip()?;
                }
                read.data = data.get(..cursor.at() - start);
                members.data = Place::within(item, start..cursor.at());
                sound &= members.data.is_some();
            }
            _ => {
                cursor.skip()?;
            }
        }
    }
    read.members = sound.then_some(members);
    Ok(read)
}

/// Reads a member that should be a string or null; the item is not `sound` where it is something else.
fn string<'a>(cursor: &mut Cursor<'a>, sound: &mut bool) -> Result<Option<Text<'a>>, Fault> {
    let first = cursor.peek();
    if let Some(plain) = cursor.plain_string() {
        return Ok(Some(plain.into()));
    }
    // Half a surrogate pair is JSON but no text.
    if first == Some(b'"')
        && let Ok(text) = cursor.read()
    {
        return Ok(Some(text));
    }
    cursor.skip()?;
    *sound &= first == Some(b'n');
    Ok(None)
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

impl From<serde_json::Error> for ReadError {
    fn from(error: serde_json::Error) -> Self {
        // Behind a line break serde_json counts from 0.
        Self { at: Some((error.line(), error.column().max(1))) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WebhookBody;

    fn item(text: &str) -> Notification<'static> {
        Notification::from_raw(RawJson::from_string(text.to_owned()).unwrap())
    }

    #[test]
    fn a_string_with_escapes_is_read_as_it_is_meant() {
        let item = item(
            r#"{"resourceUrl":"\/communications\/calls\/57dab8b1","callbackUri":"https://bot.example/\u00e9",
                "chang\u0065Type":"delet\u0065d"}"#,
        );
        assert_eq!(item.path(), Some("/communications/calls/57dab8b1"));
        assert_eq!(item.callback_uri(), Some("https://bot.example/é"));
        assert_eq!(item.change_type(), Some(&ChangeType::Deleted));
    }

    #[test]
    fn the_current_path_wins_wherever_it_stands() {
        for text in [
            r#"{"resource":"/app/calls/1","resourceUrl":"/communications/calls/1"}"#,
            r#"{"resourceUrl":"/communications/calls/1","resource":"/app/calls/1"}"#,
        ] {
            assert_eq!(
                (item(text).path(), item(text).form()),
                (Some("/communications/calls/1"), Some(Form::Current))
            );
        }
        let legacy = item(r#"{"resource":"/app/calls/1","resourceUrl":null}"#);
        assert_eq!((legacy.path(), legacy.form()), (Some("/app/calls/1"), Some(Form::Legacy)));
        assert_eq!(item("{}").form(), None);
    }

    #[test]
    fn a_member_of_another_type_poisons_the_item_and_null_does_not() {
        for (text, sound) in [
            (
                r#"{"changeType":null,"callbackUri":null,"resourceData":null,"resourceUrl":"/app/calls/1"}"#,
                true,
            ),
            (r#"{"changeType":7,"resourceUrl":"/app/calls/1"}"#, false),
            (r#"{"resource":{"a":[1]},"resourceUrl":"/app/calls/1"}"#, false),
            (r#"{"callbackUri":"\ud800","resourceUrl":"/app/calls/1"}"#, false),
            (r#"{"\ud800":1,"resourceUrl":"/app/calls/1"}"#, true),
            ("7", false),
            ("[]", false),
        ] {
            let item = item(text);
            assert_eq!(item.raw().as_str(), text);
            assert_eq!(item.resource().is_ok(), sound, "{text}");
            assert_eq!(item.path().is_some(), sound, "{text}");
        }
    }

    #[test]
    fn data_is_the_same_in_one_pass_and_in_two_wherever_its_type_stands() {
        let participant = r##"{"@odata.type":"#microsoft.graph.participant","id":"7"}"##;
        for data in [
            participant.to_owned(),
            format!("[ {participant} , {participant} ]"),
            r##"{"id":"7","@odata.type":"#microsoft.graph.participant"}"##.to_owned(),
            r##"[{"id":"7","@odata.type" : "#microsoft.graph.participant" } ] "##.to_owned(),
            r##"{"id":"7","@odata.type":"#microsoft.graph.participant","isMuted":true}"##.to_owned(),
            r##"{"id":"\"@odata.type\":\"#microsoft.graph.call"}"##.to_owned(),
            r##"{"id\"@odata.type":"#microsoft.graph.call"}"##.to_owned(),
            r##"{"info":{"@odata.type":"#microsoft.graph.call"}}"##.to_owned(),
            "[]".to_owned(),
        ] {
            let body = format!(
                r#"{{"value":[{{"resourceData":{data},"resourceUrl":"/app/calls/1/participants"}}]}}"#
            );
            let Ok(WebhookBody::Notifications(typed)) = WebhookBody::parse_typed(body.as_bytes()) else {
                panic!("notifications")
            };
            assert_eq!(typed[0].notification.resource(), typed[0].resource, "{data}");
            assert!(matches!(typed[0].resource, Ok(Resource::Participants(_))), "{data}");
            assert_eq!(typed[0].notification.resource_data().unwrap().as_str(), data.trim());
        }
    }

    #[test]
    fn bad_data_costs_one_item_and_says_where_it_is_bad() {
        let body = br##"{"value":[{"resourceData":{"@odata.type":"#microsoft.graph.call","state":7,
            "x":1}, "resourceUrl":"/app/calls/1"}, {"resourceUrl":"/app/calls/2"}]}"##;
        let Ok(WebhookBody::Notifications(items)) = WebhookBody::parse_typed(body) else {
            panic!("notifications")
        };
        let error = items[0].resource.clone().unwrap_err();
        assert_eq!(error.position(), Some((1, 48)));
        assert_eq!(items[0].notification.resource(), Err(error));
        assert_eq!(items[0].notification.path(), Some("/app/calls/1"));
        assert!(items[1].resource.is_ok());
    }

    #[test]
    fn the_first_of_several_says_what_all_of_them_are() {
        let typed = |data: &str, path: &str| {
            let text = format!(r#"{{"resourceUrl":"/communications/calls/1{path}","resourceData":{data}}}"#);
            item(&text).resource().map(|resource| resource.kind())
        };
        for data in [
            r##"[{"id":"1"},{"id":"2","@odata.type":"#microsoft.graph.call"}]"##,
            r##"[{"id":"1"},{"@odata.type":"#microsoft.graph.call","id":"2"}]"##,
            r##"[{"id":"1","@odata.type":"#microsoft.graph.participant"},{"@odata.type":"#microsoft.graph.call"}]"##,
            r##"[ {"id":"1","@odata.type":"#microsoft.graph.participant"} , {"x":"#microsoft.graph.call"} ]"##,
        ] {
            assert_eq!(typed(data, "/participants"), Ok("participants"), "{data}");
        }
        let escaped = r##"{"id":"7","@odata.type":"#microsoft.graph.c\u0061ll"}"##;
        assert_eq!(typed(escaped, "/operations/1"), Ok("call"));
        assert!(typed("[7]", "/participants").is_err());
    }

    #[test]
    fn what_would_take_hundreds_of_times_its_size_is_refused() {
        let many = format!(
            r#"{{"resourceUrl":"/communications/calls/1/participants","resourceData":[{}{{}}]}}"#,
            "{},".repeat(crate::wire::MAX_ELEMENTS)
        );
        assert!(item(&many).resource().is_err());
        let few = many.replacen("{},", "", 1);
        assert!(matches!(item(&few).resource(), Ok(Resource::Participants(all)) if all.len() == 10_000));
        assert!(item(&many.replace("/participants", "")).resource().is_err());
    }

    #[test]
    fn an_object_is_no_word_and_a_place_counts_from_1() {
        let object = item(r#"{"resourceUrl":"/app/calls/1","resourceData":{"state":{"terminated":null}}}"#);
        assert!(object.resource().is_err());
        let lines = item("{\"resourceUrl\":\"/app/calls/1\",\"resourceData\":{\"resultInfo\":[\n{}]}}");
        assert_eq!(lines.resource().unwrap_err().position(), Some((2, 1)));
    }

    #[test]
    fn a_log_shows_no_text_of_an_item() {
        let item = item(r#"{"callbackUri":"https:\/\/bot.example\/cb?code=S3CRET","resourceUrl":"\/app"}"#);
        assert!(item.callback_uri().unwrap().contains("S3CRET"));
        assert!(!format!("{item:?}").contains("S3CRET"));
        let error = WebhookBody::parse(b"{\"a\\n\\u001b\":1,\"a\\n\\u001b\":2}").unwrap_err();
        assert_eq!(error.to_string(), r"line 1, column 16: the member `a\n\u{1b}` stands twice");
    }
}
