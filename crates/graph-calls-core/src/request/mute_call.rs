use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, ClientContextBody, CommsOperation, Segment};
use http::Method;

use super::{ApiRequest, json, with_json};
use crate::{Repeat, Result};

/// Mutes the bot itself. Only in group calls.
///
/// It is muted as this is answered; the roster then says so to everybody.
///
/// Graph reference: [`call-mute`](https://learn.microsoft.com/graph/api/call-mute).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, MuteCall, model::{CallId, ClientContextBody}};
///
/// let request = MuteCall::new(CallId::new("57dab8b1")?, ClientContextBody::new());
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/mute");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct MuteCall {
    call_id: CallId,
    body: ClientContextBody,
}

impl MuteCall {
    /// Mutes the bot in this call.
    pub fn new(call_id: CallId, body: ClientContextBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for MuteCall {
    type Output = CommsOperation<'static>;
    const NAME: &'static str = "call-mute";
    // Who is muted stays muted.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/mute", Segment(self.call_id.as_str())),
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
