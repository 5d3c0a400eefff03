//! R5: every request settles by its deadline, over a transport that is always ready to take one.

use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use fastrand::Rng;
use graph_calls_core::{
    AccessToken, Certainty, Client, DeleteCall, RejectCall, TokenError, TokenProvider, TokenRequest,
    TransportErrorKind, layer::RateLimitLayer, model::RejectReason,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    fake::{Reply, Then, call, get, play, transport},
    figure, thousands,
};

const SEEDS: u64 = 10_000;

/// The clock of the runtime has whole milliseconds; nothing else may add to it.
const LATEST: Duration = Duration::from_millis(10);

/// At once, soon, late, or in an hour.
fn some_time(rng: &mut Rng) -> Duration {
    Duration::from_millis(match rng.u8(..8) {
        0..=3 => 0,
        4 | 5 => rng.u64(..500),
        6 => rng.u64(..20_000),
        _ => 3_600_000,
    })
}

fn some_reply(rng: &mut Rng) -> Reply {
    let then = match rng.u8(..12) {
        0 => Then::Silence { handed_over: false },
        1 => Then::Silence { handed_over: true },
        2 => Then::refused(),
        3 => Then::reset(),
        4 => Then::Failure(TransportErrorKind::TimedOut, Certainty::Unknown),
        5 => Then::status(500),
        6 => Then::told(503, &[rng.u8(..40).to_string()]),
        7 => Then::told(429, &[format!("{}.5", rng.u8(..5))]),
        8 => Then::status(429),
        9 => Then::status(401),
        10 => Then::status(404),
        _ => Then::status(200),
    };
    Reply { before: some_time(rng), after: some_time(rng), then }
}

/// Slow, failing or silent.
struct Provider(Mutex<Rng>);

#[async_trait]
impl TokenProvider for Provider {
    async fn token(&self, _request: &TokenRequest) -> Result<AccessToken, TokenError> {
        let (wait, outcome) = {
            let mut rng = self.0.lock().expect("no panic before");
            (some_time(&mut rng), rng.u8(..8))
        };
        sleep(wait).await;
        match outcome {
            0 => Err(TokenError::new("no")),
            1 => Err(TokenError::new("not now").transient()),
            _ => AccessToken::new("secret", Duration::from_secs(3_600)),
        }
    }
}

/// Sends one request and gives how long after its deadline it settled.
async fn lateness(client: Client, mut rng: Rng, total: Duration) -> Duration {
    let began = Instant::now();
    // Some are given a deadline of their own, one in twenty of them one that has passed.
    let own = rng.bool().then(|| match rng.u8(..20) {
        0 => began,
        _ => began + Duration::from_millis(rng.u64(1..30_000)),
    });
    let deadline = own.unwrap_or(began + total);
    match rng.u8(..4) {
        0 => drop(client.send_by(get(), deadline).await),
        1 => drop(client.send_by(play(), deadline).await),
        2 => drop(client.send_by(RejectCall::new(call(), RejectReason::Busy), deadline).await),
        _ => match own {
            Some(deadline) => drop(client.send_by(DeleteCall::new(call()), deadline).await),
            None => drop(client.send(DeleteCall::new(call())).await),
        },
    }
    Instant::now().saturating_duration_since(deadline)
}

#[tokio::test(start_paused = true)]
async fn r5_every_request_settles_by_its_deadline() {
    let (mut requests, mut worst) = (0, Duration::ZERO);
    for seed in 0..SEEDS {
        let mut rng = Rng::with_seed(seed);
        let mut replies = rng.fork();
        let total = Duration::from_millis(rng.u64(1..40_000));
        let service = transport(move |_| some_reply(&mut replies));
        let mut builder = Client::builder(service).rng(rng.fork()).total_timeout(total);
        builder = builder.attempt_timeout(Duration::from_millis(rng.u64(1..15_000)));
        builder = builder.token(Provider(Mutex::new(rng.fork())));
        let mut at_a_time = 1;
        if rng.bool() {
            // Some then have to wait for others.
            let per = Duration::from_millis(rng.u64(1..20_000));
            builder = builder.rate_limit(RateLimitLayer::new(rng.u32(1..3), per));
            at_a_time = rng.u8(1..=3);
        }
        let client = builder.build();
        let mut sending = JoinSet::new();
        for _ in 0..at_a_time {
            sending.spawn(lateness(client.clone(), rng.fork(), total));
        }
        while let Some(late) = sending.join_next().await {
            let late = late.expect("no panic");
            assert!(late <= LATEST, "seed {seed}: {late:?} late");
            worst = worst.max(late);
            requests += 1;
        }
    }
    figure(&format!(
        "R5: {} requests in {} seeds: the latest settled {worst:?} after its deadline",
        thousands(requests),
        thousands(usize::try_from(SEEDS).expect("it fits"))
    ));
}
