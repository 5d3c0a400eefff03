//! Conversations in the memory of one process.

mod mailbox;

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use graph_calls_core::Wall;
use tokio::{sync::Notify, time};

use self::mailbox::Mailbox;
use super::{
    Accepted, Arrival, Browse, CallStore, Change, Claim, ClaimRef, Counts, DedupKey, Entry, InstanceId,
    Phase, Renewed, StoreError, Stored, Want,
};
use crate::CallRef;

/// Keys are random, so that their lowest bits choose well.
const SHARDS: u8 = 16;

/// Longer than anybody waits, and short enough to add to any time.
const A_DAY: Duration = Duration::from_secs(24 * 3_600);

/// Keeps calls in the memory of this process: a restart loses them all, those that were answered 202 included.
///
/// For tests, and for trying a bot out. Several bots of one process may share one.
///
/// An idle call costs no task, no channel and at most 1 KiB beyond what its conversation remembers. Nothing bounds how
/// many calls there are.
///
/// # Examples
///
/// ```
/// use graph_calls_bot::store::{CallStore, MemoryStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// assert_eq!(store.check().await?.calls, 0);
/// # Ok(())
/// # }
/// ```
pub struct MemoryStore {
    wall: Wall,
    shards: Vec<Mutex<Shard>>,
    epoch: AtomicU64,
    /// Which shard is asked first, so that each has its turn.
    turn: AtomicUsize,
    bell: Notify,
}

/// When what is to be done with which mailbox.
type Index = BTreeSet<(SystemTime, CallRef)>;

#[derive(Debug, Default)]
struct Shard {
    mailboxes: HashMap<CallRef, Box<Mailbox>>,
    /// When which wants to be claimed.
    due: Index,
    /// When which is forgotten.
    graves: Index,
    counts: Counts,
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty one, by the machine's clock.
    pub fn new() -> Self {
        Self::with_wall(Wall::system())
    }

    /// An empty one, by this clock.
    pub fn with_wall(wall: Wall) -> Self {
        Self {
            wall,
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            epoch: AtomicU64::new(0),
            turn: AtomicUsize::new(0),
            bell: Notify::new(),
        }
    }

    /// The shard of a mailbox, in which nothing is that should be forgotten.
    fn shard(&self, key: CallRef, now: SystemTime) -> Option<MutexGuard<'_, Shard>> {
        let [.., last] = key.to_bytes();
        self.shards.get(usize::from(last % SHARDS)).map(|shard| lock(shard, now))
    }

    fn all(&self, now: SystemTime) -> impl Iterator<Item = MutexGuard<'_, Shard>> {
        self.shards.iter().map(move |shard| lock(shard, now))
    }

    fn next_epoch(&self) -> u64 {
        self.epoch.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// When something is to be claimed next.
    fn next_due(&self, now: SystemTime) -> Option<SystemTime> {
        self.all(now).filter_map(|shard| shard.due.first().map(|(due, _)| *due)).min()
    }
}

fn lock(shard: &Mutex<Shard>, now: SystemTime) -> MutexGuard<'_, Shard> {
    let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
    shard.forget(now);
    shard
}

impl Shard {
    fn forget(&mut self, now: SystemTime) {
        while let Some((forget, key)) = self.graves.first().copied()
            && forget <= now
        {
            self.graves.remove(&(forget, key));
            if let Some(mailbox) = self.mailboxes.remove(&key) {
                self.counts.dead -= mailbox.dead() as u64;
            }
        }
    }

    /// Changes a mailbox that is there, and what is known about it with it.
    fn change<T>(&mut self, key: CallRef, change: impl FnOnce(&mut Mailbox) -> T) -> Option<T> {
        let mailbox = self.mailboxes.get_mut(&key)?;
        let before = (mailbox.due(), mailbox.phase(), mailbox.dead());
        let done = change(mailbox);
        let (due, phase, dead) = (mailbox.due(), mailbox.phase(), mailbox.dead());
        if before != (due, phase, dead) {
            self.index(before.1, before.0, key).map(|(index, entry)| index.remove(&entry));
            self.index(phase, due, key).map(|(index, entry)| index.insert(entry));
            self.count(before.1, false);
            self.count(phase, true);
            self.counts.dead = self.counts.dead + dead as u64 - before.2 as u64;
        }
        Some(done)
    }

    fn index(
        &mut self,
        phase: Phase,
        due: Option<SystemTime>,
        key: CallRef,
    ) -> Option<(&mut Index, (SystemTime, CallRef))> {
        let index = if matches!(phase, Phase::Over { .. }) { &mut self.graves } else { &mut self.due };
        due.map(|due| (index, (due, key)))
    }

    fn count(&mut self, phase: Phase, more: bool) {
        let change = |count: &mut u64| *count = if more { *count + 1 } else { *count - 1 };
        match phase {
            Phase::Live => change(&mut self.counts.calls),
            Phase::Parked => {
                change(&mut self.counts.calls);
                change(&mut self.counts.parked);
            }
            Phase::Over { .. } => {}
        }
    }

    /// Takes in what arrives for one mailbox.
    fn accept(
        &mut self,
        key: CallRef,
        arrivals: Vec<Arrival>,
        queue: usize,
        now: SystemTime,
    ) -> Vec<Accepted> {
        let mut room = None;
        let mut accepted = Vec::with_capacity(arrivals.len());
        let mut rest = arrivals.into_iter();
        while let Some(arrival) = rest.next() {
            if !self.mailboxes.contains_key(&key) && arrival.item.kind().opens() {
                self.mailboxes.insert(key, Box::new(Mailbox::new(arrival.tenant.clone(), now)));
                self.count(Phase::Live, true);
            }
            let answer = match self.mailboxes.get(&key) {
                None => Accepted::Ended,
                Some(mailbox) if *mailbox.tenant() != arrival.tenant => Accepted::OtherTenant,
                Some(mailbox) if arrival.dedup.is_some_and(|dedup| mailbox.has_seen(dedup)) => {
                    Accepted::Repeated
                }
                Some(mailbox) if mailbox.is_over() => Accepted::Ended,
                Some(mailbox) if arrival.item.kind().is_limited() => {
                    // Decided once for all of the batch, by what waited before it.
                    let room = *room.get_or_insert_with(|| {
                        mailbox.has_room(1 + limited(mailbox, arrival.dedup, rest.as_slice()), queue)
                    });
                    if room { Accepted::New } else { Accepted::Full }
                }
                Some(_) => Accepted::New,
            };
            if answer == Accepted::New {
                self.change(key, |mailbox| mailbox.push(arrival));
            }
            accepted.push(answer);
        }
        accepted
    }

    fn claim(
        &mut self,
        key: CallRef,
        by: &InstanceId,
        epoch: u64,
        now: SystemTime,
        lease: Duration,
    ) -> Option<Claim> {
        self.change(key, |mailbox| {
            mailbox.claim(by, epoch, now, lease);
            Claim {
                this: ClaimRef { key, epoch },
                tenant: mailbox.tenant().clone(),
                state: mailbox.state(),
                items: mailbox.items(),
                failures: mailbox.failures(),
                now,
            }
        })
    }

    fn holds(&self, claim: &ClaimRef) -> bool {
        self.mailboxes.get(&claim.key).is_some_and(|mailbox| mailbox.is_claimed_with(claim.epoch))
    }
}

/// How many of those that follow will need room.
fn limited(mailbox: &Mailbox, first: Option<DedupKey>, rest: &[Arrival]) -> usize {
    let mut fresh: Vec<DedupKey> = first.into_iter().collect();
    let needs_room = |arrival: &&Arrival| {
        let is_new = arrival.dedup.is_none_or(|key| {
            let is_new = !fresh.contains(&key) && !mailbox.has_seen(key);
            fresh.push(key);
            is_new
        });
        is_new && arrival.item.kind().is_limited() && arrival.tenant == *mailbox.tenant()
    };
    rest.iter().filter(needs_room).count()
}

#[async_trait]
impl CallStore for MemoryStore {
    async fn accept(&self, arrivals: Vec<Arrival>, queue: usize) -> Result<Vec<Accepted>, StoreError> {
        let now = self.wall.now();
        let mut answers = vec![Accepted::Ended; arrivals.len()];
        let mut arrivals: Vec<_> = answers.iter_mut().zip(arrivals).collect();
        arrivals.sort_by_key(|(_, arrival)| arrival.key);
        let mut arrivals = arrivals.into_iter().peekable();
        let mut rings = false;
        while let Some((answer, arrival)) = arrivals.next() {
            let key = arrival.key;
            let (mut slots, mut batch) = (vec![answer], vec![arrival]);
            while let Some((answer, arrival)) = arrivals.next_if(|(_, arrival)| arrival.key == key) {
                slots.push(answer);
                batch.push(arrival);
            }
            let Some(mut shard) = self.shard(key, now) else { continue };
            let accepted = shard.accept(key, batch, queue, now);
            rings |= accepted.contains(&Accepted::New);
            slots.into_iter().zip(accepted).for_each(|(slot, accepted)| *slot = accepted);
        }
        if rings {
            self.bell.notify_waiters();
        }
        Ok(answers)
    }

    async fn claim(&self, by: &InstanceId, want: Want, lease: Duration) -> Result<Vec<Claim>, StoreError> {
        let now = self.wall.now();
        let mut claims = Vec::new();
        match want {
            Want::This(key) => {
                let shard = self.shard(key, now);
                let free = shard.filter(|shard| {
                    let mailbox = shard.mailboxes.get(&key);
                    mailbox.is_some_and(|mailbox| !mailbox.is_over() && !mailbox.is_held(Some(by), now))
                });
                claims.extend(free.and_then(|mut shard| shard.claim(key, by, self.next_epoch(), now, lease)));
            }
            Want::Any(most) => {
                let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.shards.len();
                let (later, first) = self.shards.split_at_checked(turn).unwrap_or_default();
                for shard in first.iter().chain(later) {
                    let mut shard = lock(shard, now);
                    while claims.len() < most
                        && let Some((due, key)) = shard.due.first().copied()
                        && due <= now
                        && let Some(claim) = shard.claim(key, by, self.next_epoch(), now, lease)
                    {
                        claims.push(claim);
                        // A lease of no time leaves it due.
                        if lease.is_zero() {
                            break;
                        }
                    }
                }
            }
        }
        if !claims.is_empty() {
            // Whoever waits must know when these leases end.
            self.bell.notify_waiters();
        }
        Ok(claims)
    }

    async fn commit(&self, claim: &ClaimRef, change: Change) -> Result<Vec<Stored>, StoreError> {
        let mut shard = self.shard(claim.key, self.wall.now()).ok_or(StoreError::Fenced)?;
        if !shard.holds(claim) {
            return Err(StoreError::Fenced);
        }
        let arrived = shard.change(claim.key, |mailbox| mailbox.commit(change)).ok_or(StoreError::Fenced)?;
        drop(shard);
        self.bell.notify_waiters();
        Ok(arrived)
    }

    async fn fetch(&self, claim: &ClaimRef, seen: u64) -> Result<Vec<Stored>, StoreError> {
        let shard = self.shard(claim.key, self.wall.now()).filter(|shard| shard.holds(claim));
        let shard = shard.ok_or(StoreError::Fenced)?;
        let mailbox = shard.mailboxes.get(&claim.key).ok_or(StoreError::Fenced)?;
        Ok(mailbox.items_after(seen))
    }

    async fn renew(&self, claims: &[ClaimRef], lease: Duration) -> Result<Renewed, StoreError> {
        let now = self.wall.now();
        let mut renewed = Renewed::default();
        for claim in claims {
            let Some(mut shard) = self.shard(claim.key, now) else { continue };
            if !shard.holds(claim) {
                renewed.lost.push(claim.key);
                continue;
            }
            let waiting = shard.change(claim.key, |mailbox| {
                mailbox.renew(now, lease);
                mailbox.is_waited_for()
            });
            if waiting == Some(true) {
                renewed.waiting.push(claim.key);
            }
        }
        Ok(renewed)
    }

    async fn release(&self, claims: &[ClaimRef]) -> Result<(), StoreError> {
        let now = self.wall.now();
        for claim in claims {
            if let Some(mut shard) = self.shard(claim.key, now).filter(|shard| shard.holds(claim)) {
                shard.change(claim.key, |mailbox| mailbox.release(now));
            }
        }
        self.bell.notify_waiters();
        Ok(())
    }

    async fn work(&self, at_most: Duration) {
        let deadline = time::Instant::now() + at_most.min(A_DAY);
        loop {
            let bell = self.bell.notified();
            tokio::pin!(bell);
            // Before the look at what is due: what arrives between the two is heard.
            bell.as_mut().enable();
            let now = self.wall.now();
            let left = deadline.saturating_duration_since(time::Instant::now());
            let wait = match self.next_due(now).map(|due| due.duration_since(now).unwrap_or_default()) {
                Some(until) if until < left => until,
                _ => left,
            };
            if wait.is_zero() || (time::timeout(wait, bell).await.is_err() && wait == left) {
                return;
            }
        }
    }

    async fn check(&self) -> Result<Counts, StoreError> {
        let counts = self.all(self.wall.now()).map(|shard| shard.counts);
        Ok(counts.fold(Counts::default(), |sum, some| Counts {
            calls: sum.calls + some.calls,
            parked: sum.parked + some.parked,
            dead: sum.dead + some.dead,
        }))
    }

    async fn browse(&self, query: &Browse) -> Result<Vec<Entry>, StoreError> {
        let now = self.wall.now();
        let asked = |key: &CallRef, mailbox: &Mailbox| {
            query.key.is_none_or(|one| one == *key)
                && query.after.is_none_or(|after| *key > after)
                && (!query.dead || mailbox.dead() > 0)
                && (!query.parked || mailbox.phase() == Phase::Parked)
                && (query.over || !mailbox.is_over())
        };
        if let Some(key) = query.key {
            let shard = self.shard(key, now);
            let entry = shard.and_then(|shard| {
                let mailbox = shard.mailboxes.get(&key).filter(|mailbox| asked(&key, mailbox))?;
                Some(mailbox.entry(key))
            });
            return Ok(entry.into_iter().take(query.limit).collect());
        }
        // Keys first: copies are made only of what fits on the page.
        let mut keys = Vec::new();
        for shard in self.all(now) {
            keys.extend(
                shard.mailboxes.iter().filter(|(key, mailbox)| asked(key, mailbox)).map(|(key, _)| *key),
            );
        }
        keys.sort_unstable();
        let entry = |key| self.shard(key, now)?.mailboxes.get(&key).map(|mailbox| mailbox.entry(key));
        Ok(keys.into_iter().take(query.limit).filter_map(entry).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::UNIX_EPOCH};

    use super::*;
    use crate::store::{Item, ItemKind};

    #[tokio::test(start_paused = true)]
    async fn a_claim_that_nobody_renews_is_work_for_whoever_waits() {
        let store = Arc::new(MemoryStore::with_wall(Wall::anchored(UNIX_EPOCH)));
        let waits = tokio::spawn({
            let store = store.clone();
            async move {
                store.work(Duration::from_secs(3_600)).await;
                time::Instant::now()
            }
        });
        tokio::task::yield_now().await;
        let start = time::Instant::now();
        assert_eq!(store.accept(vec![begin()], 1).await.unwrap(), [Accepted::New]);
        let dies = InstanceId::random();
        assert_eq!(store.claim(&dies, Want::Any(9), Duration::from_secs(5)).await.unwrap().len(), 1);
        assert_eq!(waits.await.unwrap() - start, Duration::from_secs(5));
        let claims = store.claim(&InstanceId::random(), Want::Any(9), Duration::from_secs(5)).await.unwrap();
        assert_eq!(claims[0].failures, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_arrives_and_what_is_given_back_is_heard_of_at_once() {
        let store = Arc::new(MemoryStore::with_wall(Wall::anchored(UNIX_EPOCH)));
        let start = time::Instant::now();
        let wait = || {
            let store = store.clone();
            tokio::spawn(async move { store.work(Duration::from_secs(3_600)).await })
        };
        let waiting = wait();
        tokio::task::yield_now().await;
        store.accept(vec![begin()], 1).await.unwrap();
        waiting.await.unwrap();
        let claims =
            store.claim(&InstanceId::random(), Want::Any(1), Duration::from_secs(600)).await.unwrap();
        let waiting = wait();
        tokio::task::yield_now().await;
        store.release(&[claims[0].this]).await.unwrap();
        waiting.await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    fn begin() -> Arrival {
        Arrival {
            key: CallRef::random(),
            tenant: graph_calls_core::model::TenantId::new("contoso.example").unwrap(),
            dedup: None,
            item: Item::new(ItemKind::Begin, "begin"),
        }
    }
}
