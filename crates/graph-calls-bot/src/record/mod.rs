//! What is known of one call: a pure state machine, since the service repeats, swaps and loses notifications.

mod ending;
mod life;
mod operations;
mod recorded;
mod roster;
mod sharing;
pub(crate) mod stored;
mod tones;

use std::{collections::BTreeMap, time::SystemTime};

use graph_calls_core::model::{
    Call, CallDirection, CallId, CallState, CallsResource, ChangeType, ChatInfo, CommsOperation,
    ContentSharingSession, IdentitySet, InvitationParticipantInfo, MeetingInfo, Notification, Participant,
    ParticipantId, ParticipantInfo, ReadError, Resource, ResultCode, TenantId,
};
use graph_calls_core::{AnswerCall, ApiRequest, RedirectCall, RejectCall};
use serde::{Deserialize, Serialize};

use crate::{CallEvent, Ended, JoiningAnswer, Outcome, ParticipantJoining};
use life::Transfer;
use operations::Operations;
use recorded::Recorded;
use roster::Roster;
use sharing::Sharing;
use stored::{Date, is_default, owned};
use tones::Tones;

/// What is known of one call.
///
/// It is pure: what it was told and when decides everything. A repeated notification gives no second event, one that
/// comes late none that is no longer true, and the end is final. A key that came out of turn waits for those before it:
/// [`pass`](Self::pass) is to be called when it is [`due`](Self::due).
///
/// It is kept as JSON, from which what is at its default is left out. What is absent or unknown there does no harm, so
/// that an older instance reads what a newer one wrote.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallRecord {
    #[serde(skip_serializing_if = "is_default")]
    id: Option<CallId>,
    #[serde(skip_serializing_if = "is_default")]
    tenant: Option<TenantId>,
    #[serde(deserialize_with = "owned", skip_serializing_if = "is_default")]
    state: Option<CallState<'static>>,
    #[serde(deserialize_with = "owned", skip_serializing_if = "is_default")]
    direction: Option<CallDirection<'static>>,
    #[serde(deserialize_with = "owned", skip_serializing_if = "is_default")]
    source: Option<ParticipantInfo<'static>>,
    #[serde(deserialize_with = "owned", skip_serializing_if = "is_default")]
    targets: Vec<InvitationParticipantInfo<'static>>,
    #[serde(skip_serializing_if = "is_default")]
    my_participant_id: Option<ParticipantId>,
    #[serde(deserialize_with = "owned", skip_serializing_if = "is_default")]
    chat_info: Option<ChatInfo<'static>>,
    #[serde(deserialize_with = "owned", skip_serializing_if = "is_default")]
    meeting_info: Option<MeetingInfo<'static>>,
    #[serde(skip_serializing_if = "is_default")]
    policy_recording: bool,
    #[serde(skip_serializing_if = "is_default")]
    established: Option<Date>,
    /// Whether it was told to be on hold before it was told to be established.
    #[serde(skip_serializing_if = "is_default")]
    hold_came_first: bool,
    #[serde(skip_serializing_if = "is_default")]
    transfer: Transfer,
    #[serde(skip_serializing_if = "is_default")]
    media_active: Option<bool>,
    #[serde(skip_serializing_if = "is_default")]
    rang: bool,
    #[serde(skip_serializing_if = "is_default")]
    decided: Option<Decided>,
    #[serde(skip_serializing_if = "is_default")]
    ended: Option<Ended>,
    #[serde(skip_serializing_if = "is_default")]
    tones: Tones,
    #[serde(skip_serializing_if = "is_default")]
    roster: Roster,
    #[serde(skip_serializing_if = "is_default")]
    sharing: Sharing,
    #[serde(skip_serializing_if = "is_default")]
    recorded: Recorded,
    #[serde(skip_serializing_if = "is_default")]
    operations: Operations,
    /// The participant ids that went out with invitations, by the command's name.
    #[serde(skip_serializing_if = "is_default")]
    invited: BTreeMap<String, ParticipantId>,
}

/// What the bot decided about a ringing call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Decided {
    Reject,
    Redirect,
    // Also what a newer instance calls a decision of its own: the call is spoken for.
    #[serde(other)]
    Answer,
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
    /// A call that the bot places: nothing is known of it yet but who is called.
    pub fn outgoing(targets: Vec<InvitationParticipantInfo<'static>>) -> Self {
        Self { direction: Some(CallDirection::Outgoing), targets, ..Self::default() }
    }

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

    /// What is shared in it. Only told where the call's options ask for it.
    pub fn content_sharing(&self) -> impl Iterator<Item = &ContentSharingSession<'static>> {
        self.sharing.live()
    }

    /// The bot's own id in the roster.
    pub fn my_participant_id(&self) -> Option<&ParticipantId> {
        self.my_participant_id.as_ref()
    }

    /// The chat that belongs to it; together with the meeting it allows to join again.
    pub fn chat_info(&self) -> Option<&ChatInfo<'static>> {
        self.chat_info.as_ref()
    }

    /// The meeting it belongs to.
    pub fn meeting_info(&self) -> Option<&MeetingInfo<'static>> {
        self.meeting_info.as_ref()
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

    /// Gives up the comms operations that have not finished, and names their commands.
    pub(crate) fn take_open_operations(&mut self) -> Vec<String> {
        self.operations.take_commands()
    }

    pub(crate) fn apply_response(&mut self, operation: &CommsOperation<'_>) -> Option<CallEvent> {
        self.operations.answered(operation)
    }

    /// A new subscription was asked for: numbering may start over.
    pub(crate) fn tones_start_over(&mut self) {
        self.tones.start_over();
    }

    /// A transfer was asked for: what comes now is no repeat of one before it.
    pub(crate) fn transfer_begins(&mut self) {
        self.transfer = Transfer::UnderWay;
    }

    pub(crate) fn invite(&mut self, command: &str, participant: ParticipantId) {
        self.invited.insert(command.to_owned(), participant);
    }

    pub(crate) fn invited(&self, command: &str) -> Option<&ParticipantId> {
        self.invited.get(command)
    }

    /// Whether the participants must be read to know who left. Asking answers the question.
    pub(crate) fn takes_roster_reading(&mut self) -> bool {
        self.ended.is_none() && self.roster.takes_reading()
    }

    /// The participants as the service lists them when asked.
    pub(crate) fn read_roster(&mut self, all: &[Participant<'_>]) -> Option<CallEvent> {
        if self.ended.is_some() {
            return None;
        }
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
        let named = path.as_ref().and_then(|path| path.resource.item());
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
            Resource::Operation(operation) => {
                self.apply_progress(&operation, now, &mut events);
                events.extend(self.operations.apply(&operation, named, deleted));
            }
            // The webhook answers whoever wants to join, and the answer comes by `joined`. What gets here was not.
            Resource::Unrecognized | Resource::ParticipantJoining(_) => {
                events.push(CallEvent::Unrecognized(Box::new(item.clone().into_owned())));
            }
            // Of a call that is over only the results of operations count.
            _ if self.ended.is_some() => {}
            Resource::Call(call) => self.apply_call(&call, deleted, now, &mut events),
            Resource::Participants(participants) => {
                events.extend(self.roster.apply(&participants).map(CallEvent::RosterChanged));
            }
            Resource::DeltaParticipants(delta) => {
                events.extend(self.roster.apply_delta(&delta).map(CallEvent::RosterChanged));
            }
            Resource::ContentSharing(sessions) => {
                let change = self.sharing.apply(item.change_type(), named, &sessions);
                events.extend(change.map(CallEvent::ContentSharingChanged));
            }
            Resource::ParticipantLeft(left) => {
                events.extend(self.recorded.left(&left).map(CallEvent::ParticipantLeft));
            }
            _ => events.push(CallEvent::Unrecognized(Box::new(item.clone().into_owned()))),
        }
        Ok(events)
    }

    /// Takes in the service's answer to the request that created the call. None when it names another call than the one
    /// that is known, by a notification that was faster; then nothing changes.
    pub fn created(&mut self, call: &Call<'_>, now: SystemTime) -> Option<Vec<CallEvent>> {
        let id = call.id.as_deref().and_then(|id| CallId::new(id).ok());
        if let (Some(known), Some(id)) = (&self.id, &id)
            && known != id
        {
            return None;
        }
        self.id = self.id.take().or(id);
        let mut events = Vec::new();
        if self.ended.is_none() {
            self.apply_call(call, false, now, &mut events);
        }
        Some(events)
    }

    /// Ends a call that could not be created.
    pub fn not_created(&mut self, now: SystemTime) -> Vec<CallEvent> {
        let mut events = Vec::new();
        if self.ended.is_none() {
            self.end_as(Ended::new(Outcome::Failed, None), now, &mut events);
        }
        events
    }

    /// Takes in the call as the service shows it when asked, which also corrects what a lost notification left wrong.
    pub fn read_call(&mut self, call: &Call<'_>, now: SystemTime) -> Vec<CallEvent> {
        let mut events = Vec::new();
        if self.ended.is_some() {
            return events;
        }
        self.learn(call);
        if call.state == Some(CallState::Terminated) {
            self.end(call, now, &mut events);
        } else {
            self.correct(call, now, &mut events);
            self.hear(call, &mut events);
        }
        events
    }

    /// Takes in what was answered when somebody wanted to join a call that a policy records.
    pub fn joined(&mut self, joining: ParticipantJoining, answer: JoiningAnswer) -> Option<CallEvent> {
        if self.ended.is_some() {
            return None;
        }
        self.recorded.joined(joining, answer).map(CallEvent::ParticipantJoined)
    }

    /// The id of the call, where it is not known yet.
    pub(crate) fn learn_id(&mut self, id: CallId) {
        self.id.get_or_insert(id);
    }

    /// What was decided about another account of this call holds for this one.
    pub(crate) fn decide_as(&mut self, other: &Self) {
        self.decided = other.decided;
        self.recorded.make_room(other.recorded.room());
    }

    /// That it was established or that it ended, as the event that told of it.
    pub(crate) fn last_told(&self) -> Option<CallEvent> {
        let ended = self.ended.clone().map(CallEvent::Terminated);
        ended.or(self.established.map(|_| CallEvent::Established))
    }

    /// The answer to the call makes room for so many participants to be recorded.
    pub(crate) fn make_room(&mut self, room: Option<u32>) {
        self.recorded.make_room(room);
    }

    /// Whether fewer are recorded than there is room for; always, where nothing was said of it.
    pub(crate) fn has_room(&self) -> bool {
        self.recorded.has_room()
    }

    /// Takes in a notification of another call, about an operation that a command of this one started.
    pub(crate) fn apply_foreign(&mut self, item: &Notification<'_>) -> Option<CallEvent> {
        let Resource::Operation(operation) = item.resource().ok()? else { return None };
        let path = item.resource_path();
        let id = path.as_ref().and_then(|path| path.resource.item());
        self.operations.apply(&operation, id, item.change_type() == Some(&ChangeType::Deleted))
    }

    /// When [`pass`](Self::pass) is to be called. It may lie in the past.
    pub fn due(&self) -> Option<SystemTime> {
        self.tones.due()
    }

    /// Tells what has waited long enough.
    pub fn pass(&mut self, now: SystemTime) -> Vec<CallEvent> {
        self.tones.pass(now).into_iter().map(CallEvent::Tone).collect()
    }

    /// The service said that the call is gone without sending a notification of it.
    pub(crate) fn gone(&mut self, now: SystemTime) -> Vec<CallEvent> {
        let mut events = Vec::new();
        if self.ended.is_none() {
            self.end(&Call::default(), now, &mut events);
        }
        events
    }

    fn apply_call(&mut self, call: &Call<'_>, deleted: bool, now: SystemTime, events: &mut Vec<CallEvent>) {
        self.learn(call);
        if deleted || call.state == Some(CallState::Terminated) {
            self.end(call, now, events);
            return;
        }
        self.enter(call, now, events);
        self.hear(call, events);
        if let Some(tone) = &call.tone_info {
            events.extend(self.tones.apply(tone, now).into_iter().map(CallEvent::Tone));
        }
    }

    /// The oldest notifications tell of a transfer by the result of its operation.
    fn apply_progress(
        &mut self,
        operation: &CommsOperation<'_>,
        now: SystemTime,
        events: &mut Vec<CallEvent>,
    ) {
        let subcode = operation.result_info.as_ref().and_then(|result| result.subcode.as_ref());
        let Some(ResultCode::Word(word)) = subcode else { return };
        let state = CallState::from(word.as_str());
        if self.ended.is_none() && matches!(state, CallState::Transferring | CallState::TransferAccepted) {
            let mut call = Call::default();
            call.state = Some(state);
            self.enter(&call, now, events);
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
        if let Some(id) = call.my_participant_id().and_then(|id| ParticipantId::new(id.as_str()).ok()) {
            self.my_participant_id = Some(id);
        }
        if let Some(chat) = call.chat_info() {
            self.chat_info = Some(chat.clone().into_owned());
        }
        if let Some(meeting) = call.meeting_info() {
            self.meeting_info = Some(meeting.clone().into_owned());
        }
        self.policy_recording |= call.is_policy_recording();
    }
}

#[cfg(test)]
mod tests;
