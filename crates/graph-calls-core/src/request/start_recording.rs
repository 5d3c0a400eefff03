use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, ClientContextBody, CommsOperation, Segment};
use http::Method;

use super::{ApiRequest, ApiVersion, operation, with_json};
use crate::{Repeat, Result};

/// Starts the recording of a call. Beta.
///
/// Gives what the answer told of the operation, whose end comes as a notification. What a caller answers the bot is
/// recorded with [`RecordResponse`](super::RecordResponse).
///
/// Graph reference:
/// [`call-startrecording`](https://learn.microsoft.com/graph/api/call-startrecording?view=graph-rest-beta).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, StartRecording, model::{CallId, ClientContextBody}};
///
/// let request = StartRecording::new(CallId::new("57dab8b1")?, ClientContextBody::new());
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/startRecording");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct StartRecording {
    call_id: CallId,
    body: ClientContextBody,
}

impl StartRecording {
    /// Starts recording this call.
    pub fn new(call_id: CallId, body: ClientContextBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for StartRecording {
    type Output = Option<CommsOperation<'static>>;
    const NAME: &'static str = "call-startrecording";
    // A second one would begin another recording, had the first been stopped in between.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;
    const VERSION: ApiVersion = ApiVersion::Beta;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/startRecording", Segment(self.call_id.as_str())),
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
