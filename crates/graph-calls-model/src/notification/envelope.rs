//! The body of a webhook request: read once, item by item.

use std::{error, fmt};

use super::{
    BotFrameworkPayload, Notification, TypedNotification,
    cursor::{Cursor, Fault, Why},
};
use crate::Text;

/// The most members of an envelope beside `value` and its type: 64. The service's have none or one.
pub const MAX_ENVELOPE_MEMBERS: usize = 64;

/// The most items of one request, unless told otherwise: 1,000.
pub const MAX_ITEMS: usize = 1_000;

/// What a webhook was sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum WebhookBody<'a, T = Notification<'a>> {
    /// Notifications, in any of Graph's forms.
    Notifications(Vec<T>),
    /// The form before Graph's: answer 204 and the event comes again as a notification.
    BotFramework(BotFrameworkPayload<'a>),
}

/// Why a body is no webhook body, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    kind: ParseErrorKind,
    line: usize,
    column: usize,
}

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// It is not UTF-8.
    NotUtf8,
    /// It begins with a byte order mark.
    ByteOrderMark,
    /// It is not one JSON value; in the parser's words.
    NotJson(String),
    /// It is JSON, but no object.
    NotAnObject,
    /// The envelope has a member twice.
    DuplicateMember(String),
    /// `value` is no array.
    ValueIsNoArray,
    /// The envelope has more members than [`MAX_ENVELOPE_MEMBERS`].
    TooManyMembers,
    /// It has more items than allowed.
    TooManyItems {
        /// How many are allowed.
        limit: usize,
    },
}

impl ParseError {
    /// What is wrong.
    pub fn kind(&self) -> &ParseErrorKind {
        &self.kind
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in bytes, from 1; in some cases that of the byte before.
    pub fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        match &self.kind {
            ParseErrorKind::NotUtf8 => f.write_str("not UTF-8"),
            ParseErrorKind::ByteOrderMark => f.write_str("begins with a byte order mark; send plain UTF-8"),
            ParseErrorKind::NotJson(why) => write!(f, "not JSON: {why}"),
            ParseErrorKind::NotAnObject => f.write_str("not a JSON object"),
            ParseErrorKind::DuplicateMember(name) => write!(f, "the member `{}` stands twice", shown(name)),
            ParseErrorKind::ValueIsNoArray => f.write_str("`value` is no array"),
            ParseErrorKind::TooManyMembers => {
                write!(f, "more than {MAX_ENVELOPE_MEMBERS} members in the envelope")
            }
            ParseErrorKind::TooManyItems { limit } => {
                write!(f, "more than {limit} notifications in one body")
            }
        }
    }
}

/// A sender's text as a log may show it: on one line, and not all of a long one.
fn shown(text: &str) -> impl fmt::Display {
    text.chars().take(64).flat_map(char::escape_debug).collect::<String>()
}

impl error::Error for ParseError {}

impl<'a> WebhookBody<'a> {
    /// Reads a body with at most [`MAX_ITEMS`] items, and of each item what it is about but not its data. The items
    /// borrow from the body.
    ///
    /// For a webhook that routes and keeps notifications. An item that makes no sense is kept as it is and costs no
    /// other: see [`Notification::resource`].
    ///
    /// ```
    /// use graph_calls_model::WebhookBody;
    ///
    /// let body = br#"{"value": [{"changeType": "deleted", "resourceUrl": "/communications/calls/57dab8b1"}]}"#;
    /// let WebhookBody::Notifications(items) = WebhookBody::parse(body)? else { panic!("Graph's form") };
    /// assert_eq!(items[0].path(), Some("/communications/calls/57dab8b1"));
    ///
    /// let error = WebhookBody::parse(b"[]").unwrap_err();
    /// assert_eq!(error.to_string(), "line 1, column 1: not a JSON object");
    /// # Ok::<(), graph_calls_model::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the body is not UTF-8, begins with a byte order mark, is not one JSON object, has an envelope member
    /// twice, more than 64 of them, or too many items. The error names line and column.
    pub fn parse(body: &'a [u8]) -> Result<Self, ParseError> {
        Self::parse_at_most(body, MAX_ITEMS)
    }

    /// Reads a body with at most so many items.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse).
    pub fn parse_at_most(body: &'a [u8], limit: usize) -> Result<Self, ParseError> {
        read(body, limit, Notification::read)
    }

    /// Reads a body and all of its items' data in one pass, for whoever looks at every item anyway:
    /// [`parse`](Self::parse) and then [`Notification::resource`] for each scans the data twice.
    ///
    /// ```
    /// use graph_calls_model::{Resource, WebhookBody};
    ///
    /// let body = br##"{"value": [{
    ///     "changeType": "updated",
    ///     "resourceUrl": "/communications/calls/57dab8b1",
    ///     "resourceData": {"@odata.type": "#microsoft.graph.call", "state": "established"}
    /// }]}"##;
    /// let WebhookBody::Notifications(items) = WebhookBody::parse_typed(body)? else { panic!("Graph's form") };
    /// assert!(matches!(items[0].resource, Ok(Resource::Call(_))));
    /// # Ok::<(), graph_calls_model::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse). Data that cannot be read costs only its item.
    pub fn parse_typed(body: &'a [u8]) -> Result<WebhookBody<'a, TypedNotification<'a>>, ParseError> {
        Self::parse_typed_at_most(body, MAX_ITEMS)
    }

    /// Reads a body and all of its items' data, with at most so many items.
    ///
    /// # Errors
    ///
    /// As for [`parse_typed`](Self::parse_typed).
    pub fn parse_typed_at_most(
        body: &'a [u8],
        limit: usize,
    ) -> Result<WebhookBody<'a, TypedNotification<'a>>, ParseError> {
        read(body, limit, TypedNotification::read)
    }
}

fn read<'a, T>(
    body: &'a [u8],
    limit: usize,
    item: impl Fn(&mut Cursor<'a>) -> Result<T, Fault>,
) -> Result<WebhookBody<'a, T>, ParseError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| error_at(body, error.valid_up_to(), ParseErrorKind::NotUtf8))?;
    if text.starts_with('\u{feff}') {
        return Err(ParseError { kind: ParseErrorKind::ByteOrderMark, line: 1, column: 1 });
    }
    let mut cursor = Cursor::new(text);
    match read_envelope(&mut cursor, limit, item) {
        Ok(Some(items)) => Ok(WebhookBody::Notifications(items)),
        Ok(None) => Ok(WebhookBody::BotFramework(serde_json::from_str(text).unwrap_or_default())),
        Err(Refused::Because(offset, kind)) => Err(error_at(body, offset, kind)),
        Err(Refused::NoJson(Fault { at: offset, why: Why::Expected(what) })) => {
            Err(error_at(body, offset, ParseErrorKind::NotJson(what.to_owned())))
        }
        Err(Refused::NoJson(Fault { at: offset, why: Why::Json(error) })) => {
            let kind = ParseErrorKind::NotJson(without_position(&error));
            if error.is_eof() {
                return Err(error_at(body, body.len(), kind));
            }
            let value = error_at(body, offset, kind);
            let column = if error.line() == 1 { value.column - 1 } else { 0 } + error.column();
            // Behind a line break serde_json counts from 0.
            Err(ParseError { line: value.line + error.line() - 1, column: column.max(1), ..value })
        }
    }
}

enum Refused {
    NoJson(Fault),
    Because(usize, ParseErrorKind),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Refused::NoJson(fault)
    }
}

fn read_envelope<'a, T>(
    cursor: &mut Cursor<'a>,
    limit: usize,
    item: impl Fn(&mut Cursor<'a>) -> Result<T, Fault>,
) -> Result<Option<Vec<T>>, Refused> {
    let start = cursor.at_value();
    if !cursor.take(b'{') {
        cursor.skip()?;
        cursor.end()?;
        return Err(Refused::Because(start, ParseErrorKind::NotAnObject));
    }
    let mut items = None;
    let mut has_type = false;
    let mut others: Vec<Text<'a>> = Vec::new();
    let mut fresh = true;
    while cursor.goes_on(b'}', &mut fresh)? {
        let start = cursor.at_value();
        let Some(name) = cursor.key()? else {
            cursor.skip()?;
            continue;
        };
        let twice = match name.as_str() {
            "value" => items.is_some(),
            "@odata.type" => has_type,
            _ => others.contains(&name),
        };
        if twice {
            return Err(Refused::Because(start, ParseErrorKind::DuplicateMember(name.to_string())));
        }
        match name.as_str() {
            "value" => items = Some(read_items(cursor, limit, &item)?),
            "@odata.type" => {
                has_type = true;
                cursor.skip()?;
            }
            // An envelope has a handful of members; a body made of thousands would make the check quadratic.
            _ if others.len() == MAX_ENVELOPE_MEMBERS => {
                return Err(Refused::Because(start, ParseErrorKind::TooManyMembers));
            }
            _ => {
                others.push(name);
                cursor.skip()?;
            }
        }
    }
    cursor.end()?;
    Ok(items)
}

fn read_items<'a, T>(
    cursor: &mut Cursor<'a>,
    limit: usize,
    item: impl Fn(&mut Cursor<'a>) -> Result<T, Fault>,
) -> Result<Vec<T>, Refused> {
    let start = cursor.at_value();
    if !cursor.take(b'[') {
        cursor.skip()?;
        return Err(Refused::Because(start, ParseErrorKind::ValueIsNoArray));
    }
    let mut items = Vec::new();
    let mut fresh = true;
    while cursor.goes_on(b']', &mut fresh)? {
        if items.len() == limit {
            return Err(Refused::Because(cursor.at_value(), ParseErrorKind::TooManyItems { limit }));
        }
        items.push(item(cursor)?);
    }
    Ok(items)
}

fn error_at(body: &[u8], offset: usize, kind: ParseErrorKind) -> ParseError {
    let before = body.get(..offset).unwrap_or(body);
    let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.split(|&byte| byte == b'\n').count();
    ParseError { kind, line, column: before.len() - line_start + 1 }
}

// serde_json appends the position, which `ParseError` prints first.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map(|(why, _)| why.to_owned()).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(body: &[u8]) -> (ParseErrorKind, usize, usize) {
        let error = WebhookBody::parse(body).unwrap_err();
        (error.kind().clone(), error.line(), error.column())
    }

    #[test]
    fn what_is_no_envelope_is_told_with_its_place() {
        assert_eq!(error(b"\n  [1]"), (ParseErrorKind::NotAnObject, 2, 3));
        assert_eq!(error(b"\xef\xbb\xbf{}"), (ParseErrorKind::ByteOrderMark, 1, 1));
        assert_eq!(error(b"{\n\"a\": \"\xff\"}"), (ParseErrorKind::NotUtf8, 2, 7));
        assert_eq!(error(b"{\"value\": 7}").0, ParseErrorKind::ValueIsNoArray);
        assert_eq!(error(b"{\"value\": null}").0, ParseErrorKind::ValueIsNoArray);
        assert_eq!(error(b"{\"a\":1,\"a\":2}").0, ParseErrorKind::DuplicateMember("a".into()));
        assert!(matches!(error(b"{\"value\": []"), (ParseErrorKind::NotJson(_), 1, 13)));
        assert!(matches!(error(b"{\"value\": "), (ParseErrorKind::NotJson(_), 1, 11)));
        assert!(matches!(error(b"{\n"), (ParseErrorKind::NotJson(_), 2, 1)));
        assert!(matches!(error(b"{\n \"value\": [\n  {\"a\": tru}]}"), (ParseErrorKind::NotJson(_), 3, 12)));
        assert!(matches!(error(b"{\"value\": [{},]}"), (ParseErrorKind::NotJson(_), 1, 15)));
        assert!(matches!(error(b"{\"a\" 1}"), (ParseErrorKind::NotJson(_), 1, 6)));
        assert!(matches!(error(b"{} {}"), (ParseErrorKind::NotJson(_), 1, 4)));
        assert!(matches!(error(b""), (ParseErrorKind::NotJson(_), 1, 1)));
        assert!(matches!(error(b"{\"a\": \"b\n\"}"), (ParseErrorKind::NotJson(_), 1, 8)));
    }

    #[test]
    fn the_limit_of_items_holds_exactly() {
        let body = br#"{"value":[{},{},{}]}"#;
        assert!(WebhookBody::parse_at_most(body, 3).is_ok());
        let error = WebhookBody::parse_at_most(body, 2).unwrap_err();
        assert_eq!(error.kind(), &ParseErrorKind::TooManyItems { limit: 2 });
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let deep = format!(r#"{{"x":{}{},"value":[]}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(WebhookBody::parse(deep.as_bytes()).is_ok());
    }

    #[test]
    fn a_body_without_value_is_the_form_before_graphs() {
        let body = WebhookBody::parse(br#"{"id":"1","callState":"incoming","tenantId":"t"}"#).unwrap();
        let WebhookBody::BotFramework(payload) = body else { panic!("no value, no notifications") };
        assert_eq!(payload.call_state.as_deref(), Some("incoming"));
    }
}
