//! `call-cancelmediaprocessing`

use crate::api::{Body, Refusal, Reply, Request, must_be_answered};
use crate::world::{Call, Operation, World};

/// Answers 200 with a completed operation and cancels the prompts and recordings that run or wait; each tells its own
/// end. Keys are told as before.
///
/// Graph reference:
/// [`call-cancelmediaprocessing`](https://learn.microsoft.com/graph/api/call-cancelmediaprocessing).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    let json = request.json()?;
    let client_context = Body::new(&json)?.client_context()?;
    must_be_answered(call)?;
    let operation = Operation { id: world.id(), kind: "cancelMediaProcessingOperation", client_context };
    let reply = request.operation(world, call, &operation, 200, "completed");
    let cancelled = std::mem::take(&mut call.playing);
    for playing in &cancelled {
        world.cancel_media(request.now, call, playing);
    }
    Ok(reply.changed(!cancelled.is_empty()))
}
