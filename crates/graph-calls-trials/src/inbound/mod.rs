//! Bots, their store and the service in one thread, in virtual time and without a socket, while things go wrong.
//!
//! The bots are the real ones with webhook, token check, engine and client; the service is the emulator's world. Between
//! them notifications get lost, come twice, late and out of turn, requests fail in every phase, handlers dawdle, fail and
//! panic, the store does not answer or does not say what it did, and bots stand still or die at any step. All of it is
//! drawn from a seed: the same seed gives the same run, line by line.

#![allow(clippy::indexing_slicing, reason = "a test's stage fails the test")]

mod bots;
mod courier;
mod crowd;
mod handler;
mod judge;
mod ledger;
mod plan;
mod seeds;
mod service;
mod stage;
mod store;
mod token;

pub use seeds::{Run, Tally, run_seed, run_seeds};
