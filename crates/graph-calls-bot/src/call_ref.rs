//! The key of a conversation: ours, and there before the service knows the call.

use std::{error, fmt, str::FromStr};

use aws_lc_rs::digest;
use graph_calls_core::model::{AppId, CallId, TenantId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::fold::folded;

/// The key of one call's conversation: 128 bits, ours, in the path of the callback that the service is given.
///
/// It stays the same over restarts and on every instance, and it exists before an outgoing call has an id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallRef(u128);

impl CallRef {
    /// The key of a call that came to the bot: the same for every notification of it, however its id is spelled.
    pub fn of_incoming(app: &AppId, tenant: &TenantId, call: &CallId) -> Self {
        Self::hash("", &[app.as_str(), tenant.as_str(), call.as_str()])
    }

    /// The key of a call that the bot places, by the caller's own key: the same on every instance, so that placing it
    /// again rings nobody.
    pub fn of_dial(app: &AppId, key: &str) -> Self {
        Self::hash("dial", &[app.as_str(), key])
    }

    /// The key of a notification that belongs to no call.
    pub(crate) fn of_stray(app: &AppId, tenant: &TenantId, notification: &str) -> Self {
        Self::hash("stray", &[app.as_str(), tenant.as_str(), notification])
    }

    /// A key that is nobody else's.
    pub fn random() -> Self {
        Self(fastrand::u128(..))
    }

    /// As 16 bytes.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// From its bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    fn hash(kind: &str, parts: &[&str]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(kind.as_bytes());
        for part in parts {
            context.update(folded(part).as_bytes());
            context.update(&[0]);
        }
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(context.finish().as_ref()).for_each(|(byte, from)| *byte = *from);
        Self(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for CallRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for CallRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no [`CallRef`]: those are 32 hex digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidCallRef;

impl fmt::Display for InvalidCallRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a call ref is 32 hex digits")
    }
}

impl error::Error for InvalidCallRef {}

impl FromStr for CallRef {
    type Err = InvalidCallRef;
    fn from_str(text: &str) -> Result<Self, InvalidCallRef> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidCallRef);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| InvalidCallRef)
    }
}

impl Serialize for CallRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CallRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_in_two_spellings_has_one_conversation() {
        let app = AppId::new("a0000000-0000-4000-8000-000000000001").unwrap();
        let tenant = TenantId::new("contoso.example").unwrap();
        let key = |call: &str| CallRef::of_incoming(&app, &tenant, &CallId::new(call).unwrap());
        let dashed = key("2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b");
        assert_eq!(dashed, key("2F1A0B001C2D4E3F8A9B0C1D2E3F4A5B"));
        assert_ne!(dashed, key("2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5c"));
        assert_eq!(dashed.to_string().parse(), Ok(dashed));
        assert!("+f1a0b001c2d4e3f8a9b0c1d2e3f4a5b".parse::<CallRef>().is_err());
    }
}
