use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, ClientContextBody, CommsOperation, ParticipantId, Segment};
use http::Method;

use super::{ApiRequest, operation, with_json};
use crate::{Repeat, Result};

/// Takes a participant off hold.
///
/// Gives what the answer told of the operation, whose end comes as a notification.
///
/// Graph reference: [`participant-stopholdmusic`](https://learn.microsoft.com/graph/api/participant-stopholdmusic).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, StopHoldMusic, model::{CallId, ClientContextBody, ParticipantId}};
///
/// let request = StopHoldMusic::new(
///     CallId::new("57dab8b1")?,
///     ParticipantId::new("7e1b")?,
///     ClientContextBody::new(),
/// );
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/participants/7e1b/stopHoldMusic");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct StopHoldMusic {
    call_id: CallId,
    participant_id: ParticipantId,
    body: ClientContextBody,
}

impl StopHoldMusic {
    /// Takes this participant of this call off hold.
    pub fn new(call_id: CallId, participant_id: ParticipantId, body: ClientContextBody) -> Self {
        Self { call_id, participant_id, body }
    }
}

impl ApiRequest for StopHoldMusic {
    type Output = Option<CommsOperation<'static>>;
    const NAME: &'static str = "participant-stopholdmusic";
    // A second one finds nobody on hold.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!(
                "/communications/calls/{}/participants/{}/stopHoldMusic",
                Segment(self.call_id.as_str()),
                Segment(self.participant_id.as_str())
            ),
            &self.body,
        )
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<Option<CommsOperation<'static>>> {
        Ok(operation(&response))
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }

    fn client_context(&self) -> Option<&ClientContext> {
        self.body.client_context()
    }
}
