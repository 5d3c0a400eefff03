//! What every store has to pass.
//!
//! A store's tests implement [`Subject`] and run [`all`], and [`model`] with some seeds. Each rule is a function of its
//! own, with a fresh store. They panic where a store breaks the contract.
//!
//! No rule depends on how fast a machine is: a lease that must hold is very long, and one that must end is waited for.
//!
//! # Examples
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! use async_trait::async_trait;
//! use graph_calls_bot::{
//!     core::Wall,
//!     store::{MemoryStore, conformance},
//! };
//!
//! struct Memory;
//!
//! #[async_trait]
//! impl conformance::Subject for Memory {
//!     type Store = MemoryStore;
//!
//!     async fn fresh(&self) -> MemoryStore {
//!         MemoryStore::with_wall(Wall::anchored(SystemTime::UNIX_EPOCH))
//!     }
//!
//!     async fn advance(&self, by: Duration) {
//!         tokio::time::sleep(by).await; // Time is paused: this takes none.
//!     }
//! }
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
//! # runtime.block_on(async {
//! conformance::all(&Memory).await;
//! conformance::model(&Memory, 1).await;
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

#![allow(clippy::wildcard_imports, reason = "each rule needs most of the contract; tests are free to anyway")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "these are tests: to panic is how they fail"
)]

mod claims;
mod commits;
mod inbox;
mod looks;
mod model;
mod over;

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use graph_calls_core::model::TenantId;

pub use self::{claims::*, commits::*, inbox::*, looks::*, model::model, over::*};
use super::{
    Accepted, Arrival, Browse, CallStore, Change, Claim, ClaimRef, DeadLetter, DedupKey, Entry, InstanceId,
    Item, ItemKind, Phase, Stored, Want,
};
use crate::CallRef;

/// A store that is to be tested, and its clock.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The store.
    type Store: CallStore;

    /// An empty store.
    async fn fresh(&self) -> Self::Store;

    /// Lets at least this much time pass on the store's clock.
    async fn advance(&self, by: Duration);

    /// How long a lease is that a rule waits for. With a clock that cannot be moved: some tens of milliseconds.
    fn lease(&self) -> Duration {
        Duration::from_secs(30)
    }
}

/// Runs every rule once.
pub async fn all<S: Subject>(subject: &S) {
    only_a_notification_or_a_begin_opens(subject).await;
    an_item_is_taken_in_once(subject).await;
    the_last_1024_dedup_keys_are_remembered(subject).await;
    a_mailbox_belongs_to_one_tenant(subject).await;
    only_notifications_are_limited(subject).await;
    items_stay_in_order(subject).await;
    a_batch_is_for_many_mailboxes(subject).await;
    large_items_come_back(subject).await;
    a_claim_is_for_one_at_a_time(subject).await;
    one_of_many_gets_a_claim(subject).await;
    many_together_handle_each_item_once(subject).await;
    only_mailboxes_with_work_are_claimed_by_anybody(subject).await;
    a_lease_that_ended_lets_others_take_over(subject).await;
    a_claim_given_back_is_free_at_once(subject).await;
    claims_that_end_without_a_commit_are_counted(subject).await;
    a_late_renewal_is_good_while_nobody_else_claims(subject).await;
    renewal_says_where_something_waits(subject).await;
    mailboxes_have_their_turn(subject).await;
    work_is_heard_of(subject).await;
    a_commit_changes_all_at_once(subject).await;
    a_commit_returns_what_arrived_meanwhile(subject).await;
    a_claim_fetches_what_arrived_meanwhile(subject).await;
    an_old_claim_changes_nothing(subject).await;
    a_wake_time_makes_work(subject).await;
    a_parked_mailbox_works_only_by_its_wake_time(subject).await;
    dead_letters_are_dropped_or_requeued(subject).await;
    a_tombstone_takes_nothing_in(subject).await;
    a_tombstone_is_forgotten_at_its_time(subject).await;
    browsing_filters_and_pages(subject).await;
    check_counts(subject).await;
}

/// Longer than any rule takes.
fn long<S: Subject>(subject: &S) -> Duration {
    subject.lease() * 100_000
}

/// Ends the leases and comes to the times that are one lease away.
async fn pass<S: Subject>(subject: &S) {
    subject.advance(subject.lease() * 2).await;
}

fn key(number: u128) -> CallRef {
    CallRef::from_bytes(number.to_be_bytes())
}

fn tenant() -> TenantId {
    TenantId::new("contoso.example").unwrap()
}

fn one() -> InstanceId {
    InstanceId::from("one")
}

fn two() -> InstanceId {
    InstanceId::from("two")
}

fn arrival(mailbox: u128, kind: ItemKind, data: &str) -> Arrival {
    Arrival { key: key(mailbox), tenant: tenant(), dedup: None, item: Item::new(kind, data.to_owned()) }
}

fn note(mailbox: u128, data: &str) -> Arrival {
    arrival(mailbox, ItemKind::Notification, data)
}

/// A notification that is told from others by what it says.
fn marked(mailbox: u128, data: &str) -> Arrival {
    Arrival { dedup: Some(DedupKey::of(&[data.as_bytes()])), ..note(mailbox, data) }
}

async fn accept(store: &impl CallStore, arrivals: Vec<Arrival>) -> Vec<Accepted> {
    store.accept(arrivals, 256).await.unwrap()
}

/// Takes in what must be new.
async fn put(store: &impl CallStore, arrivals: Vec<Arrival>) {
    let expected = vec![Accepted::New; arrivals.len()];
    assert_eq!(accept(store, arrivals).await, expected);
}

async fn claim(store: &impl CallStore, by: &InstanceId, mailbox: u128, lease: Duration) -> Option<Claim> {
    let mut claims = store.claim(by, Want::This(key(mailbox)), lease).await.unwrap();
    assert!(claims.len() <= 1);
    claims.pop()
}

/// The keys that anybody gets.
async fn claim_any(store: &impl CallStore, by: &InstanceId, most: usize, lease: Duration) -> Vec<CallRef> {
    let claims = store.claim(by, Want::Any(most), lease).await.unwrap();
    let mut keys: Vec<_> = claims.iter().map(|claim| claim.this.key).collect();
    keys.sort_unstable();
    keys
}

/// A change that changes nothing but the state.
fn change(state: &str, seen: u64) -> Change {
    Change {
        state: Bytes::from(state.to_owned()),
        taken: Vec::new(),
        seen,
        wake: None,
        phase: Phase::Live,
        dead: Vec::new(),
        undead: Vec::new(),
        requeue: Vec::new(),
    }
}

/// A change that takes all items of a claim.
fn all_taken(claim: &Claim) -> Change {
    let taken: Vec<_> = claim.items.iter().map(|stored| stored.number).collect();
    Change { seen: taken.last().copied().unwrap_or_default(), taken, ..change("taken", 0) }
}

fn letter(stored: &Stored, at: SystemTime) -> DeadLetter {
    DeadLetter { number: stored.number, item: stored.item.clone(), why: "it is too odd".to_owned(), at }
}

fn texts(items: &[Stored]) -> Vec<&str> {
    items.iter().map(|stored| std::str::from_utf8(stored.item.data()).unwrap()).collect()
}

async fn look(store: &impl CallStore, mailbox: u128) -> Option<Entry> {
    store.browse(&Browse::one(key(mailbox))).await.unwrap().pop()
}

async fn is_fenced(store: &impl CallStore, claim: ClaimRef) -> bool {
    matches!(store.commit(&claim, change("fenced", u64::MAX)).await, Err(super::StoreError::Fenced))
}
