//! R3: over 10,000 requests, an outage costs at most 1.01 attempts each, half failing at most 1.10.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use fastrand::Rng;
use graph_calls_core::Transport;

use crate::{
    fake::{Reply, Then, builder, get, play, transport},
    figure,
};

const REQUESTS: usize = 10_000;

/// Its name, and what becomes of each attempt.
type Outage = (&'static str, fn() -> Then);

/// Sends requests of class A and C in turn, and gives attempts by request.
async fn ratio(seed: u64, mut decide: impl FnMut(&mut Rng) -> Reply + Send + 'static) -> f64 {
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    let mut rng = Rng::with_seed(seed);
    let service: Transport = transport(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        decide(&mut rng)
    });
    let client = builder(seed, service).build();
    for number in 0..REQUESTS {
        // What becomes of each is another test's.
        if number % 2 == 0 {
            let _ = client.send(get()).await;
        } else {
            let _ = client.send(play()).await;
        }
    }
    let attempts = attempts.load(Ordering::Relaxed);
    assert_eq!(client.stats().requests, u64::try_from(REQUESTS).expect("it fits"));
    assert_eq!(client.stats().retries, u64::try_from(attempts - REQUESTS).expect("it fits"));
    #[expect(clippy::cast_precision_loss, reason = "counts of some thousand")]
    let ratio = attempts as f64 / REQUESTS as f64;
    ratio
}

#[tokio::test(start_paused = true)]
async fn r3_an_outage_is_not_made_worse() {
    let outages: [Outage; 5] = [
        ("no connection", Then::refused),
        ("reset", Then::reset),
        ("503", || Then::status(503)),
        ("429", || Then::status(429)),
        ("silence", || Then::Silence { handed_over: true }),
    ];
    let mut ratios = Vec::new();
    for (name, then) in outages {
        let ratio = ratio(3, move |_| Reply::now(then())).await;
        assert!(ratio <= 1.01, "{name}: {ratio}");
        ratios.push(format!("{name} {ratio:.4}"));
    }
    figure(&format!("R3: attempts by request in an outage of 10,000: {}", ratios.join(", ")));
}

#[tokio::test(start_paused = true)]
async fn r3_half_failing_costs_a_tenth_at_most() {
    let ratio = ratio(33, |rng| {
        Reply::now(match rng.u8(..10) {
            0 => Then::refused(),
            1 => Then::reset(),
            2 => Then::status(500),
            3 => Then::status(503),
            4 => Then::status(429),
            _ => Then::status(200),
        })
    })
    .await;
    assert!(ratio > 1.0 && ratio <= 1.10, "{ratio}");
    figure(&format!(
        "R3: attempts by request with half of them failing, 10,000 of class A and C: {ratio:.4}"
    ));
}
