//! A prepared request as it is kept in a store.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use graph_calls_core::{ApiVersion, Repeat};
use http::{HeaderName, HeaderValue, Method};
use serde::{Deserialize, Serialize};

use super::Prepared;

/// Texts, so that whoever looks into a store can read them.
#[derive(Serialize, Deserialize)]
pub(super) struct Request {
    name: String,
    method: String,
    path: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
    /// A body that is no text, as Base64.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    bytes: String,
    repeat: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    version: String,
}

/// A kept request that makes no sense, by the part that does not.
#[derive(Debug)]
pub(super) struct Unreadable(&'static str);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a kept request has no readable {}", self.0)
    }
}

impl From<Prepared> for Request {
    fn from(prepared: Prepared) -> Self {
        let headers = prepared
            .headers
            .iter()
            // A value that is no text was refused when the request was made.
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let (text, bytes) = match String::from_utf8(prepared.body.to_vec()) {
            Ok(text) => (text, String::new()),
            Err(_) => (String::new(), BASE64_STANDARD.encode(&prepared.body)),
        };
        Self {
            name: prepared.name.into_owned(),
            method: prepared.method.to_string(),
            path: prepared.path,
            headers,
            text,
            bytes,
            repeat: match prepared.repeat {
                Repeat::Always => "always",
                Repeat::WhileIncoming => "while-incoming",
                Repeat::OnlyIfNoEffect => "only-if-no-effect",
            }
            .to_owned(),
            version: match prepared.version {
                ApiVersion::Beta => "beta",
                ApiVersion::V1 => "v1.0",
                ApiVersion::Any => "",
            }
            .to_owned(),
        }
    }
}

impl TryFrom<Request> for Prepared {
    type Error = Unreadable;
    fn try_from(kept: Request) -> Result<Self, Unreadable> {
        let headers = kept
            .headers
            .into_iter()
            .map(|(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?)))
            .collect::<Option<_>>();
        let body = if kept.bytes.is_empty() {
            Bytes::from(kept.text)
        } else {
            BASE64_STANDARD.decode(&kept.bytes).map_err(|_| Unreadable("body"))?.into()
        };
        Ok(Self {
            name: kept.name.into(),
            method: kept.method.parse::<Method>().map_err(|_| Unreadable("method"))?,
            path: kept.path,
            headers: headers.ok_or(Unreadable("header"))?,
            body,
            repeat: match kept.repeat.as_str() {
                "always" => Repeat::Always,
                "while-incoming" => Repeat::WhileIncoming,
                // What we do not know is sent once at the most.
                _ => Repeat::OnlyIfNoEffect,
            },
            version: match kept.version.as_str() {
                "beta" => ApiVersion::Beta,
                "v1.0" => ApiVersion::V1,
                _ => ApiVersion::Any,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_the_same_after_it_was_kept() {
        for (body, repeat) in [
            (Bytes::from_static(b"{\"a\":1}"), Repeat::WhileIncoming),
            (Bytes::from_static(b"\xff\x00"), Repeat::Always),
            (Bytes::new(), Repeat::OnlyIfNoEffect),
        ] {
            let mut prepared = Prepared {
                name: "call-answer".into(),
                method: Method::POST,
                path: "/communications/calls/1/answer".to_owned(),
                headers: http::HeaderMap::new(),
                body,
                repeat,
                version: ApiVersion::Beta,
            };
            prepared.headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let text = serde_json::to_string(&prepared).unwrap();
            assert!(serde_json::from_str::<Prepared>(&text).unwrap() == prepared, "{text}");
        }
    }
}
