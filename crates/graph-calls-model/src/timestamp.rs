//! Points in time, as the wire carries them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Text, wire::wire_value};

/// A point in time in the form of RFC 3339, such as `2026-11-21T10:00:00Z`.
///
/// It keeps its text: nothing is checked, rounded or converted. Any date library reads [`as_str`](Self::as_str).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Timestamp<'a>(Text<'a>);

impl Timestamp<'_> {
    /// The text as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Copies what is borrowed.
    pub fn into_owned(self) -> Timestamp<'static> {
        Timestamp(self.0.into_owned())
    }
}

impl<'a, T: Into<Text<'a>>> From<T> for Timestamp<'a> {
    fn from(text: T) -> Self {
        Timestamp(text.into())
    }
}

impl fmt::Display for Timestamp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

wire_value!(Timestamp);

impl Serialize for Timestamp<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Timestamp<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(Timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_comes_back_with_every_digit() {
        let text = r#""2021-03-20T00:00:00.1234567+00:00""#;
        let read: Timestamp<'_> = serde_json::from_str(text).unwrap();
        assert_eq!(read.as_str(), "2021-03-20T00:00:00.1234567+00:00");
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert!(serde_json::from_str::<Timestamp<'_>>("1616198400").is_err());
    }
}
