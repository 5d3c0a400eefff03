//! The call: the bot's own connection, and the bodies that create, answer and reject one.

use serde::Serialize;

use crate::{
    CallMediaState, CallbackUri, ChatInfo, IdentitySet, InvalidBody, InvitationParticipantInfo, MediaConfig,
    MeetingInfo, Modality, ParticipantInfo, ResultInfo, SecretText, TenantId, Text, ToneInfo,
    open_enum::open_enum, wire::wire_struct,
};

/// The most targets of a new group call.
pub const MAX_TARGETS: usize = 5;

wire_struct! {
    /// A call leg.
    ///
    /// Graph reference: [`call`](https://learn.microsoft.com/graph/api/resources/call).
    pub struct Call<'a> as "#microsoft.graph.call" {
        /// The call's id; often absent in notifications, where the path names it.
        pub id: Option<Text<'a>> = "id",
        /// Where the call stands.
        pub state: Option<CallState<'a>> = "state",
        /// Which way it was placed.
        pub direction: Option<CallDirection<'a>> = "direction",
        /// Who called.
        pub source: Option<ParticipantInfo<'a>> = "source",
        /// Who was called.
        pub targets: Vec<InvitationParticipantInfo<'a>> = "targets",
        /// How it ended, or how the last thing on it failed.
        pub result_info: Option<ResultInfo<'a>> = "resultInfo",
        /// Whether its media flows.
        pub media_state: Option<CallMediaState<'a>> = "mediaState",
        /// The key just pressed.
        pub tone_info: Option<ToneInfo<'a>> = "toneInfo",
    }
    rare CallRare {
        /// The tenant that owns the call.
        tenant_id / with_tenant_id: Text<'a> = "tenantId",
        /// The kinds of media asked for.
        requested_modalities / with_requested_modalities: Vec<Modality<'a>> = "requestedModalities",
        /// Where its notifications go.
        callback_uri / with_callback_uri: Text<'a> = "callbackUri",
        /// The id that ties its legs together.
        call_chain_id / with_call_chain_id: Text<'a> = "callChainId",
        /// The bot's own id in the roster.
        my_participant_id / with_my_participant_id: Text<'a> = "myParticipantId",
        /// The chat that belongs to it.
        chat_info / with_chat_info: ChatInfo<'a> = "chatInfo",
        /// The meeting it joined.
        meeting_info / with_meeting_info: MeetingInfo<'a> = "meetingInfo",
        /// Where its media is handled.
        media_config / with_media_config: MediaConfig<'a> = "mediaConfig",
        /// The subject.
        subject / with_subject: Text<'a> = "subject",
        /// Why it ended, in the words of 2018: `AppInitiated`, `AppTransferred`. Beta.
        termination_reason / with_termination_reason: Text<'a> = "terminationReason",
        /// Who answered a redirected call. Beta.
        answered_by / with_answered_by: ParticipantInfo<'a> = "answeredBy",
        /// On whose behalf the call came.
        incoming_context / with_incoming_context: IncomingContext<'a> = "incomingContext",
        /// What policy-based recording tells its bots.
        application_metadata / with_application_metadata: ApplicationMetadata<'a> = "applicationMetadata",
        /// The context for a replacing call; as good as a secret.
        replaces_context / with_replaces_context: SecretText<'a> = "replacesContext",
    }
}

impl Call<'_> {
    /// Whether the call came for policy-based recording, where the answer is due in 5 seconds instead of 15.
    pub fn is_policy_recording(&self) -> bool {
        self.application_metadata().and_then(|metadata| metadata.bot_data.as_ref()).is_some_and(|bot| {
            bot.policy_identifier.is_some()
                || bot.invite_reasons.iter().any(|reason| {
                    reason.eq_ignore_ascii_case("ComplianceRecording")
                        || reason.eq_ignore_ascii_case("PolicyBasedRecording")
                })
        })
    }
}

open_enum! {
    /// Where a call stands.
    ///
    /// Graph reference: [`call`](https://learn.microsoft.com/graph/api/resources/call).
    pub enum CallState {
        /// It rings at the bot.
        Incoming = "incoming",
        /// It is being set up.
        Establishing = "establishing",
        /// It rings at the other side. Not in the v1.0 metadata.
        Ringing = "ringing",
        /// People can talk.
        Established = "established",
        /// The other side put it on hold.
        Hold = "hold",
        /// It is being transferred.
        Transferring = "transferring",
        /// The transfer target took it.
        TransferAccepted = "transferAccepted",
        /// It is being redirected.
        Redirecting = "redirecting",
        /// It is ending.
        Terminating = "terminating",
        /// It is over.
        Terminated = "terminated",
    }
}

open_enum! {
    /// Which way a call was placed.
    pub enum CallDirection {
        /// To the bot.
        Incoming = "incoming",
        /// By the bot.
        Outgoing = "outgoing",
    }
}

wire_struct! {
    /// On whose behalf a call came.
    ///
    /// Graph reference: [`incomingContext`](https://learn.microsoft.com/graph/api/resources/incomingcontext).
    pub struct IncomingContext<'a> as "#microsoft.graph.incomingContext" {
        /// The participant under observation.
        pub observed_participant_id: Option<Text<'a>> = "observedParticipantId",
        /// Who called.
        pub source_participant_id: Option<Text<'a>> = "sourceParticipantId",
        /// For whom the call was meant.
        pub on_behalf_of: Option<IdentitySet<'a>> = "onBehalfOf",
        /// Who transferred it.
        pub transferor: Option<IdentitySet<'a>> = "transferor",
    }
}

wire_struct! {
    /// What policy-based recording tells its bots.
    pub struct ApplicationMetadata<'a> {
        /// The part meant for bots.
        pub bot_data: Option<BotData<'a>> = "botData",
    }
}

wire_struct! {
    /// The part of the metadata that is meant for bots.
    pub struct BotData<'a> {
        /// Why the bot was invited.
        pub invite_reasons: Vec<Text<'a>> = "inviteReasons",
        /// The policy that asked for it.
        pub policy_identifier: Option<Text<'a>> = "policyIdentifier",
    }
}

open_enum! {
    /// Why an incoming call is rejected.
    ///
    /// Graph reference: [`call-reject`](https://learn.microsoft.com/graph/api/call-reject).
    pub enum RejectReason {
        /// No reason.
        None = "none",
        /// The bot is busy.
        Busy = "busy",
        /// The caller may not call.
        Forbidden = "forbidden",
    }
}

/// The body that creates a call or joins a meeting.
///
/// Graph reference: [`application-post-calls`](https://learn.microsoft.com/graph/api/application-post-calls).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateCallBody {
    #[serde(rename = "@odata.type")]
    odata_type: &'static str,
    callback_uri: CallbackUri,
    requested_modalities: Vec<Modality<'static>>,
    media_config: MediaConfig<'static>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    targets: Vec<InvitationParticipantInfo<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<ParticipantInfo<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_info: Option<ChatInfo<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting_info: Option<MeetingInfo<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_id: Option<TenantId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Text<'static>>,
}

impl CreateCallBody {
    /// Calls somebody.
    pub fn to(target: InvitationParticipantInfo<'static>, callback_uri: CallbackUri) -> Self {
        Self { targets: vec![target], ..Self::empty(callback_uri) }
    }

    /// Joins a meeting. By its organizer it needs the chat too ([`with_chat_info`](Self::with_chat_info)).
    pub fn join(meeting: MeetingInfo<'static>, callback_uri: CallbackUri) -> Self {
        Self { meeting_info: Some(meeting), ..Self::empty(callback_uri) }
    }

    fn empty(callback_uri: CallbackUri) -> Self {
        Self {
            odata_type: "#microsoft.graph.call",
            callback_uri,
            requested_modalities: vec![Modality::Audio],
            media_config: MediaConfig::service_hosted(),
            targets: Vec::new(),
            source: None,
            chat_info: None,
            meeting_info: None,
            tenant_id: None,
            subject: None,
        }
    }

    /// Calls one more. Two to five make a new group call.
    #[must_use]
    pub fn with_target(mut self, target: InvitationParticipantInfo<'static>) -> Self {
        self.targets.push(target);
        self
    }

    /// Calls from this identity: to phones, from the bot's resource account.
    #[must_use]
    pub fn with_source(mut self, source: ParticipantInfo<'static>) -> Self {
        self.source = Some(source);
        self
    }

    /// The chat of the meeting.
    #[must_use]
    pub fn with_chat_info(mut self, chat: ChatInfo<'static>) -> Self {
        self.chat_info = Some(chat);
        self
    }

    /// The tenant that shall own the call; without it the service may answer 7505.
    #[must_use]
    pub fn with_tenant_id(mut self, tenant: TenantId) -> Self {
        self.tenant_id = Some(tenant);
        self
    }

    /// The subject people see.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(Text::from(subject.into()));
        self
    }

    /// Where the media is handled; by the service unless told otherwise.
    #[must_use]
    pub fn with_media_config(mut self, config: MediaConfig<'static>) -> Self {
        self.media_config = config;
        self
    }

    /// The kinds of media asked for; audio unless told otherwise.
    #[must_use]
    pub fn with_modalities(mut self, modalities: impl IntoIterator<Item = Modality<'static>>) -> Self {
        self.requested_modalities = modalities.into_iter().collect();
        self
    }

    /// Where the notifications of the call go.
    pub fn callback_uri(&self) -> &CallbackUri {
        &self.callback_uri
    }

    /// The tenant that shall own the call.
    pub fn tenant_id(&self) -> Option<&TenantId> {
        self.tenant_id.as_ref()
    }

    /// Checks what the service documents, before anything is sent.
    ///
    /// # Errors
    ///
    /// For more than [`MAX_TARGETS`] targets, a meeting together with targets, or an organizer's meeting without its
    /// chat.
    pub fn validate(&self) -> Result<(), InvalidBody> {
        if self.targets.len() > MAX_TARGETS {
            return Err(InvalidBody::too_many("targets", self.targets.len(), MAX_TARGETS));
        }
        if self.meeting_info.is_some() && !self.targets.is_empty() {
            return Err(InvalidBody::new("targets", "a call that joins a meeting has none"));
        }
        if matches!(self.meeting_info, Some(MeetingInfo::Organizer(_))) && self.chat_info.is_none() {
            return Err(InvalidBody::new("chatInfo", "a meeting named by its organizer needs it"));
        }
        Ok(())
    }
}

/// The body that answers an incoming call.
///
/// Graph reference: [`call-answer`](https://learn.microsoft.com/graph/api/call-answer).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerCallBody {
    callback_uri: CallbackUri,
    accepted_modalities: Vec<Modality<'static>>,
    media_config: MediaConfig<'static>,
    #[serde(skip_serializing_if = "Option::is_none")]
    participant_capacity: Option<u32>,
}

impl AnswerCallBody {
    /// Answers with audio handled by the service.
    pub fn new(callback_uri: CallbackUri) -> Self {
        Self {
            callback_uri,
            accepted_modalities: vec![Modality::Audio],
            media_config: MediaConfig::service_hosted(),
            participant_capacity: None,
        }
    }

    /// Where the media is handled.
    #[must_use]
    pub fn with_media_config(mut self, config: MediaConfig<'static>) -> Self {
        self.media_config = config;
        self
    }

    /// The kinds of media taken.
    #[must_use]
    pub fn with_modalities(mut self, modalities: impl IntoIterator<Item = Modality<'static>>) -> Self {
        self.accepted_modalities = modalities.into_iter().collect();
        self
    }

    /// How many recorded participants the call takes; policy-based recording only.
    #[must_use]
    pub fn with_participant_capacity(mut self, capacity: u32) -> Self {
        self.participant_capacity = Some(capacity);
        self
    }
}

/// The body that rejects an incoming call.
///
/// Graph reference: [`call-reject`](https://learn.microsoft.com/graph/api/call-reject).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RejectCallBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<RejectReason<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_uri: Option<CallbackUri>,
}

impl RejectCallBody {
    /// Rejects for a reason.
    pub fn new(reason: RejectReason<'static>) -> Self {
        Self { reason: Some(reason), callback_uri: None }
    }

    /// Where the last notification of the call goes.
    #[must_use]
    pub fn with_callback_uri(mut self, uri: CallbackUri) -> Self {
        self.callback_uri = Some(uri);
        self
    }
}
