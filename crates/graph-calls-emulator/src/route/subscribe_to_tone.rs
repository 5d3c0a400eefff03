//! `call-subscribetotone`

use serde_json::{Value, json};

use crate::api::{Body, Refusal, Reply, Request};
use crate::world::{Call, Media, Operation, State, World};

/// Answers 200 with a completed operation; from then on each key is a notification.
///
/// Graph reference: [`call-subscribetotone`](https://learn.microsoft.com/graph/api/call-subscribetotone).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.AccessMedia.All"])?;
    let json = request.json()?;
    let client_context = Body::new(&json)?.client_context()?;
    if call.state == State::Incoming {
        return Err(Refusal::conflict("The call was not answered."));
    }
    // Seen on the wire, although it is the client's mistake.
    if call.media == Media::App {
        return Err(Refusal::internal(
            "Unkown internal Server Error. Encountered Exception during ToneSubscription.",
        ));
    }
    let operation = Operation { id: world.id(), kind: "subscribeToToneOperation", client_context };
    let mut reply = operation.response("completed");
    reply.insert(
        "@odata.context".to_owned(),
        json!(request.context(world, "microsoft.graph.subscribeToToneOperation")),
    );
    let location = request.location(world, &format!("{}/operations/{}", call.id, operation.id));
    world.listen_for_tones(request.now, call);
    Ok(Reply::json(200, Value::Object(reply)).at(location))
}
