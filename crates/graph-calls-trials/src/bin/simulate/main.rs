//! What `cargo xtask simulate` runs: made-up worlds, by seed.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to whoever started it")]

use std::{env, process::ExitCode};

use graph_calls_trials::outbound;

const USAGE: &str = "usage: simulate outbound [--seeds N | --seed N]";
const SEEDS: u64 = 10_000;
/// More than these would only repeat themselves.
const SHOWN: usize = 10;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |text: &str| text.replace('_', "").parse::<u64>().ok();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["outbound"] => outbound_seeds(SEEDS),
        ["outbound", "--seeds", count] => number(count).map_or_else(usage, outbound_seeds),
        ["outbound", "--seed", seed] => number(seed).map_or_else(usage, outbound_seed),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}

fn outbound_seed(seed: u64) -> ExitCode {
    let (tally, told) = outbound::run_seed(seed);
    println!("{told}");
    if tally.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn outbound_seeds(count: u64) -> ExitCode {
    let matrix = outbound::matrix();
    println!("{matrix}\n");
    let tally = outbound::run_seeds(0, count);
    let (requests, phases) = matrix.size();
    let mut broken = matrix.broken();
    println!(
        "R1: {} doubled effects in {count} seeds ({requests} requests x {phases} phases): {tally}",
        tally.doubled
    );
    broken.extend(tally.broken.iter().map(|(seed, why)| {
        format!("seed {seed}: {why}\n  to repeat it: cargo xtask simulate outbound --seed {seed}")
    }));
    for line in broken.iter().take(SHOWN) {
        eprintln!("{line}");
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
