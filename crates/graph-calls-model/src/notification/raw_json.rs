//! A slice of JSON as it was sent.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::IgnoredAny, ser};
use serde_json::value::RawValue;

use crate::wire::IntoOwned;

/// One JSON value exactly as it was sent: what no type of ours knows can still be reached here.
///
/// `Debug` prints its length alone, since it may hold tokens and names.
#[derive(Clone, PartialEq, Eq)]
pub struct RawJson<'a>(Cow<'a, str>);

impl<'a> RawJson<'a> {
    /// Takes a slice that was read before, without white space around it.
    pub(super) fn from_checked(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    pub(super) fn borrowed(&self) -> Option<&'a str> {
        match self.0 {
            Cow::Borrowed(text) => Some(text),
            Cow::Owned(_) => None,
        }
    }

    /// The text as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Copies what is borrowed.
    pub fn into_owned(self) -> RawJson<'static> {
        RawJson(Cow::Owned(self.0.into_owned()))
    }

    /// Reads the value as any type.
    ///
    /// # Errors
    ///
    /// When the value does not fit the type.
    pub fn read<'b, T: Deserialize<'b>>(&'b self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_str())
    }
}

impl fmt::Debug for RawJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({} bytes)", self.as_str().len())
    }
}

impl IntoOwned for RawJson<'_> {
    type Owned = RawJson<'static>;
    fn into_owned(self) -> RawJson<'static> {
        RawJson::into_owned(self)
    }
}

impl Serialize for RawJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // serde_json writes a value as it is only by its own type, which has to look at it once more.
        serde_json::from_str::<&RawValue>(self.as_str()).map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawJson<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&'de RawValue>::deserialize(deserializer).map(|raw| RawJson(Cow::Borrowed(raw.get())))
    }
}

impl RawJson<'static> {
    /// Takes a text that is one JSON value.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn from_string(mut text: String) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<IgnoredAny>(&text)?;
        let value = text.trim_ascii();
        if value.len() < text.len() {
            text = value.to_owned();
        }
        Ok(RawJson(Cow::Owned(text)))
    }
}
