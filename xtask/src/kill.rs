//! A bot that is killed while it is in calls: the bin `kill` of `graph-calls-trials`, built as a release has it.

use std::env;

use crate::run::{self, Outcome};

/// `cargo xtask kill --store redb [--kills N] [--seed N] [--json]`.
pub(crate) fn run() -> Outcome {
    let program = ["run", "--quiet", "--release", "--package", "graph-calls-trials", "--bin", "kill", "--"];
    run::step(run::cargo(program).args(env::args().skip(2)))
}
