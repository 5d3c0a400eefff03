//! R6: of 36,000 incoming calls none misses its window, though the service fails now and then.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use fastrand::Rng;
use graph_calls_core::{
    AnswerCall, Certainty,
    model::{AnswerCallBody, CallId, CallbackUri},
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    fake::{Reply, Then, builder, transport},
    figure, thousands,
};

/// Ten calls a second for an hour.
const CALLS: u32 = 36_000;
const APART: Duration = Duration::from_millis(100);

/// How long policy-based recording rings, and what the request gets of it.
const WINDOW: Duration = Duration::from_secs(5);
const OURS: Duration = Duration::from_secs(4);

/// The service: which call was answered when.
#[derive(Default)]
struct Service {
    answered: HashMap<String, Instant>,
    attempts: usize,
    faults: usize,
}

impl Service {
    fn reply(&mut self, path: &str, rng: &mut Rng) -> Reply {
        self.attempts += 1;
        let latency = Duration::from_millis(rng.u64(20..=200));
        let call = path.trim_end_matches("/answer").rsplit('/').next().unwrap_or_default().to_owned();
        let fault = rng.u32(..10_000);
        self.faults += usize::from(fault < 150);
        let then = match fault {
            // 1 % are told that there is no room, half of them when to come back; none of them has an effect.
            0..50 => Then::status(503),
            50..100 => Then::told(503, &["1".to_owned()]),
            // 0.5 % lose their connection, before the effect or after it.
            100..125 => Then::reset(),
            fault => {
                // It has its effect halfway through; a second answer finds no incoming call.
                let is_first = !self.answered.contains_key(&call);
                self.answered.entry(call).or_insert_with(|| Instant::now() + latency / 2);
                match fault {
                    125..150 => Then::reset(),
                    _ if is_first => Then::status(202),
                    _ => Then::status(409),
                }
            }
        };
        Reply::after(latency, then)
    }
}

#[tokio::test(start_paused = true)]
async fn r6_no_call_misses_its_window() {
    let service = Arc::new(Mutex::new(Service::default()));
    let replies = Arc::clone(&service);
    let mut rng = Rng::with_seed(6);
    let client = builder(
        66,
        transport(move |request| {
            replies.lock().expect("no panic before").reply(request.uri().path(), &mut rng)
        }),
    )
    .build();
    let began = Instant::now();
    let rings = |number: u32| began + APART * number;
    let callback = CallbackUri::new("https://bot.example/api/calls").expect("an address");
    let mut answering = JoinSet::new();
    for number in 0..CALLS {
        sleep_until(rings(number)).await;
        let (client, callback) = (client.clone(), callback.clone());
        answering.spawn(async move {
            let call = CallId::new(format!("call-{number}")).expect("an id");
            let request = AnswerCall::new(call, AnswerCallBody::new(callback));
            (client.send_by(request, Instant::now() + OURS).await, number)
        });
    }
    // An answer that got through, and whose head was lost, stays in doubt: a GET settles it, as the class says.
    let mut in_doubt = 0;
    while let Some(done) = answering.join_next().await {
        let (outcome, number) = done.expect("no panic");
        if let Err(error) = outcome {
            assert_eq!(error.certainty(), Certainty::Unknown, "call {number}: {error:?}");
            in_doubt += 1;
        }
    }
    let service = service.lock().expect("no panic before");
    let answered = |number: u32| service.answered.get(&format!("call-{number}")).copied();
    let took = (0..CALLS).map(|number| answered(number).map(|at| at - rings(number)));
    let missed = took.clone().filter(|took| took.is_none_or(|took| took > WINDOW)).count();
    let slowest = took.flatten().max().unwrap_or_default();
    figure(&format!(
        "R6: {} incoming calls, {} of {} attempts failed: {missed} missed the 5 s window, slowest {slowest:?}, {in_doubt} in doubt",
        thousands(usize::try_from(CALLS).expect("it fits")),
        thousands(service.faults),
        thousands(service.attempts),
    ));
    assert_eq!(missed, 0);
    assert!(service.faults > 400, "the service failed too seldom: {}", service.faults);
}
