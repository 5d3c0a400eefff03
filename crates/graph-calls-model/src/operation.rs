//! Comms operations: the long-running actions that Graph reports on.

use crate::{
    InvitationParticipantInfo, ResultInfo, SecretText, Text, open_enum::open_enum, wire::wire_struct,
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
        pub result_info: Option<ResultInfo<'a>> = "resultInfo",
    }
    rare OperationRare {
        /// Who was invited.
        participants / with_participants: Vec<InvitationParticipantInfo<'a>> = "participants",
        /// Why it ended; for sent tones the only place that tells a failure.
        completion_reason / with_completion_reason: Text<'a> = "completionReason",
        /// Where the recording lies.
        recording_location / with_recording_location: SecretText<'a> = "recordingLocation",
        /// The token that fetches the recording.
        recording_access_token / with_recording_access_token: SecretText<'a> = "recordingAccessToken",
    }
}

open_enum! {
    /// The kind of a comms operation.
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
