//! The verbs: what a handler has done about a call, and about others.

use std::time::Duration;

use aws_lc_rs::digest;
use graph_calls_core::{
    AnswerCall, ApiRequest, DeleteCall, DeleteParticipant, InviteParticipants, RedirectCall, RejectCall,
    TransferCall,
    model::{
        AnswerCallBody, CallDirection, CallId, CallbackUri, ClientContext, IdentitySet,
        InvitationParticipantInfo, InviteParticipantsBody, ParticipantId, RejectReason,
    },
};
use serde::Serialize;
use uuid::Builder;

use super::{CallContext, Verdict};
use crate::{
    Answer, CallCommand, CallRef, Dial, DialError, Invite, Redirect, Transfer,
    command::{ELSEWHERE, Options},
};

/// Has the outcome of the comms operation that a body starts come back to this conversation.
macro_rules! tagged {
    ($call:expr, $body:expr) => {
        match $call.client_context() {
            Some(context) => $body.with_client_context(context),
            None => $body,
        }
    };
}
pub(super) use tagged;

/// Each says what its command is called in events unless [`named`](Answer::named) otherwise, and when that is done.
/// What cannot be sent fails without being sent: [`CallEvent::Failed`](crate::CallEvent::Failed) says why.
impl<M> CallContext<M> {
    /// What was recorded so far.
    pub fn commands(&self) -> &[CallCommand] {
        &self.decisions.commands
    }

    /// Answers the ringing call. Its name is `answer`; it is done when the service took it, and
    /// [`CallEvent::Established`](crate::CallEvent::Established) follows.
    pub fn answer(&mut self, answer: Answer) {
        let callback = answer.callback.unwrap_or_else(|| self.callback());
        let media =
            self.view.facts.sounds.prefetched(&self.view.facts.callback, answer.media, &answer.prefetch);
        self.act("answer", answer.options, |id| {
            let body =
                AnswerCallBody::new(callback).with_media_config(media?).with_modalities(answer.modalities);
            let body = match answer.capacity {
                Some(capacity) => body.with_participant_capacity(capacity),
                None => body,
            };
            Ok(CallCommand { session: answer.session, ..CallCommand::new(&AnswerCall::new(id, body)) })
        });
    }

    /// Rejects the ringing call. Its name is `reject`; it is done when the service took it.
    pub fn reject(&mut self, reason: RejectReason<'static>) {
        let callback = self.callback();
        self.act("reject", Options::default(), |id| {
            Ok(CallCommand::new(&RejectCall::new(id, reason).with_callback_uri(callback)))
        });
    }

    /// Sends the ringing call on to somebody else. Its name is `redirect`; it is done when the service took it, and the
    /// bot's call then ends as [redirected](crate::Outcome::Redirected).
    ///
    /// 1 to 25 targets, 15 to 90 seconds: anything else fails unsent.
    pub fn redirect(&mut self, redirect: impl Into<Redirect>) {
        let redirect = redirect.into();
        let (callback, options) = (self.callback(), redirect.options.clone());
        self.act("redirect", options, |id| {
            let body = redirect.into_body()?.with_callback_uri(callback);
            Ok(CallCommand::new(&RedirectCall::new(id, body)))
        });
    }

    /// Hangs up; in a group call only the bot leaves. It overtakes commands that wait. Its name is `hang-up`.
    pub fn hang_up(&mut self) {
        self.act("hang-up", Options::default(), |id| {
            let mut command = CallCommand::new(&DeleteCall::new(id));
            command.overtakes = true;
            Ok(command)
        });
    }

    /// Gives the established call away. Its name is `transfer`; it is done when the service took it, which is not yet
    /// the transfer itself: [`CallEvent::TransferAccepted`](crate::CallEvent::TransferAccepted) or
    /// [`TransferFailed`](crate::CallEvent::TransferFailed) tells how it went, and after the latter the call goes on.
    ///
    /// In a group call it has to be said who is [transferred](Transfer::transferee).
    pub fn transfer(&mut self, transfer: Transfer) {
        let Transfer { target, original, transferee, options } = transfer;
        self.act("transfer", options, |id| {
            let mut request = match original {
                None => TransferCall::blind(id, target).map_err(|error| error.to_string())?,
                Some(_) => TransferCall::consultative(id, target, elsewhere()?),
            };
            if let Some((who, participant)) = transferee {
                request = request.with_transferee(who, participant);
            }
            Ok(CallCommand { elsewhere: original, ..CallCommand::new(&request) })
        });
    }

    /// In a second call, in which the bot has spoken to somebody: puts the caller of the original call through to them.
    /// It is the [consultative](Transfer::consultative) transfer, under the name `consult`.
    pub fn consult(&mut self, original: &CallRef, caller: InvitationParticipantInfo<'static>) {
        self.transfer(Transfer::consultative(original, caller).named("consult"));
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
        let invitee = participant.participant_id.clone().and_then(|id| ParticipantId::new(id).ok());
        let body = tagged!(self, InviteParticipantsBody::new(participant));
        self.act("invite", options, |id| {
            Ok(CallCommand { invitee, ..CallCommand::new(&InviteParticipants::new(id, body)) })
        });
    }

    /// Takes back the invitation of this name while nobody has joined. Its name is `call-off`.
    pub fn call_off(&mut self, invitation: &str) {
        let decided = self.decisions.commands.iter().rev().find(|command| command.name == invitation);
        let invitee = decided.and_then(|command| command.invitee.clone());
        let invitee = invitee.or_else(|| self.view.facts.record.invited(invitation).cloned());
        self.act("call-off", Options::default(), |id| {
            let participant = invitee.ok_or("there is no invitation of this name")?;
            Ok(CallCommand::new(&DeleteParticipant::new(id, participant)))
        });
    }

    /// Removes somebody who joined. Its name is `remove`. The tenant's administrator has to allow the app to.
    pub fn remove(&mut self, participant: ParticipantId) {
        self.act("remove", Options::default(), |id| {
            Ok(CallCommand::new(&DeleteParticipant::new(id, participant)))
        });
    }

    /// Moves the other side of this call into another call of the bot's, a meeting or a group call: they are invited
    /// there, and this call ends as they join. Its name is `move`; it is done when they joined, which is told to this
    /// conversation.
    ///
    /// It fails unsent where the other call has no id yet or is another tenant's, and where nobody knows who is at the
    /// other side of this one: a group call has no other side.
    ///
    /// Graph reference: [`participant-invite`](https://learn.microsoft.com/graph/api/participant-invite).
    pub fn move_to(&mut self, meeting: &CallRef) {
        let other_side = self.other_side();
        let context = self.client_context();
        self.act("move", Options::default(), |id| {
            let who = other_side.ok_or("nobody knows who is at the other side of the call")?;
            let participant = InvitationParticipantInfo::new(who).with_replaces_call_id(id);
            let body = InviteParticipantsBody::new(participant);
            let body = match context {
                Some(context) => body.with_client_context(context),
                None => body,
            };
            let request = InviteParticipants::new(elsewhere()?, body);
            Ok(CallCommand { elsewhere: Some(*meeting), ..CallCommand::new(&request) })
        });
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

    /// Tells another call something, in order, once: it arrives as [`CallEvent::Message`](crate::CallEvent::Message).
    ///
    /// # Errors
    ///
    /// When the message cannot be written as JSON.
    pub fn tell<T: Serialize + ?Sized>(
        &mut self,
        other: &CallRef,
        message: &T,
    ) -> Result<(), serde_json::Error> {
        self.decisions.letters.push((*other, serde_json::value::to_raw_value(message)?));
        Ok(())
    }

    /// Places another call or joins a meeting, in this call's tenant and by its app unless told otherwise. It is placed
    /// once what this handler decides is kept; its key is told at once.
    ///
    /// # Errors
    ///
    /// When it cannot be placed like this.
    pub fn dial(&mut self, dial: Dial) -> Result<CallRef, DialError> {
        let app = self.view.facts.app.clone().ok_or(DialError::OtherApp)?;
        let place = self.decisions.dials.len();
        let own = || CallRef::of_dial(&app, &format!("{}.{place}", self.view.facts.event_id));
        let opening = dial.open(&app, &self.view.facts.tenant, &self.view.facts.callback, own)?;
        let key = opening.key;
        self.decisions.dials.push(opening);
        Ok(key)
    }

    /// Does a command again that is in doubt: its effect may come twice.
    pub fn redo(&mut self, name: impl Into<String>) {
        self.decisions.verdicts.push((name.into(), Verdict::Redo));
    }

    /// Takes a command that is in doubt for done: `Done` follows.
    pub fn assume_done(&mut self, name: impl Into<String>) {
        self.decisions.verdicts.push((name.into(), Verdict::AssumeDone));
    }

    /// Asks the service how the call stands, for a command that is in doubt: `Done` or `Failed` follows where that tells.
    pub fn check(&mut self, name: impl Into<String>) {
        self.decisions.verdicts.push((name.into(), Verdict::Check));
    }

    /// Where this call's notifications shall go.
    fn callback(&self) -> CallbackUri {
        self.view.facts.callback.below(&["c", &self.view.facts.call_ref.to_string(), "0"])
    }

    /// Who is at the other side of a call between two.
    fn other_side(&self) -> Option<IdentitySet<'static>> {
        let record = &self.view.facts.record;
        if record.direction() == Some(&CallDirection::Outgoing) {
            let [target] = record.targets() else { return None };
            return target.identity.clone();
        }
        record.caller().cloned()
    }

    /// Records the command of a verb, with what its argument says beside its own matter.
    pub(super) fn act(
        &mut self,
        name: &str,
        options: Options,
        make: impl FnOnce(CallId) -> Result<CallCommand, String>,
    ) {
        let command = self.id().cloned().ok_or_else(|| "the call has no id yet".to_owned()).and_then(make);
        let command = command.unwrap_or_else(|why| CallCommand::impossible(name, &why));
        self.command(command.named(name).with_options(options));
    }

    /// Brings the outcome of a comms operation back to this conversation and to the command that started it.
    pub(super) fn client_context(&self) -> Option<ClientContext> {
        let place = self.decisions.commands.len();
        let text = format!("gc1.{}.{place}", self.view.facts.event_id);
        ClientContext::new(text).ok()
    }

    fn guid(&self, what: &str) -> String {
        let text = format!("{what}.{}.{}", self.view.facts.event_id, self.decisions.commands.len());
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(hash.as_ref()).for_each(|(byte, from)| *byte = *from);
        Builder::from_random_bytes(bytes).into_uuid().hyphenated().to_string()
    }
}

/// Stands for the id of another call until that is known.
fn elsewhere() -> Result<CallId, String> {
    CallId::new(ELSEWHERE).map_err(|error| error.to_string())
}
