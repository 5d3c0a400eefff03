//! Comms operations, matched to the commands that started them.

use std::collections::BTreeMap;

use graph_calls_core::model::{CommsOperation, CompletionReason, OperationKind, OperationStatus};

use serde::{Deserialize, Serialize};

use super::stored::{is_default, owned};
use crate::{CallEvent, CommandError, Done, Failed, fold::folded};

/// How many results are kept of which nobody knows yet whose they are.
const STRAYS: usize = 16;

/// The commands whose comms operation has not finished, by client context.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Operations {
    #[serde(skip_serializing_if = "is_default")]
    open: BTreeMap<String, Open>,
    /// Operations that finished before an answer told their ids, and that name no client context.
    #[serde(deserialize_with = "owned", skip_serializing_if = "is_default")]
    strays: BTreeMap<String, CommsOperation<'static>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Open {
    command: String,
    #[serde(default, skip_serializing_if = "is_default")]
    operation: Option<String>,
}

impl Operations {
    /// A command went out that may start an operation. Its notification may come before its response.
    pub(super) fn open(&mut self, client_context: &str, command: &str) {
        let open = Open { command: command.to_owned(), operation: None };
        self.open.entry(client_context.to_owned()).or_insert(open);
    }

    /// The command's request had no effect, so no operation will report.
    pub(super) fn close(&mut self, client_context: &str) {
        self.open.remove(client_context);
    }

    /// Gives up the operations that have not finished, and names their commands.
    pub(super) fn take_commands(&mut self) -> Vec<String> {
        std::mem::take(&mut self.open).into_values().map(|open| open.command).collect()
    }

    pub(super) fn is_open(&self, client_context: &str) -> bool {
        self.open.contains_key(client_context)
    }

    /// What the answer to a command's request says of its operation.
    pub(super) fn answered(&mut self, operation: &CommsOperation<'_>) -> Option<CallEvent> {
        let id = operation.id.as_deref().map(folded);
        let event = self.apply(operation, None, false);
        if event.is_some() {
            return event;
        }
        let stray = self.strays.remove(&id?)?;
        self.apply(&stray, operation.id.as_deref(), true)
    }

    /// What an answer or a notification says of an operation. `finished`: by its change type `deleted`.
    pub(super) fn apply(
        &mut self,
        operation: &CommsOperation<'_>,
        id: Option<&str>,
        finished: bool,
    ) -> Option<CallEvent> {
        let id = id.or(operation.id.as_deref()).map(folded);
        let is_over = finished || operation.status.as_ref().is_some_and(OperationStatus::is_final);
        let Some(context) = self.context_of(operation, id.as_deref()) else {
            if is_over && let Some(id) = id {
                self.keep_stray(id, operation);
            }
            return None;
        };
        if !is_over {
            if let (Some(open), Some(id)) = (self.open.get_mut(&context), id) {
                open.operation = Some(id);
            }
            return None;
        }
        let name = self.open.remove(&context)?.command;
        let failed = operation.status == Some(OperationStatus::Failed)
            || operation.result_info.as_ref().is_some_and(|info| !info.is_success())
            || tones_were_lost(operation);
        let operation = operation.clone().into_owned();
        Some(if failed {
            CallEvent::Failed(Failed { name, error: CommandError::of_operation(operation.result_info) })
        } else {
            CallEvent::Done(Done { name, operation: Some(operation), body: None })
        })
    }

    /// An answer that is still under way may tell whose it is.
    fn keep_stray(&mut self, id: String, operation: &CommsOperation<'_>) {
        let is_awaited = self.open.values().any(|open| open.operation.is_none());
        if is_awaited && operation.client_context.is_none() && self.strays.len() < STRAYS {
            self.strays.entry(id).or_insert_with(|| operation.clone().into_owned());
        }
    }

    fn context_of(&self, operation: &CommsOperation<'_>, id: Option<&str>) -> Option<String> {
        if let Some(context) = operation.client_context.as_deref()
            && self.open.contains_key(context)
        {
            return Some(context.to_owned());
        }
        let id = id?;
        self.open
            .iter()
            .find(|(_, open)| open.operation.as_deref() == Some(id))
            .map(|(context, _)| context.clone())
    }
}

/// Sent tones complete even when they were not heard: only the reason tells.
fn tones_were_lost(operation: &CommsOperation<'_>) -> bool {
    let reason = operation.completion_reason().unwrap_or(&CompletionReason::CompletedSuccessfully);
    operation.kind == Some(OperationKind::SendDtmfTones) && *reason != CompletionReason::CompletedSuccessfully
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(json: &'static str) -> CommsOperation<'static> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_operation_that_finishes_before_its_response_is_told_once() {
        let mut operations = Operations::default();
        operations.open("c", "greeting");
        let finished =
            operation(r#"{"id":"9","clientContext":"c","status":"Completed","resultInfo":{"code":200}}"#);
        assert!(
            matches!(operations.apply(&finished, None, true), Some(CallEvent::Done(done)) if done.name == "greeting")
        );
        let response = operation(r#"{"id":"9","clientContext":"c","status":"running"}"#);
        assert!(operations.apply(&response, None, false).is_none());
        assert!(operations.apply(&finished, None, true).is_none());
    }

    #[test]
    fn an_operation_without_client_context_is_found_by_its_id() {
        let mut operations = Operations::default();
        operations.open("c", "greeting");
        operations.apply(&operation(r#"{"id":"9","clientContext":"c","status":"running"}"#), None, false);
        let failed = operation(r#"{"status":"failed","resultInfo":{"code":"400","subcode":"8508"}}"#);
        let event = operations.apply(&failed, Some("9"), true);
        assert!(
            matches!(event, Some(CallEvent::Failed(failed)) if failed.error.to_string().contains("400/8508"))
        );
    }

    #[test]
    fn sent_tones_that_completed_without_success_failed() {
        let mut operations = Operations::default();
        for (reason, well) in [("completedSuccessfully", true), ("mediaOperationCanceled", false)] {
            operations.open("c", "dial");
            let text = format!(
                r##"{{"@odata.type":"#microsoft.graph.sendDtmfTonesOperation","clientContext":"c","status":"completed","completionReason":"{reason}"}}"##
            );
            let event = operations.apply(&serde_json::from_str(&text).unwrap(), None, true);
            assert_eq!(matches!(event, Some(CallEvent::Done(_))), well, "{reason}: {event:?}");
        }
    }

    #[test]
    fn a_result_without_client_context_that_overtakes_its_answer_is_told_when_that_comes() {
        let mut operations = Operations::default();
        let finished = operation(r#"{"status":"completed","resultInfo":{"code":200}}"#);
        assert!(operations.apply(&finished, Some("9"), true).is_none());
        assert_eq!(operations, Operations::default(), "nobody waits for anything");
        operations.open("c", "greeting");
        for id in 0..100 {
            assert!(operations.apply(&finished, Some(&id.to_string()), true).is_none());
        }
        assert_eq!(operations.strays.len(), STRAYS);
        let answer = operation(r#"{"id":"9","clientContext":"c","status":"running"}"#);
        assert!(
            matches!(operations.answered(&answer), Some(CallEvent::Done(done)) if done.name == "greeting")
        );
        assert!(operations.answered(&answer).is_none());
        assert!(operations.apply(&finished, Some("9"), true).is_none());
    }
}
