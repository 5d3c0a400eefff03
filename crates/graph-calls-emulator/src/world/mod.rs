//! The calls service as a pure machine: no I/O, no clock, seeded.

mod agenda;
mod call;
mod control;
mod effect;
mod end_cause;
mod fault;
mod feature;
mod hold;
mod input;
mod life;
mod muting;
mod operation;
mod participant;
mod people;
mod prompt;
mod record_response;
mod ring;
mod roster;
mod routing;
mod tally;
mod tone;
mod transfer;
mod wire;

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use graph_calls_model::fold_guid;
use serde_json::Value;

use self::{agenda::Agenda, fault::Faults, tally::Tally};
pub(crate) use self::{
    call::{Call, Direction, Media, State},
    control::{is_e164, is_http},
    end_cause::{EndCause, ResultInfo},
    feature::Feature,
    life::Step,
    operation::{Finishing, Operation},
    participant::{Participant, Party},
    people::{APP, Directory, OTHER_TENANT, SECRET, TENANT},
    prompt::{Playing, Prompt},
    record_response::{Record, Recording},
    ring::{Invite, Invited, Ringing},
    roster::{Role, Synthetic},
    routing::{AudioGroup, Routing, same_participants},
    tone::{key_of, tone_named, tone_of_key},
    transfer::Transfer,
    wire::{Change, entity, invitation_info, participant_info},
};
pub use self::{
    effect::{Answer, CallView, ControlError, Delivery, Download, Effect, Notification, ParticipantView},
    fault::{Fault, FaultPhase, FaultView},
    input::{ApiCall, ApiCaller, Control, IncomingCall, Input},
    people::{Behaviour, Person, PersonKind},
};
use crate::{Deadlines, Dialect, Pace, api};

/// How many calls that are over are remembered.
const REMEMBERED: usize = 10_000;

/// How many logical requests that had their effect are remembered.
const REMEMBERED_REQUESTS: usize = 100_000;

/// How many reports of media quality are remembered.
const REMEMBERED_REPORTS: usize = 10_000;

/// All application permissions of the calls API.
pub(crate) const ROLES: [&str; 6] = [
    "Calls.AccessMedia.All",
    "Calls.Initiate.All",
    "Calls.InitiateGroupCall.All",
    "Calls.JoinGroupCall.All",
    "Calls.JoinGroupCallAsGuest.All",
    REPORTING_ROLE,
];

/// The one of them that does not let an app know who calls.
const REPORTING_ROLE: &str = "Calls.ReportSyntheticMedia.All";

/// What a world is made with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WorldConfig {
    /// The same seed and the same inputs give the same run.
    pub seed: u64,
    /// The Graph root that responses name, without a version.
    pub graph: String,
    /// The bot's app id.
    pub app_id: String,
    /// What the bot is called.
    pub app_name: String,
    /// The tenant that owns the bot's calls.
    pub tenant_id: String,
    /// The webhook that the bot registered.
    pub webhook: Option<String>,
    /// How notifications are written unless a call says otherwise.
    pub dialect: Dialect,
    /// The bot's application permissions. Without any, the service hides who calls.
    pub roles: Vec<String>,
    /// How fast things go.
    pub pace: Pace,
    /// The service's deadlines.
    pub deadlines: Deadlines,
    /// The date at the world's time zero.
    pub epoch: SystemTime,
}

impl Default for WorldConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            graph: "http://127.0.0.1".to_owned(),
            app_id: APP.to_owned(),
            app_name: "Calling Bot".to_owned(),
            tenant_id: TENANT.to_owned(),
            webhook: None,
            dialect: Dialect::default(),
            roles: ROLES.map(str::to_owned).to_vec(),
            pace: Pace::default(),
            deadlines: Deadlines::default(),
            epoch: SystemTime::UNIX_EPOCH,
        }
    }
}

impl WorldConfig {
    /// The defaults with a seed.
    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Sets the webhook that the bot registered.
    #[must_use]
    pub fn with_webhook(mut self, url: impl Into<String>) -> Self {
        self.webhook = Some(url.into());
        self
    }

    /// Sets how fast things go.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Sets the service's deadlines.
    #[must_use]
    pub fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// Sets how notifications are written.
    #[must_use]
    pub fn with_dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Sets the bot's application permissions.
    #[must_use]
    pub fn with_roles(mut self, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.roles = roles.into_iter().map(Into::into).collect();
        self
    }
}

/// The calls service: it is told things and says what is to be done.
///
/// Time comes with each input, as the time since the world's start; it must not go back. Whatever is due by then
/// happens first.
///
/// ```
/// use std::time::Duration;
///
/// use graph_calls_emulator::{Control, Effect, IncomingCall, Input, World, WorldConfig};
///
/// let mut world = World::new(WorldConfig::seeded(7).with_webhook("https://bot.example/calls"));
/// let caller = world.people()[0].id.clone();
/// let control = Control::Incoming(IncomingCall::from_user(caller));
/// let effects = world.handle(Duration::ZERO, Input::Control { ask: 1, control });
/// assert!(effects.iter().any(|effect| matches!(effect, Effect::Notify(_))));
/// // Nobody answers: the next thing that happens is that the window closes.
/// assert_eq!(world.next_due(), Some(Duration::from_secs(15)));
/// ```
#[derive(Debug)]
pub struct World {
    pub(crate) config: WorldConfig,
    pub(crate) directory: Directory,
    pub(crate) rng: fastrand::Rng,
    pub(crate) calls: BTreeMap<u128, Call>,
    agenda: Agenda<Step>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) faults: Faults,
    /// What callers said and was not yet discarded.
    pub(crate) recordings: BTreeMap<u128, Recording>,
    /// How often each logical request had its effect.
    pub(crate) applied: Tally<String>,
    /// How often the quality of each media leg was reported, by call chain and leg.
    pub(crate) quality_reports: Tally<(u128, u128)>,
    started: u64,
    fetches: u64,
    /// Lengths of prompts by their `resourceId`.
    cached_prompts: BTreeMap<String, Duration>,
    /// Fetches under way: the call and the `resourceId` that each will fill.
    fetching: BTreeMap<u64, (u128, Option<String>)>,
}

impl World {
    /// A world in which nothing has happened.
    pub fn new(config: WorldConfig) -> Self {
        Self {
            directory: Directory::new(&config.tenant_id, &config.app_id),
            rng: fastrand::Rng::with_seed(config.seed),
            calls: BTreeMap::new(),
            agenda: Agenda::new(),
            effects: Vec::new(),
            faults: Faults::default(),
            recordings: BTreeMap::new(),
            applied: Tally::new(REMEMBERED_REQUESTS),
            quality_reports: Tally::new(REMEMBERED_REPORTS),
            started: 0,
            fetches: 0,
            cached_prompts: BTreeMap::new(),
            fetching: BTreeMap::new(),
            config,
        }
    }

    /// Tells the world something at a time since its start, and returns what it wants done, in order.
    pub fn handle(&mut self, now: Duration, input: Input) -> Vec<Effect> {
        self.catch_up(now);
        match input {
            Input::Api(api) => api::answer(self, now, &api),
            Input::Connect { ask } => api::connect(self, ask),
            Input::Head { ask, method, path } => api::head(self, ask, &method, &path),
            Input::Control { ask, control } => {
                let place = self.effects.len();
                let outcome = self.control(now, control);
                self.effects.insert(place, Effect::Controlled { ask, outcome });
            }
            Input::PromptFetched { fetch, outcome } => self.prompt_fetched(now, fetch, &outcome),
            Input::CallbackAnswered { call, delivery } => self.callback_answered(&call, &delivery),
            Input::Tick => {}
        }
        // What was entered for this very moment happens now, so that a tick is never owed for the present.
        self.catch_up(now);
        std::mem::take(&mut self.effects)
    }

    /// When the next thing happens on its own.
    pub fn next_due(&self) -> Option<Duration> {
        self.agenda.next_due()
    }

    /// Everybody who can call and be called.
    pub fn people(&self) -> &[Person] {
        self.directory.people()
    }

    /// The calls in the order they were made, those that are over included.
    pub fn calls(&self) -> Vec<CallView> {
        let mut calls: Vec<_> = self.calls.values().collect();
        calls.sort_by_key(|call| call.number);
        calls.into_iter().map(Call::view).collect()
    }

    /// How often each logical request had its effect: of the last 100,000 such requests.
    ///
    /// What tells them apart is the method, the path, and the `clientContext` or `callbackUri` of the body, or what
    /// stands for such a key where there is none: the role that was taken, the id of what was made or reported. So a
    /// repeat that does something again is seen.
    ///
    /// ```
    /// use graph_calls_emulator::{World, WorldConfig};
    ///
    /// let world = World::new(WorldConfig::seeded(7));
    /// assert!(world.applied().values().all(|&times| times == 1), "nobody was rung twice");
    /// ```
    pub fn applied(&self) -> &BTreeMap<String, u64> {
        self.applied.counts()
    }

    /// The faults that have not struck for the last time, oldest first.
    pub fn faults(&self) -> Vec<FaultView> {
        self.faults.views()
    }

    /// The id of the call with this id, as the service spells it.
    pub(crate) fn spelling(&self, id: &str) -> Option<&str> {
        self.calls.get(&fold_guid(id)?).map(|call| call.id.as_str())
    }

    fn catch_up(&mut self, now: Duration) {
        while let Some((due, call, step)) = self.agenda.take_due(now) {
            self.with_call(call, |world, call| world.take_step(due, call, step));
        }
    }

    /// Lends a call out of the world, so that both can be changed.
    pub(crate) fn with_call<R>(
        &mut self,
        key: u128,
        act: impl FnOnce(&mut Self, &mut Call) -> R,
    ) -> Option<R> {
        let mut call = self.calls.remove(&key)?;
        let result = act(self, &mut call);
        self.calls.insert(key, call);
        Some(result)
    }

    pub(crate) fn add_call(&mut self, mut call: Call) {
        self.started += 1;
        call.number = self.started;
        if self.calls.len() >= REMEMBERED {
            let over = self.calls.values().filter(|call| call.state == State::Terminated);
            let oldest = over.min_by_key(|call| call.number).map(|call| call.key);
            if let Some(mut forgotten) = oldest.and_then(|oldest| self.calls.remove(&oldest)) {
                self.discard_recordings(&mut forgotten);
            }
        }
        self.calls.insert(call.key, call);
    }

    pub(crate) fn enter(&mut self, due: Duration, call: &Call, step: Step) {
        self.agenda.enter(due, call.key, step);
    }

    fn forget_events(&mut self, call: &Call) {
        self.agenda.forget(call.key);
    }

    /// A new GUID, lower case with dashes, and its value.
    pub(crate) fn guid(&mut self) -> (u128, String) {
        let bytes = self.rng.u128(..).to_be_bytes();
        let guid = uuid::Builder::from_random_bytes(bytes).into_uuid();
        (guid.as_u128(), guid.to_string())
    }

    pub(crate) fn id(&mut self) -> String {
        self.guid().1
    }

    /// A duration as people keep it: half to one and a half times.
    pub(crate) fn about(&mut self, duration: Duration) -> Duration {
        let seconds = duration.as_secs_f64() * (0.5 + self.rng.f64());
        Duration::try_from_secs_f64(seconds).unwrap_or(duration)
    }

    pub(crate) fn date(&self, now: Duration) -> String {
        let date = self.config.epoch.checked_add(now).unwrap_or(self.config.epoch);
        jiff::Timestamp::try_from(date)
            .map_or_else(|_| String::new(), |date| date.strftime("%Y-%m-%dT%H:%M:%S").to_string())
    }

    pub(crate) fn happened(&mut self, call: &Call, to_person: bool, what: String) {
        self.effects.push(Effect::Happened { call: call.id.clone(), to_person, what });
    }

    /// Tells the bot about the call itself.
    pub(crate) fn notify_call(
        &mut self,
        call: &Call,
        change: Change,
        members: impl IntoIterator<Item = (&'static str, Value)>,
    ) {
        let data = wire::call_data(call, members);
        self.notify(call, change, "", Value::Object(data));
    }

    pub(crate) fn notify(&mut self, call: &Call, change: Change, suffix: &str, data: Value) {
        let item = wire::item(call, change, suffix, data);
        let first = change == Change::Created;
        let message_id = self.id();
        self.effects.push(Effect::Notify(Notification {
            call: call.id.clone(),
            url: call.callback.clone().or_else(|| self.config.webhook.clone()),
            may_redirect: first,
            app_id: call.app_id.clone(),
            tenant_id: call.tenant_id.clone(),
            headers: vec![
                ("User-Agent", "Microsoft-Skype/3.0,(Calling/1.0)".to_owned()),
                ("X-Microsoft-Skype-Chain-ID", call.chain_id.clone()),
                ("X-Microsoft-Skype-Message-ID", message_id),
                ("Scenario-Id", call.scenario_id.clone()),
            ],
            body: wire::envelope(call.dialect, item),
        }));
    }

    fn callback_answered(&mut self, call: &str, delivery: &Delivery) {
        let Some(call) = fold_guid(call).and_then(|key| self.calls.get_mut(&key)) else { return };
        match delivery {
            Delivery::Answered(200..=299) => call.delivered += 1,
            Delivery::Answered(_) | Delivery::NoAnswer(_) => call.undelivered += 1,
        }
    }
}

/// Whether two ids name the same: as GUIDs where both are, else letter for letter.
pub(crate) fn same_id(one: &str, other: &str) -> bool {
    match (fold_guid(one), fold_guid(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests;
