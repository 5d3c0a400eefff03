//! Every typed request against a service that fails at the worst moment, in virtual time and without a socket.
//!
//! The client is the real one with its whole stack; the service is the emulator's world, told when to fail. It counts
//! what each logical request did, so that a doubled effect is seen, and so is a client that is wrong about how sure it is.

#![allow(clippy::indexing_slicing, reason = "a test's stage fails the test")]

mod cases;
mod judge;
mod matrix;
mod seeds;
mod service;

use tokio::runtime::{Builder, Runtime};

pub use cases::{Case, cases};
pub use judge::Outcome;
pub use matrix::{Cell, Matrix, matrix};
pub use seeds::{Tally, run_seed, run_seeds};
pub(crate) use service::response;

/// A clock that jumps to whatever is due next.
pub(crate) fn virtual_time() -> Runtime {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without I/O can be made anywhere")
}
