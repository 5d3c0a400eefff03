//! For tests of handlers: a call in memory, without network or clock.

#![expect(clippy::panic, clippy::expect_used, reason = "a test's tool fails the test")]

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use graph_calls_core::model::{
    AppId, CallId, CallbackUri, IdentitySet, Notification, RawJson, ResultInfo, TenantId, Tone,
};
use serde_json::{Value, json};

use crate::{
    CallCommand, CallEvent, CallHandler, CallRecord, CallRef, CommandError, Done, Failed, InDoubt,
    context::Facts,
    handler::{Decided, ErasedHandler},
};

const CALL: &str = "c0000000-0000-4000-8000-000000000001";

/// Drives a handler through one call: what the service would tell goes in, commands come out.
///
/// # Examples
///
/// ```
/// use async_trait::async_trait;
/// use graph_calls_bot::{
///     Answer, CallContext, CallEvent, CallHandler, HandlerError, Prompt, model::IdentitySet, test_util::BotTest,
/// };
///
/// struct Greeter;
///
/// #[async_trait]
/// impl CallHandler for Greeter {
///     type Memory = ();
///     async fn on_event(&self, call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
///         match event {
///             CallEvent::Incoming(_) => call.answer(Answer::service_media()),
///             CallEvent::MediaActive => call.play(Prompt::url("https://bot.example/hello.wav").named("hello")),
///             CallEvent::Done(done) if done.name == "hello" => call.hang_up(),
///             _ => {}
///         }
///         Ok(())
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let mut test = BotTest::new(Greeter);
/// test.incoming(IdentitySet::of_user("8d1e6ab6")).await.assert_commands(&["answer"]);
/// test.established().await.media_active().await.assert_commands(&["hello"]);
/// test.done("hello").await.assert_commands(&["hang-up"]);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct BotTest<H> {
    handler: H,
    call_ref: CallRef,
    record: CallRecord,
    memory: Vec<u8>,
    now: SystemTime,
    told: u64,
    tones: i64,
    roster: i64,
    new: Vec<CallCommand>,
    commands: Vec<CallCommand>,
    timers: BTreeMap<String, Duration>,
}

impl<H: CallHandler> BotTest<H> {
    /// A call that this handler decides about.
    ///
    /// # Panics
    ///
    /// Never: its ids are constants.
    pub fn new(handler: H) -> Self {
        let app = AppId::new("a0000000-0000-4000-8000-000000000001").expect("a constant");
        let tenant = TenantId::new("a0000000-0000-4000-8000-000000000002").expect("a constant");
        let call = CallId::new(CALL).expect("a constant");
        let mut record = CallRecord::default();
        record.bind_tenant(&tenant);
        Self {
            handler,
            call_ref: CallRef::of_incoming(&app, &tenant, &call),
            record,
            memory: Vec::new(),
            now: UNIX_EPOCH,
            told: 0,
            tones: 0,
            roster: 0,
            new: Vec::new(),
            commands: Vec::new(),
            timers: BTreeMap::new(),
        }
    }

    /// Somebody calls.
    pub async fn incoming(&mut self, caller: IdentitySet<'static>) -> &mut Self {
        let call = json!({"state": "incoming", "direction": "incoming", "source": {"identity": caller}});
        self.notify("created", "", &call).await
    }

    /// The call was set up.
    pub async fn established(&mut self) -> &mut Self {
        self.notify("updated", "", &json!({"state": "established"})).await
    }

    /// The audio flows.
    pub async fn media_active(&mut self) -> &mut Self {
        self.notify("updated", "", &json!({"state": "established", "mediaState": {"audio": "active"}})).await
    }

    /// Somebody presses a key: `0` to `9`, `*`, `#`, `A` to `D`.
    ///
    /// # Panics
    ///
    /// When there is no such key.
    pub async fn tone(&mut self, key: char) -> &mut Self {
        let tone = Tone::from_key(key).unwrap_or_else(|| panic!("`{key}` is no key of a phone"));
        self.tones += 1;
        let info = json!({"sequenceId": self.tones, "tone": tone});
        self.notify("updated", "", &json!({"state": "established", "toneInfo": info})).await
    }

    /// Somebody joins.
    pub async fn joined(&mut self, id: &str, who: IdentitySet<'static>) -> &mut Self {
        self.roster += 1;
        let participant = json!({"id": id, "info": {"identity": who}, "rosterSequenceNumber": self.roster});
        self.notify("updated", "/participants", &json!([participant])).await
    }

    /// Somebody leaves.
    pub async fn left(&mut self, id: &str) -> &mut Self {
        self.roster += 1;
        let participant =
            json!({"id": id, "rosterSequenceNumber": self.roster, "removedState": {"reason": "left"}});
        self.notify("updated", "/participants", &json!([participant])).await
    }

    /// The other side puts the call on hold.
    pub async fn held(&mut self) -> &mut Self {
        self.notify("updated", "", &json!({"state": "hold"})).await
    }

    /// Little time is left to answer.
    pub async fn answer_due(&mut self) -> &mut Self {
        self.event(CallEvent::AnswerDue).await
    }

    /// A command did what it should; the comms operation that it started has finished.
    ///
    /// # Panics
    ///
    /// When no such command was decided.
    pub async fn done(&mut self, name: &str) -> &mut Self {
        match self.operation_of(name) {
            Some(context) => self.finish(&context, "completed", json!({"code": 200, "subcode": 0})).await,
            None => {
                self.event(CallEvent::Done(Done { name: name.to_owned(), operation: None, body: None })).await
            }
        }
    }

    /// A command failed without effect; its comms operation with this code and subcode.
    ///
    /// # Panics
    ///
    /// When no such command was decided.
    pub async fn failed(&mut self, name: &str, code: i64, subcode: i64) -> &mut Self {
        if let Some(context) = self.operation_of(name) {
            return self.finish(&context, "failed", json!({"code": code, "subcode": subcode})).await;
        }
        if self.find(name).decides().is_some() {
            self.record.undecide();
        }
        let error = CommandError::of_operation(Some(ResultInfo::new(code, subcode)));
        self.event(CallEvent::Failed(Failed { name: name.to_owned(), error })).await
    }

    /// Nobody knows whether a command had its effect.
    ///
    /// # Panics
    ///
    /// When no such command was decided.
    pub async fn in_doubt(&mut self, name: &str) -> &mut Self {
        let name = self.find(name).name().to_owned();
        let error = CommandError::unknown("no answer in time");
        self.event(CallEvent::InDoubt(InDoubt { name, error })).await
    }

    /// The other side hangs up.
    pub async fn hung_up(&mut self) -> &mut Self {
        let result = json!({"code": 200, "subcode": 5002});
        self.notify("deleted", "", &json!({"state": "terminated", "resultInfo": result})).await
    }

    /// A timer that the handler set comes due.
    ///
    /// # Panics
    ///
    /// When no such timer is set.
    pub async fn timer(&mut self, name: &str) -> &mut Self {
        let after =
            self.timers.remove(name).unwrap_or_else(|| panic!("no timer `{name}` is set: {:?}", self.timers));
        self.now += after;
        self.tell(CallEvent::Timer(name.to_owned())).await;
        self
    }

    /// Anything else happens.
    pub async fn event(&mut self, event: CallEvent) -> &mut Self {
        self.tell(event).await;
        self
    }

    /// Asserts the names of the commands decided since the last assertion.
    ///
    /// # Panics
    ///
    /// When they differ.
    #[track_caller]
    pub fn assert_commands(&mut self, names: &[&str]) -> &mut Self {
        let new = std::mem::take(&mut self.new);
        let decided: Vec<_> = new.iter().map(CallCommand::name).collect();
        assert_eq!(decided, names, "the commands since the last assertion");
        self
    }

    /// All commands decided so far.
    pub fn commands(&self) -> &[CallCommand] {
        &self.commands
    }

    /// What the bot remembers of the call.
    ///
    /// # Panics
    ///
    /// When what the handler remembered cannot be read again.
    pub fn memory(&self) -> H::Memory {
        if self.memory.is_empty() {
            return H::Memory::default();
        }
        serde_json::from_slice(&self.memory).expect("the memory of this handler")
    }

    fn find(&self, name: &str) -> &CallCommand {
        let command = self.commands.iter().rev().find(|command| command.name() == name);
        command.unwrap_or_else(|| panic!("no command `{name}` was decided"))
    }

    fn operation_of(&self, name: &str) -> Option<String> {
        self.find(name).client_context.clone()
    }

    async fn finish(&mut self, context: &str, status: &str, result: Value) -> &mut Self {
        let operation = json!({
            "@odata.type": "#microsoft.graph.commsOperation",
            "clientContext": context, "status": status, "resultInfo": result,
        });
        self.notify("deleted", "/operations/1", &operation).await
    }

    async fn notify(&mut self, change: &str, below: &str, data: &Value) -> &mut Self {
        let path = format!("/communications/calls/{CALL}{below}");
        let item = json!({"changeType": change, "resourceUrl": path, "resourceData": data}).to_string();
        let item = Notification::from_raw(RawJson::from_string(item).expect("JSON of our own"));
        self.now += Duration::from_secs(1);
        let events = self.record.apply(&item, self.now).expect("a notification of our own");
        for event in events {
            self.tell(event).await;
        }
        self
    }

    /// Tells one event, and after it that of every command which could not even be made.
    async fn tell(&mut self, event: CallEvent) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            self.told += 1;
            let facts = Facts {
                call_ref: self.call_ref,
                event_id: format!("{}-{}-1", self.call_ref, self.told),
                callback: CallbackUri::new("https://bot.example/api/calls").expect("a constant"),
                answer_by: self.record.is_ringing().then(|| self.now + Duration::from_secs(13)),
                record: Arc::new(self.record.clone()),
            };
            let handled = ErasedHandler::handle(&self.handler, facts, &self.memory, event).await;
            let Decided { memory, decisions } =
                handled.unwrap_or_else(|error| panic!("the handler failed: {error}"));
            self.memory = memory;
            for (name, after) in decisions.timers {
                match after {
                    Some(after) => self.timers.insert(name, after),
                    None => self.timers.remove(&name),
                };
            }
            for command in decisions.commands {
                if let Err(why) = command.request_for(&self.record) {
                    let error = CommandError::unsent(why);
                    events.push_back(CallEvent::Failed(Failed { name: command.name.clone(), error }));
                    continue;
                }
                if let Some(decided) = command.decides() {
                    self.record.decide(decided);
                }
                if let Some(context) = &command.client_context {
                    self.record.open_operation(context, command.name());
                }
                if let Some(participant) = &command.invitee {
                    self.record.invite(command.name(), participant.clone());
                }
                self.new.push(command.clone());
                self.commands.push(command);
            }
        }
    }
}

impl<H> std::fmt::Debug for BotTest<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BotTest")
            .field("record", &self.record)
            .field("commands", &self.commands)
            .finish_non_exhaustive()
    }
}
