use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, CommsOperation, RecordResponseBody, Segment};
use http::Method;

use super::{ApiRequest, json, with_json};
use crate::{Error, Repeat, Result};

/// Plays a prompt, if there is one, and records the answer: 120 seconds at most.
///
/// Only with media that the service hosts, and only once it flows. The recording's address and token come with the
/// notification of the operation; the service keeps the recording for a short time only. Takes the permission
/// `Calls.AccessMedia.All`, though the service hosts the media.
///
/// Graph reference: [`call-record`](https://learn.microsoft.com/graph/api/call-record).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, RecordResponse, model::{CallId, RecordResponseBody}};
///
/// let request = RecordResponse::new(CallId::new("57dab8b1")?, RecordResponseBody::new());
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/recordResponse");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct RecordResponse {
    call_id: CallId,
    body: RecordResponseBody,
}

impl RecordResponse {
    /// Records in this call.
    pub fn new(call_id: CallId, body: RecordResponseBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for RecordResponse {
    type Output = CommsOperation<'static>;
    const NAME: &'static str = "call-record";
    // A second one would ask the caller twice.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        self.body.validate().map_err(|error| Error::request(Self::NAME, error))?;
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/recordResponse", Segment(self.call_id.as_str())),
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
