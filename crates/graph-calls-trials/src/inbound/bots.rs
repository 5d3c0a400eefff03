//! Bots that live, stand still and die, each over the store that they share.

use std::{
    panic,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fastrand::Rng;
use graph_calls_bot::{
    AllowedTenants, App, Bot, BotStats, TokenCheck, TokenCheckConfig, Unanswered,
    model::{AppId, CallbackUri, RejectReason, TenantId},
};
use graph_calls_core::{Client, FixedToken};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    handler::Ivr,
    plan::KEEP_ALIVE,
    stage::{Stage, WEBHOOK},
    store::Doubtful,
    token,
};

/// How long what a bot has begun may take when nothing more comes.
const SETTLING: Duration = Duration::from_secs(60);

/// A bot that is alive.
pub(super) struct Running {
    pub(super) bot: Bot,
    pub(super) life: Arc<Life>,
}

/// One life of a bot: a process, as far as others can see. It ends at one of its steps, and whatever was going on in it
/// does nothing any more.
pub(super) struct Life {
    stage: Stage,
    place: usize,
    number: usize,
    dies_at: Option<u64>,
    stall: Option<(u64, Duration)>,
    state: Mutex<State>,
    died: Notify,
}

#[derive(Default)]
struct State {
    steps: u64,
    dead: bool,
    still_until: Option<Instant>,
}

impl Life {
    fn new(stage: &Stage, place: usize, number: usize) -> Self {
        let plan = stage.plan();
        Self {
            stage: stage.clone(),
            place,
            number,
            dies_at: plan.crashes[place].get(number).copied(),
            stall: plan.stalls[place].filter(|_| number == 0),
            state: Mutex::default(),
            died: Notify::new(),
        }
    }

    pub(super) fn name(&self) -> String {
        format!("bot {}.{}", self.place, self.number)
    }

    /// A place at which a process may end or stand still: before and after whatever others can see of it.
    pub(super) async fn step(&self, what: &str) {
        let still_until = {
            let mut state = self.lock();
            if state.dead {
                drop(state);
                stop();
            }
            state.steps += 1;
            if self.dies_at == Some(state.steps) {
                state.dead = true;
                drop(state);
                self.stage.count("crashes");
                self.stage.note(format_args!("{} dies at a {what}", self.name()));
                self.died.notify_one();
                stop();
            }
            if let Some((_, long)) = self.stall.filter(|(at, _)| *at == state.steps) {
                state.still_until = Some(Instant::now() + long);
                self.stage.count("stalls");
                self.stage.note(format_args!("{} stands still for {long:?} at a {what}", self.name()));
            }
            state.still_until
        };
        if let Some(until) = still_until {
            sleep_until(until).await;
            if self.lock().dead {
                stop();
            }
        }
    }

    /// The same, where a process does nothing that others can see: it does not end there.
    pub(super) async fn pause(&self) {
        let state = {
            let state = self.lock();
            (state.dead, state.still_until)
        };
        if state.0 {
            stop();
        }
        if let Some(until) = state.1 {
            sleep_until(until).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the task that is in a dead process. No hook is told: nothing is wrong.
fn stop() -> ! {
    panic::resume_unwind(Box::new("its process is dead"))
}

/// Has a bot live, die and live again, until it is told to stop.
pub(super) async fn live(stage: Stage, place: usize, mut stop: watch::Receiver<bool>) {
    for number in 0.. {
        let life = Arc::new(Life::new(&stage, place, number));
        let running = Arc::new(Running { bot: build(&stage, &life), life: Arc::clone(&life) });
        stage.note(format_args!("{} begins", life.name()));
        stage.lock().bots[place] = Some(Arc::clone(&running));
        let told = tokio::select! {
            biased;
            () = life.died.notified() => false,
            _ = stop.wait_for(|stop| *stop) => true,
        };
        if told && timeout(SETTLING, running.bot.settled()).await.is_err() {
            stage.broken(format!("{} never comes to rest", life.name()));
        }
        stage.lock().bots[place] = None;
        stage.add(&running.bot.stats());
        drop(running);
        if told {
            return;
        }
        sleep(stage.some_time(50, 8_000)).await;
    }
}

impl Stage {
    /// Counts what a bot has done.
    fn add(&self, stats: &BotStats) {
        let mut books = self.lock();
        for (what, often) in [
            ("events", stats.events),
            ("commands", stats.commands),
            ("take-overs", stats.take_overs),
            ("fenced", stats.fenced),
            ("in doubt", stats.in_doubt),
            ("orphans", stats.orphans),
            ("events given up", stats.events_dead),
        ] {
            *books.counts.entry(what).or_default() += often;
        }
    }
}

fn build(stage: &Stage, life: &Arc<Life>) -> Bot {
    let caller = stage.caller();
    let app = AppId::new(&caller.app_id).expect("a GUID");
    let tenant = TenantId::new(&caller.tenant_id).expect("a GUID");
    let seed = stage.plan().seed ^ ((life.place as u64) << 56) ^ ((life.number as u64) << 48);
    let client = Client::builder(stage.transport(life))
        .token(FixedToken::new("secret").expect("a token"))
        .rng(Rng::with_seed(seed))
        .wall(stage.wall())
        .build();
    let trusted = TokenCheckConfig::new([app.clone()], AllowedTenants::Any);
    let check = TokenCheck::new(trusted, &token::documents(), stage.wall()).expect("a token check");
    let handler = Ivr { stage: stage.clone(), life: Arc::clone(life) };
    let unanswered =
        if stage.plan().rejects { Unanswered::Reject(RejectReason::Busy) } else { Unanswered::Ignore };
    Bot::builder()
        .app(App::new(app, client).handler(handler).in_tenant(tenant))
        .callback(CallbackUri::new(WEBHOOK).expect("https"))
        .token_check(check)
        .store(Doubtful::new(stage, life))
        .unanswered(unanswered)
        .keep_alive(KEEP_ALIVE)
        .wall(stage.wall())
        .build()
        .expect("a bot")
}
