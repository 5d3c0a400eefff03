//! What has to hold for any bytes from the network, written down as targets for a fuzzer. Not public API.
//!
//! A target reads its bytes with this crate and once more plainly, and panics where the two disagree. `cargo xtask fuzz`
//! invents the bytes; the tests of the package `fuzz` replay its corpus.

#![allow(clippy::missing_panics_doc, reason = "to panic is how a target reports a finding")]

mod retry_after;

pub use self::retry_after::retry_after;
