//! What a handler is told, and what it decides.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use graph_calls_core::{ApiRequest as _, GetCall, Repeat, model::CallbackUri};
use serde_json::value::RawValue;
use tokio::time::{sleep, sleep_until};

use super::{
    Engine,
    content::{self, Letter},
    desk::Desk,
    dial::Opening,
    engine::count,
    life::read_roster,
    settle::done,
    timers::TimerName,
};
use crate::{
    CallCommand, CallEvent, CommandError, Failed, InDoubt,
    context::{Decisions, Facts, Verdict},
    handler::{Decided, HandlerError},
    store::StoreError,
};

/// How long results of operations may still come after a call's end.
const LINGER: Duration = Duration::from_secs(120);
/// When an event is told again that could not be handled.
const TOLD_AGAIN: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(800),
    Duration::from_secs(3),
];
/// The most events that one item may lead to. A handler that answers each failure with the same command stops here.
const MOST_EVENTS: u32 = 64;
/// Longer than any timer that makes sense, and short enough to be added to any time.
const LONGEST_TIMER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Engine {
    /// Tells the handler what there is to tell, until its decisions lead to nothing new.
    pub(super) async fn tell(self: &Arc<Self>, desk: &mut Desk) -> Result<(), StoreError> {
        while let Some(event) = desk.events.pop_front() {
            desk.touch();
            let Some(event) = self.aside(desk, event) else { continue };
            self.note(desk, &event);
            if desk.told >= MOST_EVENTS {
                count(&self.counters.events_dead);
                tracing::error!(call_ref = %desk.claim.key, event = event.kind(), "one item led to too many events");
                desk.bury(&format!("it led to more than {MOST_EVENTS} events"));
                continue;
            }
            self.tell_one(desk, event).await?;
        }
        Ok(())
    }

    /// What an event means for the timers and the outbox of its call.
    pub(super) fn note(&self, desk: &mut Desk, event: &CallEvent) {
        let settled = desk.call.doubts.settle(event);
        desk.events.extend(settled);
        match event {
            CallEvent::Done(done) => desk.call.outbox.ended(&done.name, true),
            CallEvent::Failed(failed) => {
                desk.call.outbox.ended(&failed.name, false);
                desk.call.asking.in_vain(&failed.name);
            }
            CallEvent::InDoubt(doubt) => desk.call.asking.in_vain(&doubt.name),
            CallEvent::Digits(digits) => desk.call.outbox.ended(&digits.name, digits.end.is_answer()),
            CallEvent::Terminated(ended) => {
                tracing::info!(call_ref = %desk.claim.key, outcome = ended.outcome.as_str(), "call ended");
                desk.call.timers.clear();
                desk.call.timers.set(TimerName::Forget, desk.now() + LINGER);
                self.close_media(desk);
            }
            _ => {}
        }
    }

    /// Tells one event, again and again if need be, and keeps what was decided.
    async fn tell_one(self: &Arc<Self>, desk: &mut Desk, event: CallEvent) -> Result<(), StoreError> {
        let Some(app) = desk.call.app.as_ref().and_then(|app| self.app(app)) else { return Ok(()) };
        let handler = app.handler(&desk.call.record);
        count(&self.counters.events);
        desk.next_event(&event);
        let facts = self.facts(desk);
        let mut waits = TOLD_AGAIN.into_iter();
        loop {
            let memory = desk.call.memory.clone();
            let memory = memory.as_deref().map(RawValue::get);
            let deciding = handler.handle(facts.clone(), memory, event.clone());
            let error = match self.while_ringing(desk, deciding).await? {
                Ok(Decided { memory, decisions }) => {
                    desk.call.memory = Some(memory);
                    self.keep(desk, decisions);
                    return Ok(());
                }
                Err(error) => error,
            };
            tracing::warn!(call_ref = %desk.claim.key, event_id = facts.event_id, %error, "an event could not be handled");
            let now = desk.now();
            let too_late = |wait: Duration| {
                desk.call.record.is_ringing() && desk.call.answer_by.is_some_and(|by| now + wait >= by.0)
            };
            match waits.next() {
                Some(wait) if !too_late(wait) => self.while_ringing(desk, sleep(wait)).await?,
                _ => break self.give_up(desk, facts, event, error).await?,
            }
        }
        Ok(())
    }

    /// Waits for the handler, or to tell it again. A ringing call does not wait with it for longer than it may: then the
    /// fallback decides.
    async fn while_ringing<T>(
        self: &Arc<Self>,
        desk: &mut Desk,
        work: impl Future<Output = T>,
    ) -> Result<T, StoreError> {
        let mut work = pin!(work);
        if let Some(at) = desk.call.timers.at(&TimerName::AnswerFallback) {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = sleep_until(desk.instant(at)) => {
                    self.decide_meanwhile(desk).await?;
                }
            }
        }
        Ok(work.await)
    }

    async fn give_up(
        self: &Arc<Self>,
        desk: &mut Desk,
        facts: Facts,
        event: CallEvent,
        error: HandlerError,
    ) -> Result<(), StoreError> {
        count(&self.counters.events_dead);
        tracing::error!(
            call_ref = %desk.claim.key, event_id = facts.event_id, event = event.kind(), %error, "an event is given up"
        );
        desk.bury(&format!("the handler could not handle `{}`: {error}", event.kind()));
        let Some(app) = desk.call.app.as_ref().and_then(|app| self.app(app)) else { return Ok(()) };
        let handler = app.handler(&desk.call.record);
        let memory = desk.call.memory.clone();
        let memory = memory.as_deref().map(RawValue::get);
        let deciding = handler.fail(facts, memory, event, error);
        match self.while_ringing(desk, deciding).await? {
            Ok(Decided { memory, decisions }) => {
                desk.call.memory = Some(memory);
                self.keep(desk, decisions);
            }
            Err(error) => {
                tracing::error!(call_ref = %desk.claim.key, %error, "nor could its failure be handled");
            }
        }
        Ok(())
    }

    /// Keeps what was decided, all at once.
    pub(super) fn keep(self: &Arc<Self>, desk: &mut Desk, decisions: Decisions) {
        desk.touch();
        // Calls before messages: they may be to them.
        for Opening { key, tenant, item } in decisions.dials {
            desk.call.post(key, Some(tenant), item);
        }
        for (to, body) in decisions.letters {
            desk.call.post(to, None, content::letter(&Letter::Message { from: Some(desk.claim.key), body }));
        }
        if desk.call.record.ended().is_some() {
            // Nothing can be done about a call that is over, and telling so would only lead to more of it.
            for command in &decisions.commands {
                tracing::debug!(call_ref = %desk.claim.key, command = command.name(), "not sent: the call is over");
            }
            return;
        }
        for (name, after) in decisions.timers {
            let name = TimerName::User(name);
            match after {
                Some(after) => desk.call.timers.set(name, desk.now() + after.min(LONGEST_TIMER)),
                None => desk.call.timers.cancel(&name),
            }
        }
        for (name, verdict) in decisions.verdicts {
            self.resolve(desk, &name, verdict);
        }
        self.ask(desk, decisions.questions);
        for command in decisions.commands {
            count(&self.counters.commands);
            self.add(desk, command);
        }
    }

    /// Puts a command into the outbox, as the requests that it takes.
    pub(super) fn add(self: &Arc<Self>, desk: &mut Desk, command: CallCommand) {
        match command.records {
            Some(on) => self.record(desk, command, on),
            None => drop(add(desk, command)),
        }
    }

    /// What the handler says of a command that is in doubt.
    fn resolve(self: &Arc<Self>, desk: &mut Desk, name: &str, verdict: Verdict) {
        let Some(command) = desk.call.doubts.find(name).cloned() else {
            let error = CommandError::unsent("no command of this name is in doubt");
            desk.push(CallEvent::Failed(Failed { name: name.to_owned(), error }));
            return;
        };
        match verdict {
            Verdict::AssumeDone => {
                desk.call.doubts.take(name);
                if let Some(context) = &command.client_context {
                    // Its own end, should it be told yet, is no second one.
                    desk.call.record_mut().close_operation(context);
                }
                done(desk, command, None);
            }
            Verdict::Redo => {
                desk.call.doubts.take(name);
                desk.call.timers.cancel(&TimerName::NeverHeardOf);
                if command.decides().is_some() {
                    // It is decided once more, if it still can be.
                    desk.call.record_mut().undecide();
                }
                let command = self.another_attempt(desk, command);
                add(desk, command);
            }
            // The state of the call settles what only it can tell.
            Verdict::Check => {
                if let Some(id) = desk.call.record.id().cloned() {
                    desk.call.outbox.add(CallCommand::new(&GetCall::new(id)).internal(), None);
                    read_roster(desk, false);
                } else {
                    let error = CommandError::unknown("the call has no id to be asked for by");
                    desk.push(CallEvent::InDoubt(InDoubt { name: name.to_owned(), error }));
                }
            }
        }
    }

    /// A call that is placed again is told apart by its callback: one of the attempts may be heard of later.
    fn another_attempt(&self, desk: &mut Desk, mut command: CallCommand) -> CallCommand {
        if !command.is(graph_calls_core::CreateCall::NAME) {
            return command;
        }
        desk.call.attempt += 1;
        let uri = self.callback(desk.claim.key, desk.call.attempt);
        command.set_callback(&uri);
        command
    }

    /// Where the notifications of a call go.
    pub(crate) fn callback(&self, key: crate::CallRef, attempt: u32) -> CallbackUri {
        self.config.callback.below(&["c", &key.to_string(), &attempt.to_string()])
    }

    pub(super) fn facts(&self, desk: &Desk) -> Facts {
        Facts {
            call_ref: desk.claim.key,
            event_id: desk.event_id(),
            callback: self.config.callback.clone(),
            sounds: self.config.sounds.clone(),
            answer_by: desk.call.answer_by.map(|by| by.0),
            app: desk.call.app.clone(),
            tenant: desk.tenant.clone(),
            record: Arc::clone(&desk.call.record),
        }
    }
}

/// Puts a command of one request into the outbox, unless it cannot be sent. Returns its number there.
pub(super) fn add(desk: &mut Desk, command: CallCommand) -> Option<u64> {
    let refused = desk.call.hosting.refuses(&command);
    let request = match refused.map_or_else(|| command.request_for(&desk.call.record), Err) {
        Ok(request) => request,
        Err(why) => {
            let error = CommandError::unsent(why);
            desk.push(CallEvent::Failed(Failed { name: command.name, error }));
            return None;
        }
    };
    let ring = desk.call.answer_by.filter(|_| request.repeat == Repeat::WhileIncoming).map(|by| by.0);
    let own = command.within.map(|within| desk.now() + within.min(LONGEST_TIMER));
    let expires = match (ring, own) {
        (Some(ring), Some(own)) => Some(ring.min(own)),
        (ring, own) => ring.or(own),
    };
    if let Some(decided) = command.decides() {
        let room = command.room();
        let record = desk.call.record_mut();
        record.decide(decided);
        record.make_room(room);
    }
    if let Some(participant) = &command.invitee {
        let (name, participant) = (command.name.clone(), participant.clone());
        desk.call.record_mut().invite(&name, participant);
    }
    desk.call.asking.decided(&command);
    desk.call.hosting.decided(&command);
    Some(desk.call.outbox.add(command, expires))
}
