//! Requests and faults by the dice.

use std::{collections::BTreeMap, fmt};

use fastrand::Rng;
use graph_calls_emulator::{Fault, FaultPhase};

use super::{
    Case, cases,
    judge::{Outcome, judge},
    service::Service,
    virtual_time,
};

/// What a service may say of when to come back.
const RETRY_AFTER: [&str; 7] =
    ["1", "0.5", "2.128", "0", "soon", "Thu, 01 Jan 1970 00:00:09 GMT", "Thursday, 01-Jan-70 00:00:04 GMT"];
const STATUSES: [u16; 8] = [408, 429, 429, 500, 502, 503, 503, 504];

/// What came of many seeds.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Requests, each counted once however often it was sent.
    pub requests: u64,
    /// How often they were sent.
    pub attempts: u64,
    /// Faults that were arranged.
    pub faults: u64,
    /// How they ended.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Those that had their effect more than once.
    pub doubled: u64,
    /// What does not hold, by seed.
    pub broken: Vec<(u64, String)>,
}

/// One seed, told in full: what was sent, what became of it, what does not hold.
pub fn run_seed(seed: u64) -> (Tally, String) {
    let mut tally = Tally::default();
    let told = virtual_time().block_on(seed_of(&cases(), seed, &mut tally));
    (tally, told)
}

/// Seeds from the first one on.
pub fn run_seeds(first: u64, count: u64) -> Tally {
    let (cases, runtime) = (cases(), virtual_time());
    let mut tally = Tally::default();
    for seed in first..first + count {
        runtime.block_on(seed_of(&cases, seed, &mut tally));
    }
    tally
}

async fn seed_of(cases: &[Case], seed: u64, tally: &mut Tally) -> String {
    let mut rng = Rng::with_seed(seed);
    let case = &cases[rng.usize(..cases.len())];
    let mut arranged = Vec::new();
    let verdict = judge(case, seed, |service| arranged = arrange(service, &mut rng)).await;
    let outcome = verdict.outcome();
    tally.requests += 1;
    tally.attempts += verdict.attempts;
    tally.faults += arranged.len() as u64;
    *tally.outcomes.entry(outcome).or_default() += 1;
    tally.doubled += u64::from(verdict.effects > 1);
    let mut told = vec![format!("seed {seed}: {}", case.name)];
    told.extend(arranged.into_iter().chain(verdict.log).map(|line| format!("  {line}")));
    let error = verdict.error.map(|error| format!(": {error}")).unwrap_or_default();
    told.push(format!(
        "  {}{error}; attempts {}, effects {}",
        outcome.as_str(),
        verdict.attempts,
        verdict.effects
    ));
    if let Some(why) = verdict.broken {
        told.push(format!("  BROKEN: it {why}"));
        tally.broken.push((seed, format!("{} {why}", case.name)));
    }
    told.join("\n")
}

/// Up to four things go wrong with the first five attempts.
fn arrange(service: &Service, rng: &mut Rng) -> Vec<String> {
    let mut arranged = Vec::new();
    for _ in 0..rng.u64(0..=4) {
        let nth = rng.u64(1..=5);
        if rng.u8(..10) == 0 {
            service.late(nth);
            arranged.push(format!("attempt {nth} arrives late"));
            continue;
        }
        let mut phases = FaultPhase::all();
        let mut phase = phases.swap_remove(rng.usize(..phases.len()));
        if let FaultPhase::Status { status, retry_after } = &mut phase {
            *status = STATUSES[rng.usize(..STATUSES.len())];
            *retry_after = retry_after.take().map(|_| RETRY_AFTER[rng.usize(..RETRY_AFTER.len())].to_owned());
        }
        let times = rng.u64(1..=3);
        arranged.push(format!("attempt {nth}, {times} times: {phase:?}"));
        service.fault(Fault::new(phase).nth(nth).times(times));
    }
    arranged
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcomes: Vec<_> =
            self.outcomes.iter().map(|(outcome, count)| format!("{count} {}", outcome.as_str())).collect();
        write!(
            f,
            "{} requests, {} attempts, {} faults: {}; {} doubled, {} told wrongly",
            self.requests,
            self.attempts,
            self.faults,
            outcomes.join(", "),
            self.doubled,
            self.broken.len()
        )
    }
}
