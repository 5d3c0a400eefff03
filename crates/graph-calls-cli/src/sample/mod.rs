//! Sample bots.

pub(crate) mod attendant;
