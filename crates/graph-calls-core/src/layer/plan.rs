//! What one attempt came to, and what follows from it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fastrand::Rng;
use http::{Method, StatusCode};
use tokio::time::Instant;

use super::retry_after::{retry_after, says_when};
use crate::{
    BodyLost, BoxError, Certainty, Repeat, RequestInfo, TransportError, TransportErrorKind, Wall,
    info::{LastResponse, Refusal, ResponseInfo},
    transport::{certainty_of, never_sent},
};

/// What a repeat costs of the budget.
pub(super) const COST: u32 = 10;
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// What one attempt came to, as far as repeating is concerned.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// How sure a failure is; none for an answer that is final as it is.
    pub(super) certainty: Option<Certainty>,
    /// How long the service told us to wait.
    retry_after: Option<Duration>,
    /// Set by a 401.
    pub(super) refusal: Option<Arc<Refusal>>,
    status: Option<StatusCode>,
    /// Kept for the error, should no later attempt be answered.
    pub(super) last: Option<LastResponse>,
    /// The connection it went over is not to be trusted with another attempt.
    fresh_connection: bool,
}

impl Outcome {
    pub(super) fn of<C>(method: &Method, answered: &Result<http::Response<C>, BoxError>, wall: Wall) -> Self {
        let response = match answered {
            Ok(response) => response,
            Err(error) if never_sent(error) => return Self::default(),
            Err(error) => {
                // A path that went dead swallows whatever else is sent over its connection.
                let dead = error.downcast_ref::<TransportError>().is_some_and(|error| {
                    matches!(error.kind(), TransportErrorKind::TimedOut | TransportErrorKind::Connection)
                });
                let certainty = certainty_of(error);
                // What was never handed over was on no connection.
                let fresh_connection = dead && certainty != Certainty::Unsent;
                return Self { certainty: Some(certainty), fresh_connection, ..Self::default() };
            }
        };
        let status = response.status();
        if status.is_success() {
            // A GET does nothing, so one whose body was lost is simply asked again.
            let lost = method == Method::GET && response.extensions().get::<BodyLost>().is_some();
            return Self { certainty: lost.then_some(Certainty::Unknown), ..Self::default() };
        }
        let retry_after = retry_after(response.headers(), wall);
        let found = response.extensions().get::<ResponseInfo>();
        let refusal =
            found.filter(|_| status == StatusCode::UNAUTHORIZED).and_then(|found| found.refusal.clone());
        Self {
            certainty: Some(Certainty::of_status(status, says_when(response.headers()))),
            retry_after,
            refusal,
            last: Some(LastResponse::of(response)),
            status: Some(status),
            fresh_connection: status == StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

#[derive(Debug, PartialEq)]
pub(super) enum Plan {
    Finish,
    /// The service wants us to wait past the deadline.
    TooLate(Duration),
    Repeat {
        at: Instant,
        cost: u32,
        fresh_connection: bool,
    },
}

pub(super) fn plan(
    info: &RequestInfo,
    outcome: &Outcome,
    refreshed: bool,
    attempt: u32,
    rng: &Mutex<Rng>,
) -> Plan {
    let Some(certainty) = outcome.certainty else { return Plan::Finish };
    let now = Instant::now();
    if outcome.refusal.is_some() {
        return if refreshed {
            Plan::Finish
        } else {
            Plan::Repeat { at: now, cost: 0, fresh_connection: false }
        };
    }
    let asked_to_come_back = outcome.status == Some(StatusCode::TOO_MANY_REQUESTS)
        || outcome.status == Some(StatusCode::SERVICE_UNAVAILABLE) && certainty == Certainty::Refused;
    let may_repeat = match certainty {
        Certainty::Unsent => true,
        Certainty::Refused => asked_to_come_back,
        Certainty::Unknown => matches!(info.repeat, Repeat::Always | Repeat::WhileIncoming),
    };
    if !may_repeat {
        return Plan::Finish;
    }
    let own = backoff(attempt, &mut rng.lock().unwrap_or_else(PoisonError::into_inner));
    let wait = outcome.retry_after.map_or(own, |told| told.max(own));
    let at = now + wait;
    if info.expires.is_some_and(|expires| at >= expires) {
        return outcome.retry_after.map_or(Plan::Finish, Plan::TooLate);
    }
    // Who is told to wait is bounded by that; a wait shorter than our own would bound nothing.
    let bounded_otherwise =
        outcome.retry_after.is_some_and(|told| told >= FIRST_WAIT) || info.repeat == Repeat::WhileIncoming;
    Plan::Repeat {
        at,
        cost: if bounded_otherwise { 0 } else { COST },
        fresh_connection: outcome.fresh_connection,
    }
}

/// Full jitter over a wait that doubles.
fn backoff(attempt: u32, rng: &mut Rng) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let most = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
    Duration::from_millis(rng.u64(0..=u64::try_from(most.as_millis()).unwrap_or(u64::MAX)))
}
