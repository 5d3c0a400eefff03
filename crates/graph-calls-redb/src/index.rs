//! What is known without a look at the file: who holds what, and what is due when.
//!
//! Leases are kept here alone: whoever holds one lives in this process and dies with it. Renewing them writes nothing.

use std::collections::{BTreeSet, HashMap};

use graph_calls_bot::store::{Counts, InstanceId, Phase};

use crate::record::{Record, Time};

/// A mailbox that is not over.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) record: Record,
    /// Who has claimed it and not given it back; the lease may have run out.
    pub(crate) owner: Option<InstanceId>,
    /// Nobody else can claim it before. Those that are free for longest are claimed first.
    pub(crate) free: Time,
    /// Whether the newest claim has committed.
    pub(crate) committed: bool,
}

impl Slot {
    pub(crate) fn new(record: Record, now: Time) -> Self {
        Self { record, owner: None, free: now, committed: false }
    }

    fn due(&self) -> Option<Time> {
        let waits = self.record.phase == Phase::Live && self.record.waiting > 0;
        if waits { Some(self.free) } else { self.record.wake.map(|wake| wake.max(self.free)) }
    }

    /// Whether it belongs to this claim.
    pub(crate) fn is_claimed_with(&self, epoch: u64) -> bool {
        self.owner.is_some() && self.record.epoch == epoch
    }
}

#[derive(Debug, Default)]
pub(crate) struct Index {
    slots: HashMap<u128, Slot>,
    due: BTreeSet<(Time, u128)>,
    /// When which tombstone is forgotten. That is all that is kept of them in memory.
    graves: BTreeSet<(Time, u128)>,
    parked: u64,
    dead: u64,
}

impl Index {
    /// Adds what is in the file.
    pub(crate) fn load(&mut self, key: u128, record: Record, now: Time) {
        self.dead += record.dead;
        match record.forget() {
            Some(forget) => {
                self.graves.insert((forget, key));
            }
            None => self.put(key, Slot::new(record, now)),
        }
    }

    pub(crate) fn get(&self, key: u128) -> Option<&Slot> {
        self.slots.get(&key)
    }

    /// Takes a mailbox out, to be changed and put back.
    pub(crate) fn take(&mut self, key: u128) -> Option<Slot> {
        let slot = self.slots.remove(&key)?;
        if let Some(due) = slot.due() {
            self.due.remove(&(due, key));
        }
        self.parked -= u64::from(slot.record.phase == Phase::Parked);
        Some(slot)
    }

    pub(crate) fn put(&mut self, key: u128, slot: Slot) {
        if let Some(due) = slot.due() {
            self.due.insert((due, key));
        }
        self.parked += u64::from(slot.record.phase == Phase::Parked);
        self.slots.insert(key, slot);
    }

    pub(crate) fn bury(&mut self, key: u128, forget: Time) {
        self.graves.insert((forget, key));
    }

    /// Counts dead letters that came or went.
    pub(crate) fn count_dead(&mut self, before: u64, after: u64) {
        self.dead = self.dead.saturating_add(after).saturating_sub(before);
    }

    /// A tombstone whose time has come.
    pub(crate) fn next_grave(&mut self, now: Time) -> Option<u128> {
        let (forget, key) = self.graves.first().copied().filter(|(forget, _)| *forget <= now)?;
        self.graves.remove(&(forget, key));
        Some(key)
    }

    /// What is to be claimed now, the longest free first.
    pub(crate) fn due(&self, now: Time, most: usize) -> Vec<u128> {
        self.due.iter().take_while(|(due, _)| *due <= now).take(most).map(|(_, key)| *key).collect()
    }

    pub(crate) fn next_due(&self) -> Option<Time> {
        self.due.first().map(|(due, _)| *due)
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts::new(self.slots.len() as u64, self.parked, self.dead)
    }
}
