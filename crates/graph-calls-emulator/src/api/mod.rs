//! Graph requests on calls: from a path to the route that answers it.

mod body;
mod check;
mod names;
mod refusal;
mod reply;
mod request;
mod table;

use std::time::Duration;

use graph_calls_model::{PathError, PathRoot, ResourcePath, fold_guid};
use http::Method;
use serde_json::Value;

pub(crate) use self::{
    body::{Body, missing},
    check::{must_be_answered, must_be_established, must_be_group_call, must_be_incoming},
    names::{name_of, names},
    refusal::Refusal,
    reply::Reply,
    request::{Request, Version},
};
use self::{check::may_reach, table::Run};
use crate::world::{Answer, ApiCall, Effect, FaultPhase, World, same_id};

/// Answers a request: the answer comes before all that follows from it.
pub(crate) fn answer(world: &mut World, now: Duration, api: &ApiCall) {
    let place = world.effects.len();
    let fault = world.faults.on_request(&api.method, &api.path);
    let outcome = match &fault {
        Some(FaultPhase::Status { status, .. }) => Err(Refusal::injected(*status)),
        Some(phase) if !phase.has_effect() => {
            let answer = Answer::none(api.ask, call_named(world, &api.path), phase.clone());
            world.effects.push(Effect::Respond(answer));
            return;
        }
        _ => route(world, now, api),
    };
    let request_id = world.id();
    let mut headers = vec![
        ("request-id", request_id.clone()),
        ("x-ms-ags-diagnostic", r#"{"ServerInfo":{"DataCenter":"Emulator","Ring":"1"}}"#.to_owned()),
    ];
    if let Some(id) = &api.client_request_id {
        headers.push(("client-request-id", id.clone()));
    }
    if let Some(FaultPhase::Status { retry_after: Some(value), .. }) = &fault {
        headers.push(("Retry-After", value.clone()));
    }
    let named = call_named(world, &api.path);
    let answer = match outcome {
        Ok(reply) => {
            if reply.changed && api.method != Method::GET {
                world.applied.count(logical_id(api, reply.key));
            }
            headers.extend(reply.location.map(|location| ("Location", location)));
            Answer {
                ask: api.ask,
                call: reply.call.or(named),
                status: reply.status,
                headers,
                body: reply.body,
                fault,
            }
        }
        Err(refusal) => {
            headers.extend(refusal.allow.as_ref().map(|allow| ("Allow", allow.clone())));
            headers.extend(refusal.retry_after.map(|seconds| ("Retry-After", seconds.to_string())));
            let client = api.client_request_id.as_deref().unwrap_or(&request_id);
            let body = refusal.to_json(&world.date(now), &request_id, client);
            Answer { ask: api.ask, call: named, status: refusal.status, headers, body: Some(body), fault }
        }
    };
    world.effects.insert(place, Effect::Respond(answer));
}

/// A connection was made: answered only where a fault cuts it.
pub(crate) fn connect(world: &mut World, ask: u64) {
    if let Some(phase) = world.faults.on_connection() {
        world.effects.push(Effect::Respond(Answer::none(ask, None, phase)));
    }
}

/// The head of a request is there: answered only where a fault cuts it.
pub(crate) fn head(world: &mut World, ask: u64, method: &Method, path: &str) {
    if let Some(phase) = world.faults.on_head(method, path) {
        let answer = Answer::none(ask, call_named(world, path), phase);
        world.effects.push(Effect::Respond(answer));
    }
}

/// The call that the path names, if there is one.
fn call_named(world: &World, path: &str) -> Option<String> {
    let (_, rest) = split(path)?;
    let path = ResourcePath::parse(rest).ok()?;
    world.spelling(path.resource.call()?).map(str::to_owned)
}

/// What tells one thing that a client wants from another, however often it asks: the key that it gave the operation,
/// the callback that it gave a new call, the key that the route knows, else what it does to what.
fn logical_id(api: &ApiCall, key: Option<String>) -> String {
    let path = api.path.split_once('?').map_or(api.path.as_str(), |(path, _)| path);
    let body = serde_json::from_slice::<Value>(&api.body).unwrap_or_default();
    let given = ["clientContext", "callbackUri"].into_iter().find_map(|member| body.get(member)?.as_str());
    let key = given.map(str::to_owned).or(key.filter(|key| !key.is_empty()));
    let (method, space) = (&api.method, if key.is_some() { " " } else { "" });
    format!("{method} {path}{space}{}", key.unwrap_or_default())
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
