//! `participant-mute`

use crate::api::{Body, Refusal, Reply, Request, must_be_group_call};
use crate::world::{Call, Operation, World};

/// Answers 200 with a completed operation and mutes a participant. Only in group calls; nobody else can unmute them.
///
/// Graph reference: [`participant-mute`](https://learn.microsoft.com/graph/api/participant-mute).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    let json = request.json()?;
    let client_context = Body::new(&json)?.client_context()?;
    must_be_group_call(call)?;
    let participant = [request.participant(call)?.id.clone()];
    let operation = Operation { id: world.id(), kind: "muteParticipantOperation", client_context };
    let reply = request.operation(world, call, &operation, 200, "completed");
    Ok(reply.changed(world.mute(request.now, call, &participant, true)))
}
