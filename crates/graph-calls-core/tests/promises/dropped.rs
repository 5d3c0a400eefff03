//! C5: a future dropped at any poll leaks nothing, and the next request works.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use graph_calls_core::{
    AccessToken, BoxError, Client, RequestInfo, TokenError, TokenProvider, TokenRequest,
    layer::RateLimitLayer,
};
use tokio::time::{Instant, sleep};
use tower::{service_fn, util::BoxCloneSyncService};

use crate::{
    fake::{Reply, Then, builder, get, transport},
    figure,
};

const MILLIS: Duration = Duration::from_millis(1);

/// Polls a future so many times at most, and drops it.
async fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    if times == 0 {
        return None;
    }
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|cx| {
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Counts what is under way: a future that is dropped gives its part back.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Takes its time for each token, in several steps.
struct Provider(Arc<AtomicUsize>);

#[async_trait]
impl TokenProvider for Provider {
    async fn token(&self, request: &TokenRequest) -> Result<AccessToken, TokenError> {
        let _under_way = UnderWay::begin(&self.0);
        for _ in 0..3 {
            sleep(7 * MILLIS).await;
        }
        let token = if request.refused.is_some() { "second" } else { "first" };
        AccessToken::new(token, Duration::from_secs(3_600))
    }
}

struct Setting {
    client: Client,
    limit: RateLimitLayer,
    under_way: Arc<AtomicUsize>,
    attempts: Arc<AtomicUsize>,
}

/// A service that makes a request pass every kind of wait: 503, a refused token, 429 and only then an answer.
fn setting() -> Setting {
    let (under_way, attempts) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (busy, sent) = (Arc::clone(&under_way), Arc::clone(&attempts));
    let service = service_fn(move |request: http::Request<Bytes>| {
        let under_way = UnderWay::begin(&busy);
        let then = match sent.fetch_add(1, Ordering::Relaxed) {
            0 => Then::status(503),
            1 => Then::status(401),
            2 => Then::told(429, &["0.5".to_owned()]),
            _ => Then::status(200),
        };
        async move {
            for _ in 0..3 {
                sleep(5 * MILLIS).await;
            }
            if let Some(info) = request.extensions().get::<RequestInfo>() {
                info.hand_over();
            }
            sleep(20 * MILLIS).await;
            drop(under_way);
            match then {
                Then::Answer(response) => Ok::<_, BoxError>(response),
                _ => Err("no such reply here".into()),
            }
        }
    });
    let limit = RateLimitLayer::new(1, 100 * MILLIS);
    let client = builder(5, BoxCloneSyncService::new(service))
        .token(Provider(Arc::clone(&under_way)))
        .rate_limit(limit.clone())
        .build();
    Setting { client, limit, under_way, attempts }
}

#[tokio::test(start_paused = true)]
async fn c5_a_request_dropped_at_any_poll_leaves_nothing_behind() {
    let mut points = 0;
    for polls in 0.. {
        let Setting { client, limit, under_way, attempts } = setting();
        let dropped = polled(client.send(get()), polls).await;
        let left = (under_way.load(Ordering::Relaxed), limit.waiting());
        assert_eq!(left, (0, 0), "dropped after {polls} polls");
        let sent = attempts.load(Ordering::Relaxed);

        // The rest of the script, so that what follows is a plain request.
        attempts.store(3, Ordering::Relaxed);
        let began = Instant::now();
        client.send(get()).await.unwrap_or_else(|error| panic!("after {polls} polls: {error:?}"));
        // A token, at most one turn of the rate limit, the service.
        assert!(began.elapsed() <= 170 * MILLIS, "after {polls} polls: {:?}", began.elapsed());
        let stats = client.stats();
        let first = u64::from(polls > 0);
        assert_eq!(stats.requests, 1 + first, "after {polls} polls");
        assert!(stats.retries <= 3 && stats.retries_denied == 0, "after {polls} polls: {stats:?}");
        assert!(u64::try_from(sent).expect("few") <= stats.retries + first, "after {polls} polls");
        if let Some(settled) = dropped {
            settled.expect("it was answered");
            break;
        }
        points += 1;
    }
    assert!(points > 30, "only {points} points to drop it at");
    figure(&format!(
        "C5: dropped at each of {points} polls: nothing left, the next request answered each time"
    ));
}

#[tokio::test(start_paused = true)]
async fn c5_whoever_is_dropped_in_a_queue_holds_nobody_up() {
    let mut points = 0;
    for polls in 0.. {
        let Setting { client, limit, under_way, attempts } = setting();
        attempts.store(3, Ordering::Relaxed);
        let began = Instant::now();
        let send = || {
            let client = client.clone();
            tokio::spawn(async move { client.send(get()).await.map(|_| Instant::now()) })
        };
        let first = send();
        let dropped = tokio::spawn(polled(
            {
                let client = client.clone();
                async move { client.send(get()).await }
            },
            polls,
        ));
        let others = [send(), send()];
        let is_done = dropped.await.expect("no panic").is_some();
        first.await.expect("no panic").expect("an answer");
        for other in others {
            let settled = other.await.expect("no panic").expect("an answer");
            // A token, the turns of all four, the service.
            assert!(settled - began <= 21 * MILLIS + 3 * 101 * MILLIS + 40 * MILLIS, "after {polls} polls");
        }
        assert_eq!((under_way.load(Ordering::Relaxed), limit.waiting()), (0, 0), "after {polls} polls");
        if is_done {
            break;
        }
        points += 1;
    }
    assert!(points > 5, "only {points} points to drop it at");
    figure(&format!(
        "C5: dropped in a queue of four at each of {points} polls: the others had their turn in time"
    ));
}

/// How many repeats an outage is still allowed.
async fn repeats_left(client: &Client) -> u64 {
    let before = client.stats().retries;
    while client.stats().retries_denied == 0 {
        client.send(get()).await.expect_err("an outage");
    }
    client.stats().retries - before
}

#[tokio::test(start_paused = true)]
async fn c5_what_is_dropped_takes_no_more_of_the_budget_than_its_repeats() {
    let down = || builder(5, transport(|_| Reply::now(Then::refused()))).build();
    let whole = repeats_left(&down()).await;
    let client = down();
    for _ in 0..20 {
        // Dropped in the wait for its first repeat, or later.
        let _ = polled(client.send(get()), 2).await;
    }
    let taken = client.stats().retries;
    assert_eq!(repeats_left(&client).await + taken, whole);
    figure(&format!(
        "C5: a budget of {whole} repeats: {taken} taken by 20 dropped requests, the rest is left"
    ));
}
