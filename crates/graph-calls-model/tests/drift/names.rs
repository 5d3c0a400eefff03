//! Which types of the metadata the model's types stand for.

use crate::table::Table;

/// What a type of the model stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant {
    /// One type, with all its members.
    One(&'static str),
    /// Several types: a body that more than one action takes, or an enum with the members of several.
    Each(&'static [&'static str]),
    /// A type and all that derive from it, with the members of all.
    Family(&'static str),
    /// Some members of a type.
    PartOf(&'static str),
    /// An enum of the names of a type and all that derive from it, without those that are abstract.
    NamesOf(&'static str),
}

use Meant::{Each, Family, NamesOf, One, PartOf};

/// The types of the model that do not bear the name of the one type they stand for. All of them are there.
pub(crate) const NAMES: &[(&str, Meant)] = &[
    // On the wire an identity never says what kind it is, and a set of them seldom.
    ("Identity", Family("identity")),
    ("IdentitySet", Family("identitySet")),
    // Read whole, then sorted by `@odata.type`.
    ("AnyMediaConfig", Family("mediaConfig")),
    ("AnyMeetingInfo", Family("meetingInfo")),
    ("AnyResponse", Family("participantJoiningResponse")),
    // One for all kinds, with the members of all.
    ("CommsOperation", Family("commsOperation")),
    ("OperationKind", NamesOf("commsOperation")),
    (
        "CompletionReason",
        Each(&["playPromptCompletionReason", "recordCompletionReason", "sendDtmfCompletionReason"]),
    ),
    ("CallOptions", Family("callOptions")),
    ("CallOptionsKind", NamesOf("callOptions")),
    ("TeleconferenceDeviceMediaQuality", Family("teleconferenceDeviceMediaQuality")),
    ("MediaQualityKind", NamesOf("teleconferenceDeviceMediaQuality")),
    // The only kind of prompt there is.
    ("MediaPrompt", Family("prompt")),
    ("Notification", One("commsNotification")),
    ("WebhookBody", One("commsNotifications")),
    ("CreateCallBody", PartOf("call")),
    ("AnswerCallBody", One("action/answer")),
    ("InviteParticipantsBody", One("action/invite")),
    ("PlayPromptBody", One("action/playPrompt")),
    ("RejectCallBody", One("action/reject")),
    ("RedirectCallBody", One("action/redirect")),
    ("TransferCallBody", One("action/transfer")),
    ("RecordResponseBody", One("action/recordResponse")),
    ("SendDtmfTonesBody", One("action/sendDtmfTones")),
    ("StartHoldMusicBody", One("action/startHoldMusic")),
    ("ChangeScreenSharingRoleBody", One("action/changeScreenSharingRole")),
    ("UpdateRecordingStatusBody", One("action/updateRecordingStatus")),
    ("LogTeleconferenceDeviceQualityBody", One("action/logTeleconferenceDeviceQuality")),
    ("StartTranscriptionBody", One("action/startTranscription")),
    ("ReportSyntheticMediaBody", One("action/reportSyntheticMedia")),
    ("MuteAllParticipantsBody", One("action/muteAll")),
    ("ConfigureMixerBody", One("action/configureMixer")),
    ("UpdateMetadataBody", One("action/updateMetadata")),
    (
        "ClientContextBody",
        Each(&[
            "action/addLargeGalleryView",
            "action/admitAllFromLobby",
            "action/admitFromLobby",
            "action/cancelMediaProcessing",
            "action/mute",
            "action/removeFromLobby",
            "action/startRecording",
            "action/stopHoldMusic",
            "action/stopRecording",
            "action/stopTranscription",
            "action/subscribeToTone",
            "action/unmute",
        ]),
    ),
    // The metadata's name has a word more.
    ("AutoAdmittedUsers", One("autoAdmittedUsersType")),
];

/// What a type of the model stands for: unless told otherwise, for the type of its name.
pub(crate) fn meant(names: &[(&str, Meant)], table: &Table, name: &str) -> Option<Meant> {
    let told = names.iter().find(|(told, _)| *told == name).map(|(_, meant)| *meant);
    told.or_else(|| {
        let same = |of: &&'static str| {
            of.split_at(1).0.eq_ignore_ascii_case(name.split_at(1).0)
                && of.split_at(1).1 == name.split_at(1).1
        };
        table.types().map(|row| row.of).find(same).map(One)
    })
}

impl Meant {
    /// The types of the metadata that are meant.
    pub(crate) fn types(self, table: &Table) -> Vec<&'static str> {
        match self {
            One(of) | PartOf(of) => vec![of],
            Each(all) => all.to_vec(),
            Family(of) => table.family(of),
            NamesOf(of) => table.family(of).into_iter().filter(|of| !table.is_abstract(of)).collect(),
        }
    }

    /// The same, one by one where each is meant.
    pub(crate) fn each(self) -> Vec<Self> {
        if let Each(all) = self { all.iter().map(|of| One(of)).collect() } else { vec![self] }
    }

    /// The type to blame where none of them is nearer.
    pub(crate) fn first(self) -> &'static str {
        match self {
            One(of) | PartOf(of) | Family(of) | NamesOf(of) => of,
            Each(all) => all.first().copied().unwrap_or_default(),
        }
    }
}
