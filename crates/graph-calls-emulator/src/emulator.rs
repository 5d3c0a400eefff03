//! A running emulator.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, broadcast, watch},
    task::JoinSet,
    time::timeout,
};

use crate::{
    Colour, EmulatorBuilder, Env, Exchange,
    engine::Message,
    ladder,
    login::CallbackClaims,
    server::Shared,
    world::{CallView, Control, ControlError, Fault, FaultView, IncomingCall, Person},
};

/// The calls service, running on a port of this machine.
///
/// It stops when it is dropped.
///
/// ```
/// use graph_calls_emulator::Emulator;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let emulator = Emulator::builder().seed(7).start().await?;
/// assert!(emulator.env().graph.starts_with("http://127.0.0.1:"));
/// emulator.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Emulator {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    tasks: Mutex<JoinSet<()>>,
}

impl Emulator {
    /// An emulator to be started.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::new()
    }

    pub(crate) fn new(shared: Arc<Shared>, stop: watch::Sender<bool>, tasks: JoinSet<()>) -> Self {
        Self { shared, stop, tasks: Mutex::new(tasks) }
    }

    /// The root of everything it serves: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.shared.env.url
    }

    /// What a bot must know to talk to it.
    pub fn env(&self) -> &Env {
        &self.shared.env
    }

    /// Where a prompt lies that any bot may play: half a second of a soft tone.
    pub fn welcome_prompt(&self) -> String {
        format!("{}/__emulator/v1/prompts/welcome.wav", self.shared.env.url)
    }

    async fn control(&self, control: Control) -> Result<Option<String>, ControlError> {
        self.shared.ask(|outcome| Message::Control(control, outcome)).await?
    }

    /// Sets the webhook that the bot registered with its Teams channel.
    ///
    /// # Errors
    ///
    /// When it is no http or https URL.
    pub async fn set_webhook(&self, url: impl Into<String>) -> Result<(), ControlError> {
        self.control(Control::Webhook(Some(url.into()))).await.map(drop)
    }

    /// Lets somebody call the bot, and returns the call's id.
    ///
    /// # Errors
    ///
    /// When nobody has that id, or no webhook is registered.
    pub async fn incoming(&self, call: IncomingCall) -> Result<String, ControlError> {
        self.control(Control::Incoming(call)).await?.ok_or(ControlError::Stopped)
    }

    /// Lets the other side hang up; in a group call everybody leaves.
    ///
    /// # Errors
    ///
    /// When there is no such call, or it is over.
    pub async fn hang_up(&self, call: &str) -> Result<(), ControlError> {
        self.control(Control::HangUp { call: call.to_owned() }).await.map(drop)
    }

    /// Lets the other side press keys: `1`, `12#`, or a tone's name such as `star`.
    ///
    /// # Errors
    ///
    /// When there is no such call or key, or the call is not established.
    pub async fn press(&self, call: &str, keys: &str) -> Result<(), ControlError> {
        self.control(Control::Press { call: call.to_owned(), keys: keys.to_owned() }).await.map(drop)
    }

    /// Lets somebody join, by object id or number, and returns the participant's id.
    ///
    /// # Errors
    ///
    /// When there is no such call or person, or the call is not established.
    pub async fn join(&self, call: &str, person: &str) -> Result<String, ControlError> {
        let control = Control::Join { call: call.to_owned(), person: person.to_owned() };
        self.control(control).await?.ok_or(ControlError::Stopped)
    }

    /// Lets a participant leave.
    ///
    /// # Errors
    ///
    /// When there is no such call or participant, or the call is over.
    pub async fn leave(&self, call: &str, participant: &str) -> Result<(), ControlError> {
        let control = Control::Leave { call: call.to_owned(), participant: participant.to_owned() };
        self.control(control).await.map(drop)
    }

    /// Lets something go wrong with Graph requests, or downloads of recordings, from now on, and returns the fault's id.
    ///
    /// # Errors
    ///
    /// When the fault makes no sense: an operation that there is not, a status that is no error.
    pub async fn add_fault(&self, fault: Fault) -> Result<String, ControlError> {
        self.control(Control::AddFault(fault)).await?.ok_or(ControlError::Stopped)
    }

    /// Lets nothing go wrong from now on. What is cut or silent already stays so.
    ///
    /// # Errors
    ///
    /// [`ControlError::Stopped`] when the emulator was shut down.
    pub async fn clear_faults(&self) -> Result<(), ControlError> {
        self.control(Control::ClearFaults).await.map(drop)
    }

    /// The faults that have not struck for the last time, oldest first.
    pub async fn faults(&self) -> Vec<FaultView> {
        self.shared.ask(Message::Faults).await.unwrap_or_default()
    }

    /// How often each logical request had its effect, as [`World::applied`](crate::World::applied) has it.
    pub async fn applied(&self) -> BTreeMap<String, u64> {
        self.shared.ask(Message::Applied).await.unwrap_or_default()
    }

    /// The calls in the order they were made, those that are over included.
    pub async fn calls(&self) -> Vec<CallView> {
        self.shared.ask(Message::Calls).await.unwrap_or_default()
    }

    /// Everybody who can call and be called.
    pub async fn people(&self) -> Vec<Person> {
        self.shared.ask(Message::People).await.unwrap_or_default()
    }

    /// What went by so far, of one call or of all.
    pub fn exchanges(&self, call: Option<&str>) -> Vec<Exchange> {
        self.shared.trace.exchanges(call)
    }

    /// What goes by from now on. A receiver that lags behind is told how much it missed.
    pub fn subscribe(&self) -> broadcast::Receiver<Exchange> {
        self.shared.trace.subscribe()
    }

    /// The ladder diagram of a call, at most 100 columns wide.
    pub fn ladder(&self, call: &str, colour: Colour) -> String {
        ladder::text(&ladder::layout(&self.exchanges(Some(call))), colour)
    }

    /// A token such as callbacks carry, or one that a bot must refuse.
    ///
    /// # Errors
    ///
    /// [`ControlError::Stopped`] when the signing library fails.
    pub fn sign_callback_token(&self, claims: &CallbackClaims) -> Result<String, ControlError> {
        self.shared.login.sign_callback_token(claims).map_err(|_| ControlError::Stopped)
    }

    /// Stops it: no more answers, no more notifications.
    pub async fn shutdown(self) {
        let _ = self.stop.send(true);
        let mut tasks = self.tasks.into_inner();
        // Both tasks end by themselves; a second is plenty.
        let _ = timeout(Duration::from_secs(1), async { while tasks.join_next().await.is_some() {} }).await;
    }
}
