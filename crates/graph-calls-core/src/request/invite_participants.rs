use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, CommsOperation, InviteParticipantsBody, Segment};
use http::Method;

use super::{ApiRequest, json, with_json};
use crate::{Repeat, Result};

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

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }

    fn client_context(&self) -> Option<&ClientContext> {
        self.body.client_context()
    }
}
