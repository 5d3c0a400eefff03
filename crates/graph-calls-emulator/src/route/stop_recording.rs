//! `call-stoprecording`

use crate::api::{Body, Refusal, Reply, Request, must_be_established};
use crate::world::{Call, Operation, World};

/// Answers 202 with a completed operation, as the page prints it: no notification follows for the operation. Beta.
///
/// Graph reference: [`call-stoprecording`](https://learn.microsoft.com/graph/api/call-stoprecording?view=graph-rest-beta).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.JoinGroupCall.All"])?;
    let json = request.json()?;
    let client_context = Body::new(&json)?.client_context()?;
    must_be_established(call)?;
    let operation = Operation { id: world.id(), kind: "stopRecordingOperation", client_context };
    let reply = request.operation(world, call, &operation, 202, "completed");
    let changed = world.stop_recording(request.now, call);
    Ok(reply.changed(changed))
}
