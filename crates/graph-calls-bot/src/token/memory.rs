//! Tokens that were verified before: the service sends one for an hour.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use super::{Verified, key_set::Key};

/// How many tokens are remembered.
const CAPACITY: usize = 1_024;

/// What is known of a verified token.
#[derive(Debug)]
pub(super) struct Remembered {
    pub(super) verified: Verified,
    /// Whether its tenant is one of those allowed.
    pub(super) allowed: bool,
    /// Which issuer it is of.
    pub(super) issuer: usize,
    /// What it was signed with: it is forgotten when its issuer has that key no more.
    pub(super) key: Arc<Key>,
    pub(super) until: SystemTime,
}

/// Verified tokens, each found by all of its bytes.
pub(super) struct Memory {
    tokens: RwLock<Tokens>,
    capacity: usize,
}

#[derive(Default)]
struct Tokens {
    known: HashMap<Box<[u8]>, (u64, Arc<Remembered>)>,
    ever: u64,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { tokens: RwLock::default(), capacity: CAPACITY }
    }

    pub(super) fn get(&self, token: &[u8]) -> Option<Arc<Remembered>> {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        tokens.known.get(token).map(|(_, remembered)| remembered.clone())
    }

    pub(super) fn put(&self, token: &[u8], remembered: Remembered, now: SystemTime) {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        if tokens.known.len() >= self.capacity && !tokens.known.contains_key(token) {
            tokens.make_room(self.capacity, now);
        }
        tokens.ever += 1;
        let number = tokens.ever;
        tokens.known.insert(Box::from(token), (number, Arc::new(remembered)));
    }

    pub(super) fn forget(&self, token: &[u8]) {
        self.tokens.write().unwrap_or_else(PoisonError::into_inner).known.remove(token);
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).known.len()
    }
}

impl Tokens {
    fn make_room(&mut self, capacity: usize, now: SystemTime) {
        self.known.retain(|_, (_, remembered)| now < remembered.until);
        if self.known.len() >= capacity
            && let Some(oldest) = self.known.values().map(|(number, _)| *number).min()
        {
            self.known.retain(|_, (number, _)| *number != oldest);
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("tokens", &self.len()).finish_non_exhaustive()
    }
}
