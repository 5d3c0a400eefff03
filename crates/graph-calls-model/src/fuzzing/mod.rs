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

mod error_body;
mod join_url;
mod notification;
mod plain;

use serde::Serialize;

pub use self::{error_body::error_body, join_url::join_url, notification::notification};
use plain::Plain;

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("what was read can be written")
}
