//! The work that `cargo xtask ratios NAME` counts the instructions and the allocations of, and times.
//!
//! It runs by itself to be timed, under valgrind to be counted, and says on its standard output, one JSON object per line,
//! what it has measured, in that order, and what has to hold. `docs/performance.md` has the whole way.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "xtask reads it")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what cannot be set up must not be measured"
)]

mod ingest;
mod json;
#[path = "../../../../../benches/loopback.rs"]
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "the benches use more of it; and what cannot be set up must not be measured"
)]
mod loopback;
mod parse;
mod report;
#[path = "../../../../../benches/signer.rs"]
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "the benches use more of it; and what cannot be set up must not be measured"
)]
mod signer;
mod stack;
mod token;

use std::{env, process::ExitCode};

/// Something there are ratios of.
struct Work {
    name: &'static str,
    measure: fn(),
    time: fn(),
}

/// xtask's `ratios` has the same names.
const WORK: &[Work] = &[
    Work { name: "parse", measure: parse::measure, time: parse::time },
    Work { name: "stack", measure: stack::measure, time: stack::time },
    Work { name: "token", measure: token::measure, time: token::time },
    Work { name: "ingest", measure: ingest::measure, time: ingest::time },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (name, is_timed) = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [name] => (name.to_string(), false),
        [name, "--time"] => (name.to_string(), true),
        ["ingest", "--serve", kind] => {
            ingest::serve(kind);
            return ExitCode::SUCCESS;
        }
        _ => (String::new(), false),
    };
    let Some(work) = WORK.iter().find(|work| work.name == name) else {
        eprintln!("usage: cargo xtask ratios NAME");
        return ExitCode::from(2);
    };
    if is_timed {
        (work.time)();
    } else {
        report::check_the_counting();
        (work.measure)();
    }
    ExitCode::SUCCESS
}
