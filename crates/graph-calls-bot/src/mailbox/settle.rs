//! What the outcomes of commands mean.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use graph_calls_core::{
    ApiRequest, Certainty, CreateCall, DeleteCall, GetCall, KeepAlive, ListParticipants, Repeat,
    model::{Call, CommsOperation, RawJson},
};

use super::{
    Engine,
    content::Answer,
    desk::Desk,
    engine::count,
    life::{ask_after, created, read_roster},
    outbox::Entry,
    timers::TimerName,
};
use crate::{CallCommand, CallEvent, CommandError, Done, Failed, InDoubt};

/// After a keep-alive that failed.
const SOON: Duration = Duration::from_secs(60);
/// For how long a call that may have been placed is waited for. Phones ring shorter than that.
const NEVER: Duration = Duration::from_secs(180);

impl Engine {
    /// What the outcome of a command's request means.
    pub(super) fn settle(
        self: &Arc<Self>,
        desk: &mut Desk,
        entry: Entry,
        result: Result<Answer, CommandError>,
    ) {
        desk.touch();
        let Entry { command, tried, .. } = entry;
        if command.internal {
            self.settle_internal(desk, &command, result);
            return;
        }
        let mut error = match result {
            Ok(answer) => return self.settle_answer(desk, command, &answer),
            Err(error) => error,
        };
        if tried && command.repeat() == Some(Repeat::WhileIncoming) && error.status.is_some() {
            // A repeat is refused also where the one before it had its effect.
            error.certainty = Certainty::Unknown;
        }
        if command.host.is_some() {
            self.lose_media_host(desk, &error);
            return fail(desk, command, error);
        }
        let operation_open =
            command.client_context.as_ref().map(|context| desk.call.record.is_operation_open(context));
        let over = desk.call.record.ended().is_some();
        let already_so = command.is(DeleteCall::NAME) && (error.is_gone() || over);
        let answer_lost = error.answer_lost && operation_open.is_none();
        if already_so || answer_lost {
            self.settle_answer(desk, command, &Answer::default());
        } else if operation_open == Some(false) {
            // Its notification was faster than the failure of its request, and has told how it ended.
        } else if error.certainty == Certainty::Unknown {
            self.doubt(desk, command, error);
        } else {
            fail(desk, command, error);
        }
    }

    fn doubt(&self, desk: &mut Desk, command: CallCommand, error: CommandError) {
        count(&self.counters.in_doubt);
        tracing::warn!(call_ref = %desk.claim.key, command = command.name, %error, "nobody knows whether it had its effect");
        let name = command.name.clone();
        if command.is(CreateCall::NAME) {
            if desk.call.record.id().is_some() {
                // A notification has told of it already.
                return done(desk, command, None);
            }
            desk.call.timers.set(TimerName::NeverHeardOf, desk.now() + NEVER);
        }
        let decides = command.decides().is_some();
        desk.call.doubts.add(command);
        if let Some(event) = desk.call.record.last_told().filter(|_| decides) {
            // What became of the call is known already.
            let settled = desk.call.doubts.settle(&event);
            if !settled.is_empty() {
                return desk.events.extend(settled);
            }
        }
        desk.push(CallEvent::InDoubt(InDoubt { name, error }));
    }

    fn settle_internal(
        self: &Arc<Self>,
        desk: &mut Desk,
        command: &CallCommand,
        result: Result<Answer, CommandError>,
    ) {
        if desk.is_parked() && !command.is(KeepAlive::NAME) {
            // Whoever can read its memory one day is to be told: it is asked again then.
            desk.call.timers.set(TimerName::Reconcile, desk.now());
            return;
        }
        if command.is(ListParticipants::NAME) {
            let Some(id) = desk.call.record.id().cloned() else { return };
            let page = result
                .ok()
                .map(|answer| http::Response::new(Bytes::from(answer.body)))
                .and_then(|read| ListParticipants::new(id).read(read).ok());
            // A page among several is not everybody, and of a call that is over nothing more is told.
            let page = page.filter(|page| page.next.is_none() && desk.call.record.ended().is_none());
            if let Some(page) = page {
                let event = desk.call.record_mut().read_roster(&page.participants);
                desk.events.extend(event);
            }
            return;
        }
        if command.host.is_some() {
            if let Err(error) = result {
                tracing::warn!(call_ref = %desk.claim.key, %error, "a media session could not be closed");
            }
            return;
        }
        if command.is(DeleteCall::NAME) {
            if let Err(error) = result
                && !error.is_gone()
            {
                tracing::warn!(call_ref = %desk.claim.key, %error, "a call of another attempt could not be hung up");
                // Should it be heard of again, it is tried again.
                desk.call.orphans.clear();
            }
            return;
        }
        match result {
            Ok(answer) if command.is(GetCall::NAME) => learn_state(desk, &answer),
            Ok(_) => {
                self.keep_alive_soon(desk);
                if !desk.is_parked() {
                    // That it lives says not how: a notification may have been lost.
                    ask_after(desk);
                }
            }
            // A page of a gateway says nothing of the call: only Graph's own code does.
            Err(error) if error.is_gone() && error.code.is_some() => {
                if desk.is_parked() {
                    // Whoever can read its memory one day is to be told.
                    desk.call.timers.clear();
                    desk.call.timers.set(TimerName::Reconcile, desk.now());
                    return;
                }
                let now = desk.now();
                let gone = desk.call.record_mut().gone(now);
                desk.events.extend(gone);
            }
            Err(error) if command.is(GetCall::NAME) => {
                tracing::debug!(call_ref = %desk.claim.key, %error, "the call could not be read");
            }
            Err(error) => {
                tracing::warn!(call_ref = %desk.claim.key, %error, "the call could not be kept alive");
                if desk.call.record.ended().is_none() {
                    desk.call.timers.set(TimerName::KeepAlive, desk.now() + SOON);
                }
            }
        }
    }

    /// The service took a command; one that started an operation is done when that has finished.
    fn settle_answer(&self, desk: &mut Desk, command: CallCommand, answer: &Answer) {
        if command.is(DeleteCall::NAME) {
            desk.call.outbox.hang_up();
            if desk.call.record.ended().is_none() {
                // Its end is told soon, unless that is lost.
                desk.call.timers.set(TimerName::Reconcile, desk.now() + SOON);
            }
        }
        if command.is(CreateCall::NAME) {
            self.placed(desk, answer);
        }
        let Some(context) = command.client_context.clone() else {
            let body = RawJson::from_string(answer.body.clone()).ok();
            return done(desk, command, body);
        };
        if !desk.call.record.is_operation_open(&context) {
            // Its notification was faster and has told the handler already.
            return;
        }
        match serde_json::from_str::<CommsOperation<'_>>(&answer.body) {
            Ok(mut operation) => {
                // Some answers leave the context out; this one answers the request that carried it.
                operation.client_context = Some(context.into());
                let event = desk.call.record_mut().apply_response(&operation);
                desk.events.extend(event);
            }
            // Its notification will tell how it ends.
            Err(error) => tracing::debug!(call_ref = %desk.claim.key, %error, "the answer has no operation"),
        }
    }

    /// The call was placed.
    fn placed(&self, desk: &mut Desk, answer: &Answer) {
        let now = desk.now();
        if let Some(events) = desk.call.record_mut().created(&created(answer), now) {
            desk.events.extend(events);
        } else {
            count(&self.counters.foreign);
            tracing::error!(call_ref = %desk.claim.key, "the answer names another call than its notifications");
        }
        if desk.call.record.id().is_some() {
            desk.call.timers.cancel(&TimerName::NeverHeardOf);
        } else {
            desk.call.timers.set(TimerName::NeverHeardOf, now + NEVER);
        }
    }
}

/// The call is about to be forgotten: a comms operation of which no end was told by now is in doubt for good.
pub(super) fn wait_no_longer(desk: &mut Desk) {
    for name in desk.call.record_mut().take_open_operations() {
        if desk.call.doubts.find(&name).is_none() {
            let error = CommandError::unknown("the service never told how it ended");
            desk.push(CallEvent::InDoubt(InDoubt { name, error }));
        }
    }
}

/// A command had no effect.
pub(super) fn fail(desk: &mut Desk, command: CallCommand, error: CommandError) {
    desk.touch();
    if command.internal {
        return;
    }
    if command.is(DeleteCall::NAME) && desk.call.record.ended().is_some() {
        return done(desk, command, None);
    }
    tracing::warn!(call_ref = %desk.claim.key, command = command.name, %error, "a command failed");
    if let Some(context) = &command.client_context {
        desk.call.record_mut().close_operation(context);
    }
    if command.decides().is_some() {
        desk.call.record_mut().undecide();
    }
    let placed = command.is(CreateCall::NAME);
    desk.push(CallEvent::Failed(Failed { name: command.name, error }));
    if placed && desk.call.record.id().is_none() {
        let now = desk.now();
        let ended = desk.call.record_mut().not_created(now);
        desk.events.extend(ended);
    }
}

/// What the service says of the call when it is asked.
fn learn_state(desk: &mut Desk, answer: &Answer) {
    let now = desk.now();
    let Ok(call) = serde_json::from_str::<Call<'_>>(&answer.body) else {
        tracing::debug!(call_ref = %desk.claim.key, "the call could not be read");
        return;
    };
    let events = desk.call.record_mut().read_call(&call, now);
    desk.events.extend(events);
    read_roster(desk, is_group(&call) || desk.call.record.roster().next().is_some());
}

/// Whether a call has more participants than two: then it has a meeting or a chat.
fn is_group(call: &Call<'_>) -> bool {
    call.meeting_info().is_some() || call.chat_info().is_some()
}

pub(super) fn done(desk: &mut Desk, command: CallCommand, body: Option<RawJson<'static>>) {
    if !command.internal {
        desk.push(CallEvent::Done(Done { name: command.name, operation: None, body }));
    }
}
