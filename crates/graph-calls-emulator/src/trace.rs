//! Every exchange between caller, service and bot, without secrets.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use tokio::sync::broadcast;

use crate::{redact, world::same_id};

/// The most exchanges that are kept.
const CAPACITY: usize = 100_000;
/// How far a subscriber may lag behind.
const BACKLOG: usize = 4_096;

/// One step of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Exchange {
    /// Its place in the order of all exchanges, from 1.
    pub seq: u64,
    /// When, since the emulator's start. In seconds on the wire.
    #[serde(serialize_with = "seconds", deserialize_with = "from_seconds")]
    pub at: Duration,
    /// The call it belongs to.
    pub call: Option<String>,
    /// Who speaks.
    pub from: Lane,
    /// Who is spoken to.
    pub to: Lane,
    /// What it is.
    pub kind: ExchangeKind,
    /// The HTTP method of a request or notification.
    pub method: Option<String>,
    /// The path of a request, the URL of a notification.
    pub path: Option<String>,
    /// The HTTP status of a response or an ack.
    pub status: Option<u16>,
    /// In words: `updated call: established`.
    pub summary: String,
    /// The exchange that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<u64>,
    /// The headers, secrets removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body, secrets removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// The fault that struck a response, such as `after_effect`: what became of it is in the summary, and what would
    /// have been sent in headers and body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

impl Exchange {
    /// Whether it is a status of 400 and more, or an answer that did not come or not whole.
    pub fn is_failure(&self) -> bool {
        if self.fault.is_some() {
            return true;
        }
        match self.kind {
            ExchangeKind::Response | ExchangeKind::Ack => self.status.is_none_or(|status| status >= 400),
            ExchangeKind::Request | ExchangeKind::Notification | ExchangeKind::Happening => false,
        }
    }
}

/// Who takes part in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// The people at the other end.
    Caller,
    /// The emulated service.
    Service,
    /// The bot.
    Bot,
}

impl Lane {
    /// Its name: `caller`, `service` or `bot`.
    pub fn as_str(self) -> &'static str {
        match self {
            Lane::Caller => "caller",
            Lane::Service => "service",
            Lane::Bot => "bot",
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What an exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExchangeKind {
    /// The bot asks the service.
    Request,
    /// The service answers.
    Response,
    /// The service tells the bot.
    Notification,
    /// The bot acknowledges, or does not.
    Ack,
    /// A person does something, or is told something: no HTTP.
    Happening,
}

fn seconds<S: Serializer>(at: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(at.as_secs_f64())
}

fn from_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

/// An exchange that has no number yet.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) at: Duration,
    pub(crate) call: Option<String>,
    pub(crate) from: Lane,
    pub(crate) to: Lane,
    pub(crate) kind: ExchangeKind,
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) summary: String,
    pub(crate) answers: Option<u64>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
    pub(crate) fault: Option<&'static str>,
}

impl Draft {
    pub(crate) fn new(at: Duration, kind: ExchangeKind, from: Lane, to: Lane, summary: String) -> Self {
        Self {
            at,
            call: None,
            from,
            to,
            kind,
            method: None,
            path: None,
            status: None,
            summary,
            answers: None,
            headers: Vec::new(),
            body: None,
            fault: None,
        }
    }
}

/// The ring of exchanges, shared by all that speak.
#[derive(Debug, Clone)]
pub(crate) struct Trace(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ring: Mutex<Ring>,
    live: broadcast::Sender<Exchange>,
}

#[derive(Debug, Default)]
struct Ring {
    exchanges: VecDeque<Exchange>,
    last: u64,
}

impl Trace {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared { ring: Mutex::default(), live: broadcast::channel(BACKLOG).0 }))
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers the exchange, removes its secrets, keeps it, and tells the subscribers.
    pub(crate) fn record(&self, mut draft: Draft) -> u64 {
        redact::headers(&mut draft.headers);
        if let Some(body) = &mut draft.body {
            redact::body(body);
        }
        // The path of a callback is the bot's own and may carry a key of its in the query.
        if let Some(path) = &mut draft.path {
            redact::query(path);
        }
        let mut ring = self.ring();
        ring.last += 1;
        let exchange = Exchange {
            seq: ring.last,
            at: draft.at,
            call: draft.call,
            from: draft.from,
            to: draft.to,
            kind: draft.kind,
            method: draft.method,
            path: draft.path,
            status: draft.status,
            summary: draft.summary,
            answers: draft.answers,
            headers: draft.headers,
            body: draft.body,
            fault: draft.fault.map(str::to_owned),
        };
        if ring.exchanges.len() == CAPACITY {
            ring.exchanges.pop_front();
        }
        ring.exchanges.push_back(exchange.clone());
        // Sent under the lock, so that subscribers see the order of the numbers. It never waits.
        let _ = self.0.live.send(exchange);
        ring.last
    }

    pub(crate) fn exchanges(&self, call: Option<&str>) -> Vec<Exchange> {
        let ring = self.ring();
        let about = |one: &Exchange, call: &str| one.call.as_deref().is_some_and(|of| same_id(of, call));
        let wanted = |one: &&Exchange| call.is_none_or(|call| about(one, call));
        ring.exchanges.iter().filter(wanted).cloned().collect()
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Exchange> {
        self.0.live.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft(summary: &str) -> Draft {
        Draft::new(
            Duration::from_millis(1500),
            ExchangeKind::Request,
            Lane::Bot,
            Lane::Service,
            summary.to_owned(),
        )
    }

    #[test]
    fn exchanges_are_numbered_kept_and_sent_to_subscribers() {
        let trace = Trace::new();
        let mut live = trace.subscribe();
        trace.record(draft("one"));
        trace.record(Draft { call: Some("c".into()), ..draft("two") });
        assert_eq!(trace.exchanges(None).len(), 2);
        assert_eq!(trace.exchanges(Some("c")).len(), 1);
        assert_eq!(live.try_recv().unwrap().seq, 1);
        assert_eq!(live.try_recv().unwrap().summary, "two");
    }

    #[test]
    fn an_exchange_is_written_as_json_and_read_back() {
        let trace = Trace::new();
        trace.record(draft("GET …"));
        let exchange = trace.exchanges(None).remove(0);
        let written = serde_json::to_value(&exchange).unwrap();
        assert_eq!(
            written,
            json!({
                "seq": 1, "at": 1.5, "call": null, "from": "bot", "to": "service", "kind": "request",
                "method": null, "path": null, "status": null, "summary": "GET …",
            })
        );
        assert_eq!(serde_json::from_value::<Exchange>(written).unwrap(), exchange);
    }
}
