//! The only place that sends anything twice.
//!
//! A request is repeated when the attempt certainly had no effect, or when its class says that a second one does no
//! harm; never earlier than the service told, never past the deadline, and never more than the budget allows.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use fastrand::Rng;
use http::{HeaderMap, Method, StatusCode, header::RETRY_AFTER};
use tokio::time::{Instant, sleep_until, timeout_at};
use tower::{Layer, Service};

use crate::{
    BodyLost, BoxError, Certainty, Repeat, RequestInfo, TransportError, TransportErrorKind, Wall,
    info::{Attempted, ResponseInfo},
    stats::Counters,
    transport::{certainty_of, info, never_sent},
};

const BUDGET: u32 = 1_000;
const COST: u32 = 10;
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Repeats what may be repeated with a [`Retry`].
#[derive(Debug, Clone)]
pub struct RetryLayer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    budget: AtomicU32,
    rng: Mutex<Rng>,
    wall: Wall,
    counters: Arc<Counters>,
}

impl RetryLayer {
    /// One budget for all requests that pass here: 1,000 tokens, 10 for a repeat, one back for a success at first try.
    pub fn new(rng: Rng, wall: Wall) -> Self {
        Self::counting(rng, wall, Arc::default())
    }

    pub(crate) fn counting(rng: Rng, wall: Wall, counters: Arc<Counters>) -> Self {
        let (budget, rng) = (AtomicU32::new(BUDGET), Mutex::new(rng));
        Self { shared: Arc::new(Shared { budget, rng, wall, counters }) }
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<S>;
    fn layer(&self, inner: S) -> Retry<S> {
        Retry { inner, shared: Arc::clone(&self.shared) }
    }
}

/// Repeats attempts by the class of the request.
#[derive(Debug, Clone)]
pub struct Retry<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S, B, C> Service<http::Request<B>> for Retry<S>
where
    S: Service<http::Request<B>, Response = http::Response<C>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
    B: Clone + Send + 'static,
    C: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let waiting = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, waiting);
        Box::pin(run(inner, request, Arc::clone(&self.shared)))
    }
}

async fn run<S, B, C>(
    mut inner: S,
    request: http::Request<B>,
    shared: Arc<Shared>,
) -> Result<http::Response<C>, BoxError>
where
    S: Service<http::Request<B>, Response = http::Response<C>, Error = BoxError>,
    B: Clone,
{
    shared.counters.request();
    let Some(mut info) = info(&request).cloned() else {
        // Whoever stacks the layer without our client gave no class: nothing is repeated.
        return inner.call(request).await;
    };
    let method = request.method().clone();
    let mut before = None::<Certainty>;
    let mut refreshed = false;
    for attempt in 1_u32.. {
        let mut next = request.clone();
        next.extensions_mut().insert(info.next_attempt());
        let answered = inner.call(next).await;
        let outcome = Outcome::of(&method, &answered, shared.wall);
        let plan = plan(
            &info,
            &outcome,
            refreshed,
            attempt,
            &mut shared.rng.lock().unwrap_or_else(PoisonError::into_inner),
        );
        let told_to_wait = match plan {
            Plan::Finish => None,
            Plan::TooLate(wait) => Some(wait),
            Plan::Repeat { cost, .. } if !shared.spend(cost) => {
                shared.counters.retry_denied();
                None
            }
            Plan::Repeat { at, fresh_connection, .. } => {
                shared.counters.retry();
                before = before.max(outcome.certainty);
                if let Outcome { refused: Some(refused), .. } = outcome {
                    refreshed = true;
                    info.refused_token = refused.refused_token;
                    info.claims = refused.claims;
                }
                info.fresh_connection = fresh_connection;
                drop(answered);
                sleep_until(at).await;
                match ready(&mut inner, info.expires).await {
                    Ok(()) => continue,
                    Err(source) => {
                        let certainty = before.unwrap_or(Certainty::Unsent);
                        return Err(Attempted { attempts: attempt, certainty, source }.into());
                    }
                }
            }
        };
        if attempt == 1 && outcome.certainty.is_none() && answered.is_ok() {
            shared.refund();
        }
        return match answered {
            Ok(mut response) => {
                let found = response.extensions_mut().get_or_insert_default::<ResponseInfo>();
                found.attempts = attempt;
                found.before = before;
                found.told_to_wait = told_to_wait;
                Ok(response)
            }
            Err(source) => {
                let certainty = certainty_of(&source).max(before.unwrap_or(Certainty::Unsent));
                Err(Attempted { attempts: attempt, certainty, source }.into())
            }
        };
    }
    Err("more attempts than can be counted".into())
}

/// Waits for the inner service, but not past the deadline.
async fn ready<S, B>(inner: &mut S, expires: Option<Instant>) -> Result<(), BoxError>
where
    S: Service<http::Request<B>, Error = BoxError>,
{
    let ready = std::future::poll_fn(|cx| inner.poll_ready(cx));
    match expires {
        Some(expires) => {
            timeout_at(expires, ready).await.unwrap_or_else(|_| Err(TransportError::timed_out(false).into()))
        }
        None => ready.await,
    }
}

impl Shared {
    fn spend(&self, cost: u32) -> bool {
        let left = |budget: u32| budget.checked_sub(cost);
        self.budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok()
    }

    fn refund(&self) {
        let more = |budget: u32| (budget < BUDGET).then_some(budget + 1);
        let _ = self.budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }
}

/// What one attempt came to, as far as repeating is concerned.
#[derive(Debug, Default)]
struct Outcome {
    /// How sure a failure is; none for an answer that is final as it is.
    certainty: Option<Certainty>,
    /// How long the service told us to wait.
    retry_after: Option<Duration>,
    /// Set by a 401.
    refused: Option<ResponseInfo>,
    status: Option<StatusCode>,
    /// The connection it went over is not to be trusted with another attempt.
    fresh_connection: bool,
}

impl Outcome {
    fn of<C>(method: &Method, answered: &Result<http::Response<C>, BoxError>, wall: Wall) -> Self {
        let response = match answered {
            Ok(response) => response,
            Err(error) if never_sent(error) => return Self::default(),

            Err(error) => {
                // A path that went dead swallows whatever else is sent over its connection.
                let dead = error.downcast_ref::<TransportError>().is_some_and(|error| {
                    matches!(error.kind(), TransportErrorKind::TimedOut | TransportErrorKind::Connection)
                });
                let certainty = Some(certainty_of(error));
                return Self { certainty, fresh_connection: dead, ..Self::default() };
            }
        };
        let status = response.status();
        if status.is_success() {
            // A GET does nothing, so one whose body was lost is simply asked again.
            let lost = method == Method::GET && response.extensions().get::<BodyLost>().is_some();
            return Self { certainty: lost.then_some(Certainty::Unknown), ..Self::default() };
        }
        let retry_after = retry_after(response.headers(), wall);
        let refused = response.extensions().get::<ResponseInfo>().filter(|info| info.refused_token.is_some());
        Self {
            certainty: Some(Certainty::of_status(status, says_when(response.headers()))),
            retry_after,
            refused: refused.filter(|_| status == StatusCode::UNAUTHORIZED).cloned(),
            status: Some(status),
            fresh_connection: status == StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

#[derive(Debug, PartialEq)]
enum Plan {
    Finish,
    /// The service wants us to wait past the deadline.
    TooLate(Duration),
    Repeat {
        at: Instant,
        cost: u32,
        fresh_connection: bool,
    },
}

fn plan(info: &RequestInfo, outcome: &Outcome, refreshed: bool, attempt: u32, rng: &mut Rng) -> Plan {
    let now = Instant::now();
    let Some(certainty) = outcome.certainty else { return Plan::Finish };
    if outcome.refused.is_some() {
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
    let own = backoff(attempt, rng);
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

/// The longest wait that any `Retry-After` asks for; none for what is past, zero or junk.
fn retry_after(headers: &HeaderMap, wall: Wall) -> Option<Duration> {
    told(headers).filter_map(|text| wait_of(text, Some(wall))).filter(|wait| !wait.is_zero()).max()
}

/// Whether a `Retry-After` makes sense, be it past or not. Junk is as good as none.
pub(crate) fn says_when(headers: &HeaderMap) -> bool {
    told(headers).any(|text| httpdate::parse_http_date(text).is_ok() || wait_of(text, None).is_some())
}

/// The values of the header; a proxy may have folded several into one.
fn told(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| {
        let date = httpdate::parse_http_date(value.trim()).is_ok();
        let separator = if date { '\0' } else { ',' };
        value.split(separator).map(str::trim)
    })
}

/// Seconds, decimal seconds (the reference page's own example), or a date; rounded up to the next millisecond.
fn wait_of(text: &str, wall: Option<Wall>) -> Option<Duration> {
    if let Ok(date) = httpdate::parse_http_date(text) {
        return date.duration_since(wall?.now()).ok().map(round_up);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    // More seconds than a u32 holds are more than any deadline: they need not be exact.
    let seconds = whole.parse::<u32>().unwrap_or(u32::MAX);
    let mut nanos = 0_u32;
    for place in 0..9 {
        let digit = fraction.as_bytes().get(place).map_or(0, |byte| u32::from(byte - b'0'));
        nanos = nanos * 10 + digit;
    }
    let cut_off = fraction.as_bytes().iter().skip(9).any(|&byte| byte != b'0');
    Some(round_up(Duration::new(seconds.into(), nanos) + Duration::from_nanos(cut_off.into())))
}

fn round_up(wait: Duration) -> Duration {
    let millis = wait.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use http::HeaderValue;
    use tower_test::mock;

    use super::*;
    use crate::{AccessToken, ApiVersion};

    type Reply = Result<http::Response<()>, BoxError>;

    #[expect(clippy::unnecessary_wraps, reason = "stands among replies that fail")]
    fn status(status: u16) -> Reply {
        Ok(http::Response::builder().status(status).body(()).unwrap())
    }

    #[expect(clippy::unnecessary_wraps, reason = "stands among replies that fail")]
    fn told(code: u16, wait: &str) -> Reply {
        Ok(http::Response::builder().status(code).header(RETRY_AFTER, wait).body(()).unwrap())
    }

    fn failed(certainty: Certainty) -> Reply {
        Err(TransportError::new(TransportErrorKind::Connection, certainty, "cut").into())
    }

    struct Run {
        result: Result<http::Response<()>, BoxError>,
        sent: Vec<RequestInfo>,
        took: Duration,
    }

    impl Run {
        fn before(&self) -> Option<Certainty> {
            self.result.as_ref().unwrap().extensions().get::<ResponseInfo>().unwrap().before
        }
    }

    async fn run_with(repeat: Repeat, replies: Vec<Reply>) -> Run {
        let layer = RetryLayer::new(Rng::with_seed(7), Wall::anchored(UNIX_EPOCH));
        let (mut service, mut handle) = mock::spawn_with(|inner| layer.layer(inner));
        let answering = tokio::spawn(async move {
            let mut sent = Vec::new();
            for reply in replies {
                let (request, respond): (http::Request<()>, _) =
                    handle.next_request().await.expect("a request");
                sent.push(info(&request).unwrap().clone());
                match reply {
                    Ok(response) => respond.send_response(response),
                    Err(error) => respond.send_error(error),
                }
            }
            sent
        });
        let began = Instant::now();
        let mut info = RequestInfo::new("test", repeat, ApiVersion::Any);
        info.expires = Some(began + Duration::from_secs(30));
        let mut request = http::Request::new(());
        request.extensions_mut().insert(info);
        std::future::poll_fn(|_| service.poll_ready()).await.unwrap();
        let result = service.call(request).await;
        Run { result, took: began.elapsed(), sent: answering.await.unwrap() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_class_c_request_is_never_repeated_after_an_unknown_outcome() {
        for reply in
            [status(500), status(502), status(503), status(504), status(408), failed(Certainty::Unknown)]
        {
            let run = run_with(Repeat::OnlyIfNoEffect, vec![reply]).await;
            assert_eq!(run.sent.len(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_class_is_repeated_after_an_attempt_without_effect() {
        for repeat in [Repeat::Always, Repeat::WhileIncoming, Repeat::OnlyIfNoEffect] {
            let replies = vec![failed(Certainty::Unsent), told(429, "1"), told(503, "1"), status(200)];
            let run = run_with(repeat, replies).await;
            assert_eq!(run.sent.len(), 4);
            assert_eq!(run.before(), Some(Certainty::Refused));
            assert!(run.took >= Duration::from_secs(2));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_and_b_are_repeated_after_an_unknown_outcome_and_remember_it() {
        for repeat in [Repeat::Always, Repeat::WhileIncoming] {
            let run = run_with(repeat, vec![status(504), status(404)]).await;
            assert_eq!(run.before(), Some(Certainty::Unknown));
            assert_eq!(run.result.unwrap().status(), 404);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_overloaded_instance_is_not_asked_again_over_the_same_connection() {
        let run = run_with(Repeat::Always, vec![told(503, "2"), told(429, "2"), status(200)]).await;
        let fresh: Vec<_> = run.sent.iter().map(RequestInfo::wants_fresh_connection).collect();
        assert_eq!(fresh, [false, true, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn junk_in_retry_after_is_no_refusal_and_a_gateways_wait_is_kept() {
        let run = run_with(Repeat::OnlyIfNoEffect, vec![told(503, "soon")]).await;
        assert_eq!(run.sent.len(), 1);
        let run = run_with(Repeat::Always, vec![told(502, "9"), status(200)]).await;
        assert!(run.took >= Duration::from_secs(9));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_went_dead_is_not_used_again() {
        let run = run_with(Repeat::Always, vec![failed(Certainty::Unknown), status(200)]).await;
        let fresh: Vec<_> = run.sent.iter().map(RequestInfo::wants_fresh_connection).collect();
        assert_eq!(fresh, [false, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_identity_provider_that_is_down_for_a_moment_costs_no_request() {
        let down = || Err(crate::TokenError::new("down").transient().into());
        let run = run_with(Repeat::OnlyIfNoEffect, vec![down(), status(200)]).await;
        assert_eq!(run.result.unwrap().status(), 200);
        let wrong = || Err(crate::TokenError::new("wrong secret").into());
        let run = run_with(Repeat::Always, vec![wrong()]).await;
        assert_eq!(run.sent.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_deadline_fails_at_once_and_says_how_long() {
        let run = run_with(Repeat::Always, vec![told(429, "60")]).await;
        assert_eq!(run.took, Duration::ZERO);
        let response = run.result.unwrap();
        let found = response.extensions().get::<ResponseInfo>().unwrap();
        assert_eq!(found.told_to_wait, Some(Duration::from_secs(60)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_replaced_once() {
        let refused = || {
            let mut response = http::Response::builder().status(401).body(()).unwrap();
            response.extensions_mut().insert(ResponseInfo {
                refused_token: AccessToken::new("old", Duration::from_secs(60)).ok(),
                claims: Some("e30=".to_owned()),
                ..ResponseInfo::default()
            });
            Ok(response)
        };
        let run = run_with(Repeat::OnlyIfNoEffect, vec![refused(), refused()]).await;
        assert_eq!(run.result.unwrap().status(), 401);
        assert!(run.sent[1].refused_token.is_some());
        assert_eq!(run.sent[1].claims.as_deref(), Some("e30="));
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_uses_up_the_budget_and_then_repeats_stop() {
        let layer = RetryLayer::new(Rng::with_seed(7), Wall::anchored(UNIX_EPOCH));
        let down = tower::service_fn(|_: http::Request<()>| async {
            Err::<http::Response<()>, BoxError>(
                TransportError::new(TransportErrorKind::Connect, Certainty::Unsent, "down").into(),
            )
        });
        let mut service = layer.layer(down);
        for _ in 0..300 {
            let mut request = http::Request::new(());
            let mut info = RequestInfo::new("test", Repeat::Always, ApiVersion::Any);
            info.expires = Some(Instant::now() + Duration::from_secs(30));
            request.extensions_mut().insert(info);
            service.call(request).await.unwrap_err();
        }
        let stats = layer.shared.counters.snapshot();
        assert_eq!((stats.requests, stats.retries), (300, u64::from(BUDGET / COST)));
        assert!(stats.retries_denied > 0);
    }

    #[tokio::test(start_paused = true)]
    async fn every_form_of_retry_after_is_read_and_rounded_up() {
        let wall = Wall::anchored(UNIX_EPOCH + Duration::from_secs(784_111_777));
        let wait = |text: &str| wait_of(text, Some(wall));
        let millis = |millis| Some(Duration::from_millis(millis));
        assert_eq!(wait("3"), millis(3_000));
        assert_eq!(wait("2.128"), millis(2_128));
        assert_eq!(wait("2.0001"), millis(2_001));
        assert_eq!(wait("0.00000000001"), millis(1));
        assert_eq!(wait("2."), millis(2_000));
        assert_eq!(wait("99999999999999999999"), Some(Duration::from_secs(u32::MAX.into())));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:47 GMT"), millis(10_000));
        assert_eq!(wait("Sunday, 06-Nov-94 08:49:47 GMT"), millis(10_000));
        assert_eq!(wait("Sun Nov  6 08:49:47 1994"), millis(10_000));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:17 GMT"), None);
        for junk in ["", "soon", "-1", "1e3", ".", ".5", "1.2.3"] {
            assert_eq!(wait(junk), None, "{junk}");
        }
    }

    #[test]
    fn of_several_headers_the_longest_counts_and_junk_does_not() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _guard = runtime.enter();
        let mut headers = HeaderMap::new();
        for value in ["1", "3, 7.5", "junk", "0"] {
            headers.append(RETRY_AFTER, HeaderValue::from_static(value));
        }
        let wall = Wall::anchored(SystemTime::UNIX_EPOCH);
        assert_eq!(retry_after(&headers, wall), Some(Duration::from_millis(7_500)));
    }
}
