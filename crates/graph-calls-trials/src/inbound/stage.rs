//! What everybody in a run shares: the world, the clock, the dice and the log.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fastrand::Rng;
use graph_calls_bot::store::MemoryStore;
use graph_calls_core::Wall;
use graph_calls_emulator::{
    Answer, ApiCaller, Control, ControlError, Effect, Input, Notification, Pace, World, WorldConfig,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{
    bots::Running,
    ledger::Ledger,
    plan::{Plan, Rate},
};

/// The webhook that the bots share.
pub(super) const WEBHOOK: &str = "https://bot.example/api/calls";
/// The date at the beginning of every run.
const EPOCH: Duration = Duration::from_secs(1_790_002_000);

/// Shared by all that takes part. Clones are one.
#[derive(Clone)]
pub(super) struct Stage(Arc<Inner>);

struct Inner {
    plan: Plan,
    wall: Wall,
    caller: ApiCaller,
    store: Arc<MemoryStore>,
    began: Instant,
    /// The world has something new ahead.
    bell: Notify,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) world: World,
    pub(super) rng: Rng,
    pub(super) ledger: Ledger,
    /// The bots that are alive, each in its place.
    pub(super) bots: Vec<Option<Arc<Running>>>,
    /// When the last notification of each call that is in its turn arrives.
    pub(super) turns: BTreeMap<String, Instant>,
    pub(super) counts: Counts,
    /// What does not hold, as it is found.
    pub(super) broken: Vec<String>,
    log: Vec<String>,
    asked: u64,
    under_way: usize,
}

/// How often each thing happened.
pub(super) type Counts = BTreeMap<&'static str, u64>;

impl Stage {
    pub(super) fn new(plan: Plan) -> Self {
        let pace = Pace::default()
            .with_ring(Duration::from_secs(2))
            .with_talk(Duration::from_secs(15))
            .with_key(Duration::from_millis(700))
            .with_speech(Duration::from_secs(2));
        let mut config = WorldConfig::seeded(plan.seed).with_webhook(WEBHOOK).with_pace(pace);
        config.epoch = UNIX_EPOCH + EPOCH;
        let caller = ApiCaller {
            app_id: config.app_id.clone(),
            tenant_id: config.tenant_id.clone(),
            roles: config.roles.clone(),
        };
        let mut world = World::new(config);
        for fault in &plan.faults {
            let control = Control::AddFault(fault.clone());
            world.handle(Duration::ZERO, Input::Control { ask: 0, control });
        }
        let wall = Wall::anchored(UNIX_EPOCH + EPOCH);
        let bots = plan.bots;
        let state = State {
            world,
            rng: Rng::with_seed(!plan.seed),
            ledger: Ledger::default(),
            bots: vec![None; bots],
            turns: BTreeMap::new(),
            counts: Counts::new(),
            broken: Vec::new(),
            log: Vec::new(),
            asked: 0,
            under_way: 0,
        };
        Self(Arc::new(Inner {
            plan,
            wall,
            caller,
            store: Arc::new(MemoryStore::with_wall(wall)),
            began: Instant::now(),
            bell: Notify::new(),
            state: Mutex::new(state),
        }))
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.0.plan
    }

    pub(super) fn wall(&self) -> Wall {
        self.0.wall
    }

    /// Who the bots are, by their token.
    pub(super) fn caller(&self) -> ApiCaller {
        self.0.caller.clone()
    }

    pub(super) fn now(&self) -> SystemTime {
        self.0.wall.now()
    }

    pub(super) fn store(&self) -> &Arc<MemoryStore> {
        &self.0.store
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.0.began.elapsed()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line of the log.
    pub(super) fn note(&self, what: fmt::Arguments<'_>) {
        let at = self.elapsed();
        self.lock().log.push(format!("{:>9.3} {what}", at.as_secs_f64()));
    }

    pub(super) fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().log)
    }

    pub(super) fn count(&self, what: &'static str) {
        *self.lock().counts.entry(what).or_default() += 1;
    }

    /// Something that does not hold.
    pub(super) fn broken(&self, why: String) {
        self.note(format_args!("BROKEN: {why}"));
        self.lock().broken.push(why);
    }

    /// Whether something happens that happens this often.
    pub(super) fn draw(&self, rate: Rate) -> bool {
        rate > 0 && self.lock().rng.u32(..1_000) < rate
    }

    /// A time in milliseconds, both ends included.
    pub(super) fn some_time(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.lock().rng.u64(from..=to))
    }

    /// One of so many.
    pub(super) fn choose(&self, most: usize) -> usize {
        self.lock().rng.usize(..most)
    }

    /// Something of ours goes on until the guard is dropped.
    pub(super) fn busy(&self) -> Busy {
        self.lock().under_way += 1;
        Busy(self.clone())
    }

    pub(super) fn is_busy(&self) -> bool {
        self.lock().under_way > 0
    }

    /// Tells the world something. What it wants done is done, but for its answer.
    pub(super) fn tell(&self, input: impl FnOnce(u64) -> Input) -> Told {
        let now = self.elapsed();
        let (mut told, mut post) = (Told::default(), Vec::<Notification>::new());
        {
            let mut state = self.lock();
            state.asked += 1;
            let ask = state.asked;
            let mut effects = state.world.handle(now, input(ask));
            let mut next = 0;
            while let Some(effect) = effects.get(next).cloned() {
                next += 1;
                match effect {
                    Effect::Respond(answer) => told.answer = Some(answer),
                    Effect::Controlled { outcome, .. } => told.controlled = Some(outcome),
                    Effect::Notify(notification) => post.push(notification),
                    Effect::FetchPrompt { fetch, .. } => {
                        let length = Duration::from_millis(state.rng.u64(800..=6_000));
                        let fetched = Input::PromptFetched { fetch, outcome: Ok(length) };
                        effects.extend(state.world.handle(now, fetched));
                    }
                    _ => {}
                }
            }
        }
        self.0.bell.notify_one();
        for notification in post {
            self.post(notification);
        }
        told
    }

    pub(super) fn control(&self, control: Control) -> Result<Option<String>, ControlError> {
        let told = self.tell(|ask| Input::Control { ask, control });
        told.controlled.expect("the world answers a control")
    }

    /// Has the world's time pass, until dropped.
    pub(super) async fn pass_time(self) {
        loop {
            let due = self.lock().world.next_due().map(|due| self.0.began + due);
            tokio::select! {
                biased;
                () = self.0.bell.notified() => {}
                () = async {
                    match due {
                        Some(due) => sleep_until(due).await,
                        None => std::future::pending().await,
                    }
                } => drop(self.tell(|_| Input::Tick)),
            }
        }
    }
}

/// What the world said.
#[derive(Default)]
pub(super) struct Told {
    pub(super) answer: Option<Answer>,
    controlled: Option<Result<Option<String>, ControlError>>,
}

pub(super) struct Busy(Stage);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.lock().under_way -= 1;
    }
}
