use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, ClientContextBody, CommsOperation, Segment};
use http::Method;

use super::{ApiRequest, json, with_json};
use crate::{Repeat, Result};

/// Asks for a notification per pressed key.
///
/// Only with media that the service hosts. The keys come as `toneInfo` of the call, not of an operation.
///
/// Graph reference: [`call-subscribetotone`](https://learn.microsoft.com/graph/api/call-subscribetotone).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, SubscribeToTone, model::{CallId, ClientContextBody}};
///
/// let request = SubscribeToTone::new(CallId::new("57dab8b1")?, ClientContextBody::new());
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/subscribeToTone");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct SubscribeToTone {
    call_id: CallId,
    body: ClientContextBody,
}

impl SubscribeToTone {
    /// Asks for the keys pressed in this call.
    pub fn new(call_id: CallId, body: ClientContextBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for SubscribeToTone {
    type Output = CommsOperation<'static>;
    const NAME: &'static str = "call-subscribetotone";
    // Tones told twice carry the same sequence id.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/subscribeToTone", Segment(self.call_id.as_str())),
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
