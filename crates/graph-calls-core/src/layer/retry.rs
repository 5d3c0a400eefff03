//! The only place that sends anything twice.
//!
//! A request is repeated when the attempt certainly had no effect, or when its class says that a second one does no
//! harm; never earlier than the service told, never past the deadline, and never more than the budget allows.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, ready},
};

use fastrand::Rng;
use http::{Extensions, HeaderName, HeaderValue, Method, Uri, Version};
use pin_project_lite::pin_project;
use tokio::time::{Instant, sleep_until, timeout_at};
use tower::{Layer, Service};

use super::plan::{Outcome, Plan, plan};
use crate::{
    BoxError, Certainty, RequestInfo, TransportError, Wall,
    info::{Attempted, LastResponse, ResponseInfo},
    stats::Counters,
    transport::certainty_of,
};

const BUDGET: u32 = 1_000;

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

impl<S: Clone> Layer<S> for RetryLayer {
    type Service = Retry<S>;
    fn layer(&self, inner: S) -> Retry<S> {
        Retry { again: Arc::new(inner.clone()), inner, shared: Arc::clone(&self.shared) }
    }
}

/// Repeats attempts by the class of the request.
#[derive(Debug, Clone)]
pub struct Retry<S> {
    inner: S,
    /// What a repeat gets its handle from: few requests are repeated, and each would else pay for a clone.
    again: Arc<S>,
    shared: Arc<Shared>,
}

impl<S, B, C> Service<http::Request<B>> for Retry<S>
where
    S: Service<http::Request<B>, Response = http::Response<C>, Error = BoxError>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
    B: Clone + Send + 'static,
    C: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = RetryFuture<S, B, C>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        self.shared.counters.request();
        let Some(info) = request.extensions_mut().get_mut::<RequestInfo>() else {
            // Whoever stacks the layer without our client gave no class: nothing is repeated.
            return RetryFuture { state: State::First { attempt: self.inner.call(request), course: None } };
        };
        info.begin_attempt();
        let info = info.clone();
        let course = Course {
            again: Arc::clone(&self.again),
            shared: Arc::clone(&self.shared),
            kept: Kept::of(&request),
            info,
            attempt: 1,
            before: None,
            last: None,
            refreshed: false,
        };
        RetryFuture { state: State::First { attempt: self.inner.call(request), course: Some(course) } }
    }
}

pin_project! {
    /// A request and its repeats.
    pub struct RetryFuture<S, B, C>
    where
        S: Service<http::Request<B>>,
    {
        #[pin]
        state: State<S, B, C>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B, C>
    where
        S: Service<http::Request<B>>,
    {
        // Most requests end here, without a box.
        First { #[pin] attempt: S::Future, course: Option<Course<S, B>> },
        Repeating { repeats: Pin<Box<dyn Future<Output = Result<http::Response<C>, BoxError>> + Send>> },
    }
}

impl<S, B, C> Future for RetryFuture<S, B, C>
where
    S: Service<http::Request<B>, Response = http::Response<C>, Error = BoxError>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
    B: Clone + Send + 'static,
    C: Send + 'static,
{
    type Output = Result<http::Response<C>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let (answered, course) = match this.state.as_mut().project() {
                StateProjection::First { attempt, course } => (ready!(attempt.poll(cx)), course.take()),
                StateProjection::Repeating { repeats } => return repeats.as_mut().poll(cx),
            };
            let Some(mut course) = course else { return Poll::Ready(answered) };
            match course.judge(answered) {
                Verdict::Settled(settled) => return Poll::Ready(settled),
                Verdict::Again(again) => {
                    this.state.set(State::Repeating { repeats: Box::pin(repeat(course, again)) });
                }
            }
        }
    }
}

impl<S, B, C> fmt::Debug for RetryFuture<S, B, C>
where
    S: Service<http::Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryFuture").finish_non_exhaustive()
    }
}

/// A request while it is being sent: how far it has come, and what it takes to send it again.
struct Course<S, B> {
    again: Arc<S>,
    shared: Arc<Shared>,
    kept: Kept<B>,
    info: RequestInfo,
    attempt: u32,
    before: Option<Certainty>,
    last: Option<LastResponse>,
    refreshed: bool,
}

enum Verdict<C> {
    Settled(Result<http::Response<C>, BoxError>),
    Again(Again),
}

/// A repeat that waits for its time, and what it takes of the budget.
struct Again {
    at: Instant,
    cost: u32,
    shared: Arc<Shared>,
}

impl Again {
    /// The repeat goes out: what it takes is spent.
    fn begin(mut self) {
        self.cost = 0;
        self.shared.counters.retry();
    }
}

impl Drop for Again {
    fn drop(&mut self) {
        // Whoever waited for it has gone.
        self.shared.give_back(self.cost);
    }
}

impl<S, B: Clone> Course<S, B> {
    fn judge<C>(&mut self, answered: Result<http::Response<C>, BoxError>) -> Verdict<C> {
        let outcome = Outcome::of(&self.kept.method, &answered, self.shared.wall);
        let told_to_wait = match plan(&self.info, &outcome, self.refreshed, self.attempt, &self.shared.rng) {
            Plan::Finish => None,
            Plan::TooLate(wait) => Some(wait),
            Plan::Repeat { cost, .. } if !self.shared.spend(cost) => {
                self.shared.counters.retry_denied();
                None
            }
            Plan::Repeat { at, cost, fresh_connection } => {
                self.last = outcome.last.or(self.last.take());
                self.before = self.before.max(outcome.certainty);
                if let Some(refusal) = outcome.refusal {
                    self.refreshed = true;
                    self.info.refusal = Some(refusal);
                }
                self.info.fresh_connection = fresh_connection;
                return Verdict::Again(Again { at, cost, shared: Arc::clone(&self.shared) });
            }
        };
        if self.attempt == 1 && outcome.certainty.is_none() && answered.is_ok() {
            self.shared.refund();
            return Verdict::Settled(answered);
        }
        Verdict::Settled(match answered {
            Ok(mut response) => {
                let found = response.extensions_mut().get_or_insert_default::<ResponseInfo>();
                found.attempts = self.attempt;
                found.before = self.before;
                found.told_to_wait = told_to_wait;
                Ok(response)
            }
            Err(source) => {
                let certainty = certainty_of(&source).max(self.before.unwrap_or(Certainty::Unsent));
                let (attempts, last) = (self.attempt, self.last.take());
                Err(Attempted { attempts, certainty, last, source }.into())
            }
        })
    }

    /// The request of the next attempt.
    fn next(&mut self) -> http::Request<B> {
        self.attempt = self.attempt.saturating_add(1);
        self.info.begin_attempt();
        let mut request = self.kept.request();
        request.extensions_mut().insert(self.info.clone());
        request
    }
}

/// Sends a request until it settles, from this time on.
async fn repeat<S, B, C>(mut course: Course<S, B>, mut again: Again) -> Result<http::Response<C>, BoxError>
where
    S: Service<http::Request<B>, Response = http::Response<C>, Error = BoxError> + Clone,
    B: Clone,
{
    let mut inner = S::clone(&course.again);
    loop {
        sleep_until(again.at).await;
        if let Err(source) = ready(&mut inner, course.info.expires).await {
            let (attempts, last) = (course.attempt, course.last);
            let certainty = course.before.unwrap_or(Certainty::Unsent);
            return Err(Attempted { attempts, certainty, last, source }.into());
        }
        again.begin();
        let answered = inner.call(course.next()).await;
        match course.judge(answered) {
            Verdict::Settled(settled) => return settled,
            Verdict::Again(next) => again = next,
        }
    }
}

/// What a request is made of again. A request's own clone costs twice as much, and most are never sent again.
struct Kept<B> {
    method: Method,
    uri: Uri,
    version: Version,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Where there are any but ours.
    extensions: Option<Extensions>,
    body: B,
}

impl<B: Clone> Kept<B> {
    fn of(request: &http::Request<B>) -> Self {
        let headers = request.headers().iter();
        let extensions = request.extensions();
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: headers.map(|(name, value)| (name.clone(), value.clone())).collect(),
            extensions: (extensions.len() > 1).then(|| extensions.clone()),
            body: request.body().clone(),
        }
    }

    fn request(&self) -> http::Request<B> {
        let mut request = http::Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        for (name, value) in &self.headers {
            request.headers_mut().append(name.clone(), value.clone());
        }
        if let Some(extensions) = &self.extensions {
            request.extensions_mut().clone_from(extensions);
        }
        request
    }
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

    /// A success at the first try.
    fn refund(&self) {
        self.give_back(1);
    }

    fn give_back(&self, amount: u32) {
        let more = |budget: u32| (amount > 0 && budget < BUDGET).then(|| (budget + amount).min(BUDGET));
        let _ = self.budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use http::header::RETRY_AFTER;
    use tower_test::mock;

    use super::{super::plan::COST, *};
    use crate::{AccessToken, ApiVersion, Repeat, TransportErrorKind, info::Refusal, transport::info};

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
                refusal: Some(Arc::new(Refusal {
                    token: AccessToken::new("old", Duration::from_secs(60)).unwrap(),
                    claims: Some("e30=".to_owned()),
                })),
                ..ResponseInfo::default()
            });
            Ok(response)
        };
        let run = run_with(Repeat::OnlyIfNoEffect, vec![refused(), refused()]).await;
        assert_eq!(run.result.unwrap().status(), 401);
        let refusal = run.sent[1].refusal.as_ref().unwrap();
        assert_eq!(refusal.claims.as_deref(), Some("e30="));
    }

    #[tokio::test(start_paused = true)]
    async fn a_repeat_is_the_request_again() {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&sent);
        let refusing = tower::service_fn(move |request: http::Request<&'static str>| {
            keep.lock().unwrap().push(request);
            std::future::ready(told(503, "1"))
        });
        let layer = RetryLayer::new(Rng::with_seed(7), Wall::anchored(UNIX_EPOCH));
        let mut info = RequestInfo::new("test", Repeat::Always, ApiVersion::Any);
        info.expires = Some(Instant::now() + Duration::from_secs(2));
        let request = http::Request::put("/a?b=c").version(Version::HTTP_2).header("x-a", "1");
        let mut request = request.header("x-b", "2").header("x-a", "3").body("body").unwrap();
        request.extensions_mut().insert(info);
        request.extensions_mut().insert(7_u8);
        layer.layer(refusing).call(request).await.unwrap();
        let sent = sent.lock().unwrap();
        assert_eq!(sent.len(), 2);
        for request in &*sent {
            assert_eq!((request.method(), request.version()), (&Method::PUT, Version::HTTP_2));
            assert_eq!((request.uri().to_string().as_str(), *request.body()), ("/a?b=c", "body"));
            let values: Vec<_> = request.headers().get_all("x-a").iter().map(HeaderValue::as_bytes).collect();
            assert_eq!((values, request.headers().len()), (vec![&b"1"[..], b"3"], 3));
            assert_eq!(request.extensions().get::<u8>(), Some(&7));
        }
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
}
