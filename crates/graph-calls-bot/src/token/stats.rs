//! What token checks have come to so far.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::RefusalReason;

const REASONS: usize = RefusalReason::ALL.len();

/// What a [`TokenCheck`](super::TokenCheck) has done since it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenStats {
    /// Tokens whose signature was verified.
    pub verified: u64,
    /// Tokens that were known from before.
    pub remembered: u64,
    /// Fetches of keys that were started.
    pub key_fetches: u64,
    /// Fetches of keys that failed.
    pub key_fetch_failures: u64,
    /// How old the keys are; where there are several issuers, the oldest. Nothing while one has none.
    pub keys_age: Option<Duration>,
    pub(super) refused: [u64; REASONS],
}

impl TokenStats {
    /// How many tokens were refused for a reason.
    pub fn refused(&self, reason: RefusalReason) -> u64 {
        self.refused.get(reason as usize).copied().unwrap_or(0)
    }

    /// How many tokens were refused.
    pub fn refused_in_all(&self) -> u64 {
        self.refused.iter().sum()
    }
}

/// The counters behind it.
#[derive(Debug)]
pub(super) struct Counters {
    verified: AtomicU64,
    remembered: AtomicU64,
    refused: [AtomicU64; REASONS],
}

impl Counters {
    pub(super) fn new() -> Self {
        Self {
            verified: AtomicU64::new(0),
            remembered: AtomicU64::new(0),
            refused: [const { AtomicU64::new(0) }; REASONS],
        }
    }

    pub(super) fn verified(&self) {
        self.verified.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn remembered(&self) {
        self.remembered.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self, reason: RefusalReason) {
        if let Some(counter) = self.refused.get(reason as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self) -> TokenStats {
        TokenStats {
            verified: self.verified.load(Ordering::Relaxed),
            remembered: self.remembered.load(Ordering::Relaxed),
            key_fetches: 0,
            key_fetch_failures: 0,
            keys_age: None,
            refused: self.refused.each_ref().map(|counter| counter.load(Ordering::Relaxed)),
        }
    }
}
