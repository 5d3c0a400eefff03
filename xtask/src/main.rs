//! The project's own chores: `cargo xtask setup | ci | audit | layers | coverage | drift | ratios | simulate | kill |
//! fuzz`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to whoever started it")]

mod audit;
mod ci;
mod coverage;
mod drift;
mod fuzz;
mod kill;
mod layers;
mod metadata;
mod ratios;
mod run;
mod setup;
mod simulate;

use std::env;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <chore>

  setup      installs the programs the tests need, or says what is missing
  ci         all that a change has to pass; begins with setup
  audit      what takes longer or needs more programs; for a release
  layers     which crate may depend on which
  coverage   each API action is in all of its five places
  drift      the model fits its table of the API, and that the metadata where it is at hand
  ratios     counts what reading, sending, checking tokens and taking cost, against limits, a minute:
             [parse | stack | token | ingest] [--all | --json]
  simulate   sends every request to a service that fails, by seed: outbound [--seeds N | --seed N]
             runs bots, store and service while things go wrong: bot [--seeds N] [--seed S]
  kill       kills a bot while it is in calls, again and again: --store redb [--kills N] [--seed N] [--json]
  fuzz       throws made-up bytes at the readers, 5 minutes: [--minutes N] [TARGET..] | --replay FILE TARGET";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let chore = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["setup"] => setup::run,
        ["ci"] => ci::run,
        ["audit"] => audit::run,
        ["layers"] => layers::run,
        ["coverage"] => coverage::run,
        ["drift"] => drift::run,
        ["ratios", ..] => ratios::run,
        ["simulate", ..] => simulate::run,
        ["kill", ..] => kill::run,
        ["fuzz", ..] => fuzz::run,
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match chore() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
