//! Where the model and the metadata disagree for good, and why. What is merely not there yet has no place here.

/// How the model and the table differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    NotInModel,
    NotInTable,
    OtherKind,
    OtherSpelling,
}

use Sort::{NotInModel, OtherKind, OtherSpelling};

/// How they differ, in which type, in which of its members (`*`: the whole type), and why that is right.
pub(crate) type Allowed = (Sort, &'static str, &'static [&'static str], &'static str);

/// An entry that excuses nothing any more fails the test too.
pub(crate) const ALLOWED: &[Allowed] = &[
    (
        OtherSpelling,
        "operationStatus",
        &["NotStarted", "Running", "Completed", "Failed"],
        "captures and most pages begin them in lower case, which is how we write them; any case is read",
    ),
    (NotInModel, "cloudCommunications", &["*"], "the entry point: a path, of which no body is ever sent"),
    (
        NotInModel,
        "commsApplication",
        &["*"],
        "the deprecated entry point: a path, of which no body is ever sent",
    ),
    (
        NotInModel,
        "contentSharingSession",
        &["pngOfCurrentSlide"],
        "a stream has a path of its own and is no part of the JSON",
    ),
    (
        NotInModel,
        "participant",
        &["publishedStates"],
        "its form is described nowhere and a guess could cost a whole roster; the raw slice has it",
    ),
    (
        NotInModel,
        "call",
        &["coOrganizers", "meetingProperties"],
        "only captures of 2023 have them, empty or of unknown types; the raw slice has them",
    ),
    (NotInModel, "meetingProperties", &["*"], "only the call has them, and there they stay in the raw slice"),
    (
        NotInModel,
        "serviceHostedMediaConfig",
        &["liveCaptionOptions"],
        "of what it holds only a name is known and a guess could cost a whole call; the raw slice has it",
    ),
    (
        NotInModel,
        "liveCaptionOptions",
        &["*"],
        "only its member's name is known; only a media configuration has it, and there it stays in the raw slice",
    ),
    (
        OtherKind,
        "inviteParticipantsOperation",
        &["participants"],
        "muteAll's result has a member of the same name with ids in it; we read invitees and ids alike",
    ),
    (
        NotInModel,
        "action/transfer",
        &["clientContext"],
        "no parameter any more, and a transfer makes no operation that could echo it",
    ),
    (
        NotInModel,
        "action/redirect",
        &["routingPolicies"],
        "an example alone sends it; no metadata and no table declares it as a parameter",
    ),
    (
        NotInModel,
        "participantMixerLevel",
        &["exclusive"],
        "only sent, and a body says it once: by exclusiveMode, as the page of the type has it",
    ),
    (
        NotInModel,
        "botFrameworkPayload",
        &["isMultiparty", "participants", "presentedModalityTypes"],
        "the answer is 204 whatever it holds, and all of it comes again in Graph's form",
    ),
    (
        NotInModel,
        "graphError",
        &["details", "target"],
        "OData allows them and no answer to a request about calls had them; the code alone decides",
    ),
];
