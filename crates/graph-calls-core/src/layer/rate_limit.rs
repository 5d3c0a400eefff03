//! How many requests an app may send, and how many calls it may hold.
//!
//! Graph counts both per app, over all tenants and all machines. One [`RateLimitLayer`] is shared by all clients of a
//! process that send under the same app id:
//!
//! ```
//! use graph_calls_core::{Client, layer::RateLimitLayer, test_util::ScriptedTransport};
//!
//! let limit = RateLimitLayer::per_app();
//! let one = Client::builder(ScriptedTransport::new().transport()).rate_limit(limit.clone()).build();
//! let other = Client::builder(ScriptedTransport::new().transport()).rate_limit(limit.clone()).build();
//! assert_eq!((limit.waiting(), limit.live_calls()), (0, 0));
//! ```
//!
//! # Live calls
//!
//! A call begins with a success of `application-post-calls` or `call-answer`, and ends with a success of `call-delete`
//! or with its 404 or 410. That is all that can be seen from here: a call that the other side ends stays counted until
//! [`RateLimitLayer::calls_ended`] tells of it, and one whose answer was lost is never counted.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::StatusCode;
use tokio::time::{Instant, sleep_until};
use tower::{Layer, Service};

use crate::{
    AnswerCall, ApiRequest, BoxError, CreateCall, DeleteCall, RequestInfo, TransportError, stats::Counters,
    transport::info,
};

/// The most calls that an app may hold at one time.
///
/// Graph reference: [throttling limits](https://learn.microsoft.com/graph/throttling-limits).
const MAX_LIVE_CALLS: u64 = 100;

/// The most requests that an app may send in a second.
const MAX_REQUESTS_PER_SECOND: u32 = 2_000;

/// Holds requests back with a [`RateLimit`]. A cheap handle: its clones share one limit.
#[derive(Debug, Clone)]
pub struct RateLimitLayer {
    shared: Arc<Shared>,
    counters: Arc<Counters>,
}

#[derive(Debug)]
struct Shared {
    /// Never held while anybody waits: a future that nobody polls must not hold up the others.
    bucket: Mutex<Bucket>,
    waiting: AtomicUsize,
    live_calls: AtomicU64,
}

impl RateLimitLayer {
    /// What Graph allows an app: 2,000 requests per second.
    ///
    /// Graph reference: [throttling limits](https://learn.microsoft.com/graph/throttling-limits).
    pub fn per_app() -> Self {
        Self::new(MAX_REQUESTS_PER_SECOND, Duration::from_secs(1))
    }

    /// At most so many requests within any span of this length; none counts as one.
    ///
    /// A tenth of them may go at once. The others are spread over the span, so that the limit holds for any span and
    /// not only on average; what it lets through for long is therefore a tenth less.
    pub fn new(limit: u32, per: Duration) -> Self {
        let bucket = Mutex::new(Bucket::new(limit, per));
        let shared = Shared { bucket, waiting: AtomicUsize::new(0), live_calls: AtomicU64::new(0) };
        Self { shared: Arc::new(shared), counters: Arc::default() }
    }

    pub(crate) fn counting(mut self, counters: Arc<Counters>) -> Self {
        self.counters = counters;
        self
    }

    /// How many requests are waiting.
    pub fn waiting(&self) -> usize {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// How many calls are live, as far as can be seen from the requests.
    pub fn live_calls(&self) -> u64 {
        self.shared.live_calls.load(Ordering::Relaxed)
    }

    /// Tells of so many calls that ended by themselves: a notification said so, and no `call-delete` is sent.
    pub fn calls_ended(&self, count: u64) {
        let fewer = |live: u64| Some(live.saturating_sub(count));
        let _ = self.shared.live_calls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer);
    }

    fn call_began(&self) {
        // The one that reaches the limit warns; the next only after fewer were live.
        if self.shared.live_calls.fetch_add(1, Ordering::Relaxed) + 1 == MAX_LIVE_CALLS {
            self.counters.live_call_warning();
            tracing::warn!(
                limit = MAX_LIVE_CALLS,
                "as many calls are live as an app may hold; what Graph says to the next one is not documented"
            );
        }
    }

    fn note(&self, change: Change) {
        match change {
            Change::Began => self.call_began(),
            Change::Ended => self.calls_ended(1),
        }
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;
    fn layer(&self, inner: S) -> RateLimit<S> {
        RateLimit { inner, layer: self.clone() }
    }
}

/// Lets requests go in the order they came, as fast as the limit allows.
///
/// A request that would wait past its attempt or its deadline fails *unsent*. One that is dropped while it waits takes
/// nothing from the others.
#[derive(Debug, Clone)]
pub struct RateLimit<S> {
    inner: S,
    layer: RateLimitLayer,
}

impl<S, B, C> Service<http::Request<B>> for RateLimit<S>
where
    S: Service<http::Request<B>, Response = http::Response<C>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        // The handle that was polled ready does the work; its clone waits for the next call.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let layer = self.layer.clone();
        Box::pin(async move {
            let (name, ends) = info(&request).map_or((None, None), |info| (Meant::by(info), ends_at(info)));
            layer.pass(ends).await?;
            let response = inner.call(request).await?;
            if let Some(change) = name.and_then(|name| name.change(response.status())) {
                layer.note(change);
            }
            Ok(response)
        })
    }
}

impl RateLimitLayer {
    async fn pass(&self, ends: Option<Instant>) -> Result<(), BoxError> {
        let now = Instant::now();
        let turn = self.shared.bucket().next(now, ends);
        if turn.as_ref().is_some_and(|turn| turn.at <= now) {
            return Ok(());
        }
        self.counters.rate_limit_wait();
        let waiting = Waiting::of(&self.shared, turn);
        match (&waiting.turn, ends) {
            (Some(turn), _) => {
                sleep_until(turn.at).await;
                waiting.take();
                Ok(())
            }
            // Its turn would come too late, so that it takes none from the others.
            (None, ends) => {
                sleep_until(ends.unwrap_or(now)).await;
                Err(TransportError::timed_out(false).into())
            }
        }
    }
}

/// By when a request must have got its turn.
fn ends_at(info: &RequestInfo) -> Option<Instant> {
    info.attempt_ends().into_iter().chain(info.expires()).min()
}

impl Shared {
    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that waits, for as long as it does.
struct Waiting<'s> {
    shared: &'s Shared,
    turn: Option<Turn>,
}

impl<'s> Waiting<'s> {
    fn of(shared: &'s Shared, turn: Option<Turn>) -> Self {
        shared.waiting.fetch_add(1, Ordering::Relaxed);
        Self { shared, turn }
    }

    fn take(mut self) {
        self.turn = None;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        if let Some(turn) = self.turn.take() {
            self.shared.bucket().give_back(&turn);
        }
    }
}

/// When a request may go.
#[derive(Debug)]
struct Turn {
    at: Instant,
    /// When the bucket is full again, were this the last one to go.
    full: Instant,
}

/// A bucket of tokens, kept as the time at which it is full again.
#[derive(Debug)]
struct Bucket {
    interval: Duration,
    /// How far from full it may be and still give a token.
    slack: Duration,
    full: Option<Instant>,
}

impl Bucket {
    fn new(limit: u32, per: Duration) -> Self {
        let limit = limit.max(1);
        let burst = (limit / 10).max(1);
        // What goes at once and what is spread behind it are together no more than the limit.
        let nanos = per.as_nanos().div_ceil(u128::from(limit - burst + 1));
        let interval = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        Self { interval, slack: interval.saturating_mul(burst - 1), full: None }
    }

    /// The next turn, unless it comes later than this.
    fn next(&mut self, now: Instant, ends: Option<Instant>) -> Option<Turn> {
        let full = self.full.map_or(now, |full| full.max(now));
        let at = full.checked_sub(self.slack).map_or(now, |at| at.max(now));
        if ends.is_some_and(|ends| at > ends) {
            return None;
        }
        let full = full.checked_add(self.interval)?;
        self.full = Some(full);
        Some(Turn { at, full })
    }

    /// A turn that nobody takes. One with others behind it lapses: theirs are told already.
    fn give_back(&mut self, turn: &Turn) {
        if self.full == Some(turn.full) {
            self.full = turn.full.checked_sub(self.interval);
        }
    }
}

/// The requests that a call begins and ends with.
#[derive(Clone, Copy)]
enum Meant {
    Begin,
    End,
}

#[derive(Clone, Copy)]
enum Change {
    Began,
    Ended,
}

impl Meant {
    fn by(info: &RequestInfo) -> Option<Self> {
        match info.name() {
            CreateCall::NAME | AnswerCall::NAME => Some(Self::Begin),
            DeleteCall::NAME => Some(Self::End),
            _ => None,
        }
    }

    fn change(self, status: StatusCode) -> Option<Change> {
        match self {
            Self::Begin => status.is_success().then_some(Change::Began),
            Self::End => {
                let gone = matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE);
                (status.is_success() || gone).then_some(Change::Ended)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, sync::Mutex as StdMutex, task::Waker};

    use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

    use super::*;
    use crate::{ApiVersion, Certainty, Repeat, TransportErrorKind};

    type Stack = BoxCloneSyncService<http::Request<u32>, http::Response<()>, BoxError>;

    const SECOND: Duration = Duration::from_secs(1);

    /// Keeps who was sent, and when.
    #[derive(Clone, Default)]
    struct Sent(Arc<StdMutex<Vec<(u32, Instant)>>>);

    impl Sent {
        fn through(&self, layer: &RateLimitLayer) -> Stack {
            let sent = self.clone();
            let inner = service_fn(move |request: http::Request<u32>| {
                sent.0.lock().unwrap().push((*request.body(), Instant::now()));
                async { Ok::<_, BoxError>(http::Response::new(())) }
            });
            BoxCloneSyncService::new(layer.layer(inner))
        }

        fn who(&self) -> Vec<u32> {
            self.0.lock().unwrap().iter().map(|(who, _)| *who).collect()
        }

        fn times(&self) -> Vec<Instant> {
            self.0.lock().unwrap().iter().map(|(_, at)| *at).collect()
        }
    }

    fn send(stack: &Stack, who: u32) -> impl Future<Output = Result<http::Response<()>, BoxError>> + use<> {
        stack.clone().oneshot(http::Request::new(who))
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_sees_more_than_the_limit_and_a_tenth_goes_at_once() {
        let sent = Sent::default();
        let stack = sent.through(&RateLimitLayer::per_app());
        let began = Instant::now();
        let all = (0..10_000).map(|who| tokio::spawn(send(&stack, who)));
        for task in all.collect::<Vec<_>>() {
            task.await.unwrap().unwrap();
        }
        let times = sent.times();
        assert_eq!(times.iter().filter(|at| **at == began).count(), 200);
        let least = times.windows(2_001).map(|window| window[2_000] - window[0]).min().unwrap();
        assert!(least >= SECOND, "2,001 requests within {least:?}");
        let took = began.elapsed();
        assert!(took >= 5 * SECOND && took < 6 * SECOND, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_of_one_is_one_in_any_span_and_none_counts_as_one() {
        for limit in [0, 1] {
            let sent = Sent::default();
            let stack = sent.through(&RateLimitLayer::new(limit, SECOND));
            for who in 0..4 {
                send(&stack, who).await.unwrap();
            }
            assert!(sent.times().windows(2).all(|pair| pair[1] - pair[0] >= SECOND));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn requests_go_in_the_order_they_came() {
        let sent = Sent::default();
        let stack = sent.through(&RateLimitLayer::new(10, SECOND));
        let mut tasks = Vec::new();
        for who in 0..50 {
            tasks.push(tokio::spawn(send(&stack, who)));
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert!(sent.who().is_sorted());
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiter_that_nobody_polls_holds_up_nobody() {
        let sent = Sent::default();
        let stack = sent.through(&RateLimitLayer::new(1, SECOND));
        let began = Instant::now();
        send(&stack, 0).await.unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut forgotten = pin!(send(&stack, 1));
        assert!(forgotten.as_mut().poll(&mut context).is_pending());
        send(&stack, 2).await.unwrap();
        assert_eq!(began.elapsed(), 2 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiter_that_is_dropped_takes_nothing_from_the_others() {
        let sent = Sent::default();
        let layer = RateLimitLayer::new(1, SECOND);
        let stack = sent.through(&layer);
        let began = Instant::now();
        send(&stack, 0).await.unwrap();
        let mut context = Context::from_waker(Waker::noop());
        {
            let (mut head, mut second) = (pin!(send(&stack, 1)), pin!(send(&stack, 2)));
            assert!(head.as_mut().poll(&mut context).is_pending());
            assert!(second.as_mut().poll(&mut context).is_pending());
            assert_eq!(layer.waiting(), 2);
        }
        assert_eq!(layer.waiting(), 0);
        send(&stack, 3).await.unwrap();
        assert_eq!(began.elapsed(), SECOND);
        assert_eq!(sent.who(), [0, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn two_clients_share_one_limit() {
        let sent = Sent::default();
        let layer = RateLimitLayer::new(1, SECOND);
        let (one, other) = (sent.through(&layer), sent.through(&layer.clone()));
        let began = Instant::now();
        for who in 0..3 {
            send(&one, who).await.unwrap();
            send(&other, who).await.unwrap();
        }
        assert_eq!(began.elapsed(), 5 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn who_would_wait_past_the_end_fails_unsent_and_leaves_the_queue() {
        let sent = Sent::default();
        let layer = RateLimitLayer::new(1, 10 * SECOND);
        let stack = sent.through(&layer);
        send(&stack, 0).await.unwrap();
        let began = Instant::now();
        let mut info = RequestInfo::new("test", Repeat::Always, ApiVersion::Any);
        info.expires = Some(began + 8 * SECOND);
        info.attempt_ends = Some(began + 3 * SECOND);
        let mut request = http::Request::new(1);
        request.extensions_mut().insert(info);
        let error = stack.oneshot(request).await.unwrap_err();
        let error = error.downcast_ref::<TransportError>().unwrap();
        assert_eq!((error.kind(), error.certainty()), (TransportErrorKind::TimedOut, Certainty::Unsent));
        assert_eq!((began.elapsed(), layer.waiting()), (3 * SECOND, 0));
        assert_eq!(sent.who(), [0]);
    }

    async fn answered(layer: &RateLimitLayer, name: &'static str, status: u16) {
        let inner = service_fn(move |_: http::Request<u32>| async move {
            Ok::<_, BoxError>(http::Response::builder().status(status).body(()).unwrap())
        });
        let mut request = http::Request::new(0);
        request.extensions_mut().insert(RequestInfo::new(name, Repeat::Always, ApiVersion::Any));
        layer.layer(inner).oneshot(request).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn calls_are_counted_by_what_begins_and_ends_them() {
        let layer = RateLimitLayer::per_app();
        for (name, status, live) in [
            ("application-post-calls", 201, 1),
            ("application-post-calls", 403, 1),
            ("call-answer", 202, 2),
            ("call-answer", 503, 2),
            ("call-playprompt", 200, 2),
            ("call-delete", 500, 2),
            ("call-delete", 204, 1),
            ("call-delete", 404, 0),
            ("call-delete", 404, 0),
        ] {
            answered(&layer, name, status).await;
            assert_eq!(layer.live_calls(), live, "{name} {status}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_live_calls_are_warned_of_once_per_crossing() {
        let counters = Arc::new(Counters::default());
        let layer = RateLimitLayer::per_app().counting(Arc::clone(&counters));
        let warnings = || counters.snapshot().live_call_warnings;
        for (calls, warned) in [(99, 0), (1, 1), (50, 1)] {
            for _ in 0..calls {
                answered(&layer, CreateCall::NAME, 201).await;
            }
            assert_eq!(warnings(), warned);
        }
        layer.calls_ended(51);
        answered(&layer, CreateCall::NAME, 201).await;
        assert_eq!((layer.live_calls(), warnings()), (100, 2));
        layer.calls_ended(1_000);
        assert_eq!(layer.live_calls(), 0);
    }
}
