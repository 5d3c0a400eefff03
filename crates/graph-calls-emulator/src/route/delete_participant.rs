//! `participant-delete`

use crate::api::{Refusal, Reply, Request, must_be_answered};
use crate::world::{Call, Invited, World, same_id};

/// Answers 204 and removes a participant, or cancels the invitation of one who has not joined yet.
///
/// An invitee is named by the id that the inviter chose; no page says where else it would come from.
///
/// Graph reference: [`participant-delete`](https://learn.microsoft.com/graph/api/participant-delete).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    must_be_answered(call)?;
    let id = request.path.resource.item().unwrap_or_default();
    let same = |one: &str| same_id(one, id);
    if same(&call.me.id) {
        return Err(Refusal::bad_request("The bot leaves a call by deleting the call."));
    }
    let invitee = call
        .ringing
        .iter()
        .find(|one| same(&one.participant.id) && matches!(one.invited, Invited::By(_)))
        .map(|one| (one.participant.id.clone(), one.participant.party.name.clone()));
    if let Some((id, name)) = invitee {
        world.happened(call, true, format!("stops calling {name}"));
        world.cancel_invitee(request.now, call, &id);
        return Ok(Reply::empty(204));
    }
    let place = call.peers.iter().position(|one| same(&one.id));
    let place = place.ok_or_else(|| Refusal::not_found("Participant not found."))?;
    let gone = call.peers.remove(place);
    world.happened(call, true, format!("{} is removed", gone.party.name));
    world.remove_peer(request.now, call, gone);
    Ok(Reply::empty(204))
}
