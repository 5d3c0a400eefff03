//! What is remembered for each tenant and scope: the token, who is fetching the next one, and what went wrong.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, Shared};
use graph_calls_core::{AccessToken, TokenRequest, model::TenantId};
use tokio::time::Instant;

use super::failure::Failure;

/// A token is replaced this long before it expires, or when four fifths of its life are over.
const AHEAD: Duration = Duration::from_secs(600);
const FIRST_BREAK: Duration = Duration::from_secs(1);
const LONGEST_BREAK: Duration = Duration::from_secs(30);
/// With more tenants than this, those without a valid token are forgotten.
const MANY_TENANTS: usize = 1_024;

/// A token on its way, for as many as wait for it.
pub(super) type Waiting = Shared<BoxFuture<'static, Result<AccessToken, Failure>>>;

/// What a slot has for a caller.
pub(super) enum Found {
    /// A token; with `due` it is time to fetch the next one, without anybody waiting.
    Token { token: AccessToken, due: bool },
    /// Somebody is fetching it.
    Coming(Waiting),
    /// It failed a moment ago, and is not tried again yet.
    Trouble(Failure),
    /// It has to be fetched.
    Nothing,
}

/// The token of one tenant and scope.
#[derive(Default)]
pub(super) struct Slot {
    token: Option<Held>,
    flight: Option<Flight>,
    trouble: Option<Trouble>,
    forced: Option<Forced>,
    /// The latest flight that brought a token.
    settled: u64,
}

struct Held {
    token: AccessToken,
    /// What was demanded of it.
    claims: Option<String>,
    refresh_at: Instant,
}

struct Flight {
    id: u64,
    claims: Option<String>,
    waiting: Waiting,
}

struct Trouble {
    failures: u32,
    until: Instant,
    failure: Failure,
}

/// What was fetched in spite of a token that had not expired, because Graph refused that one or demanded more.
struct Forced {
    times: u32,
    with_claims: bool,
    until: Instant,
}

impl Held {
    fn serves(&self, request: &TokenRequest) -> bool {
        let meets_claims = request.claims.is_none() || request.claims == self.claims;
        meets_claims && request.refused.as_ref() != Some(&self.token)
    }
}

impl Slot {
    pub(super) fn find(&self, request: &TokenRequest, now: Instant) -> Found {
        if let Some(held) = self.valid(now).filter(|held| held.serves(request)) {
            let due = held.refresh_at <= now && self.flight.is_none() && self.trouble(now).is_none();
            return Found::Token { token: held.token.clone(), due };
        }
        // A token that comes without the claims that are demanded would only be refused again.
        let good = |flight: &&Flight| request.claims.is_none() || request.claims == flight.claims;
        if let Some(flight) = self.flight.as_ref().filter(good) {
            return Found::Coming(flight.waiting.clone());
        }
        match self.trouble(now) {
            Some(failure) => Found::Trouble(failure.clone()),
            None if self.is_held_back(request, now) => Found::Trouble(Failure::passing(
                "Graph refuses one token after another: the next one is asked for after a break",
            )),
            None => Found::Nothing,
        }
    }

    pub(super) fn take_off(&mut self, id: u64, request: &TokenRequest, waiting: Waiting, now: Instant) {
        if self.valid(now).is_some_and(|held| !held.serves(request)) {
            // Once Graph has been content for as long as the longest break, it begins anew.
            let before = self.forced.as_ref().filter(|forced| now < forced.until + LONGEST_BREAK);
            let times = before.map_or(0, |forced| forced.times).saturating_add(1);
            let (with_claims, until) = (request.claims.is_some(), now + rest_after(times));
            self.forced = Some(Forced { times, with_claims, until });
        }
        self.flight = Some(Flight { id, claims: request.claims.clone(), waiting });
    }

    pub(super) fn land(
        &mut self,
        id: u64,
        claims: Option<String>,
        outcome: &Result<AccessToken, Failure>,
        now: Instant,
    ) {
        if self.flight.as_ref().is_some_and(|flight| flight.id == id) {
            self.flight = None;
        }
        match outcome {
            // One that was overtaken must not bring back an older token.
            Ok(_) if id < self.settled => {}
            Ok(token) => {
                self.settled = id;
                self.trouble = None;
                let lives = token.expires().saturating_duration_since(now);
                let refresh_at = token.expires() - AHEAD.min(lives / 5);
                self.token = Some(Held { token: token.clone(), claims, refresh_at });
            }
            Err(failure) => {
                let failures = self.trouble.as_ref().map_or(0, |trouble| trouble.failures).saturating_add(1);
                let rest = rest_after(failures).max(failure.retry_after.unwrap_or_default());
                self.trouble = Some(Trouble { failures, until: now + rest, failure: failure.clone() });
            }
        }
    }

    fn valid(&self, now: Instant) -> Option<&Held> {
        self.token.as_ref().filter(|held| held.token.expires() > now)
    }

    /// Whether it is too early to replace a token that has not expired.
    fn is_held_back(&self, request: &TokenRequest, now: Instant) -> bool {
        // Claims are worth a question where the last one was put without any.
        let counts =
            |forced: &&Forced| now < forced.until && (forced.with_claims || request.claims.is_none());
        self.valid(now).is_some() && self.forced.as_ref().is_some_and(|forced| counts(&forced))
    }

    fn trouble(&self, now: Instant) -> Option<&Failure> {
        self.trouble.as_ref().filter(|trouble| now < trouble.until).map(|trouble| &trouble.failure)
    }

    fn is_of_use(&self, now: Instant) -> bool {
        self.flight.is_some() || self.valid(now).is_some()
    }
}

/// 1, 2, 4, 8, 16, 30, 30, ... seconds.
fn rest_after(failures: u32) -> Duration {
    FIRST_BREAK.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_BREAK)
}

/// All slots.
#[derive(Default)]
pub(super) struct Slots {
    tenants: HashMap<TenantId, HashMap<Arc<str>, Slot>>,
    flights: u64,
}

impl Slots {
    pub(super) fn find(&self, tenant: &TenantId, request: &TokenRequest, now: Instant) -> Found {
        let slot = self.tenants.get(tenant).and_then(|scopes| scopes.get(&*request.scope));
        slot.map_or(Found::Nothing, |slot| slot.find(request, now))
    }

    pub(super) fn next_flight(&mut self) -> u64 {
        self.flights += 1;
        self.flights
    }

    /// The slot of a tenant and scope, made if there is none.
    pub(super) fn slot(&mut self, tenant: &TenantId, scope: &Arc<str>, now: Instant) -> &mut Slot {
        if self.tenants.len() >= MANY_TENANTS && !self.tenants.contains_key(tenant) {
            self.tenants.retain(|_, scopes| scopes.values().any(|slot| slot.is_of_use(now)));
        }
        self.tenants.entry(tenant.clone()).or_default().entry(Arc::clone(scope)).or_default()
    }

    pub(super) fn tenants(&self) -> usize {
        self.tenants.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_that_fails_is_asked_less_and_less_often() {
        let seconds: Vec<_> = (1..=8).map(|failures| rest_after(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(rest_after(u32::MAX), LONGEST_BREAK);
    }

    #[tokio::test(start_paused = true)]
    async fn tenants_without_a_token_are_forgotten_when_there_are_many() {
        let (mut slots, scope) = (Slots::default(), Arc::<str>::from("scope"));
        let now = Instant::now();
        for number in 0..MANY_TENANTS {
            let tenant = TenantId::new(format!("tenant-{number}.example")).unwrap();
            let slot = slots.slot(&tenant, &scope, now);
            if number < 3 {
                slot.land(1, None, &Ok(AccessToken::new("t", Duration::from_secs(60)).unwrap()), now);
            }
        }
        assert_eq!(slots.tenants(), MANY_TENANTS);
        slots.slot(&TenantId::new("one-more.example").unwrap(), &scope, now);
        assert_eq!(slots.tenants(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_was_overtaken_does_not_come_back() {
        let (mut slot, now) = (Slot::default(), Instant::now());
        let token = |text: &str| AccessToken::new(text, Duration::from_secs(60)).unwrap();
        slot.land(2, None, &Ok(token("new")), now);
        slot.land(1, None, &Ok(token("old")), now);
        let found = slot.find(&TokenRequest::new(None, "scope"), now);
        assert!(matches!(found, Found::Token { token: found, .. } if found == token("new")));
    }
}
