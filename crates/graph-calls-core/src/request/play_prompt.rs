use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, CommsOperation, PlayPromptBody, Segment};
use http::Method;

use super::{ApiRequest, json, with_json};
use crate::{Repeat, Result};

/// Plays prompts, at most 20.
///
/// Only with media that the service hosts, and only once it flows. The end comes as a notification of the operation.
///
/// Graph reference: [`call-playprompt`](https://learn.microsoft.com/graph/api/call-playprompt).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, PlayPrompt, model::{CallId, MediaInfo, MediaPrompt, PlayPromptBody}};
///
/// let request = PlayPrompt::new(
///     CallId::new("57dab8b1")?,
///     PlayPromptBody::new(MediaPrompt::new(MediaInfo::new("https://bot.example/hello.wav"))),
/// );
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/playPrompt");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct PlayPrompt {
    call_id: CallId,
    body: PlayPromptBody,
}

impl PlayPrompt {
    /// Plays in this call.
    pub fn new(call_id: CallId, body: PlayPromptBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for PlayPrompt {
    type Output = CommsOperation<'static>;
    const NAME: &'static str = "call-playprompt";
    // A second one would play twice.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/playPrompt", Segment(self.call_id.as_str())),
            &self.body,
        )
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<CommsOperation<'static>> {
        json(Self::NAME, &response).map(CommsOperation::into_owned)
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }

    fn client_context(&self) -> Option<&ClientContext> {
        self.body.client_context()
    }
}
