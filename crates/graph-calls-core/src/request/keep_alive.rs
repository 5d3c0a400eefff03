use bytes::Bytes;
use graph_calls_model::{CallId, Segment};
use http::Method;

use super::{ApiRequest, bare};
use crate::{Repeat, Result};

/// Keeps the bot's leg from being cleaned up.
///
/// At least one must succeed every 45 minutes, one every 15 minutes is advised. 404 says that the call is over.
///
/// Graph reference: [`call-keepalive`](https://learn.microsoft.com/graph/api/call-keepalive).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, KeepAlive, model::CallId};
///
/// let request = KeepAlive::new(CallId::new("57dab8b1")?);
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/keepAlive");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct KeepAlive {
    call_id: CallId,
}

impl KeepAlive {
    /// Keeps this call.
    pub fn new(call_id: CallId) -> Self {
        Self { call_id }
    }
}

impl ApiRequest for KeepAlive {
    type Output = ();
    const NAME: &'static str = "call-keepalive";
    // A second one is as good as one.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        bare(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/keepAlive", Segment(self.call_id.as_str())),
        )
    }

    fn read(&self, _response: http::Response<Bytes>) -> Result<()> {
        Ok(())
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }
}
