//! What has to hold for any bytes from the network, written down as targets for a fuzzer. Not public API.
//!
//! A target reads its bytes with this crate and once more plainly, and panics where the two disagree. `cargo xtask fuzz`
//! invents the bytes; the tests of the package `fuzz` replay its corpus.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "to panic is how a target reports a finding"
)]

mod webhook;

pub use self::webhook::{bot_framework, webhook};
pub use crate::token::fuzzing::{key_set, openid, token};
