//! Incoming calls: what is known of one, and the bodies that answer, reject and redirect it.

use std::time::Duration;

use serde::Serialize;

use crate::{
    CallOptions, CallOptionsKind, CallbackUri, IdentitySet, InvalidBody, InvitationParticipantInfo,
    MediaConfig, Modality, Text, duration::Seconds, open_enum::open_enum, wire::wire_struct,
};

/// The most targets of a redirected call: 25.
pub const MAX_REDIRECT_TARGETS: usize = 25;

/// The shortest time a redirected call may ring: 15 seconds.
pub const MIN_REDIRECT_TIMEOUT: Duration = Duration::from_secs(15);

/// The longest time a redirected call may ring: 90 seconds.
pub const MAX_REDIRECT_TIMEOUT: Duration = Duration::from_secs(90);

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

open_enum! {
    /// What a redirected call does with its targets. Deprecated: their number says it. Beta.
    ///
    /// Graph reference: [`call-redirect`](https://learn.microsoft.com/graph/api/call-redirect?view=graph-rest-beta).
    pub enum CallDisposition {
        /// Whatever fits their number.
        Default = "default",
        /// It rings at all of them.
        SimultaneousRing = "simultaneousRing",
        /// It goes to the one.
        Forward = "forward",
    }
}

/// The body that answers an incoming call.
///
/// Graph waits 15 seconds for it, 5 seconds for policy-based recording.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    call_options: Option<CallOptions<'static>>,
}

impl AnswerCallBody {
    /// Answers with audio handled by the service.
    pub fn new(callback_uri: CallbackUri) -> Self {
        Self {
            callback_uri,
            accepted_modalities: vec![Modality::Audio],
            media_config: MediaConfig::service_hosted(),
            participant_capacity: None,
            call_options: None,
        }
    }

    /// Where the media is handled.
    #[must_use]
    pub fn with_media_config(mut self, config: impl Into<MediaConfig<'static>>) -> Self {
        self.media_config = config.into();
        self
    }

    /// The kinds of media taken: one at least.
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

    /// What the bot wants to be told of the call, and how it shows.
    #[must_use]
    pub fn with_call_options(mut self, options: CallOptions<'static>) -> Self {
        self.call_options = Some(options.of_kind(CallOptionsKind::Incoming));
        self
    }

    /// Checks what the service documents, before anything is sent.
    ///
    /// # Errors
    ///
    /// For no modality, or a participant capacity of more than 2,147,483,647 (`Edm.Int32`).
    pub fn validate(&self) -> Result<(), InvalidBody> {
        const MOST: u32 = i32::MAX.unsigned_abs();
        if self.accepted_modalities.is_empty() {
            let why = "there is none: give one at least to `with_modalities`";
            return Err(InvalidBody::new("acceptedModalities", why));
        }
        match self.participant_capacity {
            Some(capacity) if capacity > MOST => {
                let why = format!("{capacity} is too much: the service takes {MOST} at most");
                Err(InvalidBody::new("participantCapacity", why))
            }
            _ => Ok(()),
        }
    }
}

/// The body that rejects an incoming call. Graph waits 15 seconds for it.
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

/// The body that passes an incoming call on instead of answering it. Graph waits 15 seconds for it.
///
/// At most 25 targets; the first to answer has the call. It rings for 15 to 90 seconds: 55 at one target and 60 at
/// several unless told otherwise.
///
/// Graph reference: [`call-redirect`](https://learn.microsoft.com/graph/api/call-redirect).
///
/// ```
/// use std::time::Duration;
///
/// use graph_calls_model::{InvitationParticipantInfo, RedirectCallBody};
///
/// let people = ["8d1e6ab6", "550fae72"].map(InvitationParticipantInfo::user);
/// let body = RedirectCallBody::several(people)?.with_timeout(Duration::from_secs(30));
/// body.validate()?;
/// assert_eq!(serde_json::to_value(body)?["timeout"], 30);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RedirectCallBody {
    targets: Vec<InvitationParticipantInfo<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_uri: Option<CallbackUri>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_disposition: Option<CallDisposition<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mask_callee: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mask_caller: Option<bool>,
}

impl RedirectCallBody {
    /// Forwards the call to somebody.
    pub fn new(target: InvitationParticipantInfo<'static>) -> Self {
        Self {
            targets: vec![target],
            timeout: None,
            callback_uri: None,
            target_disposition: None,
            mask_callee: None,
            mask_caller: None,
        }
    }

    /// Rings at several at once.
    ///
    /// # Errors
    ///
    /// For no target or more than [`MAX_REDIRECT_TARGETS`].
    pub fn several(
        targets: impl IntoIterator<Item = InvitationParticipantInfo<'static>>,
    ) -> Result<Self, InvalidBody> {
        let mut targets = targets.into_iter();
        let first = targets.next().ok_or_else(|| InvalidBody::none_of("targets"))?;
        let mut body = Self::new(first);
        body.targets.extend(targets);
        if body.targets.len() > MAX_REDIRECT_TARGETS {
            return Err(InvalidBody::too_many("targets", body.targets.len(), MAX_REDIRECT_TARGETS));
        }
        Ok(body)
    }

    /// How long it rings: 15 to 90 whole seconds.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(Seconds(timeout));
        self
    }

    /// Where the last notifications of the call go.
    #[must_use]
    pub fn with_callback_uri(mut self, uri: CallbackUri) -> Self {
        self.callback_uri = Some(uri);
        self
    }

    /// What the call does with its targets. Deprecated. Beta.
    #[must_use]
    pub fn with_target_disposition(mut self, disposition: CallDisposition<'static>) -> Self {
        self.target_disposition = Some(disposition);
        self
    }

    /// Whether the caller is kept from seeing whom the call went to. Beta.
    #[must_use]
    pub fn with_mask_callee(mut self, mask: bool) -> Self {
        self.mask_callee = Some(mask);
        self
    }

    /// Whether the targets are kept from seeing who calls. Beta.
    #[must_use]
    pub fn with_mask_caller(mut self, mask: bool) -> Self {
        self.mask_caller = Some(mask);
        self
    }

    /// Checks what the service documents, before anything is sent.
    ///
    /// # Errors
    ///
    /// For a timeout that is not 15 to 90 whole seconds.
    pub fn validate(&self) -> Result<(), InvalidBody> {
        self.timeout.map_or(Ok(()), |time| time.check("timeout", MIN_REDIRECT_TIMEOUT..=MAX_REDIRECT_TIMEOUT))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn callback() -> CallbackUri {
        CallbackUri::new("https://bot.contoso.com/api/calls").unwrap()
    }

    fn heidi() -> InvitationParticipantInfo<'static> {
        InvitationParticipantInfo::user("550fae72")
    }

    #[test]
    fn an_answer_carries_the_options_of_an_incoming_call() {
        let options =
            CallOptions::new().with_hide_bot_after_escalation(true).of_kind(CallOptionsKind::Outgoing);
        let body = AnswerCallBody::new(callback()).with_participant_capacity(200).with_call_options(options);
        assert_eq!(
            serde_json::to_value(body).unwrap(),
            json!({
                "callbackUri": "https://bot.contoso.com/api/calls",
                "acceptedModalities": ["audio"],
                "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
                "participantCapacity": 200,
                "callOptions": {
                    "@odata.type": "#microsoft.graph.incomingCallOptions",
                    "hideBotAfterEscalation": true,
                },
            })
        );
    }

    #[test]
    fn an_answer_takes_some_media_and_a_capacity_that_can_be_sent() {
        let body = || AnswerCallBody::new(callback());
        assert_eq!(body().with_participant_capacity(2_147_483_647).validate(), Ok(()));
        let error = body().with_participant_capacity(2_147_483_648).validate().unwrap_err();
        assert_eq!(error.member(), "participantCapacity");
        assert_eq!(body().with_modalities([]).validate().unwrap_err().member(), "acceptedModalities");
    }

    #[test]
    fn a_redirect_names_its_targets_and_its_timeout_in_seconds() {
        let body = RedirectCallBody::new(heidi())
            .with_timeout(Duration::from_secs(15))
            .with_callback_uri(callback())
            .with_target_disposition(CallDisposition::SimultaneousRing)
            .with_mask_callee(false)
            .with_mask_caller(true);
        assert_eq!(body.validate(), Ok(()));
        assert_eq!(
            serde_json::to_value(body).unwrap(),
            json!({
                "targets": [{
                    "@odata.type": "#microsoft.graph.invitationParticipantInfo",
                    "identity": {
                        "@odata.type": "#microsoft.graph.identitySet",
                        "user": {"@odata.type": "#microsoft.graph.identity", "id": "550fae72"},
                    },
                }],
                "timeout": 15,
                "callbackUri": "https://bot.contoso.com/api/calls",
                "targetDisposition": "simultaneousRing",
                "maskCallee": false,
                "maskCaller": true,
            })
        );
    }

    #[test]
    fn a_redirect_keeps_to_its_limits() {
        for (count, good) in [(0, false), (1, true), (2, true), (25, true), (26, false)] {
            let body = RedirectCallBody::several(vec![heidi(); count]);
            assert_eq!(body.is_ok(), good, "{count}");
        }
        for (millis, good) in
            [(14_999, false), (15_000, true), (15_500, false), (90_000, true), (90_001, false)]
        {
            let body = RedirectCallBody::new(heidi()).with_timeout(Duration::from_millis(millis));
            assert_eq!(body.validate().is_ok(), good, "{millis}");
        }
        let late = RedirectCallBody::new(heidi()).with_timeout(Duration::from_secs(91));
        let error = late.validate().unwrap_err();
        assert_eq!(error.to_string(), "`timeout`: 91s is not taken: give whole seconds, from 15s to 90s");
    }
}
