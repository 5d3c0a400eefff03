//! One mailbox in memory: what happens to it, and when it wants to be claimed.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use graph_calls_core::model::TenantId;

use super::super::{Arrival, Change, DeadLetter, DedupKey, Entry, InstanceId, Item, Phase, Stored};
use crate::CallRef;

/// How many dedup keys a mailbox remembers.
const REMEMBERED: usize = 1_024;

#[derive(Debug)]
pub(super) struct Mailbox {
    tenant: TenantId,
    phase: Phase,
    /// Who has claimed it and not given it back; the lease may have run out.
    owner: Option<InstanceId>,
    epoch: u64,
    /// Nobody else can claim it before: the end of the lease, or when it was given back. Those that are free for longest
    /// are claimed first.
    free: SystemTime,
    failures: u32,
    /// Whether the newest claim has committed.
    committed: bool,
    wake: Option<SystemTime>,
    state: Option<State>,
    next: u64,
    /// Of those in the inbox, how many are limited.
    limited: usize,
    inbox: VecDeque<Stored>,
    /// A list, not a set: few calls get more than a dozen notifications, and most mailboxes are idle.
    seen: VecDeque<DedupKey>,
    dead: Vec<DeadLetter>,
}

/// What a bot remembers of people is not for logs.
struct State(Bytes);

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Mailbox {
    pub(super) fn new(tenant: TenantId, now: SystemTime) -> Self {
        Self {
            tenant,
            phase: Phase::Live,
            owner: None,
            epoch: 0,
            free: now,
            failures: 0,
            committed: false,
            wake: None,
            state: None,
            next: 1,
            limited: 0,
            inbox: VecDeque::new(),
            seen: VecDeque::new(),
            dead: Vec::new(),
        }
    }

    pub(super) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over { .. })
    }

    pub(super) fn dead(&self) -> usize {
        self.dead.len()
    }

    pub(super) fn is_waited_for(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// When it is to be claimed by anybody, or to be forgotten.
    pub(super) fn due(&self) -> Option<SystemTime> {
        let waiting = match self.phase {
            Phase::Over { forget } => return Some(forget),
            Phase::Live => !self.inbox.is_empty(),
            Phase::Parked => false,
        };
        if waiting { Some(self.free) } else { self.wake.map(|wake| wake.max(self.free)) }
    }

    pub(super) fn has_seen(&self, key: DedupKey) -> bool {
        self.seen.contains(&key)
    }

    /// Whether so many more notifications may wait. One in which none waits takes any number, so that no batch is ever
    /// too large.
    pub(super) fn has_room(&self, more: usize, queue: usize) -> bool {
        self.limited == 0 || self.limited.saturating_add(more) <= queue
    }

    pub(super) fn push(&mut self, arrival: Arrival) {
        if let Some(key) = arrival.dedup {
            if self.seen.len() == REMEMBERED {
                self.seen.pop_front();
            }
            self.seen.push_back(key);
        }
        self.append(arrival.item);
    }

    fn append(&mut self, item: Item) {
        self.limited += usize::from(item.kind().is_limited());
        self.inbox.push_back(Stored { number: self.next, item });
        self.next += 1;
    }

    /// Whether somebody else's lease runs, or, for those that do not ask for this one, anybody's.
    pub(super) fn is_held(&self, from: Option<&InstanceId>, now: SystemTime) -> bool {
        self.owner.as_ref().is_some_and(|owner| self.free > now && Some(owner) != from)
    }

    /// Makes it the instance's own.
    pub(super) fn claim(&mut self, by: &InstanceId, epoch: u64, now: SystemTime, lease: Duration) {
        // Whoever claims its own again has not died of it.
        if self.owner.is_some() && self.free <= now && !self.committed {
            self.failures = self.failures.saturating_add(1);
        }
        self.owner = Some(by.clone());
        self.epoch = epoch;
        self.free = after(now, lease);
        self.committed = false;
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    pub(super) fn state(&self) -> Option<Bytes> {
        self.state.as_ref().map(|state| state.0.clone())
    }

    pub(super) fn items(&self) -> Vec<Stored> {
        self.inbox.iter().cloned().collect()
    }

    pub(super) fn items_after(&self, seen: u64) -> Vec<Stored> {
        self.inbox.iter().filter(|stored| stored.number > seen).cloned().collect()
    }

    /// Whether a claim is the newest, and not given back.
    pub(super) fn is_claimed_with(&self, epoch: u64) -> bool {
        self.owner.is_some() && self.epoch == epoch
    }

    pub(super) fn renew(&mut self, now: SystemTime, lease: Duration) {
        self.free = after(now, lease);
    }

    pub(super) fn release(&mut self, now: SystemTime) {
        self.owner = None;
        self.free = now;
    }

    /// Changes it and returns what the claim does not know.
    pub(super) fn commit(&mut self, change: Change) -> Vec<Stored> {
        let Change { state, mut taken, seen, wake, phase, dead, undead, requeue } = change;
        taken.sort_unstable();
        self.inbox.retain(|stored| {
            let stays = taken.binary_search(&stored.number).is_err();
            self.limited -= usize::from(!stays && stored.item.kind().is_limited());
            stays
        });
        self.dead.retain(|letter| !undead.contains(&letter.number));
        for number in requeue {
            if let Some(at) = self.dead.iter().position(|letter| letter.number == number) {
                let letter = self.dead.remove(at);
                self.append(letter.item);
            }
        }
        self.dead.extend(dead);
        self.dead.sort_by_key(|letter| letter.number);
        self.state = Some(State(state));
        self.wake = wake;
        self.phase = phase;
        self.failures = 0;
        self.committed = true;
        let since = self.inbox.partition_point(|stored| stored.number <= seen);
        let arrived = self.inbox.range(since..).cloned().collect();
        if self.is_over() {
            self.bury();
        } else if self.inbox.is_empty() {
            // A queue that was long once would cost every idle call.
            self.inbox.shrink_to(0);
        }
        arrived
    }

    fn bury(&mut self) {
        self.owner = None;
        self.wake = None;
        self.state = None;
        self.inbox = VecDeque::new();
        self.limited = 0;
    }

    pub(super) fn entry(&self, key: CallRef) -> Entry {
        Entry {
            owner: self.owner.clone().map(|owner| (owner, self.free)),
            epoch: self.epoch,
            inbox: self.inbox.len(),
            wake: self.wake,
            state: self.state(),
            dead: self.dead.clone(),
            ..Entry::new(key, self.tenant.clone(), self.phase)
        }
    }
}

/// That long after, or as late as can be said.
fn after(now: SystemTime, wait: Duration) -> SystemTime {
    const A_CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);
    now.checked_add(wait.min(A_CENTURY)).unwrap_or(now)
}
