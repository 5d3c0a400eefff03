//! What arrives in a conversation, and what time brings about.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use graph_calls_core::{
    ApiRequest, CreateCall, DeleteCall, GetCall, KeepAlive, ListParticipants,
    model::{Call, CallsResource, Collection, CommsOperation, Notification, RawJson, Resource, ResourcePath},
};

use super::{
    Engine, Unanswered,
    content::{self, Begin, Letter, Outcome, Told},
    date::Date,
    desk::{Desk, Standing},
    engine::count,
    tell::add,
    timers::TimerName,
};
use crate::{
    CallCommand, CallContext, CallEvent, CallRecord, CallRef, JoiningAnswer, Message, ParticipantJoining,
    collect::Input,
    store::{ItemKind, Stored},
};

/// The service waits 15 seconds for a decision, 5 for policy-based recording; the answer must arrive before that.
const WINDOW: Duration = Duration::from_secs(13);
const RECORDING_WINDOW: Duration = Duration::from_secs(4);
/// How long before the window's end the handler is reminded, and how long before it the fallback decides.
const REMINDER: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(3));
const RECORDING_REMINDER: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(1));
/// After a call was met in the middle: what is behind it may still come.
const MET: Duration = Duration::from_secs(5);
/// How many calls of other attempts are remembered to have been hung up.
const ORPHANS: usize = 16;

impl Engine {
    /// What an item means. What it leads to is put on the desk.
    pub(super) fn take_in(self: &Arc<Self>, desk: &mut Desk, stored: &Stored) {
        let item = &stored.item;
        let read = match item.kind() {
            ItemKind::Notification => content::read(item).map(|told| self.hear(desk, told)),
            ItemKind::Begin => content::read(item).map(|begin| self.begin(desk, begin)),
            ItemKind::Outcome => content::read(item).map(|outcome| self.hear_outcome(desk, outcome)),
            ItemKind::Message => content::read(item).map(|letter| hear_letter(desk, letter)),
        };
        if let Err(error) = read {
            count(&self.counters.poisoned);
            tracing::error!(call_ref = %desk.claim.key, %error, "an item cannot be read");
            desk.bury(&format!("it cannot be read: {error}"));
        }
    }

    fn hear(self: &Arc<Self>, desk: &mut Desk, told: Told<'_>) {
        count(&self.counters.notifications);
        let first = desk.call.app.is_none();
        if desk.call.app.get_or_insert_with(|| told.app.clone()) != &told.app {
            count(&self.counters.foreign);
            tracing::warn!(call_ref = %desk.claim.key, "a notification for another app");
            return;
        }
        let notification = Notification::from_raw(told.item.clone());
        if first && told.attempt.is_none() && notification.call_id().is_none() {
            count(&self.counters.poisoned);
            tracing::error!(call_ref = %desk.claim.key, "a notification belongs to no call");
            desk.bury("it belongs to no call");
            desk.standing = Standing::Over;
            return;
        }
        if self.is_orphan(desk, &told, &notification) {
            return;
        }
        if let Some(to) = addressee(&notification).filter(|to| *to != desk.claim.key) {
            desk.call.post(to, None, content::letter(&Letter::Forwarded { told }));
            return;
        }
        if !desk.call.record.is_about(&notification) {
            count(&self.counters.foreign);
            tracing::warn!(call_ref = %desk.claim.key, "a notification of another call");
            return;
        }
        let before = desk.events.len();
        self.learn(desk, &notification, told.answered, told.received.0);
        if desk.events.iter().skip(before).any(|event| matches!(event, CallEvent::Incoming(_))) {
            ring(desk, told.received.0);
        } else if first {
            // It was met in the middle: what came before is lost, or we are.
            desk.call.timers.set(TimerName::Reconcile, desk.now() + MET);
        }
        if desk.call.timers.at(&TimerName::KeepAlive).is_none() {
            // Also where the fallback was faster than the first item's handler, and has kept what was before it.
            self.keep_alive_soon(desk);
        }
    }

    /// What a notification says of this call.
    fn learn(
        &self,
        desk: &mut Desk,
        notification: &Notification<'_>,
        answered: Option<JoiningAnswer>,
        received: SystemTime,
    ) {
        let tenant = desk.tenant.clone();
        let record = desk.call.record_mut();
        record.bind_tenant(&tenant);
        if let Some(answer) = answered {
            if let Some(id) = notification.call_id() {
                record.learn_id(id);
            }
            if let Ok(Resource::ParticipantJoining(joining)) = notification.resource() {
                let event = record.joined(ParticipantJoining::from(*joining), answer);
                desk.events.extend(event);
            }
            return;
        }
        match record.apply(notification, received) {
            Ok(events) => desk.events.extend(events),
            Err(error) => {
                count(&self.counters.poisoned);
                tracing::error!(call_ref = %desk.claim.key, %error, "a notification cannot be read");
                // Its address can: without the id the service could not be asked how the call stands.
                if let Some(id) = notification.call_id() {
                    desk.call.record_mut().learn_id(id);
                }
                desk.bury(&format!("it cannot be read: {error}"));
            }
        }
        read_roster(desk, false);
    }

    /// A call of another attempt than the live one: it is hung up, once.
    fn is_orphan(&self, desk: &mut Desk, told: &Told<'_>, notification: &Notification<'_>) -> bool {
        let attempt = told.attempt.as_deref().and_then(|attempt| attempt.parse::<u32>().ok());
        let live = desk.call.attempt;
        // Given up as never heard of, and there after all.
        let given_up = desk.call.record.ended().is_some() && desk.call.record.id().is_none();
        if live == 0 || attempt.is_none_or(|attempt| attempt == live && !given_up) {
            return false;
        }
        let Some(id) = notification.call_id() else { return true };
        if desk.call.record.id() == Some(&id) {
            // One whose answer was lost and that was taken for the live one all the same.
            return false;
        }
        let folded = crate::fold::folded(id.as_str());
        if desk.call.orphans.len() < ORPHANS && desk.call.orphans.insert(folded) {
            count(&self.counters.orphans);
            tracing::warn!(call_ref = %desk.claim.key, call = %id, "a call of another attempt is hung up");
            let mut command = CallCommand::new(&DeleteCall::new(id)).named("orphan").internal();
            command.after_end = true;
            desk.call.outbox.add(command, None);
        }
        true
    }

    fn begin(self: &Arc<Self>, desk: &mut Desk, begin: Begin) {
        if desk.call.app.is_some() {
            // A notification was faster than the store: impossible, but harmless.
            tracing::warn!(call_ref = %desk.claim.key, "a call began twice");
            return;
        }
        let tenant = desk.tenant.clone();
        desk.call.app = Some(begin.app);
        desk.call.memory = begin.memory;
        desk.call.attempt = 1;
        *desk.call.record_mut() = CallRecord::outgoing(begin.targets);
        desk.call.record_mut().bind_tenant(&tenant);
        add(desk, begin.create);
        self.keep_alive_soon(desk);
    }

    fn hear_outcome(self: &Arc<Self>, desk: &mut Desk, outcome: Outcome) {
        if let Some(entry) = desk.call.outbox.sent(outcome.command) {
            self.settle(desk, entry, outcome.result.map_err(|error| *error));
        }
    }

    /// Every call is asked after, also one that never got anywhere: its end may be what was lost.
    pub(super) fn keep_alive_soon(&self, desk: &mut Desk) {
        if desk.call.record.ended().is_none() {
            let next = desk.now() + self.about(self.config.keep_alive);
            desk.call.timers.set(TimerName::KeepAlive, next);
        }
    }

    /// A timer came due.
    pub(super) fn due(self: &Arc<Self>, desk: &mut Desk, name: TimerName) {
        match name {
            TimerName::AnswerDue if desk.call.record.is_ringing() => desk.push(CallEvent::AnswerDue),
            TimerName::AnswerFallback => drop(self.fall_back(desk)),
            TimerName::KeepAlive => {
                if let Some(id) = desk.call.record.id().cloned() {
                    desk.call.outbox.add(CallCommand::new(&KeepAlive::new(id)).internal(), None);
                } else {
                    self.keep_alive_soon(desk);
                }
            }
            TimerName::Reconcile => ask_after(desk),
            TimerName::Collect => self.answer_question(desk, Input::Timer),
            TimerName::NeverHeardOf if desk.call.record.id().is_none() => {
                tracing::warn!(call_ref = %desk.claim.key, "a call that may have been placed was never heard of");
                let now = desk.now();
                let gone = desk.call.record_mut().gone(now);
                desk.call.doubts.take_request(CreateCall::NAME);
                desk.events.extend(gone);
            }
            TimerName::User(name) if desk.call.record.ended().is_none() => desk.push(CallEvent::Timer(name)),
            // Those have nothing left to say.
            _ => {}
        }
    }

    /// Decides about a ringing call in the handler's stead. Returns the number of the command that does it.
    pub(super) fn fall_back(self: &Arc<Self>, desk: &mut Desk) -> Option<u64> {
        if !desk.call.record.is_ringing() {
            return None;
        }
        let mut context = CallContext::new(self.facts(desk), ());
        match &self.config.unanswered {
            Unanswered::Ignore => return None,
            Unanswered::Reject(reason) => context.reject(reason.clone()),
            Unanswered::Answer(answer) => context.answer(answer.clone()),
        }
        tracing::warn!(call_ref = %desk.claim.key, "the handler decided nothing; the fallback does");
        let command = context.into_decisions().commands.into_iter().next()?;
        count(&self.counters.commands);
        add(desk, command)
    }
}

fn hear_letter(desk: &mut Desk, letter: Letter<'_>) {
    match letter {
        Letter::Message { from, body } => {
            if desk.call.record.ended().is_none()
                && let Ok(body) = RawJson::from_string(body.get().to_owned())
            {
                desk.push(CallEvent::Message(Message { from, body }));
            }
        }
        Letter::Forwarded { told } => {
            let notification = Notification::from_raw(told.item);
            let event = desk.call.record_mut().apply_foreign(&notification);
            desk.events.extend(event);
        }
    }
}

/// Has the participants read, where a list left somebody out, or anyway.
pub(super) fn read_roster(desk: &mut Desk, anyway: bool) {
    let record = desk.call.record_mut();
    let unsure = record.takes_roster_reading();
    if (unsure || anyway)
        && record.ended().is_none()
        && let Some(id) = record.id().cloned()
    {
        desk.call.outbox.add(CallCommand::new(&ListParticipants::new(id)).internal(), None);
    }
}

/// Asks the service how the call stands.
pub(super) fn ask_after(desk: &mut Desk) {
    if let Some(id) = desk.call.record.id().cloned()
        && desk.call.record.ended().is_none()
    {
        desk.call.outbox.add(CallCommand::new(&GetCall::new(id)).internal(), None);
    }
}

fn ring(desk: &mut Desk, received: SystemTime) {
    let (window, (reminder, fallback)) = if desk.call.record.is_policy_recording() {
        (RECORDING_WINDOW, RECORDING_REMINDER)
    } else {
        (WINDOW, REMINDER)
    };
    let by = received + window;
    desk.call.answer_by = Some(Date(by));
    desk.call.timers.set(TimerName::AnswerDue, by - reminder);
    desk.call.timers.set(TimerName::AnswerFallback, by - fallback);
}

/// The call whose command started the comms operation that a notification is about, where our own context names one.
fn addressee(notification: &Notification<'_>) -> Option<CallRef> {
    let path = notification.resource_path()?;
    if !matches!(path.resource, CallsResource::Item(_, Collection::Operations, _)) {
        return None;
    }
    let data = notification.resource_data()?;
    let operation: CommsOperation<'_> = data.read().ok()?;
    operation.client_context.as_deref()?.strip_prefix("gc1.")?.get(..32)?.parse().ok()
}

/// What the answer to a request that placed a call says of it: its id is in the `Location`, else in the body.
pub(super) fn created(answer: &content::Answer) -> Call<'static> {
    let mut call = serde_json::from_str::<Call<'_>>(&answer.body).map(Call::into_owned).unwrap_or_default();
    let located = answer.location.as_deref().and_then(|location| {
        let path =
            url::Url::parse(location).map_or_else(|_| location.to_owned(), |url| url.path().to_owned());
        ResourcePath::parse(&path).ok()?.call_id()?.ok()
    });
    if let Some(id) = located {
        call.id = Some(id.into());
    }
    call
}
