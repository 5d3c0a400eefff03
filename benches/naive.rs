//! What somebody writes who needs it to work by tonight: the same three jobs with what everybody has at hand.
//!
//! **Frozen.** Every published ratio has these files below the line: changed code here is another unit of measure. They
//! are edited only when a dependency no longer builds with them, and then so that they do the same work.

#![allow(
    dead_code,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "no lint of a later toolchain may move a frozen file, and no bench uses all of it"
)]

pub(crate) mod parse;
pub(crate) mod reject;
pub(crate) mod token;
pub(crate) mod webhook;
