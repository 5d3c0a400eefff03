//! Bots, their store and the service in virtual time, while things go wrong.

use graph_calls_trials::inbound::{run_seed, run_seeds};

#[test]
fn nothing_is_lost_and_nothing_doubled_whatever_the_dice_say() {
    const SEEDS: u64 = 2_000;
    let tally = run_seeds(0, SEEDS);
    println!("V1: {tally}");
    let shown: Vec<_> = tally.broken.iter().take(10).collect();
    assert!(tally.broken.is_empty(), "{shown:#?}");
    assert_eq!(tally.count("doubled"), 0);
    // A run in which nothing goes wrong shows nothing.
    for trouble in [
        "crashes",
        "stalls",
        "take-overs",
        "in doubt",
        "notifications lost",
        "notifications repeated",
        "notifications swapped",
        "notifications late",
        "requests failed",
        "requests late",
        "store unclear",
        "store unavailable",
        "handlers slow",
        "handlers stuck",
        "handlers failed",
        "handlers panicked",
    ] {
        assert!(tally.count(trouble) > 100, "{trouble}: {tally}");
    }
}

#[test]
fn a_seed_replays_line_by_line() {
    for seed in 0..30 {
        let (one, other) = (run_seed(seed), run_seed(seed));
        assert_eq!(one.hash(), other.hash());
        let differ = one.told.iter().zip(&other.told).find(|(one, other)| one != other);
        assert_eq!(differ, None, "seed {seed}");
    }
}
