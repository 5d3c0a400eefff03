//! What all request bodies share: the caller's own key, and what is wrong with a body.

use std::{error, fmt};

use serde::{Deserialize, Serialize};

use crate::{Text, wire::IntoOwned};

/// The most characters of a client context.
pub const MAX_CLIENT_CONTEXT: usize = 256;

/// The caller's own key for a comms operation, echoed in its response and in all its notifications.
///
/// At most 256 characters. The service logs it: put no personal data in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ClientContext(String);

impl ClientContext {
    /// Takes a text as a client context.
    ///
    /// # Errors
    ///
    /// When it is empty, longer than 256 characters or has a control character.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidBody> {
        let text = text.into();
        let length = text.chars().count();
        if text.is_empty() {
            Err(InvalidBody::new("clientContext", "it is empty"))
        } else if length > MAX_CLIENT_CONTEXT {
            Err(InvalidBody::too_many("clientContext", length, MAX_CLIENT_CONTEXT))
        } else if text.chars().any(char::is_control) {
            Err(InvalidBody::new("clientContext", "it has a control character"))
        } else {
            Ok(Self(text))
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for ClientContext {
    type Error = InvalidBody;
    fn try_from(text: String) -> Result<Self, InvalidBody> {
        Self::new(text)
    }
}

impl IntoOwned for ClientContext {
    type Owned = Self;
    fn into_owned(self) -> Self {
        self
    }
}

/// Why a body cannot be sent: which member, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidBody {
    member: &'static str,
    why: Text<'static>,
}

impl InvalidBody {
    pub(crate) fn new(member: &'static str, why: &'static str) -> Self {
        Self { member, why: Text::from(why) }
    }

    pub(crate) fn too_many(member: &'static str, count: usize, limit: usize) -> Self {
        Self { member, why: Text::from(format!("{count} are more than the {limit} that the service takes")) }
    }

    /// The member's name on the wire.
    pub fn member(&self) -> &str {
        self.member
    }
}

impl fmt::Display for InvalidBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.member, self.why)
    }
}

impl error::Error for InvalidBody {}
