//! Memories that cannot be read, handlers that panic, and items that kill.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    table::config,
    world::{Machine, Reached, Reply, Sent, World, about, established, figure, terminated, word},
};
use crate::{
    CallContext, CallEvent, CallHandler, HandlerError, Unanswered,
    store::{Browse, CallStore, Phase},
};

fn lives(_: &Arc<World>, _: &Sent) -> Reply {
    Reply::Answer(StatusCode::OK, json!({"state": "established"}))
}

/// What a later version of a bot remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Later {
    told: u32,
    of: String,
}

/// That version. It reads what the older one remembered, or not.
struct LaterBot {
    reads: bool,
}

#[async_trait]
impl CallHandler for LaterBot {
    type Memory = Later;

    async fn on_event(&self, call: &mut CallContext<Later>, event: CallEvent) -> Result<(), HandlerError> {
        call.memory.told += 1;
        call.memory.of.push_str(&word(&event));
        call.memory.of.push(' ');
        Ok(())
    }

    fn on_unreadable_memory(&self, old: &[u8]) -> Option<Later> {
        let old = serde_json::from_slice::<Value>(old).ok()?;
        let told = old["events"].as_array()?.len();
        self.reads.then(|| Later { told: u32::try_from(told).unwrap(), of: String::new() })
    }
}

fn store_of(world: &Arc<World>, machine: &Arc<Machine>) -> Arc<Reached> {
    Reached::by(machine, Arc::clone(&world.store) as Arc<dyn CallStore>)
}

#[tokio::test(start_paused = true)]
async fn a_memory_that_cannot_be_read_parks_its_call_until_somebody_can() {
    let world = World::new(lives, |call, event| {
        if let CallEvent::Established = event {
            call.set_timer("later", Duration::from_secs(600));
        }
        Ok(())
    });
    let first: Arc<Machine> = Arc::default();
    world.start(Arc::clone(&first));
    let key = World::key("1");
    world.tell(key, "", &established("1")).await;
    sleep(Duration::from_secs(10)).await;
    first.stop();
    // A deploy that cannot read what was remembered.
    let second: Arc<Machine> = Arc::default();
    let store = store_of(&world, &second);
    let engine =
        world.start_as(Arc::clone(&second), store, config(Unanswered::Ignore), LaterBot { reads: false });
    world.tell(key, "", &about("1", "updated", "", &json!({"state": "hold"}))).await;
    sleep(Duration::from_secs(3_600)).await;
    let entry = world.store.browse(&Browse::one(key)).await.unwrap().pop().unwrap();
    assert_eq!((entry.phase, entry.inbox, entry.dead.len()), (Phase::Parked, 1, 0));
    assert_eq!(engine.stats().events, 0);
    let kept_alive = world.count(&Method::POST, "/keepAlive");
    assert!((3..=5).contains(&kept_alive), "{kept_alive}");
    second.stop();
    // The next one can.
    let third: Arc<Machine> = Arc::default();
    let store = store_of(&world, &third);
    world.start_as(third, store, config(Unanswered::Ignore), LaterBot { reads: true });
    sleep(Duration::from_secs(120)).await;
    let entry = world.store.browse(&Browse::one(key)).await.unwrap().pop().unwrap();
    assert_eq!((entry.phase, entry.inbox), (Phase::Live, 0));
    let call = super::super::Conversation::from_bytes(entry.state.as_ref()).unwrap();
    let memory: Later = serde_json::from_str(call.memory.unwrap().get()).unwrap();
    assert!(memory.of.starts_with("hold timer later ") && memory.told == 4, "{memory:?}");
    figure(&format!("parked: 1 call for 3,600 s, kept alive {kept_alive} times, 0 of its events lost"));
}

#[tokio::test(start_paused = true)]
async fn a_parked_call_that_ends_is_told_of_by_whoever_can_read_it() {
    let world = World::new(
        |world, _| {
            let gone = json!({"error": {"code": "8522"}});
            if world.sent().len() > 1 {
                Reply::Answer(StatusCode::NOT_FOUND, gone)
            } else {
                Reply::Answer(StatusCode::OK, json!({"state": "established"}))
            }
        },
        |_, _| Ok(()),
    );
    let first: Arc<Machine> = Arc::default();
    world.start(Arc::clone(&first));
    world.tell(World::key("1"), "", &established("1")).await;
    sleep(Duration::from_secs(10)).await;
    first.stop();
    let second: Arc<Machine> = Arc::default();
    let store = store_of(&world, &second);
    world.start_as(Arc::clone(&second), store, config(Unanswered::Ignore), LaterBot { reads: false });
    sleep(Duration::from_secs(2_000)).await;
    second.stop();
    world.start(Arc::default());
    world.until_told("terminated answered").await;
}

/// Takes its machine with it when the call is put on hold, or when its timer comes.
struct Deadly(Arc<Machine>);

#[async_trait]
impl CallHandler for Deadly {
    type Memory = ();

    async fn on_event(&self, call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
        match event {
            CallEvent::Hold | CallEvent::Timer(_) => {
                self.0.stop();
                std::future::pending().await
            }
            CallEvent::MediaInactive => {
                call.set_timer("bomb", Duration::from_secs(60));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_five_instances_die_of_is_given_up_and_the_call_goes_on() {
    let world = World::new(lives, |_, _| Ok(()));
    let key = World::key("1");
    let mut machines = Vec::new();
    for _ in 0..12 {
        let machine: Arc<Machine> = Arc::default();
        let store = store_of(&world, &machine);
        let config = config(Unanswered::Ignore);
        world.start_as(Arc::clone(&machine), store, config, Deadly(Arc::clone(&machine)));
        machines.push(machine);
    }
    let dead = || machines.iter().filter(|machine| machine.has_stopped()).count();
    world.tell(key, "", &established("1")).await;
    sleep(Duration::from_secs(1)).await;
    let killer = about("1", "updated", "", &json!({"state": "hold"}));
    world.tell(key, "", &killer).await;
    // It does not take those with it that wait behind it.
    let silent = about("1", "updated", "", &json!({"mediaState": {"audio": "inactive"}}));
    world.tell(key, "", &silent).await;
    sleep(Duration::from_secs(40)).await;
    let entry = world.store.browse(&Browse::one(key)).await.unwrap().pop().unwrap();
    assert_eq!((dead(), entry.dead.len(), entry.inbox), (5, 1, 0));
    assert!(entry.dead[0].why.starts_with("5 instances"), "{}", entry.dead[0].why);
    let kept = String::from_utf8_lossy(entry.dead[0].item.data()).into_owned();
    assert!(kept.contains(&killer.to_string()), "{kept}");
    // A timer is no item: after five more deaths it is dropped.
    sleep(Duration::from_secs(400)).await;
    assert_eq!(dead(), 10);
    let entry = world.store.browse(&Browse::one(key)).await.unwrap().pop().unwrap();
    assert_eq!((entry.phase, entry.inbox), (Phase::Live, 0));
    figure(
        "poison: 5 instances died of an item and 5 of a timer, 0 of the next 2; the item is a dead letter",
    );
}

#[tokio::test(start_paused = true)]
async fn those_that_wait_before_a_deadly_item_are_not_given_up_in_its_stead() {
    let world = World::new(lives, |_, _| Ok(()));
    let key = World::key("1");
    for item in [established("1"), about("1", "updated", "", &json!({"state": "hold"}))] {
        let arrival = world.arrival(key, "", &item);
        world.store.accept(vec![arrival], 9).await.unwrap();
    }
    for _ in 0..12 {
        let machine: Arc<Machine> = Arc::default();
        let store = store_of(&world, &machine);
        world.start_as(Arc::clone(&machine), store, config(Unanswered::Ignore), Deadly(machine));
    }
    sleep(Duration::from_secs(60)).await;
    let entry = world.store.browse(&Browse::one(key)).await.unwrap().pop().unwrap();
    assert_eq!((entry.dead.len(), entry.inbox), (1, 0));
    assert!(String::from_utf8_lossy(entry.dead[0].item.data()).contains("hold"));
}

/// Panics where nobody expects it.
#[derive(Debug, Default, Deserialize)]
struct Explosive {
    armed: bool,
}

impl Serialize for Explosive {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(!self.armed, "the memory panics");
        serializer.collect_map([("armed", self.armed)])
    }
}

struct Panics;

#[async_trait]
impl CallHandler for Panics {
    type Memory = Explosive;

    async fn on_event(
        &self,
        call: &mut CallContext<Explosive>,
        event: CallEvent,
    ) -> Result<(), HandlerError> {
        let bad = call.call_ref() == World::key("bad");
        assert!(!(bad && matches!(event, CallEvent::MediaActive)), "the handler panics");
        call.memory.armed = bad && matches!(event, CallEvent::Hold);
        if let CallEvent::Resumed = event {
            call.hang_up();
        }
        Ok(())
    }

    async fn on_failure(&self, call: &mut CallContext<Explosive>, _: CallEvent, _: HandlerError) {
        assert!(call.call_ref() != World::key("bad"), "the last resort panics");
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_panics_harms_only_its_call() {
    let react = |_: &Arc<World>, sent: &Sent| {
        assert!(!sent.is(&Method::DELETE, "/bad"), "the transport panics");
        Reply::Answer(StatusCode::NO_CONTENT, Value::Null)
    };
    let world = World::new(react, |_, _| Ok(()));
    let machine: Arc<Machine> = Arc::default();
    let store = store_of(&world, &machine);
    let engine = world.start_as(machine, store, config(Unanswered::Ignore), Panics);
    let mut panics = 0;
    for call in ["bad", "good"] {
        world.tell(World::key(call), "", &established(call)).await;
        for state in ["hold", "established"] {
            world.tell(World::key(call), "", &about(call, "updated", "", &json!({"state": state}))).await;
        }
        sleep(Duration::from_secs(30)).await;
        world.tell(World::key(call), "", &terminated(call)).await;
        sleep(Duration::from_secs(1)).await;
        panics = panics.max(engine.stats().events_dead);
    }
    engine.settled().await;
    let stats = engine.stats();
    assert_eq!((stats.events_dead, stats.in_doubt), (2, 1));
    let bad = world.store.browse(&Browse::one(World::key("bad"))).await.unwrap().pop().unwrap();
    assert_eq!(bad.dead.len(), 2);
    assert_eq!(world.count(&Method::DELETE, "/good"), 1);
    sleep(Duration::from_secs(300)).await;
    assert_eq!(world.store.check().await.unwrap().calls, 0);
    assert_eq!(engine.at_work(), 0);
    figure("V7: handler, its memory, its last resort and the transport panicked: 1 call harmed, 1 not");
}
