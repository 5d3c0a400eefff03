use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, ClientContextBody, CommsOperation, ParticipantId, Segment};
use http::Method;

use super::{ApiRequest, json, with_json};
use crate::{Repeat, Result};

/// Mutes a participant. Only in group calls.
///
/// They are muted as this is answered; the roster then says so. Nobody but themselves can unmute them.
///
/// Graph reference: [`participant-mute`](https://learn.microsoft.com/graph/api/participant-mute).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, MuteParticipant, model::{CallId, ClientContextBody, ParticipantId}};
///
/// let request = MuteParticipant::new(
///     CallId::new("57dab8b1")?,
///     ParticipantId::new("7e1b")?,
///     ClientContextBody::new(),
/// );
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/participants/7e1b/mute");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct MuteParticipant {
    call_id: CallId,
    participant_id: ParticipantId,
    body: ClientContextBody,
}

impl MuteParticipant {
    /// Mutes this participant of this call.
    pub fn new(call_id: CallId, participant_id: ParticipantId, body: ClientContextBody) -> Self {
        Self { call_id, participant_id, body }
    }
}

impl ApiRequest for MuteParticipant {
    type Output = CommsOperation<'static>;
    const NAME: &'static str = "participant-mute";
    // Who is muted stays muted.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!(
                "/communications/calls/{}/participants/{}/mute",
                Segment(self.call_id.as_str()),
                Segment(self.participant_id.as_str())
            ),
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
