//! One claimed conversation at work: item by item, strictly in order.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use graph_calls_core::{ApiRequest as _, CreateCall, SubscribeToTone, TransferCall};
use tokio::time::{Instant, sleep_until};

use super::{
    Conversation, Engine, content,
    conversation::parked_until,
    desk::{Desk, Finished, Standing},
    engine::{Active, count},
    outbox::{Next, Sending},
    settle::{fail, wait_no_longer},
    timers::TimerName,
};
use crate::{
    CallRef, CommandError,
    handler::Restored,
    store::{Accepted, Arrival, Browse, Change, Claim, DedupKey, Phase, StoreError, Stored},
};

/// An item that so many claims died of is not handled by a further one.
const DEADLY: u32 = 5;
/// How long it is remembered that there was a call.
const TOMBSTONE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the outcome of a request may take into the store after the request's own deadline.
const GRACE: Duration = Duration::from_secs(1);
/// After what could not be done now: a letter, another call's id.
pub(super) const AGAIN: Duration = Duration::from_secs(1);

impl Engine {
    /// Handles all there is to handle in a claimed mailbox, and waits for what is under way.
    pub(super) async fn converse(
        self: &Arc<Self>,
        claim: Claim,
        active: &Arc<Active>,
    ) -> Result<(), StoreError> {
        let for_its_time = claim.items.is_empty();
        let Some(mut desk) = self.open(claim, active).await? else { return Ok(()) };
        if desk.careful && desk.has_finished() {
            // What was given up stays so, whatever else somebody may die of.
            self.commit(&mut desk).await?;
        }
        if for_its_time {
            // Should nothing come of it, it is at least written down when it wants to be claimed next.
            desk.touch();
        }
        loop {
            desk.take_orders();
            self.handle_all(&mut desk).await?;
            if desk.is_dirty() && desk.standing != Standing::Forgotten {
                self.commit(&mut desk).await?;
                continue;
            }
            if desk.standing == Standing::Forgotten {
                self.hand_out(&mut desk).await;
                return Ok(());
            }
            let now = desk.now();
            let wake = desk.next_time();
            if wake.is_some_and(|wake| wake <= now) {
                continue;
            }
            if !desk.call.outbox.is_sending(desk.claim.epoch) {
                return Ok(());
            }
            // Not released: the outcome is ours to take in, unless we die before.
            tokio::select! {
                () = active.bell.notified() => {}
                () = sleep_until(desk.instant(wake.unwrap_or(now + AGAIN))) => {}
            }
            active.hush();
            let more = self.store.fetch(&desk.claim, desk.seen).await?;
            desk.receive(more);
        }
    }

    /// Lays out what was claimed. Nothing where it cannot be read: it is parked then.
    async fn open(&self, claim: Claim, active: &Arc<Active>) -> Result<Option<Desk>, StoreError> {
        let now = Instant::now();
        let call = match Conversation::from_bytes(claim.state.as_ref()) {
            Ok(call) => call,
            Err(error) => {
                tracing::error!(call_ref = %claim.this.key, %error, "a call cannot be read; it is parked");
                let state = claim.state.unwrap_or_default();
                let seen = claim.items.last().map_or(0, |item| item.number);
                let wake = parked_until(true, claim.now);
                let change = Change { phase: Phase::Parked, ..Change::new(state, seen, wake) };
                self.store.commit(&claim.this, change).await?;
                return Ok(None);
            }
        };
        let mut desk = Desk::new(claim.this, claim.tenant, call, (claim.now, now), Arc::clone(active));
        desk.receive(claim.items);
        desk.careful = claim.failures > 0;
        if claim.failures > 0 || desk.call.outbox.orphaned(desk.claim.epoch).is_some() {
            count(&self.counters.take_overs);
        }
        self.remember(&mut desk);
        if claim.failures >= DEADLY && !desk.is_parked() {
            let why = format!("{DEADLY} instances in a row stopped while they handled it");
            count(&self.counters.events_dead);
            desk.bury_first(&why);
        }
        desk.call.outbox.take_over(desk.claim.epoch);
        Ok(Some(desk))
    }

    /// Sees to it that the memory can be read before anything is told: a call whose memory cannot is parked.
    fn remember(&self, desk: &mut Desk) {
        let Some(app) = desk.app() else { return };
        let Some(app) = self.app(&app) else {
            tracing::error!(call_ref = %desk.claim.key, %app, "a call of an app that this bot is not; it is parked");
            return park(desk);
        };
        let Some(memory) = &desk.call.memory else { return };
        match app.handler(&desk.call.record).restore(memory.get()) {
            Restored::AsItIs => {}
            Restored::Instead(memory) => {
                desk.call.memory = Some(memory);
                desk.touch();
            }
            Restored::No(error) => {
                tracing::error!(call_ref = %desk.claim.key, %error, "the memory of a call cannot be read; it is parked");
                park(desk);
            }
        }
    }

    /// Items first, then what is due, then what can be sent; until nothing of it is left.
    async fn handle_all(self: &Arc<Self>, desk: &mut Desk) -> Result<(), StoreError> {
        loop {
            let some = if let Some(stored) = desk.next_item() {
                self.take_in(desk, &stored);
                self.tell(desk).await?;
                desk.finish(&stored);
                true
            } else if self.pass_time(desk) {
                self.tell(desk).await?;
                desk.before = None;
                true
            } else {
                false
            };
            // What was decided does not wait for what arrived after it.
            let more = self.send_next(desk).await?;
            if !desk.outgoing.is_empty() || (desk.careful && desk.has_finished()) {
                self.commit(desk).await?;
            }
            if !some && !more {
                return self.post_letters(desk).await;
            }
            if desk.standing == Standing::Forgotten {
                return Ok(());
            }
        }
    }

    /// Commits what the desk has changed, and starts what is allowed by that.
    pub(super) async fn commit(self: &Arc<Self>, desk: &mut Desk) -> Result<(), StoreError> {
        let finished = desk.take_finished();
        self.write(desk, &desk.call, finished).await.map(|more| desk.receive(more))?;
        if desk.standing == Standing::Over {
            desk.standing = Standing::Forgotten;
            return Ok(());
        }
        for sending in std::mem::take(&mut desk.outgoing) {
            self.send(desk, sending);
        }
        Ok(())
    }

    /// Writes a conversation as the state of the desk's call, and returns what arrived meanwhile.
    async fn write(
        &self,
        desk: &Desk,
        call: &Conversation,
        finished: Finished,
    ) -> Result<Vec<Stored>, StoreError> {
        let now = desk.now();
        let state = call.to_bytes().map_err(|error| StoreError::Damaged(error.to_string()))?;
        let phase = match desk.standing {
            Standing::Over | Standing::Forgotten => Phase::Over { forget: now + TOMBSTONE },
            Standing::Parked => Phase::Parked,
            Standing::Live => Phase::Live,
        };
        let Finished { taken, dead, undead, requeue, waiting } = finished;
        let wake = call.wake(now, desk.is_parked());
        let change = Change { taken, phase, dead, undead, requeue, ..Change::new(state, desk.seen, wake) };
        // What rang before this is among what it returns.
        desk.active.hush();
        let more = self.store.commit(&desk.claim, change).await?;
        for done in waiting {
            // Whoever asked may have gone.
            let _ = done.send(());
        }
        Ok(more)
    }

    /// Has the fallback decide about a ringing call while its handler is still at it. Should we die, the step at hand is
    /// taken again, and the decision holds.
    pub(super) async fn decide_meanwhile(self: &Arc<Self>, desk: &mut Desk) -> Result<(), StoreError> {
        desk.call.timers.cancel(&TimerName::AnswerFallback);
        let Some(id) = self.fall_back(desk) else { return Ok(()) };
        let Some(mut before) = desk.before.take() else { return Ok(()) };
        let facts = desk.facts();
        let sending = desk.call.outbox.start(id, facts);
        before.app.clone_from(&desk.call.app);
        before.outbox.copy(&desk.call.outbox, id);
        before.timers.cancel(&TimerName::AnswerFallback);
        before.record_mut().decide_as(&desk.call.record);
        let finished = desk.take_finished_before();
        let more = self.write(desk, &before, finished).await?;
        desk.receive(more);
        if let Some(sending) = sending {
            self.send(desk, sending);
        }
        Ok(())
    }

    /// Marks the next command that can be sent as being sent, and tells of those before it that cannot. Returns whether
    /// there were some.
    pub(super) async fn send_next(self: &Arc<Self>, desk: &mut Desk) -> Result<bool, StoreError> {
        if desk.has_outcome() {
            // Of what is under way, or of what would go out again.
            return Ok(false);
        }
        if let Some(entry) = desk.call.outbox.orphaned(desk.claim.epoch) {
            let command = &entry.command;
            let known = match &command.client_context {
                Some(context) => !desk.call.record.is_operation_open(context),
                None => command.is(CreateCall::NAME) && desk.call.record.id().is_some(),
            };
            if known && (!desk.is_parked() || command.internal) {
                // A notification was faster than its dead sender: there is nothing to wait for.
                let id = entry.id;
                let Some(entry) = desk.call.outbox.sent(id) else { return Ok(false) };
                desk.step_by_command(id);
                self.settle(desk, entry, Err(CommandError::unknown("whoever sent it stopped")));
                self.tell(desk).await?;
                return Ok(true);
            }
        }
        let facts = desk.facts();
        match desk.call.outbox.next(facts) {
            Next::Send(sending) => {
                desk.touch();
                let mut sending = *sending;
                if let Err(why) = self.address(desk, &mut sending).await? {
                    let id = sending.entry.id;
                    desk.call.outbox.sent(id);
                    desk.step_by_command(id);
                    fail(desk, sending.entry.command, CommandError::unsent(why));
                    self.tell(desk).await?;
                    return Ok(true);
                }
                if let Some(context) = &sending.entry.command.client_context {
                    let name = sending.entry.command.name.clone();
                    desk.call.record_mut().open_operation(context, &name);
                }
                let command = &sending.entry.command;
                if command.is(SubscribeToTone::NAME) {
                    desk.call.record_mut().tones_start_over();
                }
                if command.is(TransferCall::NAME) {
                    desk.call.record_mut().transfer_begins();
                }
                desk.outgoing.push(sending);
                Ok(false)
            }
            Next::Fail(entry, why) => {
                desk.step_by_command(entry.id);
                fail(desk, entry.command, CommandError::unsent(why));
                self.tell(desk).await?;
                Ok(true)
            }
            Next::Doubt(entry, why) => {
                desk.step_by_command(entry.id);
                self.settle(desk, *entry, Err(CommandError::unknown(why)));
                self.tell(desk).await?;
                Ok(true)
            }
            Next::Wait => Ok(false),
        }
    }

    /// Puts the id of another call into a request that names one.
    async fn address(
        &self,
        desk: &Desk,
        sending: &mut Sending,
    ) -> Result<Result<(), &'static str>, StoreError> {
        let Some(other) = sending.entry.command.elsewhere else { return Ok(Ok(())) };
        let found = self.store.browse(&Browse::one(other)).await?;
        let entry = found.into_iter().next().filter(|entry| entry.tenant == desk.tenant);
        let call = entry.and_then(|entry| Conversation::from_bytes(entry.state.as_ref()).ok());
        let Some(id) = call.and_then(|call| call.record.id().cloned()) else {
            return Ok(Err("the other call is not there, or has no id yet"));
        };
        sending.entry.command.address(&id);
        Ok(Ok(()))
    }

    /// Sends what was committed. Its outcome comes back as an item, to whoever has the call by then.
    fn send(self: &Arc<Self>, desk: &Desk, sending: Sending) {
        let Some(app) = desk.call.app.as_ref().and_then(|app| self.app(app)) else { return };
        let client = app.client.for_tenant(desk.tenant.clone());
        let (key, tenant) = (desk.claim.key, desk.tenant.clone());
        let until = desk.instant(sending.until.0);
        let engine = Arc::clone(self);
        let busy = self.busy();
        tokio::spawn(async move {
            let id = sending.entry.id;
            // A command whose request could not be made never gets here.
            if let Ok(request) = &sending.entry.command.request {
                let result = if let Some(act) = &sending.entry.command.host {
                    engine.config.media_host.perform(act, until).await.map(|()| http::Response::default())
                } else {
                    let request = request.to_request();
                    match AssertUnwindSafe(client.send_by(request, until)).catch_unwind().await {
                        Ok(result) => result.map_err(|error| CommandError::from(&error)),
                        Err(_) => Err(CommandError::unknown("the transport or the token provider panicked")),
                    }
                };
                let item = content::outcome(id, result);
                let dedup = Some(DedupKey::of(&[b"outcome", &id.to_be_bytes()]));
                engine.insist(Arrival { key, tenant, dedup, item }, until.max(Instant::now()) + GRACE).await;
            }
            drop(busy);
        });
    }

    /// Delivers the letters of this call, in order. What cannot be delivered now waits.
    async fn post_letters(self: &Arc<Self>, desk: &mut Desk) -> Result<(), StoreError> {
        if desk.call.letters.is_empty() {
            return Ok(());
        }
        if desk.is_dirty() {
            // A letter may leave only when it is committed that it was written.
            self.commit(desk).await?;
        }
        while let Some(letter) = desk.call.letters.front() {
            let (to, arrival) = (letter.to, letter.arrival(desk.claim.key, &desk.tenant));
            self.deliver(desk.claim.key, to, arrival).await?;
            desk.call.letters.pop_front();
            desk.touch();
        }
        Ok(())
    }

    async fn deliver(
        self: &Arc<Self>,
        from: CallRef,
        to: CallRef,
        letter: Arrival,
    ) -> Result<(), StoreError> {
        if let Some(Accepted::Ended | Accepted::OtherTenant) = self.accept(vec![letter]).await?.first() {
            tracing::warn!(call_ref = %from, %to, "a message came to a call that is over or another tenant's");
        }
        Ok(())
    }

    /// Hands out what came while the tombstone was made. Nothing can be kept of it but what goes to other calls.
    async fn hand_out(self: &Arc<Self>, desk: &mut Desk) {
        while let Some(stored) = desk.next_item() {
            self.take_in(desk, &stored);
            if self.tell(desk).await.is_err() {
                return;
            }
        }
        for letter in std::mem::take(&mut desk.call.letters) {
            let arrival = letter.arrival(desk.claim.key, &desk.tenant);
            if let Err(error) = self.deliver(desk.claim.key, letter.to, arrival).await {
                tracing::error!(call_ref = %desk.claim.key, to = %letter.to, %error, "a late message was lost");
            }
        }
    }

    /// Makes happen what time brings about. Returns whether something did.
    pub(super) fn pass_time(self: &Arc<Self>, desk: &mut Desk) -> bool {
        let now = desk.now();
        if let Some(due) = desk.call.record.due().filter(|due| *due <= now && !desk.is_parked()) {
            // As of its own time, so that another one who takes this step takes the same.
            let mut events = desk.call.record_mut().pass(due);
            if desk.call.record.due() == Some(due) {
                events.extend(desk.call.record_mut().pass(now));
            }
            desk.step_by_time("record", due);
            desk.events.extend(events);
            return true;
        }
        let Some(name) = desk.next_timer() else { return false };
        if name != TimerName::Forget {
            self.due(desk, name);
            return true;
        }
        wait_no_longer(desk);
        if desk.events.is_empty() && desk.call.letters.is_empty() {
            desk.standing = Standing::Over;
            return false;
        }
        desk.call.timers.set(TimerName::Forget, now + AGAIN);
        true
    }
}

fn park(desk: &mut Desk) {
    desk.standing = Standing::Parked;
    desk.touch();
}
