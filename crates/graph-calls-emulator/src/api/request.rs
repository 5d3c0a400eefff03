//! A request whose path was understood.

use std::time::Duration;

use graph_calls_model::{PathRoot, ResourcePath, Segment};
use serde_json::{Value, json};

use super::{Refusal, Reply};
use crate::world::{ApiCall, AudioGroup, Call, Operation, Participant, World};

/// A Graph version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    Beta,
}

impl Version {
    fn as_str(self) -> &'static str {
        match self {
            Version::V1 => "v1.0",
            Version::Beta => "beta",
        }
    }
}

/// A request whose path was understood.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) api: &'a ApiCall,
    pub(crate) version: Version,
    pub(crate) path: &'a ResourcePath<'a>,
    pub(crate) now: Duration,
}

impl Request<'_> {
    /// The root of all calls in the form that the client uses.
    fn calls(&self) -> String {
        let version = self.version.as_str();
        match &self.path.root {
            PathRoot::Communications => format!("{version}/communications/calls"),
            PathRoot::App => format!("{version}/app/calls"),
            PathRoot::Application(id) => format!("{version}/applications/{}/calls", Segment(id)),
        }
    }

    /// The URL of a call, or of something in it, in the form that the client uses.
    pub(crate) fn location(&self, world: &World, below: &str) -> String {
        format!("{}/{}/{below}", world.config.graph, self.calls())
    }

    /// `@odata.context` of a response.
    pub(crate) fn context(&self, world: &World, what: &str) -> String {
        format!("{}/{}/$metadata#{what}", world.config.graph, self.version.as_str())
    }

    /// Refuses a caller whose token has none of these permissions.
    pub(crate) fn require(&self, any_of: &[&str]) -> Result<(), Refusal> {
        let has = |role: &&str| self.api.caller.roles.iter().any(|one| one == role);
        if any_of.iter().any(has) { Ok(()) } else { Err(Refusal::missing_permission(any_of)) }
    }

    /// The participant that the path names.
    pub(crate) fn participant<'a>(&self, call: &'a Call) -> Result<&'a Participant, Refusal> {
        let found = self.path.resource.item().and_then(|id| call.participant(id));
        found.ok_or_else(|| Refusal::not_found("Participant not found."))
    }

    /// The audio routing group that the path names.
    pub(crate) fn audio_group<'a>(&self, call: &'a Call) -> Result<&'a AudioGroup, Refusal> {
        let found = self.path.resource.item().and_then(|id| call.audio_group(id));
        found.ok_or_else(|| Refusal::not_found("Audio routing group not found."))
    }

    /// The answer that carries a comms operation, `running` or `completed`, and says where it is found.
    pub(crate) fn operation(
        &self,
        world: &World,
        call: &Call,
        operation: &Operation,
        status: u16,
        progress: &str,
    ) -> Reply {
        let mut body = operation.response(progress);
        let context = self.context(world, &format!("microsoft.graph.{}", operation.kind));
        body.insert("@odata.context".to_owned(), json!(context));
        let location = self.location(world, &format!("{}/operations/{}", call.id, operation.id));
        Reply::json(status, Value::Object(body)).at(location)
    }
}
