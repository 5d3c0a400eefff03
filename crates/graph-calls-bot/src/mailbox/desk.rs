//! A claimed conversation, and what goes with it while a worker has it.

use std::{collections::VecDeque, sync::Arc, time::SystemTime};

use aws_lc_rs::digest;
use graph_calls_core::model::{AppId, CallState, TenantId};
use tokio::{sync::oneshot, time::Instant};

use super::{
    Conversation, content,
    engine::{Active, Order, Wanted},
    outbox::{CallFacts, Sending},
    timers::TimerName,
};
use crate::{
    CallEvent,
    store::{ClaimRef, DeadLetter, ItemKind, Stored},
};

/// How a claimed conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Live,
    /// Its memory cannot be read: only the bot's own commands go on.
    Parked,
    /// All has been said: the next commit makes it a tombstone.
    Over,
    /// It is one.
    Forgotten,
}

/// A claimed conversation.
pub(super) struct Desk {
    pub(super) claim: ClaimRef,
    pub(super) tenant: TenantId,
    pub(super) call: Conversation,
    /// What it was before the step at hand, where that may be interrupted: should we die, the step is taken again.
    pub(super) before: Option<Box<Conversation>>,
    /// Events that are still to be told, oldest first.
    pub(super) events: VecDeque<CallEvent>,
    /// How many events the item at hand has led to.
    pub(super) told: u32,
    pub(super) standing: Standing,
    /// Somebody died of one of the items: each is committed by itself, so that it is known which.
    pub(super) careful: bool,
    pub(super) active: Arc<Active>,
    /// What is at hand: the same whenever it is handled, and part of every event's id.
    step: String,
    /// How many events of this step were told.
    part: u32,
    /// How the command ended that the last one of them tells of.
    ending: &'static str,
    /// The largest number of an item that we know.
    pub(super) seen: u64,
    done: Vec<u64>,
    dead: Vec<DeadLetter>,
    orders: Vec<Order>,
    /// What may be sent once it is committed.
    pub(super) outgoing: Vec<Sending>,
    items: VecDeque<Stored>,
    at_hand: Option<Stored>,
    changed: bool,
    given_up: bool,
    /// The store's clock, when ours showed this.
    clock: (SystemTime, Instant),
    /// The date, where somebody else says what it is.
    #[cfg(feature = "test-util")]
    still: Option<SystemTime>,
}

/// What of a desk goes into a commit beside the state.
#[derive(Debug, Default)]
pub(super) struct Finished {
    pub(super) taken: Vec<u64>,
    pub(super) dead: Vec<DeadLetter>,
    pub(super) undead: Vec<u64>,
    pub(super) requeue: Vec<u64>,
    /// Who waits for that.
    pub(super) waiting: Vec<oneshot::Sender<()>>,
}

impl Desk {
    pub(super) fn new(
        claim: ClaimRef,
        tenant: TenantId,
        call: Conversation,
        clock: (SystemTime, Instant),
        active: Arc<Active>,
    ) -> Self {
        Self {
            claim,
            tenant,
            call,
            before: None,
            events: VecDeque::new(),
            told: 0,
            standing: Standing::Live,
            careful: false,
            active,
            step: String::new(),
            part: 0,
            ending: "",
            seen: 0,
            done: Vec::new(),
            dead: Vec::new(),
            orders: Vec::new(),
            outgoing: Vec::new(),
            items: VecDeque::new(),
            at_hand: None,
            changed: false,
            given_up: false,
            clock,
            #[cfg(feature = "test-util")]
            still: None,
        }
    }

    /// It is this date until told otherwise.
    #[cfg(feature = "test-util")]
    pub(super) fn stand_still(&mut self, at: SystemTime) {
        self.still = Some(at);
    }

    /// The date on the store's clock.
    pub(super) fn now(&self) -> SystemTime {
        #[cfg(feature = "test-util")]
        if let Some(still) = self.still {
            return still;
        }
        self.clock.0 + self.clock.1.elapsed()
    }

    /// When our clock shows what the store's does then.
    pub(super) fn instant(&self, date: SystemTime) -> Instant {
        Instant::now() + date.duration_since(self.now()).unwrap_or_default()
    }

    pub(super) fn receive(&mut self, items: Vec<Stored>) {
        for item in items {
            self.seen = self.seen.max(item.number);
            self.items.push_back(item);
        }
    }

    /// Whether the outcome of a request waits to be handled.
    pub(super) fn has_outcome(&self) -> bool {
        self.items.iter().any(|stored| stored.item.kind() == ItemKind::Outcome)
    }

    /// Whose call it is; also of one that is still to begin.
    pub(super) fn app(&self) -> Option<AppId> {
        let known = self.call.app.clone();
        known.or_else(|| self.items.front().and_then(|stored| content::app_of(&stored.item)))
    }

    /// The next item that can be handled now.
    pub(super) fn next_item(&mut self) -> Option<Stored> {
        let stored = if self.is_parked() {
            let ours = |stored: &Stored| {
                stored.item.kind() == ItemKind::Outcome
                    && content::read::<content::Outcome>(&stored.item)
                        .is_ok_and(|outcome| self.call.outbox.is_internal(outcome.command))
            };
            let place = self.items.iter().position(ours)?;
            self.items.remove(place)?
        } else {
            self.items.pop_front()?
        };
        self.keep_before();
        self.begin_step(stored.number.to_string());
        self.told = 0;
        self.at_hand = Some(stored.clone());
        Some(stored)
    }

    /// Before a step in which a call may ring: the fallback does not wait for its end.
    fn keep_before(&mut self) {
        let record = &self.call.record;
        let may_ring = record.is_ringing() || (record.state().is_none() && self.call.attempt == 0);
        self.before = may_ring.then(|| Box::new(self.call.clone()));
    }

    pub(super) fn begin_step(&mut self, step: String) {
        self.step = step;
        self.part = 0;
        self.ending = "";
    }

    /// An item was handled: it leaves the inbox with the next commit.
    pub(super) fn finish(&mut self, stored: &Stored) {
        self.at_hand = None;
        self.before = None;
        self.done.push(stored.number);
    }

    /// The item at hand, or the part of it that is, cannot be handled: it is kept for people to look at.
    pub(super) fn bury(&mut self, why: &str) {
        if let Some(stored) = self.at_hand.clone()
            && self.dead.iter().all(|letter| letter.number != stored.number)
        {
            let at = self.now();
            self.dead.push(DeadLetter { number: stored.number, item: stored.item, why: why.to_owned(), at });
        }
    }

    /// Buries what everybody dies of, before anybody touches it: the first item, else the handler's timer that is due.
    pub(super) fn bury_first(&mut self, why: &str) {
        if let Some(stored) = self.next_item() {
            self.bury(why);
            self.finish(&stored);
        } else if let Some((name, _)) = self.call.timers.due_for_handler(self.now()) {
            tracing::error!(call_ref = %self.claim.key, ?name, why, "a timer is dropped");
            self.given_up = true;
            self.touch();
        }
    }

    /// The next timer that is due. The step is named by it and by its time: the same, whenever it is taken.
    pub(super) fn next_timer(&mut self) -> Option<TimerName> {
        let now = self.now();
        self.keep_before();
        let (name, at) = self.call.timers.due(now, self.is_parked())?;
        self.step_by_time(&format!("{name:?}"), at);
        Some(name)
    }

    /// What is at hand is no item but something that time brings about.
    pub(super) fn step_by_time(&mut self, name: &str, at: SystemTime) {
        self.touch();
        self.told = 0;
        self.at_hand = None;
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let hash = digest::digest(&digest::SHA256, name.as_bytes());
        let hash = hash.as_ref().iter().take(4).fold(0_u32, |all, byte| (all << 8) | u32::from(*byte));
        self.begin_step(format!("t{:x}.{hash:08x}", since.as_nanos()));
    }

    /// What is at hand is the end of a command that is not sent. It counts as part of what led to it.
    pub(super) fn step_by_command(&mut self, id: u64) {
        self.touch();
        self.begin_step(format!("c{id}"));
    }

    /// Another event is told. Its id is the same whenever this step is taken, except that a command may end otherwise when
    /// its step is taken again: how it ends is part of the id.
    pub(super) fn next_event(&mut self, event: &CallEvent) {
        self.told += 1;
        self.part += 1;
        self.ending = match event {
            CallEvent::Done(_) => "d",
            CallEvent::Failed(_) => "f",
            CallEvent::InDoubt(_) => "u",
            _ => "",
        };
    }

    /// The id of the event that was told last, or of none.
    pub(super) fn event_id(&self) -> String {
        format!("{}-{}-{}{}", self.claim.key, self.step, self.part, self.ending)
    }

    /// When something is due.
    pub(super) fn next_time(&self) -> Option<SystemTime> {
        self.call.next_time(self.is_parked())
    }

    /// What the outbox must know.
    pub(super) fn facts(&self) -> CallFacts {
        let record = &self.call.record;
        let over = record.ended().is_some();
        CallFacts {
            media_active: record.is_media_active(),
            incoming: record.state() == Some(&CallState::Incoming) && !over,
            over,
            parked: self.is_parked(),
            epoch: self.claim.epoch,
            now: self.now(),
        }
    }

    pub(super) fn is_parked(&self) -> bool {
        self.standing == Standing::Parked
    }

    pub(super) fn touch(&mut self) {
        self.changed = true;
    }

    /// Whether an item or a timer is done with.
    pub(super) fn has_finished(&self) -> bool {
        !self.done.is_empty() || (self.changed && self.given_up)
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.changed || !self.done.is_empty() || !self.dead.is_empty() || !self.outgoing.is_empty()
    }

    /// What people want done with dead letters goes into the next commit.
    pub(super) fn take_orders(&mut self) {
        self.orders.extend(self.active.take_orders());
        self.changed |= !self.orders.is_empty();
    }

    /// All that is finished, for a commit.
    pub(super) fn take_finished(&mut self) -> Finished {
        self.changed = false;
        self.given_up = false;
        let taken = std::mem::take(&mut self.done);
        let dead = std::mem::take(&mut self.dead);
        let mut finished = Finished { taken, dead, ..Finished::default() };
        for Order { number, wanted, done } in self.orders.drain(..) {
            match wanted {
                Wanted::Requeue => finished.requeue.push(number),
                Wanted::Drop => finished.undead.push(number),
            }
            finished.waiting.push(done);
        }
        finished
    }

    /// The same without what belongs to the step at hand.
    pub(super) fn take_finished_before(&mut self) -> Finished {
        let at_hand = self.at_hand.as_ref().map(|stored| stored.number);
        let (ours, dead) =
            std::mem::take(&mut self.dead).into_iter().partition(|letter| Some(letter.number) == at_hand);
        self.dead = dead;
        let finished = self.take_finished();
        self.dead = ours;
        self.changed = true;
        finished
    }

    /// Something to tell a handler, in the order of its happening.
    pub(super) fn push(&mut self, event: CallEvent) {
        self.events.push_back(event);
    }
}
