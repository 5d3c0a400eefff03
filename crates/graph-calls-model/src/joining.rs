//! Participants who want to join a call that a policy records, and what the bot answers.

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeMap as _};

use crate::{
    Call, RejectReason, Text,
    wire::{is_type, type_name, wire_struct},
};

wire_struct! {
    /// Somebody wants to join. The bot's HTTP answer is a [`ParticipantJoiningResponse`].
    ///
    /// Graph reference:
    /// [`participantJoiningNotification`](https://learn.microsoft.com/graph/api/resources/participantjoiningnotification).
    pub struct ParticipantJoiningNotification<'a> as "#microsoft.graph.participantJoiningNotification" {
        /// The notification's id.
        pub id: Option<Text<'a>> = "id",
        /// The call they want to join.
        pub call: Option<Box<Call<'a>>> = "call",
    }
}

wire_struct! {
    /// Somebody has left. The call's result info says why.
    ///
    /// Graph reference:
    /// [`participantLeftNotification`](https://learn.microsoft.com/graph/api/resources/participantleftnotification).
    pub struct ParticipantLeftNotification<'a> as "#microsoft.graph.participantLeftNotification" {
        /// The notification's id.
        pub id: Option<Text<'a>> = "id",
        /// Who left.
        pub participant_id: Option<Text<'a>> = "participantId",
        /// The call they left.
        pub call: Option<Box<Call<'a>>> = "call",
    }
}

/// What a bot answers when somebody wants to join a recorded call: the body of its HTTP answer.
///
/// Graph reference:
/// [`participantJoiningResponse`](https://learn.microsoft.com/graph/api/resources/participantjoiningresponse).
///
/// ```
/// use graph_calls_model::{ParticipantJoiningResponse, RejectReason};
///
/// let answer = serde_json::to_string(&ParticipantJoiningResponse::Accept)?;
/// assert_eq!(answer, r##"{"@odata.type":"#microsoft.graph.acceptJoinResponse"}"##);
///
/// let answer = ParticipantJoiningResponse::Reject { reason: RejectReason::Busy };
/// assert_eq!(serde_json::to_value(answer)?["reason"], "busy");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParticipantJoiningResponse<'a> {
    /// This bot takes them on.
    Accept,
    /// They are not recorded here.
    Reject {
        /// Why.
        reason: RejectReason<'a>,
    },
    /// Another instance takes them on.
    InviteNewBot {
        /// Where that instance is invited.
        invite_uri: Text<'a>,
    },
    /// An answer this version does not know, or one that lacks its member, by its `@odata.type`.
    Other(Text<'a>),
}

const ACCEPT: &str = "#microsoft.graph.acceptJoinResponse";
const REJECT: &str = "#microsoft.graph.rejectJoinResponse";
const INVITE_NEW_BOT: &str = "#microsoft.graph.inviteNewBotResponse";

wire_struct! {
    /// All members that any answer has, to be sorted by type.
    struct AnyResponse<'a> {
        odata_type: Option<Text<'a>> = "@odata.type",
        reason: Option<RejectReason<'a>> = "reason",
        invite_uri: Option<Text<'a>> = "inviteUri",
    }
}

impl ParticipantJoiningResponse<'_> {
    /// Copies what is borrowed.
    pub fn into_owned(self) -> ParticipantJoiningResponse<'static> {
        match self {
            ParticipantJoiningResponse::Accept => ParticipantJoiningResponse::Accept,
            ParticipantJoiningResponse::Reject { reason } => {
                ParticipantJoiningResponse::Reject { reason: reason.into_owned() }
            }
            ParticipantJoiningResponse::InviteNewBot { invite_uri } => {
                ParticipantJoiningResponse::InviteNewBot { invite_uri: invite_uri.into_owned() }
            }
            ParticipantJoiningResponse::Other(name) => ParticipantJoiningResponse::Other(name.into_owned()),
        }
    }
}

impl Serialize for ParticipantJoiningResponse<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            ParticipantJoiningResponse::Accept => map.serialize_entry("@odata.type", ACCEPT)?,
            ParticipantJoiningResponse::Reject { reason } => {
                map.serialize_entry("@odata.type", REJECT)?;
                map.serialize_entry("reason", reason)?;
            }
            ParticipantJoiningResponse::InviteNewBot { invite_uri } => {
                map.serialize_entry("@odata.type", INVITE_NEW_BOT)?;
                map.serialize_entry("inviteUri", invite_uri)?;
            }
            ParticipantJoiningResponse::Other(name) => map.serialize_entry("@odata.type", name)?,
        }
        map.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ParticipantJoiningResponse<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let AnyResponse { odata_type, reason, invite_uri } = AnyResponse::deserialize(deserializer)?;
        let full = odata_type.unwrap_or_default();
        let named = |name: &str| is_type(&full, type_name(name));
        Ok(match (reason, invite_uri) {
            _ if named(ACCEPT) => ParticipantJoiningResponse::Accept,
            (Some(reason), _) if named(REJECT) => ParticipantJoiningResponse::Reject { reason },
            (_, Some(invite_uri)) if named(INVITE_NEW_BOT) => {
                ParticipantJoiningResponse::InviteNewBot { invite_uri }
            }
            _ => ParticipantJoiningResponse::Other(full),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_answer_is_written_with_its_type_and_read_back() {
        let another =
            ParticipantJoiningResponse::InviteNewBot { invite_uri: "https://bot2.example/calls".into() };
        for (answer, json) in [
            (ParticipantJoiningResponse::Accept, json!({"@odata.type": ACCEPT})),
            (
                ParticipantJoiningResponse::Reject { reason: RejectReason::Forbidden },
                json!({"@odata.type": REJECT, "reason": "forbidden"}),
            ),
            (another, json!({"@odata.type": INVITE_NEW_BOT, "inviteUri": "https://bot2.example/calls"})),
            (ParticipantJoiningResponse::Other("#x.y".into()), json!({"@odata.type": "#x.y"})),
        ] {
            assert_eq!(serde_json::to_value(&answer).unwrap(), json);
            let text = json.to_string();
            let read: ParticipantJoiningResponse<'_> = serde_json::from_str(&text).unwrap();
            assert_eq!(read.into_owned(), answer);
        }
    }

    #[test]
    fn an_answer_that_lacks_its_member_is_not_understood() {
        let text = json!({"@odata.type": INVITE_NEW_BOT, "inviteUri": null}).to_string();
        let read: ParticipantJoiningResponse<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, ParticipantJoiningResponse::Other(INVITE_NEW_BOT.into()));
    }
}
