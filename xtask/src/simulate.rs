//! Made-up worlds by seed, in virtual time: the bin `simulate` of `graph-calls-trials`, built as a release has it.

use std::env;

use crate::run::{self, Failure, Outcome};

/// What there are simulations of: each is a module of the crate.
const NAMES: &[&str] = &["bot", "outbound"];

/// `cargo xtask simulate NAME [--seeds N | --seed N]`; a bot's seeds may begin at one: `--seeds N --seed S`.
pub(crate) fn run() -> Outcome {
    let arguments: Vec<String> = env::args().skip(2).collect();
    if !arguments.first().is_some_and(|name| NAMES.contains(&name.as_str())) {
        let usage = format!("usage: cargo xtask simulate {} [--seeds N | --seed N]", NAMES.join(" | "));
        return Err(Failure::new(usage));
    }
    let program =
        ["run", "--quiet", "--release", "--package", "graph-calls-trials", "--features", "simulate"];
    run::step(run::cargo(program).args(["--bin", "simulate", "--"]).args(&arguments))
}
