//! One conversation on a bench: the engine's own desk, with a clock that stands still and a service that somebody plays.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use graph_calls_core::{
    ApiRequest as _, BoxError, Client, CreateCall, FixedToken, Wall,
    model::{
        AppId, CallId, CallbackUri, CommsOperation, InvitationParticipantInfo, Notification, OperationStatus,
        RawJson, ResultInfo, TenantId,
    },
};
use serde_json::{Value, json, value::RawValue};
use tokio::time::Instant;
use tower::{service_fn, util::BoxCloneSyncService};

use super::{
    Conversation, Dial, DialError, Engine, EngineConfig, Registered, Unanswered,
    content::{self, Answer, Begin, Letter},
    desk::{Desk, Standing},
    outbox::Entry,
    own,
    timers::TimerName,
};
use crate::{
    CallCommand, CallEvent, CallRecord, CallRef, CommandError, JoiningAnswer,
    context::Facts,
    handler::ErasedHandler,
    media_host::Host,
    prompts::Sounds,
    routing::Handlers,
    store::{Arrival, Change, ClaimRef, InstanceId, Item, ItemKind, MemoryStore, Stored, Want},
};

/// The id of the call.
const CALL: &str = "c0000000-0000-4000-8000-000000000001";

/// One conversation with its engine, and what the service was asked for.
pub(crate) struct Bench {
    engine: Arc<Engine>,
    desk: Desk,
    app: AppId,
    items: u64,
    operations: u64,
    /// What the service has not answered yet.
    under_way: Vec<CallCommand>,
    /// What the handler decided.
    decided: Vec<CallCommand>,
    /// Their numbers in the outbox.
    numbers: Vec<u64>,
    /// What left for other calls.
    pub(crate) posted: Vec<Posted>,
}

/// What left for another call.
pub(crate) enum Posted {
    Message(CallRef, Box<RawValue>),
    /// With whom is called.
    Dial(CallRef, Vec<InvitationParticipantInfo<'static>>),
}

/// What becomes of a command.
pub(crate) enum Fate {
    Done(Box<CommsOperation<'static>>),
    Failed(ResultInfo<'static>),
    InDoubt,
}

impl Bench {
    pub(crate) fn new(
        handler: Arc<dyn ErasedHandler>,
        app: AppId,
        tenant: TenantId,
        callback: CallbackUri,
        token: FixedToken,
    ) -> Self {
        // Nothing is ever sent: the bench takes what the desk lays out.
        let nowhere = BoxCloneSyncService::new(service_fn(|_| async {
            Err::<http::Response<bytes::Bytes>, BoxError>("a bench sends nothing".into())
        }));
        let client = Client::builder(nowhere).token(token).build();
        let handlers = Handlers::new(Vec::new(), handler);
        let apps = vec![Registered { id: app.clone(), client, tenant: Some(tenant.clone()), handlers }];
        let wall = Wall::anchored(UNIX_EPOCH);
        let config = EngineConfig {
            callback,
            sounds: Sounds { emulator: Some("http://127.0.0.1".into()), any_name: true, ..Sounds::default() },
            unanswered: Unanswered::Ignore,
            keep_alive: Duration::from_secs(15 * 60),
            media_host: Host::default(),
            queue: usize::MAX,
        };
        let engine = Engine::new(apps, Arc::new(MemoryStore::with_wall(wall)), wall, config);
        let key = CallRef::of_dial(&app, CALL);
        let claim = ClaimRef { key, epoch: 1 };
        let mut call = Conversation::default();
        call.record_mut().bind_tenant(&tenant);
        let mut desk = Desk::new(claim, tenant, call, (UNIX_EPOCH, Instant::now()), Arc::default());
        desk.stand_still(UNIX_EPOCH);
        Self {
            engine,
            desk,
            app,
            items: 0,
            operations: 0,
            under_way: Vec::new(),
            decided: Vec::new(),
            numbers: Vec::new(),
            posted: Vec::new(),
        }
    }

    /// With another configuration; before anything happened.
    pub(crate) fn configure(&mut self, change: impl FnOnce(&mut EngineConfig)) {
        if let Some(engine) = Arc::get_mut(&mut self.engine) {
            change(&mut engine.config);
        }
    }

    pub(crate) fn record(&self) -> &CallRecord {
        &self.desk.call.record
    }

    pub(crate) fn memory(&self) -> Option<&str> {
        self.desk.call.memory.as_deref().map(RawValue::get)
    }

    pub(crate) fn call_ref(&self) -> CallRef {
        self.desk.claim.key
    }

    pub(crate) fn facts(&self) -> Facts {
        self.engine.facts(&self.desk)
    }

    /// What the handler decided that could be put into the outbox.
    pub(crate) fn decided(&self) -> &[CallCommand] {
        &self.decided
    }

    pub(crate) fn user_timers(&self) -> Vec<String> {
        self.desk.call.timers.user().map(str::to_owned).collect()
    }

    /// Something about the call, as its notification would tell it.
    pub(crate) async fn notify(
        &mut self,
        change: &str,
        below: &str,
        data: &Value,
        answered: Option<JoiningAnswer>,
    ) {
        let path = format!("/communications/calls/{CALL}{below}");
        let text = json!({"changeType": change, "resourceUrl": path, "resourceData": data}).to_string();
        if let Ok(raw) = RawJson::from_string(text) {
            let item = Notification::from_raw(raw);
            let item = content::notification(&self.app, None, &item, self.desk.now(), answered);
            self.take(item).await;
        }
    }

    pub(crate) async fn message(&mut self, from: Option<CallRef>, body: Box<RawValue>) {
        self.take(content::letter(&Letter::Message { from, body })).await;
    }

    /// Places the call, which the service takes.
    pub(crate) async fn begin(&mut self, dial: Dial) -> Result<(), DialError> {
        let key = self.call_ref();
        let opening = dial.open(&self.app, &self.desk.tenant, &self.engine.config.callback, || key)?;
        self.take(opening.item).await;
        self.decided.clear();
        self.numbers.clear();
        if let Some(create) = self.under_way.pop() {
            self.fate(create, Fate::Done(Box::default())).await;
        }
        Ok(())
    }

    /// An event that nothing else led to.
    pub(crate) async fn event(&mut self, event: CallEvent) {
        self.items += 1;
        self.desk.begin_step(self.items.to_string());
        self.desk.told = 0;
        self.desk.push(event);
        self.go_on().await;
    }

    /// Time passes; what is due meanwhile happens.
    pub(crate) async fn advance(&mut self, by: Duration) {
        let target = self.desk.now() + by;
        while let Some(next) = self.desk.next_time().filter(|next| *next <= target) {
            let now = self.desk.now().max(next);
            self.desk.stand_still(now);
            let happened = self.engine.pass_time(&mut self.desk);
            self.go_on().await;
            if self.desk.standing == Standing::Over || (!happened && self.desk.next_time() == Some(next)) {
                break;
            }
        }
        self.desk.stand_still(target);
    }

    /// Time passes until a timer is due. Returns whether there is one.
    pub(crate) async fn advance_to(&mut self, timer: &TimerName) -> bool {
        let Some(at) = self.desk.call.timers.at(timer) else { return false };
        self.advance(at.duration_since(self.desk.now()).unwrap_or_default()).await;
        true
    }

    /// The keys of a question come, however they were pressed. Returns whether it is asked.
    pub(crate) fn close_question(&mut self, name: &str) -> bool {
        self.desk.call.timers.cancel(&TimerName::Collect);
        self.desk.call.asking.close(name)
    }

    /// What becomes of the command of this name, or why nothing can.
    pub(crate) async fn decide_fate(&mut self, name: &str, fate: Fate) -> Result<(), String> {
        let prompt = self.desk.call.asking.prompts_of(name);
        let is_it = |command: &CallCommand| {
            command.name == name
                || own::is_first_step_of(&command.name, name)
                || prompt.as_ref().is_some_and(|prompt| command.name.starts_with(prompt))
        };
        if let Some(place) = self.under_way.iter().rposition(is_it) {
            let command = self.under_way.remove(place);
            self.fate(command, fate).await;
            return Ok(());
        }
        let doubted = self.desk.call.doubts.find(name).cloned();
        if let Some(command) = doubted {
            match (&command.client_context, fate) {
                (Some(context), fate) => self.finish(context, fate).await,
                (None, Fate::Done(_)) => {
                    let done = crate::Done { name: name.to_owned(), operation: None, body: None };
                    self.event(CallEvent::Done(done)).await;
                }
                (None, Fate::Failed(result)) => {
                    let error = CommandError::of_operation(Some(result));
                    self.event(CallEvent::Failed(crate::Failed { name: name.to_owned(), error })).await;
                }
                (None, Fate::InDoubt) => {}
            }
            return Ok(());
        }
        let waits = self.desk.call.outbox.waiting().map(|command| command.name.as_str()).collect::<Vec<_>>();
        let asked = self.under_way.iter().map(|command| command.name.as_str()).collect::<Vec<_>>();
        Err(format!(
            "no command `{name}` is under way. Under way are {asked:?}; decided but not sent yet, since the audio does \
             not flow or what they follow has not ended, {waits:?}"
        ))
    }

    async fn fate(&mut self, command: CallCommand, fate: Fate) {
        let context = command.client_context.clone();
        match (fate, context) {
            (Fate::InDoubt, _) => {
                self.settle(command, Err(CommandError::unknown("no answer in time"))).await;
            }
            (Fate::Failed(result), None) => {
                self.settle(command, Err(CommandError::of_operation(Some(result)))).await;
            }
            (Fate::Done(_), None) => {
                let body = if command.is(CreateCall::NAME) {
                    json!({"id": CALL, "state": "establishing", "direction": "outgoing"}).to_string()
                } else {
                    String::new()
                };
                self.settle(command, Ok(Answer { location: None, body })).await;
            }
            (fate, Some(context)) => {
                self.operations += 1;
                let running = json!({"id": format!("operation-{}", self.operations), "status": "running"});
                self.settle(command, Ok(Answer { location: None, body: running.to_string() })).await;
                self.finish(&context, fate).await;
            }
        }
    }

    /// The comms operation of this client context ends.
    async fn finish(&mut self, context: &str, fate: Fate) {
        let mut operation = match fate {
            Fate::Done(operation) => *operation,
            Fate::Failed(result) => {
                let mut operation = CommsOperation::default();
                operation.status = Some(OperationStatus::Failed);
                operation.result_info = Some(result);
                operation
            }
            Fate::InDoubt => return,
        };
        operation.client_context = Some(context.to_owned().into());
        operation.status.get_or_insert(OperationStatus::Completed);
        let mut data = serde_json::to_value(&operation).unwrap_or_default();
        if let Some(data) = data.as_object_mut() {
            data.entry("@odata.type").or_insert_with(|| "#microsoft.graph.commsOperation".into());
        }
        self.notify("deleted", "/operations/1", &data, None).await;
    }

    async fn settle(&mut self, command: CallCommand, result: Result<Answer, CommandError>) {
        self.items += 1;
        self.desk.begin_step(self.items.to_string());
        self.desk.told = 0;
        let entry = Entry { id: u64::MAX, command, expires: None, tried: false };
        self.engine.settle(&mut self.desk, entry, result);
        self.go_on().await;
    }

    async fn take(&mut self, item: Item) {
        self.items += 1;
        self.desk.receive(vec![Stored { number: self.items, item }]);
        if let Some(stored) = self.desk.next_item() {
            self.engine.take_in(&mut self.desk, &stored);
            // A test waits for its handler, however long that takes.
            self.desk.call.timers.cancel(&TimerName::AnswerFallback);
            self.go_on().await;
        }
    }

    /// Until nothing is left to be told or sent.
    async fn go_on(&mut self) {
        loop {
            // Only a commit can fail, and there is none.
            let _ = self.engine.tell(&mut self.desk).await;
            self.note_decided();
            self.collect_post();
            self.introduce_others().await;
            let failed = self.engine.send_next(&mut self.desk).await.unwrap_or(false);
            let outgoing = std::mem::take(&mut self.desk.outgoing);
            if outgoing.is_empty() && !failed && self.desk.events.is_empty() {
                return;
            }
            for sending in outgoing {
                self.desk.call.outbox.sent(sending.entry.id);
                self.deliver(sending.entry).await;
            }
        }
    }

    /// The service has a command. What the bot does for itself it takes at once; what a handler decided is the test's.
    async fn deliver(&mut self, entry: Entry) {
        let command = &entry.command;
        let place = self.numbers.iter().position(|number| *number == entry.id);
        if let Some(decided) = place.and_then(|place| self.decided.get_mut(place)) {
            decided.clone_from(command);
        }
        if let Some(act) = &command.host {
            let until = Instant::now() + Duration::from_secs(30);
            let result = self.engine.config.media_host.perform(act, until).await;
            self.engine.settle(&mut self.desk, entry, result.map(|()| Answer::default()));
        } else if command.internal || own::is_passing(&command.name) {
            let body = json!({"id": "own", "status": "completed"}).to_string();
            let body = if command.internal { String::new() } else { body };
            self.engine.settle(&mut self.desk, entry, Ok(Answer { location: None, body }));
        } else {
            self.under_way.push(entry.command);
        }
    }

    fn note_decided(&mut self) {
        let known = self.numbers.last().copied();
        let waiting = self.desk.call.outbox.entries();
        let mut new: Vec<_> = waiting
            .filter(|entry| known.is_none_or(|known| entry.id > known))
            .filter(|entry| !entry.command.internal && !own::is_own(&entry.command.name))
            .collect();
        new.sort_unstable_by_key(|entry| entry.id);
        self.numbers.extend(new.iter().map(|entry| entry.id));
        self.decided.extend(new.into_iter().map(|entry| entry.command.clone()));
    }

    fn collect_post(&mut self) {
        for letter in std::mem::take(&mut self.desk.call.letters) {
            let posted = match letter.item.kind() {
                ItemKind::Begin => content::read::<Begin>(&letter.item)
                    .ok()
                    .map(|begin| Posted::Dial(letter.to, begin.targets)),
                _ => match content::read::<Letter<'_>>(&letter.item) {
                    Ok(Letter::Message { body, .. }) => Some(Posted::Message(letter.to, body)),
                    _ => None,
                },
            };
            self.posted.extend(posted);
        }
    }

    /// Another call that a command names is there, and has an id.
    async fn introduce_others(&mut self) {
        let others: Vec<_> =
            self.desk.call.outbox.waiting().filter_map(|command| command.elsewhere).collect();
        for key in others {
            let Ok(id) = CallId::new(key.to_string()) else { continue };
            // One that is there already, or a store that fails: the command then says so.
            let _ = self.introduce(key, &id).await;
        }
    }

    async fn introduce(&self, key: CallRef, id: &CallId) -> Result<(), BoxError> {
        let store = &self.engine.store;
        let text = json!({"changeType": "updated", "resourceUrl": format!("/communications/calls/{id}"),
            "resourceData": {"state": "established"}});
        let item = Notification::from_raw(RawJson::from_string(text.to_string())?);
        let mut call = Conversation::from_bytes(None)?;
        call.record_mut().apply(&item, SystemTime::UNIX_EPOCH)?;
        let item = content::notification(&self.app, None, &item, self.desk.now(), None);
        let tenant = self.desk.tenant.clone();
        store.accept(vec![Arrival { key, tenant, dedup: None, item }], usize::MAX).await?;
        let lease = Duration::from_secs(1);
        for claim in store.claim(&InstanceId::random(), Want::This(key), lease).await? {
            let seen = claim.items.last().map_or(0, |item| item.number);
            let mut change = Change::new(call.to_bytes()?, seen, None);
            change.taken.extend(claim.items.iter().map(|item| item.number));
            store.commit(&claim.this, change).await?;
            store.release(&[claim.this]).await?;
        }
        Ok(())
    }
}
