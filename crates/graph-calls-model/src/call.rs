//! The call: the bot's own connection, and the body that creates one.

use std::time::Duration;

use serde::Serialize;

use crate::{
    ApplicationMetadata, AudioRoutingGroup, CallDirection, CallMediaState, CallOptions, CallOptionsKind,
    CallRoute, CallState, CallTranscriptionInfo, CallbackUri, ChatInfo, CommsOperation,
    ContentSharingSession, IncomingContext, Integer, InvalidBody, InvitationParticipantInfo, JoinInfo,
    MediaConfig, MeetingCapability, MeetingInfo, Modality, Participant, ParticipantInfo, ResultInfo,
    RoutingPolicy, SecretText, TenantId, Text, ToneInfo, duration::Seconds, wire::wire_struct,
};

/// The most targets of a new group call: 5.
pub const MAX_TARGETS: usize = 5;

/// The longest time a new peer-to-peer call may ring: 115 seconds.
pub const MAX_RINGING_TIMEOUT: Duration = Duration::from_secs(115);

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
        pub source: Option<Box<ParticipantInfo<'a>>> = "source",
        /// Who was called.
        pub targets: Vec<InvitationParticipantInfo<'a>> = "targets",
        /// How it ended, or how the last thing on it failed.
        pub result_info: Option<ResultInfo<'a>> = "resultInfo" | "error",
        /// Why it ended, in the words of 2018: `AppInitiated`, `AppTransferred`. Beta.
        pub termination_reason: Option<Text<'a>> = "terminationReason",
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
        /// Who answered a redirected call. Beta.
        answered_by / with_answered_by: ParticipantInfo<'a> = "answeredBy",
        /// On whose behalf the call came.
        incoming_context / with_incoming_context: IncomingContext<'a> = "incomingContext",
        /// What policy-based recording tells its bots.
        application_metadata / with_application_metadata: ApplicationMetadata<'a> = "applicationMetadata",
        /// The context for a replacing call; as good as a secret.
        replaces_context / with_replaces_context: SecretText<'a> = "replacesContext",
        /// What the bot wants to be told of it, and how it shows.
        call_options / with_call_options: CallOptions<'a> = "callOptions",
        /// How it came to whom it came to.
        call_routes / with_call_routes: Vec<CallRoute<'a>> = "callRoutes",
        /// Whether it is written down.
        transcription / with_transcription: CallTranscriptionInfo<'a> = "transcription",
        /// The kinds of media that flow. v1.0 answers have it too. Beta.
        active_modalities / with_active_modalities: Vec<Modality<'a>> = "activeModalities",
        /// What its meeting lets people do. v1.0 answers have it too. Beta.
        meeting_capability / with_meeting_capability: MeetingCapability<'a> = "meetingCapability",
        #[doc(hidden)]
        ringing_timeout_in_seconds / with_ringing_timeout_in_seconds: Integer = "ringingTimeoutInSeconds",
        /// What its routing has to mind. v1.0 answers have it too. Beta.
        routing_policies / with_routing_policies: Vec<RoutingPolicy<'a>> = "routingPolicies",
        /// Its roster, where it was asked for with the call.
        participants / with_participants: Vec<Participant<'a>> = "participants",
        /// Its comms operations, where they were asked for with the call.
        operations / with_operations: Vec<CommsOperation<'a>> = "operations",
        /// Who hears whom, where it was asked for with the call.
        audio_routing_groups / with_audio_routing_groups: Vec<AudioRoutingGroup<'a>> = "audioRoutingGroups",
        /// What is shared, where it was asked for with the call.
        content_sharing_sessions / with_content_sharing_sessions: Vec<ContentSharingSession<'a>>
            = "contentSharingSessions",
    }
}

impl Call<'_> {
    /// How long it rings. v1.0 answers have it too. Beta.
    pub fn ringing_timeout(&self) -> Option<Duration> {
        u64::try_from(self.ringing_timeout_in_seconds()?.0).ok().map(Duration::from_secs)
    }

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

/// The body that creates a call or joins a meeting.
///
/// One target makes a peer-to-peer call, two to five a new group call, without a chat and without a recording. To a
/// phone it takes a source: the bot's resource account.
///
/// Graph reference: [`application-post-calls`](https://learn.microsoft.com/graph/api/application-post-calls).
///
/// ```
/// use graph_calls_model::{CallbackUri, CreateCallBody, InvitationParticipantInfo};
///
/// let callback = CallbackUri::new("https://bot.example/api/calls")?;
/// let alone = CreateCallBody::to(InvitationParticipantInfo::user("8d1e6ab6"), callback.clone());
/// alone.validate()?;
///
/// let people = ["8d1e6ab6", "550fae72"].map(InvitationParticipantInfo::user);
/// let together = CreateCallBody::to_group(people, callback)?;
/// assert_eq!(serde_json::to_value(together)?["targets"][1]["identity"]["user"]["id"], "550fae72");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    #[serde(skip_serializing_if = "Option::is_none")]
    call_options: Option<CallOptions<'static>>,
    #[serde(rename = "ringingTimeoutInSeconds", skip_serializing_if = "Option::is_none")]
    ringing_timeout: Option<Seconds>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    routing_policies: Vec<RoutingPolicy<'static>>,
}

impl CreateCallBody {
    /// Calls somebody.
    pub fn to(target: InvitationParticipantInfo<'static>, callback_uri: CallbackUri) -> Self {
        Self { targets: vec![target], ..Self::empty(callback_uri) }
    }

    /// Calls several together.
    ///
    /// # Errors
    ///
    /// For fewer than 2 targets or more than [`MAX_TARGETS`].
    pub fn to_group(
        targets: impl IntoIterator<Item = InvitationParticipantInfo<'static>>,
        callback_uri: CallbackUri,
    ) -> Result<Self, InvalidBody> {
        let body = Self { targets: targets.into_iter().collect(), ..Self::empty(callback_uri) };
        if body.targets.len() < 2 {
            let why = format!("a group call has 2 to {MAX_TARGETS}: call one alone with `to`");
            return Err(InvalidBody::new("targets", why));
        }
        if body.targets.len() > MAX_TARGETS {
            return Err(InvalidBody::too_many("targets", body.targets.len(), MAX_TARGETS));
        }
        Ok(body)
    }

    /// Joins a meeting: a [`JoinInfo`], or the [`JoinUrl`](crate::JoinUrl) of an invitation.
    ///
    /// The organizer's tenant, where it is told, owns the call; [`with_tenant_id`](Self::with_tenant_id) names another.
    pub fn join(meeting: impl Into<JoinInfo>, callback_uri: CallbackUri) -> Self {
        let join = meeting.into();
        let tenant_id = join.tenant_id();
        let (meeting, chat_info) = join.into_parts();
        Self { meeting_info: Some(meeting), chat_info, tenant_id, ..Self::empty(callback_uri) }
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
            call_options: None,
            ringing_timeout: None,
            routing_policies: Vec::new(),
        }
    }

    /// Calls from this identity: to phones, from the bot's resource account.
    #[must_use]
    pub fn with_source(mut self, source: ParticipantInfo<'static>) -> Self {
        self.source = Some(source);
        self
    }

    /// The tenant that shall own the call, by its GUID; without it the service may answer 7505.
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
    pub fn with_media_config(mut self, config: impl Into<MediaConfig<'static>>) -> Self {
        self.media_config = config.into();
        self
    }

    /// The kinds of media asked for, one at least; audio unless told otherwise.
    #[must_use]
    pub fn with_modalities(mut self, modalities: impl IntoIterator<Item = Modality<'static>>) -> Self {
        self.requested_modalities = modalities.into_iter().collect();
        self
    }

    /// What the bot wants to be told of the call, and how it shows.
    #[must_use]
    pub fn with_call_options(mut self, options: CallOptions<'static>) -> Self {
        self.call_options = Some(options.of_kind(CallOptionsKind::Outgoing));
        self
    }

    /// How long it rings: whole seconds, 115 at most, at one target. Beta.
    #[must_use]
    pub fn with_ringing_timeout(mut self, timeout: Duration) -> Self {
        self.ringing_timeout = Some(Seconds(timeout));
        self
    }

    /// What the routing to one target has to mind. Beta.
    #[must_use]
    pub fn with_routing_policies(
        mut self,
        policies: impl IntoIterator<Item = RoutingPolicy<'static>>,
    ) -> Self {
        self.routing_policies = policies.into_iter().collect();
        self
    }

    /// Where the notifications of the call go.
    pub fn callback_uri(&self) -> &CallbackUri {
        &self.callback_uri
    }

    /// Who is called; nobody, where a meeting is joined.
    pub fn targets(&self) -> &[InvitationParticipantInfo<'static>] {
        &self.targets
    }

    /// The tenant that shall own the call.
    pub fn tenant_id(&self) -> Option<&TenantId> {
        self.tenant_id.as_ref()
    }

    /// Checks what the service documents, before anything is sent.
    ///
    /// # Errors
    ///
    /// For no modality, a tenant that is no GUID, or a ringing timeout that is not a number of whole seconds up to
    /// [`MAX_RINGING_TIMEOUT`]; and for such a timeout or routing policies where there is not one target.
    pub fn validate(&self) -> Result<(), InvalidBody> {
        if self.requested_modalities.is_empty() {
            let why = "there is none: give one at least to `with_modalities`";
            return Err(InvalidBody::new("requestedModalities", why));
        }
        if self.tenant_id.as_ref().is_some_and(|tenant| tenant.guid().is_none()) {
            let why = "a call is owned by one tenant: give `with_tenant_id` its GUID, not a name";
            return Err(InvalidBody::new("tenantId", why));
        }
        if self.targets.len() != 1 {
            if self.ringing_timeout.is_some() {
                return Err(InvalidBody::new(
                    "ringingTimeoutInSeconds",
                    "only a call to one target takes it: leave it out",
                ));
            }
            if !self.routing_policies.is_empty() {
                return Err(InvalidBody::new(
                    "routingPolicies",
                    "only a call to one target takes them: leave them out",
                ));
            }
        }
        let taken = Duration::ZERO..=MAX_RINGING_TIMEOUT;
        self.ringing_timeout.map_or(Ok(()), |time| time.check("ringingTimeoutInSeconds", taken))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn callback() -> CallbackUri {
        CallbackUri::new("https://bot.contoso.com/callback").unwrap()
    }

    fn john() -> InvitationParticipantInfo<'static> {
        InvitationParticipantInfo::user("112f7296")
    }

    #[test]
    fn a_call_to_one_carries_the_options_of_an_outgoing_call() {
        let body = CreateCallBody::to(john(), callback())
            .with_subject("Create a call")
            .with_tenant_id(TenantId::new("aa67bd4c-8475-432d-bd41-39f255720e0a").unwrap())
            .with_call_options(CallOptions::new().with_is_content_sharing_notification_enabled(true))
            .with_ringing_timeout(Duration::from_secs(60))
            .with_routing_policies([RoutingPolicy::NoMissedCall]);
        assert_eq!(body.validate(), Ok(()));
        assert_eq!(
            serde_json::to_value(body).unwrap(),
            json!({
                "@odata.type": "#microsoft.graph.call",
                "callbackUri": "https://bot.contoso.com/callback",
                "subject": "Create a call",
                "tenantId": "aa67bd4c-8475-432d-bd41-39f255720e0a",
                "requestedModalities": ["audio"],
                "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
                "targets": [{
                    "@odata.type": "#microsoft.graph.invitationParticipantInfo",
                    "identity": {
                        "@odata.type": "#microsoft.graph.identitySet",
                        "user": {"@odata.type": "#microsoft.graph.identity", "id": "112f7296"},
                    },
                }],
                "callOptions": {
                    "@odata.type": "#microsoft.graph.outgoingCallOptions",
                    "isContentSharingNotificationEnabled": true,
                },
                "ringingTimeoutInSeconds": 60,
                "routingPolicies": ["noMissedCall"],
            })
        );
    }

    #[test]
    fn a_group_is_two_to_five() {
        for (count, good) in [(0, false), (1, false), (2, true), (5, true), (6, false)] {
            let body = CreateCallBody::to_group(vec![john(); count], callback());
            assert_eq!(body.is_ok(), good, "{count}");
        }
    }

    #[test]
    fn only_a_call_to_one_is_told_how_long_to_ring_and_how_to_be_routed() {
        let group = || CreateCallBody::to_group([john(), john()], callback()).unwrap();
        let wrong = |body: CreateCallBody| body.validate().unwrap_err().member().to_owned();
        assert_eq!(wrong(group().with_ringing_timeout(Duration::from_secs(60))), "ringingTimeoutInSeconds");
        assert_eq!(wrong(group().with_routing_policies([RoutingPolicy::None])), "routingPolicies");
        for (seconds, good) in [(1, true), (115, true), (116, false)] {
            let body =
                CreateCallBody::to(john(), callback()).with_ringing_timeout(Duration::from_secs(seconds));
            assert_eq!(body.validate().is_ok(), good, "{seconds}");
        }
    }

    #[test]
    fn a_call_asks_for_media_and_is_owned_by_one_tenant() {
        let wrong = |body: CreateCallBody| body.validate().unwrap_err().member().to_owned();
        let body = || CreateCallBody::to(john(), callback());
        assert_eq!(wrong(body().with_modalities([])), "requestedModalities");
        for name in ["common", "organizations", "contoso.example"] {
            assert_eq!(wrong(body().with_tenant_id(TenantId::new(name).unwrap())), "tenantId", "{name}");
        }
    }

    #[test]
    fn the_error_of_2018_is_the_result_of_today() {
        let call: Call<'_> =
            serde_json::from_str(r#"{"error": {"code": "500", "subCode": "7000"}}"#).unwrap();
        assert_eq!(call.result_info.and_then(|info| info.number()), Some(500));
    }

    #[test]
    fn a_ringing_timeout_is_a_duration() {
        let read =
            |text: &'static str| serde_json::from_str::<Call<'static>>(text).unwrap().ringing_timeout();
        assert_eq!(read(r#"{"ringingTimeoutInSeconds": "60"}"#), Some(Duration::from_secs(60)));
        assert_eq!(read(r#"{"ringingTimeoutInSeconds": null}"#), None);
        assert_eq!(read(r#"{"ringingTimeoutInSeconds": -1}"#), None);
    }
}
