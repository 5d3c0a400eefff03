//! What was committed, delivered and seen: what the judge goes by.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;
use graph_calls_bot::{
    CallRef,
    store::{Accepted, CallStore as _, Change, ItemKind, Phase},
};
use graph_calls_emulator::Notification;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{stage::Stage, store::short};

/// What our own contexts begin with; the mailbox follows.
const CONTEXT: &str = "gc1.";
/// The path of a callback; the mailbox follows.
const CALLBACK: &str = "/api/calls/c/";
/// The digits of a mailbox's key.
const DIGITS: usize = 32;

#[derive(Default)]
pub(super) struct Ledger {
    pub(super) mails: BTreeMap<CallRef, Mail>,
    /// What was answered 202, in this order.
    pub(super) delivered: Vec<Delivered>,
    /// The calls that were placed, as whoever placed them was told.
    pub(super) dialled: BTreeSet<CallRef>,
    /// To whom something was told before they were there.
    pub(super) early: BTreeSet<CallRef>,
    /// When a call of the world was first seen to be over.
    pub(super) over: BTreeMap<String, Duration>,
    /// What each event was when it was first told.
    told: BTreeMap<String, String>,
}

/// One mailbox.
#[derive(Default)]
pub(super) struct Mail {
    /// What was committed, oldest first.
    pub(super) states: Vec<Bytes>,
    pub(super) accepted: u64,
    pub(super) taken: u64,
    /// What was in the inbox when it became a tombstone.
    pub(super) dropped: u64,
    pub(super) dead: u64,
    pub(super) is_over: bool,
    /// When its record knew first that the call is over.
    pub(super) ended: Option<(Duration, String)>,
}

/// What is known of an end.
#[derive(Deserialize)]
struct Light {
    record: LightRecord,
}

#[derive(Deserialize)]
struct LightRecord {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    ended: Option<Box<RawValue>>,
}

/// A notification that a bot has acknowledged.
#[derive(Debug)]
pub(super) struct Delivered {
    /// When it was acknowledged.
    pub(super) at: Duration,
    pub(super) call: String,
    /// The mailbox that its address names.
    pub(super) to: Option<CallRef>,
    pub(super) is_incoming: bool,
    /// It says that the call is over.
    pub(super) is_end: bool,
    pub(super) tone: Option<i64>,
    /// Of a comms operation that has finished.
    pub(super) finished: Option<String>,
}

impl Delivered {
    pub(super) fn of(notification: &Notification, at: Duration) -> Self {
        let item = &notification.body["value"][0];
        let data = &item["resourceData"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let path = item["resourceUrl"].as_str().or(item["resource"].as_str()).unwrap_or_default();
        let deleted = item["changeType"] == "deleted";
        let is_operation = path.contains("/operations/");
        let to = notification.url.as_deref().and_then(|url| key_after(url, CALLBACK));
        Self {
            at,
            call: notification.call.clone(),
            to,
            is_end: deleted && !is_operation,
            is_incoming: data["state"] == "incoming",
            tone: data["toneInfo"]["sequenceId"].as_i64(),
            finished: text(&data["clientContext"]).filter(|_| deleted && is_operation),
        }
    }
}

/// The mailbox that is named behind these words.
fn key_after(text: &str, words: &str) -> Option<CallRef> {
    let at = text.find(words)? + words.len();
    text.get(at..at + DIGITS)?.parse().ok()
}

impl Ledger {
    pub(super) fn accepted(&mut self, key: CallRef, kind: ItemKind, answer: Accepted) {
        if answer == Accepted::New {
            self.mails.entry(key).or_default().accepted += 1;
        } else if kind == ItemKind::Message && !self.mails.contains_key(&key) {
            self.early.insert(key);
        }
    }

    /// What a request names that was not committed before it was sent: its context, or its callback.
    pub(super) fn uncommitted(&self, body: &Bytes) -> Option<String> {
        let text = std::str::from_utf8(body).ok()?;
        [CONTEXT, CALLBACK].into_iter().find_map(|words| {
            let key = key_after(text, words)?;
            let named = text.get(text.find(words)?..)?.split('"').next()?;
            let states = self.mails.get(&key).map(|mail| mail.states.as_slice()).unwrap_or_default();
            let holds = |state: &Bytes| std::str::from_utf8(state).is_ok_and(|state| state.contains(named));
            (!states.iter().rev().any(holds)).then(|| named.to_owned())
        })
    }
}

impl Stage {
    /// A commit was done.
    pub(super) fn committed(&self, key: CallRef, change: &Change, arrived: usize) {
        let at = self.elapsed();
        let mut wrong = Vec::new();
        {
            let mut state = self.lock();
            let state = &mut *state;
            let mail = state.ledger.mails.entry(key).or_default();
            mail.states.push(change.state.clone());
            mail.taken += change.taken.len() as u64;
            mail.dead += change.dead.len() as u64;
            if let Phase::Over { .. } = change.phase {
                mail.is_over = true;
                mail.dropped += arrived as u64;
            }
            if let Some((id, ended)) = end_of(&change.state) {
                match &mail.ended {
                    Some((_, before)) if *before != ended => {
                        wrong.push(format!("{} ended as {before} and then as {ended}", short(&key)));
                    }
                    Some(_) => {}
                    None => mail.ended = Some((at, ended)),
                }
                let calls = state.world.calls();
                let call = calls.iter().find(|call| Some(&call.id) == id.as_ref());
                if let Some(call) = call.filter(|call| !is_over(&call.state)) {
                    wrong.push(format!("{} is told to be over while it is {}", short(&key), call.state));
                }
            } else if mail.ended.is_some() {
                wrong.push(format!("{} is no longer over", short(&key)));
            }
        }
        for why in wrong {
            self.broken(why);
        }
    }

    /// A handler was told an event. Its id stands for it for ever.
    pub(super) fn saw(&self, event_id: &str, told: &str) {
        let before = self.lock().ledger.told.entry(event_id.to_owned()).or_insert(told.to_owned()).clone();
        // What a handler decided that failed the next time was not kept: then only the kind is the same.
        let fickle = self.plan().handlers.are_fickle();
        let known = |told: &str| {
            if fickle { told.split(' ').next().map(str::to_owned) } else { Some(told.to_owned()) }
        };
        if known(&before) != known(told) {
            self.broken(format!("the event {event_id} was `{before}` and is `{told}`"));
        }
    }

    /// Sees which calls are over by now. Returns the others.
    pub(super) fn look_at_calls(&self) -> Vec<String> {
        let at = self.elapsed();
        let mut state = self.lock();
        let mut live = Vec::new();
        for call in state.world.calls() {
            if is_over(&call.state) {
                state.ledger.over.entry(call.id).or_insert(at);
            } else {
                live.push(call.id);
            }
        }
        live
    }

    pub(super) async fn open_calls(&self) -> u64 {
        self.store().check().await.map_or(0, |counts| counts.calls)
    }
}

/// The service says no more of a call that is terminating, and does not find it.
fn is_over(state: &str) -> bool {
    matches!(state, "terminated" | "terminating")
}

/// The call's id and how it ended, if it has.
fn end_of(state: &Bytes) -> Option<(Option<String>, String)> {
    // Few states have one, and all are looked at.
    if !std::str::from_utf8(state).ok()?.contains(r#""ended":"#) {
        return None;
    }
    let light: Light = serde_json::from_slice(state).ok()?;
    Some((light.record.id, light.record.ended?.get().to_owned()))
}
