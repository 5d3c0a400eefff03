use bytes::Bytes;
use graph_calls_model::{CallId, Segment};
use http::Method;

use super::{ApiRequest, bare};
use crate::{Repeat, Result};

/// Hangs up. In a group call only the bot's own leg ends.
///
/// A call that is already over counts as hung up when this request was repeated after an unknown outcome.
///
/// Graph reference: [`call-delete`](https://learn.microsoft.com/graph/api/call-delete).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, DeleteCall, model::CallId};
///
/// let request = DeleteCall::new(CallId::new("57dab8b1")?);
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct DeleteCall {
    call_id: CallId,
}

impl DeleteCall {
    /// Hangs up this call.
    pub fn new(call_id: CallId) -> Self {
        Self { call_id }
    }
}

impl ApiRequest for DeleteCall {
    type Output = ();
    const NAME: &'static str = "call-delete";
    // A second hang-up finds the call gone.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        bare(
            Self::NAME,
            Method::DELETE,
            format_args!("/communications/calls/{}", Segment(self.call_id.as_str())),
        )
    }

    fn read(&self, _response: http::Response<Bytes>) -> Result<()> {
        Ok(())
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }
}
