use bytes::Bytes;
use graph_calls_model::{CallId, CallbackUri, RejectCallBody, RejectReason, Segment};
use http::Method;

use super::{ApiRequest, with_json};
use crate::{Repeat, Result};

/// Rejects an incoming call.
///
/// The service waits 15 seconds for it. A call that was answered is ended with [`DeleteCall`](super::DeleteCall)
/// instead. Older pages promise 200 where the service answers 202: both are a success.
///
/// Graph reference: [`call-reject`](https://learn.microsoft.com/graph/api/call-reject).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, RejectCall, model::{CallId, RejectReason}};
///
/// let request = RejectCall::new(CallId::new("57dab8b1")?, RejectReason::Busy);
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/reject");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct RejectCall {
    call_id: CallId,
    body: RejectCallBody,
}

impl RejectCall {
    /// Rejects this call for a reason.
    pub fn new(call_id: CallId, reason: RejectReason<'static>) -> Self {
        Self { call_id, body: RejectCallBody::new(reason) }
    }

    /// Where the last notification of the call goes, if not to the bot's registered webhook.
    #[must_use]
    pub fn with_callback_uri(mut self, uri: CallbackUri) -> Self {
        self.body = self.body.with_callback_uri(uri);
        self
    }
}

impl ApiRequest for RejectCall {
    type Output = ();
    const NAME: &'static str = "call-reject";
    // A lost answer leaves open whether the call was rejected; a second one is refused by its state.
    const REPEAT: Repeat = Repeat::WhileIncoming;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/reject", Segment(self.call_id.as_str())),
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
