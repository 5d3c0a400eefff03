//! Engines on machines that may stop between any two steps, one store, and a service that plays calls.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    future::pending,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use graph_calls_core::{
    BoxError, Certainty, Client, FixedToken, Transport, TransportError, TransportErrorKind, Wall,
    model::{AppId, CallId, Notification, RawJson, TenantId},
};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use tower::{service_fn, util::BoxCloneSyncService};

use super::{
    super::{Engine, EngineConfig, Registered, content},
    table::config,
};
use crate::{
    CallContext, CallEvent, CallHandler, CallRef, HandlerError, Unanswered,
    routing::Handlers,
    store::{
        Accepted, Arrival, Browse, CallStore, Change, Claim, ClaimRef, Counts, Entry, InstanceId,
        MemoryStore, Renewed, StoreError, Stored, Want,
    },
};

pub(super) const APP: &str = "a0000000-0000-4000-8000-000000000002";
/// A GUID: calls are placed in it.
pub(super) const TENANT: &str = "b0000000-0000-4000-8000-000000000002";

/// What an engine runs on. It stops at one of its steps, for good: nothing that it began goes on.
#[derive(Debug, Default)]
pub(super) struct Machine {
    stops_at: Option<usize>,
    steps: AtomicUsize,
    stopped: AtomicBool,
}

impl Machine {
    pub(super) fn stopping_at(step: usize) -> Arc<Self> {
        Arc::new(Self { stops_at: Some(step), ..Self::default() })
    }

    /// Between two steps.
    pub(super) async fn step(&self) {
        if Some(self.steps.fetch_add(1, Ordering::Relaxed)) == self.stops_at {
            self.stop();
        }
        if self.has_stopped() {
            pending::<()>().await;
        }
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// What a store does to one of its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does what it is asked and says that it does not know.
    UnclearAndDone,
    /// It does nothing and says that it does not know.
    UnclearAndNot,
}

/// A store as one machine reaches it.
pub(super) struct Reached {
    pub(super) inner: Arc<dyn CallStore>,
    pub(super) machine: Arc<Machine>,
    /// Until then it cannot be reached at all.
    pub(super) away_until: Mutex<Option<Instant>>,
    /// What happens to which commit, by its number.
    pub(super) faults: Mutex<Vec<(usize, Fault)>>,
    pub(super) commits: AtomicUsize,
    /// How often somebody looked for work.
    pub(super) looks: AtomicUsize,
}

impl Reached {
    pub(super) fn by(machine: &Arc<Machine>, inner: Arc<dyn CallStore>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            machine: Arc::clone(machine),
            away_until: Mutex::default(),
            faults: Mutex::default(),
            commits: AtomicUsize::new(0),
            looks: AtomicUsize::new(0),
        })
    }

    async fn ask<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.machine.step().await;
        if lock(&self.away_until).is_some_and(|until| Instant::now() < until) {
            let why = "it is being restarted".to_owned();
            return Err(StoreError::Unavailable { retry_after: Duration::from_secs(1), why });
        }
        let done = work.await;
        self.machine.step().await;
        done
    }
}

#[async_trait]
impl CallStore for Reached {
    async fn accept(&self, arrivals: Vec<Arrival>, queue: usize) -> Result<Vec<Accepted>, StoreError> {
        self.ask(self.inner.accept(arrivals, queue)).await
    }

    async fn claim(&self, by: &InstanceId, want: Want, lease: Duration) -> Result<Vec<Claim>, StoreError> {
        if want != Want::Any(64) {
            return self.ask(self.inner.claim(by, want, lease)).await;
        }
        self.looks.fetch_add(1, Ordering::Relaxed);
        // Looking around is no step: how often it is done depends on the time alone.
        if self.machine.has_stopped() {
            pending::<()>().await;
        }
        if lock(&self.away_until).is_some_and(|until| Instant::now() < until) {
            return Ok(Vec::new());
        }
        let claims = self.inner.claim(by, want, lease).await?;
        if !claims.is_empty() {
            self.machine.step().await;
        }
        Ok(claims)
    }

    async fn commit(&self, claim: &ClaimRef, change: Change) -> Result<Vec<Stored>, StoreError> {
        let number = self.commits.fetch_add(1, Ordering::Relaxed);
        let fault = lock(&self.faults).iter().find(|(at, _)| *at == number).map(|(_, fault)| *fault);
        match fault {
            None => self.ask(self.inner.commit(claim, change)).await,
            Some(fault) => {
                if fault == Fault::UnclearAndDone {
                    self.inner.commit(claim, change).await?;
                }
                Err(StoreError::Unclear("the connection broke".into()))
            }
        }
    }

    async fn fetch(&self, claim: &ClaimRef, seen: u64) -> Result<Vec<Stored>, StoreError> {
        self.ask(self.inner.fetch(claim, seen)).await
    }

    async fn renew(&self, claims: &[ClaimRef], lease: Duration) -> Result<Renewed, StoreError> {
        if self.machine.has_stopped() {
            pending::<()>().await;
        }
        self.inner.renew(claims, lease).await
    }

    async fn release(&self, claims: &[ClaimRef]) -> Result<(), StoreError> {
        self.ask(self.inner.release(claims)).await
    }

    async fn work(&self, at_most: Duration) {
        self.inner.work(at_most).await;
    }

    async fn check(&self) -> Result<Counts, StoreError> {
        self.inner.check().await
    }

    async fn browse(&self, query: &Browse) -> Result<Vec<Entry>, StoreError> {
        self.ask(self.inner.browse(query)).await
    }
}

/// A request that reached the service.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Value,
    pub(super) at: Instant,
}

impl Sent {
    pub(super) fn is(&self, method: &Method, end: &str) -> bool {
        self.method == *method && self.path.ends_with(end)
    }

    pub(super) fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_default().to_owned()
    }
}

/// What the service says to a request.
pub(super) enum Reply {
    Answer(StatusCode, Value),
    Located(String),
    LocatedAfter(Duration, String),
    /// It is lost on its way back.
    Lost,
    Silence,
}

pub(super) type React = dyn Fn(&Arc<World>, &Sent) -> Reply + Send + Sync;
pub(super) type Decide =
    dyn Fn(&mut CallContext<Notes>, &CallEvent) -> Result<(), HandlerError> + Send + Sync;

/// What a bot of these tests remembers: the events whose decisions were kept, in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Notes {
    pub(super) events: Vec<String>,
}

/// What a handler was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) call: CallRef,
    pub(super) id: String,
    pub(super) word: String,
    /// What it remembered when it was told.
    pub(super) remembered: Vec<String>,
}

/// A store, a service, and any number of machines.
pub(super) struct World {
    pub(super) store: Arc<MemoryStore>,
    wall: Wall,
    engines: Mutex<Vec<(Arc<Engine>, Arc<Machine>)>>,
    sent: Mutex<Vec<Sent>>,
    told: Mutex<Vec<Told>>,
    messages: AtomicUsize,
    react: Box<React>,
    decide: Arc<Decide>,
}

struct Teller {
    world: Arc<World>,
    machine: Arc<Machine>,
}

#[async_trait]
impl CallHandler for Teller {
    type Memory = Notes;

    async fn on_event(&self, call: &mut CallContext<Notes>, event: CallEvent) -> Result<(), HandlerError> {
        if self.machine.has_stopped() {
            pending::<()>().await;
        }
        let word = word(&event);
        let remembered = call.memory.events.clone();
        let told = Told { call: call.call_ref(), id: call.event_id().to_owned(), word, remembered };
        call.memory.events.push(format!("{} {}", told.id, told.word));
        lock(&self.world.told).push(told);
        (self.world.decide)(call, &event)
    }
}

pub(super) fn word(event: &CallEvent) -> String {
    match event {
        CallEvent::Done(done) => format!("done {}", done.name),
        CallEvent::Failed(failed) => format!("failed {}: {}", failed.name, failed.error),
        CallEvent::InDoubt(doubt) => format!("in doubt {}", doubt.name),
        CallEvent::Terminated(ended) => format!("terminated {}", ended.outcome.as_str()),
        CallEvent::Timer(name) => format!("timer {name}"),
        CallEvent::Message(message) => format!("message {}", message.body.as_str()),
        other => other.kind().to_owned(),
    }
}

impl World {
    pub(super) fn new(
        react: impl Fn(&Arc<World>, &Sent) -> Reply + Send + Sync + 'static,
        decide: impl Fn(&mut CallContext<Notes>, &CallEvent) -> Result<(), HandlerError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let wall = Wall::anchored(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
        Arc::new(Self {
            store: Arc::new(MemoryStore::with_wall(wall)),
            wall,
            engines: Mutex::default(),
            sent: Mutex::default(),
            told: Mutex::default(),
            messages: AtomicUsize::new(0),
            react: Box::new(react),
            decide: Arc::new(decide),
        })
    }

    pub(super) fn app() -> AppId {
        AppId::new(APP).unwrap()
    }

    pub(super) fn tenant() -> TenantId {
        TenantId::new(TENANT).unwrap()
    }

    /// The conversation of a call that came in under this id.
    pub(super) fn key(call: &str) -> CallRef {
        CallRef::of_incoming(&Self::app(), &Self::tenant(), &CallId::new(call).unwrap())
    }

    /// Starts an engine.
    pub(super) fn start(self: &Arc<Self>, machine: Arc<Machine>) -> Arc<Engine> {
        let store = Reached::by(&machine, Arc::clone(&self.store) as Arc<dyn CallStore>);
        self.start_with(machine, store, config(Unanswered::Ignore))
    }

    pub(super) fn start_with(
        self: &Arc<Self>,
        machine: Arc<Machine>,
        store: Arc<Reached>,
        config: EngineConfig,
    ) -> Arc<Engine> {
        let teller = Teller { world: Arc::clone(self), machine: Arc::clone(&machine) };
        self.start_as(machine, store, config, teller)
    }

    pub(super) fn start_as(
        self: &Arc<Self>,
        machine: Arc<Machine>,
        store: Arc<Reached>,
        config: EngineConfig,
        handler: impl CallHandler,
    ) -> Arc<Engine> {
        let client = Client::builder(self.transport(&machine)).token(FixedToken::new("t").unwrap()).build();
        let handlers = Handlers::new(Vec::new(), Arc::new(handler));
        let apps = vec![Registered { id: Self::app(), client, tenant: Some(Self::tenant()), handlers }];
        let engine = Engine::new(apps, store, self.wall, config);
        tokio::spawn(Arc::clone(&engine).look_for_work());
        tokio::spawn(Arc::clone(&engine).renew());
        lock(&self.engines).push((Arc::clone(&engine), machine));
        engine
    }

    pub(super) fn transport(self: &Arc<Self>, machine: &Arc<Machine>) -> Transport {
        let (world, machine) = (Arc::clone(self), Arc::clone(machine));
        BoxCloneSyncService::new(service_fn(move |request: http::Request<Bytes>| {
            let (world, machine) = (Arc::clone(&world), Arc::clone(&machine));
            async move {
                machine.step().await;
                let reply = world.receive(&request);
                let response = world.reply(reply).await;
                machine.step().await;
                response
            }
        }))
    }

    fn receive(self: &Arc<Self>, request: &http::Request<Bytes>) -> Reply {
        let sent = Sent {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
            at: Instant::now(),
        };
        lock(&self.sent).push(sent.clone());
        (self.react)(self, &sent)
    }

    async fn reply(&self, mut reply: Reply) -> Result<http::Response<Bytes>, BoxError> {
        if let Reply::LocatedAfter(wait, id) = reply {
            sleep(wait).await;
            reply = Reply::Located(id);
        }
        let mut response = http::Response::new(Bytes::new());
        match reply {
            Reply::Answer(status, body) => {
                *response.status_mut() = status;
                if !body.is_null() {
                    *response.body_mut() = body.to_string().into();
                }
            }
            Reply::Located(id) | Reply::LocatedAfter(_, id) => {
                *response.status_mut() = StatusCode::CREATED;
                *response.body_mut() = json!({"id": id, "state": "establishing"}).to_string().into();
                let at = format!("https://graph.microsoft.com/v1.0/communications/calls/{id}");
                response.headers_mut().insert("location", at.parse().unwrap());
            }
            Reply::Lost => {
                let kind = TransportErrorKind::Connection;
                return Err(TransportError::new(kind, Certainty::Unknown, "reset").into());
            }
            Reply::Silence => pending().await,
        }
        Ok(response)
    }

    /// The service tells of a call after a while, to whichever engine is there, until one has taken it.
    pub(super) fn tell_after(self: &Arc<Self>, wait: Duration, key: CallRef, attempt: &str, item: Value) {
        let (world, attempt) = (Arc::clone(self), attempt.to_owned());
        tokio::spawn(async move {
            sleep(wait).await;
            world.tell(key, &attempt, &item).await;
        });
    }

    pub(super) async fn tell(self: &Arc<Self>, key: CallRef, attempt: &str, item: &Value) {
        let arrival = self.arrival(key, attempt, item);
        self.deliver(arrival).await;
    }

    /// The same, to this engine first.
    pub(super) async fn tell_to(self: &Arc<Self>, engine: &Arc<Engine>, key: CallRef, item: &Value) {
        let arrival = self.arrival(key, "", item);
        let accepted = timeout(Duration::from_millis(500), engine.accept(vec![arrival.clone()])).await;
        if !matches!(accepted, Ok(Ok(_))) {
            self.deliver(arrival).await;
        }
    }

    pub(super) fn arrival(&self, key: CallRef, attempt: &str, item: &Value) -> Arrival {
        let item = Notification::from_raw(RawJson::from_string(item.to_string()).unwrap());
        let message = format!("m{}", self.messages.fetch_add(1, Ordering::Relaxed));
        let dedup = content::dedup(Some(&message), 0, &item);
        let attempt = Some(attempt.to_owned()).filter(|attempt| !attempt.is_empty());
        let item = content::notification(&Self::app(), attempt, &item, self.wall.now(), None);
        Arrival { key, tenant: Self::tenant(), dedup, item }
    }

    /// Hands an item to the first engine that takes it.
    pub(super) async fn deliver(self: &Arc<Self>, arrival: Arrival) {
        for _ in 0..100 {
            let engines = lock(&self.engines).clone();
            for (engine, machine) in engines {
                if machine.has_stopped() {
                    continue;
                }
                let accepted = timeout(Duration::from_millis(500), engine.accept(vec![arrival.clone()]));
                if let Ok(Ok(_)) = accepted.await
                    && !machine.has_stopped()
                {
                    return;
                }
            }
            sleep(Duration::from_millis(200)).await;
        }
        let stopped = lock(&self.engines).iter().all(|(_, machine)| machine.has_stopped());
        assert!(stopped, "nobody took a notification");
    }

    pub(super) fn sent(&self) -> Vec<Sent> {
        lock(&self.sent).clone()
    }

    /// How often a request with this method and this end of its path was received.
    pub(super) fn count(&self, method: &Method, end: &str) -> usize {
        lock(&self.sent).iter().filter(|sent| sent.is(method, end)).count()
    }

    pub(super) fn told(&self) -> Vec<Told> {
        lock(&self.told).clone()
    }

    /// The words a call's handler was told, without repeats.
    pub(super) fn words(&self, key: CallRef) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let told = self.told().into_iter().filter(|told| told.call == key);
        told.filter(|told| seen.insert(told.id.clone())).map(|told| told.word).collect()
    }

    /// What a call's handler remembers, by what was committed last.
    pub(super) async fn notes(&self, key: CallRef) -> Option<Notes> {
        let entry = self.store.browse(&Browse::one(key)).await.unwrap().pop()?;
        let call = super::super::Conversation::from_bytes(entry.state.as_ref()).ok()?;
        serde_json::from_str(call.memory?.get()).ok()
    }

    /// Waits until a call's handler was told this.
    pub(super) async fn until_told(&self, word: &str) {
        let told = async {
            while !lock(&self.told).iter().any(|told| told.word.starts_with(word)) {
                sleep(Duration::from_millis(100)).await;
            }
        };
        let in_time = timeout(Duration::from_secs(900), told).await;
        assert!(in_time.is_ok(), "never told of `{word}`:\n{}", self.ladder());
    }

    /// Stops every machine, so that the next world has its time for itself.
    pub(super) fn stop(&self) {
        lock(&self.engines).iter().for_each(|(_, machine)| machine.stop());
    }

    /// All that happened, for whoever looks into a failure.
    pub(super) fn ladder(&self) -> String {
        let mut text = String::new();
        for sent in self.sent() {
            let _ = writeln!(text, "  {:?} {} {}", sent.at, sent.method, sent.path);
        }
        for told in self.told() {
            let _ = writeln!(text, "  {} {}", told.id, told.word);
        }
        text
    }
}

/// A notification about a call, or about something below it.
pub(super) fn about(call: &str, change: &str, below: &str, data: &Value) -> Value {
    json!({
        "changeType": change,
        "resourceUrl": format!("/communications/calls/{call}{below}"),
        "resourceData": data,
    })
}

pub(super) fn established(call: &str) -> Value {
    about(call, "updated", "", &json!({"state": "established", "mediaState": {"audio": "active"}}))
}

pub(super) fn terminated(call: &str) -> Value {
    about(call, "deleted", "", &json!({"state": "terminated", "resultInfo": {"code": 200, "subcode": 5001}}))
}

pub(super) fn incoming(call: &str) -> Value {
    about(call, "created", "", &json!({"state": "incoming", "direction": "incoming"}))
}

/// An operation that finished well, by the client context of the request that started it.
pub(super) fn finished(call: &str, context: &str) -> Value {
    let data = json!({
        "@odata.type": "#microsoft.graph.playPromptOperation",
        "status": "completed", "clientContext": context, "resultInfo": {"code": 200},
    });
    about(call, "deleted", "/operations/9", &data)
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints the figure of a promise.
pub(super) fn figure(line: &str) {
    println!("{line}");
}
