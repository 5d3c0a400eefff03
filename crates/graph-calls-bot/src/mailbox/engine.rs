//! What drives all conversations of a bot.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use graph_calls_core::{
    Client, Wall,
    model::{AppId, CallbackUri, Notification, TenantId},
};
use tokio::{sync::Notify, time::Instant};

use super::{
    Item,
    timers::{TimerName, Timers},
};
use crate::{
    Answer, BotStats, CallRef,
    handler::ErasedHandler,
    model::RejectReason,
    store::{Accepted, MemoryStore},
};

/// What happens to a ringing call about which the handler decided nothing, 3 seconds before it is too late (1 for
/// policy-based recording), also while the handler is still at it.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Unanswered {
    /// It rings on until the service gives up.
    #[default]
    Ignore,
    /// It is rejected.
    Reject(RejectReason<'static>),
    /// It is answered.
    Answer(Answer),
}

#[derive(Debug, Clone)]
pub(crate) struct EngineConfig {
    pub(crate) callback: CallbackUri,
    pub(crate) unanswered: Unanswered,
    pub(crate) keep_alive: Duration,
    pub(crate) queue: usize,
}

/// What drives all conversations of a bot: one worker per call that has something to do, and one task for timers.
pub(crate) struct Engine {
    pub(super) app: AppId,
    pub(super) client: Client,
    pub(super) handler: Arc<dyn ErasedHandler>,
    pub(super) store: MemoryStore,
    pub(super) timers: Timers,
    pub(super) config: EngineConfig,
    pub(super) wall: Wall,
    pub(super) counters: Counters,
    rng: Mutex<Rng>,
    busy: AtomicUsize,
    settled: Notify,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) notifications: AtomicU64,
    pub(super) poisoned: AtomicU64,
    pub(super) foreign: AtomicU64,
    pub(super) events: AtomicU64,
    pub(super) events_dead: AtomicU64,
    pub(super) commands: AtomicU64,
    pub(super) in_doubt: AtomicU64,
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Engine {
    pub(crate) fn new(
        app: AppId,
        client: Client,
        handler: Arc<dyn ErasedHandler>,
        config: EngineConfig,
    ) -> Arc<Self> {
        Arc::new(Self {
            app,
            client,
            handler,
            store: MemoryStore::new(config.queue),
            timers: Timers::default(),
            config,
            wall: Wall::system(),
            counters: Counters::default(),
            rng: Mutex::new(Rng::new()),
            busy: AtomicUsize::new(0),
            settled: Notify::new(),
        })
    }

    /// The conversation that a notification belongs to: named by the path it came to, else by the call it is about.
    pub(crate) fn key_of(
        &self,
        named: Option<CallRef>,
        tenant: &TenantId,
        item: &Notification<'_>,
    ) -> Option<CallRef> {
        named.or_else(|| Some(CallRef::of_incoming(&self.app, tenant, &item.call_id()?)))
    }

    /// Takes the notifications of one request, sorted by conversation, those of all or of none.
    pub(crate) fn accept(
        self: &Arc<Self>,
        tenant: &TenantId,
        batches: Vec<(CallRef, Vec<(Notification<'static>, Instant)>)>,
    ) -> Vec<Accepted> {
        let now = (self.wall.now(), Instant::now());
        let item = |(notification, received_at): (Notification<'static>, Instant)| Item::Notification {
            notification: Box::new(notification),
            received: now.0 - now.1.saturating_duration_since(received_at),
            received_at,
        };
        let batches =
            batches.into_iter().map(|(key, batch)| (key, batch.into_iter().map(item).collect())).collect();
        let accepted = self.store.accept(tenant, batches);
        for (key, accepted) in &accepted {
            match accepted {
                Accepted::Wake => self.wake(*key),
                Accepted::OtherTenant => count(&self.counters.foreign),
                Accepted::Queued | Accepted::Ended | Accepted::Full => {}
            }
        }
        accepted.into_iter().map(|(_, accepted)| accepted).collect()
    }

    pub(super) fn push(self: &Arc<Self>, key: CallRef, item: Item) {
        if self.store.push(key, item) == Accepted::Wake {
            self.wake(key);
        }
    }

    fn wake(self: &Arc<Self>, key: CallRef) {
        let engine = Arc::clone(self);
        let busy = self.busy();
        tokio::spawn(async move {
            engine.work(key).await;
            drop(busy);
        });
    }

    /// Runs until dropped: hands timers that came due to their conversations.
    pub(crate) async fn keep_time(self: Arc<Self>) {
        loop {
            let (due, key, name) = self.timers.next().await;
            if name == TimerName::Unbury {
                self.store.remove(key);
            } else {
                self.push(key, Item::Timer { name, due });
            }
        }
    }

    /// Something is under way until the guard is dropped.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::AcqRel);
        Busy(Arc::clone(self))
    }

    /// Waits until no item is being handled and no command is under way.
    pub(crate) async fn settled(&self) {
        loop {
            let settled = self.settled.notified();
            if self.busy.load(Ordering::Acquire) == 0 {
                return;
            }
            settled.await;
        }
    }

    pub(crate) fn stats(&self) -> BotStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        BotStats {
            calls: self.store.len(),
            notifications: read(&self.counters.notifications),
            poisoned: read(&self.counters.poisoned),
            foreign: read(&self.counters.foreign),
            events: read(&self.counters.events),
            events_dead: read(&self.counters.events_dead),
            commands: read(&self.counters.commands),
            in_doubt: read(&self.counters.in_doubt),
        }
    }

    /// A time around this one, so that many calls do not speak at once.
    pub(super) fn about(&self, time: Duration) -> Duration {
        time.mul_f64(0.9 + 0.1 * self.rng.lock().unwrap_or_else(PoisonError::into_inner).f64())
    }
}

pub(super) struct Busy(Arc<Engine>);

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.settled.notify_waiters();
        }
    }
}
