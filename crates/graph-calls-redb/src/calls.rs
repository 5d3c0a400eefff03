//! The steps on mailboxes, within one transaction.

use std::time::Duration;

use bytes::Bytes;
use graph_calls_bot::{
    CallRef,
    store::{
        Accepted, Arrival, Browse, Change, Claim, ClaimRef, DeadLetter, DedupKey, Entry, InstanceId, Item,
        Phase, Renewed, Stored, Want,
    },
};
use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};

use crate::{
    error::Failure,
    file::unreadable,
    index::{Index, Slot},
    record::{self, Record, Time, after, from_time, to_time},
};

pub(crate) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(crate) const VERSION: &str = "version";
/// The newest epoch of all mailboxes: one that was forgotten and opened again has no smaller ones.
pub(crate) const EPOCH: &str = "epoch";
/// What is known of a mailbox.
pub(crate) const CALLS: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("calls");
/// Apart from the rest, so that what arrives does not write it again.
pub(crate) const STATES: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("states");
pub(crate) const INBOX: TableDefinition<'_, (u128, u64), &[u8]> = TableDefinition::new("inbox");
pub(crate) const DEAD: TableDefinition<'_, (u128, u64), &[u8]> = TableDefinition::new("dead");
/// The dedup keys, oldest first.
pub(crate) const SEEN: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("seen");

/// How many dedup keys a mailbox remembers.
const REMEMBERED: usize = 1_024;

type Bytewise<'t, K> = Table<'t, K, &'static [u8]>;
type Result<T> = std::result::Result<T, Failure>;

/// The mailboxes, as a transaction sees them. After an error neither it nor the index is of any use.
pub(crate) struct Calls<'t> {
    meta: Table<'t, &'static str, u64>,
    records: Bytewise<'t, u128>,
    states: Bytewise<'t, u128>,
    inbox: Bytewise<'t, (u128, u64)>,
    dead: Bytewise<'t, (u128, u64)>,
    seen: Bytewise<'t, u128>,
    index: &'t mut Index,
    now: Time,
    has_written: bool,
}

impl<'t> Calls<'t> {
    pub(crate) fn new(transaction: &'t WriteTransaction, index: &'t mut Index, now: Time) -> Result<Self> {
        Ok(Self {
            meta: transaction.open_table(META)?,
            records: transaction.open_table(CALLS)?,
            states: transaction.open_table(STATES)?,
            inbox: transaction.open_table(INBOX)?,
            dead: transaction.open_table(DEAD)?,
            seen: transaction.open_table(SEEN)?,
            index,
            now,
            has_written: false,
        })
    }

    /// Whether there is anything to commit.
    pub(crate) fn has_written(&self) -> bool {
        self.has_written
    }

    pub(crate) fn counts(&self) -> graph_calls_bot::store::Counts {
        self.index.counts()
    }

    /// Forgets tombstones whose time has come.
    pub(crate) fn forget(&mut self) -> Result<()> {
        while let Some(key) = self.index.next_grave(self.now) {
            let Some(record) = self.read(key)? else { continue };
            self.index.count_dead(record.dead, 0);
            self.records.remove(key)?;
            self.seen.remove(key)?;
            self.dead.retain_in(all_of(key), |_, _| false)?;
            self.has_written = true;
        }
        Ok(())
    }

    /// The answers are in the order of the arrivals.
    pub(crate) fn accept(&mut self, arrivals: Vec<Arrival>, queue: usize) -> Result<Vec<Accepted>> {
        let mut answers = vec![Accepted::Ended; arrivals.len()];
        let mut arrivals: Vec<_> = answers.iter_mut().zip(arrivals).collect();
        arrivals.sort_by_key(|(_, arrival)| arrival.key);
        let mut arrivals = arrivals.into_iter().peekable();
        while let Some((answer, arrival)) = arrivals.next() {
            let key = arrival.key;
            let (mut slots, mut batch) = (vec![answer], vec![arrival]);
            while let Some((answer, arrival)) = arrivals.next_if(|(_, arrival)| arrival.key == key) {
                slots.push(answer);
                batch.push(arrival);
            }
            let accepted = self.accept_one(number_of(key), batch, queue)?;
            slots.into_iter().zip(accepted).for_each(|(slot, accepted)| *slot = accepted);
        }
        Ok(answers)
    }

    fn accept_one(&mut self, key: u128, arrivals: Vec<Arrival>, queue: usize) -> Result<Vec<Accepted>> {
        let mut slot = self.index.take(key);
        let grave = if slot.is_none() { self.read(key)? } else { None };
        let mut seen = match self.seen.get(key)? {
            Some(bytes) => Seen::from_bytes(bytes.value()).ok_or_else(|| unreadable("what was seen", key))?,
            None => Seen::default(),
        };
        let (mut room, mut is_new, mut is_seen) = (None, false, false);
        let mut accepted = Vec::with_capacity(arrivals.len());
        let mut rest = arrivals.into_iter();
        while let Some(arrival) = rest.next() {
            if slot.is_none() && grave.is_none() && arrival.item.kind().opens() {
                slot = Some(Slot::new(Record::new(arrival.tenant.clone()), self.now));
            }
            let record = slot.as_mut().map(|slot| &mut slot.record);
            let found = record.as_deref().or(grave.as_ref());
            let is_own = found.map(|record| record.tenant == arrival.tenant);
            let answer = match (is_own, record) {
                (None, _) => Accepted::Ended,
                (Some(false), _) => Accepted::OtherTenant,
                _ if arrival.dedup.is_some_and(|dedup| seen.contains(dedup)) => Accepted::Repeated,
                (_, None) => Accepted::Ended,
                (_, Some(record)) => {
                    let is_limited = arrival.item.kind().is_limited();
                    // Decided once for all of the batch, by what waited before it.
                    let has_room = !is_limited
                        || *room.get_or_insert_with(|| {
                            let more = 1 + seen.limited(&arrival, rest.as_slice());
                            record.limited == 0 || record.limited.saturating_add(more) <= queue as u64
                        });
                    if has_room {
                        if let Some(dedup) = arrival.dedup {
                            seen.push(dedup);
                            is_seen = true;
                        }
                        push(&mut self.inbox, key, record, &arrival.item)?;
                        is_new = true;
                        Accepted::New
                    } else {
                        Accepted::Full
                    }
                }
            };
            accepted.push(answer);
        }
        if let Some(slot) = slot {
            if is_new {
                self.write(key, &slot.record)?;
            }
            self.index.put(key, slot);
        }
        if is_seen {
            self.seen.insert(key, seen.0.as_flattened())?;
        }
        Ok(accepted)
    }

    pub(crate) fn claim(&mut self, by: &InstanceId, want: Want, lease: Duration) -> Result<Vec<Claim>> {
        let keys = match want {
            Want::This(key) => {
                let key = number_of(key);
                let slot = self.index.get(key);
                let is_held = |slot: &Slot| {
                    slot.free > self.now && slot.owner.as_ref().is_some_and(|owner| owner != by)
                };
                slot.filter(|slot| !is_held(slot)).map(|_| key).into_iter().collect()
            }
            Want::Any(most) => self.index.due(self.now, most),
        };
        let claims = keys.into_iter().map(|key| self.claim_one(key, by, lease));
        claims.filter_map(Result::transpose).collect()
    }

    fn claim_one(&mut self, key: u128, by: &InstanceId, lease: Duration) -> Result<Option<Claim>> {
        let Some(mut slot) = self.index.take(key) else { return Ok(None) };
        if slot.owner.is_some() && slot.free > self.now && !slot.committed {
            // Whoever claims its own again has not died of it.
            slot.record.failures = slot.record.failures.saturating_sub(1);
        }
        let failures = slot.record.failures;
        let epoch = 1 + self.meta.get(EPOCH)?.map(|epoch| epoch.value()).unwrap_or_default();
        self.meta.insert(EPOCH, epoch)?;
        slot.record.epoch = epoch;
        slot.record.failures = failures.saturating_add(1);
        slot.owner = Some(by.clone());
        slot.free = after(self.now, lease);
        slot.committed = false;
        self.write(key, &slot.record)?;
        let claim = Claim {
            this: ClaimRef { key: call_ref(key), epoch },
            tenant: slot.record.tenant.clone(),
            state: self.state(key)?,
            items: self.items(key, 0)?,
            failures,
            now: from_time(self.now),
        };
        self.index.put(key, slot);
        Ok(Some(claim))
    }

    /// Nothing if the claim is good for nothing any more.
    pub(crate) fn commit(&mut self, claim: ClaimRef, change: Change) -> Result<Option<Vec<Stored>>> {
        let key = number_of(claim.key);
        if !self.index.get(key).is_some_and(|slot| slot.is_claimed_with(claim.epoch)) {
            return Ok(None);
        }
        let Some(mut slot) = self.index.take(key) else { return Ok(None) };
        let record = &mut slot.record;
        for number in change.taken {
            if let Some(item) = self.inbox.remove((key, number))? {
                let item = Item::from_bytes(item.value()).ok_or_else(|| unreadable("an item", key))?;
                record.waiting = record.waiting.saturating_sub(1);
                record.limited = record.limited.saturating_sub(u64::from(item.kind().is_limited()));
            }
        }
        let dead_before = record.dead;
        for number in change.undead {
            let was_there = self.dead.remove((key, number))?.is_some();
            record.dead = record.dead.saturating_sub(u64::from(was_there));
        }
        for number in change.requeue {
            let letter = self.dead.remove((key, number))?.map(|bytes| letter(key, number, bytes.value()));
            if let Some(letter) = letter {
                record.dead = record.dead.saturating_sub(1);
                push(&mut self.inbox, key, record, &letter?.item)?;
            }
        }
        for letter in &change.dead {
            let bytes = record::letter_to_bytes(letter);
            record.dead += u64::from(self.dead.insert((key, letter.number), bytes.as_slice())?.is_none());
        }
        self.index.count_dead(dead_before, record.dead);
        record.wake = change.wake.map(to_time);
        record.phase = change.phase;
        record.failures = 0;
        slot.committed = true;
        let arrived = match change.seen.checked_add(1) {
            Some(first) => self.items(key, first)?,
            None => Vec::new(),
        };
        if let Some(forget) = slot.record.forget() {
            slot.record = Record { wake: None, waiting: 0, limited: 0, ..slot.record };
            self.inbox.retain_in(all_of(key), |_, _| false)?;
            self.states.remove(key)?;
            self.write(key, &slot.record)?;
            self.index.bury(key, forget);
        } else {
            self.states.insert(key, &*change.state)?;
            self.write(key, &slot.record)?;
            self.index.put(key, slot);
        }
        Ok(Some(arrived))
    }

    /// What arrived after the item of this number. Nothing if the claim is good for nothing any more.
    pub(crate) fn fetch(&mut self, claim: ClaimRef, seen: u64) -> Result<Option<Vec<Stored>>> {
        let key = number_of(claim.key);
        if !self.index.get(key).is_some_and(|slot| slot.is_claimed_with(claim.epoch)) {
            return Ok(None);
        }
        seen.checked_add(1)
            .map(|first| self.items(key, first))
            .transpose()
            .map(|items| items.or_else(|| Some(Vec::new())))
    }

    /// Writes nothing: leases are of this process.
    pub(crate) fn renew(&mut self, claims: &[ClaimRef], lease: Duration) -> Renewed {
        let mut renewed = Renewed::default();
        for claim in claims {
            match self.taken_with(*claim) {
                Some((key, mut slot)) => {
                    slot.free = after(self.now, lease);
                    if slot.record.waiting > 0 {
                        renewed.waiting.push(claim.key);
                    }
                    self.index.put(key, slot);
                }
                None => renewed.lost.push(claim.key),
            }
        }
        renewed
    }

    pub(crate) fn release(&mut self, claims: &[ClaimRef]) -> Result<()> {
        for claim in claims {
            if let Some((key, mut slot)) = self.taken_with(*claim) {
                if !slot.committed {
                    slot.record.failures = slot.record.failures.saturating_sub(1);
                    self.write(key, &slot.record)?;
                }
                slot.owner = None;
                slot.free = self.now;
                self.index.put(key, slot);
            }
        }
        Ok(())
    }

    fn taken_with(&mut self, claim: ClaimRef) -> Option<(u128, Slot)> {
        let key = number_of(claim.key);
        let is_good = self.index.get(key)?.is_claimed_with(claim.epoch);
        if is_good { self.index.take(key).map(|slot| (key, slot)) } else { None }
    }

    pub(crate) fn browse(&self, query: &Browse) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let first = match (query.key, query.after.map(number_of)) {
            (Some(key), _) => number_of(key),
            (None, Some(u128::MAX)) => return Ok(entries),
            (None, Some(after)) => after + 1,
            (None, None) => 0,
        };
        let last = query.key.map_or(u128::MAX, number_of);
        if query.limit == 0 || query.after.is_some_and(|after| number_of(after) >= last) {
            return Ok(entries);
        }
        for entry in self.records.range(first..=last)? {
            let (key, bytes) = entry?;
            let key = key.value();
            let record = Record::from_bytes(bytes.value()).ok_or_else(|| unreadable("a call", key))?;
            let is_over = record.forget().is_some();
            let is_asked_for = (!query.dead || record.dead > 0)
                && (!query.parked || record.phase == Phase::Parked)
                && (query.over || !is_over);
            if is_asked_for {
                entries.push(self.entry(key, record)?);
                if entries.len() == query.limit {
                    break;
                }
            }
        }
        Ok(entries)
    }

    fn entry(&self, key: u128, record: Record) -> Result<Entry> {
        let letters = self.dead.range(all_of(key))?.map(|entry| {
            let (number, bytes) = entry?;
            letter(key, number.value().1, bytes.value())
        });
        let mut entry = Entry::new(call_ref(key), record.tenant, record.phase);
        let held = self.index.get(key);
        entry.owner = held.and_then(|slot| Some((slot.owner.clone()?, from_time(slot.free))));
        entry.epoch = record.epoch;
        entry.inbox = usize::try_from(record.waiting).unwrap_or(usize::MAX);
        entry.wake = record.wake.map(from_time);
        entry.state = self.state(key)?;
        entry.dead = letters.collect::<Result<_>>()?;
        Ok(entry)
    }

    fn read(&self, key: u128) -> Result<Option<Record>> {
        match self.records.get(key)? {
            Some(bytes) => {
                Record::from_bytes(bytes.value()).map(Some).ok_or_else(|| unreadable("a call", key))
            }
            None => Ok(None),
        }
    }

    fn write(&mut self, key: u128, record: &Record) -> Result<()> {
        self.records.insert(key, record.to_bytes().as_slice())?;
        self.has_written = true;
        Ok(())
    }

    fn state(&self, key: u128) -> Result<Option<Bytes>> {
        Ok(self.states.get(key)?.map(|bytes| Bytes::copy_from_slice(bytes.value())))
    }

    fn items(&self, key: u128, first: u64) -> Result<Vec<Stored>> {
        let stored = self.inbox.range((key, first)..=(key, u64::MAX))?.map(|entry| {
            let (number, bytes) = entry?;
            let item = Item::from_bytes(bytes.value()).ok_or_else(|| unreadable("an item", key))?;
            Ok(Stored { number: number.value().1, item })
        });
        stored.collect()
    }
}

fn push(inbox: &mut Bytewise<'_, (u128, u64)>, key: u128, record: &mut Record, item: &Item) -> Result<()> {
    inbox.insert((key, record.next), item.to_bytes().as_slice())?;
    record.next += 1;
    record.waiting += 1;
    record.limited += u64::from(item.kind().is_limited());
    Ok(())
}

fn letter(key: u128, number: u64, bytes: &[u8]) -> Result<DeadLetter> {
    record::letter_from_bytes(number, bytes).ok_or_else(|| unreadable("a dead letter", key))
}

fn all_of(key: u128) -> std::ops::RangeInclusive<(u128, u64)> {
    (key, 0)..=(key, u64::MAX)
}

fn number_of(key: CallRef) -> u128 {
    u128::from_be_bytes(key.to_bytes())
}

fn call_ref(key: u128) -> CallRef {
    CallRef::from_bytes(key.to_be_bytes())
}

/// The dedup keys of a mailbox, oldest first.
#[derive(Debug, Default)]
struct Seen(Vec<[u8; 16]>);

impl Seen {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (keys, []) = bytes.as_chunks() else { return None };
        Some(Self(keys.to_vec()))
    }

    fn contains(&self, key: DedupKey) -> bool {
        self.0.contains(&key.to_bytes())
    }

    fn push(&mut self, key: DedupKey) {
        if self.0.len() >= REMEMBERED {
            self.0.remove(0);
        }
        self.0.push(key.to_bytes());
    }

    /// How many of those that follow will need room, if the first one is new.
    fn limited(&self, first: &Arrival, rest: &[Arrival]) -> u64 {
        let mut fresh: Vec<DedupKey> = first.dedup.into_iter().collect();
        let needs_room = |arrival: &&Arrival| {
            let is_new = arrival.dedup.is_none_or(|key| {
                let is_new = !fresh.contains(&key) && !self.contains(key);
                fresh.push(key);
                is_new
            });
            is_new && arrival.item.kind().is_limited() && arrival.tenant == first.tenant
        };
        rest.iter().filter(needs_room).count() as u64
    }
}
