//! What a ladder shows, before anybody draws it.

use std::time::Duration;

use graph_calls_model::EndReason;
use serde_json::Value;

use crate::{
    json::{at, items},
    summary,
    trace::{Exchange, ExchangeKind, Lane},
};

/// A ladder, ready to be drawn in any format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ladder {
    pub(crate) call: String,
    /// Who called whom.
    pub(crate) title: String,
    /// What stands above the lanes of people, service and bot.
    pub(crate) lanes: [&'static str; 3],
    pub(crate) rows: Vec<Row>,
    /// How the call ended, in words.
    pub(crate) ending: Option<String>,
    /// From the first row to the last.
    pub(crate) lasted: Duration,
}

impl Ladder {
    /// The first arrow that says that something went wrong.
    pub(crate) fn first_failure(&self) -> Option<&Row> {
        self.rows.iter().find(|row| row.failed)
    }
}

/// One arrow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) seq: u64,
    /// Since the row before.
    pub(crate) after: Duration,
    pub(crate) from: Lane,
    pub(crate) to: Lane,
    pub(crate) label: String,
    pub(crate) stroke: Stroke,
    pub(crate) failed: bool,
}

/// How an arrow is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stroke {
    /// Something is asked or told.
    Full,
    /// Something is answered.
    Thin,
    /// A person does something, or is told something.
    Person,
}

/// Lays out exchanges of one call, in their order.
pub(crate) fn layout(exchanges: &[Exchange]) -> Ladder {
    let mut rows = Vec::with_capacity(exchanges.len());
    let mut last = None;
    for exchange in exchanges {
        let after = last.map_or(Duration::ZERO, |last| exchange.at.saturating_sub(last));
        last = Some(exchange.at);
        rows.push(Row {
            seq: exchange.seq,
            after,
            from: exchange.from,
            to: exchange.to,
            label: plain(&exchange.summary),
            stroke: match exchange.kind {
                ExchangeKind::Response | ExchangeKind::Ack => Stroke::Thin,
                ExchangeKind::Request | ExchangeKind::Notification => Stroke::Full,
                ExchangeKind::Happening => Stroke::Person,
            },
            failed: exchange.is_failure(),
        });
    }
    let lasted = match (exchanges.first(), exchanges.last()) {
        (Some(first), Some(last)) => last.at.saturating_sub(first.at),
        _ => Duration::ZERO,
    };
    let call = exchanges.iter().find_map(call_of);
    let outgoing = call.is_some_and(|call| at(call, "/direction") == "outgoing");
    Ladder {
        call: exchanges.iter().find_map(|one| one.call.as_deref()).map(plain).unwrap_or_default(),
        title: call.map(title).unwrap_or_default(),
        lanes: [if outgoing { "people" } else { "caller" }, "service", "bot"],
        rows,
        ending: exchanges.iter().rev().find_map(ending),
        lasted,
    }
}

/// The call as its first notification or the answer to its creation has it: with source and targets.
fn call_of(exchange: &Exchange) -> Option<&Value> {
    let body = exchange.body.as_ref()?;
    let data = item(body).map_or(Some(body), |item| item.get("resourceData"))?;
    (data.get("source")?.is_object() && data.get("targets").is_some_and(Value::is_array)).then_some(data)
}

fn item(body: &Value) -> Option<&Value> {
    body.get("value")?.get(0)
}

fn title(call: &Value) -> String {
    let targets = items(call, "/targets");
    let mut names: Vec<_> = targets.iter().map(|target| summary::name(at(target, "/identity"))).collect();
    if names.is_empty() {
        names.push("a meeting".to_owned());
    }
    plain(&format!("{} → {}", summary::name(at(call, "/source/identity")), names.join(", ")))
}

/// What the notification of a call's end says, in words.
fn ending(exchange: &Exchange) -> Option<String> {
    if exchange.kind != ExchangeKind::Notification {
        return None;
    }
    let item = item(exchange.body.as_ref()?)?;
    let data = item.get("resourceData")?;
    let is_call = data.get("@odata.type")?.as_str()?.rsplit('.').next() == Some("call");
    if !is_call || !item.get("changeType")?.as_str()?.eq_ignore_ascii_case("deleted") {
        return None;
    }
    let number = |name: &str| number(at(data, &format!("/resultInfo/{name}")));
    let subcode = number("subcode").or_else(|| number("subCode"));
    if let Some(code) = number("code") {
        let meaning =
            EndReason::find(code, subcode).map_or("a reason that no table knows", |reason| reason.meaning);
        let subcode = subcode.map(|subcode| format!("/{subcode}")).unwrap_or_default();
        return Some(format!("{code}{subcode}: {meaning}"));
    }
    if let Some(reason) = at(data, "/terminationReason").as_str() {
        return Some(plain(reason));
    }
    Some("the service gives no reason".to_owned())
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// The text without control characters: names come from elsewhere, and a terminal would obey them.
fn plain(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { '·' } else { one }).collect()
}

#[cfg(test)]
pub(super) mod samples {
    use serde_json::json;

    use super::*;

    pub(crate) const CALL: &str = "2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";

    pub(crate) fn exchange(seq: u64, at: u64, kind: ExchangeKind, bot: bool, summary: &str) -> Exchange {
        let (from, to) = match (kind, bot) {
            (ExchangeKind::Happening, true) => (Lane::Service, Lane::Caller),
            (ExchangeKind::Happening, false) => (Lane::Caller, Lane::Service),
            (_, true) => (Lane::Bot, Lane::Service),
            (_, false) => (Lane::Service, Lane::Bot),
        };
        let status = summary.split_once(' ').and_then(|(status, _)| status.parse().ok());
        Exchange {
            seq,
            at: Duration::from_millis(at),
            call: Some(CALL.to_owned()),
            from,
            to,
            kind,
            method: None,
            path: None,
            status,
            summary: summary.to_owned(),
            answers: None,
            headers: Vec::new(),
            body: None,
            fault: None,
        }
    }

    pub(crate) fn notification(seq: u64, at: u64, change: &str, data: &Value) -> Exchange {
        let body = json!({ "value": [{ "changeType": change, "resourceData": data }] });
        let summary = summary::notification(&body);
        Exchange { body: Some(body), ..exchange(seq, at, ExchangeKind::Notification, false, &summary) }
    }

    /// A call that is rejected, answered too late, and whose last callback nobody takes.
    pub(crate) fn call() -> Vec<Exchange> {
        use ExchangeKind::{Ack, Happening, Request, Response};
        let kind = "#microsoft.graph.call";
        let name = |name: &str, slot: &str| json!({ "identity": { slot: { "displayName": name } } });
        let incoming = json!({
            "@odata.type": kind, "state": "incoming", "direction": "incoming",
            "source": name("Adele Vance", "user"), "targets": [name("Calling Bot", "application")],
        });
        let ended = json!({
            "@odata.type": kind, "state": "terminated", "resultInfo": { "code": 200, "subcode": 5001 },
        });
        let person = |name: &str| json!({ "info": name_of(name) });
        let roster = json!(
            ["Calling Bot", "Adele Vance", "Hugo Morel", "Wolfeschlegelsteinhausenbergerdorff"].map(person)
        );
        vec![
            exchange(1, 0, Happening, false, "Adele Vance calls"),
            notification(2, 1, "created", &incoming),
            exchange(3, 3, Ack, true, "202 Accepted"),
            exchange(4, 250, Request, true, "POST …/answer"),
            exchange(5, 250, Response, false, "202 Accepted"),
            notification(6, 1_260, "updated", &roster),
            exchange(7, 90_000, Ack, true, "no answer: connection refused"),
            exchange(8, 90_000, Request, true, "POST …/playPrompt"),
            exchange(9, 90_000, Response, false, "409 Conflict: notAllowed The call was not answered."),
            exchange(10, 3_690_000, Happening, true, "stops calling Wolfeschlegelsteinhausenbergerdorff"),
            notification(11, 3_690_010, "deleted", &ended),
            exchange(12, 3_690_011, Ack, true, "202 Accepted"),
        ]
    }

    fn name_of(name: &str) -> Value {
        json!({ "identity": { "user": { "displayName": name } } })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{samples::*, *};

    #[test]
    fn a_ladder_knows_who_called_whom_and_how_it_ended() {
        let ladder = layout(&call());
        assert_eq!(ladder.call, CALL);
        assert_eq!(ladder.title, "Adele Vance → Calling Bot");
        assert_eq!(ladder.lanes[0], "caller");
        let ending = ladder.ending.as_deref().unwrap();
        assert_eq!(ending, "200/5001: The conversation is over (generic)");
        assert_eq!(ladder.first_failure().map(|row| row.seq), Some(7));
        assert_eq!(ladder.rows[3].after, Duration::from_millis(247));
    }

    #[test]
    fn an_end_without_a_result_says_so() {
        let bare = [notification(1, 0, "deleted", &json!({ "@odata.type": "#microsoft.graph.call" }))];
        assert_eq!(layout(&bare).ending.as_deref(), Some("the service gives no reason"));
        let data = json!({ "@odata.type": "#microsoft.graph.call", "terminationReason": "AppInitiated" });
        assert_eq!(layout(&[notification(1, 0, "deleted", &data)]).ending.as_deref(), Some("AppInitiated"));
        let data = json!({ "@odata.type": "#microsoft.graph.playPromptOperation", "status": "completed" });
        assert_eq!(layout(&[notification(1, 0, "deleted", &data)]).ending, None);
    }

    #[test]
    fn nothing_is_laid_out_as_nothing() {
        assert_eq!(layout(&[]).rows, []);
    }

    #[test]
    fn what_a_terminal_would_obey_is_taken_out() {
        let hostile = exchange(1, 0, ExchangeKind::Happening, false, "\u{1b}[2J calls\r\n");
        assert_eq!(layout(&[hostile]).rows[0].label, "·[2J calls··");
    }
}
