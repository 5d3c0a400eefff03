//! Conversations in the memory of one process: a restart loses them.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use bytes::Bytes;
use graph_calls_core::model::{Notification, TenantId};
use tokio::time::Instant;

use crate::{
    CallRecord, CallRef,
    mailbox::{Outbox, TimerName},
};

/// Something that arrived in a mailbox.
#[derive(Debug)]
pub(crate) enum Item {
    /// From the service.
    Notification { notification: Box<Notification<'static>>, received: SystemTime, received_at: Instant },
    /// What a command's request came to.
    Outcome { command: u64, result: Result<http::Response<Bytes>, graph_calls_core::Error> },
    /// A timer came due; stale unless the conversation still waits for this time.
    Timer { name: TimerName, due: Instant },
}

/// All that is kept of one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conversation {
    pub(crate) record: CallRecord,
    pub(crate) memory: Vec<u8>,
    pub(crate) outbox: Outbox,
    pub(crate) timers: BTreeMap<TimerName, Instant>,
    /// On the wall and on the monotonic clock.
    pub(crate) answer_by: Option<(SystemTime, Instant)>,
    /// How many items were handled: the front of every event's id.
    pub(crate) handled: u64,
}

#[derive(Debug)]
struct Mailbox {
    tenant: TenantId,
    inbox: VecDeque<Item>,
    /// Absent while a worker has it.
    conversation: Option<Box<Conversation>>,
}

#[derive(Debug)]
enum Slot {
    Open(Mailbox),
    /// The call is over and forgotten; what still comes for it says nothing.
    Tombstone,
}

/// What became of items handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// They wait, and somebody must claim the mailbox.
    Wake,
    /// They wait, and a worker is at it.
    Queued,
    /// The call is over and forgotten.
    Ended,
    /// The mailbox belongs to another tenant.
    OtherTenant,
    /// It holds as many items as it may.
    Full,
}

/// One shard is enough for a process whose handlers, not its map, are the work.
#[derive(Debug)]
pub(crate) struct MemoryStore {
    slots: Mutex<HashMap<CallRef, Slot>>,
    capacity: usize,
}

impl MemoryStore {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { slots: Mutex::default(), capacity }
    }

    /// Takes items for a mailbox, all or none. An empty mailbox takes any number, so that no batch is ever too large.
    pub(crate) fn accept(&self, key: CallRef, tenant: &TenantId, items: Vec<Item>) -> Accepted {
        let mut slots = self.lock();
        let slot = slots.entry(key).or_insert_with(|| {
            Slot::Open(Mailbox {
                tenant: tenant.clone(),
                inbox: VecDeque::new(),
                conversation: Some(Box::default()),
            })
        });
        let mailbox = match slot {
            Slot::Tombstone => return Accepted::Ended,
            Slot::Open(mailbox) if mailbox.tenant != *tenant => return Accepted::OtherTenant,
            Slot::Open(mailbox) => mailbox,
        };
        if !mailbox.inbox.is_empty() && mailbox.inbox.len() + items.len() > self.capacity {
            return Accepted::Full;
        }
        mailbox.inbox.extend(items);
        if mailbox.conversation.is_some() { Accepted::Wake } else { Accepted::Queued }
    }

    /// An item of our own: its mailbox is there, and it is never too full for it.
    pub(crate) fn push(&self, key: CallRef, item: Item) -> Accepted {
        let mut slots = self.lock();
        let Some(Slot::Open(mailbox)) = slots.get_mut(&key) else { return Accepted::Ended };
        mailbox.inbox.push_back(item);
        if mailbox.conversation.is_some() { Accepted::Wake } else { Accepted::Queued }
    }

    /// The conversation, for one worker at a time, with the next item.
    pub(crate) fn claim(&self, key: CallRef) -> Option<(TenantId, Box<Conversation>)> {
        match self.lock().get_mut(&key)? {
            Slot::Open(mailbox) => Some((mailbox.tenant.clone(), mailbox.conversation.take()?)),
            Slot::Tombstone => None,
        }
    }

    pub(crate) fn next(&self, key: CallRef) -> Option<Item> {
        match self.lock().get_mut(&key)? {
            Slot::Open(mailbox) => mailbox.inbox.pop_front(),
            Slot::Tombstone => None,
        }
    }

    /// Gives the conversation back, unless more has arrived meanwhile.
    pub(crate) fn release(&self, key: CallRef, conversation: Box<Conversation>) -> Option<Box<Conversation>> {
        match self.lock().get_mut(&key) {
            Some(Slot::Open(mailbox)) if mailbox.inbox.is_empty() => {
                mailbox.conversation = Some(conversation);
                None
            }
            Some(Slot::Open(_)) => Some(conversation),
            Some(Slot::Tombstone) | None => None,
        }
    }

    /// Forgets a call, but not that there was one.
    pub(crate) fn bury(&self, key: CallRef) {
        self.lock().insert(key, Slot::Tombstone);
    }

    /// Forgets even that.
    pub(crate) fn remove(&self, key: CallRef) {
        let mut slots = self.lock();
        if matches!(slots.get(&key), Some(Slot::Tombstone)) {
            slots.remove(&key);
        }
    }

    /// How many calls are kept.
    pub(crate) fn len(&self) -> usize {
        self.lock().values().filter(|slot| matches!(slot, Slot::Open(_))).count()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CallRef, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick() -> Item {
        Item::Timer { name: TimerName::KeepAlive, due: Instant::now() }
    }

    fn key() -> CallRef {
        "00000000000000000000000000000001".parse().unwrap()
    }

    #[tokio::test]
    async fn one_worker_has_a_conversation_and_gives_it_back_only_when_nothing_waits() {
        let store = MemoryStore::new(4);
        let tenant = TenantId::new("contoso.example").unwrap();
        assert_eq!(store.accept(key(), &tenant, vec![tick()]), Accepted::Wake);
        let (_, conversation) = store.claim(key()).unwrap();
        assert!(store.claim(key()).is_none());
        assert_eq!(store.accept(key(), &tenant, vec![tick()]), Accepted::Queued);
        assert!(store.next(key()).is_some());
        let conversation = store.release(key(), conversation).unwrap();
        assert!(store.next(key()).is_some());
        assert!(store.release(key(), conversation).is_none());
        assert!(store.claim(key()).is_some());
    }

    #[tokio::test]
    async fn a_full_mailbox_refuses_and_an_empty_one_takes_any_batch() {
        let store = MemoryStore::new(2);
        let tenant = TenantId::new("contoso.example").unwrap();
        assert_eq!(store.accept(key(), &tenant, (0..5).map(|_| tick()).collect()), Accepted::Wake);
        assert_eq!(store.accept(key(), &tenant, vec![tick()]), Accepted::Full);
        assert_eq!(store.push(key(), tick()), Accepted::Wake);
    }

    #[tokio::test]
    async fn another_tenant_and_a_forgotten_call_get_nothing_in() {
        let store = MemoryStore::new(2);
        let tenant = TenantId::new("contoso.example").unwrap();
        let other = TenantId::new("fabrikam.example").unwrap();
        store.accept(key(), &tenant, vec![tick()]);
        assert_eq!(store.accept(key(), &other, vec![tick()]), Accepted::OtherTenant);
        store.bury(key());
        assert_eq!(store.accept(key(), &tenant, vec![tick()]), Accepted::Ended);
        assert_eq!(store.len(), 0);
        store.remove(key());
        assert_eq!(store.accept(key(), &tenant, vec![tick()]), Accepted::Wake);
    }
}
