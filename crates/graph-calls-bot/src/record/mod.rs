//! What is known of one call: a pure state machine, since the service repeats, swaps and loses notifications.

mod operations;
mod roster;
mod tones;

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use graph_calls_core::model::{
    Call, CallDirection, CallId, CallState, CallsResource, ChangeType, ChatInfo, CommsOperation, IdentitySet,
    IncomingContext, InvitationParticipantInfo, MediaState, MeetingInfo, Notification, Participant,
    ParticipantId, ParticipantInfo, ReadError, Resource, ResultInfo, TenantId,
};
use graph_calls_core::{AnswerCall, ApiRequest, RedirectCall, RejectCall};

use crate::{CallEvent, Ended, Incoming, Outcome};
use operations::Operations;
use roster::Roster;
use tones::Tones;

/// What is known of one call.
///
/// [`apply`](Self::apply) is pure: what it was told and when decides everything. A repeated notification gives no
/// second event, one that comes late none that is no longer true, and the end is final.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallRecord {
    id: Option<CallId>,
    tenant: Option<TenantId>,
    state: Option<CallState<'static>>,
    direction: Option<CallDirection<'static>>,
    source: Option<ParticipantInfo<'static>>,
    targets: Vec<InvitationParticipantInfo<'static>>,
    policy_recording: bool,
    established: Option<SystemTime>,
    media_active: Option<bool>,
    rang: bool,
    decided: Option<Decided>,
    ended: Option<Ended>,
    tones: Tones,
    roster: Roster,
    /// A list left out somebody who was there: only the service can say whether they left.
    roster_unsure: bool,
    operations: Operations,
    /// The participant ids that went out with invitations, by the command's name.
    invited: BTreeMap<String, ParticipantId>,
}

/// What the bot decided about a ringing call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decided {
    Answer,
    Reject,
    Redirect,
}

impl Decided {
    /// What a request of this name decides, if it decides anything.
    pub(crate) fn by(request: &str) -> Option<Self> {
        match request {
            AnswerCall::NAME => Some(Self::Answer),
            RejectCall::NAME => Some(Self::Reject),
            RedirectCall::NAME => Some(Self::Redirect),
            _ => None,
        }
    }
}

impl CallRecord {
    /// The call's id, in the spelling that the service used last.
    pub fn id(&self) -> Option<&CallId> {
        self.id.as_ref()
    }

    /// The tenant that owns the call.
    pub fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }

    /// Where the call stands.
    pub fn state(&self) -> Option<&CallState<'static>> {
        self.state.as_ref()
    }

    /// Which way it was placed.
    pub fn direction(&self) -> Option<&CallDirection<'static>> {
        self.direction.as_ref()
    }

    /// Who calls.
    pub fn caller(&self) -> Option<&IdentitySet<'static>> {
        self.source.as_ref()?.identity.as_ref()
    }

    /// Who was called.
    pub fn targets(&self) -> &[InvitationParticipantInfo<'static>] {
        &self.targets
    }

    /// Who takes part, as far as the service told.
    pub fn roster(&self) -> impl Iterator<Item = &Participant<'static>> {
        self.roster.present()
    }

    /// Whether its audio flows.
    pub fn is_media_active(&self) -> bool {
        self.media_active == Some(true)
    }

    /// Whether it is an incoming call about which nothing was decided yet.
    pub fn is_ringing(&self) -> bool {
        self.state == Some(CallState::Incoming) && self.decided.is_none() && self.ended.is_none()
    }

    /// How it ended, if it has.
    pub fn ended(&self) -> Option<&Ended> {
        self.ended.as_ref()
    }

    /// Whether the answer is due in 5 seconds instead of 15.
    pub fn is_policy_recording(&self) -> bool {
        self.policy_recording
    }

    pub(crate) fn bind_tenant(&mut self, tenant: &TenantId) {
        self.tenant.get_or_insert_with(|| tenant.clone());
    }

    /// Whether an answer, a rejection or a redirection is under way or was taken.
    pub(crate) fn is_decided(&self) -> bool {
        self.decided.is_some()
    }

    pub(crate) fn decide(&mut self, decided: Decided) {
        self.decided = Some(decided);
    }

    /// The decision had no effect: the call rings on.
    pub(crate) fn undecide(&mut self) {
        self.decided = None;
    }

    pub(crate) fn open_operation(&mut self, client_context: &str, command: &str) {
        self.operations.open(client_context, command);
    }

    pub(crate) fn close_operation(&mut self, client_context: &str) {
        self.operations.close(client_context);
    }

    pub(crate) fn is_operation_open(&self, client_context: &str) -> bool {
        self.operations.is_open(client_context)
    }

    pub(crate) fn apply_response(&mut self, operation: &CommsOperation<'_>) -> Option<CallEvent> {
        self.operations.apply(operation, None, false)
    }

    pub(crate) fn tones_start_over(&mut self) {
        self.tones.start_over();
    }

    pub(crate) fn invite(&mut self, command: &str, participant: ParticipantId) {
        self.invited.insert(command.to_owned(), participant);
    }

    pub(crate) fn invited(&self, command: &str) -> Option<&ParticipantId> {
        self.invited.get(command)
    }

    /// Whether the participants must be read to know who left. Asking answers the question.
    pub(crate) fn takes_roster_reading(&mut self) -> bool {
        self.ended.is_none() && std::mem::take(&mut self.roster_unsure)
    }

    /// The participants as the service lists them when asked.
    pub(crate) fn read_roster(&mut self, all: &[Participant<'_>]) -> Option<CallEvent> {
        self.roster.read(all).map(CallEvent::RosterChanged)
    }

    /// Whether an item is about this call: one call id per conversation.
    pub(crate) fn is_about(&self, item: &Notification<'_>) -> bool {
        match (&self.id, item.call_id()) {
            (Some(known), Some(id)) => *known == id,
            _ => true,
        }
    }

    /// Takes in a notification, received at this time. One of another call changes nothing.
    ///
    /// # Errors
    ///
    /// When its data cannot be read: the item is poisoned and changed nothing. That a call was deleted is read from the
    /// item itself and holds whatever its data is.
    pub fn apply(&mut self, item: &Notification<'_>, now: SystemTime) -> Result<Vec<CallEvent>, ReadError> {
        if !self.is_about(item) {
            return Ok(Vec::new());
        }
        let deleted = item.change_type() == Some(&ChangeType::Deleted);
        let path = item.resource_path();
        let resource = match item.resource() {
            Err(_)
                if deleted
                    && matches!(path.as_ref().map(|path| &path.resource), Some(CallsResource::Call(_))) =>
            {
                Resource::Call(Box::default())
            }
            read => read?,
        };
        self.id = item.call_id().or(self.id.take());
        let mut events = Vec::new();
        match resource {
            Resource::Call(call) => self.apply_call(&call, deleted, now, &mut events),
            Resource::Participants(participants) if self.ended.is_none() => {
                self.roster_unsure |= self.roster.is_missing_somebody(&participants);
                events.extend(self.roster.apply(&participants).map(CallEvent::RosterChanged));
            }
            Resource::DeltaParticipants(delta) if self.ended.is_none() => {
                events.extend(self.roster.apply_delta(&delta).map(CallEvent::RosterChanged));
            }
            Resource::Operation(operation) => {
                let id = path.as_ref().and_then(|path| path.resource.item());
                events.extend(self.operations.apply(&operation, id, deleted));
            }
            // Who joins and leaves a recorded call has no event of its own yet.
            Resource::Unrecognized | Resource::ParticipantJoining(_) | Resource::ParticipantLeft(_) => {
                events.push(CallEvent::Unrecognized(Box::new(item.clone().into_owned())));
            }
            // Content sharing has no event of its own yet; late rosters of an ended call say nothing.
            _ => {}
        }
        Ok(events)
    }

    fn apply_call(&mut self, call: &Call<'_>, deleted: bool, now: SystemTime, events: &mut Vec<CallEvent>) {
        if self.ended.is_some() {
            return;
        }
        self.learn(call);
        if deleted || call.state == Some(CallState::Terminated) {
            self.end(call, now, events);
            return;
        }
        if let Some(state) = &call.state {
            self.enter(state, call, now, events);
        }
        if let Some(audio) = call.media_state.as_ref().and_then(|media| media.audio.as_ref()) {
            let active = *audio == MediaState::Active;
            if self.media_active != Some(active) && (active || self.media_active.is_some()) {
                self.media_active = Some(active);
                events.push(if active { CallEvent::MediaActive } else { CallEvent::MediaInactive });
            }
        }
        if let Some(tone) = &call.tone_info {
            events.extend(self.tones.apply(tone).map(CallEvent::Tone));
        }
    }

    fn learn(&mut self, call: &Call<'_>) {
        if self.direction.is_none() {
            self.direction = call.direction.clone().map(CallDirection::into_owned);
        }
        if self.source.is_none() {
            self.source = call.source.as_deref().cloned().map(ParticipantInfo::into_owned);
        }
        if self.targets.is_empty() {
            self.targets = call.targets.iter().cloned().map(InvitationParticipantInfo::into_owned).collect();
        }
        self.policy_recording |= call.is_policy_recording();
    }

    fn enter(
        &mut self,
        state: &CallState<'_>,
        call: &Call<'_>,
        now: SystemTime,
        events: &mut Vec<CallEvent>,
    ) {
        let before = self.state.clone();
        if !may_follow(before.as_ref(), state) {
            return;
        }
        let transferring = matches!(before, Some(CallState::Transferring | CallState::TransferAccepted));
        let failed = call.result_info.as_ref().is_some_and(|info| !info.is_success());
        // Only the code tells that a transfer failed: a plain `established` beside it is a late or repeated one.
        if transferring && *state == CallState::Established && !failed {
            return;
        }
        self.state = Some(state.clone().into_owned());
        match state {
            CallState::Incoming => {
                self.rang = true;
                events.push(CallEvent::Incoming(Box::new(Incoming {
                    source: self.source.clone(),
                    targets: self.targets.clone(),
                    policy_recording: self.policy_recording,
                    incoming_context: call.incoming_context().cloned().map(IncomingContext::into_owned),
                    chat_info: call.chat_info().cloned().map(ChatInfo::into_owned),
                    meeting_info: call.meeting_info().cloned().map(MeetingInfo::into_owned),
                })));
            }
            CallState::Establishing => events.push(CallEvent::Establishing),
            CallState::Ringing => events.push(CallEvent::Ringing),
            CallState::Established => {
                match before {
                    _ if transferring => {
                        let result = call.result_info.clone().map(ResultInfo::into_owned);
                        events.push(CallEvent::TransferFailed(result));
                    }
                    Some(CallState::Hold) => events.push(CallEvent::Resumed),
                    _ if self.established.is_none() => events.push(CallEvent::Established),
                    _ => {}
                }
                self.established.get_or_insert(now);
            }
            CallState::Hold => events.push(CallEvent::Hold),
            CallState::TransferAccepted => events.push(CallEvent::TransferAccepted),
            _ => {}
        }
    }

    /// The service said that the call is gone without sending a notification of it.
    pub(crate) fn gone(&mut self, now: SystemTime) -> Option<CallEvent> {
        let mut events = Vec::new();
        if self.ended.is_none() {
            self.end(&Call::default(), now, &mut events);
        }
        events.pop()
    }

    fn end(&mut self, call: &Call<'_>, now: SystemTime, events: &mut Vec<CallEvent>) {
        let result = call.result_info.clone().map(ResultInfo::into_owned);
        let transferred = call
            .termination_reason
            .as_ref()
            .is_some_and(|reason| reason.eq_ignore_ascii_case("AppTransferred"))
            || result.as_ref().is_some_and(|info| info.is_success() && info.subcode_number() == Some(7015));
        let outcome = if transferred {
            Outcome::Transferred
        } else if self.established.is_some() {
            Outcome::Answered
        } else {
            match (self.decided, &self.direction) {
                (Some(Decided::Reject), _) => Outcome::Rejected,
                (Some(Decided::Redirect), _) => Outcome::Redirected,
                (None, Some(CallDirection::Outgoing)) => Outcome::NotAnswered,
                (None, _) if self.rang => Outcome::Missed,
                // Its beginning was never told, as after a restart: only the code speaks.
                (None, _) if result.as_ref().is_none_or(ResultInfo::is_success) => Outcome::Answered,
                (Some(Decided::Answer) | None, _) => Outcome::Failed,
            }
        };
        let established_for =
            self.established.map(|since| now.duration_since(since).unwrap_or(Duration::ZERO));
        let reason = result.as_ref().and_then(ResultInfo::end_reason);
        let termination_reason = call.termination_reason.as_ref().map(ToString::to_string);
        let ended = Ended { outcome, result, reason, termination_reason, established_for };
        self.state = Some(CallState::Terminated);
        self.media_active = Some(false);
        self.ended = Some(ended.clone());
        events.push(CallEvent::Terminated(ended));
    }
}

/// Whether a call in one state may be told to be in another. What comes late or again may not.
fn may_follow(before: Option<&CallState<'_>>, state: &CallState<'_>) -> bool {
    use CallState::{
        Established, Establishing, Hold, Incoming, Redirecting, Ringing, Terminating, TransferAccepted,
        Transferring,
    };
    let Some(before) = before else { return true };
    match state {
        Establishing | Redirecting => matches!(before, Incoming),
        Ringing => matches!(before, Incoming | Establishing),
        Established => !matches!(before, Established | Terminating | Redirecting),
        Hold => matches!(before, Incoming | Establishing | Ringing | Established),
        Transferring => matches!(before, Establishing | Ringing | Established | Hold),
        TransferAccepted => matches!(before, Establishing | Ringing | Established | Hold | Transferring),
        Terminating => !matches!(before, Terminating),
        // Nothing goes back to ringing, and a state we do not know tells nothing.
        _ => false,
    }
}

#[cfg(test)]
mod tests;
