//! One conversation at work: item by item, strictly in order.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use graph_calls_core::{
    AnswerCall, ApiRequest, Certainty, DeleteCall, Error, KeepAlive, RejectCall, Repeat, SubscribeToTone,
    model::{CommsOperation, TenantId},
};
use tokio::time::{Instant, sleep};

use super::{
    Engine,
    engine::{Unanswered, count},
    outbox::{CallFacts, Entry, Next},
    timers::TimerName,
};
use crate::{
    CallCommand, CallContext, CallEvent, CallRef, Done, Failed, InDoubt,
    context::{Decisions, Facts},
    event::CommandError,
    handler::{Decided, HandlerError},
    record,
    store::{Conversation, Item},
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
                desk.call.record.bind_tenant(&desk.tenant);
                match desk.call.record.apply(&notification, received) {
                    Ok(events) => desk.events.extend(events),
                    Err(error) => {
                        count(&self.counters.poisoned);
                        tracing::error!(call_ref = %desk.key, %error, "a notification cannot be read");
                    }
                }
                if desk.events.iter().any(|event| matches!(event, CallEvent::Incoming(_))) {
                    self.ring(desk, received, received_at);
                }
            }
            Item::Outcome { command, result } => {
                if let Some(entry) = desk.call.outbox.sent(command) {
                    self.settle(desk, entry, result);
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

    fn ring(&self, desk: &mut Desk, received: std::time::SystemTime, received_at: Instant) {
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

    fn due(&self, desk: &mut Desk, name: TimerName) {
        let ringing = desk.call.record.is_ringing();
        match name {
            TimerName::AnswerDue if ringing => desk.events.push_back(CallEvent::AnswerDue),
            TimerName::AnswerFallback if ringing => {
                let mut context = CallContext::new(self.facts(desk), ());
                match &self.config.unanswered {
                    Unanswered::Ignore => return,
                    Unanswered::Reject(reason) => context.reject(reason.clone()),
                    Unanswered::Answer(answer) => context.answer(answer.clone()),
                }
                self.keep(desk, context.into_decisions());
            }
            TimerName::KeepAlive => {
                if let Some(id) = desk.call.record.id().cloned() {
                    let mut command = CallCommand::new(&KeepAlive::new(id));
                    command.internal = true;
                    desk.call.outbox.add(command, None);
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

    /// What an event means for the timers and the outbox of its call.
    fn note(&self, desk: &mut Desk, event: &CallEvent) {
        match event {
            CallEvent::Done(done) => desk.call.outbox.ended(&done.name, true),
            CallEvent::Failed(failed) => desk.call.outbox.ended(&failed.name, false),
            CallEvent::Established => {
                self.set_timer(
                    desk,
                    TimerName::KeepAlive,
                    Instant::now() + self.about(self.config.keep_alive),
                );
            }
            CallEvent::Terminated(ended) => {
                tracing::info!(call_ref = %desk.key, %ended, "call ended");
                for (name, at) in std::mem::take(&mut desk.call.timers) {
                    self.timers.cancel(at, desk.key, name);
                }
                self.set_timer(desk, TimerName::Forget, Instant::now() + LINGER);
            }
            _ => {}
        }
    }

    /// Tells one event, again and again if need be, and keeps what was decided.
    async fn tell_one(&self, desk: &mut Desk, event: CallEvent) {
        count(&self.counters.events);
        let facts = self.facts(desk);
        desk.told += 1;
        let mut waits = TOLD_AGAIN.into_iter();
        loop {
            let error = match self.handler.handle(facts.clone(), &desk.call.memory, event.clone()).await {
                Ok(Decided { memory, decisions }) => {
                    desk.call.memory = memory;
                    self.keep(desk, decisions);
                    return;
                }
                Err(error) => error,
            };
            tracing::warn!(call_ref = %desk.key, event_id = facts.event_id, %error, "an event could not be handled");
            let too_late = |wait: Duration| {
                desk.call.record.is_ringing()
                    && desk.call.answer_by.is_some_and(|(_, by)| Instant::now() + wait >= by)
            };
            match waits.next() {
                Some(wait) if !too_late(wait) => sleep(wait).await,
                _ => return self.give_up(desk, facts, event, error).await,
            }
        }
    }

    async fn give_up(&self, desk: &mut Desk, facts: Facts, event: CallEvent, error: HandlerError) {
        count(&self.counters.events_dead);
        tracing::error!(call_ref = %desk.key, event_id = facts.event_id, ?event, %error, "an event is given up");
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
        for (name, after) in decisions.timers {
            let name = TimerName::User(name);
            match after {
                Some(after) => self.set_timer(desk, name, Instant::now() + after),
                None => self.cancel_timer(desk, &name),
            }
        }
        for command in decisions.commands {
            count(&self.counters.commands);
            let request = match &command.request {
                Ok(request) => request,
                Err(why) => {
                    let error = CommandError::unsent(why.clone());
                    desk.events.push_back(CallEvent::Failed(Failed { name: command.name, error }));
                    continue;
                }
            };
            if let Some(decided) = decision(&request.name) {
                desk.call.record.decide(decided);
            }
            let ring =
                desk.call.answer_by.filter(|_| request.repeat == Repeat::WhileIncoming).map(|(_, by)| by);
            let own = command.within.map(|within| Instant::now() + within);
            let expires = match (ring, own) {
                (Some(ring), Some(own)) => Some(ring.min(own)),
                (ring, own) => ring.or(own),
            };
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
                    desk.call.record.open_operation(context, &entry.command.name);
                }
                self.send(desk.key, &desk.tenant, *entry);
                false
            }
            Next::Fail(entry, why) => {
                if entry.command.is(DeleteCall::NAME) && facts.over {
                    done(desk, entry.command);
                } else {
                    Self::failed(desk, entry.command, CommandError::unsent(why));
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
                let result = match expires {
                    Some(expires) => client.send_by(request, expires).await,
                    None => client.send(request).await,
                };
                engine.push(key, Item::Outcome { command: id, result });
            }
            drop(busy);
        });
    }

    /// What the outcome of a command's request means.
    fn settle(&self, desk: &mut Desk, entry: Entry, result: Result<http::Response<Bytes>, Error>) {
        let command = entry.command;
        if command.is(KeepAlive::NAME) && command.internal {
            self.settle_keep_alive(desk, &result);
            return;
        }
        let error = match result {
            Ok(response) => {
                if command.is(SubscribeToTone::NAME) {
                    desk.call.record.tones_start_over();
                }
                Self::settle_response(desk, command, &response);
                return;
            }
            Err(error) => error,
        };
        let already_so = command.is(DeleteCall::NAME) && error.is_not_found();
        let answer_lost = error.is_answer_lost() && command.client_context.is_none();
        if already_so || answer_lost {
            done(desk, command);
        } else if error.certainty() == Certainty::Unknown {
            count(&self.counters.in_doubt);
            tracing::warn!(call_ref = %desk.key, command = command.name, %error, "nobody knows whether it had its effect");
            let error = CommandError::from(&error);
            desk.events.push_back(CallEvent::InDoubt(InDoubt { name: command.name, error }));
        } else {
            if command.request.as_ref().is_ok_and(|request| decision(&request.name).is_some()) {
                desk.call.record.undecide();
            }
            Self::failed(desk, command, CommandError::from(&error));
        }
    }

    fn settle_response(desk: &mut Desk, command: CallCommand, response: &http::Response<Bytes>) {
        let Some(context) = command.client_context.clone() else {
            done(desk, command);
            return;
        };
        if !desk.call.record.is_operation_open(&context) {
            // Its notification was faster and has told the handler already.
            return;
        }
        match serde_json::from_slice::<CommsOperation<'_>>(response.body()) {
            Ok(mut operation) => {
                // Some answers leave the context out; this one answers the request that carried it.
                operation.client_context = Some(context.into());
                desk.events.extend(desk.call.record.apply_response(&operation));
            }
            // Its notification will tell how it ends.
            Err(error) => tracing::debug!(call_ref = %desk.key, %error, "the answer has no operation"),
        }
    }

    fn settle_keep_alive(&self, desk: &mut Desk, result: &Result<http::Response<Bytes>, Error>) {
        let next = match result {
            Ok(_) => self.about(self.config.keep_alive),
            Err(error) if error.is_not_found() => {
                let gone = desk.call.record.gone(self.wall.now());
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

    fn failed(desk: &mut Desk, command: CallCommand, error: CommandError) {
        tracing::warn!(call_ref = %desk.key, command = command.name, %error, "a command failed");
        if let Some(context) = &command.client_context {
            desk.call.record.close_operation(context);
        }
        if !command.internal {
            desk.events.push_back(CallEvent::Failed(Failed { name: command.name, error }));
        }
    }

    fn facts(&self, desk: &Desk) -> Facts {
        Facts {
            call_ref: desk.key,
            event_id: format!("{}-{}", desk.call.handled, desk.told),
            callback: self.config.callback.below(&["c", &desk.key.to_string(), "0"]),
            answer_by: desk.call.answer_by.map(|(date, _)| date),
            record: desk.call.record.clone(),
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

fn done(desk: &mut Desk, command: CallCommand) {
    if !command.internal {
        desk.events.push_back(CallEvent::Done(Done { name: command.name, operation: None }));
    }
}

/// What a request decides about a ringing call.
fn decision(request: &str) -> Option<record::Decided> {
    match request {
        AnswerCall::NAME => Some(record::Decided::Answer),
        RejectCall::NAME => Some(record::Decided::Reject),
        "call-redirect" => Some(record::Decided::Redirect),
        _ => None,
    }
}
