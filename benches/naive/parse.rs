//! Tagged enums with `String`s.

use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Notifications {
    pub(crate) value: Vec<Notification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notification {
    pub(crate) change_type: String,
    pub(crate) resource: Option<String>,
    pub(crate) resource_url: Option<String>,
    pub(crate) callback_uri: Option<String>,
    pub(crate) resource_data: Option<ResourceData>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum ResourceData {
    One(Box<Resource>),
    Many(Vec<Resource>),
}

#[derive(Deserialize)]
#[serde(tag = "@odata.type")]
pub(crate) enum Resource {
    #[serde(rename = "#microsoft.graph.call")]
    Call(Call),
    #[serde(rename = "#microsoft.graph.participant")]
    Participant(Participant),
    #[serde(rename = "#microsoft.graph.inviteParticipantsOperation")]
    Invite(Operation),
    #[serde(rename = "#microsoft.graph.playPromptOperation")]
    PlayPrompt(Operation),
    #[serde(rename = "#microsoft.graph.recordOperation")]
    Record(Operation),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Call {
    pub(crate) id: Option<String>,
    pub(crate) state: Option<CallState>,
    pub(crate) direction: Option<String>,
    pub(crate) source: Option<ParticipantInfo>,
    #[serde(default)]
    pub(crate) targets: Vec<ParticipantInfo>,
    pub(crate) result_info: Option<ResultInfo>,
    pub(crate) media_state: Option<MediaState>,
    pub(crate) tone_info: Option<ToneInfo>,
    pub(crate) chat_info: Option<ChatInfo>,
    pub(crate) meeting_info: Option<MeetingInfo>,
    pub(crate) callback_uri: Option<String>,
    pub(crate) call_chain_id: Option<String>,
    pub(crate) my_participant_id: Option<String>,
    pub(crate) tenant_id: Option<String>,
    pub(crate) termination_reason: Option<String>,
    #[serde(default)]
    pub(crate) requested_modalities: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum CallState {
    Incoming,
    Establishing,
    Ringing,
    Established,
    Hold,
    Transferring,
    TransferAccepted,
    Redirecting,
    Terminating,
    Terminated,
    UnknownFutureValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Participant {
    pub(crate) id: Option<String>,
    pub(crate) info: Option<ParticipantInfo>,
    #[serde(default)]
    pub(crate) media_streams: Vec<MediaStream>,
    pub(crate) is_muted: Option<bool>,
    pub(crate) is_in_lobby: Option<bool>,
    pub(crate) meeting_role: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) roster_sequence_number: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ParticipantInfo {
    pub(crate) identity: Option<IdentitySet>,
    pub(crate) country_code: Option<String>,
    pub(crate) endpoint_type: Option<String>,
    pub(crate) language_id: Option<String>,
    pub(crate) participant_id: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) replaces_call_id: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct IdentitySet {
    pub(crate) user: Option<Identity>,
    pub(crate) application: Option<Identity>,
    pub(crate) phone: Option<Identity>,
    pub(crate) guest: Option<Identity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    pub(crate) id: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) tenant_id: Option<String>,
    pub(crate) identity_provider: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MediaStream {
    pub(crate) media_type: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) source_id: Option<String>,
    pub(crate) direction: Option<String>,
    pub(crate) server_muted: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Operation {
    pub(crate) id: Option<String>,
    pub(crate) client_context: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) result_info: Option<ResultInfo>,
    #[serde(default)]
    pub(crate) participants: Vec<ParticipantInfo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResultInfo {
    pub(crate) code: Option<Code>,
    #[serde(alias = "subCode")]
    pub(crate) subcode: Option<Code>,
    pub(crate) message: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Code {
    Number(i64),
    Text(String),
}

#[derive(Deserialize)]
pub(crate) struct MediaState {
    pub(crate) audio: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToneInfo {
    pub(crate) sequence_id: Option<i64>,
    pub(crate) tone: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatInfo {
    pub(crate) thread_id: Option<String>,
    pub(crate) message_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "@odata.type")]
pub(crate) enum MeetingInfo {
    #[serde(rename = "#microsoft.graph.organizerMeetingInfo")]
    Organizer { organizer: Option<IdentitySet> },
    #[serde(rename = "#microsoft.graph.tokenMeetingInfo")]
    Token { token: Option<String> },
    #[serde(other)]
    Other,
}

pub(crate) fn parse(body: &[u8]) -> Result<Notifications, serde_json::Error> {
    serde_json::from_slice(body)
}
