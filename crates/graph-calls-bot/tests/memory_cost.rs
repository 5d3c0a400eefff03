//! What an idle call costs in memory. Alone in its process, so that nobody else's memory is counted.

use std::{
    alloc::System,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use cap::Cap;
use graph_calls_bot::{
    CallRef,
    core::{Wall, model::TenantId},
    store::{
        Accepted, Arrival, CallStore, Change, DedupKey, InstanceId, Item, ItemKind, MemoryStore, Phase, Want,
    },
};

#[global_allocator]
static ALLOCATED: Cap<System> = Cap::new(System, usize::MAX);

const CALLS: usize = 10_000;
/// What a call remembers: its memory and its record.
const STATE: usize = 700;
/// The notifications of a call that was answered, played to and talked to, each with its dedup key.
const NOTIFICATIONS: usize = 12;

#[tokio::test(start_paused = true)]
async fn an_idle_call_costs_at_most_1_kib_beyond_what_it_remembers() {
    let store = MemoryStore::with_wall(Wall::anchored(SystemTime::UNIX_EPOCH));
    let instance = InstanceId::random();
    let before = ALLOCATED.allocated();
    for call in 0..CALLS {
        let key = CallRef::random();
        let arrivals = (0..NOTIFICATIONS).map(|number| Arrival {
            key,
            tenant: TenantId::new("aa67bd4c-8475-432d-bd41-39f255720e0a").unwrap(),
            dedup: Some(DedupKey::of(&[&call.to_be_bytes(), &number.to_be_bytes()])),
            item: Item::new(ItemKind::Notification, vec![b'x'; 1_500]),
        });
        assert_eq!(store.accept(arrivals.collect(), 256).await.unwrap(), [Accepted::New; NOTIFICATIONS]);
        // It stays claimed: the instance that is at the call renews.
        let claims = store.claim(&instance, Want::This(key), Duration::from_secs(5)).await.unwrap();
        let numbers = claims[0].items.iter().map(|stored| stored.number);
        let change = Change {
            state: Bytes::from(vec![b'x'; STATE]),
            taken: numbers.clone().collect(),
            seen: numbers.last().unwrap(),
            wake: Some(claims[0].now + Duration::from_secs(900)),
            phase: Phase::Live,
            dead: Vec::new(),
            undead: Vec::new(),
            requeue: Vec::new(),
        };
        assert!(store.commit(&claims[0].this, change).await.unwrap().is_empty());
    }
    let each = (ALLOCATED.allocated() - before) / CALLS;
    println!("an idle call costs {} bytes beyond the {STATE} it remembers", each - STATE);
    assert_eq!(store.check().await.unwrap().calls, CALLS as u64);
    assert!(each <= STATE + 1_024, "{each} bytes");
}
