//! Participants, what is known of them, and invitations.

use serde::Serialize;

use crate::{
    CallId, ClientContext, EndpointType, IdentitySet, Integer, InvalidBody, MediaStream, ParticipantId,
    SecretText, Text, open_enum::open_enum, wire::wire_struct,
};

/// The most invitees of one request.
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
    }
    rare ParticipantRare {
        /// Data of the participant's client, base64.
        metadata / with_metadata: Text<'a> = "metadata",
        /// Whether somebody records.
        recording_info / with_recording_info: RecordingInfo<'a> = "recordingInfo",
        /// Why the participant left, in a delta roster.
        removed_state / with_removed_state: RemovedState<'a> = "removedState",
        /// The role in the meeting.
        meeting_role / with_meeting_role: Text<'a> = "meetingRole",
        /// A link that replaces the participant; as good as a secret.
        replacement_link / with_replacement_link: SecretText<'a> = "replacementLink",
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
    }
    rare ParticipantInfoRare {
        /// The country, as an ISO 3166 code.
        country_code / with_country_code: Text<'a> = "countryCode",
        /// The kind of endpoint.
        endpoint_type / with_endpoint_type: EndpointType<'a> = "endpointType",
        /// The language, as a BCP 47 tag.
        language_id / with_language_id: Text<'a> = "languageId",
        /// The region of the participant's media.
        region / with_region: Text<'a> = "region",
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
        /// The kind of endpoint.
        endpoint_type / with_endpoint_type: EndpointType<'a> = "endpointType",
    }
}

impl InvitationParticipantInfo<'_> {
    /// Somebody, by identity.
    pub fn new(identity: IdentitySet<'static>) -> InvitationParticipantInfo<'static> {
        InvitationParticipantInfo { identity: Some(identity), ..InvitationParticipantInfo::default() }
    }

    /// A user of a directory, by object id.
    pub fn user(id: impl Into<String>) -> InvitationParticipantInfo<'static> {
        Self::new(IdentitySet::user(id))
    }

    /// An app, by app id.
    pub fn application(id: impl Into<String>) -> InvitationParticipantInfo<'static> {
        Self::new(IdentitySet::application(id))
    }

    /// A phone, by its E.164 number.
    pub fn phone(number: impl Into<String>) -> InvitationParticipantInfo<'static> {
        Self::new(IdentitySet::phone(number))
    }

    /// Gives the participant an id of our choice, by which a pending invitation can be cancelled.
    #[must_use]
    pub fn with_participant_id(mut self, id: &ParticipantId) -> Self {
        self.participant_id = Some(Text::from(id.as_str().to_owned()));
        self
    }

    /// Replaces a call: the invitee's peer-to-peer call ends as they join.
    #[must_use]
    pub fn with_replaces_call_id(mut self, call: &CallId) -> Self {
        self.replaces_call_id = Some(Text::from(call.as_str().to_owned()));
        self
    }
}

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
}

open_enum! {
    /// Whether recording runs.
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
    /// Why a participant left.
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
}

/// The body of an invitation.
///
/// Graph reference: [`participant-invite`](https://learn.microsoft.com/graph/api/participant-invite).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteParticipantsBody {
    participants: Vec<InvitationParticipantInfo<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_context: Option<ClientContext>,
}

impl InviteParticipantsBody {
    /// Invites somebody.
    pub fn new(participant: InvitationParticipantInfo<'static>) -> Self {
        Self { participants: vec![participant], client_context: None }
    }

    /// Invites one more. At most 5 in one request, more than one only into a group call.
    #[must_use]
    pub fn with_participant(mut self, participant: InvitationParticipantInfo<'static>) -> Self {
        self.participants.push(participant);
        self
    }

    /// The caller's own key for the operation.
    #[must_use]
    pub fn with_client_context(mut self, context: ClientContext) -> Self {
        self.client_context = Some(context);
        self
    }

    /// Who is invited.
    pub fn participants(&self) -> &[InvitationParticipantInfo<'static>] {
        &self.participants
    }

    /// The caller's own key, if one was given.
    pub fn client_context(&self) -> Option<&ClientContext> {
        self.client_context.as_ref()
    }

    /// Checks what the service documents, before anything is sent.
    ///
    /// # Errors
    ///
    /// For more than [`MAX_INVITEES`] invitees, or several when one replaces a call (the service would silently
    /// take the first alone).
    pub fn validate(&self) -> Result<(), InvalidBody> {
        if self.participants.len() > MAX_INVITEES {
            return Err(InvalidBody::too_many("participants", self.participants.len(), MAX_INVITEES));
        }
        if self.participants.len() > 1 && self.participants.iter().any(|one| one.replaces_call_id.is_some()) {
            return Err(InvalidBody::new("participants", "with replacesCallId only one can be invited"));
        }
        Ok(())
    }
}
