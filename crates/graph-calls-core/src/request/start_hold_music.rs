use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, CommsOperation, ParticipantId, Segment, StartHoldMusicBody};
use http::Method;

use super::{ApiRequest, operation, with_json};
use crate::{Repeat, Result};

/// Puts a participant on hold, with music. One participant of a call at a time.
///
/// Gives what the answer told of the operation, whose end comes as a notification.
///
/// Graph reference: [`participant-startholdmusic`](https://learn.microsoft.com/graph/api/participant-startholdmusic).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, StartHoldMusic, model::{CallId, ParticipantId, StartHoldMusicBody}};
///
/// let request = StartHoldMusic::new(
///     CallId::new("57dab8b1")?,
///     ParticipantId::new("7e1b")?,
///     StartHoldMusicBody::new(),
/// );
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/participants/7e1b/startHoldMusic");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct StartHoldMusic {
    call_id: CallId,
    participant_id: ParticipantId,
    body: StartHoldMusicBody,
}

impl StartHoldMusic {
    /// Puts this participant of this call on hold.
    pub fn new(call_id: CallId, participant_id: ParticipantId, body: StartHoldMusicBody) -> Self {
        Self { call_id, participant_id, body }
    }
}

impl ApiRequest for StartHoldMusic {
    type Output = Option<CommsOperation<'static>>;
    const NAME: &'static str = "participant-startholdmusic";
    // A second one would begin the music again.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!(
                "/communications/calls/{}/participants/{}/startHoldMusic",
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
