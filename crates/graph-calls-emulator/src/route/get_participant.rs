//! `participant-get`

use crate::api::{Refusal, Reply, Request};
use crate::{
    json,
    world::{Call, World},
};

/// Answers 200 with one participant.
///
/// Graph reference: [`participant-get`](https://learn.microsoft.com/graph/api/participant-get).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    let mut body = call.show(request.participant(call)?);
    let context = format!("communications/calls('{}')/participants/$entity", call.id);
    json::set(&mut body, "@odata.context", request.context(world, &context));
    Ok(Reply::json(200, body))
}
