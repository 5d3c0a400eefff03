use bytes::Bytes;
use graph_calls_model::{CallId, Participant, ParticipantId, Segment};
use http::Method;

use super::{ApiRequest, bare, json};
use crate::{Repeat, Result};

/// Reads one participant.
///
/// Graph reference: [`participant-get`](https://learn.microsoft.com/graph/api/participant-get).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, GetParticipant, model::{CallId, ParticipantId}};
///
/// let request = GetParticipant::new(CallId::new("57dab8b1")?, ParticipantId::new("7e1b")?);
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/participants/7e1b");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct GetParticipant {
    call_id: CallId,
    participant_id: ParticipantId,
}

impl GetParticipant {
    /// Reads this participant of this call.
    pub fn new(call_id: CallId, participant_id: ParticipantId) -> Self {
        Self { call_id, participant_id }
    }
}

impl ApiRequest for GetParticipant {
    type Output = Participant<'static>;
    const NAME: &'static str = "participant-get";
    // Reading has no effect.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        bare(
            Self::NAME,
            Method::GET,
            format_args!(
                "/communications/calls/{}/participants/{}",
                Segment(self.call_id.as_str()),
                Segment(self.participant_id.as_str())
            ),
        )
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<Participant<'static>> {
        json(Self::NAME, &response).map(Participant::into_owned)
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }
}
