//! Calls that the bot places: once, whoever stops and whatever is lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::world::{Machine, Notes, Reply, Sent, World, about, established, figure, terminated};
use crate::{CallContext, CallEvent, CallRef, Dial, HandlerError};

const CALLS: &str = "/communications/calls";

fn dial() -> Dial {
    Dial::user("8d1e6ab6-26c5-4e22-a1bc-06ea7343958e").in_tenant(World::tenant()).key("incident-42/7")
}

/// Where a placed call's notifications go: its conversation and its attempt.
fn callback(sent: &Sent) -> (CallRef, String) {
    let uri = sent.text("callbackUri");
    let mut parts = uri.rsplit('/');
    let attempt = parts.next().unwrap_or_default().to_owned();
    (parts.next().unwrap_or_default().parse().unwrap(), attempt)
}

/// A service on which whoever is called answers, talks for a while, and hangs up.
fn callee(world: &Arc<World>, sent: &Sent) -> Reply {
    if sent.is(&Method::POST, CALLS) {
        let call = world.count(&Method::POST, CALLS).to_string();
        let (key, attempt) = callback(sent);
        let establishing = about(&call, "updated", "", &json!({"state": "establishing"}));
        world.tell_after(Duration::from_millis(100), key, &attempt, establishing);
        world.tell_after(Duration::from_secs(3), key, &attempt, established(&call));
        world.tell_after(Duration::from_secs(20), key, &attempt, terminated(&call));
        Reply::Located(call)
    } else if sent.method == Method::DELETE {
        Reply::Answer(StatusCode::NO_CONTENT, Value::Null)
    } else {
        Reply::Answer(StatusCode::OK, json!({"state": "established"}))
    }
}

/// Dials once more when nobody knows whether it rang.
#[expect(clippy::unnecessary_wraps, reason = "a handler may fail")]
fn redial(call: &mut CallContext<Notes>, event: &CallEvent) -> Result<(), HandlerError> {
    if matches!(event, CallEvent::InDoubt(doubt) if doubt.name == "dial") {
        call.redo("dial");
    }
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "a handler may fail")]
fn does_nothing(_: &mut CallContext<Notes>, _: &CallEvent) -> Result<(), HandlerError> {
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn three_bots_that_place_the_same_call_ring_once_whichever_stops_and_whenever() {
    let (mut steps, mut rings, mut redone) = (0, 0, 0);
    for which in 0..3 {
        for step in 0.. {
            let world = World::new(callee, redial);
            let machines: Vec<_> = (0..3)
                .map(|number| if number == which { Machine::stopping_at(step) } else { Arc::default() })
                .collect();
            for machine in &machines {
                let engine = world.start(Arc::clone(machine));
                tokio::spawn(async move { engine.dial(dial()).await });
            }
            world.until_told("terminated").await;
            let ladder = world.ladder();
            let rang = world.count(&Method::POST, CALLS);
            assert_eq!(rang, 1, "bot {which}, step {step}\n{ladder}");
            let words = world.words(CallRef::of_dial(&World::app(), "incident-42/7"));
            assert!(words.contains(&"established".to_owned()), "bot {which}, step {step}\n{ladder}");
            assert!(words.contains(&"done dial".to_owned()), "bot {which}, step {step}\n{ladder}");
            assert_eq!(world.count(&Method::DELETE, ""), 0, "bot {which}, step {step}\n{ladder}");
            rings += rang;
            redone += usize::from(words.contains(&"in doubt dial".to_owned()));
            let was_stopped = machines[which].has_stopped();
            world.stop();
            if !was_stopped {
                break;
            }
            steps += 1;
        }
    }
    assert!(steps > 20, "{steps}");
    assert!(redone > 0, "nobody stopped between the mark and the request");
    figure(&format!(
        "R1 dial: one key from three bots, one of them stopped at each of {steps} steps: {rings} rings in {} runs ({redone} after a doubt)",
        steps + 3
    ));
}

#[tokio::test(start_paused = true)]
async fn the_same_key_again_rings_nobody_until_the_tombstone_goes() {
    let world = World::new(callee, does_nothing);
    let engine = world.start(Arc::default());
    let key = engine.dial(dial()).await.unwrap();
    world.until_told("terminated").await;
    assert_eq!(engine.dial(dial()).await.unwrap(), key);
    sleep(Duration::from_secs(23 * 3_600)).await;
    assert_eq!(engine.dial(dial()).await.unwrap(), key);
    assert_eq!(world.count(&Method::POST, CALLS), 1);
    sleep(Duration::from_secs(2 * 3_600)).await;
    engine.dial(dial()).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(world.count(&Method::POST, CALLS), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_is_made_up_for_by_the_first_notification() {
    let react = |world: &Arc<World>, sent: &Sent| match callee(world, sent) {
        Reply::Located(_) => Reply::Lost,
        other => other,
    };
    let world = World::new(react, does_nothing);
    let engine = world.start(Arc::default());
    let key = engine.dial(dial()).await.unwrap();
    world.until_told("terminated").await;
    let words = world.words(key);
    let expected =
        ["in doubt dial", "establishing", "done dial", "established", "media_active", "terminated answered"];
    assert_eq!(words, expected);
}

#[tokio::test(start_paused = true)]
async fn notifications_that_overtake_the_answer_find_their_call() {
    let react = |world: &Arc<World>, sent: &Sent| {
        let reply = callee(world, sent);
        if let Reply::Located(id) = reply {
            // The answer takes its time: longer than the callee.
            return Reply::LocatedAfter(Duration::from_secs(5), id);
        }
        reply
    };
    let world = World::new(react, does_nothing);
    let engine = world.start(Arc::default());
    let key = engine.dial(dial()).await.unwrap();
    world.until_told("terminated").await;
    let words = world.words(key);
    assert_eq!(words, ["establishing", "established", "media_active", "done dial", "terminated answered"]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_heard_of_late_is_hung_up() {
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    let react = move |world: &Arc<World>, sent: &Sent| {
        if sent.is(&Method::POST, CALLS) && count.fetch_add(1, Ordering::Relaxed) == 0 {
            // It rings, but the service says so only after a second one was placed.
            let (key, attempt) = callback(sent);
            let late = about("0", "updated", "", &json!({"state": "ringing"}));
            world.tell_after(Duration::from_secs(10), key, &attempt, late.clone());
            world.tell_after(Duration::from_secs(11), key, &attempt, late);
            return Reply::Lost;
        }
        if sent.is(&Method::DELETE, "/0") {
            return Reply::Answer(StatusCode::NO_CONTENT, Value::Null);
        }
        callee(world, sent)
    };
    let world = World::new(react, redial);
    let engine = world.start(Arc::default());
    let key = engine.dial(dial()).await.unwrap();
    world.until_told("terminated").await;
    assert_eq!(world.count(&Method::POST, CALLS), 2);
    assert_eq!(world.count(&Method::DELETE, "/0"), 1, "{}", world.ladder());
    assert_eq!(world.count(&Method::DELETE, ""), 1);
    assert_eq!(engine.stats().orphans, 1);
    let attempts: Vec<_> =
        world.sent().iter().filter(|sent| sent.is(&Method::POST, CALLS)).map(callback).collect();
    assert_eq!(attempts, [(key, "1".to_owned()), (key, "2".to_owned())]);
    assert!(world.words(key).contains(&"terminated answered".to_owned()), "{}", world.ladder());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_given_up_and_is_there_after_all_is_hung_up() {
    let react = |world: &Arc<World>, sent: &Sent| {
        if sent.is(&Method::POST, CALLS) {
            let (key, attempt) = callback(sent);
            world.tell_after(Duration::from_secs(200), key, &attempt, established("0"));
            return Reply::Lost;
        }
        Reply::Answer(StatusCode::NO_CONTENT, Value::Null)
    };
    let world = World::new(react, does_nothing);
    let engine = world.start(Arc::default());
    let key = engine.dial(dial()).await.unwrap();
    world.until_told("terminated").await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(world.count(&Method::DELETE, "/0"), 1, "{}", world.ladder());
    assert_eq!(world.words(key), ["in doubt dial", "terminated not answered"]);
}

#[tokio::test(start_paused = true)]
async fn a_notification_of_another_call_is_refused_and_counted() {
    let world = World::new(callee, does_nothing);
    let engine = world.start(Arc::default());
    let key = engine.dial(dial()).await.unwrap();
    world.until_told("established").await;
    world.tell(key, "1", &terminated("another")).await;
    sleep(Duration::from_secs(1)).await;
    assert!(!world.words(key).iter().any(|word| word.starts_with("terminated")));
    assert_eq!(engine.stats().foreign, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_the_service_refuses_ends_at_once() {
    let react = |_: &Arc<World>, _: &Sent| {
        Reply::Answer(StatusCode::FORBIDDEN, json!({"error": {"code": "7504", "message": "no"}}))
    };
    let world = World::new(react, does_nothing);
    let engine = world.start(Arc::default());
    let key = engine.dial(dial()).await.unwrap();
    world.until_told("terminated failed").await;
    let words = world.words(key);
    assert!(words[0].starts_with("failed dial: ") && words.len() == 2, "{words:?}");
}
