//! The body of an HTTP error.
//!
//! It comes from gateways and proxies as well, and somebody has to find the cause with what is left of it: whatever is
//! odd in one member costs no other.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::{Text, wire::wire_value};

/// How many inner errors are read, one within the other; those below are skipped.
const MAX_INNER_ERRORS: usize = 16;

/// What an error response carries: `{"error": {..}}`.
///
/// A member of another type than the documented one counts as absent, but a number where a text belongs is read as
/// that text. [`ErrorBody::read`] takes even what is no JSON.
///
/// Graph reference: [error responses](https://learn.microsoft.com/graph/errors).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ErrorBody<'a> {
    /// The error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<GraphError<'a>>,
}

/// An error of Graph. Branch on the code alone; the message changes at will.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GraphError<'a> {
    /// The code: a word, or a number as text for the calls service (`7505`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Text<'a>>,
    /// For developers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Text<'a>>,
    /// What lies behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner_error: Option<Box<InnerError<'a>>>,
}

/// What lies behind an error.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InnerError<'a> {
    /// A more exact code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Text<'a>>,
    /// The service's id of the request.
    #[serde(rename = "request-id", skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Text<'a>>,
    /// Our id of the request.
    #[serde(rename = "client-request-id", skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<Text<'a>>,
    /// When, without a time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Text<'a>>,
    /// What lies behind that. 16 are read, one within the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner_error: Option<Box<InnerError<'a>>>,
}

impl<'a> ErrorBody<'a> {
    /// Reads as much as can be read: of a body that was cut off, what came before; of a page of HTML, nothing.
    ///
    /// ```
    /// use graph_calls_model::ErrorBody;
    ///
    /// let body = ErrorBody::read(br#"{"error": {"code": 7505, "innerError": [], "message": "Request author"#);
    /// assert_eq!(body.error.as_ref().and_then(|error| error.innermost_code()), Some("7505"));
    /// assert_eq!(ErrorBody::read(b"<html>sorry</html>").error, None);
    /// ```
    pub fn read(bytes: &'a [u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        // A whole body ends in a brace: a number at the end was cut off, and would be another number.
        let in_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        let whole = bytes.iter().rposition(|byte| !in_number(byte)).map_or(0, |last| last + 1);
        match String::from_utf8_lossy(bytes.get(..whole).unwrap_or_default()) {
            Cow::Borrowed(text) => Self::read_text(text),
            Cow::Owned(text) => ErrorBody::read_text(&text).into_owned(),
        }
    }

    fn read_text(text: &'a str) -> Self {
        let mut body = Self::default();
        // What was read before something went wrong has been put into the body by then.
        let _ = Members::of(&mut body).deserialize(&mut serde_json::Deserializer::from_str(text));
        body
    }

    /// Copies what is borrowed.
    pub fn into_owned(self) -> ErrorBody<'static> {
        ErrorBody { error: self.error.map(GraphError::into_owned) }
    }
}

impl GraphError<'_> {
    /// The most exact code: that of the innermost error which has one.
    pub fn innermost_code(&self) -> Option<&str> {
        let mut code = self.code.as_deref();
        let mut inner = self.inner_error.as_deref();
        while let Some(error) = inner {
            code = error.code.as_deref().or(code);
            inner = error.inner_error.as_deref();
        }
        code
    }

    /// The service's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.inner_error.as_ref()?.request_id.as_deref()
    }

    /// Copies what is borrowed.
    pub fn into_owned(self) -> GraphError<'static> {
        GraphError {
            code: self.code.map(Text::into_owned),
            message: self.message.map(Text::into_owned),
            inner_error: self.inner_error.map(|inner| Box::new(inner.into_owned())),
        }
    }
}

impl InnerError<'_> {
    /// Copies what is borrowed.
    pub fn into_owned(self) -> InnerError<'static> {
        InnerError {
            code: self.code.map(Text::into_owned),
            request_id: self.request_id.map(Text::into_owned),
            client_request_id: self.client_request_id.map(Text::into_owned),
            date: self.date.map(Text::into_owned),
            inner_error: self.inner_error.map(|inner| Box::new(inner.into_owned())),
        }
    }
}

/// A type that is read member by member into a place of its own, so that what was read outlives an error behind it.
trait Lenient<'de>: Default {
    const NAME: &'static str;
    const MEMBERS: &'static [&'static str];

    /// Reads the value of one member, whatever it is. `depth` inner errors are around it.
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A, depth: usize) -> Result<(), A::Error>;
}

impl<'de: 'a, 'a> Lenient<'de> for ErrorBody<'a> {
    const NAME: &'static str = "ErrorBody";
    const MEMBERS: &'static [&'static str] = &["error"];

    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A, depth: usize) -> Result<(), A::Error> {
        match name {
            "error" => map.next_value_seed(Object { place: &mut self.error, depth }),
            _ => map.next_value().map(|IgnoredAny| ()),
        }
    }
}

impl<'de: 'a, 'a> Lenient<'de> for GraphError<'a> {
    const NAME: &'static str = "GraphError";
    const MEMBERS: &'static [&'static str] = &["code", "message", "innerError"];

    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A, depth: usize) -> Result<(), A::Error> {
        match name {
            "code" => map.next_value_seed(Word(&mut self.code)),
            "message" => map.next_value_seed(Word(&mut self.message)),
            "innerError" | "innererror" => {
                map.next_value_seed(Object { place: &mut self.inner_error, depth: depth + 1 })
            }
            _ => map.next_value().map(|IgnoredAny| ()),
        }
    }
}

impl<'de: 'a, 'a> Lenient<'de> for InnerError<'a> {
    const NAME: &'static str = "InnerError";
    const MEMBERS: &'static [&'static str] =
        &["code", "request-id", "client-request-id", "date", "innerError"];

    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A, depth: usize) -> Result<(), A::Error> {
        match name {
            "code" => map.next_value_seed(Word(&mut self.code)),
            "request-id" | "requestId" => map.next_value_seed(Word(&mut self.request_id)),
            "client-request-id" => map.next_value_seed(Word(&mut self.client_request_id)),
            "date" => map.next_value_seed(Word(&mut self.date)),
            "innerError" | "innererror" if depth < MAX_INNER_ERRORS => {
                map.next_value_seed(Object { place: &mut self.inner_error, depth: depth + 1 })
            }
            _ => map.next_value().map(|IgnoredAny| ()),
        }
    }
}

impl<'de: 'a, 'a> Lenient<'de> for Box<InnerError<'a>> {
    const NAME: &'static str = InnerError::NAME;
    const MEMBERS: &'static [&'static str] = InnerError::MEMBERS;

    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A, depth: usize) -> Result<(), A::Error> {
        (**self).member(name, map, depth)
    }
}

/// Reads an object where there must be one.
struct Members<'p, T> {
    place: &'p mut T,
    depth: usize,
}

impl<'p, T> Members<'p, T> {
    fn of(place: &'p mut T) -> Self {
        Self { place, depth: 0 }
    }
}

impl<'de, T: Lenient<'de>> DeserializeSeed<'de> for Members<'_, T> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_struct(T::NAME, T::MEMBERS, self)
    }
}

impl<'de, T: Lenient<'de>> Visitor<'de> for Members<'_, T> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object ({})", T::NAME)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Text<'de>>()? {
            self.place.member(&name, &mut map, self.depth)?;
        }
        Ok(())
    }
}

/// Reads an object where there should be one: null makes it absent, anything else is skipped.
struct Object<'p, T> {
    place: &'p mut Option<T>,
    depth: usize,
}

impl<'de, T: Lenient<'de>> DeserializeSeed<'de> for Object<'_, T> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        // A format that does not say what comes next has to be told what to read.
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(self)
        } else {
            deserializer.deserialize_option(self)
        }
    }
}

/// What is neither a member's type nor null: skipped.
macro_rules! skips {
    ($($visit:ident: $ty:ty),*) => { $(
        fn $visit<E: de::Error>(self, _: $ty) -> Result<(), E> {
            Ok(())
        }
    )* };
}

fn skip_list<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while let Some(IgnoredAny) = seq.next_element()? {}
    Ok(())
}

impl<'de, T: Lenient<'de>> Visitor<'de> for Object<'_, T> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object ({})", T::NAME)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        Members { place: self.place.insert(T::default()), depth: self.depth }.visit_map(map)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        Members { place: self.place.insert(T::default()), depth: self.depth }.deserialize(deserializer)
    }
    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        self.visit_unit()
    }
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        *self.place = None;
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        skip_list(seq)
    }
    skips!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);
}

/// Reads a text or a number where there should be a text: null makes it absent, anything else is skipped.
struct Word<'p, 'a>(&'p mut Option<Text<'a>>);

impl<'a> Word<'_, 'a> {
    #[expect(clippy::unnecessary_wraps, reason = "what a visitor returns")]
    fn is<E>(self, text: impl Into<Text<'a>>) -> Result<(), E> {
        *self.0 = Some(text.into());
        Ok(())
    }
}

impl<'de: 'a, 'a> DeserializeSeed<'de> for Word<'_, 'a> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Word<'_, 'a> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }
    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<(), E> {
        self.is(text)
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.is(text.to_owned())
    }
    fn visit_string<E: de::Error>(self, text: String) -> Result<(), E> {
        self.is(text)
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<(), E> {
        self.is(number.to_string())
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<(), E> {
        self.is(number.to_string())
    }
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<(), E> {
        self.is(number.to_string())
    }
    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        self.visit_unit()
    }
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        *self.0 = None;
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        skip_list(seq)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((IgnoredAny, IgnoredAny)) = map.next_entry()? {}
        Ok(())
    }
    skips!(visit_bool: bool);
}

macro_rules! reads_members {
    ($($name:ident),*) => { $(
        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut value = Self::default();
                Members::of(&mut value).deserialize(deserializer)?;
                Ok(value)
            }
        }

        wire_value!($name);
    )* };
}
reads_members!(ErrorBody, GraphError, InnerError);

#[cfg(test)]
mod tests {
    use super::*;

    fn error(body: &str) -> GraphError<'_> {
        serde_json::from_str::<ErrorBody<'_>>(body).unwrap().error.unwrap()
    }

    #[test]
    fn the_innermost_code_wins_and_both_spellings_of_the_inner_error_are_read() {
        let error = error(
            r#"{"error":{"code":"TooManyRequests","message":"slow down","innererror":{"code":"429","requestId":"r1",
               "innerError":{"date":"2026-11-21T10:00:00"}}}}"#,
        );
        assert_eq!(error.innermost_code(), Some("429"));
        assert_eq!(error.request_id(), Some("r1"));
    }

    #[test]
    fn a_code_survives_whatever_else_is_odd() {
        for body in [
            r#"{"error":{"code":"7505","innerError":"text"}}"#,
            r#"{"error":{"innerError":[{"code":"1"}],"code":"7505"}}"#,
            r#"{"error":{"code":"7505","innerError":7,"innererror":true}}"#,
            r#"{"error":{"message":{"lang":"en","value":["slow down"]},"code":"7505"}}"#,
            r#"{"error":{"code":7505,"message":null,"details":[{"code":"1"}]}}"#,
            r#"{"error":{"code":"7505","code":["1"]}}"#,
            r#"{"error":{"code":"7505","innerError":{"code":{"value":"1"},"request-id":[]}}}"#,
            r#"{"error":{"code":"7505"},"error":"once more"}"#,
        ] {
            assert_eq!(error(body).innermost_code(), Some("7505"), "{body}");
        }
    }

    #[test]
    fn a_number_is_the_text_it_is_written_as_and_a_word_is_no_error() {
        assert_eq!(error(r#"{"error":{"code":-1}}"#).code.as_deref(), Some("-1"));
        assert_eq!(error(r#"{"error":{"code":412.5}}"#).code.as_deref(), Some("412.5"));
        assert_eq!(error(r#"{"error":{"code":true}}"#).code, None);
        assert_eq!(error(r#"{"error":{"innerError":{"request-id":12}}}"#).request_id(), Some("12"));
        for body in [r#"{"error":"invalid_client"}"#, r#"{"error":[]}"#, r#"{"error":null}"#, "{}"] {
            assert_eq!(serde_json::from_str::<ErrorBody<'_>>(body).unwrap().error, None, "{body}");
        }
        assert!(serde_json::from_str::<ErrorBody<'_>>(r#"[{"code":"a"}]"#).is_err());
    }

    #[test]
    fn what_is_cut_off_or_no_text_keeps_what_came_before() {
        let whole = br#"{"error":{"innerError":{"request-id":"r1"},"code":7505,"message":"mismatch"}}"#;
        for end in 0..whole.len() {
            let body = ErrorBody::read(&whole[..end]);
            let code = body.error.as_ref().and_then(|error| error.code.as_deref());
            let is_there = end > whole.len() - r#","message":"mismatch"}}"#.len();
            assert_eq!(code, is_there.then_some("7505"), "{end}");
        }
        let code = |bytes: &[u8]| ErrorBody::read(bytes).error?.innermost_code().map(str::to_owned);
        assert_eq!(code(b"{\"error\":{\"message\":\"gr\xFC\xDFe\",\"code\":\"a\"}}").as_deref(), Some("a"));
        assert_eq!(code(b"\xEF\xBB\xBF{\"error\":{\"code\":\"a\"}}").as_deref(), Some("a"));
        assert_eq!(code(br#"{"error":{"code":"a","message":"\ud800"}}"#).as_deref(), Some("a"));
        assert_eq!(code(br#"{"error":{"code":"a"}} and more"#).as_deref(), Some("a"));
        for nothing in [b"<html>".as_slice(), b"", b"[]", b"\xFF", b"7505", b"null"] {
            assert_eq!(ErrorBody::read(nothing), ErrorBody::default());
        }
    }

    #[test]
    fn inner_errors_are_read_to_a_bounded_depth() {
        let inner = r#"{"code":"b","innerError":"#.repeat(100_000);
        let body = format!(r#"{{"error":{{"code":"a","innerError":{inner}null{}}}}}"#, "}".repeat(100_000));
        let error = error(&body);
        let first = error.inner_error.as_deref();
        let read = std::iter::successors(first, |inner| inner.inner_error.as_deref()).count();
        assert_eq!((read, error.innermost_code()), (MAX_INNER_ERRORS, Some("b")));
    }
}
