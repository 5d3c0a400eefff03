//! The trial, from the first process to the last.

use std::{
    fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fastrand::Rng;
use graph_calls_bot::model::{AppId, TenantId};
use graph_calls_core::BoxError;
use graph_calls_emulator::{Emulator, Exchange, ExchangeKind};
use tokio::{
    net::TcpListener,
    runtime::Handle,
    sync::{broadcast, mpsc, watch},
    task::{JoinSet, spawn_blocking},
    time::{Instant, sleep, timeout},
};

use super::{
    callers::Callers,
    judge::{Evidence, judge},
    ledger::Ledger,
    process::{Bots, Running},
    relay::Relay,
    report::Report,
};

/// When a process is killed after it was ready, in microseconds.
const LIFE: RangeInclusive<u64> = 20_000..=400_000;
/// When one is killed after it was started: it may not have read its file by then.
const SHORT_LIFE: RangeInclusive<u64> = 1_000..=40_000;
/// One in so many lives that much longer, so that no call is claimed five times in a row by processes that have no time for
/// it: the fifth would take its first item for poison.
const LONG: u32 = 4;
const LONGER: Duration = Duration::from_secs(1);
/// One in so many has a short life.
const EARLY: u8 = 8;
/// After so many kills the file is copied and read.
const READ: u32 = 4;
/// Longer than a bot takes that is well.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than what is in doubt takes to be told, and shorter than the two minutes after which a call that is over is
/// forgotten: what it remembered is read at the end.
const DRAINS: Duration = Duration::from_secs(90);
/// How often it is asked whether all is quiet.
const LOOK: Duration = Duration::from_millis(250);

/// What is to be tried.
#[derive(Debug)]
pub struct Plan {
    /// The program that plays the bot when it is started as `PROGRAM bot EMULATOR CALLBACK STORE NUMBER`.
    pub program: PathBuf,
    /// How often it is killed.
    pub kills: u32,
    /// How many people are in a call or about to be.
    pub callers: u64,
    /// What all that is made up follows from.
    pub seed: u64,
    /// A folder for the file and its copies.
    pub folder: PathBuf,
}

/// What the kills came to.
#[derive(Debug, Default)]
pub(super) struct Kills {
    pub(super) count: u32,
    /// Of those, before the process was ready.
    pub(super) early: u32,
    /// How long each took to be ready, where it was.
    pub(super) ready: Vec<Duration>,
}

/// What the bot asked of the service, in its order: the service's own trace is not long enough.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pub(super) count: u64,
    /// By the client contexts of what was to be played.
    pub(super) prompts: Vec<String>,
    /// Exchanges that the witness was too slow for.
    pub(super) missed: u64,
}

/// Runs the trial.
///
/// # Errors
///
/// When it cannot be carried out: the bot does not start, or ends by itself.
pub async fn run(plan: Plan) -> Result<Report, BoxError> {
    let began = Instant::now();
    let emulator = Arc::new(Emulator::builder().seed(plan.seed).start().await?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let callback = format!("http://{}/api/calls", listener.local_addr()?);
    emulator.set_webhook(&callback).await?;
    let store = plan.folder.join("calls.redb");
    let (address, bot) = watch::channel(None);
    let relay = Relay::new(bot, plan.seed);
    let bots = Bots::new(plan.program.clone(), emulator.url().to_owned(), callback, store.clone(), address);
    let (app, tenant) = (AppId::new(&emulator.env().app_id)?, TenantId::new(&emulator.env().tenant_id)?);
    let callers = Callers::new(Arc::clone(&emulator), Arc::clone(&bots), app, tenant);
    let requests = Arc::<Mutex<Requests>>::default();
    let mut tasks = JoinSet::new();
    tasks.spawn(Arc::clone(&relay).serve(listener));
    tasks.spawn(witness(emulator.subscribe(), Arc::clone(&requests)));
    let mut calls = JoinSet::new();
    for slot in 0..plan.callers {
        calls.spawn(Arc::clone(&callers).go_on(slot, plan.seed));
    }
    let (copies, read) = mpsc::unbounded_channel();
    let reading = spawn_blocking(move || Handle::current().block_on(read_all(read)));
    let (kills, running) = kill_all(&plan, &bots, &store, &copies).await?;
    callers.close();
    while calls.join_next().await.is_some() {}
    let drained = drain(&bots, &emulator).await;
    let stopped = bots.stop(running)?;
    copies.send(copy(&store, &plan.folder, plan.kills + 1)?)?;
    drop(copies);
    let ledger = reading.await??;
    let asked = std::mem::take(&mut *callers.asked());
    let notices = std::mem::take(&mut *relay.notices());
    let requests = std::mem::take(&mut *requests.lock().unwrap_or_else(PoisonError::into_inner));
    let evidence = Evidence {
        kills,
        ledger,
        asked,
        notices,
        app: callers.app.clone(),
        tenant: callers.tenant.clone(),
        applied: emulator.applied().await,
        requests,
        calls: emulator.calls().await,
        drained,
        stopped,
    };
    Ok(judge(&evidence, plan.seed, began.elapsed()))
}

/// Until it is dropped.
async fn witness(mut live: broadcast::Receiver<Exchange>, requests: Arc<Mutex<Requests>>) {
    loop {
        let next = live.recv().await;
        let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
        match next {
            Ok(one) if one.kind == ExchangeKind::Request => {
                requests.count += 1;
                let is_prompt = one.path.as_deref().is_some_and(|path| path.ends_with("/playPrompt"));
                let body = one.body.as_ref().filter(|_| is_prompt);
                let context = body.and_then(|body| body.get("clientContext")?.as_str());
                requests.prompts.extend(context.map(str::to_owned));
            }
            Ok(_) => {}
            Err(broadcast::error::RecvError::Lagged(missed)) => requests.missed += missed,
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

async fn kill_all(
    plan: &Plan,
    bots: &Arc<Bots>,
    store: &Path,
    copies: &mpsc::UnboundedSender<PathBuf>,
) -> Result<(Kills, Running), BoxError> {
    let (mut kills, mut random) = (Kills::default(), Rng::with_seed(plan.seed));
    loop {
        let mut running = bots.start(kills.count)?;
        let is_long = kills.count % LONG == LONG - 1;
        let early = random.u8(..EARLY) == 0 && !is_long;
        let life = Duration::from_micros(random.u64(if early { SHORT_LIFE } else { LIFE }));
        let life = life + LONGER * u32::from(is_long);
        let last = kills.count == plan.kills;
        let start = Instant::now();
        let is_ready = if early && !last {
            let is_ready = timeout(life, bots.ready()).await.is_ok();
            if is_ready {
                kills.ready.push(start.elapsed());
                sleep(life.saturating_sub(start.elapsed())).await;
            }
            is_ready
        } else {
            timeout(PATIENCE, bots.ready()).await.map_err(|_| "the bot does not start")?;
            kills.ready.push(start.elapsed());
            if last {
                return Ok((kills, running));
            }
            sleep(life).await;
            true
        };
        if running.has_ended()? {
            return Err(format!("process {} of the bot ended by itself", kills.count).into());
        }
        bots.kill(running)?;
        kills.count += 1;
        kills.early += u32::from(!is_ready);
        if kills.count % READ == 0 {
            copies.send(copy(store, &plan.folder, kills.count)?)?;
        }
    }
}

/// As the process left it.
fn copy(store: &Path, folder: &Path, number: u32) -> std::io::Result<PathBuf> {
    let copy = folder.join(format!("copy-{number}.redb"));
    if store.exists() {
        fs::copy(store, &copy)?;
    }
    Ok(copy)
}

async fn read_all(mut copies: mpsc::UnboundedReceiver<PathBuf>) -> Result<Ledger, BoxError> {
    let mut ledger = Ledger::default();
    while let Some(copy) = copies.recv().await {
        ledger.look(&copy).await?;
        fs::remove_file(&copy)?;
    }
    Ok(ledger)
}

/// Until the service has no call any more and the bot nothing to do. Returns whether it came to that.
async fn drain(bots: &Bots, emulator: &Emulator) -> bool {
    let quiet = async {
        loop {
            let over = emulator.calls().await.iter().all(|call| call.state == "terminated");
            if over && bots.ask("busy").await == "0" {
                return;
            }
            sleep(LOOK).await;
        }
    };
    timeout(DRAINS, quiet).await.is_ok()
}
