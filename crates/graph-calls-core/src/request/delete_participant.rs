use bytes::Bytes;
use graph_calls_model::{CallId, ParticipantId, Segment};
use http::Method;

use super::{ApiRequest, bare};
use crate::{Repeat, Result};

/// Removes a participant, or cancels an invitation that nobody has taken yet.
///
/// A pending invitation is named by the participant id that was sent with it. The tenant must allow the app to remove
/// people (`Set-CsApplicationMeetingConfiguration -AllowRemoveParticipantAppIds`).
///
/// Graph reference: [`participant-delete`](https://learn.microsoft.com/graph/api/participant-delete).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, DeleteParticipant, model::{CallId, ParticipantId}};
///
/// let request = DeleteParticipant::new(CallId::new("57dab8b1")?, ParticipantId::new("7e1b")?);
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/participants/7e1b");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct DeleteParticipant {
    call_id: CallId,
    participant_id: ParticipantId,
}

impl DeleteParticipant {
    /// Removes this participant of this call.
    pub fn new(call_id: CallId, participant_id: ParticipantId) -> Self {
        Self { call_id, participant_id }
    }
}

impl ApiRequest for DeleteParticipant {
    type Output = ();
    const NAME: &'static str = "participant-delete";
    // A second one finds the participant gone.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        bare(
            Self::NAME,
            Method::DELETE,
            format_args!(
                "/communications/calls/{}/participants/{}",
                Segment(self.call_id.as_str()),
                Segment(self.participant_id.as_str())
            ),
        )
    }

    fn read(&self, _response: http::Response<Bytes>) -> Result<()> {
        Ok(())
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }
}
