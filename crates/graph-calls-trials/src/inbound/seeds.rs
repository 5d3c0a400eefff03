//! Runs by seed, and what came of many.

use std::{collections::BTreeMap, fmt, sync::Mutex, thread};

use super::{crowd, judge::judge, plan::Plan, stage::Counts, stage::Stage};
use crate::outbound::virtual_time;

/// One run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its seed.
    pub seed: u64,
    /// All that happened, in order, with what does not hold at its end.
    pub told: Vec<String>,
    /// What does not hold.
    pub broken: Vec<String>,
    counts: Counts,
}

/// What came of many runs.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// How many there were.
    pub seeds: u64,
    /// How often each thing happened.
    pub counts: BTreeMap<&'static str, u64>,
    /// What does not hold, by seed.
    pub broken: Vec<(u64, String)>,
}

impl Run {
    /// A number that stands for all that happened: two runs in which anything differs have two.
    pub fn hash(&self) -> u64 {
        let bytes = self.told.iter().flat_map(|line| line.bytes().chain([b'\n']));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }
}

/// One seed, told in full.
pub fn run_seed(seed: u64) -> Run {
    // What draws without being given dice (keys, instances, waits) draws the same.
    fastrand::seed(seed);
    virtual_time().block_on(async {
        let stage = Stage::new(Plan::of(seed));
        crowd::play(&stage).await;
        judge(&stage);
        let (counts, broken) = {
            let mut books = stage.lock();
            (std::mem::take(&mut books.counts), std::mem::take(&mut books.broken))
        };
        let mut told = vec![format!("seed {seed}: {:?}", stage.plan())];
        told.extend(stage.log());
        told.extend(broken.iter().map(|why| format!("BROKEN: {why}")));
        Run { seed, told, broken, counts }
    })
}

/// Seeds from the first one on, on all processors.
pub fn run_seeds(first: u64, count: u64) -> Tally {
    let next = Mutex::new(first..first + count);
    let tally = Mutex::new(Tally::default());
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.lock().expect("no panic").next();
                    let Some(seed) = seed else { return };
                    let run = run_seed(seed);
                    tally.lock().expect("no panic").add(run);
                }
            });
        }
    });
    let mut tally = tally.into_inner().expect("no panic");
    tally.broken.sort();
    tally
}

impl Tally {
    fn add(&mut self, run: Run) {
        self.seeds += 1;
        for (what, often) in run.counts {
            *self.counts.entry(what).or_default() += often;
        }
        self.broken.extend(run.broken.into_iter().map(|why| (run.seed, why)));
    }

    /// How often this happened.
    pub fn count(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or_default()
    }

    /// How many seeds there are in which something does not hold.
    pub fn failed(&self) -> usize {
        let mut seeds: Vec<_> = self.broken.iter().map(|(seed, _)| seed).collect();
        seeds.dedup();
        seeds.len()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seeds", self.seeds)?;
        for (what, often) in &self.counts {
            write!(f, ", {what} {often}")?;
        }
        write!(f, "; {} seeds in which something does not hold", self.failed())
    }
}
