//! Comms operations: what runs on after its request was answered.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::end_cause::ResultInfo;

/// What every comms operation has.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) client_context: Option<String>,
}

impl Operation {
    /// The operation as a response carries it: without a result.
    pub(crate) fn response(&self, status: &str) -> Map<String, Value> {
        let mut body = self.members(status);
        body.insert("resultInfo".to_owned(), Value::Null);
        body
    }

    /// The operation as its last notification carries it.
    pub(crate) fn finished(&self, result: &Value, completed: bool) -> Map<String, Value> {
        let mut data = self.members(if completed { "completed" } else { "failed" });
        data.insert("resultInfo".to_owned(), result.clone());
        data
    }

    fn members(&self, status: &str) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("@odata.type".to_owned(), json!(format!("#microsoft.graph.{}", self.kind)));
        members.insert("id".to_owned(), json!(self.id));
        members.insert("clientContext".to_owned(), json!(self.client_context));
        members.insert("status".to_owned(), json!(status));
        members
    }
}

/// A playPrompt in the queue of a call.
#[derive(Debug, Clone)]
pub(crate) struct Playing {
    pub(crate) operation: Operation,
    pub(crate) prompts: Vec<Prompt>,
    pub(crate) forever: bool,
    pub(crate) started: bool,
}

impl Playing {
    /// How long it lasts, once all of it was fetched; the first reason why one cannot be played.
    pub(crate) fn length(&self) -> Result<Option<Duration>, &str> {
        let mut length = Duration::ZERO;
        for prompt in &self.prompts {
            match prompt {
                Prompt::Fetching(_) => return Ok(None),
                Prompt::Ready(one) => length = length.saturating_add(*one),
                Prompt::Unplayable(why) => return Err(why),
            }
        }
        Ok(Some(length))
    }
}

/// One prompt of a playPrompt.
#[derive(Debug, Clone)]
pub(crate) enum Prompt {
    Fetching(u64),
    Ready(Duration),
    Unplayable(String),
}

/// An invitation under way.
#[derive(Debug, Clone)]
pub(crate) struct Invite {
    pub(crate) operation: Operation,
    /// The invitees as they were echoed.
    pub(crate) echoed: Vec<Value>,
    /// How many have not yet decided.
    pub(crate) open: usize,
    pub(crate) joined: bool,
    /// What the last one who did not join left behind.
    pub(crate) failure: ResultInfo,
    /// The call whose peer is taken over.
    pub(crate) replaces: Option<u128>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_playing_is_as_long_as_its_prompts_and_unknown_while_one_is_missing() {
        let operation = Operation { id: "o".into(), kind: "playPromptOperation", client_context: None };
        let second = Prompt::Ready(Duration::from_secs(1));
        let mut playing =
            Playing { operation, prompts: vec![second, Prompt::Fetching(1)], forever: false, started: false };
        assert_eq!(playing.length(), Ok(None));
        playing.prompts[1] = Prompt::Ready(Duration::from_secs(2));
        assert_eq!(playing.length(), Ok(Some(Duration::from_secs(3))));
        playing.prompts[0] = Prompt::Unplayable("stereo".into());
        assert_eq!(playing.length(), Err("stereo"));
    }
}
