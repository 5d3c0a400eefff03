//! The scenarios that `dev` plays.

use graph_calls_bot::{
    CallEvent, Outcome,
    core::{RawRequest, Repeat},
};
use graph_calls_emulator::{Dialect, Exchange, ExchangeKind, IncomingCall};
use http::{Method, StatusCode};
use serde_json::Value;

use super::{
    script::{Missed, Played, Script, Step, is_end, item},
    stage::Stage,
};

/// A scenario, played.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) name: char,
    pub(super) title: &'static str,
    pub(super) steps: Vec<Step>,
    pub(super) calls: Vec<String>,
}

impl Report {
    pub(super) fn is_ok(&self) -> bool {
        self.missed().is_none()
    }

    /// What was expected and not seen.
    pub(super) fn missed(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.seen.is_none())
    }
}

/// Which scenario.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scenario {
    WholeCall,
    Busy,
    OldPaths,
    OldNotifications,
}

impl Scenario {
    pub(super) const ALL: [Scenario; 4] =
        [Scenario::WholeCall, Scenario::Busy, Scenario::OldPaths, Scenario::OldNotifications];

    fn name(self) -> (char, &'static str) {
        match self {
            Scenario::WholeCall => {
                ('a', "answered, greeted, a colleague invited and removed by key, hung up")
            }
            Scenario::Busy => ('b', "rejected as busy"),
            Scenario::OldPaths => ('c', "a client still on /app/calls and /applications/{appId}/calls"),
            Scenario::OldNotifications => ('d', "the same bot with the notifications of 2018 and 2019"),
        }
    }

    /// Plays it. What did not happen is in the report.
    pub(super) async fn play(self, stage: &mut Stage) -> Report {
        stage.door.open();
        let mut script = Script::new(stage);
        let played = match self {
            Scenario::WholeCall => whole_call(&mut script).await,
            Scenario::Busy => busy(&mut script).await,
            Scenario::OldPaths => old_paths(&mut script).await,
            Scenario::OldNotifications => old_notifications(&mut script).await,
        };
        // The step that was missed is in the steps.
        let _: Result<(), Missed> = played;
        script.stage.door.open();
        let (name, title) = self.name();
        Report { name, title, steps: script.steps, calls: script.calls }
    }
}

/// Who calls: any of the directory will do, what they do when they are called does not matter.
const BRUNO: &str = "b0000000-0000-4000-8000-000000000002";
const CHIDI: &str = "b0000000-0000-4000-8000-000000000003";
const DANA: &str = "b0000000-0000-4000-8000-000000000004";
const ELIF: &str = "b0000000-0000-4000-8000-000000000005";
const GRETA: &str = "b0000000-0000-4000-8000-000000000007";

async fn whole_call(script: &mut Script<'_>) -> Played {
    script.place(IncomingCall::from_user(DANA)).await?;
    script.answered("the bot answers", "POST", "/answer", 202).await?;
    established(script).await?;
    script.hears("audio", |event| word(matches!(event, CallEvent::MediaActive), "audio flows")).await?;
    script.answered("a greeting is played", "POST", "/playPrompt", 200).await?;
    greeted(script).await?;

    let colleague = script.stage.colleague().to_owned();
    let name = script.stage.name_of(&colleague);
    script.press('1').await?;
    script.answered("a colleague is invited", "POST", "/participants/invite", 200).await?;
    script.hears("the colleague joins", |event| joined(event, &colleague, &name)).await?;
    script.hears("the invitation is done", |event| done(event, "invite", "invitation done")).await?;

    let participant = script.participant(&name).await;
    script.press('2').await?;
    let path = format!("/participants/{participant}");
    script.answered("the colleague is removed", "DELETE", &path, 204).await?;
    script.hears("the removal is done", |event| done(event, "remove", &format!("{name} removed"))).await?;

    script.press('9').await?;
    hung_up(script).await?;
    script.hears("terminated, with a reason", terminated_with_reason).await?;
    script.over().await
}

async fn busy(script: &mut Script<'_>) -> Played {
    script.stage.door.close();
    script.place(IncomingCall::from_user(CHIDI)).await?;
    rejected(script).await
}

async fn old_paths(script: &mut Script<'_>) -> Played {
    script.place(IncomingCall::from_user(GRETA)).await?;
    established(script).await?;
    // What the old client does shall not cross what the bot does.
    greeted(script).await?;

    let app = script.stage.connection.app_id().map(ToString::to_string).unwrap_or_default();
    let call = script.call().to_owned();
    let (old, older) = (format!("/app/calls/{call}"), format!("/applications/{app}/calls/{call}"));
    // A client of its own, so that its warnings are counted apart from the bot's.
    let client = script.stage.connection.client();
    let requests = [
        (Method::GET, &old, StatusCode::OK, "GET /app/calls/{id}"),
        (Method::GET, &older, StatusCode::OK, "GET /applications/{appId}/calls/{id}"),
        (Method::GET, &old, StatusCode::OK, "GET /app/calls/{id} again"),
        (Method::DELETE, &older, StatusCode::NO_CONTENT, "DELETE /applications/{appId}/calls/{id}"),
    ];
    for (method, path, status, shown) in requests {
        let expected = format!("{shown} works");
        match client.send(RawRequest::new(method, path.as_str(), Repeat::Always)).await {
            Ok(response) if response.status() == status => {
                script.check(&expected, Some(format!("{shown} answered {}", status.as_u16())))?;
            }
            Ok(response) => return Err(script.fail(&expected, &response.status())),
            Err(error) => return Err(script.fail(&expected, &error)),
        }
    }
    let current = |exchanges: &[Exchange]| {
        let below = format!("/v1.0/communications/calls/{call}");
        let requests = exchanges.iter().filter(|one| one.kind == ExchangeKind::Request);
        let paths: Vec<_> = requests.filter_map(|one| one.path.as_deref()).collect();
        let rewritten = paths.iter().filter(|path| **path == below).count();
        let old = paths.iter().any(|path| path.contains("/app/") || path.contains("/applications/"));
        word(rewritten == 4 && !old, "all four sent to /communications/calls/{id}")
    };
    script.sees("the paths are rewritten", current).await?;
    let stats = client.stats();
    let once = stats.deprecated_paths == 4 && stats.deprecation_warnings == 2;
    script.check("one warning for each form", word(once, "warned once for each form"))?;
    script.sees("terminating", terminating).await?;
    script.hears("terminated, with a reason", terminated_with_reason).await?;
    script.over().await
}

async fn old_notifications(script: &mut Script<'_>) -> Played {
    script.place(IncomingCall::from_user(BRUNO).dialect(Dialect::Y2018)).await?;
    established(script).await?;
    greeted(script).await?;
    script.press('9').await?;
    hung_up(script).await?;
    let reason = |exchanges: &[Exchange]| {
        let data = end_of(exchanges)?;
        let terminated = data.get("state").is_some_and(|state| state == "terminated");
        let by_app = data.get("terminationReason").is_some_and(|reason| reason == "AppInitiated");
        word(terminated && by_app, "the service says terminationReason AppInitiated")
    };
    script.sees("ended by the app", reason).await?;
    let ended = |event: &CallEvent| match event {
        CallEvent::Terminated(ended) if ended.outcome == Outcome::Answered => {
            Some(format!("terminated, {}", ended.termination_reason.as_deref()?))
        }
        _ => None,
    };
    script.hears("terminated, with the word of 2018", ended).await?;
    script.sees("nothing but the legacy form", legacy).await?;
    script.over().await?;

    script.stage.door.close();
    script.place(IncomingCall::from_user(ELIF).dialect(Dialect::DocsLegacy)).await?;
    rejected(script).await?;
    script.sees("nothing but the legacy form", legacy).await
}

async fn established(script: &mut Script<'_>) -> Played {
    script.hears("established", |event| word(matches!(event, CallEvent::Established), "established")).await
}

async fn greeted(script: &mut Script<'_>) -> Played {
    script.hears("the bot listens for keys", |event| done(event, "tones", "listening for keys")).await?;
    script.hears("the greeting is heard", |event| done(event, "greeting", "greeting heard")).await
}

async fn hung_up(script: &mut Script<'_>) -> Played {
    let path = format!("/communications/calls/{}", script.call());
    script.answered("the bot hangs up", "DELETE", &path, 204).await?;
    script.sees("terminating", terminating).await
}

async fn rejected(script: &mut Script<'_>) -> Played {
    let busy = |exchanges: &[Exchange]| {
        let is_reject = |one: &&Exchange| {
            one.kind == ExchangeKind::Request
                && one.path.as_deref().is_some_and(|path| path.ends_with("/reject"))
        };
        let reason = exchanges.iter().find(is_reject)?.body.as_ref()?.get("reason")?;
        word(reason == "busy", "rejected as busy")
    };
    script.sees("the bot rejects as busy", busy).await?;
    script.answered("the service takes it", "POST", "/reject", 202).await?;
    let bare = |exchanges: &[Exchange]| {
        let data = end_of(exchanges)?;
        let told = ["state", "resultInfo", "terminationReason"].iter().any(|name| data.get(name).is_some());
        word(!told, "deleted, with no state and no reason")
    };
    script.sees("a bare deleted", bare).await?;
    script.hears("over, as rejected", |event| ended_as(event, Outcome::Rejected)).await?;
    script.over().await
}

/// The data of the notification that says that the call is over.
fn end_of(exchanges: &[Exchange]) -> Option<&Value> {
    item(exchanges.iter().find(|one| is_end(one))?)?.get("resourceData")
}

fn terminating(exchanges: &[Exchange]) -> Option<String> {
    let told = exchanges.iter().filter_map(item).any(|item| {
        item.get("changeType").is_some_and(|change| change == "updated")
            && item.pointer("/resourceData/state").is_some_and(|state| state == "terminating")
    });
    word(told, "terminating")
}

fn legacy(exchanges: &[Exchange]) -> Option<String> {
    let is_legacy = |item: &Value| {
        let path = item.get("resource").and_then(Value::as_str);
        item.get("resourceUrl").is_none() && path.is_some_and(|path| path.starts_with("/app/calls/"))
    };
    word(exchanges.iter().filter_map(item).all(is_legacy), "every item named by resource alone")
}

fn terminated_with_reason(event: &CallEvent) -> Option<String> {
    match event {
        CallEvent::Terminated(ended) if ended.outcome == Outcome::Answered => {
            Some(format!("terminated, {}", ended.reason?))
        }
        _ => None,
    }
}

fn ended_as(event: &CallEvent, outcome: Outcome) -> Option<String> {
    match event {
        CallEvent::Terminated(ended) if ended.outcome == outcome => {
            Some(format!("over: {}", outcome.as_str()))
        }
        _ => None,
    }
}

fn done(event: &CallEvent, name: &str, seen: &str) -> Option<String> {
    word(matches!(event, CallEvent::Done(done) if done.name == name), seen)
}

fn joined(event: &CallEvent, id: &str, name: &str) -> Option<String> {
    let CallEvent::RosterChanged(change) = event else { return None };
    let users = change.joined.iter().filter_map(|one| one.identity()?.user()?.id.as_deref());
    word(users.into_iter().any(|user| user == id), &format!("{name} joined"))
}

fn word(seen: bool, word: &str) -> Option<String> {
    seen.then(|| word.to_owned())
}
