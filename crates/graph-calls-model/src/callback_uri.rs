//! Where the notifications of a call go.

use std::{error, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};

/// The address that a call's notifications are sent to. The service insists on https.
///
/// Graph reference: [`application-post-calls`](https://learn.microsoft.com/graph/api/application-post-calls).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct CallbackUri(String);

impl CallbackUri {
    /// Takes an absolute https URI.
    ///
    /// # Errors
    ///
    /// When it is not https, has no host, or has a space, a control character or a fragment.
    pub fn new(uri: impl Into<String>) -> Result<Self, InvalidCallbackUri> {
        Self::checked(uri.into(), &["https://"])
    }

    /// Takes an https or a plain http URI: only for an emulator, the service refuses the latter.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new), but http is taken too.
    pub fn emulated(uri: impl Into<String>) -> Result<Self, InvalidCallbackUri> {
        Self::checked(uri.into(), &["https://", "http://"])
    }

    fn checked(uri: String, schemes: &[&str]) -> Result<Self, InvalidCallbackUri> {
        let behind = schemes.iter().find_map(|scheme| {
            uri.split_at_checked(scheme.len())
                .filter(|(head, _)| head.eq_ignore_ascii_case(scheme))
                .map(|(_, rest)| rest)
        });
        let host = behind.and_then(|rest| rest.split(['/', '?']).next());
        if host.is_none_or(str::is_empty)
            || uri.chars().any(|c| c.is_control() || c.is_whitespace())
            || uri.contains('#')
        {
            return Err(InvalidCallbackUri(uri));
        }
        Ok(Self(uri))
    }

    /// The URI as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same address with more path segments, percent-encoded.
    ///
    /// ```
    /// use graph_calls_model::CallbackUri;
    ///
    /// let base = CallbackUri::new("https://bot.example/api/calls")?;
    /// assert_eq!(base.below(&["c", "1f"]).as_str(), "https://bot.example/api/calls/c/1f");
    /// # Ok::<(), graph_calls_model::InvalidCallbackUri>(())
    /// ```
    #[must_use]
    pub fn below(&self, segments: &[&str]) -> Self {
        use std::fmt::Write as _;
        let (path, query) =
            self.0.split_once('?').map_or((self.0.as_str(), None), |(path, query)| (path, Some(query)));
        let mut uri = path.trim_end_matches('/').to_owned();
        for segment in segments {
            let _ = write!(uri, "/{}", crate::Segment(segment));
        }
        if let Some(query) = query {
            let _ = write!(uri, "?{query}");
        }
        Self(uri)
    }
}

impl fmt::Display for CallbackUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for CallbackUri {
    type Err = InvalidCallbackUri;
    fn from_str(uri: &str) -> Result<Self, InvalidCallbackUri> {
        Self::new(uri)
    }
}

impl<'de> Deserialize<'de> for CallbackUri {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::emulated(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// Why an address cannot be a callback URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidCallbackUri(String);

impl fmt::Display for InvalidCallbackUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no callback URI: it must be an absolute https URI without spaces or fragment",
            self.0
        )
    }
}

impl error::Error for InvalidCallbackUri {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_reaches_the_service_and_only_the_emulator_takes_http() {
        assert!(CallbackUri::new("http://bot.example/").is_err());
        assert!(CallbackUri::emulated("http://127.0.0.1:3978/api/calls").is_ok());
        for bad in ["", "https://", "https:///path", "ftp://x", "https://a b", "https://a/#b", "/api/calls"] {
            assert!(CallbackUri::emulated(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn segments_go_before_the_query() {
        let uri = CallbackUri::new("https://bot.example/api/?code=1").unwrap();
        assert_eq!(uri.below(&["c", "a/b"]).as_str(), "https://bot.example/api/c/a%2Fb?code=1");
    }
}
