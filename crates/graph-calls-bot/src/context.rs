//! One call, as a handler sees it: what is known, and the verbs that record what is to be done.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_lc_rs::digest;
use graph_calls_core::{
    AnswerCall, ApiRequest, DeleteCall, DeleteParticipant, InviteParticipants, PlayPrompt, RejectCall,
    SubscribeToTone,
    model::{
        AnswerCallBody, CallId, CallState, CallbackUri, ClientContext, ClientContextBody,
        InviteParticipantsBody, Participant, ParticipantId, PlayPromptBody, RejectReason, TenantId,
    },
};
use uuid::Builder;

use crate::{Answer, CallCommand, CallRecord, CallRef, Invite, Prompt};

/// One call, as a handler sees it.
///
/// The getters say what is known; the verbs record what is to be done and return at once. Nothing of it happens until
/// the handler has returned `Ok`. A call that is over takes no commands and no timers any more, and a ringing call one
/// decision: a second one fails unsent.
#[derive(Debug)]
pub struct CallContext<M> {
    /// What the bot remembers of this call. Kept together with the commands.
    pub memory: M,
    facts: Facts,
    decisions: Decisions,
}

/// What a handler is told beside the event.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) call_ref: CallRef,
    pub(crate) event_id: String,
    pub(crate) callback: CallbackUri,
    pub(crate) answer_by: Option<SystemTime>,
    pub(crate) record: Arc<CallRecord>,
}

/// What a handler recorded.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    pub(crate) commands: Vec<CallCommand>,
    pub(crate) timers: BTreeMap<String, Option<Duration>>,
}

impl<M> CallContext<M> {
    pub(crate) fn new(facts: Facts, memory: M) -> Self {
        Self { memory, facts, decisions: Decisions::default() }
    }

    pub(crate) fn into_decisions(self) -> Decisions {
        self.decisions
    }

    /// The key of this conversation.
    pub fn call_ref(&self) -> CallRef {
        self.facts.call_ref
    }

    /// The call's id, in the spelling that the service used last.
    pub fn id(&self) -> Option<&CallId> {
        self.facts.record.id()
    }

    /// The tenant that owns the call.
    pub fn tenant(&self) -> Option<&TenantId> {
        self.facts.record.tenant()
    }

    /// All that is known of the call.
    pub fn record(&self) -> &CallRecord {
        &self.facts.record
    }

    /// Where the call stands.
    pub fn state(&self) -> Option<&CallState<'static>> {
        self.facts.record.state()
    }

    /// Whether it is an incoming call about which nothing was decided yet.
    pub fn is_ringing(&self) -> bool {
        self.facts.record.is_ringing()
    }

    /// Until when the call can be answered, rejected or redirected.
    pub fn answer_by(&self) -> Option<SystemTime> {
        self.facts.answer_by
    }

    /// Who takes part, as far as the service told.
    pub fn roster(&self) -> impl Iterator<Item = &Participant<'static>> {
        self.facts.record.roster()
    }

    /// Names this event among all of all calls, the same every time it is told: the key for what the handler does outside
    /// the call.
    pub fn event_id(&self) -> &str {
        &self.facts.event_id
    }

    /// What was recorded so far.
    pub fn commands(&self) -> &[CallCommand] {
        &self.decisions.commands
    }

    /// Answers the ringing call. Its name is `answer`.
    pub fn answer(&mut self, answer: Answer) {
        let callback = answer.callback.unwrap_or_else(|| self.callback());
        let body =
            AnswerCallBody::new(callback).with_media_config(answer.media).with_modalities(answer.modalities);
        let body = match answer.capacity {
            Some(capacity) => body.with_participant_capacity(capacity),
            None => body,
        };
        let options = answer.options;
        self.act("answer", |id| {
            CallCommand::new(&AnswerCall::new(id, body)).named("answer").with_options(options)
        });
    }

    /// Rejects the ringing call. Its name is `reject`.
    pub fn reject(&mut self, reason: RejectReason<'static>) {
        let callback = self.callback();
        self.act("reject", |id| {
            CallCommand::new(&RejectCall::new(id, reason).with_callback_uri(callback)).named("reject")
        });
    }

    /// Hangs up; in a group call only the bot leaves. It overtakes commands that wait. Its name is `hang-up`.
    pub fn hang_up(&mut self) {
        self.act("hang-up", |id| {
            let mut command = CallCommand::new(&DeleteCall::new(id)).named("hang-up");
            command.overtakes = true;
            command
        });
    }

    /// Plays, as soon as the audio flows. Its name is `play`; it is done when it was heard to its end.
    pub fn play(&mut self, prompt: Prompt) {
        let context = self.client_context();
        let body = PlayPromptBody::several(prompt.prompts()).map(|body| match context {
            Some(context) => body.with_client_context(context),
            None => body,
        });
        let options = prompt.options;
        self.act("play", |id| {
            let command = match body {
                Ok(body) => CallCommand::new(&PlayPrompt::new(id, body)),
                Err(error) => CallCommand::impossible("play", &error.to_string()),
            };
            command.named("play").when_media_active().with_options(options)
        });
    }

    /// Asks for pressed keys, as soon as the audio flows. Its name is `tones`.
    pub fn subscribe_to_tones(&mut self) {
        let body = match self.client_context() {
            Some(context) => ClientContextBody::new().with_client_context(context),
            None => ClientContextBody::new(),
        };
        self.act("tones", |id| {
            CallCommand::new(&SubscribeToTone::new(id, body)).named("tones").when_media_active()
        });
    }

    /// Brings somebody into the call, which makes it a group call for good. Its name is `invite`; it is done when they
    /// joined. Until then [`call_off`](Self::call_off) takes it back.
    pub fn invite(&mut self, invite: impl Into<Invite>) {
        let Invite { mut participant, options } = invite.into();
        // A pending invitee has no id in the service's answers; one of ours makes the invitation revocable.
        if participant.participant_id.is_none()
            && let Ok(id) = ParticipantId::new(self.guid("participant"))
        {
            participant = participant.with_participant_id(id);
        }
        let participant_id = participant.participant_id.clone();
        let body = InviteParticipantsBody::new(participant);
        let body = match self.client_context() {
            Some(context) => body.with_client_context(context),
            None => body,
        };
        let invitee = participant_id.and_then(|id| ParticipantId::new(id).ok());
        self.act("invite", |id| CallCommand {
            invitee,
            ..CallCommand::new(&InviteParticipants::new(id, body)).named("invite").with_options(options)
        });
    }

    /// Takes back the invitation of this name while nobody has joined. Its name is `call-off`.
    pub fn call_off(&mut self, invitation: &str) {
        let decided = self.decisions.commands.iter().rev().find(|command| command.name == invitation);
        let invitee = decided.and_then(|command| command.invitee.clone());
        match invitee.or_else(|| self.facts.record.invited(invitation).cloned()) {
            Some(participant) => self.act("call-off", |id| {
                CallCommand::new(&DeleteParticipant::new(id, participant)).named("call-off")
            }),
            None => self.command(CallCommand::impossible("call-off", "there is no invitation of this name")),
        }
    }

    /// Removes somebody who joined. Its name is `remove`.
    pub fn remove(&mut self, participant: ParticipantId) {
        self.act("remove", |id| CallCommand::new(&DeleteParticipant::new(id, participant)).named("remove"));
    }

    /// Sends any request, under the name of its reference page.
    pub fn request<R: ApiRequest>(&mut self, request: &R) {
        self.command(CallCommand::new(request));
    }

    /// Records a command made by hand.
    pub fn command(&mut self, command: CallCommand) {
        self.decisions.commands.push(command);
    }

    /// Asks for [`CallEvent::Timer`](crate::CallEvent::Timer) of this name after a time; one of the same name moves.
    pub fn set_timer(&mut self, name: impl Into<String>, after: Duration) {
        self.decisions.timers.insert(name.into(), Some(after));
    }

    /// Stops a timer.
    pub fn cancel_timer(&mut self, name: impl Into<String>) {
        self.decisions.timers.insert(name.into(), None);
    }

    /// Where this call's notifications shall go.
    fn callback(&self) -> CallbackUri {
        self.facts.callback.below(&["c", &self.facts.call_ref.to_string(), "0"])
    }

    fn act(&mut self, name: &str, make: impl FnOnce(CallId) -> CallCommand) {
        let command = match self.id().cloned() {
            Some(id) => make(id),
            None => CallCommand::impossible(name, "the call has no id yet"),
        };
        self.command(command);
    }

    /// Brings the outcome of a comms operation back to this conversation and to the command that started it.
    fn client_context(&self) -> Option<ClientContext> {
        let place = self.decisions.commands.len();
        let text = format!("gc1.{}.{place}", self.facts.event_id);
        ClientContext::new(text).ok()
    }

    fn guid(&self, what: &str) -> String {
        let text = format!("{what}.{}.{}", self.facts.event_id, self.decisions.commands.len());
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(hash.as_ref()).for_each(|(byte, from)| *byte = *from);
        Builder::from_random_bytes(bytes).into_uuid().hyphenated().to_string()
    }
}
