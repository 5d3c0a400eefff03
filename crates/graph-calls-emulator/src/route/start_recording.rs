//! `call-startrecording`

use crate::api::{Body, Refusal, Reply, Request, must_be_established};
use crate::world::{Call, Feature, Operation, World};

/// Answers 202 with a running operation; once it is done, the roster says that the call is recorded. Beta.
///
/// Graph reference: [`call-startrecording`](https://learn.microsoft.com/graph/api/call-startrecording?view=graph-rest-beta).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.JoinGroupCall.All"])?;
    let json = request.json()?;
    let client_context = Body::new(&json)?.client_context()?;
    must_be_established(call)?;
    let operation = Operation { id: world.id(), kind: "startRecordingOperation", client_context };
    let reply = request.operation(world, call, &operation, 202, "running");
    let changed = world.begin(request.now, call, &operation, Feature::Recording);
    Ok(reply.changed(changed))
}
