use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, ClientContextBody, CommsOperation, Segment};
use http::Method;

use super::{ApiRequest, ApiVersion, operation, with_json};
use crate::{Repeat, Result};

/// Stops the transcript of a call. Beta.
///
/// Gives what the answer told of the operation, whose end comes as a notification.
///
/// Graph reference:
/// [`call-stoptranscription`](https://learn.microsoft.com/graph/api/call-stoptranscription?view=graph-rest-beta).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, StopTranscription, model::{CallId, ClientContextBody}};
///
/// let request = StopTranscription::new(CallId::new("57dab8b1")?, ClientContextBody::new());
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/stopTranscription");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct StopTranscription {
    call_id: CallId,
    body: ClientContextBody,
}

impl StopTranscription {
    /// Stops the transcript of this call.
    pub fn new(call_id: CallId, body: ClientContextBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for StopTranscription {
    type Output = Option<CommsOperation<'static>>;
    const NAME: &'static str = "call-stoptranscription";
    // A second one would stop a transcript that was started in between.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;
    const VERSION: ApiVersion = ApiVersion::Beta;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/stopTranscription", Segment(self.call_id.as_str())),
            &self.body,
        )
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<Option<CommsOperation<'static>>> {
        Ok(operation(&response))
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }

    fn client_context(&self) -> Option<&ClientContext> {
        self.body.client_context()
    }
}
