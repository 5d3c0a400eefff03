//! Joining: how a new call names the meeting it joins.

use crate::{ChatInfo, IdentitySet, InvalidBody, MeetingInfo, SecretText, TenantId, Text};

/// Which meeting a call joins: the meeting info, and the chat where that form needs it.
///
/// - An organizer's meeting, with its chat: [`by_organizer`](Self::by_organizer).
/// - The id and passcode of an invitation: [`by_meeting_id`](Self::by_meeting_id) and
///   [`with_passcode`](Self::with_passcode).
/// - The token a notification told: [`by_token`](Self::by_token), with the chat where it is at hand.
/// - What a call told of its meeting, to join once more: [`again`](Self::again).
/// - A Teams link: [`JoinUrl`](crate::JoinUrl).
///
/// One meeting may be joined several times, each time with another identity. Whoever joins as a guest may wait in the
/// lobby and has no roster until they are let in.
///
/// Graph reference: [`meetingInfo`](https://learn.microsoft.com/graph/api/resources/meetinginfo).
///
/// # Examples
///
/// ```
/// use graph_calls_model::{CallbackUri, CreateCallBody, JoinInfo};
///
/// let meeting = JoinInfo::by_meeting_id("244 269 031 022 27")?.with_passcode("Ff7xk2");
/// let body = CreateCallBody::join(meeting, CallbackUri::new("https://bot.example/api/calls")?);
/// let json = serde_json::to_value(&body)?;
/// assert_eq!(json["meetingInfo"]["joinMeetingId"], "24426903102227");
/// assert_eq!(json["meetingInfo"]["passcode"], "Ff7xk2");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct JoinInfo {
    meeting: MeetingInfo<'static>,
    chat: Option<ChatInfo<'static>>,
}

impl JoinInfo {
    /// The meeting that this user organizes, by its chat.
    ///
    /// The user's `tenantId` belongs in the set: [`CreateCallBody::join`](crate::CreateCallBody::join) takes it for
    /// the call's, without which the service may answer 7505.
    pub fn by_organizer(organizer: IdentitySet<'static>, chat: ChatInfo<'static>) -> Self {
        Self { meeting: MeetingInfo::by_organizer(organizer), chat: Some(chat) }
    }

    /// The meeting with this id, as the invitation prints it: white space in it is dropped.
    ///
    /// It does not name the tenant. A meeting with a passcode needs that too: [`with_passcode`](Self::with_passcode).
    ///
    /// # Errors
    ///
    /// For an id without a character.
    pub fn by_meeting_id(id: impl AsRef<str>) -> Result<Self, InvalidBody> {
        let id = id.as_ref().split_whitespace().collect::<String>();
        if id.is_empty() {
            let why = "it is empty: give the id that the invitation prints";
            return Err(InvalidBody::new("meetingInfo.joinMeetingId", why));
        }
        Ok(Self::by_link(id, None))
    }

    /// The meeting of a short link, whose id is not empty.
    pub(crate) fn by_link(id: String, passcode: Option<SecretText<'static>>) -> Self {
        Self { meeting: MeetingInfo::by_meeting_id(id, passcode), chat: None }
    }

    /// The meeting that this token opens.
    ///
    /// The pages let the token stand alone; the page on calls has a bot that joins again send the chat too, so give
    /// it where it is at hand: [`with_chat`](Self::with_chat).
    pub fn by_token(token: impl Into<SecretText<'static>>) -> Self {
        Self { meeting: MeetingInfo::by_token(token.into()), chat: None }
    }

    /// The passcode of a meeting that is named by its id. The other forms have none and stay as they are.
    #[must_use]
    pub fn with_passcode(mut self, passcode: impl Into<SecretText<'static>>) -> Self {
        if let MeetingInfo::JoinMeetingId(info) = &mut self.meeting {
            info.passcode = Some(passcode.into());
        }
        self
    }

    /// The meeting's chat. A meeting named by its id stands alone and stays as it is.
    #[must_use]
    pub fn with_chat(mut self, chat: ChatInfo<'static>) -> Self {
        if !matches!(self.meeting, MeetingInfo::JoinMeetingId(_)) {
            self.chat = Some(chat);
        }
        self
    }

    /// The meeting of another call, from what that call told: to join it once more.
    ///
    /// The chat is left out where the form stands alone (a meeting id). Notifications need not tell the organizer's
    /// tenant: name it with [`with_tenant_id`](crate::CreateCallBody::with_tenant_id).
    ///
    /// # Errors
    ///
    /// When what the service needs was not told: the organizer, the token or the meeting id, the thread of an
    /// organizer's meeting; or when this version does not know that kind of meeting info.
    pub fn again(
        meeting: MeetingInfo<'static>,
        chat: Option<ChatInfo<'static>>,
    ) -> Result<Self, InvalidBody> {
        let chat = chat.filter(|chat| chat.thread_id.is_some());
        let (member_told, chat) = match &meeting {
            MeetingInfo::Organizer(_) if chat.is_none() => {
                return Err(InvalidBody::new(
                    "chatInfo",
                    "a meeting named by its organizer needs its thread: give the `threadId`",
                ));
            }
            MeetingInfo::Organizer(info) => (info.organizer.is_some(), chat),
            MeetingInfo::Token(info) => (info.token.is_some(), chat),
            MeetingInfo::JoinMeetingId(info) => (info.join_meeting_id.is_some(), None),
            MeetingInfo::Other(_) => {
                return Err(InvalidBody::new(
                    "meetingInfo",
                    "this kind can be read by name only, not sent: name the meeting in another way",
                ));
            }
        };
        if member_told {
            Ok(Self { meeting, chat })
        } else {
            Err(InvalidBody::new(
                "meetingInfo",
                "it does not name the meeting: give its organizer, token or meeting id",
            ))
        }
    }

    /// Whether people may talk before the host is there.
    ///
    /// Published for an organizer's meeting; for the other two beta alone declares it.
    #[must_use]
    pub fn with_allow_conversation_without_host(mut self, allow: bool) -> Self {
        match &mut self.meeting {
            MeetingInfo::Organizer(info) => info.allow_conversation_without_host = Some(allow),
            MeetingInfo::Token(info) => info.allow_conversation_without_host = Some(allow),
            MeetingInfo::JoinMeetingId(info) => info.allow_conversation_without_host = Some(allow),
            // No constructor makes one.
            MeetingInfo::Other(_) => {}
        }
        self
    }

    /// What names the meeting.
    pub fn meeting_info(&self) -> &MeetingInfo<'static> {
        &self.meeting
    }

    /// The meeting's chat, where the form has one.
    pub fn chat_info(&self) -> Option<&ChatInfo<'static>> {
        self.chat.as_ref()
    }

    /// The organizer's tenant, where it is told and is a GUID: it owns the call.
    pub fn tenant_id(&self) -> Option<TenantId> {
        let MeetingInfo::Organizer(info) = &self.meeting else { return None };
        let (_, organizer) = info.organizer.as_ref()?.principal()?;
        let tenant = organizer.tenant_id.as_ref().map(Text::as_str)?;
        TenantId::new(tenant).ok().filter(|tenant| tenant.guid().is_some())
    }

    pub(crate) fn into_parts(self) -> (MeetingInfo<'static>, Option<ChatInfo<'static>>) {
        (self.meeting, self.chat)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Call, CallbackUri, CreateCallBody, Identity};

    const TENANT: &str = "0a1b2c3d-0000-4000-8000-00000000000f";

    fn sent(info: JoinInfo) -> Value {
        let callback = CallbackUri::new("https://bot.example/api").unwrap();
        serde_json::to_value(CreateCallBody::join(info, callback)).unwrap()
    }

    fn organizer(tenant: &str) -> IdentitySet<'static> {
        let tenant = TenantId::new(tenant).unwrap();
        IdentitySet::default().with_user(Identity::new("8d1e6ab6").with_tenant_id(tenant))
    }

    fn told(call: &Value) -> Result<JoinInfo, InvalidBody> {
        let text = call.to_string();
        let call = serde_json::from_str::<Call<'_>>(&text).unwrap().into_owned();
        JoinInfo::again(call.meeting_info().unwrap().clone(), call.chat_info().cloned())
    }

    #[test]
    fn an_organizers_meeting_goes_with_its_chat_and_in_the_organizers_tenant() {
        let info = JoinInfo::by_organizer(organizer(TENANT), ChatInfo::new("19:meeting_x@thread.v2"));
        assert_eq!(info.tenant_id(), TenantId::new(TENANT).ok());
        let body = sent(info.with_allow_conversation_without_host(true));
        assert_eq!(body["tenantId"], TENANT);
        assert_eq!(body["chatInfo"]["threadId"], "19:meeting_x@thread.v2");
        assert_eq!(body["chatInfo"]["messageId"], "0");
        assert_eq!(body["meetingInfo"]["@odata.type"], "#microsoft.graph.organizerMeetingInfo");
        assert_eq!(body["meetingInfo"]["organizer"]["user"]["tenantId"], TENANT);
        assert_eq!(body["meetingInfo"]["allowConversationWithoutHost"], true);
    }

    #[test]
    fn a_meeting_id_and_a_token_stand_alone() {
        let body = sent(JoinInfo::by_meeting_id(" 123 456\u{a0}789 ").unwrap());
        assert_eq!(
            body["meetingInfo"],
            json!({"@odata.type": "#microsoft.graph.joinMeetingIdMeetingInfo", "joinMeetingId": "123456789"})
        );
        assert_eq!((&body["chatInfo"], &body["tenantId"]), (&Value::Null, &Value::Null));

        let info = JoinInfo::by_token("s3cret")
            .with_passcode("no effect")
            .with_allow_conversation_without_host(false);
        assert!(!format!("{info:?}").contains("s3cret"));
        let body = sent(info);
        assert_eq!(
            body["meetingInfo"],
            json!({"@odata.type": "#microsoft.graph.tokenMeetingInfo", "token": "s3cret",
                "allowConversationWithoutHost": false})
        );
        assert_eq!(body["chatInfo"], Value::Null);
    }

    #[test]
    fn a_token_takes_a_chat_and_a_meeting_id_a_passcode() {
        let body = sent(JoinInfo::by_token("t").with_chat(ChatInfo::new("19:x")));
        assert_eq!(body["chatInfo"]["threadId"], "19:x");
        let by_id = JoinInfo::by_meeting_id("1").unwrap().with_passcode("p").with_chat(ChatInfo::new("19:x"));
        let body = sent(by_id);
        assert_eq!((&body["meetingInfo"]["passcode"], &body["chatInfo"]), (&json!("p"), &Value::Null));
        let empty = JoinInfo::by_meeting_id(" \u{a0}").unwrap_err();
        assert_eq!(empty.member(), "meetingInfo.joinMeetingId");
    }

    #[test]
    fn a_call_that_told_its_meeting_can_be_joined_again() {
        let chat = json!({"threadId": "19:x", "messageId": "0"});
        let organizer = json!({"organizer": {"user": {"id": "8d1e6ab6"}}});
        for (meeting, chat_sent) in [
            (organizer.clone(), true),
            (json!({"token": "t"}), true),
            (json!({"joinMeetingId": "1", "passcode": "p"}), false),
        ] {
            let body = sent(told(&json!({"chatInfo": chat, "meetingInfo": meeting})).unwrap());
            assert_eq!(body["chatInfo"]["threadId"] == "19:x", chat_sent, "{meeting}");
        }
        for (meeting, chat, member) in [
            (organizer.clone(), Value::Null, "chatInfo"),
            (organizer, json!({"messageId": "0"}), "chatInfo"),
            (json!({}), chat.clone(), "meetingInfo"),
            (json!({"@odata.type": "#microsoft.graph.tokenMeetingInfo"}), chat.clone(), "meetingInfo"),
            (
                json!({"@odata.type": "#microsoft.graph.joinMeetingIdMeetingInfo"}),
                chat.clone(),
                "meetingInfo",
            ),
            (json!({"@odata.type": "#microsoft.graph.newMeetingInfo"}), chat, "meetingInfo"),
        ] {
            let error = told(&json!({"chatInfo": chat, "meetingInfo": meeting})).unwrap_err();
            assert_eq!(error.member(), member, "{meeting}");
        }
    }

    #[test]
    fn a_tenant_that_is_no_guid_is_not_taken_for_the_calls() {
        let body = sent(JoinInfo::by_organizer(organizer("contoso.example"), ChatInfo::new("19:x")));
        assert_eq!(body["tenantId"], Value::Null);
    }
}
