//! What a client counts.

use std::sync::atomic::{AtomicU64, Ordering};

use fastrand::Rng;

use crate::ScenarioId;

/// What a client has done since it was built. Plain numbers; export them as you like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Requests, each counted once however often it was repeated.
    pub requests: u64,
    /// Repeats.
    pub retries: u64,
    /// Requests that would have been repeated, had there been budget left.
    pub retries_denied: u64,
    /// Requests on a deprecated path.
    pub deprecated_paths: u64,
    /// Warnings of a deprecated path: one per form.
    pub deprecation_warnings: u64,
    /// Attempts that the rate limit made wait.
    pub rate_limit_waits: u64,
    /// Warnings that an app holds as many calls as it may, of calls that began through this client.
    pub live_call_warnings: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    seed: u64,
    scenarios: AtomicU64,
    requests: AtomicU64,
    retries: AtomicU64,
    retries_denied: AtomicU64,
    deprecated_paths: AtomicU64,
    deprecation_warnings: AtomicU64,
    rate_limit_waits: AtomicU64,
    live_call_warnings: AtomicU64,
}

impl Counters {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// A scenario for a request that belongs to none. Without a lock: it is the number that makes it new.
    pub(crate) fn next_scenario(&self) -> ScenarioId {
        let number = self.scenarios.fetch_add(1, Ordering::Relaxed);
        ScenarioId::random(Rng::with_seed(self.seed.wrapping_add(number)).u128(..))
    }

    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn retry_denied(&self) {
        self.retries_denied.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn deprecated_path(&self) {
        self.deprecated_paths.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn deprecation_warning(&self) {
        self.deprecation_warnings.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn rate_limit_wait(&self) {
        self.rate_limit_waits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn live_call_warning(&self) {
        self.live_call_warnings.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            requests: read(&self.requests),
            retries: read(&self.retries),
            retries_denied: read(&self.retries_denied),
            deprecated_paths: read(&self.deprecated_paths),
            deprecation_warnings: read(&self.deprecation_warnings),
            rate_limit_waits: read(&self.rate_limit_waits),
            live_call_warnings: read(&self.live_call_warnings),
        }
    }
}
