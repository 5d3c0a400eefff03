//! `participant-stopholdmusic`

use crate::api::{Body, Refusal, Reply, Request, must_be_established};
use crate::world::{Call, Operation, ResultInfo, World};

/// Answers 202 with a running operation and takes a participant off hold, also one who is not on it.
///
/// Graph reference: [`participant-stopholdmusic`](https://learn.microsoft.com/graph/api/participant-stopholdmusic).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    let json = request.json()?;
    let client_context = Body::new(&json)?.client_context()?;
    must_be_established(call)?;
    let participant = request.participant(call)?;
    let (id, name) = (participant.id.clone(), participant.party.name.clone());
    let operation = Operation { id: world.id(), kind: "stopHoldMusicOperation", client_context };
    let reply = request.operation(world, call, &operation, 202, "running");
    let changed = world.off_hold(request.now, call, &id);
    if changed {
        world.happened(call, true, format!("{name} is back from hold"));
    }
    world.finish_soon(request.now, call, &operation, ResultInfo::COMPLETED);
    Ok(reply.changed(changed))
}
