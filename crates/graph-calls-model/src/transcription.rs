//! Transcription: whether a call is written down, and the body that begins it.

use serde::Serialize;

use crate::{
    ClientContext, Text, Timestamp, client_context::takes_client_context, open_enum::open_enum,
    wire::wire_struct,
};

wire_struct! {
    /// Whether a call is written down.
    ///
    /// Graph reference:
    /// [`callTranscriptionInfo`](https://learn.microsoft.com/graph/api/resources/calltranscriptioninfo).
    pub struct CallTranscriptionInfo<'a> as "#microsoft.graph.callTranscriptionInfo" {
        /// Whether it is.
        pub state: Option<CallTranscriptionState<'a>> = "state",
        /// Since when.
        pub last_modified_date_time: Option<Timestamp<'a>> = "lastModifiedDateTime",
    }
}

open_enum! {
    /// Whether a call is written down.
    ///
    /// Graph reference:
    /// [`callTranscriptionInfo`](https://learn.microsoft.com/graph/api/resources/calltranscriptioninfo).
    pub enum CallTranscriptionState {
        /// It has not been so far.
        NotStarted = "notStarted",
        /// It is.
        Active = "active",
        /// It no longer is.
        Inactive = "inactive",
    }
}

/// The body that begins a transcript of a call. Stopping one takes a
/// [`ClientContextBody`](crate::ClientContextBody). Beta.
///
/// Graph reference:
/// [`call-starttranscription`](https://learn.microsoft.com/graph/api/call-starttranscription?view=graph-rest-beta).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StartTranscriptionBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<Text<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_context: Option<ClientContext>,
}

takes_client_context!(StartTranscriptionBody);

impl StartTranscriptionBody {
    /// Begins one in the service's own language.
    pub fn new() -> Self {
        Self::default()
    }

    /// In this language; `en-us` is the only one the page knows.
    #[must_use]
    pub fn with_language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(Text::from(language.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_body_has_what_was_given_and_no_more() {
        let body = StartTranscriptionBody::new();
        assert_eq!(serde_json::to_value(&body).unwrap(), json!({}));
        let body = body.with_language("en-us").with_client_context(ClientContext::new("t1").unwrap());
        assert_eq!(serde_json::to_value(&body).unwrap(), json!({"language": "en-us", "clientContext": "t1"}));
    }
}
