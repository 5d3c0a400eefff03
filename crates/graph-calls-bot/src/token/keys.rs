//! The keys of one issuer: fetched once for many, renewed in the background, kept for a day when their source is down.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use graph_calls_core::Transport;
use tokio::{sync::watch, time::Instant};

use super::{
    IssuerConfig, Refusal, RefusalReason,
    bucket::Bucket,
    fetch::{FetchError, FetchLimits, fetch},
    key_set::{Key, KeySet},
};

/// How old keys get before they are fetched again.
const RENEW: Duration = Duration::from_secs(60 * 60);

/// How old keys may get at all.
const KEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest wait between two attempts when the source is down.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// The shortest wait that a sender is told.
const MIN_WAIT: Duration = Duration::from_secs(1);

/// Where the keys of an issuer come from.
#[derive(Debug)]
pub(super) struct KeySource(Arc<Shared>);

struct Shared {
    issuer: IssuerConfig,
    transport: Transport,
    limits: FetchLimits,
    state: Mutex<State>,
    fetches: AtomicU64,
    failures: AtomicU64,
}

struct State {
    good: Option<Good>,
    flight: Option<Flight>,
    ended: Option<Ended>,
    /// How many flights have ever started; a flight's number.
    started: u64,
    failures_in_a_row: u32,
    not_before: Option<Instant>,
    unknown_keys: Bucket,
}

struct Good {
    keys: KeySet,
    fetched: Instant,
}

/// A fetch that is under way. Its task lives on when those who wait for it do not.
struct Flight {
    number: u64,
    /// Closed when the task is over, however it ended.
    over: watch::Receiver<()>,
}

#[derive(Clone, Copy)]
struct Ended {
    number: u64,
    good: bool,
}

enum Look {
    Found(Arc<Key>),
    Wait(watch::Receiver<()>),
    Refused(Refusal),
}

impl KeySource {
    pub(super) fn new(issuer: IssuerConfig, transport: Transport, limits: FetchLimits) -> Self {
        Self(Arc::new(Shared {
            issuer,
            transport,
            limits,
            state: Mutex::new(State {
                good: None,
                flight: None,
                ended: None,
                started: 0,
                failures_in_a_row: 0,
                not_before: None,
                unknown_keys: Bucket::full(),
            }),
            fetches: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }))
    }

    pub(super) fn is_of(&self, issuer: &str) -> bool {
        self.0.issuer.is(issuer)
    }

    /// The key with this id, fetched if need be.
    pub(super) async fn key(&self, id: &str) -> Result<Arc<Key>, Refusal> {
        let mut since = None;
        loop {
            match self.0.look(id, &mut since) {
                Look::Found(key) => return Ok(key),
                Look::Refused(refusal) => return Err(refusal),
                Look::Wait(mut over) => while over.changed().await.is_ok() {},
            }
        }
    }

    /// Fetches the keys if there are none.
    pub(super) async fn warm_up(&self) -> Result<(), Refusal> {
        loop {
            let mut over = {
                let now = Instant::now();
                let mut state = self.0.lock();
                state.bury();
                if state.fresh(now).is_some() {
                    return Ok(());
                }
                match &state.flight {
                    Some(flight) => flight.over.clone(),
                    None => self.0.fetch_first(&mut state, now)?,
                }
            };
            while over.changed().await.is_ok() {}
        }
    }

    /// Whether this very key is still the issuer's. Also the place where keys that get old are noticed.
    pub(super) fn vouches_for(&self, key: &Arc<Key>) -> bool {
        let now = Instant::now();
        let mut state = self.0.lock();
        let known = state.fresh(now).is_some_and(|good| good.keys.holds(key));
        self.0.renew_if_due(&mut state, now);
        known
    }

    /// How old the keys are, unless there are none or they are too old.
    pub(super) fn age(&self) -> Option<Duration> {
        let now = Instant::now();
        self.0.lock().fresh(now).map(|good| now - good.fetched)
    }

    pub(super) fn fetches(&self) -> u64 {
        self.0.fetches.load(Ordering::Relaxed)
    }

    pub(super) fn failures(&self) -> u64 {
        self.0.failures.load(Ordering::Relaxed)
    }
}

impl State {
    fn fresh(&self, now: Instant) -> Option<&Good> {
        self.good.as_ref().filter(|good| now - good.fetched < KEEP)
    }

    fn pause(&self, now: Instant) -> Duration {
        self.not_before.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }

    fn fail(&mut self, number: u64) {
        let pause = Duration::from_secs(1 << self.failures_in_a_row.min(5)).min(MAX_PAUSE);
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        self.not_before = Some(Instant::now() + pause);
        self.ended = Some(Ended { number, good: false });
        self.flight = None;
    }

    /// A fetch whose task died has failed.
    fn bury(&mut self) {
        if let Some(flight) = &self.flight
            && flight.over.has_changed().is_err()
        {
            self.fail(flight.number);
        }
    }
}

impl Shared {
    /// Looks a key up. `since` is how many fetches had started when the caller came: what a later one did not bring
    /// is not there, while an earlier one may just have missed it.
    fn look(self: &Arc<Self>, id: &str, since: &mut Option<u64>) -> Look {
        let now = Instant::now();
        let mut state = self.lock();
        state.bury();
        let since = *since.get_or_insert(state.started);
        let fresh = state.fresh(now);
        let have_some = fresh.is_some();
        if let Some(key) = fresh.and_then(|good| good.keys.get(id)) {
            let key = key.clone();
            self.renew_if_due(&mut state, now);
            return Look::Found(key);
        }
        if let Some(ended) = state.ended.filter(|ended| ended.number > since) {
            return Look::Refused(if ended.good {
                Refusal::new(RefusalReason::UnknownKey)
            } else {
                unavailable(RefusalReason::KeysUnavailable, state.pause(now))
            });
        }
        if let Some(flight) = &state.flight {
            return Look::Wait(flight.over.clone());
        }
        let fetched = if have_some {
            state
                .unknown_keys
                .take(now)
                .map(|()| self.start(&mut state))
                .map_err(|wait| unavailable(RefusalReason::TooManyUnknownKeys, wait))
        } else {
            self.fetch_first(&mut state, now)
        };
        fetched.map_or_else(Look::Refused, Look::Wait)
    }

    /// Fetches keys where there are none, unless that just failed.
    fn fetch_first(
        self: &Arc<Self>,
        state: &mut State,
        now: Instant,
    ) -> Result<watch::Receiver<()>, Refusal> {
        let pause = state.pause(now);
        if pause.is_zero() {
            Ok(self.start(state))
        } else {
            Err(unavailable(RefusalReason::KeysUnavailable, pause))
        }
    }

    fn renew_if_due(self: &Arc<Self>, state: &mut State, now: Instant) {
        let due = state.good.as_ref().is_some_and(|good| now - good.fetched >= RENEW);
        if due {
            state.bury();
            if state.flight.is_none() && state.pause(now).is_zero() {
                self.start(state);
            }
        }
    }

    fn start(self: &Arc<Self>, state: &mut State) -> watch::Receiver<()> {
        let (landed, over) = watch::channel(());
        state.started += 1;
        let number = state.started;
        state.flight = Some(Flight { number, over: over.clone() });
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let shared = self.clone();
        tokio::spawn(async move {
            let fetched = fetch(&shared.issuer, &shared.transport, shared.limits).await;
            shared.land(number, fetched);
            drop(landed);
        });
        over
    }

    fn land(&self, number: u64, fetched: Result<KeySet, FetchError>) {
        let issuer = &self.issuer.issuer;
        let mut state = self.lock();
        match fetched {
            Ok(mut keys) => {
                if let Some(before) = &state.good {
                    keys.keep_from(&before.keys);
                }
                tracing::debug!(%issuer, keys = keys.len(), "callback keys fetched");
                state.good = Some(Good { keys, fetched: Instant::now() });
                state.failures_in_a_row = 0;
                state.not_before = None;
                state.ended = Some(Ended { number, good: true });
                state.flight = None;
            }
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                state.fail(number);
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                let document = self.issuer.openid.as_str();
                tracing::warn!(%issuer, document, %error, cause, "callback keys could not be fetched");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(reason: RefusalReason, wait: Duration) -> Refusal {
    Refusal::unavailable(reason, wait.max(MIN_WAIT))
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySource").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
