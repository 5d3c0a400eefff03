//! What the webhook takes over, and what becomes of it: I1, I6, I7 and the question that cannot wait.

use std::{
    collections::BTreeSet,
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use graph_calls_core::{
    BoxError, Client, FixedToken, Transport, Wall,
    model::{AppId, RejectReason, TenantId},
};
use http::StatusCode;
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

use super::{
    super::{Engine, Mailboxes, Registered, engine::Wanted},
    table::config,
    world::{about, established, figure, lock, word},
};
use crate::{
    Answer, CallContext, CallEvent, CallHandler, CallRef, CallView, HandlerError, JoiningAnswer, Limits,
    ParticipantJoining, Unanswered, Webhook,
    routing::Handlers,
    store::{Browse, MemoryStore},
    token::test_issuer::{APP, TENANT, TestIssuer},
};

/// Never comes back from the call named `hangs`, until it is told to.
struct Crowded {
    told: Mutex<Vec<(CallRef, String)>>,
    held: AtomicUsize,
    released: Semaphore,
    /// Whom nobody can handle yet.
    refuses: Mutex<Option<&'static str>>,
}

#[derive(Clone)]
struct Shared(Arc<Crowded>);

#[async_trait]
impl CallHandler for Shared {
    type Memory = ();

    async fn on_event(&self, call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
        if call.call_ref() == key("hangs") {
            self.0.held.fetch_add(1, Ordering::Relaxed);
            // Once it may, it goes on for good.
            let _ = self.0.released.acquire().await;
        }
        if let CallEvent::Incoming(_) = event {
            call.answer(Answer::service_media().capacity(2));
        }
        let word = word(&event);
        if lock(&self.0.refuses).is_some_and(|refused| refused == word) {
            return Err("not yet".into());
        }
        lock(&self.0.told).push((call.call_ref(), word));
        Ok(())
    }

    async fn on_failure(&self, _: &mut CallContext<()>, _: CallEvent, _: HandlerError) {}

    async fn on_participant_joining(
        &self,
        call: &CallView<()>,
        joining: &ParticipantJoining,
    ) -> JoiningAnswer {
        let id = joining.id.as_deref().and_then(|id| id.split('-').next());
        match id {
            Some("slow") => pending().await,
            Some("panic") => panic!("the handler panics"),
            Some("elsewhere") => JoiningAnswer::InviteNewBot("https://other.example/".to_owned()),
            Some("refused") => JoiningAnswer::Reject(RejectReason::Forbidden),
            _ if call.has_room() => JoiningAnswer::Accept,
            _ => JoiningAnswer::Reject(RejectReason::Busy),
        }
    }
}

struct Front {
    engine: Arc<Engine>,
    crowd: Arc<Crowded>,
    webhook: Webhook,
    token: String,
}

fn key(call: &str) -> CallRef {
    CallRef::of_incoming(&AppId::new(APP).unwrap(), &TenantId::new(TENANT).unwrap(), &call.parse().unwrap())
}

/// A service that knows every call but one.
fn service() -> Transport {
    BoxCloneSyncService::new(service_fn(|request: http::Request<Bytes>| async move {
        let mut response = http::Response::new(Bytes::from_static(b"{}"));
        if request.uri().path().ends_with("/unknown") {
            *response.status_mut() = StatusCode::NOT_FOUND;
            *response.body_mut() = Bytes::from_static(br#"{"error":{"code":"8522"}}"#);
        }
        Ok::<_, BoxError>(response)
    }))
}

fn front() -> Front {
    let issuer = TestIssuer::new();
    let crowd = Arc::new(Crowded {
        told: Mutex::default(),
        held: AtomicUsize::new(0),
        released: Semaphore::new(0),
        refuses: Mutex::default(),
    });
    let client = Client::builder(service()).token(FixedToken::new("t").unwrap()).build();
    let handlers = Handlers::new(Vec::new(), Arc::new(Shared(Arc::clone(&crowd))));
    let apps = vec![Registered { id: AppId::new(APP).unwrap(), client, tenant: None, handlers }];
    let wall = Wall::anchored(issuer.wall.now());
    let store = Arc::new(MemoryStore::with_wall(wall));
    let engine = Engine::new(apps, store, wall, config(Unanswered::Ignore));
    let tasks =
        vec![tokio::spawn(Arc::clone(&engine).look_for_work()), tokio::spawn(Arc::clone(&engine).renew())];
    let intake = Arc::new(Mailboxes::new(Arc::clone(&engine), tasks));
    let webhook = Webhook::new("/api/calls", issuer.check(), Limits::default(), intake);
    Front { engine, crowd, webhook, token: issuer.token() }
}

impl Front {
    async fn post(&self, path: &str, items: &[Value]) -> (StatusCode, http::HeaderMap, Bytes) {
        let body = json!({"value": items}).to_string();
        self.post_text(path, body).await
    }

    async fn post_text(&self, path: &str, body: String) -> (StatusCode, http::HeaderMap, Bytes) {
        let request = http::Request::post(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let (head, body) = self.webhook.clone().oneshot(request).await.unwrap().into_parts();
        (head.status, head.headers, body.collect().await.unwrap().to_bytes())
    }

    fn told(&self) -> Vec<(CallRef, String)> {
        std::mem::take(&mut lock(&self.crowd.told))
    }
}

/// The call changes between two states, so that each notification is an event.
fn change(call: &str, number: usize) -> Value {
    let state = if number.is_multiple_of(2) { "established" } else { "hold" };
    about(call, "updated", "", &json!({"state": state}))
}

#[tokio::test]
async fn nobody_waits_for_a_handler_that_never_returns() {
    const CALLS: usize = 99;
    const ROUNDS: usize = 150;
    let front = front();
    let (mut accepted, mut full, mut waits) = (0, 0, Vec::new());
    for round in 0..ROUNDS {
        for call in 0..=CALLS {
            let call = if call == CALLS { "hangs".to_owned() } else { format!("call-{call}") };
            let began = Instant::now();
            let (status, headers, _) = front.post("/api/calls", &[change(&call, round)]).await;
            waits.push(began.elapsed());
            if status == StatusCode::ACCEPTED {
                accepted += 1;
            } else {
                assert_eq!((status, call.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "hangs"));
                assert!(headers.contains_key("retry-after"));
                full += 1;
            }
            tokio::task::yield_now().await;
        }
    }
    // More for it than its queue holds.
    let mut refused = 0_u64;
    for round in 0..300 {
        let (status, ..) = front.post("/api/calls", &[change("hangs", round)]).await;
        refused += u64::from(status == StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!(accepted + full, (CALLS + 1) * ROUNDS);
    assert_eq!(front.crowd.held.load(Ordering::Relaxed), 1);
    let delivered = async {
        loop {
            if lock(&front.crowd.told).len() == CALLS * ROUNDS {
                return;
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), delivered).await.unwrap();
    assert_eq!(front.engine.at_work(), 1);
    let taken = front.engine.stats().notifications;
    front.crowd.released.add_permits(1);
    front.engine.settled().await;
    let late = front.engine.stats().notifications - taken;
    assert_eq!((front.engine.at_work(), late), (0, 449 - refused));
    assert!(refused > 0 && full == 0, "{refused} {full}");
    waits.sort_unstable();
    let p99 = waits[waits.len() * 99 / 100];
    figure(&format!(
        "I1: 15,000 notifications while one handler never returned: {accepted} answered 202, {full} 503, p99 {p99:?} (debug build: whole check included); {} delivered to the others; of 300 more for it {refused} answered 503",
        CALLS * ROUNDS
    ));
}

#[tokio::test(start_paused = true)]
async fn a_poisoned_item_among_a_thousand_is_kept_byte_for_byte_and_costs_only_itself() {
    let front = front();
    let poison = r#"{ "changeType" :"updated","resourceUrl":"/communications/calls/one",  "resourceData":{"targets":7,"x":"ä\u0041"}}"#;
    let mut total = 0;
    // All for one call, whose queue is empty; then each for a call of its own.
    for many in [false, true] {
        let mut items: Vec<_> = (0..1_000)
            .map(|number| {
                let call = if many { format!("many-{number}") } else { "one".to_owned() };
                change(&call, number).to_string()
            })
            .collect();
        poison.clone_into(&mut items[500]);
        let body = format!(r#"{{"value":[{}]}}"#, items.join(","));
        let (status, ..) = front.post_text("/api/calls", body).await;
        assert_eq!(status, StatusCode::ACCEPTED);
        sleep(Duration::from_secs(1)).await;
        front.engine.settled().await;
        let told = front.told();
        // What follows the poisoned change is the state that was before it: two events less among those of one call. One
        // that is on hold when it is first heard of was established before.
        let (missing, all) = if many { (1, 1_500) } else { (2, 1_000) };
        assert_eq!(told.len() + missing, all, "many: {many}");
        total += told.len();
    }
    assert_eq!(front.engine.stats().notifications, 2_000);
    let dead = front.engine.store.browse(&Browse { dead: true, ..Browse::default() }).await.unwrap();
    assert_eq!((dead.len(), dead[0].key, dead[0].dead.len()), (1, key("one"), 2));
    for letter in &dead[0].dead {
        let kept = String::from_utf8_lossy(letter.item.data()).into_owned();
        assert!(kept.contains(poison), "{kept}");
    }
    figure(&format!(
        "I6: 1 poisoned item among 1,000 in one POST, twice: 2 x 999 handled ({total} events), 2 dead letters byte for byte"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_goes_back_or_goes_away_as_people_say() {
    let front = front();
    *lock(&front.crowd.refuses) = Some("hold");
    for number in 0..4 {
        front.post("/api/calls", &[change("one", number)]).await;
    }
    sleep(Duration::from_secs(20)).await;
    let dead =
        || async { front.engine.store.browse(&Browse::one(key("one"))).await.unwrap()[0].dead.clone() };
    let letters = dead().await;
    assert_eq!(letters.len(), 2);
    assert_eq!(front.told().len(), 2);
    let (first, second) = (letters[0].number, letters[1].number);
    assert!(!front.engine.order(key("one"), 99, Wanted::Drop).await.unwrap());
    assert!(!front.engine.order(key("two"), first, Wanted::Drop).await.unwrap());
    assert!(front.engine.order(key("one"), first, Wanted::Drop).await.unwrap());
    assert_eq!(dead().await.len(), 1);
    // What nobody could handle can be handled now.
    *lock(&front.crowd.refuses) = None;
    assert!(front.engine.order(key("one"), second, Wanted::Requeue).await.unwrap());
    front.engine.settled().await;
    assert!(dead().await.is_empty());
    assert_eq!(front.engine.at_work(), 0);
    figure("dead letters: 1 dropped, 1 put back");
}

#[tokio::test(start_paused = true)]
async fn a_notification_of_no_call_is_a_dead_letter_of_its_own() {
    let front = front();
    let stray = r#"{"changeType":"updated","resourceUrl":"/elsewhere"}"#;
    let (status, ..) = front.post_text("/api/calls", format!(r#"{{"value":[{stray}, {stray}]}}"#)).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    front.engine.settled().await;
    assert_eq!(front.engine.stats().poisoned, 1);
    let dead = Browse { dead: true, over: true, ..Browse::default() };
    let found = front.engine.store.browse(&dead).await.unwrap();
    assert_eq!(found.len(), 1);
    assert!(String::from_utf8_lossy(found[0].dead[0].item.data()).contains(stray));
    assert_eq!(front.engine.store.check().await.unwrap().calls, 0);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_is_said_so_and_all_that_was_taken_is_delivered() {
    let front = front();
    let mut taken = BTreeSet::new();
    let mut refused = 0;
    // It hangs for as long as this lasts: the other one in the same POST is taken all the same.
    front.post("/api/calls", &[established("hangs")]).await;
    sleep(Duration::from_millis(10)).await;
    for number in 0..600 {
        let other = change("other", number);
        let (status, headers, _) = front.post("/api/calls", &[change("hangs", number), other]).await;
        sleep(Duration::from_millis(1)).await;
        if status == StatusCode::ACCEPTED {
            taken.insert(number);
        } else {
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
            let wait: u64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!(wait > 0);
            refused += 1;
        }
    }
    sleep(Duration::from_secs(1)).await;
    let others = front.told().len();
    assert_eq!(others, 600, "the other call's are delivered whatever the POST was answered");
    let waiting = front.engine.store.browse(&Browse::one(key("hangs"))).await.unwrap()[0].inbox;
    // Its first one is at hand, and counts until it is handled.
    assert_eq!((waiting, taken.len(), refused), (256, 255, 345));
    front.crowd.released.add_permits(1);
    front.engine.settled().await;
    let inbox = front.engine.store.browse(&Browse::one(key("hangs"))).await.unwrap()[0].inbox;
    // Those of both calls, and the one that was at hand.
    assert_eq!((inbox, front.engine.stats().notifications), (0, 600 + 256));
    figure(&format!(
        "I7: queue of 256: {} of 600 answered 202 and delivered, {refused} answered 503 with Retry-After; {others} of 600 for another call in the same POSTs delivered",
        taken.len()
    ));
}

fn joining(call: &str, id: &str) -> Value {
    let data = json!({
        "@odata.type": "#microsoft.graph.participantJoiningNotification", "id": id,
        "call": {"incomingContext": {"observedParticipantId": format!("p-{id}")}},
    });
    about(call, "updated", "", &data)
}

#[tokio::test(start_paused = true)]
async fn who_wants_to_join_is_answered_in_the_same_request() {
    let front = front();
    front.post("/api/calls", &[established("1")]).await;
    front.engine.settled().await;
    front.told();
    let busy = json!({"@odata.type": "#microsoft.graph.rejectJoinResponse", "reason": "busy"});
    let accept = json!({"@odata.type": "#microsoft.graph.acceptJoinResponse"});
    let refused = json!({"@odata.type": "#microsoft.graph.rejectJoinResponse", "reason": "forbidden"});
    let other = json!({"@odata.type": "#microsoft.graph.inviteNewBotResponse", "inviteUri": "https://other.example/"});
    let mut turned_away = 0;
    for (call, ids, expected, seconds, more) in [
        ("1", vec!["a"], &accept, 0, 0),
        ("1", vec!["refused"], &refused, 0, 0),
        ("1", vec!["elsewhere"], &other, 0, 0),
        ("1", vec!["slow"], &busy, 1, 1),
        ("1", vec!["panic"], &busy, 0, 1),
        ("unknown", vec!["a"], &busy, 0, 1),
        // One POST has one answer: the first one's. The others are not asked about.
        ("1", vec!["refused-2", "slow-2", "slow-3", "a-2"], &refused, 0, 3),
    ] {
        let items: Vec<_> = ids.iter().map(|id| joining(call, id)).collect();
        let began = Instant::now();
        let (status, headers, body) = front.post("/api/calls", &items).await;
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, &body), (StatusCode::OK, expected), "{ids:?}");
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(began.elapsed().as_secs(), seconds, "{ids:?}");
        turned_away += more;
        assert_eq!(front.engine.stats().turned_away, turned_away, "{ids:?}");
        front.engine.settled().await;
        let told = front.told();
        assert_eq!(told.len(), ids.len(), "{ids:?}: {told:?}");
        assert!(told.iter().all(|(of, word)| *of == key(call) && word == "participant_joined"), "{told:?}");
    }
    figure(&format!(
        "joining: 7 requests answered within 1 s with the decision, {turned_away} of 10 turned away and counted, 10 told"
    ));
}

#[tokio::test(start_paused = true)]
async fn who_asks_about_a_call_that_is_not_known_leaves_nothing_behind() {
    let front = front();
    front.post("/api/calls", &[joining("unknown", "a")]).await;
    sleep(Duration::from_secs(200)).await;
    assert_eq!(front.engine.store.check().await.unwrap().calls, 0);
    assert_eq!(front.engine.at_work(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_more_are_taken_on_than_the_answer_made_room_for() {
    let front = front();
    front.post("/api/calls", &[about("1", "created", "", &json!({"state": "incoming"}))]).await;
    front.engine.settled().await;
    let mut answers = Vec::new();
    // Whoever is asked about twice takes one place.
    for id in ["a", "a", "b", "c"] {
        let (.., body) = front.post("/api/calls", &[joining("1", id)]).await;
        front.engine.settled().await;
        let body: Value = serde_json::from_slice(&body).unwrap();
        answers.push(body["@odata.type"] == "#microsoft.graph.acceptJoinResponse");
    }
    assert_eq!(answers, [true, true, true, false]);
    assert_eq!(front.engine.stats().turned_away, 0);
}
