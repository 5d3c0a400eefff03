//! The people around the bots: they call, press keys, come and go, and hang up in the end.

use std::{sync::Arc, time::Duration};

use graph_calls_bot::{CallRef, Dial};
use graph_calls_emulator::{Control, IncomingCall};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};

use super::{
    bots,
    handler::Notes,
    plan::{CLOSING, Dialling, Incoming, LIMIT},
    stage::Stage,
};

/// How often a caller asks for a call that may not have been placed.
const ASKED: u32 = 40;

/// One of the eight who can be called, each with a way of their own.
pub(super) fn person(which: usize) -> String {
    format!("b0000000-0000-4000-8000-{:012}", which % 8 + 1)
}

/// A whole run, from the first call to the last trace of one.
pub(super) async fn play(stage: &Stage) {
    let plan = stage.plan().clone();
    let (stop, stopped) = watch::channel(false);
    let time = tokio::spawn(stage.clone().pass_time());
    let bots: Vec<_> =
        (0..plan.bots).map(|place| tokio::spawn(bots::live(stage.clone(), place, stopped.clone()))).collect();
    let mut callers = Vec::new();
    for incoming in plan.incoming {
        callers.push(tokio::spawn(call(stage.clone(), incoming)));
    }
    for dialling in plan.dials {
        for _ in 0..dialling.askers {
            callers.push(tokio::spawn(dial(stage.clone(), dialling.clone())));
        }
    }
    mingle(stage).await;
    for caller in callers {
        caller.await.expect("a caller does not panic");
    }
    let _ = stop.send(true);
    for bot in bots {
        bot.await.expect("who watches a bot does not panic");
    }
    end(stage, time).await;
}

/// Nothing may go on any more.
async fn end(stage: &Stage, time: JoinHandle<()>) {
    // What a dead process had begun comes to its next step.
    sleep(Duration::from_secs(90)).await;
    if stage.is_busy() {
        stage.broken("something is on its way for ever".to_owned());
    }
    time.abort();
    let _ = time.await;
    let left = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    if left > 0 {
        stage.broken(format!("{left} tasks are left"));
    }
}

async fn call(stage: Stage, incoming: Incoming) {
    sleep(incoming.at).await;
    let from = IncomingCall::from_user(person(incoming.from)).dialect(incoming.dialect);
    let from = if incoming.recording { from.recording() } else { from };
    let call = stage.control(Control::Incoming(from)).expect("a webhook is registered");
    stage.count("calls in");
    stage.note(format_args!("somebody calls: {}", call.unwrap_or_default()));
}

/// Asks for a call until it is placed, and at times once more.
async fn dial(stage: Stage, dialling: Dialling) {
    sleep(dialling.at).await;
    let mut again = true;
    for _ in 0..ASKED {
        if let Some(key) = ask(&stage, &dialling).await {
            stage.lock().ledger.dialled.insert(key);
            if !(again && stage.draw(300)) {
                return;
            }
            again = false;
        }
        sleep(stage.some_time(300, 3_000)).await;
    }
    stage.broken(format!("{} is never placed", dialling.key));
}

async fn ask(stage: &Stage, dialling: &Dialling) -> Option<CallRef> {
    let bot = stage.somebody()?;
    let dial = Dial::user(person(dialling.to)).key(dialling.key.clone()).memory(&Notes::of_dial());
    let name = bot.life.name();
    let asked = Arc::clone(&bot);
    drop(bot);
    // A bot that dies takes the task with it.
    let asked = tokio::spawn(async move { asked.bot.calls().dial(dial).await }).await;
    let said = match &asked {
        Ok(Ok(key)) => key.to_string(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it died".to_owned(),
    };
    stage.note(format_args!("{name} is asked for {}: {said}", dialling.key));
    asked.ok()?.ok()
}

/// People do this and that until all calls are over.
async fn mingle(stage: &Stage) {
    let closing = Instant::now() + CLOSING;
    while Instant::now() < closing {
        sleep(stage.some_time(600, 3_000)).await;
        one_thing(stage);
        stage.look_at_calls();
    }
    let limit = Instant::now() + LIMIT;
    loop {
        let live = stage.look_at_calls();
        let open = stage.open_calls().await;
        if live.is_empty() && open == 0 && !stage.is_busy() {
            return;
        }
        if Instant::now() > limit {
            return stage.broken(format!("{} calls go on and {open} mailboxes are open", live.len()));
        }
        for call in live {
            let _ = stage.control(Control::HangUp { call });
        }
        sleep_until(Instant::now() + Duration::from_secs(4)).await;
    }
}

/// Somebody in one of the calls does something.
fn one_thing(stage: &Stage) {
    let calls = stage.lock().world.calls();
    let live: Vec<_> = calls.into_iter().filter(|call| call.state == "established").collect();
    if live.is_empty() {
        return;
    }
    let view = &live[stage.choose(live.len())];
    let call = view.id.clone();
    let control = match stage.choose(12) {
        0..6 => {
            let keys = ["1", "2", "12#", "7"][stage.choose(4)];
            Control::Press { call, keys: keys.to_owned() }
        }
        6 => Control::Join { call, person: person(stage.choose(8)) },
        7 if view.participants.len() > 1 => {
            let who = stage.choose(view.participants.len());
            Control::Leave { call, participant: view.participants[who].id.clone() }
        }
        8 if stage.choose(2) == 0 => Control::HangUp { call },
        _ => return,
    };
    let what = format!("{control:?}");
    let end = stage.control(control);
    stage.note(format_args!("people: {what}: {}", if end.is_ok() { "so be it" } else { "no" }));
}
