//! The file passes what every store has to pass.

#![allow(clippy::unwrap_used, reason = "the helpers are tests too")]

mod folder;

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use graph_calls_bot::store::conformance;
use graph_calls_redb::RedbStore;

use self::folder::Folder;

struct Redb {
    folder: Folder,
    files: AtomicUsize,
}

impl Redb {
    fn new() -> Self {
        Self { folder: Folder::new(), files: AtomicUsize::new(0) }
    }
}

#[async_trait]
impl conformance::Subject for Redb {
    type Store = RedbStore;

    async fn fresh(&self) -> RedbStore {
        let file = self.files.fetch_add(1, Ordering::Relaxed);
        RedbStore::open(self.folder.path(&file.to_string())).unwrap()
    }

    async fn advance(&self, by: Duration) {
        tokio::time::sleep(by).await;
    }

    // Of the system's clock: the thread that owns the file is in no runtime.
    fn lease(&self) -> Duration {
        Duration::from_millis(15)
    }
}

#[tokio::test]
async fn it_keeps_every_rule_of_stores() {
    conformance::all(&Redb::new()).await;
}

#[tokio::test]
async fn it_does_what_the_model_does() {
    let redb = Redb::new();
    for seed in 0..3 {
        conformance::model(&redb, seed).await;
    }
}
