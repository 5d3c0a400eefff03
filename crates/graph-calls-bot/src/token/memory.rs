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

/// The end of a token, by which it is looked up before all of its bytes are compared.
///
/// It is the end of the signature. Two tokens that were verified never share it, and whoever does not know it is not
/// told by the time of a comparison how much of a token was right.
type Tail = [u8; 32];

/// Verified tokens, each found by all of its bytes.
pub(super) struct Memory {
    tokens: RwLock<Tokens>,
    capacity: usize,
}

#[derive(Default)]
struct Tokens {
    known: HashMap<Tail, Known>,
    ever: u64,
}

struct Known {
    token: Box<[u8]>,
    number: u64,
    remembered: Arc<Remembered>,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { tokens: RwLock::default(), capacity: CAPACITY }
    }

    pub(super) fn get(&self, token: &[u8]) -> Option<Arc<Remembered>> {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        let known = tokens.known.get(tail(token)?).filter(|known| *known.token == *token)?;
        Some(known.remembered.clone())
    }

    pub(super) fn put(&self, token: &[u8], remembered: Remembered, now: SystemTime) {
        let Some(tail) = tail(token) else { return };
        let known = Known { token: Box::from(token), number: 0, remembered: Arc::new(remembered) };
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        if tokens.known.len() >= self.capacity && !tokens.known.contains_key(tail) {
            tokens.make_room(self.capacity, now);
        }
        tokens.ever += 1;
        let number = tokens.ever;
        tokens.known.insert(*tail, Known { number, ..known });
    }

    /// Forgets what was remembered of a token, unless another check has renewed it since.
    pub(super) fn forget(&self, token: &[u8], remembered: &Arc<Remembered>) {
        let Some(tail) = tail(token) else { return };
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        if tokens.known.get(tail).is_some_and(|known| Arc::ptr_eq(&known.remembered, remembered)) {
            tokens.known.remove(tail);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).known.len()
    }
}

impl Tokens {
    fn make_room(&mut self, capacity: usize, now: SystemTime) {
        self.known.retain(|_, known| now < known.remembered.until);
        if self.known.len() >= capacity
            && let Some(oldest) = self.known.values().map(|known| known.number).min()
        {
            self.known.retain(|_, known| known.number != oldest);
        }
    }
}

fn tail(token: &[u8]) -> Option<&Tail> {
    token.last_chunk()
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("tokens", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use graph_calls_core::model::AppId;

    use super::*;
    use crate::token::{
        key_set::KeySet,
        test_issuer::{APP, jwk},
    };

    fn remembered() -> Remembered {
        let set = serde_json::json!({"keys": [jwk(0, "first")]}).to_string();
        let keys = KeySet::read(set.as_bytes(), 1).unwrap();
        Remembered {
            verified: Verified { app: AppId::new(APP).unwrap(), tenant: None },
            allowed: true,
            issuer: 0,
            key: keys.get("first").unwrap().clone(),
            until: UNIX_EPOCH + Duration::from_secs(1),
        }
    }

    #[test]
    fn a_token_is_found_by_all_of_its_bytes_though_looked_up_by_its_end() {
        let memory = Memory::new();
        let token = [b'a'; 700];
        memory.put(&token, remembered(), UNIX_EPOCH);
        assert!(memory.get(&token).is_some());
        for at in 0..700 {
            let mut changed = token;
            changed[at] = b'b';
            assert!(memory.get(&changed).is_none(), "{at}");
        }
        for length in [0, 31, 32, 33, 699] {
            assert!(memory.get(&token[..length]).is_none(), "{length}");
        }
        assert!(memory.get(&[b'a'; 701]).is_none());
    }

    #[test]
    fn what_another_check_has_renewed_is_not_forgotten() {
        let memory = Memory::new();
        let token = [b'a'; 700];
        memory.put(&token, remembered(), UNIX_EPOCH);
        let before = memory.get(&token).unwrap();
        memory.put(&token, remembered(), UNIX_EPOCH);
        memory.forget(&token, &before);
        let now = memory.get(&token).unwrap();
        memory.forget(&token, &now);
        assert!(memory.get(&token).is_none());
    }
}
