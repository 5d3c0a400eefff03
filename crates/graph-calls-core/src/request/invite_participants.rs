use bytes::Bytes;
use graph_calls_model::{CallId, CommsOperation, InviteParticipantsBody, Segment};
use http::Method;

use super::{ApiRequest, json, with_json};
use crate::{Correlation, Repeat, Result};

/// Invites up to 5 participants, more than one only into a group call.
///
/// It makes a peer-to-peer call a group call for good. Who was invited is on the roster once they joined; the outcome
/// comes as a notification of the operation.
///
/// Graph reference: [`participant-invite`](https://learn.microsoft.com/graph/api/participant-invite).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, InviteParticipants, model::{CallId, InvitationParticipantInfo, InviteParticipantsBody}};
///
/// let request = InviteParticipants::new(
///     CallId::new("57dab8b1")?,
///     InviteParticipantsBody::new(InvitationParticipantInfo::user("8d1e6ab6")),
/// );
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/participants/invite");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct InviteParticipants {
    call_id: CallId,
    body: InviteParticipantsBody,
}

impl InviteParticipants {
    /// Invites into this call.
    pub fn new(call_id: CallId, body: InviteParticipantsBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for InviteParticipants {
    type Output = CommsOperation<'static>;
    const NAME: &'static str = "participant-invite";
    // A second one would ring people twice.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/participants/invite", Segment(self.call_id.as_str())),
            &self.body,
        )
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<CommsOperation<'static>> {
        json(Self::NAME, &response).map(CommsOperation::into_owned)
    }

    fn correlation(&self) -> Correlation {
        let client_context = self.body.client_context().map(ToString::to_string);
        Correlation { call_id: Some(self.call_id.clone()), client_context, ..Correlation::default() }
    }
}
