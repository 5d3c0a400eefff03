//! Transfers: the body that gives a call away.

use serde::Serialize;

use crate::{CallId, IdentitySet, InvalidBody, InvitationParticipantInfo, ParticipantId, ParticipantInfo};

/// The body that transfers a call.
///
/// Both sides have to be Teams users of one tenant, or phones where the bot has a resource account. That it is under
/// way, accepted and done comes as notifications of the call; a call that is established again with a result of 5xx was
/// not transferred.
///
/// Graph reference: [`call-transfer`](https://learn.microsoft.com/graph/api/call-transfer).
///
/// ```
/// use graph_calls_model::{CallId, InvitationParticipantInfo, TransferCallBody};
///
/// // Sent to the caller's call: the caller goes to a colleague, whoever answers.
/// let blind = TransferCallBody::blind(InvitationParticipantInfo::user("550fae72"))?;
/// assert!(serde_json::to_value(blind)?["transferTarget"].get("replacesCallId").is_none());
///
/// // Sent to the call with the colleague, who has agreed: the caller takes the bot's place in it.
/// let callers_call = CallId::new("e5d39592-99bd-4db8-bca8-30fb894ec51d")?;
/// let caller = InvitationParticipantInfo::user("8d1e6ab6");
/// let consultative = TransferCallBody::consultative(caller, callers_call.clone());
/// assert_eq!(serde_json::to_value(consultative)?["transferTarget"]["replacesCallId"], callers_call.as_str());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferCallBody {
    transfer_target: InvitationParticipantInfo<'static>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transferee: Option<ParticipantInfo<'static>>,
}

impl TransferCallBody {
    /// Gives away the call it is sent to: the other side of that call goes to the target, unannounced.
    ///
    /// # Errors
    ///
    /// For a target that replaces a call: that is a [`consultative`](Self::consultative) transfer.
    pub fn blind(target: InvitationParticipantInfo<'static>) -> Result<Self, InvalidBody> {
        if target.replaces_call_id.is_some() {
            return Err(InvalidBody::new(
                "transferTarget.replacesCallId",
                "a blind transfer replaces no call: leave it out, or use `consultative`",
            ));
        }
        Ok(Self { transfer_target: target, transferee: None })
    }

    /// Brings two calls of the bot together, sent to the **second** one, in which the bot has consulted somebody.
    ///
    /// The target is the other side of the first call, which the second one replaces.
    pub fn consultative(original_caller: InvitationParticipantInfo<'static>, original_call: CallId) -> Self {
        Self { transfer_target: original_caller.with_replaces_call_id(original_call), transferee: None }
    }

    /// Who is transferred out of a group call, where it has to be said.
    #[must_use]
    pub fn with_transferee(mut self, who: IdentitySet<'static>, participant: ParticipantId) -> Self {
        let mut transferee = ParticipantInfo::new(who);
        transferee.participant_id = Some(participant.into());
        self.transferee = Some(transferee);
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn heidi() -> InvitationParticipantInfo<'static> {
        serde_json::from_str(
            r#"{"endpointType": "default", "identity": {"user": {"id": "550fae72", "displayName": "Heidi Steen"}}}"#,
        )
        .unwrap()
    }

    #[test]
    fn a_consultative_transfer_replaces_the_original_call() {
        let body = TransferCallBody::consultative(heidi(), CallId::new("e5d39592").unwrap());
        assert_eq!(
            serde_json::to_value(body).unwrap(),
            json!({"transferTarget": {
                "@odata.type": "#microsoft.graph.invitationParticipantInfo",
                "endpointType": "default",
                "identity": {
                    "@odata.type": "#microsoft.graph.identitySet",
                    "user": {
                        "@odata.type": "#microsoft.graph.identity",
                        "id": "550fae72",
                        "displayName": "Heidi Steen",
                    },
                },
                "replacesCallId": "e5d39592",
            }})
        );
    }

    #[test]
    fn a_blind_transfer_replaces_nothing() {
        assert!(TransferCallBody::blind(heidi()).is_ok());
        let replacing = heidi().with_replaces_call_id(CallId::new("e5d39592").unwrap());
        let error = TransferCallBody::blind(replacing).unwrap_err();
        assert_eq!(error.member(), "transferTarget.replacesCallId");
    }

    #[test]
    fn a_transferee_is_named_by_identity_and_participant_id() {
        let who: IdentitySet<'static> = serde_json::from_str(r#"{"user": {"id": "751f6800"}}"#).unwrap();
        let participant = ParticipantId::new("909c6581").unwrap();
        let body = TransferCallBody::blind(heidi()).unwrap().with_transferee(who, participant);
        assert_eq!(
            serde_json::to_value(body).unwrap()["transferee"],
            json!({
                "@odata.type": "#microsoft.graph.participantInfo",
                "identity": {
                    "@odata.type": "#microsoft.graph.identitySet",
                    "user": {"@odata.type": "#microsoft.graph.identity", "id": "751f6800"},
                },
                "participantId": "909c6581",
            })
        );
    }
}
