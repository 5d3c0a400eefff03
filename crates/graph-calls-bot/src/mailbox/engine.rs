//! What drives all conversations of a bot.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use fastrand::Rng;
use futures_util::FutureExt as _;
use graph_calls_core::{
    Client, Wall,
    model::{AppId, CallbackUri, TenantId},
};
use tokio::{
    sync::{Notify, oneshot},
    task::yield_now,
    time::{Instant, sleep},
};

use crate::{
    Answer, BotStats, CallRecord, CallRef,
    handler::ErasedHandler,
    media_host::Host,
    model::RejectReason,
    prompts::Sounds,
    routing::Handlers,
    store::{Accepted, Arrival, Browse, CallStore, Claim, ClaimRef, InstanceId, Phase, StoreError, Want},
};

/// How long a call belongs to an instance that says nothing.
const LEASE: Duration = Duration::from_secs(4);
/// How often an instance looks for calls that nobody is at.
const LOOK: Duration = Duration::from_secs(1);
/// How long it leaves what has work to those who know of it anyway.
const GLANCE: Duration = Duration::from_millis(5);
/// How many of them it takes at a time.
const SOME: usize = 64;
/// After a store that did not answer.
const BREATHER: Duration = Duration::from_millis(200);

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
    pub(crate) sounds: Sounds,
    pub(crate) unanswered: Unanswered,
    pub(crate) keep_alive: Duration,
    pub(crate) media_host: Host,
    /// How many notifications may wait for one call.
    pub(crate) queue: usize,
}

/// An app, as the engine knows it.
pub(crate) struct Registered {
    pub(crate) id: AppId,
    pub(crate) client: Client,
    /// The tenant whose calls it places unless told otherwise.
    pub(crate) tenant: Option<TenantId>,
    pub(crate) handlers: Handlers,
}

impl Registered {
    pub(super) fn handler(&self, record: &CallRecord) -> Arc<dyn ErasedHandler> {
        self.handlers.of(record)
    }
}

/// What drives all conversations of a bot: one worker per call that has something to do, one task that looks for calls
/// whose time has come, and one that renews what is held.
pub(crate) struct Engine {
    pub(super) apps: Vec<Registered>,
    pub(crate) store: Arc<dyn CallStore>,
    pub(super) config: EngineConfig,
    pub(super) counters: Counters,
    instance: InstanceId,
    wall: Wall,
    /// How far the store's clock is ahead of ours, in nanoseconds.
    ahead: AtomicI64,
    /// The calls that a worker is at.
    active: Mutex<BTreeMap<CallRef, Arc<Active>>>,
    rng: Mutex<Rng>,
    busy: AtomicUsize,
    settled: Notify,
}

/// A call that a worker is at.
#[derive(Debug, Default)]
pub(super) struct Active {
    epoch: AtomicU64,
    rung: AtomicBool,
    orders: Mutex<Vec<Order>>,
    /// A claim that was made in the worker's stead.
    offer: Mutex<Option<Claim>>,
    pub(super) bell: Notify,
    lost: Notify,
}

/// What people want done with a dead letter.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) number: u64,
    pub(super) wanted: Wanted,
    /// Told when it is done; dropped when it is not.
    pub(super) done: oneshot::Sender<()>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted {
    Requeue,
    Drop,
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
    pub(super) take_overs: AtomicU64,
    pub(super) fenced: AtomicU64,
    pub(super) orphans: AtomicU64,
    pub(super) turned_away: AtomicU64,
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Engine {
    pub(crate) fn new(
        apps: Vec<Registered>,
        store: Arc<dyn CallStore>,
        wall: Wall,
        config: EngineConfig,
    ) -> Arc<Self> {
        Arc::new(Self {
            apps,
            store,
            config,
            counters: Counters::default(),
            instance: InstanceId::random(),
            wall,
            ahead: AtomicI64::new(0),
            active: Mutex::default(),
            rng: Mutex::new(Rng::new()),
            busy: AtomicUsize::new(0),
            settled: Notify::new(),
        })
    }

    pub(crate) fn app(&self, id: &AppId) -> Option<&Registered> {
        self.apps.iter().find(|app| app.id == *id)
    }

    /// The date on the store's clock, as far as we know it.
    pub(crate) fn now(&self) -> SystemTime {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let by = Duration::from_nanos(ahead.unsigned_abs());
        let now = self.wall.now();
        if ahead < 0 { now.checked_sub(by).unwrap_or(now) } else { now + by }
    }

    fn learn_clock(&self, store: SystemTime) {
        let ours = self.wall.now();
        let ahead = match store.duration_since(ours) {
            Ok(ahead) => i64::try_from(ahead.as_nanos()).unwrap_or(0),
            Err(behind) => i64::try_from(behind.duration().as_nanos()).map_or(0, |nanos| -nanos),
        };
        self.ahead.store(ahead, Ordering::Relaxed);
    }

    /// Takes items in, and sees to it that they are handled.
    pub(crate) async fn accept(
        self: &Arc<Self>,
        arrivals: Vec<Arrival>,
    ) -> Result<Vec<Accepted>, StoreError> {
        let keys: Vec<_> = arrivals.iter().map(|arrival| arrival.key).collect();
        let accepted = self.store.accept(arrivals, self.config.queue).await?;
        for (key, one) in keys.into_iter().zip(&accepted) {
            match one {
                // A repeated one may have been taken in by somebody who died of it.
                Accepted::New | Accepted::Repeated => self.wake(key),
                Accepted::OtherTenant => count(&self.counters.foreign),
                Accepted::Ended | Accepted::Full => {}
            }
        }
        Ok(accepted)
    }

    /// Takes an item of our own in, however long the store cannot be asked; whoever waits for it gives up in the end.
    pub(super) async fn insist(self: &Arc<Self>, arrival: Arrival, until: Instant) {
        while let Err(error) = self.accept(vec![arrival.clone()]).await {
            tracing::warn!(call_ref = %arrival.key, %error, "an outcome could not be stored");
            if Instant::now() >= until {
                return;
            }
            sleep(BREATHER).await;
        }
    }

    /// Has a worker look at a call: the one that is at it, or a new one.
    pub(super) fn wake(self: &Arc<Self>, key: CallRef) {
        if let Some(active) = self.enter(key, |_| {}) {
            self.employ(key, active);
        }
    }

    /// Takes over a call that was claimed because its time has come.
    fn adopt(self: &Arc<Self>, claim: Claim) {
        let key = claim.this.key;
        if let Some(active) = self.enter(key, |active| active.offer(claim)) {
            self.employ(key, active);
        }
    }

    fn employ(self: &Arc<Self>, key: CallRef, active: Arc<Active>) {
        let engine = Arc::clone(self);
        let busy = self.busy();
        tokio::spawn(async move {
            engine.work(key, &active).await;
            drop(busy);
        });
    }

    /// Enters a call as worked at; nothing if it is, in which case its worker is told to look again. Before that it is
    /// given something, whoever it is.
    fn enter(&self, key: CallRef, give: impl FnOnce(&Active)) -> Option<Arc<Active>> {
        let mut all = self.active();
        if let Some(active) = all.get(&key) {
            give(active);
            active.ring();
            return None;
        }
        let active = Arc::new(Active::default());
        give(&active);
        all.insert(key, Arc::clone(&active));
        Some(active)
    }

    /// Moves a dead letter back into its inbox, or drops it. Returns whether there is such a letter of a call that is not
    /// over.
    pub(crate) async fn order(
        self: &Arc<Self>,
        key: CallRef,
        number: u64,
        wanted: Wanted,
    ) -> Result<bool, StoreError> {
        let found = self.store.browse(&Browse::one(key)).await?;
        let is_there = found.iter().any(|entry| {
            !matches!(entry.phase, Phase::Over { .. })
                && entry.dead.iter().any(|letter| letter.number == number)
        });
        if !is_there {
            return Ok(false);
        }
        let (done, told) = oneshot::channel();
        let order = Order { number, wanted, done };
        if let Some(active) = self.enter(key, |active| active.orders().push(order)) {
            self.employ(key, active);
        }
        let why = "the call is with another instance, or what became of it is unknown; look again";
        let late = |_| StoreError::Unavailable { retry_after: LEASE, why: why.to_owned() };
        told.await.map(|()| true).map_err(late)
    }

    async fn work(self: &Arc<Self>, key: CallRef, active: &Arc<Active>) {
        let mut newest = 0;
        // Should a store panic, the call is not taken for one that somebody is at.
        let entered = Entered { engine: self, key };
        loop {
            // What rang before this is seen by this claim.
            active.hush();
            let offer = active.take_offer().filter(|offer| offer.this.epoch > newest);
            let claim = match offer {
                Some(claim) => Some(claim),
                None => match self.store.claim(&self.instance, Want::This(key), LEASE).await {
                    Ok(claims) => claims.into_iter().next(),
                    Err(error) => {
                        // Whoever looks for calls that nobody is at will find it.
                        tracing::warn!(call_ref = %key, %error, "a call could not be claimed");
                        None
                    }
                },
            };
            match claim {
                Some(claim) => {
                    newest = claim.this.epoch;
                    self.hold(claim, active).await;
                }
                None => drop(active.take_orders()),
            }
            let mut all = self.active();
            if !active.is_rung() && active.orders().is_empty() {
                all.remove(&key);
                drop(all);
                std::mem::forget(entered);
                return;
            }
        }
    }

    async fn hold(self: &Arc<Self>, claim: Claim, active: &Arc<Active>) {
        self.learn_clock(claim.now);
        // What was lost was another claim than this one.
        let _ = active.lost.notified().now_or_never();
        active.epoch.store(claim.this.epoch, Ordering::Release);
        let this = claim.this;
        let held = tokio::select! {
            biased;
            () = active.lost.notified() => Ok(Err(StoreError::Fenced)),
            held = AssertUnwindSafe(self.converse(claim, active)).catch_unwind() => held,
        };
        active.epoch.store(0, Ordering::Release);
        let Ok(held) = held else {
            // Not given back: who dies of an item again and again is counted when its lease has run out.
            tracing::error!(call_ref = %this.key, "whoever handled a call panicked");
            return;
        };
        match held {
            Ok(()) => {
                if let Err(error) = self.store.release(&[this]).await {
                    tracing::warn!(call_ref = %this.key, %error, "a call could not be released");
                }
            }
            Err(StoreError::Fenced) => {
                count(&self.counters.fenced);
                tracing::warn!(call_ref = %this.key, "another instance has taken the call over");
            }
            Err(error) => {
                // What became of the last commit is told by the next claim.
                tracing::warn!(call_ref = %this.key, %error, "a call was let go");
                sleep(BREATHER).await;
                let _ = self.store.release(&[this]).await;
            }
        }
    }

    /// Runs until dropped: takes over the calls that nobody is at and whose time has come.
    pub(crate) async fn look_for_work(self: Arc<Self>) {
        loop {
            match self.store.claim(&self.instance, Want::Any(SOME), LEASE).await {
                Ok(claims) => {
                    let more = claims.len() == SOME;
                    for claim in claims {
                        self.adopt(claim);
                    }
                    if more {
                        // Those who were given something have their turn first.
                        yield_now().await;
                        continue;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the store has no work for us");
                    sleep(BREATHER).await;
                }
            }
            self.store.work(LOOK).await;
            // Who took an item in is at it already.
            sleep(GLANCE).await;
        }
    }

    /// Runs until dropped: renews what is held, and lets go of what is lost.
    pub(crate) async fn renew(self: Arc<Self>) {
        let mut renewed = Instant::now();
        loop {
            sleep(LEASE / 3).await;
            let held: Vec<_> = self
                .active()
                .iter()
                .map(|(key, active)| ClaimRef { key: *key, epoch: active.epoch.load(Ordering::Acquire) })
                .filter(|claim| claim.epoch != 0)
                .collect();
            if held.is_empty() {
                renewed = Instant::now();
                continue;
            }
            match self.store.renew(&held, LEASE).await {
                Ok(answer) => {
                    renewed = Instant::now();
                    let all = self.active();
                    for claim in held.iter().filter(|claim| answer.lost.contains(&claim.key)) {
                        let active = all.get(&claim.key);
                        if let Some(active) =
                            active.filter(|active| active.epoch.load(Ordering::Acquire) == claim.epoch)
                        {
                            active.lost.notify_one();
                        }
                    }
                    for active in answer.waiting.iter().filter_map(|key| all.get(key)) {
                        active.ring();
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "what is held could not be renewed");
                    if renewed.elapsed() > LEASE {
                        // Others may have it by now: whatever we decided would be fenced.
                        let all = self.active();
                        held.iter()
                            .filter_map(|claim| all.get(&claim.key))
                            .for_each(|active| active.lost.notify_one());
                    }
                }
            }
        }
    }

    fn active(&self) -> MutexGuard<'_, BTreeMap<CallRef, Arc<Active>>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// How many calls a worker is at.
    #[cfg(test)]
    pub(super) fn at_work(&self) -> usize {
        self.active().len()
    }

    pub(crate) fn stats(&self) -> BotStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        BotStats {
            notifications: read(&self.counters.notifications),
            poisoned: read(&self.counters.poisoned),
            foreign: read(&self.counters.foreign),
            events: read(&self.counters.events),
            events_dead: read(&self.counters.events_dead),
            commands: read(&self.counters.commands),
            in_doubt: read(&self.counters.in_doubt),
            take_overs: read(&self.counters.take_overs),
            fenced: read(&self.counters.fenced),
            orphans: read(&self.counters.orphans),
            turned_away: read(&self.counters.turned_away),
        }
    }

    /// A time around this one, so that many calls do not speak at once.
    pub(super) fn about(&self, time: Duration) -> Duration {
        time.mul_f64(0.9 + 0.1 * self.rng.lock().unwrap_or_else(PoisonError::into_inner).f64())
    }
}

impl Active {
    fn ring(&self) {
        self.rung.store(true, Ordering::Release);
        self.bell.notify_one();
    }

    pub(super) fn hush(&self) {
        self.rung.store(false, Ordering::Release);
    }

    fn is_rung(&self) -> bool {
        self.rung.load(Ordering::Acquire)
    }

    /// Gives the worker a claim that takes the place of its own, should it have one: it was lost.
    fn offer(&self, claim: Claim) {
        *self.offer.lock().unwrap_or_else(PoisonError::into_inner) = Some(claim);
        if self.epoch.load(Ordering::Acquire) != 0 {
            self.lost.notify_one();
        }
    }

    fn take_offer(&self) -> Option<Claim> {
        self.offer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn orders(&self) -> MutexGuard<'_, Vec<Order>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take_orders(&self) -> Vec<Order> {
        std::mem::take(&mut *self.orders())
    }
}

/// A call that is entered as worked at, until this is dropped.
struct Entered<'a> {
    engine: &'a Engine,
    key: CallRef,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.engine.active().remove(&self.key);
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
