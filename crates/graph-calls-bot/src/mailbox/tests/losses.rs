//! I5: whichever one notification is lost, the bot finds out how the call stands.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    super::EngineConfig,
    table::config,
    world::{Notes, Reached, Reply, Sent, World, about, figure, lock},
};
use crate::{Answer, CallContext, CallEvent, CallRef, Dial, HandlerError, Unanswered, store::CallStore};

const CALLS: &str = "/communications/calls";
const KEEP_ALIVE: Duration = Duration::from_secs(200);
const IN_TIME: Duration = Duration::from_secs(2 * 200);

/// How the call really is, on the side of the service.
#[derive(Clone, Default)]
struct Truth {
    call: Value,
    roster: Value,
    over: bool,
}

/// What happens in the life of a call: who is told of it is another matter.
fn life(incoming: bool) -> Vec<(&'static str, &'static str, Value)> {
    let person = |id: &str, muted: bool| json!({"id": id, "isMuted": muted});
    let meeting = json!({"@odata.type": "#microsoft.graph.organizerMeetingInfo"});
    let active = json!({"audio": "active"});
    let ended = json!({"state": "terminated", "resultInfo": {"code": 200, "subcode": 5001}});
    let first = if incoming {
        ("created", "", json!({"state": "incoming", "direction": "incoming"}))
    } else {
        ("updated", "", json!({"state": "establishing"}))
    };
    vec![
        first,
        ("updated", "", json!({"state": "established", "meetingInfo": meeting})),
        ("updated", "", json!({"state": "established", "mediaState": active})),
        ("updated", "/participants", json!([person("1", false), person("2", false)])),
        ("updated", "/participants", json!([person("1", false), person("2", true), person("3", false)])),
        ("updated", "", json!({"state": "hold", "mediaState": {"audio": "inactive"}})),
        ("updated", "", json!({"state": "established", "mediaState": active})),
        ("deleted", "", ended),
    ]
}

impl Truth {
    fn becomes(&mut self, change: &str, below: &str, data: &Value) {
        if below == "/participants" {
            self.roster = data.clone();
        } else if change == "deleted" {
            self.over = true;
        } else if let (Some(call), Some(data)) = (self.call.as_object_mut(), data.as_object()) {
            call.extend(data.clone());
        } else {
            self.call = data.clone();
        }
    }

    fn reply(&self, sent: &Sent) -> Reply {
        let gone = || Reply::Answer(StatusCode::NOT_FOUND, json!({"error": {"code": "8522"}}));
        if sent.is(&Method::POST, CALLS) {
            return Reply::Located("1".to_owned());
        }
        if self.over {
            return gone();
        }
        match sent.path.rsplit('/').next() {
            Some("answer") => Reply::Answer(StatusCode::ACCEPTED, Value::Null),
            Some("participants") => Reply::Answer(StatusCode::OK, json!({"value": self.roster})),
            Some("1") if sent.method == Method::GET => Reply::Answer(StatusCode::OK, self.call.clone()),
            _ => Reply::Answer(StatusCode::OK, Value::Null),
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a handler may fail")]
fn answers(call: &mut CallContext<Notes>, event: &CallEvent) -> Result<(), HandlerError> {
    if let CallEvent::Incoming(_) = event {
        call.answer(Answer::service_media());
    }
    Ok(())
}

/// Whether what the bot knows of a call is how it is.
async fn knows(world: &World, key: CallRef, truth: &Truth) -> Result<(), String> {
    let entry = world.store.browse(&crate::store::Browse::one(key)).await.unwrap().pop();
    let Some(entry) = entry else {
        return if truth.over || truth.call["state"] == "incoming" { Ok(()) } else { Err("nothing".into()) };
    };
    let Some(state) = entry.state else {
        return if truth.over { Ok(()) } else { Err("a tombstone".into()) };
    };
    let call = super::super::Conversation::from_bytes(Some(&state)).unwrap();
    let record = &call.record;
    if record.ended().is_some() || truth.over {
        let same = record.ended().is_some() == truth.over;
        return same.then_some(()).ok_or(format!("ended: {:?}", record.ended()));
    }
    let state = record.state().map(ToString::to_string).unwrap_or_default();
    let roster = record.roster().count();
    let known = (state.as_str(), record.is_media_active(), roster);
    let audio = truth.call["mediaState"]["audio"] == "active";
    let people = truth.roster.as_array().map_or(0, Vec::len);
    let is = (truth.call["state"].as_str().unwrap_or_default(), audio, people);
    if known == is { Ok(()) } else { Err(format!("{known:?} instead of {is:?}")) }
}

async fn live(incoming: bool, lost: Option<usize>, pause: Duration) -> Result<(), String> {
    let truth: Arc<Mutex<Truth>> = Arc::default();
    let seen = Arc::clone(&truth);
    let world = World::new(move |_, sent| lock(&seen).reply(sent), answers);
    let config = EngineConfig { keep_alive: KEEP_ALIVE, ..config(Unanswered::Ignore) };
    let machine = Arc::default();
    let store = Reached::by(&machine, Arc::clone(&world.store) as Arc<dyn CallStore>);
    let engine = world.start_with(machine, store, config);
    let (key, attempt) = if incoming {
        (World::key("1"), "")
    } else {
        let dial = Dial::user("8d1e6ab6").in_tenant(World::tenant()).key("k");
        (engine.dial(dial).await.unwrap(), "1")
    };
    sleep(Duration::from_secs(1)).await;
    for (number, (change, below, data)) in life(incoming).into_iter().enumerate() {
        lock(&truth).becomes(change, below, &data);
        if lost == Some(number) {
            // Nothing else happens for as long as it may take.
            sleep(IN_TIME).await;
            let truth = lock(&truth).clone();
            let known = knows(&world, key, &truth).await;
            known.map_err(|error| format!("{change}{below} {data} was lost: {error}\n{}", world.ladder()))?;
        } else {
            world.tell(key, attempt, &about("1", change, below, &data)).await;
        }
        sleep(pause).await;
    }
    let truth = lock(&truth).clone();
    let known = knows(&world, key, &truth).await;
    world.stop();
    known.map_err(|error| format!("at the end, after {lost:?} was lost: {error}\n{}", world.ladder()))
}

#[tokio::test(start_paused = true)]
async fn whichever_notification_is_lost_the_true_state_is_known_within_two_keep_alive_periods() {
    let mut lost = 0;
    for incoming in [true, false] {
        for pause in [Duration::from_millis(100), Duration::from_secs(30)] {
            for number in 0..life(incoming).len() {
                assert_eq!(live(incoming, Some(number), pause).await, Ok(()), "incoming: {incoming}");
                lost += 1;
            }
            assert_eq!(live(incoming, None, pause).await, Ok(()));
        }
    }
    figure(&format!(
        "I5: each of {lost} notifications lost, of calls in and out: true state within two keep-alive periods each time"
    ));
}

/// A hang-up whose end is never told.
#[tokio::test(start_paused = true)]
async fn a_hang_up_whose_end_is_lost_is_noticed_within_a_minute() {
    let react = |world: &Arc<World>, sent: &Sent| {
        let gone = json!({"error": {"code": "8522"}});
        if sent.method == Method::DELETE {
            Reply::Answer(StatusCode::NO_CONTENT, Value::Null)
        } else if world.count(&Method::DELETE, "") > 0 {
            Reply::Answer(StatusCode::NOT_FOUND, gone)
        } else {
            Reply::Answer(StatusCode::OK, json!({"state": "established"}))
        }
    };
    let decide = |call: &mut CallContext<Notes>, event: &CallEvent| {
        if let CallEvent::Established = event {
            call.hang_up();
        }
        Ok(())
    };
    let world = World::new(react, decide);
    world.start(Arc::default());
    let began = Instant::now();
    world.tell(World::key("1"), "", &super::world::established("1")).await;
    world.until_told("terminated answered").await;
    assert!(began.elapsed() < Duration::from_secs(61), "{:?}", began.elapsed());
}
