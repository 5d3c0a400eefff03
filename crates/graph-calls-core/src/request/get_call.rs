use bytes::Bytes;
use graph_calls_model::{Call, CallId, Segment};
use http::Method;

use super::{ApiRequest, bare, json};
use crate::{Repeat, Result};

/// Reads a call. After its end the service answers 404.
///
/// Graph reference: [`call-get`](https://learn.microsoft.com/graph/api/call-get).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, GetCall, model::CallId};
///
/// let request = GetCall::new(CallId::new("57dab8b1")?);
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct GetCall {
    call_id: CallId,
}

impl GetCall {
    /// Reads this call.
    pub fn new(call_id: CallId) -> Self {
        Self { call_id }
    }
}

impl ApiRequest for GetCall {
    type Output = Call<'static>;
    const NAME: &'static str = "call-get";
    // Reading has no effect.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        bare(
            Self::NAME,
            Method::GET,
            format_args!("/communications/calls/{}", Segment(self.call_id.as_str())),
        )
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<Call<'static>> {
        json(Self::NAME, &response).map(Call::into_owned)
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }
}
