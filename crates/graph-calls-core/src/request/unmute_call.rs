use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, ClientContextBody, CommsOperation, Segment};
use http::Method;

use super::{ApiRequest, json, with_json};
use crate::{Repeat, Result};

/// Unmutes the bot itself. Only in group calls.
///
/// There is no such request for anybody else: whom the bot muted has to unmute themselves.
///
/// Graph reference: [`call-unmute`](https://learn.microsoft.com/graph/api/call-unmute).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, UnmuteCall, model::{CallId, ClientContextBody}};
///
/// let request = UnmuteCall::new(CallId::new("57dab8b1")?, ClientContextBody::new());
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/unmute");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct UnmuteCall {
    call_id: CallId,
    body: ClientContextBody,
}

impl UnmuteCall {
    /// Unmutes the bot in this call.
    pub fn new(call_id: CallId, body: ClientContextBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for UnmuteCall {
    type Output = CommsOperation<'static>;
    const NAME: &'static str = "call-unmute";
    // Who is not muted stays so.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/unmute", Segment(self.call_id.as_str())),
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
