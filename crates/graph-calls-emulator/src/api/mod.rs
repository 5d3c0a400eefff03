//! Graph requests on calls: from a path to the route that answers it.

mod body;
mod refusal;
mod table;

use std::time::Duration;

use graph_calls_model::{PathError, PathRoot, ResourcePath, Segment, fold_guid};
use http::Method;
use serde_json::Value;

use self::table::Run;
pub(crate) use self::{
    body::{Body, missing},
    refusal::Refusal,
};
use crate::world::{Answer, ApiCall, Call, Effect, State, World, same_id};

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
}

/// What a route answers when all is well.
#[derive(Debug)]
pub(crate) struct Reply {
    status: u16,
    call: Option<String>,
    location: Option<String>,
    body: Option<Value>,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, call: None, location: None, body: None }
    }

    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { body: Some(body), ..Self::empty(status) }
    }

    pub(crate) fn at(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }

    pub(crate) fn about(mut self, call: &Call) -> Self {
        self.call = Some(call.id.clone());
        self
    }
}

/// Answers a request: the answer comes before all that follows from it.
pub(crate) fn answer(world: &mut World, now: Duration, api: &ApiCall) {
    let place = world.effects.len();
    let outcome = route(world, now, api);
    let request_id = world.id();
    let mut headers = vec![
        ("request-id", request_id.clone()),
        ("x-ms-ags-diagnostic", r#"{"ServerInfo":{"DataCenter":"Emulator","Ring":"1"}}"#.to_owned()),
    ];
    if let Some(id) = &api.client_request_id {
        headers.push(("client-request-id", id.clone()));
    }
    let named = split(&api.path)
        .and_then(|(_, path)| ResourcePath::parse(path).ok())
        .and_then(|path| world.spelling(path.resource.call()?).map(str::to_owned));
    let answer = match outcome {
        Ok(reply) => {
            headers.extend(reply.location.map(|location| ("Location", location)));
            Answer {
                ask: api.ask,
                call: reply.call.or(named),
                status: reply.status,
                headers,
                body: reply.body,
            }
        }
        Err(refusal) => {
            headers.extend(refusal.allow.as_ref().map(|allow| ("Allow", allow.clone())));
            let client = api.client_request_id.as_deref().unwrap_or(&request_id);
            let body = refusal.to_json(&world.date(now), &request_id, client);
            Answer { ask: api.ask, call: named, status: refusal.status, headers, body: Some(body) }
        }
    };
    world.effects.insert(place, Effect::Respond(answer));
}

/// Splits a path into version and rest.
fn split(path: &str) -> Option<(Version, &str)> {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let trimmed = path.strip_prefix('/')?;
    let (version, rest) = trimmed.split_once('/')?;
    match version {
        "v1.0" => Some((Version::V1, rest)),
        "beta" => Some((Version::Beta, rest)),
        _ => None,
    }
}

fn route(world: &mut World, now: Duration, api: &ApiCall) -> Result<Reply, Refusal> {
    let (version, rest) = split(&api.path).ok_or_else(|| Refusal::no_such_path(&api.path))?;
    let path = ResourcePath::parse(rest).map_err(|error| match error {
        PathError::BadSegment(_) => Refusal::bad_request(error.to_string()),
        _ => Refusal::no_such_path(&api.path),
    })?;
    // The deprecated roots never existed in v1.0.
    if version == Version::V1 && path.root != PathRoot::Communications {
        return Err(Refusal::no_such_path(&api.path));
    }
    if let PathRoot::Application(id) = &path.root
        && !same_id(id, &api.caller.app_id)
    {
        return Err(Refusal::no_such_path(&api.path));
    }
    let run = table::find(&api.method, version, &path.resource, &api.path)?;
    let request = Request { api, version, path: &path, now };
    match run {
        Run::Calls(run) => run(world, &request),
        Run::Call(run) => {
            let key = path.resource.call().and_then(fold_guid).ok_or_else(Refusal::call_not_found)?;
            world
                .with_call(key, |world, call| {
                    may_reach(call, &request)?;
                    run(world, call, &request)
                })
                .unwrap_or_else(|| Err(Refusal::call_not_found()))
        }
    }
}

/// Whether the caller may reach the call at all. One that has ended is not found.
fn may_reach(call: &Call, request: &Request<'_>) -> Result<(), Refusal> {
    let caller = &request.api.caller;
    let readable = request.api.method == Method::GET && call.state == State::Terminating;
    if !same_id(&call.app_id, &caller.app_id) || !(call.is_live() || readable) {
        return Err(Refusal::call_not_found());
    }
    if !same_id(&call.tenant_id, &caller.tenant_id) {
        return Err(Refusal::tenant_mismatch());
    }
    Ok(())
}
