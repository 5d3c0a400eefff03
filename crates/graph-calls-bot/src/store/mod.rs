//! Where conversations are kept.

mod memory;

pub(crate) use memory::{Accepted, MemoryStore};
