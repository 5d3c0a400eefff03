//! A scenario as it is played: what is expected, step by step, and what was seen.

use graph_calls_bot::{CallEvent, core::model::fold_guid};
use graph_calls_emulator::{ControlError, Exchange, ExchangeKind, IncomingCall};
use serde::Serialize;
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Duration, Instant, timeout_at},
};

use super::stage::{Heard, Stage};

/// How long a scenario may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// One step of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Step {
    pub(super) expected: String,
    /// Absent where it was not seen.
    pub(super) seen: Option<String>,
}

/// That something did not happen. The step that failed is the script's last one.
#[derive(Debug)]
pub(super) struct Missed;

pub(super) type Played = Result<(), Missed>;

/// A scenario under way.
pub(super) struct Script<'s> {
    pub(super) stage: &'s mut Stage,
    pub(super) steps: Vec<Step>,
    /// The calls it made; the last one is the one it is about.
    pub(super) calls: Vec<String>,
    deadline: Instant,
    /// What the bot was told and no step has asked for yet.
    unclaimed: Vec<Heard>,
}

impl<'s> Script<'s> {
    pub(super) fn new(stage: &'s mut Stage) -> Self {
        let deadline = Instant::now() + PATIENCE;
        Self { stage, steps: Vec::new(), calls: Vec::new(), deadline, unclaimed: Vec::new() }
    }

    /// The call it is about.
    pub(super) fn call(&self) -> &str {
        self.calls.last().map_or("", String::as_str)
    }

    /// A step that was just decided.
    pub(super) fn check(&mut self, expected: &str, seen: Option<String>) -> Played {
        let missed = seen.is_none();
        self.steps.push(Step { expected: expected.to_owned(), seen });
        if missed { Err(Missed) } else { Ok(()) }
    }

    /// A step that cannot even be tried.
    pub(super) fn fail(&mut self, expected: &str, why: &dyn std::fmt::Display) -> Missed {
        self.steps.push(Step { expected: format!("{expected} ({why})"), seen: None });
        Missed
    }

    /// The id by which somebody takes part in the call.
    pub(super) async fn participant(&self, name: &str) -> String {
        let calls = self.stage.emulator.calls().await;
        let call = calls.iter().find(|call| call.id == self.call());
        let one = call.and_then(|call| call.participants.iter().find(|one| one.name == name));
        one.map(|one| one.id.clone()).unwrap_or_default()
    }

    /// Somebody calls, and the bot is told.
    pub(super) async fn place(&mut self, incoming: IncomingCall) -> Played {
        let who = self.stage.name_of(&incoming.from);
        let expected = format!("a call from {who}");
        match self.stage.emulator.incoming(incoming).await {
            Ok(call) => self.calls.push(call),
            Err(error) => return Err(self.fail(&expected, &error)),
        }
        let told = |event: &CallEvent| match event {
            CallEvent::Incoming(_) => Some(format!("{who} called")),
            _ => None,
        };
        self.hears(&expected, told).await
    }

    /// The other side presses a key, and the bot is told.
    pub(super) async fn press(&mut self, key: char) -> Played {
        let expected = format!("key {key}");
        let pressed: Result<(), ControlError> =
            self.stage.emulator.press(self.call(), &key.to_string()).await;
        if let Err(error) = pressed {
            return Err(self.fail(&expected, &error));
        }
        let told = |event: &CallEvent| match event {
            CallEvent::Tone(tone) if tone.is(key) => Some(format!("key {key}")),
            _ => None,
        };
        self.hears(&expected, told).await
    }

    /// Waits until the bot is told something about the call.
    pub(super) async fn hears(
        &mut self,
        expected: &str,
        pick: impl Fn(&CallEvent) -> Option<String>,
    ) -> Played {
        let call = self.call().to_owned();
        let seen = loop {
            let known = self
                .unclaimed
                .iter()
                .position(|heard| same(&heard.call, &call) && pick(&heard.event).is_some());
            if let Some(place) = known {
                break pick(&self.unclaimed.remove(place).event);
            }
            match timeout_at(self.deadline, self.stage.heard.recv()).await {
                Ok(Some(heard)) => self.unclaimed.push(heard),
                Ok(None) | Err(_) => break None,
            }
        };
        self.check(expected, seen)
    }

    /// Waits until the call's exchanges show something.
    pub(super) async fn sees(
        &mut self,
        expected: &str,
        find: impl Fn(&[Exchange]) -> Option<String>,
    ) -> Played {
        let mut live = self.stage.emulator.subscribe();
        let seen = loop {
            let exchanges = self.stage.emulator.exchanges(Some(self.call()));
            if let Some(seen) = find(&exchanges) {
                break Some(seen);
            }
            match timeout_at(self.deadline, live.recv()).await {
                Ok(Ok(_) | Err(RecvError::Lagged(_))) => {}
                Ok(Err(RecvError::Closed)) | Err(_) => break None,
            }
        };
        self.check(expected, seen)
    }

    /// Waits until the service has answered a request of the bot for a path that ends so.
    pub(super) async fn answered(&mut self, expected: &str, method: &str, path: &str, status: u16) -> Played {
        let find = |exchanges: &[Exchange]| {
            let is_asked = |one: &&Exchange| {
                one.kind == ExchangeKind::Request
                    && one.method.as_deref() == Some(method)
                    && one.path.as_deref().is_some_and(|sent| sent.ends_with(path))
            };
            let asked = exchanges.iter().filter(is_asked);
            asked.map(|one| (one, answer_to(one, exchanges))).find_map(|(one, answer)| {
                (answer?.status == Some(status)).then(|| format!("{} answered {status}", one.summary))
            })
        };
        self.sees(expected, find).await
    }

    /// Waits until the call's last notification was taken by the bot, and looks whether anything failed on the way.
    pub(super) async fn over(&mut self) -> Played {
        let taken = |exchanges: &[Exchange]| {
            let end = exchanges.iter().find(|one| is_end(one))?;
            answer_to(end, exchanges).map(|_| "acknowledged".to_owned())
        };
        self.sees("the end is acknowledged", taken).await?;
        let exchanges = self.stage.emulator.exchanges(Some(self.call()));
        match exchanges.iter().find(|one| one.is_failure()) {
            Some(failure) => Err(self.fail("nothing failed", &failure.summary)),
            None => self.check("nothing failed", Some("nothing failed".to_owned())),
        }
    }
}

fn answer_to<'e>(asked: &Exchange, exchanges: &'e [Exchange]) -> Option<&'e Exchange> {
    exchanges.iter().find(|one| one.answers == Some(asked.seq))
}

/// Whether it tells the bot that the call is over.
pub(super) fn is_end(exchange: &Exchange) -> bool {
    item(exchange).is_some_and(|item| {
        let kind = item.pointer("/resourceData/@odata.type").and_then(|kind| kind.as_str());
        item.get("changeType").is_some_and(|change| change == "deleted")
            && kind == Some("#microsoft.graph.call")
    })
}

/// The first item of a notification.
pub(super) fn item(exchange: &Exchange) -> Option<&serde_json::Value> {
    let notification = exchange.kind == ExchangeKind::Notification;
    exchange.body.as_ref().filter(|_| notification)?.pointer("/value/0")
}

fn same(one: &str, two: &str) -> bool {
    one == two || fold_guid(one).is_some_and(|guid| fold_guid(two) == Some(guid))
}
