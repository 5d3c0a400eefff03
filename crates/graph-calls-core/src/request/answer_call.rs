use bytes::Bytes;
use graph_calls_model::{AnswerCallBody, CallId, Segment};
use http::Method;

use super::{ApiRequest, with_json};
use crate::{Error, Repeat, Result};

/// Answers an incoming call.
///
/// The service waits 15 seconds for it, 5 for policy-based recording.
///
/// Graph reference: [`call-answer`](https://learn.microsoft.com/graph/api/call-answer).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, AnswerCall, model::{AnswerCallBody, CallId, CallbackUri}};
///
/// let request = AnswerCall::new(
///     CallId::new("57dab8b1")?,
///     AnswerCallBody::new(CallbackUri::new("https://bot.example/api/calls")?),
/// );
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/answer");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct AnswerCall {
    call_id: CallId,
    body: AnswerCallBody,
}

impl AnswerCall {
    /// Answers this call.
    pub fn new(call_id: CallId, body: AnswerCallBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for AnswerCall {
    type Output = ();
    const NAME: &'static str = "call-answer";
    // A lost answer leaves open whether the call was answered; a second one is refused by its state.
    const REPEAT: Repeat = Repeat::WhileIncoming;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        self.body.validate().map_err(|error| Error::request(Self::NAME, error))?;
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/answer", Segment(self.call_id.as_str())),
            &self.body,
        )
    }

    fn read(&self, _response: http::Response<Bytes>) -> Result<()> {
        Ok(())
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }
}
