//! What is measured, and what xtask is told of it.

use std::{hint::black_box, time::Instant};

use serde_json::{Value, json};

/// One call of it is one measurement: callgrind counts from its entry to its return, then writes a dump.
///
/// xtask names it to valgrind; no other function may have its name as a part of its own.
#[inline(never)]
fn measured_region(work: &mut dyn FnMut()) {
    work();
    // Otherwise the call could be the last instruction, a jump: the region would return before its work is done.
    black_box(work);
}

/// What is to hold of a row: a quotient of two quantities, and its bound.
#[derive(Debug, Clone)]
pub(crate) struct Limit<'a> {
    /// Limits of one rule are told together, the worst first.
    pub(crate) rule: &'a str,
    pub(crate) of: Quantity<'a>,
    pub(crate) to: Quantity<'a>,
    pub(crate) bound: Bound,
}

/// A number of the row that the limit is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Quantity<'a> {
    /// The instructions in this column.
    Instructions(&'a str),
    /// The allocations in this column.
    Allocations(&'a str),
    /// The allocations in the first column that are not in the second.
    AllocationsOver(&'a str, &'a str),
    /// The time of this column.
    Nanoseconds(&'a str),
    Number(usize),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// Says what the columns are: the one that the others are multiples of, pairs whose quotient is a column too, and
/// those whose allocations are shown.
pub(crate) fn columns(base: &str, quotients: &[(&str, &str)], allocations: &[&str]) {
    tell(&json!({"columns": {"base": base, "quotients": quotients, "allocations": allocations}}));
}

/// How often work is done before it is counted. What is set up once is there by then, and the heap is as such work
/// leaves it: after a single run the naive reader still costs up to 6 percent more or less.
const RUNS_BEFORE: usize = 2;

/// Counts one run of the work.
pub(crate) fn measure(table: &str, row: &str, column: &str, mut work: impl FnMut()) {
    (0..RUNS_BEFORE).for_each(|_| work());
    measured_region(&mut work);
    tell(&json!({"measured": {"table": table, "row": row, "column": column}}));
}

/// What [`measure_with`] takes: as many as it needs, made before anything is counted.
pub(crate) fn inputs<I>(make: impl FnMut() -> I) -> Vec<I> {
    std::iter::repeat_with(make).take(RUNS_BEFORE + 1).collect()
}

/// Counts one run of work that uses its input up.
pub(crate) fn measure_with<I>(
    table: &str,
    row: &str,
    column: &str,
    mut inputs: Vec<I>,
    mut work: impl FnMut(I),
) {
    measure(table, row, column, || work(inputs.pop().expect("an input for every run")));
}

/// Times the columns of one row in turns, so that what else the machine does falls on all of them. Each does `times`
/// things of which the time of one is told: for the first column the median; for each other one as many times that as
/// the median of its quotients, each of one round.
pub(crate) fn time(table: &str, row: &str, columns: &[(&str, &dyn Fn())], times: u64) {
    const ROUNDS: usize = 201;
    let runs: Vec<u64> = columns.iter().map(|(_, work)| runs_in_a_sample(work)).collect();
    let mut rounds: Vec<Vec<f64>> = Vec::new();
    for _ in 0..ROUNDS {
        let taken = columns.iter().zip(&runs).map(|((_, work), &runs)| {
            #[expect(clippy::cast_precision_loss, reason = "nothing here takes longer than a month")]
            let each = nanoseconds(work, runs) as f64 / (runs * times) as f64;
            each.max(1.0)
        });
        rounds.push(taken.collect());
    }
    let median = |of: &dyn Fn(&Vec<f64>) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[ROUNDS / 2]
    };
    let first = median(&|round| round[0]);
    for (at, (column, _)) in columns.iter().enumerate() {
        timed(table, row, column, first * median(&|round| round[at] / round[0]));
    }
}

/// Says what a column took.
pub(crate) fn timed(table: &str, row: &str, column: &str, nanoseconds: f64) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a positive time")]
    let nanoseconds = nanoseconds.round() as u64;
    tell(&json!({"timed": {"table": table, "row": row, "column": column, "nanoseconds": nanoseconds}}));
}

/// How often it runs in 0.2 ms.
fn runs_in_a_sample(work: &dyn Fn()) -> u64 {
    let once = (0..5).map(|_| nanoseconds(work, 1)).min().unwrap_or_default();
    (200_000 / once.max(1)).clamp(1, 1_000)
}

fn nanoseconds(work: &dyn Fn(), runs: u64) -> u64 {
    let start = now();
    for _ in 0..runs {
        work();
    }
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "a measurement takes real time; no test pauses it")]
fn now() -> Instant {
    Instant::now()
}

/// Says what has to hold of a row.
pub(crate) fn limit(table: &str, row: &str, limit: &Limit<'_>) {
    let (bound, number) = match limit.bound {
        Bound::AtMost(number) => ("at_most", number),
        Bound::AtLeast(number) => ("at_least", number),
    };
    tell(&json!({"limit": {
        "table": table, "row": row, "rule": limit.rule,
        "of": limit.of.to_json(), "to": limit.to.to_json(), bound: number,
    }}));
}

/// Two regions of which it is known what they do. If xtask counts anything else, it counts wrongly.
pub(crate) fn check_the_counting() {
    check("nothing", 0, || ());
    check("ten allocations", 10, ten_allocations);
}

fn check(name: &str, allocations: usize, mut work: impl FnMut()) {
    work();
    measured_region(&mut work);
    tell(&json!({"check": {"name": name, "allocations": allocations}}));
}

fn tell(line: &Value) {
    println!("{line}");
}

impl Quantity<'_> {
    fn to_json(self) -> Value {
        match self {
            Quantity::Instructions(column) => json!({"instructions": column}),
            Quantity::Allocations(column) => json!({"allocations": column}),
            Quantity::AllocationsOver(column, base) => json!({"allocations_over": [column, base]}),
            Quantity::Nanoseconds(column) => json!({"nanoseconds": column}),
            Quantity::Number(number) => json!({"number": number}),
        }
    }
}

/// One of each kind that the allocator is asked for: plain, zeroed, grown and aligned.
fn ten_allocations() {
    #[repr(align(64))]
    struct Aligned(#[expect(dead_code, reason = "it is only there to have a size")] [u8; 64]);

    for size in 1..=4 {
        black_box(Vec::<u64>::with_capacity(black_box(size)));
    }
    for size in 1..=2 {
        black_box(vec![0_u8; black_box(size * 1000)]);
    }
    let mut growing = Vec::<u8>::with_capacity(black_box(100));
    for size in [200, 300] {
        growing.reserve_exact(black_box(size));
    }
    black_box(growing);
    black_box(Box::new(Aligned([black_box(7); 64])));
}
