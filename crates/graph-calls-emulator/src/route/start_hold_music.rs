//! `participant-startholdmusic`

use crate::api::{Body, Refusal, Reply, Request, must_be_established};
use crate::world::{Call, Operation, World};

/// Answers 202 with a running operation and puts a participant on hold: one at a time.
///
/// Graph reference: [`participant-startholdmusic`](https://learn.microsoft.com/graph/api/participant-startholdmusic).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    let json = request.json()?;
    let body = Body::new(&json)?;
    let client_context = body.client_context()?;
    let music = match body.object("customPrompt")? {
        Some(prompt) => Some(prompt.media_info()?),
        None => None,
    };
    must_be_established(call)?;
    let participant = request.participant(call)?;
    if participant.id == call.me.id {
        return Err(Refusal::bad_request("The bot cannot put itself on hold."));
    }
    let (id, name) = (participant.id.clone(), participant.party.name.clone());
    if call.hold.is_some() {
        return Err(Refusal::conflict("Only one participant can be on hold at any time."));
    }
    let operation = Operation { id: world.id(), kind: "startHoldMusicOperation", client_context };
    let reply = request.operation(world, call, &operation, 202, "running");
    world.happened(call, true, format!("{name} hears music"));
    let music = music.map(|(uri, resource)| world.fetch_prompt(call, &uri, resource.as_deref()));
    world.put_on_hold(request.now, call, &id, operation, music);
    Ok(reply)
}
