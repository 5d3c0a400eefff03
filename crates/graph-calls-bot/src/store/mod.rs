//! Where conversations are kept: the contract of stores, and one in memory.

#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod conformance;
mod contract;
mod item;
mod kind;
mod memory;

pub use contract::{
    Accepted, Browse, CallStore, Change, Claim, ClaimRef, Counts, Entry, InstanceId, Phase, Renewed,
    StoreError, Want,
};
pub use item::{Arrival, DeadLetter, DedupKey, Item, ItemKind, Stored};
pub use kind::StoreKind;
pub(crate) use kind::scheme;
pub use memory::MemoryStore;
