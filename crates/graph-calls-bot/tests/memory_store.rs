//! The store in memory passes what every store has to pass.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use graph_calls_bot::{
    core::Wall,
    store::{MemoryStore, conformance},
};

struct Memory;

#[async_trait]
impl conformance::Subject for Memory {
    type Store = MemoryStore;

    async fn fresh(&self) -> MemoryStore {
        MemoryStore::with_wall(Wall::anchored(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)))
    }

    async fn advance(&self, by: Duration) {
        tokio::time::sleep(by).await;
    }
}

#[tokio::test(start_paused = true)]
async fn it_keeps_every_rule_of_stores() {
    conformance::all(&Memory).await;
}

#[tokio::test(start_paused = true)]
async fn it_does_what_the_model_does() {
    for seed in 0..200 {
        conformance::model(&Memory, seed).await;
    }
}

struct Parallel;

#[async_trait]
impl conformance::Subject for Parallel {
    type Store = MemoryStore;

    async fn fresh(&self) -> MemoryStore {
        MemoryStore::new()
    }

    async fn advance(&self, by: Duration) {
        tokio::time::sleep(by).await;
    }

    fn lease(&self) -> Duration {
        Duration::from_millis(10)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn instances_in_several_threads_handle_each_item_once() {
    for _ in 0..50 {
        conformance::many_together_handle_each_item_once(&Parallel).await;
    }
}
