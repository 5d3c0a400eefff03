//! Every typed request against a service that fails at the worst moment.

#![allow(clippy::expect_used, reason = "a test's helpers fail the test")]

use std::collections::BTreeSet;

use graph_calls_trials::outbound::{Outcome, cases, matrix, run_seed, run_seeds};

const TABLE: &str = include_str!("../../graph-calls-core/tests/operations.tsv");

#[test]
fn every_operation_is_tried() {
    let rows = TABLE.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    // A recording lies outside of Graph and is fetched by a client of its own.
    let graph = rows.filter(|cells| cells[3].starts_with('/'));
    let wanted: BTreeSet<_> = graph.map(|cells| cells[1].to_owned()).collect();
    let tried: BTreeSet<_> = cases().iter().map(|case| case.name.to_owned()).collect();
    assert_eq!(tried, wanted);
}

#[test]
fn no_request_has_its_effect_twice_in_any_phase_and_none_is_wrong_about_it() {
    let matrix = matrix();
    println!("{matrix}");
    assert_eq!(matrix.broken(), Vec::<String>::new(), "{matrix}");
}

#[test]
fn no_request_has_its_effect_twice_whatever_the_dice_say() {
    const SEEDS: u64 = 10_000;
    let tally = run_seeds(0, SEEDS);
    println!("R1: {} doubled effects in {SEEDS} seeds: {tally}", tally.doubled);
    let shown: Vec<_> = tally.broken.iter().take(3).map(|(seed, _)| run_seed(*seed).1).collect();
    assert_eq!(tally.doubled, 0, "{}", shown.join("\n"));
    // Whoever never knows anything is never wrong: most requests must end in certainty all the same.
    let unknown = tally.outcomes.get(&Outcome::Unknown).copied().unwrap_or_default();
    assert!(unknown * 100 < tally.requests * 15, "{tally}");
    assert!(tally.broken.is_empty(), "{}", shown.join("\n"));
}

#[test]
fn a_seed_replays_exactly() {
    for seed in 0..50 {
        assert_eq!(run_seed(seed).1, run_seed(seed).1);
    }
}
