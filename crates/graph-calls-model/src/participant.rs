//! Participants, what is known of them, and invitations.

use serde::Serialize;

use crate::{
    CallId, ClientContext, EndpointType, IdentitySet, Integer, InvalidBody, MediaStream,
    OnlineMeetingRestricted, ParticipantId, PhoneNumber, RecordingInfo, SecretText,
    SyntheticMediaDetectionInfo, Text, client_context::takes_client_context, wire::wire_struct,
};

/// The most invitees of one request: 5.
pub const MAX_INVITEES: usize = 5;

wire_struct! {
    /// One identity in a call.
    ///
    /// Graph reference: [`participant`](https://learn.microsoft.com/graph/api/resources/participant).
    pub struct Participant<'a> as "#microsoft.graph.participant" {
        /// The participant's id. It is null while the participant is only invited.
        pub id: Option<Text<'a>> = "id",
        /// Who it is.
        pub info: Option<ParticipantInfo<'a>> = "info",
        /// The media the participant sends and receives.
        pub media_streams: Vec<MediaStream<'a>> = "mediaStreams",
        /// Whether the participant is muted.
        pub is_muted: Option<bool> = "isMuted",
        /// Whether the participant waits in the lobby.
        pub is_in_lobby: Option<bool> = "isInLobby",
        /// The order of roster updates.
        pub roster_sequence_number: Option<Integer> = "rosterSequenceNumber",
        /// The role in the meeting. On the wire only.
        pub meeting_role: Option<Text<'a>> = "meetingRole",
        /// Whether others do not see who it is. Beta.
        pub is_identity_anonymized: Option<bool> = "isIdentityAnonymized",
    }
    rare ParticipantRare {
        /// Data of the participant's client, base64.
        metadata / with_metadata: Text<'a> = "metadata",
        /// Whether somebody records.
        recording_info / with_recording_info: RecordingInfo<'a> = "recordingInfo",
        /// Why the participant left, in a delta roster.
        removed_state / with_removed_state: RemovedState<'a> = "removedState",
        /// A link that replaces the participant; as good as a secret.
        replacement_link / with_replacement_link: SecretText<'a> = "replacementLink",
        /// What of the participant is switched off.
        restricted_experience / with_restricted_experience: OnlineMeetingRestricted<'a>
            = "restrictedExperience",
        /// The name the participant chose to go by. Beta.
        preferred_display_name / with_preferred_display_name: Text<'a> = "preferredDisplayName",
        /// What a bot found out about the participant's media. Beta.
        synthetic_media_detection / with_synthetic_media_detection: SyntheticMediaDetectionInfo<'a>
            = "syntheticMediaDetection",
    }
}

impl<'a> Participant<'a> {
    /// The id as one that requests take; none while the participant is only invited.
    pub fn participant_id(&self) -> Option<ParticipantId> {
        ParticipantId::new(self.id.as_deref()?).ok()
    }

    /// The identity, if the service told it.
    pub fn identity(&self) -> Option<&IdentitySet<'a>> {
        self.info.as_ref()?.identity.as_ref()
    }
}

wire_struct! {
    /// What is known of a participant.
    ///
    /// Graph reference: [`participantInfo`](https://learn.microsoft.com/graph/api/resources/participantinfo).
    pub struct ParticipantInfo<'a> as "#microsoft.graph.participantInfo" {
        /// Who it is.
        pub identity: Option<IdentitySet<'a>> = "identity",
        /// The participant's id in the call.
        pub participant_id: Option<Text<'a>> = "participantId",
        /// The kind of endpoint.
        pub endpoint_type: Option<EndpointType<'a>> = "endpointType",
        /// The region of the participant's media.
        pub region: Option<Text<'a>> = "region",
    }
    rare ParticipantInfoRare {
        /// The country, as an ISO 3166 code.
        country_code / with_country_code: Text<'a> = "countryCode",
        /// The language, as a BCP 47 tag.
        language_id / with_language_id: Text<'a> = "languageId",
        /// An id of the participant, beside `participantId`; seen on the wire alone.
        id / with_id: Text<'a> = "id",
        /// The id of the participant's endpoint; seen on the wire alone.
        endpoint_id / with_endpoint_id: Text<'a> = "endpointId",
        /// The version of the participant's client; seen on the wire alone.
        client_version / with_client_version: Text<'a> = "clientVersion",
        /// A link that replaces the participant; as good as a secret; seen on the wire alone.
        replacement_link / with_replacement_link: SecretText<'a> = "replacementLink",
        /// The platform of the participant's client. Beta.
        platform_id / with_platform_id: Text<'a> = "platformId",
        /// Who it is behind an anonymized identity. Beta.
        non_anonymized_identity / with_non_anonymized_identity: IdentitySet<'a> = "nonAnonymizedIdentity",
    }
}

impl ParticipantInfo<'_> {
    /// The participant that an identity names.
    pub fn new(identity: IdentitySet<'static>) -> ParticipantInfo<'static> {
        ParticipantInfo { identity: Some(identity), ..ParticipantInfo::default() }
    }
}

wire_struct! {
    /// Somebody to call or to invite.
    ///
    /// Graph reference:
    /// [`invitationParticipantInfo`](https://learn.microsoft.com/graph/api/resources/invitationparticipantinfo).
    pub struct InvitationParticipantInfo<'a> as "#microsoft.graph.invitationParticipantInfo" {
        /// Who it is.
        pub identity: Option<IdentitySet<'a>> = "identity",
        /// The id the participant shall have; names a pending invitation when it is cancelled.
        pub participant_id: Option<Text<'a>> = "participantId",
        /// The call that this invitation replaces.
        pub replaces_call_id: Option<Text<'a>> = "replacesCallId",
    }
    rare InvitationRare {
        /// Whether the participant is hidden from the roster.
        hidden / with_hidden: bool = "hidden",
        /// Whether the participant stays out of the default audio mix.
        remove_from_default_audio_routing_group / with_remove_from_default_audio_routing_group: bool
            = "removeFromDefaultAudioRoutingGroup",
        /// The kind of endpoint: a person's devices, or the voicemail box. v1.0 transfers send it too. Beta.
        endpoint_type / with_endpoint_type: EndpointType<'a> = "endpointType",
        /// The language, as a BCP 47 tag; sent in transfers.
        language_id / with_language_id: Text<'a> = "languageId",
        /// The region; sent in transfers.
        region / with_region: Text<'a> = "region",
    }
}

impl InvitationParticipantInfo<'_> {
    /// Somebody, by identity.
    pub fn new(identity: IdentitySet<'static>) -> InvitationParticipantInfo<'static> {
        InvitationParticipantInfo { identity: Some(identity), ..InvitationParticipantInfo::default() }
    }

    /// A user of a directory, by object id.
    pub fn user(id: impl Into<String>) -> InvitationParticipantInfo<'static> {
        Self::new(IdentitySet::of_user(id))
    }

    /// An app, by app id.
    pub fn application(id: impl Into<String>) -> InvitationParticipantInfo<'static> {
        Self::new(IdentitySet::of_application(id))
    }

    /// A phone, by its number.
    pub fn phone(number: PhoneNumber) -> InvitationParticipantInfo<'static> {
        Self::new(IdentitySet::of_phone(number))
    }

    /// Gives the participant an id of our choice, by which a pending invitation can be cancelled.
    #[must_use]
    pub fn with_participant_id(mut self, id: ParticipantId) -> Self {
        self.participant_id = Some(id.into());
        self
    }

    /// Replaces a call: the invitee's peer-to-peer call ends as they join.
    #[must_use]
    pub fn with_replaces_call_id(mut self, call: CallId) -> Self {
        self.replaces_call_id = Some(call.into());
        self
    }
}

wire_struct! {
    /// Why a participant left.
    ///
    /// Graph reference: [`removedState`](https://learn.microsoft.com/graph/api/resources/removedstate).
    pub struct RemovedState<'a> as "#microsoft.graph.removedState" {
        /// In the service's words.
        pub reason: Option<Text<'a>> = "reason",
    }
}

wire_struct! {
    /// The changes of a roster since the last one.
    ///
    /// Graph reference: [`deltaParticipants`](https://learn.microsoft.com/graph/api/resources/deltaparticipants).
    pub struct DeltaParticipants<'a> as "#microsoft.graph.deltaParticipants" {
        /// The order of the updates.
        pub sequence_number: Option<Integer> = "sequenceNumber",
        /// Who came, changed or left.
        pub participants: Vec<Participant<'a>> = "participants",
    }
    // A field of its own would make every `Resource` a third larger.
    rare DeltaParticipantsRare {
        /// The id of these changes.
        id / with_id: Text<'a> = "id",
    }
}

/// The body of an invitation.
///
/// Up to 5 at once, more than one only into a group call; a peer-to-peer call becomes a group call for good. The call
/// needs a chat. Another bot cannot be invited.
///
/// Graph reference: [`participant-invite`](https://learn.microsoft.com/graph/api/participant-invite).
///
/// ```
/// use graph_calls_model::{InvitationParticipantInfo, InviteParticipantsBody, PhoneNumber};
///
/// let adele = InvitationParticipantInfo::user("8d1e6ab6");
/// let phone = InvitationParticipantInfo::phone(PhoneNumber::new("+15550100001")?);
/// let body = InviteParticipantsBody::several([adele, phone])?;
/// assert_eq!(body.participants().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteParticipantsBody {
    participants: Vec<InvitationParticipantInfo<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_context: Option<ClientContext>,
}

takes_client_context!(InviteParticipantsBody);

impl InviteParticipantsBody {
    /// Invites somebody.
    pub fn new(participant: InvitationParticipantInfo<'static>) -> Self {
        Self { participants: vec![participant], client_context: None }
    }

    /// Invites several at once into a group call.
    ///
    /// # Errors
    ///
    /// For nobody, more than [`MAX_INVITEES`], or several when one replaces a call (the service would silently take
    /// the first alone).
    pub fn several(
        participants: impl IntoIterator<Item = InvitationParticipantInfo<'static>>,
    ) -> Result<Self, InvalidBody> {
        let mut participants = participants.into_iter();
        let mut body = Self::new(participants.next().ok_or_else(|| InvalidBody::none_of("participants"))?);
        body.participants.extend(participants);
        if body.participants.len() > MAX_INVITEES {
            return Err(InvalidBody::too_many("participants", body.participants.len(), MAX_INVITEES));
        }
        let replacing = body.participants.iter().position(|one| one.replaces_call_id.is_some());
        match replacing {
            Some(at) if body.participants.len() > 1 => Err(InvalidBody::new(
                format!("participants[{at}].replacesCallId"),
                "who replaces a call is invited alone: give each a request of their own",
            )),
            _ => Ok(body),
        }
    }

    /// Who is invited.
    pub fn participants(&self) -> &[InvitationParticipantInfo<'static>] {
        &self.participants
    }
}

/// The body that mutes several participants together. Deprecated: its end was announced for 2020, and each can be muted
/// alone, with a [`ClientContextBody`](crate::ClientContextBody). Beta.
///
/// Graph reference:
/// [`participant-muteall`](https://learn.microsoft.com/graph/api/participant-muteall?view=graph-rest-beta).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MuteAllParticipantsBody {
    participants: Vec<ParticipantId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_context: Option<ClientContext>,
}

takes_client_context!(MuteAllParticipantsBody);

impl MuteAllParticipantsBody {
    /// Mutes one.
    pub fn new(participant: ParticipantId) -> Self {
        Self { participants: vec![participant], client_context: None }
    }

    /// Mutes several.
    ///
    /// # Errors
    ///
    /// For nobody.
    pub fn several(participants: impl IntoIterator<Item = ParticipantId>) -> Result<Self, InvalidBody> {
        let participants: Vec<_> = participants.into_iter().collect();
        if participants.is_empty() {
            return Err(InvalidBody::none_of("participants"));
        }
        Ok(Self { participants, client_context: None })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_to_five_are_invited_and_who_replaces_a_call_comes_alone() {
        let adele = InvitationParticipantInfo::user("8d1e6ab6");
        for (count, good) in [(0, false), (1, true), (5, true), (6, false)] {
            let body = InviteParticipantsBody::several(vec![adele.clone(); count]);
            assert_eq!(body.is_ok(), good, "{count}");
        }
        let replacing = adele.clone().with_replaces_call_id(CallId::new("a7ebfb2d").unwrap());
        assert!(InviteParticipantsBody::several([replacing.clone()]).is_ok());
        let error = InviteParticipantsBody::several([adele, replacing]).unwrap_err();
        assert_eq!(error.member(), "participants[1].replacesCallId");
    }

    #[test]
    fn a_phone_is_invited_by_its_number() {
        let phone = InvitationParticipantInfo::phone(PhoneNumber::new("+12345678901").unwrap());
        let body =
            InviteParticipantsBody::new(phone).with_client_context(ClientContext::new("f2fa86af").unwrap());
        assert_eq!(
            serde_json::to_value(body).unwrap(),
            json!({
                "participants": [{
                    "@odata.type": "#microsoft.graph.invitationParticipantInfo",
                    "identity": {
                        "@odata.type": "#microsoft.graph.identitySet",
                        "phone": {"@odata.type": "#microsoft.graph.identity", "id": "+12345678901"},
                    },
                }],
                "clientContext": "f2fa86af",
            })
        );
    }

    #[test]
    fn those_muted_together_are_named_by_their_ids() {
        let ids = ["550fae72", "632899f8"].map(|id| ParticipantId::new(id).unwrap());
        assert_eq!(
            serde_json::to_value(MuteAllParticipantsBody::several(ids).unwrap()).unwrap(),
            json!({"participants": ["550fae72", "632899f8"]})
        );
        assert_eq!(MuteAllParticipantsBody::several([]).unwrap_err().member(), "participants");
    }
}
