use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, CommsOperation, Segment, SendDtmfTonesBody};
use http::Method;

use super::{ApiRequest, json, with_json};
use crate::{Error, Repeat, Result};

/// Presses keys.
///
/// The operation ends `completed` also where it failed: only its completion reason tells. Only in the public cloud.
///
/// Graph reference: [`call-senddtmftones`](https://learn.microsoft.com/graph/api/call-senddtmftones).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, SendDtmfTones, model::{CallId, SendDtmfTonesBody}};
///
/// let request = SendDtmfTones::new(CallId::new("57dab8b1")?, SendDtmfTonesBody::keys("12#")?);
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/sendDtmfTones");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct SendDtmfTones {
    call_id: CallId,
    body: SendDtmfTonesBody,
}

impl SendDtmfTones {
    /// Presses keys in this call.
    pub fn new(call_id: CallId, body: SendDtmfTonesBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for SendDtmfTones {
    type Output = CommsOperation<'static>;
    const NAME: &'static str = "call-senddtmftones";
    // A second one would press the keys twice.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        self.body.validate().map_err(|error| Error::request(Self::NAME, error))?;
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/sendDtmfTones", Segment(self.call_id.as_str())),
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
