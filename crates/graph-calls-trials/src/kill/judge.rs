//! What must hold, whenever the bot was killed.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use graph_calls_bot::{
    CallRef,
    model::{AppId, CallId, TenantId},
};
use graph_calls_emulator::CallView;
use serde_json::Value;

use super::{
    bot::OVER,
    callers::Asked,
    ledger::Ledger,
    log::Log,
    relay::Notice,
    report::Report,
    run::{Kills, Requests},
};

/// All that is known at the end.
pub(super) struct Evidence {
    pub(super) kills: Kills,
    pub(super) ledger: Ledger,
    pub(super) asked: Asked,
    pub(super) notices: Vec<Notice>,
    pub(super) app: AppId,
    pub(super) tenant: TenantId,
    /// What each request did at the service, as the service counts it.
    pub(super) applied: BTreeMap<String, u64>,
    pub(super) requests: Requests,
    pub(super) calls: Vec<CallView>,
    /// Whether the bot had nothing left to do in the end.
    pub(super) drained: bool,
    /// Whether its last process ended well.
    pub(super) stopped: bool,
}

pub(super) fn judge(evidence: &Evidence, seed: u64, took: Duration) -> Report {
    let mut report = Report::new(seed, took, &evidence.kills, evidence.calls.len());
    evidence.notifications(&mut report);
    evidence.questions(&mut report);
    evidence.memories(&mut report);
    evidence.effects(&mut report);
    evidence.order(&mut report);
    evidence.end(&mut report);
    report
}

impl Evidence {
    fn log(&self, key: CallRef) -> Option<&Log> {
        self.ledger.logs.get(&key)
    }

    /// Each notification that was answered 202 is in the memory of its call, by what it tells.
    fn notifications(&self, report: &mut Report) {
        for notice in &self.notices {
            report.resent += u64::from(notice.sent.saturating_sub(1));
            for refused in &notice.refused {
                report.broken.push(format!("a notification was answered {refused}"));
            }
            if !notice.acknowledged {
                report.unacknowledged += 1;
                continue;
            }
            report.notifications += 1;
            for item in notice.body.pointer("/value").and_then(Value::as_array).into_iter().flatten() {
                let Some(key) = self.mailbox(notice, item) else {
                    report.broken.push(format!("a notification of no call: {item}"));
                    continue;
                };
                let Some(log) = self.log(key) else {
                    report.lost.push(format!("{key}: it is not known, and {item} was acknowledged"));
                    continue;
                };
                let told = telling(item, log);
                if told.is_empty() {
                    report.silent += 1;
                } else if !told.iter().any(|what| log.was_told(what)) {
                    report
                        .lost
                        .push(format!("{key}: `{}` was acknowledged and not told", told.join("` or `")));
                }
            }
        }
    }

    fn mailbox(&self, notice: &Notice, item: &Value) -> Option<CallRef> {
        if let Some((_, rest)) = notice.path.split_once("/c/") {
            return rest.split('/').next()?.parse().ok();
        }
        let id = CallId::new(path(item)?.split('/').next()?).ok()?;
        Some(CallRef::of_incoming(&self.app, &self.tenant, &id))
    }

    /// Each call that was to be placed was placed once, each message that was acknowledged was told once.
    fn questions(&self, report: &mut Report) {
        report.broken.extend(self.asked.wrong.iter().cloned());
        let keys: BTreeMap<_, _> = self.asked.dials.iter().cloned().collect();
        report.dials = keys.len() as u64;
        report.dialed_again = self.asked.again;
        for (name, key) in &keys {
            if !self.log(*key).is_some_and(|log| log.was_told("terminated")) {
                report.lost.push(format!("{key}: the call of key {name} was not placed"));
            }
        }
        for (key, text, acknowledged) in &self.asked.messages {
            let times = self.log(*key).map_or(0, |log| log.times(&format!("message \"{text}\"")));
            report.messages += u64::from(*acknowledged);
            if *acknowledged && times == 0 {
                report.lost.push(format!("{key}: the message {text} was acknowledged and not told"));
            }
        }
        for (key, log) in &self.ledger.logs {
            // A call hears of the end of the one that it placed: nothing else ends it.
            let Some(child) = log.child else { continue };
            report.letters += 1;
            if !log.was_told(&format!("message {OVER}")) {
                report.lost.push(format!("{key}: it was not told that {child} is over"));
            }
        }
    }

    /// What each call remembers: nothing twice, nothing that did not end.
    fn memories(&self, report: &mut Report) {
        for (key, log) in &self.ledger.logs {
            report.events += log.told.len() as u64;
            report.commands += log.decided.len() as u64;
            report.in_doubt +=
                log.told.iter().filter(|told| told.what.starts_with("in_doubt")).count() as u64;
            report.take_overs += log.take_overs();
            let mut ids = BTreeSet::new();
            let mut once = BTreeSet::new();
            for told in &log.told {
                if !ids.insert(&told.id) {
                    report
                        .doubled
                        .push(format!("{key}: the event {} was told twice: {}", told.id, told.what));
                }
                let may_repeat = ["roster_changed", "media_", "hold", "resumed", "in_doubt dial"];
                if !may_repeat.iter().any(|kind| told.what.starts_with(kind)) && !once.insert(&told.what) {
                    report.doubled.push(format!("{key}: `{}` was told twice", told.what));
                }
            }
            for command in &log.decided {
                let ends = ["done", "failed", "in_doubt"].map(|end| format!("{end} {}", command.name));
                if log.was_told(&ends[0]) && log.was_told(&ends[1]) {
                    report
                        .doubled
                        .push(format!("{key}: {} was told to be done and to have failed", command.name));
                }
                if !ends.iter().any(|end| log.was_told(end)) {
                    report.untold.push(format!("{key}: how {} ended was not told", command.name));
                }
            }
        }
    }

    /// What the service did: nothing twice that must be done once, and nothing that was not decided and kept before.
    fn effects(&self, report: &mut Report) {
        let decided = self.ledger.logs.values().flat_map(|log| &log.decided);
        let contexts: BTreeSet<_> = decided.filter_map(|one| one.context.as_deref()).collect();
        let mut placed: BTreeMap<CallRef, u64> = BTreeMap::new();
        for (request, times) in &self.applied {
            let Some(rest) = request.strip_prefix("POST /v1.0/communications/calls") else { continue };
            let once = ["/playPrompt", "/participants/invite", "/transfer"];
            if once.iter().any(|action| rest.contains(action)) {
                report.effects += times;
                if *times > 1 {
                    report.doubled.push(format!("{request} had its effect {times} times"));
                }
            }
            if let Some((_, context)) = rest.split_once(" gc1.")
                && !contexts.contains(format!("gc1.{context}").as_str())
            {
                report.broken.push(format!("{request} was sent, and nobody remembers that it was decided"));
            }
            if let Some((_, key)) = rest.strip_prefix(" http").and_then(|uri| uri.split_once("/c/"))
                && let Some(Ok(key)) = key.split('/').next().map(str::parse)
            {
                *placed.entry(key).or_default() += times;
            }
        }
        for (key, times) in placed {
            report.effects += times;
            report.placed += 1;
            if times > 1 {
                report.doubled.push(format!("{key}: the call was placed {times} times"));
            }
            if self.log(key).is_none() {
                report.broken.push(format!("{key}: a call was placed that nobody knows"));
            }
        }
    }

    /// The prompts of a call are played in the order in which they were decided.
    fn order(&self, report: &mut Report) {
        let mut places = HashMap::new();
        for (key, log) in &self.ledger.logs {
            for (place, command) in log.decided.iter().enumerate() {
                places.extend(command.context.as_deref().map(|context| (context, (*key, place))));
            }
        }
        let mut last: HashMap<CallRef, usize> = HashMap::new();
        (report.requests, report.missed) = (self.requests.count, self.requests.missed);
        for context in &self.requests.prompts {
            let Some((key, place)) = places.get(context.as_str()) else { continue };
            if last.insert(*key, *place).is_some_and(|before| before > *place) {
                report.broken.push(format!("{key}: prompts were sent out of order"));
            }
        }
    }

    /// All is over, for the service and for the bot.
    fn end(&self, report: &mut Report) {
        let going_on = self.calls.iter().filter(|call| call.state != "terminated");
        report.broken.extend(going_on.map(|call| format!("call {} is {} for ever", call.id, call.state)));
        let busy = self.ledger.busy.iter();
        report.broken.extend(busy.map(|key| format!("{key}: its mailbox is not drained")));
        report
            .broken
            .extend(self.ledger.taken_back.iter().map(|what| format!("memory was taken back: {what}")));
        report.lost.extend(self.ledger.dead.iter().map(|letter| format!("dead letter: {letter}")));
        report.broken.extend(self.ledger.parked.iter().map(|key| format!("{key}: it was parked")));
        if !self.drained {
            report.broken.push("the bot had something left to do in the end".to_owned());
        }
        if !self.stopped {
            report.broken.push("the last process did not end well".to_owned());
        }
        report.failures = self.ledger.failures;
        report.copies = self.ledger.copies;
    }
}

/// Behind `calls/` in the path of what an item is about.
fn path(item: &Value) -> Option<&str> {
    let path = item.get("resourceUrl").or_else(|| item.get("resource"))?.as_str()?;
    path.split_once("calls/").map(|(_, rest)| rest)
}

/// What a call must have been told of an item, one of these. Nothing where an item leads to no event of its own.
fn telling(item: &Value, log: &Log) -> Vec<String> {
    let path: Vec<_> = path(item).unwrap_or_default().split('/').collect();
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    match path.as_slice() {
        [_] if text("/changeType") == "deleted" => vec!["terminated".to_owned()],
        [_] => {
            if let Some(number) = item.pointer("/resourceData/toneInfo/sequenceId").and_then(Value::as_i64) {
                return vec![format!("tone {number}")];
            }
            match text("/resourceData/state") {
                "established" if text("/resourceData/mediaState/audio") == "active" => {
                    vec!["media_active".to_owned()]
                }
                state @ ("incoming" | "establishing" | "established" | "terminated") => {
                    vec![state.to_owned()]
                }
                "transferAccepted" => vec!["transfer_accepted".to_owned()],
                _ => Vec::new(),
            }
        }
        [_, "operations", _] if matches!(text("/resourceData/status"), "completed" | "failed") => {
            let context = text("/resourceData/clientContext");
            let command = log.decided.iter().find(|command| command.context.as_deref() == Some(context));
            let ends = command.map(|command| ["done", "failed"].map(|end| format!("{end} {}", command.name)));
            ends.map(Vec::from).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kill::log::Decided;

    #[test]
    fn an_item_says_what_must_have_been_told() {
        let log = Log {
            decided: vec![Decided { name: "play-3".to_owned(), context: Some("gc1.7".to_owned()) }],
            ..Log::default()
        };
        let of = |path: &str, data: Value| telling(&json!({ "resource": path, "resourceData": data }), &log);
        let call = "/app/calls/1";
        assert_eq!(of(call, json!({ "state": "incoming" })), ["incoming"]);
        assert_eq!(of(call, json!({ "state": "established", "toneInfo": { "sequenceId": 4 } })), ["tone 4"]);
        assert_eq!(
            of(call, json!({ "state": "established", "mediaState": { "audio": "active" } })),
            ["media_active"]
        );
        let operation = |status: &str| json!({ "status": status, "clientContext": "gc1.7" });
        assert_eq!(of("/app/calls/1/operations/2", operation("completed")), ["done play-3", "failed play-3"]);
        assert!(of("/app/calls/1/operations/2", operation("running")).is_empty());
        assert!(of("/app/calls/1/participants", json!([])).is_empty());
    }
}
