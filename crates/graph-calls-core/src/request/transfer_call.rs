use bytes::Bytes;
use graph_calls_model::{
    CallId, IdentitySet, InvalidBody, InvitationParticipantInfo, ParticipantId, Segment, TransferCallBody,
};
use http::Method;

use super::{ApiRequest, with_json};
use crate::{Repeat, Result};

/// Gives an established call away: to somebody unannounced ([`blind`](Self::blind)), or to somebody whom the bot has
/// spoken to in a second call ([`consultative`](Self::consultative)).
///
/// Both sides have to be Teams users of one tenant, or phones where the bot has a resource account. How it went comes
/// as notifications of the call: `transferring`, `transferAccepted`, its end; a call that is `established` again with a
/// result of 5xx was not transferred. Nothing names the new call. Takes the permission `Calls.Initiate.All`.
///
/// Graph reference: [`call-transfer`](https://learn.microsoft.com/graph/api/call-transfer).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, TransferCall, model::{CallId, InvitationParticipantInfo}};
///
/// let (call, colleague) = (CallId::new("57dab8b1")?, InvitationParticipantInfo::user("550fae72"));
/// let request = TransferCall::blind(call.clone(), colleague)?;
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/transfer");
///
/// // The colleague was called first, and agreed: it is their call that is told to replace the caller's.
/// let (consultation, caller) = (CallId::new("e5d39592")?, InvitationParticipantInfo::user("8d1e6ab6"));
/// let request = TransferCall::consultative(consultation, caller, call);
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/e5d39592/transfer");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct TransferCall {
    call_id: CallId,
    body: TransferCallBody,
}

impl TransferCall {
    /// Sends the other side of this call to somebody, whoever answers there.
    ///
    /// # Errors
    ///
    /// For a target that replaces a call: that is a [`consultative`](Self::consultative) transfer.
    pub fn blind(
        call: CallId,
        target: InvitationParticipantInfo<'static>,
    ) -> std::result::Result<Self, InvalidBody> {
        Ok(Self { call_id: call, body: TransferCallBody::blind(target)? })
    }

    /// Puts the original caller through to whom the bot speaks in the consultation call: the caller takes the bot's
    /// place in it, and the original call ends.
    pub fn consultative(
        consultation_call: CallId,
        original_caller: InvitationParticipantInfo<'static>,
        original_call: CallId,
    ) -> Self {
        let body = TransferCallBody::consultative(original_caller, original_call);
        Self { call_id: consultation_call, body }
    }

    /// Who is transferred out of a group call. There it has to be said.
    #[must_use]
    pub fn with_transferee(mut self, who: IdentitySet<'static>, participant: ParticipantId) -> Self {
        self.body = self.body.with_transferee(who, participant);
        self
    }
}

impl ApiRequest for TransferCall {
    type Output = ();
    const NAME: &'static str = "call-transfer";
    // A second one would ring people twice.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/transfer", Segment(self.call_id.as_str())),
            &self.body,
        )
    }

    fn read(&self, _response: http::Response<Bytes>) -> Result<()> {
        Ok(())
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn sent(request: &TransferCall) -> (String, Value) {
        let http = request.to_http().unwrap();
        (http.uri().to_string(), serde_json::from_slice(http.body()).unwrap())
    }

    #[test]
    fn the_two_kinds_of_transfer_go_to_different_calls() {
        let (callers, experts) = (CallId::new("callers").unwrap(), CallId::new("experts").unwrap());
        let (caller, expert) =
            (InvitationParticipantInfo::user("caller"), InvitationParticipantInfo::user("expert"));

        let (path, body) = sent(&TransferCall::blind(callers.clone(), expert.clone()).unwrap());
        assert_eq!(path, "/communications/calls/callers/transfer");
        assert_eq!(body["transferTarget"]["identity"]["user"]["id"], "expert");
        assert_eq!(body["transferTarget"].get("replacesCallId"), None);

        let (path, body) = sent(&TransferCall::consultative(experts, caller, callers.clone()));
        assert_eq!(path, "/communications/calls/experts/transfer");
        assert_eq!(body["transferTarget"]["identity"]["user"]["id"], "caller");
        assert_eq!(body["transferTarget"]["replacesCallId"], "callers");

        assert!(TransferCall::blind(callers.clone(), expert.with_replaces_call_id(callers)).is_err());
    }

    #[test]
    fn out_of_a_group_call_goes_the_transferee_that_was_named() {
        let expert = InvitationParticipantInfo::user("expert");
        let request = TransferCall::blind(CallId::new("1").unwrap(), expert)
            .unwrap()
            .with_transferee(IdentitySet::of_user("caller"), ParticipantId::new("7e1b").unwrap());
        let (_, body) = sent(&request);
        assert_eq!(body["transferee"]["identity"]["user"]["id"], "caller");
        assert_eq!(body["transferee"]["participantId"], "7e1b");
    }
}
