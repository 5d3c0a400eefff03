//! What comes late, what outlives a restart, and what is left when all is over.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use graph_calls_core::{
    Client, FixedToken, RecordResponse, Wall,
    model::{AppId, ClientContext, PhoneNumber, RecordResponseBody, TenantId},
};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    super::{Engine, Registered, content},
    table::config,
    world::{
        Machine, Notes, Reply, Sent, World, about, established, figure, incoming, lock, terminated, word,
    },
};
use crate::{
    Answer, CallContext, CallEvent, CallHandler, CallRef, Called, HandlerError, Unanswered,
    model::{Notification, RawJson},
    routing::Handlers,
    store::{Accepted, Arrival, Browse, CallStore as _, MemoryStore, Phase},
};

/// A service that takes everything; the recordings it was asked for it tells of when a test says so.
fn takes_all(_: &Arc<World>, sent: &Sent) -> Reply {
    match sent.method {
        Method::DELETE => Reply::Answer(StatusCode::NO_CONTENT, Value::Null),
        _ if sent.path.ends_with("recordResponse") => {
            Reply::Answer(StatusCode::OK, json!({"id": "9", "status": "running"}))
        }
        _ => Reply::Answer(StatusCode::OK, json!({"state": "established"})),
    }
}

/// Takes a message: records as soon as the audio flows.
fn voicemail(call: &mut CallContext<Notes>, event: &CallEvent) -> Result<(), HandlerError> {
    if let (CallEvent::MediaActive, Some(id)) = (event, call.id().cloned()) {
        let context = ClientContext::new(format!("gc1.{}.0", call.event_id()))?;
        let body = RecordResponseBody::new().with_client_context(context);
        call.command(crate::CallCommand::new(&RecordResponse::new(id, body)).named("message"));
    }
    Ok(())
}

fn recorded(call: &str, context: Option<&str>) -> Value {
    let mut data = json!({
        "@odata.type": "#microsoft.graph.recordOperation", "status": "completed",
        "recordingLocation": "https://files.example/1", "recordingAccessToken": "t", "resultInfo": {"code": 200},
    });
    if let Some(context) = context {
        data["clientContext"] = context.into();
    }
    about(call, "deleted", "/operations/9", &data)
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_arrives_after_the_caller_hung_up_is_told() {
    let mut told = 0;
    for (late, is_told) in [(0, true), (1, true), (60, true), (119, true), (121, false), (3_600, false)] {
        for named in [true, false] {
            let world = World::new(takes_all, voicemail);
            let engine = world.start(Arc::default());
            let key = World::key("1");
            world.tell(key, "", &established("1")).await;
            sleep(Duration::from_secs(1)).await;
            let context = world.sent().last().unwrap().text("clientContext");
            world.tell(key, "", &terminated("1")).await;
            sleep(Duration::from_secs(late)).await;
            world.tell(key, "", &recorded("1", Some(context.as_str()).filter(|_| named))).await;
            sleep(Duration::from_secs(1)).await;
            let words = world.words(key);
            // Before it is forgotten, what nobody told is said to be in doubt.
            let last = if is_told { "done message" } else { "in doubt message" };
            assert!(words.ends_with(&["terminated answered".to_owned(), last.to_owned()]), "{words:?}");
            told += usize::from(is_told);
            sleep(Duration::from_secs(130)).await;
            let entry = world.store.browse(&Browse::one(key)).await.unwrap().pop().unwrap();
            let Phase::Over { forget } = entry.phase else { panic!("{entry:?}") };
            let left = forget.duration_since(engine.now()).unwrap();
            assert!(left > Duration::from_secs(22 * 3_600) && left <= Duration::from_secs(24 * 3_600));
            assert_eq!((entry.state, engine.at_work()), (None, 0));
        }
    }
    figure(&format!(
        "operations: {told} of {told} recordings told that arrived up to 120 s after the end, tombstones kept for 24 h"
    ));
}

#[tokio::test(start_paused = true)]
async fn an_operation_is_matched_before_and_long_after_its_request_was_answered() {
    // The answer comes last.
    let react = |world: &Arc<World>, sent: &Sent| {
        if sent.path.ends_with("recordResponse") {
            let item = recorded("1", Some(&sent.text("clientContext")));
            world.tell_after(Duration::from_secs(1), World::key("1"), "", item);
            return Reply::LocatedAfter(Duration::from_secs(3), "9".to_owned());
        }
        takes_all(world, sent)
    };
    let world = World::new(react, voicemail);
    world.start(Arc::default());
    world.tell(World::key("1"), "", &established("1")).await;
    sleep(Duration::from_secs(10)).await;
    assert_eq!(world.words(World::key("1")).last().map(String::as_str), Some("done message"));
    // An hour later, and by its id alone.
    let world = World::new(takes_all, voicemail);
    world.start(Arc::default());
    world.tell(World::key("1"), "", &established("1")).await;
    sleep(Duration::from_secs(3_600)).await;
    world.tell(World::key("1"), "", &recorded("1", None)).await;
    world.tell(World::key("1"), "", &recorded("1", None)).await;
    sleep(Duration::from_secs(1)).await;
    let words = world.words(World::key("1"));
    assert_eq!(words.iter().filter(|word| *word == "done message").count(), 1, "{words:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_to_happen_at_a_time_happens_then_whichever_instance_is_there() {
    let decide = |call: &mut CallContext<Notes>, event: &CallEvent| {
        if let CallEvent::Incoming(_) = event {
            call.set_timer("soon", Duration::from_secs(6));
            call.set_timer("moved", Duration::from_secs(5));
            call.set_timer("moved", Duration::from_secs(12));
            call.set_timer("stopped", Duration::from_secs(7));
            call.cancel_timer("stopped");
        }
        Ok(())
    };
    let world = World::new(takes_all, decide);
    let first: Arc<Machine> = Arc::default();
    world.start(Arc::clone(&first));
    let began = Instant::now();
    let key = World::key("1");
    world.tell(key, "", &incoming("1")).await;
    sleep(Duration::from_secs(1)).await;
    first.stop();
    let second: Arc<Machine> = Arc::default();
    world.start(Arc::clone(&second));
    world.until_told("timer soon").await;
    assert_eq!(began.elapsed().as_secs(), 6);
    world.until_told("answer_due").await;
    assert_eq!(began.elapsed().as_secs(), 8);
    second.stop();
    world.start(Arc::default());
    world.until_told("timer moved").await;
    assert_eq!(began.elapsed().as_secs(), 12);
    assert_eq!(world.words(key), ["incoming", "timer soon", "answer_due", "timer moved"]);
    world.tell(key, "", &established("1")).await;
    sleep(Duration::from_secs(900)).await;
    assert_eq!(world.count(&Method::POST, "/keepAlive"), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_at_work_when_all_calls_are_over() {
    let world = World::new(takes_all, |call, event| {
        match event {
            CallEvent::Incoming(_) => call.answer(Answer::service_media()),
            CallEvent::Established => {
                call.set_timer("think", Duration::from_secs(3_000));
                call.hang_up();
            }
            _ => {}
        }
        Ok(())
    });
    let engine = world.start(Arc::default());
    let calls: Vec<_> = (0..200).map(|number| format!("call-{number}")).collect();
    for item in [incoming, established, terminated] {
        for call in &calls {
            world.tell(World::key(call), "", &item(call)).await;
        }
        sleep(Duration::from_millis(50)).await;
    }
    engine.settled().await;
    assert_eq!(engine.at_work(), 0);
    sleep(Duration::from_secs(125)).await;
    engine.settled().await;
    assert_eq!((engine.at_work(), world.store.check().await.unwrap().calls), (0, 0));
    // The two that look around, and nobody else: every worker and every sender has gone.
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert!(tasks <= 2, "{tasks} tasks");
    figure(&format!("ends: {} calls over: 0 workers, 0 senders, {tasks} tasks", calls.len()));
}

/// Says who it is.
struct Named(&'static str, Arc<std::sync::Mutex<Vec<String>>>);

#[async_trait]
impl CallHandler for Named {
    type Memory = ();

    async fn on_event(&self, _: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
        lock(&self.1).push(format!("{} {}", self.0, word(&event)));
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn each_app_has_its_handlers_and_each_number_its_own() {
    let told: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let named = |name| Arc::new(Named(name, Arc::clone(&told)));
    let world = World::new(takes_all, |_, _| Ok(()));
    let apps = ["a0000000-0000-4000-8000-00000000000a", "a0000000-0000-4000-8000-00000000000b"];
    let ids = apps.map(|id| AppId::new(id).unwrap());
    let client =
        || Client::builder(world.transport(&Arc::default())).token(FixedToken::new("t").unwrap()).build();
    let phone = Called::phone(PhoneNumber::new("+12025550100").unwrap());
    let registered = vec![
        Registered {
            id: ids[0].clone(),
            client: client(),
            tenant: None,
            handlers: Handlers::new(vec![(phone, named("desk"))], named("first")),
        },
        Registered {
            id: ids[1].clone(),
            client: client(),
            tenant: None,
            handlers: Handlers::new(Vec::new(), named("second")),
        },
    ];
    let wall = Wall::anchored(std::time::SystemTime::UNIX_EPOCH);
    let store = Arc::new(MemoryStore::with_wall(wall));
    let engine = Engine::new(registered, Arc::clone(&store) as _, wall, config(Unanswered::Ignore));
    let tenant = TenantId::new("contoso.example").unwrap();
    for (app, number, expected) in [
        (&ids[0], "+12025550100", "desk incoming"),
        (&ids[0], "+12025550199", "first incoming"),
        (&ids[1], "+12025550100", "second incoming"),
    ] {
        let target = json!({"identity": {"phone": {"id": number}}});
        let item = about("1", "created", "", &json!({"state": "incoming", "targets": [target]}));
        let item = Notification::from_raw(RawJson::from_string(item.to_string()).unwrap());
        let item = content::notification(app, None, &item, wall.now(), None);
        let key = CallRef::random();
        let arrival = Arrival { key, tenant: tenant.clone(), dedup: None, item };
        assert_eq!(engine.accept(vec![arrival]).await.unwrap(), [Accepted::New]);
        engine.settled().await;
        assert_eq!(std::mem::take(&mut *lock(&told)), [expected]);
    }
    // One of an app that this bot is not waits for a bot that is.
    let stranger = AppId::new("a0000000-0000-4000-8000-00000000000c").unwrap();
    let item = Notification::from_raw(RawJson::from_string(incoming("1").to_string()).unwrap());
    let item = content::notification(&stranger, None, &item, wall.now(), None);
    let key = CallRef::random();
    engine.accept(vec![Arrival { key, tenant, dedup: None, item }]).await.unwrap();
    engine.settled().await;
    let entry = store.browse(&Browse::one(key)).await.unwrap().pop().unwrap();
    assert_eq!((entry.phase, entry.inbox), (Phase::Parked, 1));
    assert!(lock(&told).is_empty());
}

/// A fallback that decides while a handler is still at it, and an instance that stops right after: the handler is told
/// all the same.
#[tokio::test(start_paused = true)]
async fn an_event_that_was_at_hand_when_the_fallback_decided_is_told_again_after_a_take_over() {
    let world = World::new(takes_all, |_, _| Ok(()));
    let first: Arc<Machine> = Arc::default();
    let store = super::world::Reached::by(&first, Arc::clone(&world.store) as _);
    let busy = Unanswered::Reject(crate::model::RejectReason::Busy);
    world.start_as(Arc::clone(&first), store, config(busy), super::deciding::Hanging);
    let key = World::key("1");
    world.tell(key, "", &incoming("1")).await;
    sleep(Duration::from_secs(11)).await;
    assert_eq!(world.count(&Method::POST, "/reject"), 1);
    first.stop();
    world.start(Arc::default());
    sleep(Duration::from_secs(10)).await;
    world.tell(key, "", &about("1", "deleted", "", &Value::Null)).await;
    world.until_told("terminated rejected").await;
    let words = world.words(key);
    assert_eq!(words.first().map(String::as_str), Some("incoming"), "{words:?}");
    assert_eq!(world.count(&Method::POST, "/reject"), 1, "its outcome was stored");
}

#[tokio::test(start_paused = true)]
async fn a_call_in_which_nothing_happens_is_left_alone() {
    let world = World::new(takes_all, |_, _| Ok(()));
    let machine = Arc::default();
    let store = super::world::Reached::by(&machine, Arc::clone(&world.store) as _);
    world.start_with(machine, Arc::clone(&store), config(Unanswered::Ignore));
    world.tell(World::key("1"), "", &established("1")).await;
    sleep(Duration::from_secs(3_600)).await;
    let read = |counter: &std::sync::atomic::AtomicUsize| counter.load(std::sync::atomic::Ordering::Relaxed);
    let (looks, commits) = (read(&store.looks), read(&store.commits));
    // Four keep-alives with a look at the call each.
    assert!(looks < 3_800 && commits < 30, "{looks} looks, {commits} commits");
    figure(&format!("idle: one call for 3,600 s: {looks} looks for work, {commits} commits"));
}
