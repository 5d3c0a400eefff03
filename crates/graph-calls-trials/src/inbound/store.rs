//! The store as one bot sees it: slow, at times out of reach or unclear about what it did.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use graph_calls_bot::store::{
    Accepted, Arrival, Browse, CallStore, Change, Claim, ClaimRef, Counts, Entry, InstanceId, MemoryStore,
    Renewed, StoreError, Stored, Want,
};
use tokio::time::sleep;

use super::{bots::Life, stage::Stage};

/// What becomes of a step that is not sure.
enum Fate {
    Done,
    /// It is done, or it is not, and nobody is told which.
    Unclear(bool),
}

pub(super) struct Doubtful {
    stage: Stage,
    life: Arc<Life>,
    store: Arc<MemoryStore>,
}

impl Doubtful {
    pub(super) fn new(stage: &Stage, life: &Arc<Life>) -> Self {
        Self { stage: stage.clone(), life: Arc::clone(life), store: Arc::clone(stage.store()) }
    }

    /// Before the store is asked.
    async fn ask(&self, what: &'static str) -> Result<Fate, StoreError> {
        self.life.step(what).await;
        let plan = &self.stage.plan().store;
        if self.stage.choose(4) == 0 {
            sleep(self.stage.some_time(1, 4)).await;
        }
        if self.is_out() || self.stage.draw(plan.unavailable) {
            self.stage.count("store unavailable");
            self.log(what, format_args!("unavailable"));
            return Err(unavailable());
        }
        if self.stage.draw(plan.unclear) {
            self.stage.count("store unclear");
            return Ok(Fate::Unclear(self.stage.choose(2) == 0));
        }
        Ok(Fate::Done)
    }

    fn is_out(&self) -> bool {
        let at = self.stage.elapsed();
        self.stage.plan().store.outage.is_some_and(|(from, to)| from <= at && at < to)
    }

    fn log(&self, what: &str, of: fmt::Arguments<'_>) {
        self.stage.note(format_args!("{} {what} {of}", self.life.name()));
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable { retry_after: Duration::from_secs(1), why: "a planned outage".to_owned() }
}

fn unclear() -> StoreError {
    StoreError::Unclear("a planned doubt".into())
}

/// A mailbox in few letters.
pub(super) fn short(key: &impl fmt::Display) -> String {
    key.to_string().chars().take(6).collect()
}

#[async_trait]
impl CallStore for Doubtful {
    async fn accept(&self, arrivals: Vec<Arrival>, queue: usize) -> Result<Vec<Accepted>, StoreError> {
        let fate = self.ask("accept").await?;
        if matches!(fate, Fate::Unclear(false)) {
            return Err(unclear());
        }
        let keys: Vec<_> = arrivals.iter().map(|one| (one.key, one.item.kind())).collect();
        let accepted = self.store.accept(arrivals, queue).await?;
        for ((key, kind), one) in keys.into_iter().zip(&accepted) {
            self.log("accept", format_args!("{} {kind:?}: {one:?}", short(&key)));
            self.stage.lock().ledger.accepted(key, kind, *one);
        }
        self.life.step("accept").await;
        if matches!(fate, Fate::Unclear(true)) { Err(unclear()) } else { Ok(accepted) }
    }

    async fn claim(&self, by: &InstanceId, want: Want, lease: Duration) -> Result<Vec<Claim>, StoreError> {
        // Whoever only looks does nothing that others can see.
        let looks = matches!(want, Want::Any(_));
        let fate = if looks {
            self.life.pause().await;
            if self.is_out() {
                return Err(unavailable());
            }
            Fate::Done
        } else {
            self.ask("claim").await?
        };
        let claims = if matches!(fate, Fate::Unclear(false)) {
            Vec::new()
        } else {
            self.store.claim(by, want, lease).await?
        };
        for claim in &claims {
            let (epoch, items, failures) = (claim.this.epoch, claim.items.len(), claim.failures);
            let (what, key) = (if looks { "takes" } else { "claim" }, short(&claim.this.key));
            self.log(what, format_args!("{key} at {epoch}: {items} items, {failures} failures"));
        }
        if !looks || !claims.is_empty() {
            self.life.step("claim").await;
        }
        if matches!(fate, Fate::Unclear(_)) { Err(unclear()) } else { Ok(claims) }
    }

    async fn commit(&self, claim: &ClaimRef, change: Change) -> Result<Vec<Stored>, StoreError> {
        let fate = self.ask("commit").await?;
        if matches!(fate, Fate::Unclear(false)) {
            self.log("commit", format_args!("{} at {}: unclear, not done", short(&claim.key), claim.epoch));
            return Err(unclear());
        }
        let arrived = self.store.commit(claim, change.clone()).await;
        let end = match &arrived {
            Ok(arrived) => format!("{} more", arrived.len()),
            Err(error) => error.to_string(),
        };
        let (key, epoch, bytes) = (short(&claim.key), claim.epoch, change.state.len());
        let (taken, phase) = (&change.taken, change.phase);
        self.log(
            "commit",
            format_args!("{key} at {epoch}: takes {taken:?}, {bytes} bytes, {phase:?}: {end}"),
        );
        for letter in &change.dead {
            self.log("buries", format_args!("{key} {}: {}", letter.number, letter.why));
        }
        if let Ok(arrived) = &arrived {
            self.stage.committed(claim.key, &change, arrived.len());
        }
        self.life.step("commit").await;
        if matches!(fate, Fate::Unclear(true)) { Err(unclear()) } else { arrived }
    }

    async fn fetch(&self, claim: &ClaimRef, seen: u64) -> Result<Vec<Stored>, StoreError> {
        self.life.step("fetch").await;
        self.store.fetch(claim, seen).await
    }

    async fn renew(&self, claims: &[ClaimRef], lease: Duration) -> Result<Renewed, StoreError> {
        match self.ask("renew").await? {
            Fate::Unclear(false) => Err(unclear()),
            Fate::Unclear(true) => {
                self.store.renew(claims, lease).await?;
                Err(unclear())
            }
            Fate::Done => {
                let renewed = self.store.renew(claims, lease).await?;
                for key in &renewed.lost {
                    self.log("renew", format_args!("{}: lost", short(key)));
                }
                Ok(renewed)
            }
        }
    }

    async fn release(&self, claims: &[ClaimRef]) -> Result<(), StoreError> {
        let fate = self.ask("release").await?;
        if !matches!(fate, Fate::Unclear(false)) {
            self.store.release(claims).await?;
        }
        self.life.step("release").await;
        if matches!(fate, Fate::Unclear(_)) { Err(unclear()) } else { Ok(()) }
    }

    async fn work(&self, at_most: Duration) {
        self.store.work(at_most).await;
        self.life.pause().await;
    }

    async fn check(&self) -> Result<Counts, StoreError> {
        self.store.check().await
    }

    async fn browse(&self, query: &Browse) -> Result<Vec<Entry>, StoreError> {
        self.ask("browse").await?;
        self.store.browse(query).await
    }
}
