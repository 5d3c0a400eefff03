//! `call-mute`

use crate::api::{Body, Refusal, Reply, Request, must_be_group_call};
use crate::world::{Call, Operation, World};

/// Answers 200 with a completed operation and mutes the bot. Only in group calls.
///
/// Graph reference: [`call-mute`](https://learn.microsoft.com/graph/api/call-mute).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    let json = request.json()?;
    let client_context = Body::new(&json)?.client_context()?;
    must_be_group_call(call)?;
    let operation = Operation { id: world.id(), kind: "muteParticipantOperation", client_context };
    let reply = request.operation(world, call, &operation, 200, "completed");
    let me = [call.me.id.clone()];
    Ok(reply.changed(world.mute(request.now, call, &me, true)))
}
