//! What the bot keeps, read out of copies of its file.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use graph_calls_bot::{
    CallRef,
    store::{Browse, CallStore as _, Entry, InstanceId, Phase, Want},
};
use graph_calls_core::BoxError;
use graph_calls_redb::RedbStore;
use serde::{Deserialize, de::IgnoredAny};

use super::log::Log;

/// What is looked at of a conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    memory: Option<Log>,
    outbox: Outbox,
    letters: Vec<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Outbox {
    waiting: Vec<IgnoredAny>,
    sending: Option<IgnoredAny>,
}

impl Kept {
    /// Nothing where the state is of another form, which is not quiet.
    pub(super) fn of(entry: &Entry) -> Self {
        let read = entry.state.as_ref().map(|state| serde_json::from_slice(state));
        read.and_then(Result::ok).unwrap_or_default()
    }

    /// Whether its call is over and nothing of it is left to do.
    pub(super) fn is_quiet(&self) -> bool {
        let over = self.memory.as_ref().is_some_and(|log| log.was_told("terminated"));
        over && self.outbox.waiting.is_empty() && self.outbox.sending.is_none() && self.letters.is_empty()
    }
}

/// All mailboxes that are not over.
pub(super) fn all() -> Browse {
    let mut query = Browse::default();
    query.limit = usize::MAX;
    query
}

/// What was found in all copies so far.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The newest memory of each call: a store forgets what is long over.
    pub(super) logs: BTreeMap<CallRef, Log>,
    /// What an older copy had and a newer one has not.
    pub(super) taken_back: Vec<String>,
    pub(super) dead: BTreeSet<String>,
    pub(super) parked: BTreeSet<CallRef>,
    /// How many claims in a row died without a commit, at most.
    pub(super) failures: u32,
    /// Mailboxes with something left to do, in the newest copy.
    pub(super) busy: Vec<CallRef>,
    pub(super) copies: u64,
}

impl Ledger {
    /// Looks into a copy, which is changed by that.
    pub(super) async fn look(&mut self, copy: &Path) -> Result<(), BoxError> {
        let store = RedbStore::open(copy)?;
        let mut query = all();
        query.over = true;
        let entries = store.browse(&query).await?;
        self.copies += 1;
        self.busy.clear();
        for entry in entries {
            for letter in &entry.dead {
                self.dead.insert(format!("{} item {}: {}", entry.key, letter.number, letter.why));
            }
            if entry.phase == Phase::Parked {
                self.parked.insert(entry.key);
            }
            // A tombstone remembers nothing.
            if matches!(entry.phase, Phase::Over { .. }) {
                continue;
            }
            let kept = Kept::of(&entry);
            if entry.inbox > 0 || !kept.is_quiet() {
                self.busy.push(entry.key);
            }
            self.note(entry.key, kept.memory.unwrap_or_default());
        }
        let claims =
            store.claim(&InstanceId::random(), Want::Any(usize::MAX), Duration::from_secs(1)).await?;
        self.failures = claims.iter().map(|claim| claim.failures).fold(self.failures, u32::max);
        Ok(())
    }

    fn note(&mut self, key: CallRef, log: Log) {
        let old = self.logs.insert(key, log).unwrap_or_default();
        let Some(new) = self.logs.get(&key) else { return };
        if !new.told.starts_with(&old.told) || !new.decided.starts_with(&old.decided) {
            self.taken_back.push(format!("{key}: {:?} had followed {:?}", old.told.last(), new.told.last()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kill::log::Told;

    #[test]
    fn a_memory_that_lost_its_end_is_noticed() {
        let told = |what: &str| Told { id: what.to_owned(), by: 0, what: what.to_owned() };
        let (key, mut ledger) = (CallRef::random(), Ledger::default());
        let long = Log { told: vec![told("incoming"), told("established")], ..Log::default() };
        ledger.note(key, Log { told: vec![told("incoming")], ..Log::default() });
        ledger.note(key, long.clone());
        ledger.note(key, long);
        assert_eq!(ledger.taken_back.len(), 0);
        ledger.note(key, Log { told: vec![told("incoming"), told("ringing")], ..Log::default() });
        assert_eq!(ledger.taken_back.len(), 1);
    }
}
