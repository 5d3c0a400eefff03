//! What a seed decides before anything happens: who calls whom, and what will go wrong.

use std::time::Duration;

use fastrand::Rng;
use graph_calls_emulator::{Dialect, Fault, FaultPhase};

/// How often a bot keeps its calls alive here.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(120);
/// After this nobody calls any more, and whoever still speaks hangs up.
pub(super) const CLOSING: Duration = Duration::from_secs(40);
/// After this, everything must be over.
pub(super) const LIMIT: Duration = Duration::from_secs(15 * 60);

const RETRY_AFTER: [&str; 4] = ["1", "0.5", "3", "soon"];
const STATUSES: [u16; 8] = [408, 409, 429, 429, 500, 502, 503, 504];

/// How often something goes wrong, of 1,000 times.
pub(super) type Rate = u32;

/// A run, before it begins.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) seed: u64,
    /// Nothing goes wrong at all.
    pub(super) calm: bool,
    pub(super) bots: usize,
    pub(super) incoming: Vec<Incoming>,
    pub(super) dials: Vec<Dialling>,
    /// For each bot, the steps at which its first lives end.
    pub(super) crashes: Vec<Vec<u64>>,
    /// For each bot, at which step of its first life it stands still, and for how long.
    pub(super) stalls: Vec<Option<(u64, Duration)>>,
    pub(super) faults: Vec<Fault>,
    pub(super) notifications: Notifications,
    pub(super) handlers: Handlers,
    pub(super) store: Store,
    /// Requests that are on their way for longer than anybody waits, of 1,000.
    pub(super) late_requests: Rate,
    /// Whether a bot rejects what its handler decided nothing about; else it rings on.
    pub(super) rejects: bool,
}

/// Somebody who calls.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    pub(super) at: Duration,
    pub(super) from: usize,
    pub(super) dialect: Dialect,
    pub(super) recording: bool,
}

/// A call that the bots are to place.
#[derive(Debug, Clone)]
pub(super) struct Dialling {
    pub(super) at: Duration,
    pub(super) key: String,
    pub(super) to: usize,
    /// How many ask for it at once.
    pub(super) askers: usize,
}

/// What happens to notifications, of 1,000 each.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Notifications {
    pub(super) lost: Rate,
    pub(super) repeated: Rate,
    pub(super) swapped: Rate,
    pub(super) late: Rate,
}

/// What handlers do, of 1,000 times they are asked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Handlers {
    pub(super) slow: Rate,
    /// So slow that a ringing call cannot wait.
    pub(super) stuck: Rate,
    pub(super) fail: Rate,
    pub(super) panic: Rate,
    /// Of 1,000 events, those that no handler can handle.
    pub(super) poison: Rate,
}

/// What the store does, of 1,000 times it is asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Store {
    /// Does not say whether it did it.
    pub(super) unclear: Rate,
    pub(super) unavailable: Rate,
    /// When it cannot be reached at all.
    pub(super) outage: Option<(Duration, Duration)>,
}

impl Handlers {
    /// Whether one that is asked again may decide otherwise.
    pub(super) fn are_fickle(self) -> bool {
        self.fail + self.panic + self.poison > 0
    }
}

impl Plan {
    pub(super) fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let rng = &mut rng;
        let calm = rng.u8(..20) == 0;
        let bots = rng.usize(1..=3);
        let incoming = (0..rng.usize(1..=2)).map(|_| incoming(rng)).collect();
        let dials = (0..rng.usize(0..=3) / 2).map(|number| dialling(rng, number)).collect();
        let mut plan = Self {
            seed,
            calm,
            bots,
            incoming,
            dials,
            crashes: vec![Vec::new(); bots],
            stalls: vec![None; bots],
            faults: Vec::new(),
            notifications: Notifications::default(),
            handlers: Handlers::default(),
            store: Store::default(),
            late_requests: 0,
            rejects: rng.bool(),
        };
        if !calm {
            plan.go_wrong(rng);
        }
        plan
    }

    /// Each kind of trouble comes to some runs only, so that each is also met alone.
    fn go_wrong(&mut self, rng: &mut Rng) {
        for place in 0..self.bots {
            if rng.bool() {
                self.crashes[place] = (0..rng.usize(1..=3)).map(|_| some_step(rng)).collect();
            }
            if rng.u8(..4) == 0 {
                self.stalls[place] = Some((some_step(rng), Duration::from_millis(rng.u64(500..=15_000))));
            }
        }
        if rng.bool() {
            self.faults = (0..rng.usize(1..=5)).map(|_| fault(rng)).collect();
        }
        if rng.bool() {
            let some = |rng: &mut Rng| if rng.bool() { rng.u32(20..=200) } else { 0 };
            self.notifications =
                Notifications { lost: some(rng), repeated: some(rng), swapped: some(rng), late: some(rng) };
        }
        if rng.bool() {
            let some = |rng: &mut Rng, most| if rng.bool() { rng.u32(1..=most) } else { 0 };
            self.handlers = Handlers {
                slow: some(rng, 200),
                stuck: some(rng, 40),
                fail: some(rng, 80),
                panic: some(rng, 40),
                poison: some(rng, 15),
            };
        }
        if rng.bool() {
            let some = |rng: &mut Rng| if rng.bool() { rng.u32(1..=30) } else { 0 };
            self.store.unclear = some(rng);
            self.store.unavailable = some(rng);
            if rng.u8(..4) == 0 {
                let from = Duration::from_millis(rng.u64(0..=40_000));
                self.store.outage = Some((from, from + Duration::from_millis(rng.u64(500..=8_000))));
            }
        }
        if rng.u8(..4) == 0 {
            self.late_requests = rng.u32(5..=40);
        }
    }
}

/// Early steps are many things at once, late ones the same thing again.
fn some_step(rng: &mut Rng) -> u64 {
    let most = [12, 40, 120, 400][rng.usize(..4)];
    rng.u64(1..=most)
}

fn incoming(rng: &mut Rng) -> Incoming {
    Incoming {
        at: Duration::from_millis(rng.u64(0..=12_000)),
        from: rng.usize(..8),
        dialect: Dialect::ALL[rng.usize(..Dialect::ALL.len())],
        recording: rng.u8(..12) == 0,
    }
}

fn dialling(rng: &mut Rng, number: usize) -> Dialling {
    Dialling {
        at: Duration::from_millis(rng.u64(0..=12_000)),
        key: format!("incident-{number}"),
        to: rng.usize(..8),
        askers: rng.usize(1..=3),
    }
}

/// One of the phases of a request, for a request some way ahead.
fn fault(rng: &mut Rng) -> Fault {
    let mut phases = FaultPhase::all();
    let mut phase = phases.swap_remove(rng.usize(..phases.len()));
    if let FaultPhase::Status { status, retry_after } = &mut phase {
        *status = STATUSES[rng.usize(..STATUSES.len())];
        *retry_after = retry_after.take().map(|_| RETRY_AFTER[rng.usize(..RETRY_AFTER.len())].to_owned());
    }
    Fault::new(phase).nth(rng.u64(1..=40)).times(rng.u64(1..=3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_runs_are_calm_and_each_trouble_comes_to_some_of_the_others() {
        let plans: Vec<_> = (0..500).map(Plan::of).collect();
        let count = |is: fn(&Plan) -> bool| plans.iter().filter(|plan| is(plan)).count();
        assert!((10..60).contains(&count(|plan| plan.calm)));
        for trouble in [
            |plan: &Plan| plan.crashes.iter().any(|lives| !lives.is_empty()),
            |plan: &Plan| plan.stalls.iter().any(Option::is_some),
            |plan: &Plan| !plan.faults.is_empty(),
            |plan: &Plan| plan.notifications.lost > 0,
            |plan: &Plan| plan.handlers.stuck > 0,
            |plan: &Plan| plan.store.unclear > 0,
            |plan: &Plan| plan.store.outage.is_some(),
            |plan: &Plan| plan.late_requests > 0,
        ] {
            assert!((20..480).contains(&count(trouble)));
            assert!(plans.iter().all(|plan| !(plan.calm && trouble(plan))));
        }
    }
}
