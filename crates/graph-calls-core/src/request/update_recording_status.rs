use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, CommsOperation, Segment, UpdateRecordingStatusBody};
use http::Method;

use super::{ApiRequest, json, with_json};
use crate::{Error, Repeat, Result};

/// Tells everybody in a call whether it is recorded. Only for policy-based recording.
///
/// It has to succeed before any media is kept. Takes the permissions `Calls.JoinGroupCall.All` and
/// `Calls.AccessMedia.All`.
///
/// Graph reference: [`call-updaterecordingstatus`](https://learn.microsoft.com/graph/api/call-updaterecordingstatus).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{
///     ApiRequest, UpdateRecordingStatus,
///     model::{CallId, RecordingStatus, UpdateRecordingStatusBody},
/// };
///
/// let request = UpdateRecordingStatus::new(
///     CallId::new("57dab8b1")?,
///     UpdateRecordingStatusBody::new(RecordingStatus::Recording),
/// );
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/updateRecordingStatus");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct UpdateRecordingStatus {
    call_id: CallId,
    body: UpdateRecordingStatusBody,
}

impl UpdateRecordingStatus {
    /// Tells it in this call.
    pub fn new(call_id: CallId, body: UpdateRecordingStatusBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for UpdateRecordingStatus {
    type Output = CommsOperation<'static>;
    const NAME: &'static str = "call-updaterecordingstatus";
    // The status is set, not toggled.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        self.body.validate().map_err(|error| Error::request(Self::NAME, error))?;
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/updateRecordingStatus", Segment(self.call_id.as_str())),
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
