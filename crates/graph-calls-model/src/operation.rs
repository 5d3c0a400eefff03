//! Comms operations: the long-running actions that Graph reports on.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, value::MapAccessDeserializer},
};

use crate::{
    InvitationParticipantInfo, MediaPrompt, ResultInfo, SecretText, Text, Timestamp,
    open_enum::open_enum,
    wire::{wire_struct, wire_value},
};

wire_struct! {
    /// A comms operation of any kind, with the members of all kinds.
    ///
    /// In a response, `completed` and `failed` are final and no notification follows; otherwise the outcome comes as
    /// a notification whose change type `deleted` means *finished*, not *cancelled*.
    ///
    /// Graph reference: [`commsOperation`](https://learn.microsoft.com/graph/api/resources/commsoperation).
    pub struct CommsOperation<'a> {
        /// What kind of operation it is.
        pub kind: Option<OperationKind<'a>> = "@odata.type",
        /// The operation's id.
        pub id: Option<Text<'a>> = "id",
        /// The key the caller gave it.
        pub client_context: Option<Text<'a>> = "clientContext",
        /// How far it is.
        pub status: Option<OperationStatus<'a>> = "status",
        /// How it ended.
        pub result_info: Option<ResultInfo<'a>> = "resultInfo" | "errorInfo",
    }
    rare OperationRare {
        /// Who was invited, or muted.
        participants / with_participants: Vec<OperationParticipant<'a>> = "participants",
        /// Why it ended; for sent tones the only place that tells a failure. Beta for prompts and recordings.
        completion_reason / with_completion_reason: CompletionReason<'a> = "completionReason",
        /// Where the recording lies. It is as good as a secret.
        recording_location / with_recording_location: SecretText<'a> = "recordingLocation" | "recordResourceLocation",
        /// The token that fetches the recording.
        recording_access_token / with_recording_access_token: SecretText<'a>
            = "recordingAccessToken" | "recordResourceAccessToken",
        /// What was played; seen on the wire alone.
        prompts / with_prompts: Vec<MediaPrompt<'a>> = "prompts",
        /// When it began, until 2019.
        created_date_time / with_created_date_time: Timestamp<'a> = "createdDateTime",
        /// When it last changed, until 2019.
        last_action_date_time / with_last_action_date_time: Timestamp<'a> = "lastActionDateTime",
    }
}

/// Somebody that a comms operation is about.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum OperationParticipant<'a> {
    /// An invitee.
    Invited(Box<InvitationParticipantInfo<'a>>),
    /// The id of a participant; that is how those who were muted together are named. Beta.
    Id(Text<'a>),
}

impl<'a> OperationParticipant<'a> {
    /// The invitee, if it is one.
    pub fn invited(&self) -> Option<&InvitationParticipantInfo<'a>> {
        match self {
            OperationParticipant::Invited(who) => Some(who),
            OperationParticipant::Id(_) => None,
        }
    }

    /// The participant id, if it was told.
    pub fn participant_id(&self) -> Option<&str> {
        match self {
            OperationParticipant::Invited(who) => who.participant_id.as_deref(),
            OperationParticipant::Id(id) => Some(id),
        }
    }
}

impl OperationParticipant<'_> {
    /// Copies what is borrowed.
    pub fn into_owned(self) -> OperationParticipant<'static> {
        match self {
            OperationParticipant::Invited(who) => OperationParticipant::Invited(Box::new(who.into_owned())),
            OperationParticipant::Id(id) => OperationParticipant::Id(id.into_owned()),
        }
    }
}

wire_value!(OperationParticipant);

impl Serialize for OperationParticipant<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            OperationParticipant::Invited(who) => who.serialize(serializer),
            OperationParticipant::Id(id) => id.serialize(serializer),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for OperationParticipant<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = OperationParticipant<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an invitee or a participant id")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let who = InvitationParticipantInfo::deserialize(MapAccessDeserializer::new(map))?;
                Ok(OperationParticipant::Invited(Box::new(who)))
            }
            fn visit_borrowed_str<E: de::Error>(self, id: &'de str) -> Result<Self::Value, E> {
                Ok(OperationParticipant::Id(id.into()))
            }
            fn visit_str<E: de::Error>(self, id: &str) -> Result<Self::Value, E> {
                Ok(OperationParticipant::Id(id.to_owned().into()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

open_enum! {
    /// The kind of a comms operation.
    ///
    /// Graph reference: [`commsOperation`](https://learn.microsoft.com/graph/api/resources/commsoperation).
    pub enum OperationKind {
        /// No particular kind.
        CommsOperation = "#microsoft.graph.commsOperation",
        /// Prompts are played.
        PlayPrompt = "#microsoft.graph.playPromptOperation",
        /// An answer is recorded.
        Record = "#microsoft.graph.recordOperation",
        /// Playing and recording are cancelled.
        CancelMediaProcessing = "#microsoft.graph.cancelMediaProcessingOperation",
        /// Tones are asked for.
        SubscribeToTone = "#microsoft.graph.subscribeToToneOperation",
        /// Tones are sent.
        SendDtmfTones = "#microsoft.graph.sendDtmfTonesOperation",
        /// Somebody is invited.
        InviteParticipants = "#microsoft.graph.inviteParticipantsOperation",
        /// Somebody is muted.
        MuteParticipant = "#microsoft.graph.muteParticipantOperation",
        /// The bot is unmuted.
        UnmuteParticipant = "#microsoft.graph.unmuteParticipantOperation",
        /// The recording status is told.
        UpdateRecordingStatus = "#microsoft.graph.updateRecordingStatusOperation",
        /// A participant is put on hold.
        StartHoldMusic = "#microsoft.graph.startHoldMusicOperation",
        /// A participant is taken off hold.
        StopHoldMusic = "#microsoft.graph.stopHoldMusicOperation",
        /// The large gallery is added.
        AddLargeGalleryView = "#microsoft.graph.addLargeGalleryViewOperation",
        /// Several are muted together. Beta.
        MuteParticipants = "#microsoft.graph.muteParticipantsOperation",
        /// A recording of the call begins. Beta.
        StartRecording = "#microsoft.graph.startRecordingOperation",
        /// A recording of the call ends. Beta.
        StopRecording = "#microsoft.graph.stopRecordingOperation",
        /// A transcript of the call begins. Beta.
        StartTranscription = "#microsoft.graph.startTranscriptionOperation",
        /// A transcript of the call ends. Beta.
        StopTranscription = "#microsoft.graph.stopTranscriptionOperation",
        /// Somebody is let in from the lobby. Beta.
        AdmitFromLobby = "#microsoft.graph.admitFromLobbyOperation",
        /// Everybody is let in from the lobby. Beta.
        AdmitAllFromLobby = "#microsoft.graph.admitAllFromLobbyOperation",
        /// Somebody in the lobby is turned away. Beta.
        RemoveFromLobby = "#microsoft.graph.removeFromLobbyOperation",
    }
}

impl OperationKind<'_> {
    /// The name without its namespace.
    pub fn name(&self) -> &str {
        crate::wire::type_name(self.as_str())
    }
}

open_enum! {
    /// How far a comms operation is.
    ///
    /// Graph reference: [`commsOperation`](https://learn.microsoft.com/graph/api/resources/commsoperation).
    pub enum OperationStatus {
        /// Accepted.
        NotStarted = "notStarted",
        /// Under way.
        Running = "running",
        /// Done.
        Completed = "completed",
        /// Failed: see the result info.
        Failed = "failed",
    }
}

impl OperationStatus<'_> {
    /// Whether nothing more follows.
    pub fn is_final(&self) -> bool {
        matches!(self, OperationStatus::Completed | OperationStatus::Failed)
    }
}

open_enum! {
    /// Why a comms operation ended, for the three kinds that tell: sent tones, prompts and recordings.
    ///
    /// Sent tones are in v1.0, the other two are beta.
    ///
    /// Graph reference:
    /// [`sendDtmfTonesOperation`](https://learn.microsoft.com/graph/api/resources/senddtmftonesoperation).
    pub enum CompletionReason {
        /// Not told. Tones and prompts.
        Unknown = "unknown",
        /// It was done. Tones and prompts.
        CompletedSuccessfully = "completedSuccessfully",
        /// It was cancelled. Tones and prompts.
        MediaOperationCanceled = "mediaOperationCanceled",
        /// Nothing ended it. Recordings; on the page alone. Beta.
        None = "none",
        /// It was cancelled. Recordings. Beta.
        OperationCanceled = "operationCanceled",
        /// Somebody pressed a stop tone. Recordings. Beta.
        StopToneDetected = "stopToneDetected",
        /// The longest time was up. Recordings. Beta.
        MaxRecordDurationReached = "maxRecordDurationReached",
        /// Nobody began to speak. Recordings. Beta.
        InitialSilenceTimeout = "initialSilenceTimeout",
        /// Whoever spoke fell silent. Recordings. Beta.
        MaxSilenceTimeout = "maxSilenceTimeout",
        /// The prompt could not be played. Recordings. Beta.
        PlayPromptFailed = "playPromptFailed",
        /// The beep could not be played. Recordings. Beta.
        PlayBeepFailed = "playBeepFailed",
        /// No media came. Recordings. Beta.
        MediaReceiveTimeout = "mediaReceiveTimeout",
        /// Something else failed. Recordings. Beta.
        UnspecifiedError = "unspecifiedError",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> CommsOperation<'_> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_names_of_2018_and_2019_are_those_of_today() {
        let old = read(
            r##"{"@odata.type": "#microsoft.graph.recordOperation", "recordResourceLocation": "https://l",
                "recordResourceAccessToken": "t", "errorInfo": {"code": "200", "subCode": "transferring"},
                "createdDateTime": "2018-09-06T15:58:41Z", "lastActionDateTime": "2018-09-06T15:59:41Z"}"##,
        );
        assert_eq!(old.recording_location().map(SecretText::expose), Some("https://l"));
        assert_eq!(old.recording_access_token().map(SecretText::expose), Some("t"));
        assert!(old.result_info.as_ref().is_some_and(|info| info.number() == Some(200)));
        assert_eq!(old.created_date_time().unwrap().as_str(), "2018-09-06T15:58:41Z");
        let written = serde_json::to_value(&old).unwrap();
        assert_eq!(written["recordingLocation"], "https://l");
        assert_eq!(written["resultInfo"]["code"], 200);
        assert!(written.get("recordResourceLocation").is_none());
        assert!(!format!("{old:?}").contains("https://l"));
    }

    #[test]
    fn sent_tones_tell_a_failure_in_their_reason_alone() {
        let operation = read(
            r##"{"@odata.type": "#microsoft.graph.sendDtmfTonesOperation", "status": "completed",
                "completionReason": "MediaOperationCanceled"}"##,
        );
        assert_eq!(operation.kind, Some(OperationKind::SendDtmfTones));
        assert_eq!(operation.status, Some(OperationStatus::Completed));
        assert_eq!(operation.completion_reason(), Some(&CompletionReason::MediaOperationCanceled));
    }

    #[test]
    fn invitees_are_objects_and_those_muted_together_are_ids() {
        let text = r#"{"participants": [{"participantId": "a"}, "b", "cd"]}"#;
        let operation = read(text);
        let participants = operation.participants().unwrap();
        let ids: Vec<_> = participants.iter().map(OperationParticipant::participant_id).collect();
        assert_eq!(ids, [Some("a"), Some("b"), Some("cd")]);
        assert_eq!(participants.iter().filter(|who| who.invited().is_some()).count(), 1);
        let written = serde_json::to_string(&operation).unwrap();
        assert_eq!(read(&written), operation);
        assert_eq!(read(&written).into_owned(), operation);
        assert!(serde_json::from_str::<CommsOperation<'_>>(r#"{"participants": [7]}"#).is_err());
    }
}
