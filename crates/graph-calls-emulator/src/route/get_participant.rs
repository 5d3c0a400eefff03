//! `participant-get`

use crate::api::{Refusal, Reply, Request};
use crate::{
    json,
    world::{Call, World, same_id},
};

/// Answers 200 with one participant.
///
/// Graph reference: [`participant-get`](https://learn.microsoft.com/graph/api/participant-get).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    let id = request.path.resource.item().unwrap_or_default();
    let found = call.participants().find(|one| same_id(&one.id, id));
    let participant = found.ok_or_else(|| Refusal::not_found("Participant not found."))?;
    let mut body = participant.to_json();
    let context = format!("communications/calls('{}')/participants/$entity", call.id);
    json::set(&mut body, "@odata.context", request.context(world, &context));
    Ok(Reply::json(200, body))
}
