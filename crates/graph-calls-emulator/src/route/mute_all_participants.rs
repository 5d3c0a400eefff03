//! `participant-muteall`

use serde_json::json;

use crate::api::{Body, Refusal, Reply, Request, must_be_group_call};
use crate::world::{Call, Operation, World};

/// Answers 200 with a completed operation and mutes those who are named, or everybody but the bot. Only in group calls,
/// and deprecated.
///
/// Graph reference:
/// [`participant-muteall`](https://learn.microsoft.com/graph/api/participant-muteall?view=graph-rest-beta).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    let json = request.json()?;
    let body = Body::new(&json)?;
    let client_context = body.client_context()?;
    let named = body.items("participants")?;
    must_be_group_call(call)?;
    let mut muted = Vec::new();
    for one in named {
        let id =
            one.as_str().ok_or_else(|| Refusal::bad_request("'participants' is not an array of strings."))?;
        // The page's own example names an empty text.
        if !id.is_empty() {
            let found = call.participant(id).ok_or_else(|| {
                Refusal::bad_request(format!("'participants' names nobody in the call: '{id}'."))
            })?;
            muted.push(found.id.clone());
        }
    }
    if muted.is_empty() {
        muted = call.peers.iter().map(|peer| peer.id.clone()).collect();
    }
    let operation = Operation { id: world.id(), kind: "muteParticipantsOperation", client_context };
    let reply =
        request.operation(world, call, &operation, 200, "completed").with("participants", json!(muted));
    Ok(reply.changed(world.mute(request.now, call, &muted, true)))
}
