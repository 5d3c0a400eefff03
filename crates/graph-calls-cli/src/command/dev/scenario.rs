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
        self.steps.iter().all(|step| step.seen.is_some())
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
            Scenario::WholeCall => ('a', "a call from its beginning to its end"),
            Scenario::Busy => ('b', "a call rejected as busy"),
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
const DANA: &str = "b0000000-0000-4000-8000-000000000004";
const CHIDI: &str = "b0000000-0000-4000-8000-000000000003";
const GRETA: &str = "b0000000-0000-4000-8000-000000000007";
const BRUNO: &str = "b0000000-0000-4000-8000-000000000002";
const ELIF: &str = "b0000000-0000-4000-8000-000000000005";

async fn whole_call(script: &mut Script<'_>) -> Played {
    script.place(IncomingCall::from_user(DANA)).await?;
    script.answered("the bot answers", "POST", "/answer", 202).await?;
    script.hears("established", |event| word(matches!(event, CallEvent::Established), "established")).await?;
    script.hears("audio", |event| word(matches!(event, CallEvent::MediaActive), "audio flows")).await?;
    script
        .hears("the bot listens for keys", |event| word(is_done(event, "tones"), "listening for keys"))
        .await?;
    script.answered("a greeting is played", "POST", "/playPrompt", 200).await?;
    script.hears("the greeting is heard", |event| word(is_done(event, "greeting"), "greeting heard")).await?;

    let colleague = script.stage.colleague().to_owned();
    let name = script.stage.name_of(&colleague);
    script.press('1').await?;
    script.answered("a colleague is invited", "POST", "/participants/invite", 200).await?;
    script.hears("the colleague joins", |event| joined(event, &colleague, &name)).await?;
    script.hears("the invitation is done", |event| word(is_done(event, "invite"), "invitation done")).await?;

    script.press('2').await?;
    script.answered("the colleague is removed", "DELETE", "/participants/", 204).await?;
    script
        .hears("the removal is done", |event| word(is_done(event, "remove"), &format!("{name} removed")))
        .await?;

    script.press('9').await?;
    script.answered("the bot hangs up", "DELETE", "/communications/calls/", 204).await?;
    script.sees("terminating", terminating).await?;
    let ended = |event: &CallEvent| match event {
        CallEvent::Terminated(ended) if ended.outcome == Outcome::Answered => {
            Some(format!("terminated, {}", ended.reason?))
        }
        _ => None,
    };
    script.hears("terminated, with a reason", ended).await?;
    script.over().await
}

async fn busy(script: &mut Script<'_>) -> Played {
    script.stage.door.close();
    script.place(IncomingCall::from_user(CHIDI)).await?;
    rejected(script).await
}

async fn rejected(script: &mut Script<'_>) -> Played {
    let busy = |exchanges: &[Exchange]| {
        let reject = exchanges.iter().find(|one| is_request(one, "/reject"))?;
        let reason = reject.body.as_ref()?.get("reason")?;
        word(reason == "busy", "rejected as busy")
    };
    script.sees("the bot rejects as busy", busy).await?;
    script.answered("the service takes it", "POST", "/reject", 202).await?;
    let bare = |exchanges: &[Exchange]| {
        let data = item(exchanges.iter().find(|one| is_end(one))?)?.get("resourceData")?;
        let bare = data.get("state").is_none() && data.get("resultInfo").is_none();
        word(bare, "deleted, with no state and no reason")
    };
    script.sees("a bare deleted", bare).await?;
    let ended = |event: &CallEvent| match event {
        CallEvent::Terminated(ended) => word(ended.outcome == Outcome::Rejected, "over: rejected"),
        _ => None,
    };
    script.hears("over, as rejected", ended).await?;
    script.over().await
}

async fn old_paths(script: &mut Script<'_>) -> Played {
    script.place(IncomingCall::from_user(GRETA)).await?;
    script.hears("established", |event| word(matches!(event, CallEvent::Established), "established")).await?;
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
        let request = RawRequest::new(method, path.as_str(), Repeat::Always);
        match client.send(request).await {
            Ok(response) => {
                let seen = format!("{shown}: {}", response.status().as_u16());
                script.check(&format!("{shown} works"), (response.status() == status).then_some(seen))?;
            }
            Err(error) => return Err(script.fail(&format!("{shown} works"), &error)),
        }
    }
    let current = |exchanges: &[Exchange]| {
        let below = format!("/v1.0/communications/calls/{call}");
        let requests: Vec<_> = exchanges.iter().filter(|one| one.kind == ExchangeKind::Request).collect();
        let rewritten = requests.iter().filter(|one| one.path.as_deref() == Some(&below)).count();
        let old = requests.iter().any(|one| {
            one.path.as_deref().is_some_and(|path| path.contains("/app/") || path.contains("/applications/"))
        });
        word(rewritten == 4 && !old, "all four sent to /communications/calls/{id}")
    };
    script.sees("the paths are rewritten", current).await?;
    let stats = client.stats();
    let once = stats.deprecated_paths == 4 && stats.deprecation_warnings == 2;
    script.check("one warning for each form", once.then(|| "warned once for each form".to_owned()))?;
    let ended = |event: &CallEvent| match event {
        CallEvent::Terminated(ended) => Some(format!("terminated, {}", ended.reason?)),
        _ => None,
    };
    script.hears("terminated, with a reason", ended).await?;
    script.over().await
}

async fn old_notifications(script: &mut Script<'_>) -> Played {
    script.place(IncomingCall::from_user(BRUNO).dialect(Dialect::Y2018)).await?;
    script.hears("established", |event| word(matches!(event, CallEvent::Established), "established")).await?;
    script
        .hears("the bot listens for keys", |event| word(is_done(event, "tones"), "listening for keys"))
        .await?;
    script.press('9').await?;
    script.answered("the bot hangs up", "DELETE", "/communications/calls/", 204).await?;
    script.sees("terminating", terminating).await?;
    let reason = |exchanges: &[Exchange]| {
        let data = item(exchanges.iter().find(|one| is_end(one))?)?.get("resourceData")?;
        let reason = data.get("terminationReason")?.as_str()?;
        let terminated = data.get("state").is_some_and(|state| state == "terminated");
        word(terminated && reason == "AppInitiated", "terminated, terminationReason AppInitiated")
    };
    script.sees("terminated by the app", reason).await?;
    let ended = |event: &CallEvent| match event {
        CallEvent::Terminated(ended) => word(ended.outcome == Outcome::Answered, "over: answered"),
        _ => None,
    };
    script.hears("over, as answered", ended).await?;
    script.sees("nothing but the legacy form", legacy).await?;
    script.over().await?;

    script.stage.door.close();
    script.place(IncomingCall::from_user(ELIF).dialect(Dialect::DocsLegacy)).await?;
    rejected(script).await?;
    script.sees("nothing but the legacy form", legacy).await
}

fn terminating(exchanges: &[Exchange]) -> Option<String> {
    let told = exchanges.iter().filter_map(item).any(|item| {
        item.get("changeType").is_some_and(|change| change == "updated")
            && item.pointer("/resourceData/state").is_some_and(|state| state == "terminating")
    });
    word(told, "terminating")
}

fn legacy(exchanges: &[Exchange]) -> Option<String> {
    let old = |item: &Value| {
        item.get("resourceUrl").is_none()
            && item
                .get("resource")
                .and_then(Value::as_str)
                .is_some_and(|path| path.starts_with("/app/calls/"))
    };
    word(exchanges.iter().filter_map(item).all(old), "every item named by resource alone")
}

fn is_request(exchange: &Exchange, path: &str) -> bool {
    exchange.kind == ExchangeKind::Request
        && exchange.path.as_deref().is_some_and(|sent| sent.ends_with(path))
}

fn is_done(event: &CallEvent, name: &str) -> bool {
    matches!(event, CallEvent::Done(done) if done.name == name)
}

fn joined(event: &CallEvent, id: &str, name: &str) -> Option<String> {
    let CallEvent::RosterChanged(change) = event else { return None };
    let there = change.joined.iter().any(|one| {
        let user = one.identity().and_then(|identity| identity.user.as_ref()?.id.as_deref());
        user == Some(id)
    });
    word(there, &format!("{name} joined"))
}

fn word(seen: bool, word: &str) -> Option<String> {
    seen.then(|| word.to_owned())
}
