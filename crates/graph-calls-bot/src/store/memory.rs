//! Conversations in the memory of one process: a restart loses them.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use graph_calls_core::model::TenantId;

use crate::{
    CallRef,
    mailbox::{Conversation, Item},
};

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

    /// Takes items for several mailboxes, those of all or of none: a sender that is told to come back brings them all.
    /// An empty mailbox takes any number, so that no batch is ever too large.
    pub(crate) fn accept(
        &self,
        tenant: &TenantId,
        batches: Vec<(CallRef, Vec<Item>)>,
    ) -> Vec<(CallRef, Accepted)> {
        let mut slots = self.lock();
        let full = |(key, items): &&(CallRef, Vec<Item>)| match slots.get(key) {
            Some(Slot::Open(mailbox)) if mailbox.tenant == *tenant => {
                !mailbox.inbox.is_empty() && mailbox.inbox.len() + items.len() > self.capacity
            }
            _ => false,
        };
        if let Some((key, _)) = batches.iter().find(full) {
            return vec![(*key, Accepted::Full)];
        }
        let take = |(key, items): (CallRef, Vec<Item>)| {
            let slot = slots.entry(key).or_insert_with(|| {
                Slot::Open(Mailbox {
                    tenant: tenant.clone(),
                    inbox: VecDeque::new(),
                    conversation: Some(Box::default()),
                })
            });
            let accepted = match slot {
                Slot::Tombstone => Accepted::Ended,
                Slot::Open(mailbox) if mailbox.tenant != *tenant => Accepted::OtherTenant,
                Slot::Open(mailbox) => {
                    mailbox.inbox.extend(items);
                    if mailbox.conversation.is_some() { Accepted::Wake } else { Accepted::Queued }
                }
            };
            (key, accepted)
        };
        batches.into_iter().map(take).collect()
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
    use tokio::time::Instant;

    use super::*;
    use crate::mailbox::TimerName;

    fn ticks(count: usize) -> Vec<Item> {
        (0..count).map(|_| Item::Timer { name: TimerName::KeepAlive, due: Instant::now() }).collect()
    }

    fn key(number: u8) -> CallRef {
        format!("{number:032x}").parse().unwrap()
    }

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    fn accept(store: &MemoryStore, name: &str, batches: &[(u8, usize)]) -> Vec<Accepted> {
        let batches = batches.iter().map(|(number, count)| (key(*number), ticks(*count))).collect();
        store.accept(&tenant(name), batches).into_iter().map(|(_, accepted)| accepted).collect()
    }

    #[tokio::test]
    async fn one_worker_has_a_conversation_and_gives_it_back_only_when_nothing_waits() {
        let store = MemoryStore::new(4);
        assert_eq!(accept(&store, "contoso.example", &[(1, 1)]), [Accepted::Wake]);
        let (_, conversation) = store.claim(key(1)).unwrap();
        assert!(store.claim(key(1)).is_none());
        assert_eq!(accept(&store, "contoso.example", &[(1, 1)]), [Accepted::Queued]);
        assert!(store.next(key(1)).is_some());
        let conversation = store.release(key(1), conversation).unwrap();
        assert!(store.next(key(1)).is_some());
        assert!(store.release(key(1), conversation).is_none());
        assert!(store.claim(key(1)).is_some());
    }

    #[tokio::test]
    async fn a_full_mailbox_refuses_all_and_an_empty_one_takes_any_batch() {
        let store = MemoryStore::new(2);
        assert_eq!(accept(&store, "contoso.example", &[(1, 5)]), [Accepted::Wake]);
        assert_eq!(accept(&store, "contoso.example", &[(2, 1), (1, 1)]), [Accepted::Full]);
        assert!(store.next(key(2)).is_none());
        assert_eq!(store.push(key(1), ticks(1).remove(0)), Accepted::Wake);
    }

    #[tokio::test]
    async fn another_tenant_and_a_forgotten_call_get_nothing_in() {
        let store = MemoryStore::new(2);
        accept(&store, "contoso.example", &[(1, 1)]);
        assert_eq!(
            accept(&store, "fabrikam.example", &[(1, 1), (2, 1)]),
            [Accepted::OtherTenant, Accepted::Wake]
        );
        store.bury(key(1));
        assert_eq!(accept(&store, "contoso.example", &[(1, 1)]), [Accepted::Ended]);
        assert_eq!(store.len(), 1);
        store.remove(key(1));
        assert_eq!(accept(&store, "contoso.example", &[(1, 1)]), [Accepted::Wake]);
    }
}
