//! Ids: opaque on the wire, compared as GUIDs where they are GUIDs.

use std::{
    error, fmt,
    hash::{Hash, Hasher},
    str::FromStr,
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Text, wire::IntoOwned};

/// The most bytes an id may have.
pub const MAX_ID_BYTES: usize = 256;

/// Why a text cannot be used as an id. Found before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidId {
    what: &'static str,
    why: InvalidIdReason,
}

/// What is wrong with an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidIdReason {
    /// It has no characters.
    Empty,
    /// It has more than [`MAX_ID_BYTES`] bytes.
    TooLong,
    /// It has a control character.
    ControlCharacter,
    /// It is `.` or `..`, or has a slash or a backslash: it would not come back as one path segment.
    NotOneSegment,
    /// It is neither a GUID nor (for a tenant) a domain name, `common` or `organizations`.
    NotAGuid,
}

impl InvalidId {
    /// What is wrong.
    pub fn reason(&self) -> InvalidIdReason {
        self.why
    }
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.what;
        match self.why {
            InvalidIdReason::Empty => write!(f, "the {what} is empty"),
            InvalidIdReason::TooLong => write!(f, "the {what} is longer than {MAX_ID_BYTES} bytes"),
            InvalidIdReason::ControlCharacter => write!(f, "the {what} has a control character"),
            InvalidIdReason::NotOneSegment => {
                write!(f, "the {what} is not one path segment (a slash, a backslash, `.` or `..`)")
            }
            InvalidIdReason::NotAGuid if what == "tenant id" => {
                write!(f, "the {what} is no GUID, domain name, `common` or `organizations`")
            }
            InvalidIdReason::NotAGuid => write!(f, "the {what} is no GUID"),
        }
    }
}

impl error::Error for InvalidId {}

fn check_segment(text: &str) -> Result<(), InvalidIdReason> {
    if text.is_empty() {
        Err(InvalidIdReason::Empty)
    } else if text.len() > MAX_ID_BYTES {
        Err(InvalidIdReason::TooLong)
    } else if text.chars().any(char::is_control) {
        Err(InvalidIdReason::ControlCharacter)
    } else if text == "." || text == ".." || text.contains(['/', '\\']) {
        Err(InvalidIdReason::NotOneSegment)
    } else {
        Ok(())
    }
}

fn check_guid(text: &str) -> Result<(), InvalidIdReason> {
    check_segment(text)?;
    fold_guid(text).map(drop).ok_or(InvalidIdReason::NotAGuid)
}

fn check_tenant(text: &str) -> Result<(), InvalidIdReason> {
    check_segment(text)?;
    let domain = text.contains('.')
        && text.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
    if fold_guid(text).is_some() || domain || text == "common" || text == "organizations" {
        Ok(())
    } else {
        Err(InvalidIdReason::NotAGuid)
    }
}

/// Reads 32 hex digits, with or without the four dashes of a GUID, in any case.
///
/// The service spells one call both ways on one page, so that comparing text would see two calls.
pub fn fold_guid(text: &str) -> Option<u128> {
    let dashed = match text.len() {
        32 => false,
        36 => true,
        _ => return None,
    };
    let mut value = 0_u128;
    for (at, byte) in text.bytes().enumerate() {
        if dashed && matches!(at, 8 | 13 | 18 | 23) {
            if byte != b'-' {
                return None;
            }
        } else {
            value = value << 4 | u128::from(char::from(byte).to_digit(16)?);
        }
    }
    Some(value)
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $what:literal, $check:path) => {
        $(#[$meta])*
        ///
        /// It keeps the spelling it came in. Two that are GUIDs compare and hash as GUIDs (dashes and letter case
        /// do not matter), others byte for byte.
        #[derive(Clone)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes a text as an id.
            ///
            /// # Errors
            ///
            /// When the text can be no such id, before anything is sent: see [`InvalidIdReason`].
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidId> {
                let text = text.as_ref();
                $check(text).map_err(|why| InvalidId { what: $what, why })?;
                Ok(Self(Arc::from(text)))
            }

            /// The id in the spelling it came in.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The GUID it spells, if it is one.
            pub fn guid(&self) -> Option<u128> {
                fold_guid(&self.0)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                match (self.guid(), other.guid()) {
                    (Some(one), Some(two)) => one == two,
                    _ => self.0 == other.0,
                }
            }
        }

        impl Eq for $name {}

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                match self.guid() {
                    Some(guid) => guid.hash(state),
                    None => self.0.hash(state),
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidId;
            fn try_from(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl TryFrom<Text<'_>> for $name {
            type Error = InvalidId;
            fn try_from(text: Text<'_>) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl From<$name> for Text<'_> {
            fn from(id: $name) -> Self {
                Text::from(id.as_str().to_owned())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(Text::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }

        impl IntoOwned for $name {
            type Owned = Self;
            fn into_owned(self) -> Self {
                self
            }
        }
    };
}

id!(
    /// The id of a call leg: the bot's own connection to a call.
    CallId, "call id", check_segment
);
id!(
    /// The id of a participant in a call.
    ParticipantId, "participant id", check_segment
);
id!(
    /// The id of a comms operation: a long-running action that Graph reports on.
    CommsOperationId, "operation id", check_segment
);
id!(
    /// The id of an audio routing group: the caller's own text.
    AudioRoutingGroupId, "audio routing group id", check_segment
);
id!(
    /// The id of an app registration: the bot itself.
    AppId, "app id", check_guid
);
id!(
    /// The directory that owns a call: a GUID, a domain name, `common` or `organizations`.
    TenantId, "tenant id", check_tenant
);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn one_guid_in_two_spellings_is_one_call_and_keeps_both_spellings() {
        let dashed = CallId::new("2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b").unwrap();
        let bare = CallId::new("2F1A0B001C2D4E3F8A9B0C1D2E3F4A5B").unwrap();
        assert_eq!(dashed, bare);
        assert_eq!(HashSet::from([dashed.clone(), bare.clone()]).len(), 1);
        assert_eq!(bare.as_str(), "2F1A0B001C2D4E3F8A9B0C1D2E3F4A5B");
        assert_ne!(CallId::new("abc").unwrap(), CallId::new("ABC").unwrap());
    }

    #[test]
    fn misplaced_dashes_are_no_guid() {
        assert_eq!(fold_guid("2f1a0b001-c2d-4e3f-8a9b-0c1d2e3f4a5b"), None);
        assert_eq!(fold_guid("2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5g"), None);
        assert_eq!(fold_guid(""), None);
    }

    #[test]
    fn what_would_not_come_back_as_one_segment_is_refused() {
        let why = |text: &str| CallId::new(text).unwrap_err().reason();
        assert_eq!(why(""), InvalidIdReason::Empty);
        assert_eq!(why("a/b"), InvalidIdReason::NotOneSegment);
        assert_eq!(why("a\\b"), InvalidIdReason::NotOneSegment);
        assert_eq!(why(".."), InvalidIdReason::NotOneSegment);
        assert_eq!(why("a\nb"), InvalidIdReason::ControlCharacter);
        assert_eq!(why(&"x".repeat(257)), InvalidIdReason::TooLong);
        assert_eq!(CallId::new("a b?c#d%2f").unwrap().as_str(), "a b?c#d%2f");
    }

    #[test]
    fn tenants_are_guids_domains_or_the_two_words() {
        for good in ["2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b", "contoso.example", "common", "organizations"] {
            assert!(TenantId::new(good).is_ok(), "{good}");
        }
        for bad in ["contoso", "a b.example", "evil.example@host", ".", "a..b"] {
            assert!(TenantId::new(bad).is_err(), "{bad}");
        }
    }
}
