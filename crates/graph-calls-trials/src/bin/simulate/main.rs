//! What `cargo xtask simulate` runs: made-up worlds, by seed.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to whoever started it")]

use std::{env, process::ExitCode};

use graph_calls_trials::{inbound, outbound};

const USAGE: &str = "usage: simulate outbound [--seeds N | --seed N]
       simulate bot [--seeds N] [--seed S]";
const SEEDS: u64 = 10_000;
const BOT_SEEDS: u64 = 2_000;
/// More than these would only repeat themselves.
const SHOWN: usize = 10;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |text: &str| text.replace('_', "").parse::<u64>().ok();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["outbound"] => outbound_seeds(SEEDS),
        ["outbound", "--seeds", count] => number(count).map_or_else(usage, outbound_seeds),
        ["outbound", "--seed", seed] => number(seed).map_or_else(usage, outbound_seed),
        ["bot"] => bot_seeds(Some(0), Some(BOT_SEEDS)),
        ["bot", "--seed", seed] => number(seed).map_or_else(usage, bot_seed),
        ["bot", "--seeds", count] => bot_seeds(Some(0), number(count)),
        ["bot", "--seeds", count, "--seed", first] | ["bot", "--seed", first, "--seeds", count] => {
            bot_seeds(number(first), number(count))
        }
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

fn bot_seed(seed: u64) -> ExitCode {
    let run = inbound::run_seed(seed);
    println!("{}\n{:016x}", run.told.join("\n"), run.hash());
    if run.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn bot_seeds(first: Option<u64>, count: Option<u64>) -> ExitCode {
    let (Some(first), Some(count)) = (first, count) else { return usage() };
    let tally = inbound::run_seeds(first, count);
    println!("V1: {tally}");
    for (seed, why) in tally.broken.iter().take(SHOWN) {
        eprintln!("seed {seed}: {why}\n  to repeat it: cargo xtask simulate bot --seed {seed}");
    }
    if tally.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
