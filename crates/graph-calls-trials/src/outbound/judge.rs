//! What has to hold of a request, whatever went wrong.

use std::time::Duration;

use graph_calls_core::{Certainty, Client, Error, FixedToken, Wall};
use tokio::time::{Instant, sleep};

use super::{Case, cases::Stage, service::Service};

/// A request may settle this much later than it should.
const GRACE: Duration = Duration::from_millis(10);
/// After this, everything that is on its way has arrived.
const QUIET: Duration = Duration::from_secs(60);
/// What a decision about a ringing call has, and any other request.
const RING: Duration = Duration::from_secs(13);
const TOTAL: Duration = Duration::from_secs(30);

/// How a request ended for whoever sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It succeeded.
    Done,
    /// It is done, but its answer was lost.
    AnswerLost,
    /// It had no effect, since it was never sent.
    Unsent,
    /// It had no effect, since the service refused it.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl Outcome {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::AnswerLost => "done with the answer lost",
            Outcome::Unsent => "unsent",
            Outcome::Refused => "refused",
            Outcome::Unknown => "unknown",
        }
    }

    /// In few letters.
    pub fn short(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::AnswerLost => "lost",
            Outcome::Unsent => "unsent",
            Outcome::Refused => "refus.",
            Outcome::Unknown => "unkn.",
        }
    }
}

/// What became of one logical request.
#[derive(Debug)]
pub(super) struct Verdict {
    /// How it ended: nothing where it was done.
    pub(super) error: Option<Error>,
    pub(super) attempts: u64,
    pub(super) effects: u64,
    /// What does not hold.
    pub(super) broken: Option<String>,
    pub(super) log: Vec<String>,
}

impl Verdict {
    pub(super) fn outcome(&self) -> Outcome {
        match &self.error {
            None => Outcome::Done,
            Some(error) if error.is_answer_lost() => Outcome::AnswerLost,
            Some(error) => match error.certainty() {
                Certainty::Unsent => Outcome::Unsent,
                Certainty::Refused => Outcome::Refused,
                Certainty::Unknown => Outcome::Unknown,
            },
        }
    }
}

/// Sends a request in a world that is ready for it, with the faults that this arranges.
pub(super) async fn judge(case: &Case, seed: u64, arrange: impl FnOnce(&Service)) -> Verdict {
    let service = Service::new(seed);
    let stage = Stage { service: &service };
    let ids = case.prepare(&stage).await;
    let before = service.applied();
    arrange(&service);
    let client = Client::builder(service.transport())
        .token(FixedToken::new("secret").expect("a token"))
        .rng(fastrand::Rng::with_seed(seed))
        .wall(Wall::anchored(std::time::UNIX_EPOCH))
        .build();
    let limit = if case.rings() { RING } else { TOTAL };
    let began = Instant::now();
    let error = case.send(&client, &ids, began + limit).await.err();
    let took = began.elapsed();
    let attempts = service.received();
    sleep(QUIET).await;
    let after = service.applied();
    let done = |id: &String| after.get(id).copied().unwrap_or(0) - before.get(id).copied().unwrap_or(0);
    let effects = after.keys().map(done).sum();
    let mut verdict = Verdict { error, attempts, effects, broken: None, log: service.log() };
    let late = took > limit + GRACE;
    let late = late.then(|| format!("settled after {took:?}, which is past its deadline of {limit:?}"));
    verdict.broken = late.or_else(|| lie(case, &verdict));
    verdict
}

/// Where the client is wrong about what it did.
fn lie(case: &Case, verdict: &Verdict) -> Option<String> {
    let effects = verdict.effects;
    if effects > 1 {
        return Some(format!("had its effect {effects} times"));
    }
    let once = u64::from(case.changes);
    match verdict.outcome() {
        Outcome::Done | Outcome::AnswerLost if effects != once => {
            Some(format!("is said to be done, but had its effect {effects} times"))
        }
        sure @ (Outcome::Unsent | Outcome::Refused) if effects != 0 => {
            Some(format!("is said to have had no effect ({sure:?}), but had it"))
        }
        _ => None,
    }
}
