//! Comms operations: what runs on after its request was answered, and tells its end.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Call, Change, Feature, ResultInfo, Step, World};
use crate::Dialect;

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

/// A comms operation whose end is decided and told later.
#[derive(Debug, Clone)]
pub(crate) struct Finishing {
    pub(crate) id: String,
    /// What its last notification carries.
    pub(crate) data: Map<String, Value>,
    /// The same if the call ends before.
    pub(crate) if_cut: Map<String, Value>,
    /// What it brings about with its end; the others have had their effect.
    pub(crate) feature: Option<Feature>,
}

impl Finishing {
    /// An operation that ends with this result, and is cancelled if the call ends before.
    pub(super) fn with(operation: &Operation, result: ResultInfo, dialect: Dialect) -> Self {
        let data = |result: ResultInfo| operation.finished(&result.to_json(dialect), result.code < 300);
        Self {
            id: operation.id.clone(),
            data: data(result),
            if_cut: data(ResultInfo::CANCELLED),
            feature: None,
        }
    }
}

impl World {
    /// Tells the bot that a comms operation has finished.
    pub(super) fn notify_finished(&mut self, call: &Call, operation: &Operation, result: ResultInfo) {
        self.notify_finished_with(call, operation, result, Map::new());
    }

    pub(super) fn notify_finished_with(
        &mut self,
        call: &Call,
        operation: &Operation,
        result: ResultInfo,
        further: Map<String, Value>,
    ) {
        let mut data = operation.finished(&result.to_json(call.dialect), result.code < 300);
        data.extend(further);
        self.notify_end(call, &operation.id, data);
    }

    fn notify_end(&mut self, call: &Call, operation: &str, data: Map<String, Value>) {
        self.notify(call, Change::Deleted, &format!("/operations/{operation}"), Value::Object(data));
    }

    /// Lets a comms operation tell its end one notification from now.
    pub(crate) fn finish_soon(
        &mut self,
        now: Duration,
        call: &mut Call,
        operation: &Operation,
        result: ResultInfo,
    ) {
        let finishing = Finishing::with(operation, result, call.dialect);
        self.finish_at(now + self.config.pace.step, call, finishing);
    }

    pub(crate) fn finish_at(&mut self, due: Duration, call: &mut Call, finishing: Finishing) {
        self.enter(due, call, Step::Finishes(finishing.id.clone()));
        call.finishing.push(finishing);
    }

    pub(super) fn finish(&mut self, now: Duration, call: &mut Call, operation: &str) {
        let Some(place) = call.finishing.iter().position(|one| one.id == operation) else { return };
        let Finishing { id, data, feature, .. } = call.finishing.remove(place);
        self.notify_end(call, &id, data);
        if let Some(feature) = feature {
            self.bring_about(now, call, feature);
        }
    }

    // What still runs reports itself before the call is gone.
    pub(super) fn cancel_operations(&mut self, call: &mut Call) {
        for Finishing { id, if_cut, .. } in std::mem::take(&mut call.finishing) {
            self.notify_end(call, &id, if_cut);
        }
        if let Some((starting, _)) = call.hold.take().and_then(|hold| hold.starting) {
            self.notify_finished(call, &starting, ResultInfo::CANCELLED);
        }
        for playing in std::mem::take(&mut call.playing) {
            self.notify_media_failed(call, &playing, ResultInfo::CANCELLED, "operationCanceled");
        }
        for invite in std::mem::take(&mut call.invites) {
            self.notify_invited(call, invite, ResultInfo::CANCELLED);
        }
    }
}
