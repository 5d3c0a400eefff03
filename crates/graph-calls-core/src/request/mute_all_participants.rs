use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, CommsOperation, MuteAllParticipantsBody, Segment};
use http::Method;

use super::{ApiRequest, ApiVersion, json, with_json};
use crate::{Repeat, Result};

/// Mutes several participants together. Beta, and deprecated by the service.
///
/// Its end was announced for 2020, and its page is still there. Prefer one [`MuteParticipant`](super::MuteParticipant)
/// for each. Only in group calls.
///
/// Graph reference:
/// [`participant-muteall`](https://learn.microsoft.com/graph/api/participant-muteall?view=graph-rest-beta).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, MuteAllParticipants, model::{CallId, MuteAllParticipantsBody, ParticipantId}};
///
/// let request = MuteAllParticipants::new(
///     CallId::new("57dab8b1")?,
///     MuteAllParticipantsBody::new(ParticipantId::new("7e1b")?),
/// );
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/participants/muteAll");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct MuteAllParticipants {
    call_id: CallId,
    body: MuteAllParticipantsBody,
}

impl MuteAllParticipants {
    /// Mutes participants of this call.
    pub fn new(call_id: CallId, body: MuteAllParticipantsBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for MuteAllParticipants {
    type Output = CommsOperation<'static>;
    const NAME: &'static str = "participant-muteall";
    // Who unmuted themselves in between would be muted again; the page tells nothing of repeats.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;
    const VERSION: ApiVersion = ApiVersion::Beta;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/participants/muteAll", Segment(self.call_id.as_str())),
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
