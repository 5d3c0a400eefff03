use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, ClientContextBody, CommsOperation, Segment};
use http::Method;

use super::{ApiRequest, json, with_json};
use crate::{Repeat, Result};

/// Cancels the prompts and recordings of a call, the running one and those that wait.
///
/// Each of them then tells its own end: failed, 400 with subcode 8508. Tones that were asked for keep coming.
///
/// Graph reference: [`call-cancelmediaprocessing`](https://learn.microsoft.com/graph/api/call-cancelmediaprocessing).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, CancelMediaProcessing, model::{CallId, ClientContextBody}};
///
/// let request = CancelMediaProcessing::new(CallId::new("57dab8b1")?, ClientContextBody::new());
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/cancelMediaProcessing");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CancelMediaProcessing {
    call_id: CallId,
    body: ClientContextBody,
}

impl CancelMediaProcessing {
    /// Cancels what plays and records in this call.
    pub fn new(call_id: CallId, body: ClientContextBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for CancelMediaProcessing {
    type Output = CommsOperation<'static>;
    const NAME: &'static str = "call-cancelmediaprocessing";
    // A second one would cancel what was begun behind the first.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/cancelMediaProcessing", Segment(self.call_id.as_str())),
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
