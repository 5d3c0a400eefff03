//! Meetings: how a call names one, and its chat.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    IdentitySet, SecretText, Text,
    wire::{IntoOwned, is_type, wire_struct, wire_value},
};

wire_struct! {
    /// The chat that belongs to a call.
    ///
    /// Graph reference: [`chatInfo`](https://learn.microsoft.com/graph/api/resources/chatinfo).
    pub struct ChatInfo<'a> as "#microsoft.graph.chatInfo" {
        /// The thread.
        pub thread_id: Option<Text<'a>> = "threadId",
        /// The message; `0` for a scheduled meeting.
        pub message_id: Option<Text<'a>> = "messageId",
        /// The message a channel meeting answers.
        pub reply_chain_message_id: Option<Text<'a>> = "replyChainMessageId",
    }
}

impl ChatInfo<'_> {
    /// The chat of a scheduled meeting.
    pub fn new(thread_id: impl Into<String>) -> ChatInfo<'static> {
        ChatInfo {
            thread_id: Some(Text::from(thread_id.into())),
            message_id: Some(Text::from("0")),
            reply_chain_message_id: None,
        }
    }
}

/// How a call names its meeting. A new call takes it as a [`JoinInfo`](crate::JoinInfo).
///
/// Graph reference: [`meetingInfo`](https://learn.microsoft.com/graph/api/resources/meetinginfo).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MeetingInfo<'a> {
    /// By its organizer, together with the chat.
    Organizer(Box<OrganizerMeetingInfo<'a>>),
    /// By a token.
    Token(TokenMeetingInfo<'a>),
    /// By the meeting id and passcode of the invitation.
    JoinMeetingId(JoinMeetingIdMeetingInfo<'a>),
    /// A kind this version does not know, by its `@odata.type`.
    Other(Text<'a>),
}

wire_struct! {
    /// A meeting, by its organizer.
    ///
    /// Graph reference:
    /// [`organizerMeetingInfo`](https://learn.microsoft.com/graph/api/resources/organizermeetinginfo).
    pub struct OrganizerMeetingInfo<'a> as "#microsoft.graph.organizerMeetingInfo" {
        /// Who organizes it.
        pub organizer: Option<IdentitySet<'a>> = "organizer",
        /// Whether people may talk before the host is there.
        pub allow_conversation_without_host: Option<bool> = "allowConversationWithoutHost",
    }
}

wire_struct! {
    /// A meeting, by a token.
    ///
    /// Graph reference: [`tokenMeetingInfo`](https://learn.microsoft.com/graph/api/resources/tokenmeetinginfo).
    pub struct TokenMeetingInfo<'a> as "#microsoft.graph.tokenMeetingInfo" {
        /// The token.
        pub token: Option<SecretText<'a>> = "token",
        /// Whether people may talk before the host is there. Beta.
        pub allow_conversation_without_host: Option<bool> = "allowConversationWithoutHost",
    }
}

wire_struct! {
    /// A meeting, by the id and passcode of its invitation.
    ///
    /// Graph reference:
    /// [`joinMeetingIdMeetingInfo`](https://learn.microsoft.com/graph/api/resources/joinmeetingidmeetinginfo).
    pub struct JoinMeetingIdMeetingInfo<'a> as "#microsoft.graph.joinMeetingIdMeetingInfo" {
        /// The id.
        pub join_meeting_id: Option<Text<'a>> = "joinMeetingId",
        /// The passcode, unless the meeting has none.
        pub passcode: Option<SecretText<'a>> = "passcode",
        /// Whether people may talk before the host is there. Beta.
        pub allow_conversation_without_host: Option<bool> = "allowConversationWithoutHost",
    }
}

wire_struct! {
    /// All members that any meeting info has, to be sorted by type.
    struct AnyMeetingInfo<'a> {
        odata_type: Option<Text<'a>> = "@odata.type",
        organizer: Option<IdentitySet<'a>> = "organizer",
        allow_conversation_without_host: Option<bool> = "allowConversationWithoutHost",
        token: Option<SecretText<'a>> = "token",
        join_meeting_id: Option<Text<'a>> = "joinMeetingId",
        passcode: Option<SecretText<'a>> = "passcode",
    }
}

// A call joins by a `JoinInfo`, which pairs these with the chat.
impl MeetingInfo<'static> {
    pub(crate) fn by_organizer(organizer: IdentitySet<'static>) -> Self {
        MeetingInfo::Organizer(Box::new(OrganizerMeetingInfo {
            organizer: Some(organizer),
            allow_conversation_without_host: None,
        }))
    }

    pub(crate) fn by_token(token: SecretText<'static>) -> Self {
        MeetingInfo::Token(TokenMeetingInfo { token: Some(token), allow_conversation_without_host: None })
    }

    pub(crate) fn by_meeting_id(id: String, passcode: Option<SecretText<'static>>) -> Self {
        MeetingInfo::JoinMeetingId(JoinMeetingIdMeetingInfo {
            join_meeting_id: Some(Text::from(id)),
            passcode,
            allow_conversation_without_host: None,
        })
    }
}

impl MeetingInfo<'_> {
    /// Copies what is borrowed.
    pub fn into_owned(self) -> MeetingInfo<'static> {
        match self {
            MeetingInfo::Organizer(info) => MeetingInfo::Organizer(IntoOwned::into_owned(info)),
            MeetingInfo::Token(info) => MeetingInfo::Token(info.into_owned()),
            MeetingInfo::JoinMeetingId(info) => MeetingInfo::JoinMeetingId(info.into_owned()),
            MeetingInfo::Other(name) => MeetingInfo::Other(name.into_owned()),
        }
    }
}

wire_value!(MeetingInfo);

impl Serialize for MeetingInfo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            MeetingInfo::Organizer(info) => info.serialize(serializer),
            MeetingInfo::Token(info) => info.serialize(serializer),
            MeetingInfo::JoinMeetingId(info) => info.serialize(serializer),
            MeetingInfo::Other(name) => serializer.collect_map([("@odata.type", name)]),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for MeetingInfo<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let any = AnyMeetingInfo::deserialize(deserializer)?;
        let named = |name: &str| any.odata_type.as_deref().is_some_and(|full| is_type(full, name));
        let untyped = any.odata_type.is_none();
        Ok(if named("tokenMeetingInfo") || untyped && any.token.is_some() {
            MeetingInfo::Token(TokenMeetingInfo {
                token: any.token,
                allow_conversation_without_host: any.allow_conversation_without_host,
            })
        } else if named("joinMeetingIdMeetingInfo") || untyped && any.join_meeting_id.is_some() {
            MeetingInfo::JoinMeetingId(JoinMeetingIdMeetingInfo {
                join_meeting_id: any.join_meeting_id,
                passcode: any.passcode,
                allow_conversation_without_host: any.allow_conversation_without_host,
            })
        } else if named("organizerMeetingInfo") || untyped {
            MeetingInfo::Organizer(Box::new(OrganizerMeetingInfo {
                organizer: any.organizer,
                allow_conversation_without_host: any.allow_conversation_without_host,
            }))
        } else {
            MeetingInfo::Other(any.odata_type.unwrap_or_default())
        })
    }
}
