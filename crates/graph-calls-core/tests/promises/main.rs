//! What the client promises, each promise with the figure that says whether it holds.
//!
//! A test prints one line that begins with the promise's number (`cargo test -p graph-calls-core --test promises --
//! --nocapture`). Time is virtual and randomness seeded: the figures are the same in every run. The service is a fake
//! of this test alone, so that no other part of the project can share a mistake with the client.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test's helpers fail the test")]

mod budget;
mod certainty;
mod dropped;
mod errors;
mod fake;
mod origin;
mod retry_after;
mod ringing;
mod settled;
mod targets;

/// Prints the figure of a promise.
#[expect(clippy::print_stdout, reason = "the figure is what the test is run for")]
fn figure(line: &str) {
    println!("{line}");
}

/// With commas between the thousands.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
