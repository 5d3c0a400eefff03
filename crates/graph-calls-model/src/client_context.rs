//! The caller's own key for a comms operation, and the body that has nothing else.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{InvalidBody, wire::IntoOwned};

/// The most characters of a client context: 256.
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
            Err(InvalidBody::new("clientContext", "it is empty: give a key, or leave it out"))
        } else if length > MAX_CLIENT_CONTEXT {
            let why =
                format!("{length} characters are too many: the service takes {MAX_CLIENT_CONTEXT} at most");
            Err(InvalidBody::new("clientContext", why))
        } else if text.chars().any(char::is_control) {
            Err(InvalidBody::new("clientContext", "it has a control character: give plain text"))
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

impl AsRef<str> for ClientContext {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientContext {
    type Err = InvalidBody;
    fn from_str(text: &str) -> Result<Self, InvalidBody> {
        Self::new(text)
    }
}

impl TryFrom<&str> for ClientContext {
    type Error = InvalidBody;
    fn try_from(text: &str) -> Result<Self, InvalidBody> {
        Self::new(text)
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

/// Gives a body the two methods of its client context.
macro_rules! takes_client_context {
    ($name:ident) => {
        impl $name {
            /// The caller's own key for the operation.
            #[must_use]
            pub fn with_client_context(mut self, context: $crate::ClientContext) -> Self {
                self.client_context = Some(context);
                self
            }

            /// The caller's own key, if one was given.
            pub fn client_context(&self) -> Option<&$crate::ClientContext> {
                self.client_context.as_ref()
            }
        }
    };
}
pub(crate) use takes_client_context;

/// The body of every action that takes nothing but the caller's own key.
///
/// On a call: [`subscribeToTone`](https://learn.microsoft.com/graph/api/call-subscribetotone),
/// [`cancelMediaProcessing`](https://learn.microsoft.com/graph/api/call-cancelmediaprocessing),
/// [`mute`](https://learn.microsoft.com/graph/api/call-mute),
/// [`unmute`](https://learn.microsoft.com/graph/api/call-unmute),
/// [`addLargeGalleryView`](https://learn.microsoft.com/graph/api/call-addlargegalleryview);
/// in beta [`startRecording`](https://learn.microsoft.com/graph/api/call-startrecording?view=graph-rest-beta),
/// [`stopRecording`](https://learn.microsoft.com/graph/api/call-stoprecording?view=graph-rest-beta),
/// [`stopTranscription`](https://learn.microsoft.com/graph/api/call-stoptranscription?view=graph-rest-beta).
/// On a participant: [`mute`](https://learn.microsoft.com/graph/api/participant-mute),
/// [`stopHoldMusic`](https://learn.microsoft.com/graph/api/participant-stopholdmusic);
/// in beta `admitFromLobby`, `removeFromLobby`. On the participants, in beta: `admitAllFromLobby`.
///
/// ```
/// use graph_calls_model::{ClientContext, ClientContextBody};
///
/// let body = ClientContextBody::new().with_client_context(ClientContext::new("mute-1")?);
/// assert_eq!(serde_json::to_string(&body)?, r#"{"clientContext":"mute-1"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientContextBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    client_context: Option<ClientContext>,
}

takes_client_context!(ClientContextBody);

impl ClientContextBody {
    /// A body without anything.
    pub fn new() -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_context_is_one_to_256_characters_of_text() {
        assert!(ClientContext::new("\u{e9}".repeat(256)).is_ok());
        for bad in [String::new(), "x".repeat(257), "a\tb".to_owned()] {
            assert_eq!(ClientContext::new(bad).unwrap_err().member(), "clientContext");
        }
        let long = ClientContext::new("x".repeat(257)).unwrap_err().to_string();
        assert_eq!(long, "`clientContext`: 257 characters are too many: the service takes 256 at most");
        assert_eq!(ClientContext::try_from("a").unwrap(), "a".parse().unwrap());
    }

    #[test]
    fn a_body_without_client_context_is_an_empty_object() {
        assert_eq!(serde_json::to_string(&ClientContextBody::new()).unwrap(), "{}");
    }
}
