//! `call-subscribetotone`

use crate::api::{Body, Refusal, Reply, Request, must_be_answered};
use crate::world::{Call, Media, Operation, World};

/// Answers 200 with a completed operation; from then on each key is a notification.
///
/// Graph reference: [`call-subscribetotone`](https://learn.microsoft.com/graph/api/call-subscribetotone).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.AccessMedia.All"])?;
    let json = request.json()?;
    let client_context = Body::new(&json)?.client_context()?;
    must_be_answered(call)?;
    // Seen on the wire, although it is the client's mistake.
    if call.media == Media::App {
        return Err(Refusal::internal(
            "Unkown internal Server Error. Encountered Exception during ToneSubscription.",
        ));
    }
    let operation = Operation { id: world.id(), kind: "subscribeToToneOperation", client_context };
    let reply = request.operation(world, call, &operation, 200, "completed");
    Ok(reply.changed(world.listen_for_tones(request.now, call)))
}
