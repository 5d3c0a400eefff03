//! One engine, one call, and a handler made of a closure.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use graph_calls_core::{
    Client, FixedToken, Wall,
    model::{AppId, CallbackUri, Notification, RawJson, TenantId},
    test_util::ScriptedTransport,
};
use serde_json::{Value, json};

use super::super::*;
use crate::{
    CallContext, CallEvent, CallHandler, CallRef, HandlerError,
    routing::Handlers,
    store::{Accepted, Arrival, MemoryStore},
};

pub(super) const CALL: &str = "/v1.0/communications/calls/1";

pub(super) type Decide = dyn Fn(&mut CallContext<u32>, &CallEvent) -> Result<(), HandlerError> + Send + Sync;

/// A handler made of a closure, which writes down what it was told.
pub(super) struct Scripted {
    pub(super) told: Arc<Mutex<Vec<String>>>,
    pub(super) decide: Box<Decide>,
}

#[async_trait]
impl CallHandler for Scripted {
    type Memory = u32;

    async fn on_event(&self, call: &mut CallContext<u32>, event: CallEvent) -> Result<(), HandlerError> {
        let word = match &event {
            CallEvent::Incoming(_) => "incoming".to_owned(),
            CallEvent::Done(done) => format!("done {}", done.name),
            CallEvent::Failed(failed) => format!("failed {}: {}", failed.name, failed.error),
            CallEvent::InDoubt(doubt) => format!("in doubt {}", doubt.name),
            CallEvent::Terminated(ended) => format!("terminated {}", ended.outcome.as_str()),
            CallEvent::Timer(name) => format!("timer {name}"),
            other => format!("{other:?}").to_lowercase(),
        };
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(word);
        call.memory += 1;
        (self.decide)(call, &event)
    }
}

pub(super) struct Table {
    pub(super) engine: Arc<Engine>,
    pub(super) app: AppId,
    pub(super) told: Arc<Mutex<Vec<String>>>,
    pub(super) tenant: TenantId,
    pub(super) key: CallRef,
}

pub(super) fn table(
    script: &ScriptedTransport,
    unanswered: Unanswered,
    decide: impl Fn(&mut CallContext<u32>, &CallEvent) -> Result<(), HandlerError> + Send + Sync + 'static,
) -> Table {
    let told = Arc::default();
    let handler = Scripted { told: Arc::clone(&told), decide: Box::new(decide) };
    let client = Client::builder(script.transport()).token(FixedToken::new("t").unwrap()).build();
    let app = AppId::new("a0000000-0000-4000-8000-000000000002").unwrap();
    let tenant = TenantId::new("contoso.example").unwrap();
    let key = CallRef::of_incoming(&app, &tenant, &"1".parse().unwrap());
    let apps = vec![Registered {
        id: app.clone(),
        client,
        tenant: None,
        handlers: Handlers::new(Vec::new(), Arc::new(handler)),
    }];
    let wall = Wall::anchored(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
    let engine = Engine::new(apps, Arc::new(MemoryStore::with_wall(wall)), wall, config(unanswered));
    tokio::spawn(Arc::clone(&engine).look_for_work());
    tokio::spawn(Arc::clone(&engine).renew());
    Table { engine, app, told, tenant, key }
}

/// The same table with another handler, and with nobody who looks for work.
pub(super) fn engine_of(
    table: &Table,
    script: &ScriptedTransport,
    handler: impl CallHandler,
    config: EngineConfig,
) -> Arc<Engine> {
    let client = Client::builder(script.transport()).token(FixedToken::new("t").unwrap()).build();
    let handlers = Handlers::new(Vec::new(), Arc::new(handler));
    let apps = vec![Registered { id: table.app.clone(), client, tenant: None, handlers }];
    let wall = Wall::anchored(SystemTime::UNIX_EPOCH);
    let engine = Engine::new(apps, Arc::new(MemoryStore::with_wall(wall)), wall, config);
    tokio::spawn(Arc::clone(&engine).renew());
    engine
}

pub(super) fn config(unanswered: Unanswered) -> EngineConfig {
    EngineConfig {
        callback: CallbackUri::new("https://bot.example/api/calls").unwrap(),
        sounds: crate::prompts::Sounds::default(),
        unanswered,
        media_host: crate::media_host::Host::default(),
        keep_alive: Duration::from_secs(900),
        queue: 256,
    }
}

impl Table {
    pub(super) async fn notify(&self, change: &str, below: &str, data: &Value) {
        let path = format!("/communications/calls/1{below}");
        let text = json!({"changeType": change, "resourceUrl": path, "resourceData": data}).to_string();
        let item = Notification::from_raw(RawJson::from_string(text).unwrap());
        let item = content::notification(&self.app, None, &item, self.engine.now(), None);
        let arrival = Arrival { key: self.key, tenant: self.tenant.clone(), dedup: None, item };
        let accepted = self.engine.accept(vec![arrival]).await.unwrap();
        assert!(matches!(accepted.as_slice(), [Accepted::New | Accepted::Ended]));
        self.engine.settled().await;
    }

    pub(super) async fn incoming(&self) {
        self.notify("created", "", &json!({"state": "incoming", "direction": "incoming"})).await;
    }

    pub(super) async fn after(&self, time: Duration) {
        // What is due at that time has had its turn.
        tokio::time::sleep(time + Duration::from_millis(10)).await;
        self.engine.settled().await;
    }

    pub(super) async fn calls(&self) -> u64 {
        self.engine.store.check().await.unwrap().calls
    }

    pub(super) fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }
}
