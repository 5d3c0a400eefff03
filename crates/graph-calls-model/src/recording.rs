//! Recording of a call by policy: who is recorded and why, and telling everybody about it.

use serde::Serialize;

use crate::{
    ClientContext, IdentitySet, InvalidBody, ParticipantInfo, Text, client_context::takes_client_context,
    open_enum::open_enum, wire::wire_struct,
};

wire_struct! {
    /// Whether and by whom the call is recorded.
    ///
    /// Graph reference: [`recordingInfo`](https://learn.microsoft.com/graph/api/resources/recordinginfo).
    pub struct RecordingInfo<'a> as "#microsoft.graph.recordingInfo" {
        /// Who began it.
        pub initiator: Option<IdentitySet<'a>> = "initiator",
        /// Whether it runs.
        pub recording_status: Option<RecordingStatus<'a>> = "recordingStatus",
    }
    rare RecordingInfoRare {
        /// The participant who began it. Beta.
        initiated_by / with_initiated_by: ParticipantInfo<'a> = "initiatedBy",
    }
}

open_enum! {
    /// Whether recording runs.
    ///
    /// Graph reference: [`recordingInfo`](https://learn.microsoft.com/graph/api/resources/recordinginfo).
    pub enum RecordingStatus {
        /// Not told.
        Unknown = "unknown",
        /// It does not run.
        NotRecording = "notRecording",
        /// It runs.
        Recording = "recording",
        /// It failed.
        Failed = "failed",
    }
}

wire_struct! {
    /// What policy-based recording tells its bots.
    ///
    /// Graph reference: [`call-answer`](https://learn.microsoft.com/graph/api/call-answer).
    pub struct ApplicationMetadata<'a> {
        /// The part meant for bots.
        pub bot_data: Option<BotData<'a>> = "botData",
    }
}

wire_struct! {
    /// The part of the metadata that is meant for bots.
    ///
    /// Graph reference: [`call-answer`](https://learn.microsoft.com/graph/api/call-answer).
    pub struct BotData<'a> {
        /// Why the bot was invited.
        pub invite_reasons: Vec<Text<'a>> = "inviteReasons",
        /// The policy that asked for it.
        pub policy_identifier: Option<Text<'a>> = "policyIdentifier",
    }
    rare BotDataRare {
        /// Where the call's media is, as the service calls the region: `USEA`.
        media_hosted_region / with_media_hosted_region: Text<'a> = "mediaHostedRegion",
        /// Whom the policy is about.
        user / with_user: RecordedParty<'a> = "user",
        /// Whom that user talks to.
        other_side_user / with_other_side_user: RecordedParty<'a> = "otherSideUser",
        /// The recorders that record the same.
        paired_recorders / with_paired_recorders: Vec<RecordedParty<'a>> = "pairedRecorders",
        /// The other recorders in the call.
        other_recorders / with_other_recorders: Vec<RecordedParty<'a>> = "otherRecorders",
        /// An id of the call; seen on the wire alone.
        call_id / with_call_id: Text<'a> = "callId",
        /// Whether it is a group call; seen on the wire alone.
        is_multi_party / with_is_multi_party: bool = "isMultiParty",
        /// The kind of app; seen on the wire alone.
        application_type / with_application_type: Text<'a> = "applicationType",
    }
}

wire_struct! {
    /// Somebody in a recorded call, or a recorder: a recorder has the two ids alone.
    ///
    /// Graph reference: [`call-answer`](https://learn.microsoft.com/graph/api/call-answer).
    pub struct RecordedParty<'a> {
        /// The object id or app id; also in the form `8:orgid:<guid>`.
        pub id: Option<Text<'a>> = "id",
        /// The id in the call.
        pub participant_id: Option<Text<'a>> = "participantId",
    }
    rare RecordedPartyRare {
        /// The directory of the user.
        tenant_id / with_tenant_id: Text<'a> = "tenantId",
        /// On whose behalf the user talks.
        on_behalf_of / with_on_behalf_of: Box<RecordedParty<'a>> = "onBehalfOf",
        /// `caller` or `callee`.
        participation_method / with_participation_method: Text<'a> = "participationMethod",
        /// Where the user's client is: `US`, `EUNO`.
        client_location / with_client_location: Text<'a> = "clientLocation",
    }
}

/// The body that tells everybody whether the call is recorded. Only for policy-based recording, where it has to
/// succeed before any media is kept.
///
/// Graph reference: [`call-updaterecordingstatus`](https://learn.microsoft.com/graph/api/call-updaterecordingstatus).
///
/// ```
/// use graph_calls_model::{RecordingStatus, UpdateRecordingStatusBody};
///
/// let body = UpdateRecordingStatusBody::new(RecordingStatus::Recording);
/// body.validate()?;
/// assert_eq!(serde_json::to_string(&body)?, r#"{"status":"recording"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateRecordingStatusBody {
    status: RecordingStatus<'static>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_context: Option<ClientContext>,
}

takes_client_context!(UpdateRecordingStatusBody);

impl UpdateRecordingStatusBody {
    /// Tells that recording does not run, runs or failed.
    pub fn new(status: RecordingStatus<'static>) -> Self {
        Self { status, client_context: None }
    }

    /// Checks what the service documents, before anything is sent.
    ///
    /// # Errors
    ///
    /// For any other status than those three.
    pub fn validate(&self) -> Result<(), InvalidBody> {
        match self.status {
            RecordingStatus::NotRecording | RecordingStatus::Recording | RecordingStatus::Failed => Ok(()),
            _ => Err(InvalidBody::new("status", "it cannot be told: give notRecording, recording or failed")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_recorder_knows_can_be_told() {
        for good in ["notRecording", "recording", "Failed"] {
            assert_eq!(UpdateRecordingStatusBody::new(good.into()).validate(), Ok(()), "{good}");
        }
        for bad in ["unknown", "unknownFutureValue", ""] {
            assert!(UpdateRecordingStatusBody::new(bad.into()).validate().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_two_sides_and_the_recorders_of_a_policy_are_told_apart() {
        let read: ApplicationMetadata<'_> = serde_json::from_str(
            r#"{"botData": {
                "mediaHostedRegion": "USEA", "user": {"participationMethod": "callee", "clientLocation": "US"},
                "otherSideUser": {"id": "8:orgid:971f0300", "onBehalfOf": {"id": "871f0300"}},
                "inviteReasons": ["PolicyBasedRecording"], "policyIdentifier": "Test",
                "pairedRecorders": [{"id": "471f0300", "participantId": "371f0300"}], "otherRecorders": []
            }}"#,
        )
        .unwrap();
        let bot = read.bot_data.unwrap();
        assert_eq!(bot.user().unwrap().participation_method().unwrap(), "callee");
        let other = bot.other_side_user().unwrap();
        assert_eq!(other.on_behalf_of().unwrap().id.as_deref(), Some("871f0300"));
        assert_eq!(bot.paired_recorders().unwrap()[0].participant_id.as_deref(), Some("371f0300"));
        assert!(bot.other_recorders().unwrap().is_empty());
    }
}
