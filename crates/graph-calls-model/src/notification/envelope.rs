//! The body of a webhook request: read once, item by item, nothing typed yet.

use std::{error, fmt};

use serde::de::{self, DeserializeSeed, Deserializer as _, MapAccess, SeqAccess};

use super::{BotFrameworkPayload, Notification, RawJson};
use crate::Text;

/// The most items of one request, unless told otherwise.
pub const MAX_ITEMS: usize = 1_000;

/// What a webhook was sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum WebhookBody<'a> {
    /// Notifications, in any of Graph's forms.
    Notifications(Vec<Notification<'a>>),
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

    /// The column in bytes, from 1.
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
            ParseErrorKind::DuplicateMember(name) => write!(f, "the member `{name}` stands twice"),
            ParseErrorKind::ValueIsNoArray => f.write_str("`value` is no array"),
            ParseErrorKind::TooManyItems { limit } => {
                write!(f, "more than {limit} notifications in one body")
            }
        }
    }
}

impl error::Error for ParseError {}

impl<'a> WebhookBody<'a> {
    /// Reads a body with at most [`MAX_ITEMS`] items. The items borrow from it.
    ///
    /// An item that makes no sense is kept as it is and costs no other: see [`Notification::resource`].
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
    /// twice or too many items. The error names line and column.
    pub fn parse(body: &'a [u8]) -> Result<Self, ParseError> {
        Self::parse_at_most(body, MAX_ITEMS)
    }

    /// Reads a body with at most so many items.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse).
    pub fn parse_at_most(body: &'a [u8], limit: usize) -> Result<Self, ParseError> {
        let text = std::str::from_utf8(body)
            .map_err(|error| at(body, error.valid_up_to(), ParseErrorKind::NotUtf8))?;
        if text.starts_with('\u{feff}') {
            return Err(ParseError { kind: ParseErrorKind::ByteOrderMark, line: 1, column: 1 });
        }
        let start = text.len() - text.trim_ascii_start().len();
        let mut refused = None;
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = reader.deserialize_map(EnvelopeVisitor { limit, refused: &mut refused });
        let value = match read.and_then(|value| reader.end().map(|()| value)) {
            Ok(value) => value,
            Err(error) => {
                let other_value = error.is_data() && refused.is_none();
                let kind = match refused {
                    Some(kind) => kind,
                    None if other_value => return Err(at(body, start, ParseErrorKind::NotAnObject)),
                    None => ParseErrorKind::NotJson(without_position(&error)),
                };
                return Err(ParseError { kind, line: error.line(), column: error.column() });
            }
        };
        Ok(match value {
            Some(items) => {
                WebhookBody::Notifications(items.into_iter().map(Notification::from_raw).collect())
            }
            None => WebhookBody::BotFramework(serde_json::from_str(text).unwrap_or_default()),
        })
    }
}

fn at(body: &[u8], offset: usize, kind: ParseErrorKind) -> ParseError {
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

struct EnvelopeVisitor<'r> {
    limit: usize,
    refused: &'r mut Option<ParseErrorKind>,
}

impl<'de> de::Visitor<'de> for EnvelopeVisitor<'_> {
    type Value = Option<Vec<RawJson<'de>>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut seen: Vec<Text<'de>> = Vec::new();
        let mut items = None;
        while let Some(name) = map.next_key::<Text<'de>>()? {
            if seen.contains(&name) {
                *self.refused = Some(ParseErrorKind::DuplicateMember(name.to_string()));
                return Err(de::Error::custom("duplicate member"));
            }
            if name == "value" {
                items = Some(map.next_value_seed(Items { limit: self.limit, refused: &mut *self.refused })?);
            } else {
                map.next_value::<de::IgnoredAny>()?;
            }
            // An envelope has a handful of members; a body made of thousands would make this check quadratic.
            if seen.len() == MAX_MEMBERS {
                *self.refused =
                    Some(ParseErrorKind::NotJson(format!("more than {MAX_MEMBERS} members in the envelope")));
                return Err(de::Error::custom("too many members"));
            }
            seen.push(name);
        }
        Ok(items)
    }
}

const MAX_MEMBERS: usize = 64;

struct Items<'r> {
    limit: usize,
    refused: &'r mut Option<ParseErrorKind>,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = Vec<RawJson<'de>>;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> de::Visitor<'de> for Items<'_> {
    type Value = Vec<RawJson<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            if items.len() == self.limit {
                *self.refused = Some(ParseErrorKind::TooManyItems { limit: self.limit });
                return Err(de::Error::custom("too many items"));
            }
            items.push(item);
        }
        Ok(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, _map: A) -> Result<Self::Value, A::Error> {
        self.no_array()
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        self.no_array()
    }

    fn visit_bool<E: de::Error>(self, _v: bool) -> Result<Self::Value, E> {
        self.no_array()
    }

    fn visit_i64<E: de::Error>(self, _v: i64) -> Result<Self::Value, E> {
        self.no_array()
    }

    fn visit_u64<E: de::Error>(self, _v: u64) -> Result<Self::Value, E> {
        self.no_array()
    }

    fn visit_f64<E: de::Error>(self, _v: f64) -> Result<Self::Value, E> {
        self.no_array()
    }

    fn visit_str<E: de::Error>(self, _v: &str) -> Result<Self::Value, E> {
        self.no_array()
    }
}

impl<'de> Items<'_> {
    fn no_array<E: de::Error>(self) -> Result<Vec<RawJson<'de>>, E> {
        *self.refused = Some(ParseErrorKind::ValueIsNoArray);
        Err(E::custom("no array"))
    }
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
        assert!(matches!(error(b"{\"value\": []"), (ParseErrorKind::NotJson(_), 1, 12)));
        assert!(matches!(error(b"{} {}"), (ParseErrorKind::NotJson(_), 1, 4)));
        assert!(matches!(error(b""), (ParseErrorKind::NotJson(_), _, _)));
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
