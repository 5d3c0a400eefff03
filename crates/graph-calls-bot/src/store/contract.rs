//! What a store promises: mailboxes with a lease and a fence.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use graph_calls_core::{BoxError, model::TenantId};

use super::{Arrival, DeadLetter, Stored};
use crate::CallRef;

/// Keeps the conversations of a bot: one mailbox per call.
///
/// Each method is one atomic step per mailbox. A mailbox belongs to one instance at a time, by a lease that must be
/// renewed, on the store's own clock. Each claim has an epoch, larger than all before it: whoever was taken for dead and
/// comes back is told [`StoreError::Fenced`] and changes nothing.
///
/// What is kept is opaque to a store: bytes that a conversation writes and reads. A store in use by bots of two versions
/// needs no care of its own.
///
/// [`conformance`](super::conformance) (feature `test-util`) is what every store has to pass.
#[async_trait]
pub trait CallStore: Send + Sync + 'static {
    /// Takes items in, each into its mailbox, in this order. `queue` is how many notifications may wait in one mailbox:
    /// if those of this batch would be more, they all are [`Accepted::Full`], except that a mailbox in which none waits
    /// takes any number. Other items are never too many.
    ///
    /// One that said [`Accepted::New`] is durable, as far as this store is. The answers are in the order of the arrivals.
    /// What arrives for one mailbox does not affect another.
    ///
    /// # Errors
    ///
    /// When nothing can be said of any of them. Taking them in again does no harm where they have a dedup key.
    async fn accept(&self, arrivals: Vec<Arrival>, queue: usize) -> Result<Vec<Accepted>, StoreError>;

    /// Claims mailboxes: a certain one, or those that have work and nobody at it, the ones that are free for longest
    /// first. One that another instance holds is not among them, nor one that is not there or over. Whoever asks for a
    /// certain one that it holds itself gets it once more: its older claim is worth nothing then.
    ///
    /// # Errors
    ///
    /// When nothing can be said of what was claimed: its lease runs out by itself.
    async fn claim(&self, by: &InstanceId, want: Want, lease: Duration) -> Result<Vec<Claim>, StoreError>;

    /// Changes a claimed mailbox, all at once, and returns what arrived after `change.seen`, oldest first. A claim whose
    /// lease ran out, but whose mailbox nobody else has claimed, is good for it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when the claim is not the newest, was given back, or its mailbox is over or gone: nothing
    /// was changed.
    /// [`StoreError::Unclear`] when nobody knows: the claim must be dropped, never the commit repeated.
    async fn commit(&self, claim: &ClaimRef, change: Change) -> Result<Vec<Stored>, StoreError>;

    /// What arrived in a claimed mailbox after the item of this number.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when the claim is not the newest.
    async fn fetch(&self, claim: &ClaimRef, seen: u64) -> Result<Vec<Stored>, StoreError>;

    /// Renews leases, from now. A claim whose lease ran out, but whose mailbox nobody else has claimed, is renewed too.
    ///
    /// # Errors
    ///
    /// When nothing can be said of any of them.
    async fn renew(&self, claims: &[ClaimRef], lease: Duration) -> Result<Renewed, StoreError>;

    /// Gives mailboxes back, so that others can claim them at once. The claims are worth nothing any more; those that are
    /// not the newest are left alone.
    ///
    /// # Errors
    ///
    /// When nothing can be said of any of them: their leases run out by themselves.
    async fn release(&self, claims: &[ClaimRef]) -> Result<(), StoreError>;

    /// Waits until there may be work for [`Want::Any`], but no longer than this. It may return early for no reason.
    async fn work(&self, at_most: Duration);

    /// Whether the store answers, and what it keeps.
    ///
    /// # Errors
    ///
    /// When it does not, or not well: the reason is for people on call.
    async fn check(&self) -> Result<Counts, StoreError>;

    /// Mailboxes in the order of their keys.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    async fn browse(&self, query: &Browse) -> Result<Vec<Entry>, StoreError>;
}

/// Who claims: one per running process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InstanceId(String);

impl InstanceId {
    /// A name of its own for this process.
    pub fn random() -> Self {
        Self(format!("{:032x}", fastrand::u128(..)))
    }
}

impl From<&str> for InstanceId {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What became of an item that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Accepted {
    /// It is kept.
    New,
    /// One with its dedup key was taken in before.
    Repeated,
    /// The call is over and forgotten, or was never there and this item opens no mailbox.
    Ended,
    /// The mailbox belongs to another tenant.
    OtherTenant,
    /// The mailbox holds as many notifications as it may.
    Full,
}

/// Which mailboxes to claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// This one, whether it has work or not.
    This(CallRef),
    /// At most so many of those that have work: something in the inbox, unless parked, or a wake time that has come.
    Any(usize),
}

/// Which claim of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClaimRef {
    /// The mailbox.
    pub key: CallRef,
    /// Larger than that of any claim before.
    pub epoch: u64,
}

/// A claimed mailbox.
#[derive(Clone)]
pub struct Claim {
    /// Which.
    pub this: ClaimRef,
    /// The tenant it belongs to: that of its first item.
    pub tenant: TenantId,
    /// What was committed last; nothing before the first commit.
    pub state: Option<Bytes>,
    /// All that waits, oldest first.
    pub items: Vec<Stored>,
    /// How many claims before this one ended by their lease and without any commit: somebody may have died of an item. A
    /// commit starts the count over. A claim that was given back does not count.
    pub failures: u32,
    /// The store's clock.
    pub now: SystemTime,
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("this", &self.this)
            .field("tenant", &self.tenant)
            .field("state", &Length(self.state.as_ref()))
            .field("items", &self.items)
            .field("failures", &self.failures)
            .field("now", &self.now)
            .finish()
    }
}

/// What a bot remembers of people is not for logs.
struct Length<'a>(Option<&'a Bytes>);

impl fmt::Debug for Length<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(bytes) => write!(f, "{} bytes", bytes.len()),
            None => f.write_str("none"),
        }
    }
}

/// What a commit changes.
#[derive(Clone)]
pub struct Change {
    /// The new state.
    pub state: Bytes,
    /// The items that were handled, by their numbers: they leave the inbox.
    pub taken: Vec<u64>,
    /// The largest number that is known to the claim: later ones are returned.
    pub seen: u64,
    /// When the mailbox wants to be claimed although nothing arrived, on the store's clock.
    pub wake: Option<SystemTime>,
    /// What it is from now on.
    pub phase: Phase,
    /// Dead letters that are added.
    pub dead: Vec<DeadLetter>,
    /// Dead letters that are removed, by the number of their item.
    pub undead: Vec<u64>,
    /// Dead letters that go back into the inbox, to its end, by the number of their item: they get new numbers, and are
    /// returned as what arrived.
    pub requeue: Vec<u64>,
}

impl Change {
    /// A new state of a live call, to which nothing else happens.
    pub fn new(state: Bytes, seen: u64, wake: Option<SystemTime>) -> Self {
        Self {
            state,
            taken: Vec::new(),
            seen,
            wake,
            phase: Phase::Live,
            dead: Vec::new(),
            undead: Vec::new(),
            requeue: Vec::new(),
        }
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("state", &Length(Some(&self.state)))
            .field("taken", &self.taken)
            .field("seen", &self.seen)
            .field("wake", &self.wake)
            .field("phase", &self.phase)
            .field("dead", &self.dead)
            .field("undead", &self.undead)
            .field("requeue", &self.requeue)
            .finish()
    }
}

/// What a mailbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Its items are handled.
    #[default]
    Live,
    /// Its memory cannot be read: items wait, and only its wake time makes it work.
    Parked,
    /// A tombstone: state and inbox are gone and the claim has ended, dead letters and dedup keys are kept. It is
    /// forgotten at this time. What the claim did not know of is returned by the commit, and by nothing else.
    Over {
        /// On the store's clock.
        forget: SystemTime,
    },
}

/// What renewing leases came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renewed {
    /// Claims that are not the newest, were given back, or whose mailbox is over or gone.
    pub lost: Vec<CallRef>,
    /// Those in whose inbox something waits.
    pub waiting: Vec<CallRef>,
}

/// How much a store keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Mailboxes that are not over.
    pub calls: u64,
    /// Of those, parked.
    pub parked: u64,
    /// Dead letters, of all mailboxes.
    pub dead: u64,
}

impl Counts {
    /// So many.
    pub fn new(calls: u64, parked: u64, dead: u64) -> Self {
        Self { calls, parked, dead }
    }
}

/// Which mailboxes to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Browse {
    /// Only this one.
    pub key: Option<CallRef>,
    /// Only those after this one.
    pub after: Option<CallRef>,
    /// Only those with a dead letter.
    pub dead: bool,
    /// Only those that are parked.
    pub parked: bool,
    /// Also tombstones. Dead letters of a call that is over are found with them.
    pub over: bool,
    /// At most so many.
    pub limit: usize,
}

impl Default for Browse {
    fn default() -> Self {
        Self { key: None, after: None, dead: false, parked: false, over: false, limit: 100 }
    }
}

impl Browse {
    /// One mailbox, whatever it is.
    pub fn one(key: CallRef) -> Self {
        Self { key: Some(key), over: true, limit: 1, ..Self::default() }
    }
}

/// A mailbox that is looked at.
#[derive(Clone)]
#[non_exhaustive]
pub struct Entry {
    /// Its key.
    pub key: CallRef,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// What it is.
    pub phase: Phase,
    /// Who holds it, until when.
    pub owner: Option<(InstanceId, SystemTime)>,
    /// That of the newest claim.
    pub epoch: u64,
    /// How many items wait.
    pub inbox: usize,
    /// When it wants to be claimed.
    pub wake: Option<SystemTime>,
    /// What was committed last.
    pub state: Option<Bytes>,
    /// Its dead letters, in the order of their numbers.
    pub dead: Vec<DeadLetter>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("key", &self.key)
            .field("tenant", &self.tenant)
            .field("phase", &self.phase)
            .field("owner", &self.owner)
            .field("epoch", &self.epoch)
            .field("inbox", &self.inbox)
            .field("wake", &self.wake)
            .field("state", &Length(self.state.as_ref()))
            .field("dead", &self.dead)
            .finish()
    }
}

impl Entry {
    /// A mailbox about which no more is known than this.
    pub fn new(key: CallRef, tenant: TenantId, phase: Phase) -> Self {
        Self {
            key,
            tenant,
            phase,
            owner: None,
            epoch: 0,
            inbox: 0,
            wake: None,
            state: None,
            dead: Vec::new(),
        }
    }
}

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The claim is not the newest any more; nothing was changed.
    #[error("another instance has taken the call over")]
    Fenced,
    /// Nobody knows whether it was done.
    #[error("it is unknown whether the store did it")]
    Unclear(#[source] BoxError),
    /// It cannot be asked now; nothing was changed.
    #[error("the store is not available: {why}")]
    Unavailable {
        /// When it may be worth trying again.
        retry_after: Duration,
        /// What is wrong, for people on call.
        why: String,
    },
    /// What is kept cannot be read.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The store cannot be used for this.
    #[error("the store cannot be used: {0}")]
    Unsupported(String),
}
