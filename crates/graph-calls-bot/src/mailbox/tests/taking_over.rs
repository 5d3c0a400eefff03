//! A call goes on whichever instance stops, and whenever.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::world::{
    Fault, Machine, Notes, Reached, Reply, Sent, World, established, figure, finished, incoming, lock,
    terminated,
};
use crate::{
    Answer, CallContext, CallEvent, HandlerError, Prompt, Unanswered, mailbox::tests::table::config,
};

const CALL: &str = "1";

fn ivr_service(world: &Arc<World>, sent: &Sent) -> Reply {
    slow_ivr_service(world, sent, Duration::from_millis(100))
}

/// A service on which one call rings, is answered, plays what it is told to, and ends when it is hung up. It tells of
/// that after a while.
fn slow_ivr_service(world: &Arc<World>, sent: &Sent, soon: Duration) -> Reply {
    let key = World::key(CALL);
    if sent.is(&Method::POST, "/answer") {
        if world.count(&Method::POST, "/answer") > 1 {
            return Reply::Answer(StatusCode::CONFLICT, json!({"error": {"code": "8501"}}));
        }
        world.tell_after(soon, key, "0", established(CALL));
        Reply::Answer(StatusCode::ACCEPTED, Value::Null)
    } else if sent.is(&Method::POST, "/playPrompt") {
        let context = sent.text("clientContext");
        world.tell_after(Duration::from_secs(1), key, "0", finished(CALL, &context));
        let running = json!({"id": "9", "status": "running", "clientContext": context});
        Reply::Answer(StatusCode::OK, running)
    } else if sent.is(&Method::POST, "/keepAlive") || sent.is(&Method::GET, "/calls/1") {
        Reply::Answer(StatusCode::OK, json!({"state": "established"}))
    } else if sent.method == Method::DELETE {
        world.tell_after(soon, key, "0", terminated(CALL));
        Reply::Answer(StatusCode::NO_CONTENT, Value::Null)
    } else {
        Reply::Answer(StatusCode::BAD_REQUEST, Value::Null)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a handler may fail")]
fn ivr(call: &mut CallContext<Notes>, event: &CallEvent) -> Result<(), HandlerError> {
    match event {
        CallEvent::Incoming(_) => call.answer(Answer::service_media()),
        CallEvent::MediaActive => call.play(Prompt::url("https://bot.example/hello.wav").named("hello")),
        CallEvent::Done(done) if done.name == "hello" => call.set_timer("think", Duration::from_secs(2)),
        CallEvent::InDoubt(doubt) if doubt.name == "hello" => {
            call.set_timer("think", Duration::from_secs(2));
        }
        CallEvent::Timer(_) => call.hang_up(),
        _ => {}
    }
    Ok(())
}

/// Runs the call from its first ring to its tombstone.
async fn run_ivr(world: &Arc<World>) {
    world.tell(World::key(CALL), "", &incoming(CALL)).await;
    world.until_told("terminated").await;
}

/// What must hold however it went. Returns how often the prompt was asked for.
async fn check_ivr(world: &Arc<World>, step: usize) -> usize {
    let ladder = world.ladder();
    let told = world.told();
    // Every event at least once, under one id however often.
    for word in ["incoming", "established", "media_active", "timer think", "terminated answered"] {
        let ids: std::collections::BTreeSet<_> =
            told.iter().filter(|told| told.word == word).map(|told| told.id.clone()).collect();
        assert_eq!(ids.len(), 1, "step {step}: {word} under {ids:?}\n{ladder}");
    }
    let hello = told.iter().filter(|told| told.word == "done hello" || told.word == "in doubt hello");
    assert!(hello.count() > 0, "step {step}: nobody knows of the prompt\n{ladder}");
    // What is done together is kept together: nothing that is remembered comes twice, and whoever is told again
    // remembers the same.
    let mut remembered: BTreeMap<&str, &[String]> = BTreeMap::new();
    for told in &told {
        let before = remembered.insert(&told.id, &told.remembered);
        assert!(before.is_none_or(|before| before == told.remembered), "step {step}: {told:?}\n{ladder}");
    }
    let notes = world.notes(World::key(CALL)).await.unwrap_or_default();
    let mut once = notes.events.clone();
    once.dedup();
    assert_eq!(once, notes.events, "step {step}\n{ladder}");
    let played = world.count(&Method::POST, "/playPrompt");
    assert!(played <= 1, "step {step}: played {played} times\n{ladder}");
    assert!(world.count(&Method::POST, "/answer") >= 1, "step {step}: not answered\n{ladder}");
    assert!(world.count(&Method::DELETE, "/1") >= 1, "step {step}: not hung up\n{ladder}");
    played
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_on_elsewhere_whenever_its_instance_stops() {
    let (mut steps, mut doubts, mut repeated, mut unplayed) = (0, 0, 0, 0);
    // What the service tells comes before, or after, somebody has taken over.
    for wait in [Duration::from_millis(100), Duration::from_secs(6)] {
        for step in 0.. {
            let world = World::new(move |world, sent| slow_ivr_service(world, sent, wait), ivr);
            let machine = Machine::stopping_at(step);
            world.start(Arc::clone(&machine));
            // The other one comes up a little later, as after a deploy.
            let survivor = Arc::clone(&world);
            tokio::spawn(async move {
                sleep(Duration::from_millis(50)).await;
                survivor.start(Arc::default());
            });
            run_ivr(&world).await;
            sleep(Duration::from_secs(1)).await;
            unplayed += usize::from(check_ivr(&world, step).await == 0);
            doubts += world.told().iter().filter(|told| told.word == "in doubt hello").count();
            repeated += world.count(&Method::POST, "/answer") + world.count(&Method::DELETE, "/1") - 2;
            if !machine.has_stopped() {
                break;
            }
            steps += 1;
        }
    }
    assert!(steps > 60, "{steps}");
    assert!(doubts > 0 && repeated > 0, "{doubts} {repeated}");
    figure(&format!(
        "take-over: an instance stopped at each of {steps} steps of a call: every event told under one id, prompts played twice 0 (not at all {unplayed}, in doubt {doubts}), answers and hang-ups repeated {repeated}"
    ));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_twice_or_lost_when_nobody_knows_what_a_commit_did() {
    let mut tried = 0;
    for fault in [Fault::UnclearAndDone, Fault::UnclearAndNot] {
        for number in 0.. {
            let world = World::new(ivr_service, ivr);
            let machine = Arc::default();
            let store = Reached::by(&machine, Arc::clone(&world.store) as Arc<dyn crate::store::CallStore>);
            lock(&store.faults).push((number, fault));
            world.start_with(machine, Arc::clone(&store), config(Unanswered::Ignore));
            run_ivr(&world).await;
            sleep(Duration::from_secs(1)).await;
            check_ivr(&world, number).await;
            assert_eq!(world.count(&Method::POST, "/answer"), 1, "{fault:?} {number}\n{}", world.ladder());
            tried += 1;
            if store.commits.load(std::sync::atomic::Ordering::Relaxed) <= number {
                break;
            }
        }
    }
    figure(&format!("unclear commits: {tried} tried: sent twice 0, lost 0"));
}

#[tokio::test(start_paused = true)]
async fn a_call_survives_a_store_that_is_away_for_ten_seconds() {
    let mut tried = 0;
    for after in (0..4_000).step_by(100) {
        let world = World::new(ivr_service, ivr);
        let machine = Arc::default();
        let store = Reached::by(&machine, Arc::clone(&world.store) as Arc<dyn crate::store::CallStore>);
        world.start_with(machine, Arc::clone(&store), config(Unanswered::Ignore));
        tokio::spawn(async move {
            sleep(Duration::from_millis(after)).await;
            let until = tokio::time::Instant::now() + Duration::from_secs(10);
            *lock(&store.away_until) = Some(until);
        });
        run_ivr(&world).await;
        sleep(Duration::from_secs(1)).await;
        check_ivr(&world, usize::try_from(after).unwrap()).await;
        tried += 1;
        world.stop();
    }
    figure(&format!(
        "store away for 10 s, at {tried} moments of a call: prompts played twice 0, events lost 0"
    ));
}

#[tokio::test(start_paused = true)]
async fn what_may_have_had_its_effect_is_in_doubt_only_after_its_deadline_and_two_seconds() {
    // The service takes the prompt, plays it for longer than anybody waits, and its instance stops meanwhile.
    let react = |world: &Arc<World>, sent: &Sent| {
        if sent.is(&Method::POST, "/playPrompt") { Reply::Silence } else { ivr_service(world, sent) }
    };
    let world = World::new(react, ivr);
    let machine: Arc<Machine> = Arc::default();
    world.start(Arc::clone(&machine));
    world.tell(World::key(CALL), "", &incoming(CALL)).await;
    while world.count(&Method::POST, "/playPrompt") == 0 {
        sleep(Duration::from_millis(10)).await;
    }
    let at = world.sent().iter().find(|sent| sent.is(&Method::POST, "/playPrompt")).unwrap().at;
    machine.stop();
    world.start(Arc::default());
    world.until_told("in doubt hello").await;
    let waited = at.elapsed();
    assert!(waited >= Duration::from_secs(32), "{waited:?}");
    assert!(waited < Duration::from_secs(34), "{waited:?}");
    assert_eq!(world.count(&Method::POST, "/playPrompt"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_not_sent_by_whoever_takes_over_too_late() {
    let world = World::new(ivr_service, ivr);
    // It stops after its claim, before it could say anything.
    let machine: Arc<Machine> = Machine::stopping_at(4);
    world.start(Arc::clone(&machine));
    world.tell_after(Duration::ZERO, World::key(CALL), "", incoming(CALL));
    sleep(Duration::from_secs(14)).await;
    assert!(machine.has_stopped());
    world.start(Arc::default());
    world.until_told("failed answer: too late to be sent").await;
    assert_eq!(world.count(&Method::POST, "/answer"), 0);
}
