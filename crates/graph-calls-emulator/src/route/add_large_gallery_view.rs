//! `call-addlargegalleryview`

use crate::api::{Body, Refusal, Reply, Request, must_be_established};
use crate::world::{Call, Feature, Operation, World};

/// Answers 202 with a running operation; once it is done, the roster has the applications that send the gallery.
///
/// Graph reference: [`call-addlargegalleryview`](https://learn.microsoft.com/graph/api/call-addlargegalleryview).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&[
        "Calls.JoinGroupCallAsGuest.All",
        "Calls.JoinGroupCall.All",
        "Calls.InitiateGroupCall.All",
    ])?;
    let json = request.json()?;
    let client_context = Body::new(&json)?.client_context()?;
    must_be_established(call)?;
    let operation = Operation { id: world.id(), kind: "addLargeGalleryViewOperation", client_context };
    let reply = request.operation(world, call, &operation, 202, "running");
    let changed = world.begin(request.now, call, &operation, Feature::Gallery);
    Ok(reply.changed(changed))
}
