//! One conversation at work: item by item, strictly in order.

use std::{
    collections::VecDeque,
    future::Future,
    panic::AssertUnwindSafe,
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use graph_calls_core::{
    ApiRequest, Certainty, DeleteCall, KeepAlive, ListParticipants, Repeat, SubscribeToTone,
    model::{CommsOperation, RawJson, TenantId},
};
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    Conversation, Engine, Item,
    engine::{Unanswered, count},
    outbox::{CallFacts, Entry, Next},
    timers::TimerName,
};
use crate::{
    CallCommand, CallContext, CallEvent, CallRef, CommandError, Done, Failed, InDoubt,
    context::{Decisions, Facts},
    handler::{Decided, HandlerError},
};

/// The service waits 15 seconds for a decision, 5 for policy-based recording; the answer must arrive before that.
const WINDOW: Duration = Duration::from_secs(13);
const RECORDING_WINDOW: Duration = Duration::from_secs(4);
/// How long before the window's end the handler is reminded, and how long before it the fallback decides.
const REMINDER: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(3));
const RECORDING_REMINDER: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(1));
/// How long results of operations may still come after a call's end.
const LINGER: Duration = Duration::from_secs(120);
/// How long it is remembered that there was a call.
const TOMBSTONE: Duration = Duration::from_secs(24 * 60 * 60);
/// When an event is told again that could not be handled.
const TOLD_AGAIN: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(800),
    Duration::from_secs(3),
];
/// After a keep-alive that failed.
const SOON: Duration = Duration::from_secs(60);
/// The most events that one item may lead to. A handler that answers each failure with the same command stops here.
const MOST_EVENTS: u32 = 64;
/// Longer than any timer that makes sense, and short enough to be added to any time.
const LONGEST_TIMER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A conversation and what goes with it while a worker has it.
struct Desk {
    key: CallRef,
    tenant: TenantId,
    call: Box<Conversation>,
    /// Events that are still to be told, oldest first.
    events: VecDeque<CallEvent>,
    told: u32,
}

impl Engine {
    /// Handles what waits in a mailbox, until nothing does.
    pub(super) async fn work(self: Arc<Self>, key: CallRef) {
        let Some((tenant, call)) = self.store.claim(key) else { return };
        let mut desk = Desk { key, tenant, call, events: VecDeque::new(), told: 0 };
        loop {
            while let Some(item) = self.store.next(key) {
                desk.told = 0;
                self.take_in(&mut desk, item);
                self.keep_alive(&mut desk);
                self.tell(&mut desk).await;
                desk.call.handled += 1;
            }
            match self.store.release(key, desk.call) {
                Some(call) => desk.call = call,
                None => return,
            }
        }
    }

    /// Tells the handler what there is to tell, and sends what can be sent, until neither changes anything.
    async fn tell(self: &Arc<Self>, desk: &mut Desk) {
        loop {
            while let Some(event) = desk.events.pop_front() {
                self.note(desk, &event);
                if desk.told >= MOST_EVENTS {
                    count(&self.counters.events_dead);
                    tracing::error!(call_ref = %desk.key, event = event.kind(), "one item led to too many events");
                    continue;
                }
                self.tell_one(desk, event).await;
            }
            if !self.send_next(desk) {
                return;
            }
        }
    }

    fn take_in(self: &Arc<Self>, desk: &mut Desk, item: Item) {
        match item {
            Item::Notification { notification, received, received_at } => {
                count(&self.counters.notifications);
                if !desk.call.record.is_about(&notification) {
                    count(&self.counters.foreign);
                    tracing::warn!(call_ref = %desk.key, "a notification of another call");
                    return;
                }
                let record = desk.call.record_mut();
                record.bind_tenant(&desk.tenant);
                match record.apply(&notification, received) {
                    Ok(events) => desk.events.extend(events),
                    Err(error) => {
                        count(&self.counters.poisoned);
                        tracing::error!(call_ref = %desk.key, %error, "a notification cannot be read");
                    }
                }
                if record.takes_roster_reading()
                    && let Some(id) = record.id().cloned()
                {
                    desk.call.outbox.add(CallCommand::new(&ListParticipants::new(id)).internal(), None);
                }
                if desk.events.iter().any(|event| matches!(event, CallEvent::Incoming(_))) {
                    self.ring(desk, received, received_at);
                }
            }
            Item::Outcome { command, result } => {
                if let Some(entry) = desk.call.outbox.sent(command) {
                    self.settle(desk, entry.command, result.map_err(|error| *error));
                }
            }
            Item::Timer { name, due } => {
                if desk.call.timers.get(&name) == Some(&due) {
                    desk.call.timers.remove(&name);
                    self.due(desk, name);
                }
            }
        }
    }

    fn ring(&self, desk: &mut Desk, received: SystemTime, received_at: Instant) {
        let (window, (reminder, fallback)) = if desk.call.record.is_policy_recording() {
            (RECORDING_WINDOW, RECORDING_REMINDER)
        } else {
            (WINDOW, REMINDER)
        };
        let by = received_at + window;
        desk.call.answer_by = Some((received + window, by));
        self.set_timer(desk, TimerName::AnswerDue, by - reminder);
        self.set_timer(desk, TimerName::AnswerFallback, by - fallback);
    }

    /// Every call is asked after, also one that never got anywhere: its end may be what was lost.
    fn keep_alive(&self, desk: &mut Desk) {
        if desk.call.handled == 0 && desk.call.record.ended().is_none() {
            self.set_timer(desk, TimerName::KeepAlive, Instant::now() + self.about(self.config.keep_alive));
        }
    }

    fn due(self: &Arc<Self>, desk: &mut Desk, name: TimerName) {
        match name {
            TimerName::AnswerDue if desk.call.record.is_ringing() => {
                desk.events.push_back(CallEvent::AnswerDue);
            }
            TimerName::AnswerFallback => self.fall_back(desk),
            TimerName::KeepAlive => {
                if let Some(id) = desk.call.record.id().cloned() {
                    desk.call.outbox.add(CallCommand::new(&KeepAlive::new(id)).internal(), None);
                }
            }
            TimerName::Forget => {
                self.store.bury(desk.key);
                self.timers.set(Instant::now() + TOMBSTONE, desk.key, TimerName::Unbury);
            }
            TimerName::User(name) if desk.call.record.ended().is_none() => {
                desk.events.push_back(CallEvent::Timer(name));
            }
            // A command that waits is looked at after every item; the others have nothing left to say.
            _ => {}
        }
    }

    /// Decides about a ringing call in the handler's stead.
    fn fall_back(&self, desk: &mut Desk) {
        if !desk.call.record.is_ringing() {
            return;
        }
        let mut context = CallContext::new(self.facts(desk), ());
        match &self.config.unanswered {
            Unanswered::Ignore => return,
            Unanswered::Reject(reason) => context.reject(reason.clone()),
            Unanswered::Answer(answer) => context.answer(answer.clone()),
        }
        tracing::warn!(call_ref = %desk.key, "the handler decided nothing; the fallback does");
        self.keep(desk, context.into_decisions());
    }

    /// What an event means for the timers and the outbox of its call.
    fn note(&self, desk: &mut Desk, event: &CallEvent) {
        desk.events.extend(desk.call.doubts.settle(event));
        match event {
            CallEvent::Done(done) => desk.call.outbox.ended(&done.name, true),
            CallEvent::Failed(failed) => desk.call.outbox.ended(&failed.name, false),
            CallEvent::Terminated(ended) => {
                tracing::info!(call_ref = %desk.key, outcome = ended.outcome.as_str(), "call ended");
                for (name, at) in std::mem::take(&mut desk.call.timers) {
                    self.timers.cancel(at, desk.key, name);
                }
                self.set_timer(desk, TimerName::Forget, Instant::now() + LINGER);
            }
            _ => {}
        }
    }

    /// Tells one event, again and again if need be, and keeps what was decided.
    async fn tell_one(self: &Arc<Self>, desk: &mut Desk, event: CallEvent) {
        count(&self.counters.events);
        desk.told += 1;
        let facts = self.facts(desk);
        let mut waits = TOLD_AGAIN.into_iter();
        loop {
            let memory = desk.call.memory.clone();
            let deciding = self.handler.handle(facts.clone(), &memory, event.clone());
            let error = match self.while_ringing(desk, deciding).await {
                Ok(Decided { memory, decisions }) => {
                    desk.call.memory = memory;
                    return self.keep(desk, decisions);
                }
                Err(error) => error,
            };
            tracing::warn!(call_ref = %desk.key, event_id = facts.event_id, %error, "an event could not be handled");
            let too_late = |wait: Duration| {
                desk.call.record.is_ringing()
                    && desk.call.answer_by.is_some_and(|(_, by)| Instant::now() + wait >= by)
            };
            match waits.next() {
                Some(wait) if !too_late(wait) => self.while_ringing(desk, sleep(wait)).await,
                _ => return self.give_up(desk, facts, event, error).await,
            }
        }
    }

    /// Waits for the handler, or to tell it again. A ringing call does not wait with it for longer than it may: then the
    /// fallback decides.
    async fn while_ringing<T>(self: &Arc<Self>, desk: &mut Desk, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if let Some(at) = desk.call.timers.get(&TimerName::AnswerFallback).copied() {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = sleep_until(at) => {
                    self.cancel_timer(desk, &TimerName::AnswerFallback);
                    self.fall_back(desk);
                    self.send_next(desk);
                }
            }
        }
        work.await
    }

    async fn give_up(&self, desk: &mut Desk, facts: Facts, event: CallEvent, error: HandlerError) {
        count(&self.counters.events_dead);
        tracing::error!(
            call_ref = %desk.key, event_id = facts.event_id, event = event.kind(), %error, "an event is given up"
        );
        match self.handler.fail(facts, &desk.call.memory, event, error).await {
            Ok(Decided { memory, decisions }) => {
                desk.call.memory = memory;
                self.keep(desk, decisions);
            }
            Err(error) => tracing::error!(call_ref = %desk.key, %error, "nor could its failure be handled"),
        }
    }

    /// Keeps what was decided, all at once.
    fn keep(&self, desk: &mut Desk, decisions: Decisions) {
        if desk.call.record.ended().is_some() {
            // Nothing can be done about a call that is over, and telling so would only lead to more of it.
            for command in &decisions.commands {
                tracing::debug!(call_ref = %desk.key, command = command.name(), "not sent: the call is over");
            }
            return;
        }
        for (name, after) in decisions.timers {
            let name = TimerName::User(name);
            match after {
                Some(after) => self.set_timer(desk, name, Instant::now() + after.min(LONGEST_TIMER)),
                None => self.cancel_timer(desk, &name),
            }
        }
        for command in decisions.commands {
            count(&self.counters.commands);
            let request = match command.request_for(&desk.call.record) {
                Ok(request) => request,
                Err(why) => {
                    let error = CommandError::unsent(why);
                    desk.events.push_back(CallEvent::Failed(Failed { name: command.name, error }));
                    continue;
                }
            };
            let ring =
                desk.call.answer_by.filter(|_| request.repeat == Repeat::WhileIncoming).map(|(_, by)| by);
            let own = command.within.map(|within| Instant::now() + within.min(LONGEST_TIMER));
            let expires = match (ring, own) {
                (Some(ring), Some(own)) => Some(ring.min(own)),
                (ring, own) => ring.or(own),
            };
            if let Some(decided) = command.decides() {
                desk.call.record_mut().decide(decided);
            }
            if let Some(participant) = &command.invitee {
                desk.call.record_mut().invite(&command.name, participant.clone());
            }
            desk.call.outbox.add(command, expires);
        }
    }

    /// Sends the next command that can be sent. Returns whether there is something new to tell.
    fn send_next(self: &Arc<Self>, desk: &mut Desk) -> bool {
        let facts = CallFacts {
            media_active: desk.call.record.is_media_active(),
            over: desk.call.record.ended().is_some(),
        };
        match desk.call.outbox.next(facts, Instant::now()) {
            Next::Send(entry) => {
                if let Some(context) = &entry.command.client_context {
                    desk.call.record_mut().open_operation(context, &entry.command.name);
                }
                self.send(desk.key, &desk.tenant, *entry);
                false
            }
            Next::Fail(entry, why) => {
                if entry.command.is(DeleteCall::NAME) && facts.over {
                    done(desk, entry.command, None);
                } else {
                    failed(desk, entry.command, CommandError::unsent(why));
                }
                true
            }
            Next::Wait(Some(at)) => {
                self.set_timer(desk, TimerName::Outbox, at);
                false
            }
            Next::Wait(None) => false,
        }
    }

    fn send(self: &Arc<Self>, key: CallRef, tenant: &TenantId, entry: Entry) {
        let engine = Arc::clone(self);
        let client = self.client.for_tenant(tenant.clone());
        let busy = self.busy();
        tokio::spawn(async move {
            let Entry { id, command, expires } = entry;
            // A command whose request could not be made never gets here.
            if let Ok(request) = &command.request {
                let request = request.to_request();
                let sending = async {
                    match expires {
                        Some(expires) => client.send_by(request, expires).await,
                        None => client.send(request).await,
                    }
                };
                let result = match AssertUnwindSafe(sending).catch_unwind().await {
                    Ok(result) => {
                        result.map(http::Response::into_body).map_err(|error| CommandError::from(&error))
                    }
                    Err(_) => Err(CommandError::unknown("the transport or the token provider panicked")),
                };
                engine.push(key, Item::Outcome { command: id, result: result.map_err(Box::new) });
            }
            drop(busy);
        });
    }

    /// What the outcome of a command's request means.
    fn settle(&self, desk: &mut Desk, command: CallCommand, result: Result<Bytes, CommandError>) {
        if command.internal {
            self.settle_internal(desk, &command, result);
            return;
        }
        let error = match result {
            Ok(body) => {
                settle_answer(desk, command, &body);
                return;
            }
            Err(error) => error,
        };
        let operation_open =
            command.client_context.as_ref().map(|context| desk.call.record.is_operation_open(context));
        let already_so = command.is(DeleteCall::NAME) && error.is_gone();
        let answer_lost = error.answer_lost && operation_open.is_none();
        if already_so || answer_lost {
            settle_answer(desk, command, &Bytes::new());
        } else if operation_open == Some(false) {
            // Its notification was faster than the failure of its request, and has told how it ended.
        } else if error.certainty == Certainty::Unknown {
            count(&self.counters.in_doubt);
            tracing::warn!(call_ref = %desk.key, command = command.name, %error, "nobody knows whether it had its effect");
            desk.call.doubts.add(&command);
            desk.events.push_back(CallEvent::InDoubt(InDoubt { name: command.name, error }));
        } else {
            failed(desk, command, error);
        }
    }

    fn settle_internal(&self, desk: &mut Desk, command: &CallCommand, result: Result<Bytes, CommandError>) {
        if command.is(ListParticipants::NAME) {
            let Some(id) = desk.call.record.id().cloned() else { return };
            let page = result
                .ok()
                .map(http::Response::new)
                .and_then(|read| ListParticipants::new(id).read(read).ok());
            // A page among several is not everybody.
            if let Some(page) = page.filter(|page| page.next.is_none()) {
                let event = desk.call.record_mut().read_roster(&page.participants);
                desk.events.extend(event);
            }
            return;
        }
        let next = match result {
            Ok(_) => self.about(self.config.keep_alive),
            // A page of a gateway says nothing of the call: only Graph's own code does.
            Err(error) if error.is_gone() && error.code.is_some() => {
                let gone = desk.call.record_mut().gone(self.wall.now());
                desk.events.extend(gone);
                return;
            }
            Err(error) => {
                tracing::warn!(call_ref = %desk.key, %error, "the call could not be kept alive");
                SOON
            }
        };
        if desk.call.record.ended().is_none() {
            self.set_timer(desk, TimerName::KeepAlive, Instant::now() + next);
        }
    }

    fn facts(&self, desk: &Desk) -> Facts {
        Facts {
            call_ref: desk.key,
            event_id: format!("{}-{}-{}", desk.key, desk.call.handled, desk.told),
            callback: self.config.callback.clone(),
            answer_by: desk.call.answer_by.map(|(date, _)| date),
            record: Arc::clone(&desk.call.record),
        }
    }

    fn set_timer(&self, desk: &mut Desk, name: TimerName, at: Instant) {
        self.cancel_timer(desk, &name);
        desk.call.timers.insert(name.clone(), at);
        self.timers.set(at, desk.key, name);
    }

    fn cancel_timer(&self, desk: &mut Desk, name: &TimerName) {
        if let Some(at) = desk.call.timers.remove(name) {
            self.timers.cancel(at, desk.key, name.clone());
        }
    }
}

/// The service took a command; one that started an operation is done when that has finished.
fn settle_answer(desk: &mut Desk, command: CallCommand, body: &Bytes) {
    if command.is(SubscribeToTone::NAME) {
        desk.call.record_mut().tones_start_over();
    }
    if command.is(DeleteCall::NAME) {
        desk.call.outbox.hang_up();
    }
    let Some(context) = command.client_context.clone() else {
        let body = std::str::from_utf8(body).ok().and_then(|text| RawJson::from_string(text.to_owned()).ok());
        return done(desk, command, body);
    };
    if !desk.call.record.is_operation_open(&context) {
        // Its notification was faster and has told the handler already.
        return;
    }
    match serde_json::from_slice::<CommsOperation<'_>>(body) {
        Ok(mut operation) => {
            // Some answers leave the context out; this one answers the request that carried it.
            operation.client_context = Some(context.into());
            let event = desk.call.record_mut().apply_response(&operation);
            desk.events.extend(event);
        }
        // Its notification will tell how it ends.
        Err(error) => tracing::debug!(call_ref = %desk.key, %error, "the answer has no operation"),
    }
}

fn done(desk: &mut Desk, command: CallCommand, body: Option<RawJson<'static>>) {
    if !command.internal {
        desk.events.push_back(CallEvent::Done(Done { name: command.name, operation: None, body }));
    }
}

fn failed(desk: &mut Desk, command: CallCommand, error: CommandError) {
    if command.internal {
        return;
    }
    tracing::warn!(call_ref = %desk.key, command = command.name, %error, "a command failed");
    if let Some(context) = &command.client_context {
        desk.call.record_mut().close_operation(context);
    }
    if command.decides().is_some() {
        desk.call.record_mut().undecide();
    }
    desk.events.push_back(CallEvent::Failed(Failed { name: command.name, error }));
}
