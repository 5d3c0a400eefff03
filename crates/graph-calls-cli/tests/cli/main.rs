//! The program as its users run it: arguments in, exit code and text out. Loopback only.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may fail the test"
)]

mod calls;
mod dev;
mod download;
mod dry_run;
mod emulator;
mod end_reason;
mod fixtures;
mod listen;
mod notification;
mod operations;
mod pages;
mod store;
mod support;
