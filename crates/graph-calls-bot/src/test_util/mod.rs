//! For tests of handlers: a call in memory, without network or clock.

#![expect(clippy::panic, clippy::expect_used, reason = "a test's tool fails the test")]

mod asserts;
mod strict;

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use graph_calls_core::{
    FixedToken,
    model::{
        AppId, CallbackUri, CommsOperation, IdentitySet, InvitationParticipantInfo, ResultInfo, TenantId,
        Tone,
    },
};
use serde::Serialize;
use serde_json::{Value, json, value::to_raw_value};

use crate::{
    CallCommand, CallEvent, CallHandler, CallRecord, CallRef, Dial, Digits, DigitsEnd, JoiningAnswer,
    MediaHost, ParticipantJoining, Prompts,
    handler::ErasedHandler,
    mailbox::{Bench, Fate, TimerName},
};
use strict::{NoMedia, Strict};

/// Drives a handler through one call: what the service would tell goes in, commands come out.
///
/// It is the bot's own engine with nothing around it. What a handler decides goes through the outbox: prompts wait for
/// the audio, a command for the one it follows, and a question ([`collect`](crate::CallContext::collect)) is asked by the
/// real machine. The service takes what the bot does for itself; what becomes of a command is for the test to say
/// ([`done`](Self::done), [`failed`](Self::failed), [`in_doubt`](Self::in_doubt)). Time stands still but for
/// [`advance`](Self::advance). A handler that fails or panics fails the test.
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
///
/// A menu with its timer, and a recording:
///
/// ```
/// use std::time::Duration;
/// use async_trait::async_trait;
/// use graph_calls_bot::{
///     Answer, CallContext, CallEvent, CallHandler, Collect, HandlerError, Prompt, Recording,
///     model::{CommsOperation, IdentitySet}, test_util::BotTest,
/// };
///
/// struct Voicemail;
///
/// #[async_trait]
/// impl CallHandler for Voicemail {
///     type Memory = Option<String>;
///     async fn on_event(&self, call: &mut CallContext<Self::Memory>, event: CallEvent) -> Result<(), HandlerError> {
///         match event {
///             CallEvent::Incoming(_) => call.answer(Answer::service_media()),
///             CallEvent::MediaActive => {
///                 call.collect(Collect::one().accept("1").prompt(Prompt::file("menu")).tries(2).named("menu"));
///             }
///             CallEvent::Digits(digits) if digits.is("menu", "1") => call.record_response(Recording::new()),
///             CallEvent::Digits(_) => call.hang_up(),
///             CallEvent::Done(done) if done.name == "record" => {
///                 let operation = done.operation.unwrap_or_default();
///                 call.memory = operation.recording_location().map(|location| location.expose().to_owned());
///             }
///             _ => {}
///         }
///         Ok(())
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let mut silent = BotTest::new(Voicemail);
/// silent.incoming(IdentitySet::of_user("8d1e6ab6")).await.established().await.media_active().await;
/// // The prompt ends, nobody presses anything; it is played once more, and again there is silence.
/// silent.done("menu").await.advance(Duration::from_secs(10)).await;
/// silent.done("menu").await.advance(Duration::from_secs(10)).await.assert_commands(&["answer", "hang-up"]);
///
/// let mut test = BotTest::new(Voicemail);
/// test.incoming(IdentitySet::of_user("8d1e6ab6")).await.established().await.media_active().await;
/// test.keys("91").await.assert_commands(&["answer", "record"]);
/// let recorded = CommsOperation::default().with_recording_location("https://service.example/1");
/// test.hung_up().await.done_with("record", recorded).await;
/// assert_eq!(test.memory().as_deref(), Some("https://service.example/1"));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct BotTest<H> {
    bench: Bench,
    handler: Arc<Strict<H>>,
    tones: i64,
    roster: i64,
    /// How many commands were asserted.
    asserted: usize,
    memory: PhantomData<fn() -> H>,
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
        let callback = CallbackUri::new("https://bot.example/api/calls").expect("a constant");
        let token = FixedToken::new("a-test-needs-none").expect("a constant");
        let handler = Arc::new(Strict::new(handler));
        let erased: Arc<dyn ErasedHandler> = Arc::<Strict<H>>::clone(&handler);
        let bench = Bench::new(erased, app, tenant, callback, token);
        let this = Self { bench, handler, tones: 0, roster: 0, asserted: 0, memory: PhantomData };
        this.with_media_host(NoMedia)
    }

    /// With these prompts: a name that is none of theirs fails, as it would in the bot. Without them every name is taken.
    #[must_use]
    pub fn with_prompts(mut self, prompts: Prompts) -> Self {
        self.bench.configure(|config| config.sounds.prompts = Some(Arc::new(prompts)));
        self
    }

    /// With this media host. Without one, each does as it is asked.
    #[must_use]
    pub fn with_media_host(mut self, host: impl MediaHost) -> Self {
        self.bench.configure(|config| config.media_host.host = Some(Arc::new(host)));
        self
    }

    /// The key of the call.
    pub fn call_ref(&self) -> CallRef {
        self.bench.call_ref()
    }

    /// What is known of the call.
    pub fn record(&self) -> &CallRecord {
        self.bench.record()
    }

    /// Somebody calls.
    pub async fn incoming(&mut self, caller: IdentitySet<'static>) -> &mut Self {
        let call = json!({"state": "incoming", "direction": "incoming", "source": {"identity": caller}});
        self.notify("created", "", &call).await
    }

    /// The bot has called somebody, with this for a memory; the service took it.
    ///
    /// # Panics
    ///
    /// When the memory cannot be written as JSON.
    pub async fn dialed(&mut self, memory: &impl Serialize) -> &mut Self {
        let callee = InvitationParticipantInfo::user("b0000000-0000-4000-8000-000000000009");
        self.dialed_by(Dial::participant(callee).memory(memory)).await
    }

    /// The bot has placed this call, or joined this meeting; the service took it.
    ///
    /// # Panics
    ///
    /// When it cannot be placed like this.
    pub async fn dialed_by(&mut self, dial: Dial) -> &mut Self {
        let placed = self.bench.begin(dial).await;
        placed.unwrap_or_else(|error| panic!("{error}"));
        self.checked()
    }

    /// It rings at the other side.
    pub async fn ringing(&mut self) -> &mut Self {
        self.notify("updated", "", &json!({"state": "ringing"})).await
    }

    /// The call was set up, or is off hold.
    pub async fn established(&mut self) -> &mut Self {
        self.notify("updated", "", &json!({"state": "established"})).await
    }

    /// The audio flows.
    pub async fn media_active(&mut self) -> &mut Self {
        self.notify("updated", "", &json!({"state": "established", "mediaState": {"audio": "active"}})).await
    }

    /// The audio flows no longer.
    pub async fn media_inactive(&mut self) -> &mut Self {
        self.notify("updated", "", &json!({"state": "established", "mediaState": {"audio": "inactive"}}))
            .await
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

    /// Somebody presses one key after another: `12#`.
    ///
    /// # Panics
    ///
    /// When there is no such key.
    pub async fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.chars() {
            self.tone(key).await;
        }
        self
    }

    /// The question of this name is answered with these keys, whatever it asks for.
    ///
    /// # Panics
    ///
    /// When no such question is asked.
    pub async fn digits(&mut self, name: &str, keys: &str) -> &mut Self {
        assert!(self.bench.close_question(name), "no question `{name}` is asked");
        self.event(CallEvent::Digits(Digits::new(name, keys, DigitsEnd::Complete))).await
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

    /// Somebody whom a policy records wants to join: the handler answers, and is then told that they joined or were turned
    /// away.
    ///
    /// # Panics
    ///
    /// When the handler panics.
    pub async fn participant_joining(&mut self, id: &str) -> JoiningAnswer {
        let data = json!({
            "@odata.type": "#microsoft.graph.participantJoiningNotification",
            "call": {"incomingContext": {"observedParticipantId": id}},
        });
        let joining: ParticipantJoining = serde_json::from_value(data.clone()).expect("JSON of our own");
        let facts = self.bench.facts();
        let answer = ErasedHandler::joining(&*self.handler, facts, self.bench.memory(), &joining).await;
        let answer = answer.unwrap_or_else(|error| panic!("the handler failed: {error}"));
        self.bench.notify("updated", "", &data, Some(answer.clone())).await;
        self.checked();
        answer
    }

    /// The other side puts the call on hold.
    pub async fn held(&mut self) -> &mut Self {
        self.notify("updated", "", &json!({"state": "hold"})).await
    }

    /// Whom the call was transferred to has taken it.
    pub async fn transfer_accepted(&mut self) -> &mut Self {
        self.notify("updated", "", &json!({"state": "transferAccepted"})).await
    }

    /// The transfer failed with this code and subcode, as 500 and 7000: the call goes on.
    pub async fn transfer_failed(&mut self, code: i64, subcode: i64) -> &mut Self {
        let result = json!({"code": code, "subcode": subcode});
        self.notify("updated", "", &json!({"state": "established", "resultInfo": result})).await
    }

    /// Time passes until little of it is left to answer.
    ///
    /// # Panics
    ///
    /// When the call does not ring, or the handler was told before.
    pub async fn answer_due(&mut self) -> &mut Self {
        assert!(self.bench.advance_to(&TimerName::AnswerDue).await, "nothing has to be decided");
        self.checked()
    }

    /// Somebody outside of all calls has something to say.
    ///
    /// # Panics
    ///
    /// When it cannot be written as JSON.
    pub async fn message<T: Serialize + ?Sized>(&mut self, message: &T) -> &mut Self {
        self.bench.message(None, to_raw_value(message).expect("a message that is JSON")).await;
        self.checked()
    }

    /// Another call has something to say.
    ///
    /// # Panics
    ///
    /// When it cannot be written as JSON.
    pub async fn message_from<T: Serialize + ?Sized>(&mut self, from: &CallRef, message: &T) -> &mut Self {
        self.bench.message(Some(*from), to_raw_value(message).expect("a message that is JSON")).await;
        self.checked()
    }

    /// A command did what it should; the comms operation that it started has finished. Under a question's name: its prompt
    /// was heard to its end.
    ///
    /// # Panics
    ///
    /// When no such command is under way: it was not decided, has ended, or waits for something.
    pub async fn done(&mut self, name: &str) -> &mut Self {
        self.done_with(name, CommsOperation::default()).await
    }

    /// The same, with this operation: where a recording lies, who was invited.
    ///
    /// # Panics
    ///
    /// When no such command is under way.
    pub async fn done_with(&mut self, name: &str, operation: CommsOperation<'static>) -> &mut Self {
        self.decide(name, Fate::Done(Box::new(operation))).await
    }

    /// A command failed with this code and subcode.
    ///
    /// # Panics
    ///
    /// When no such command is under way.
    pub async fn failed(&mut self, name: &str, code: i64, subcode: i64) -> &mut Self {
        self.decide(name, Fate::Failed(ResultInfo::new(code, subcode))).await
    }

    /// Nobody knows whether a command had its effect.
    ///
    /// # Panics
    ///
    /// When no such command is under way.
    pub async fn in_doubt(&mut self, name: &str) -> &mut Self {
        self.decide(name, Fate::InDoubt).await
    }

    /// The other side hangs up.
    pub async fn hung_up(&mut self) -> &mut Self {
        let result = json!({"code": 200, "subcode": 5002});
        self.notify("deleted", "", &json!({"state": "terminated", "resultInfo": result})).await
    }

    /// Time passes: what is due meanwhile happens, in order. Timers of the handler, of a question, of the bot.
    pub async fn advance(&mut self, time: Duration) -> &mut Self {
        self.bench.advance(time).await;
        self.checked()
    }

    /// Time passes until a timer is due that the handler set.
    ///
    /// # Panics
    ///
    /// When no such timer is set.
    pub async fn timer(&mut self, name: &str) -> &mut Self {
        let due = self.bench.advance_to(&TimerName::User(name.to_owned())).await;
        assert!(due, "no timer `{name}` is set: {:?}", self.bench.user_timers());
        self.checked()
    }

    /// Anything else happens.
    pub async fn event(&mut self, event: CallEvent) -> &mut Self {
        self.bench.event(event).await;
        self.checked()
    }

    /// All commands decided so far, but for those that could not be.
    pub fn commands(&self) -> &[CallCommand] {
        self.bench.decided()
    }

    /// What the bot remembers of the call.
    ///
    /// # Panics
    ///
    /// When what the handler remembered cannot be read again.
    pub fn memory(&self) -> H::Memory {
        let Some(memory) = self.bench.memory() else { return H::Memory::default() };
        serde_json::from_str(memory).expect("the memory of this handler")
    }

    async fn decide(&mut self, name: &str, fate: Fate) -> &mut Self {
        let decided = self.bench.decide_fate(name, fate).await;
        decided.unwrap_or_else(|why| panic!("{why}"));
        self.checked()
    }

    async fn notify(&mut self, change: &str, below: &str, data: &Value) -> &mut Self {
        self.bench.notify(change, below, data, None).await;
        self.checked()
    }

    /// A handler that failed fails the test.
    fn checked(&mut self) -> &mut Self {
        if let Some(why) = self.handler.take_failure() {
            panic!("the handler failed: {why}");
        }
        self
    }
}

impl<H> fmt::Debug for BotTest<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotTest")
            .field("record", self.bench.record())
            .field("commands", &self.bench.decided())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
