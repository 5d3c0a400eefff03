//! A durable store for calling bots on one machine: a [`CallStore`](graph_calls_bot::store::CallStore) in a file.
//!
//! For a bot that must lose nothing it has answered 202 when its process is killed or its machine restarts, and that
//! runs as one process. Bots of several processes or machines need a store that is a server.
//!
//! - What was accepted is on disk before the answer: each transaction is synced, and all that waits goes into one.
//! - One thread owns the file. A second process is refused, and so is a file that is damaged or of another version.
//! - On open nobody holds any call: what the last process left is claimed at once, by larger epochs.
//!
//! # Examples
//!
//! ```
//! use graph_calls_bot::store::CallStore;
//! use graph_calls_redb::RedbStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = std::env::temp_dir().join(format!("calls-{}.redb", std::process::id()));
//! let store = RedbStore::open(&path)?;
//! assert_eq!(store.check().await?.calls, 0);
//! # drop(store);
//! # std::fs::remove_file(path)?;
//! # Ok(())
//! # }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod calls;
mod error;
mod file;
mod index;
mod kind;
mod record;
mod store;
mod worker;

pub use error::OpenError;
pub use kind::kind;
pub use store::{RedbStore, Stats};
