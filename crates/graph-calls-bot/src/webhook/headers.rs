//! What the headers of a POST say about it.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};

/// The longest id that is taken over from a header.
const MAX_ID: usize = 256;

const MESSAGE_ID: HeaderName = HeaderName::from_static("x-microsoft-skype-message-id");

/// What the service wants to see again in the answer.
pub(super) const ECHOED: [HeaderName; 2] =
    [HeaderName::from_static("client-request-id"), HeaderName::from_static("scenario-id")];

/// What a body claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    Json,
    /// It does not say.
    Untold,
    /// Something else, or an encoding that nobody undoes here.
    Other,
}

/// Roughly what the headers took on the wire.
pub(super) fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}

/// A `charset` is ignored: the service was seen to claim `Windows-1252` for ASCII bytes. The bytes decide.
pub(super) fn media_type(headers: &HeaderMap) -> MediaType {
    let encoded = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
        .any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"));
    if encoded {
        return MediaType::Other;
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        (None, _) => MediaType::Untold,
        (Some(named), None) if is_json(named) => MediaType::Json,
        _ => MediaType::Other,
    }
}

fn is_json(content_type: &HeaderValue) -> bool {
    let Ok(text) = content_type.to_str() else { return false };
    let essence = text.split(';').next().unwrap_or_default().trim_ascii();
    let Some((kind, subtype)) = essence.split_once('/') else { return false };
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let json = kind.eq_ignore_ascii_case("application") && subtype.eq_ignore_ascii_case("json");
    let suffixed = subtype
        .rsplit_once('+')
        .is_some_and(|(name, suffix)| is_name(name) && suffix.eq_ignore_ascii_case("json"));
    json || (suffixed && is_name(kind))
}

/// The service's id of a POST. One that makes no sense is none.
pub(super) fn message_id(headers: &HeaderMap) -> Option<String> {
    let id = sane(headers, &MESSAGE_ID)?;
    id.to_str().ok().map(str::to_owned)
}

/// A header that stands there once, is not empty, and has printable characters only.
pub(super) fn sane<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    let bytes = value.as_bytes();
    let fine = (1..=MAX_ID).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    (fine && values.next().is_none()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn json_in_any_charset_is_json() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json ;charset=Windows-1252",
            "application/problem+json",
            "application/vnd.microsoft.graph+JSON",
        ] {
            assert_eq!(media_type(&headers(&[("content-type", good)])), MediaType::Json, "{good}");
        }
        for bad in ["text/json", "text/plain", "json", "+json", "/+json", "a/+json", "application/jsonx", ""]
        {
            assert_eq!(media_type(&headers(&[("content-type", bad)])), MediaType::Other, "{bad}");
        }
        assert_eq!(media_type(&headers(&[])), MediaType::Untold);
        let twice = [("content-type", "application/json"), ("content-type", "text/plain")];
        assert_eq!(media_type(&headers(&twice)), MediaType::Other);
    }

    #[test]
    fn nobody_undoes_an_encoding() {
        let with = |coding| headers(&[("content-type", "application/json"), ("content-encoding", coding)]);
        for good in ["identity", "Identity", "identity, identity", ""] {
            assert_eq!(media_type(&with(good)), MediaType::Json, "{good}");
        }
        for bad in ["gzip", "identity, gzip", "br", "x"] {
            assert_eq!(media_type(&with(bad)), MediaType::Other, "{bad}");
        }
    }

    #[test]
    fn an_id_that_makes_no_sense_is_none() {
        let id = |value: &str| message_id(&headers(&[("x-microsoft-skype-message-id", value)]));
        assert_eq!(id("0f-1"), Some("0f-1".to_owned()));
        for bad in ["", "a b", "\u{fc}", &"x".repeat(257)] {
            assert_eq!(id(bad), None, "{bad}");
        }
        let twice = [("x-microsoft-skype-message-id", "1"), ("x-microsoft-skype-message-id", "2")];
        assert_eq!(message_id(&headers(&twice)), None);
    }
}
