//! `call-transfer`

use graph_calls_model::fold_guid;

use crate::api::{Body, Refusal, Reply, Request, missing, must_be_established};
use crate::world::{Call, Operation, Transfer, World, same_id};

/// Answers 202 and transfers the call: blind, or to somebody who replaces the bot in another call of its own.
///
/// The bot's leg ends with it, in a group call too. Where it fails, the call is established as before.
///
/// Graph reference: [`call-transfer`](https://learn.microsoft.com/graph/api/call-transfer).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.Initiate.All"])?;
    let json = request.json()?;
    let body = Body::new(&json)?;
    let client_context = body.client_context()?;
    let given = body.object("transferTarget")?.ok_or_else(|| missing("transferTarget"))?;
    let target = given.identity(world)?;
    let replaces = match given.text("replacesCallId")?.filter(|id| !id.is_empty()) {
        Some(id) => Some(replaced(world, call, id)?),
        None => None,
    };
    must_be_established(call)?;
    let transferee = transferee(world, call, &body)?;
    let who = call.peer(&transferee).map_or(call.other_side(), |one| &one.party.name);
    world.happened(call, true, format!("the bot transfers {who} to {}", target.name));
    let operation = Operation { id: world.id(), kind: "commsOperation", client_context };
    world.transfer(request.now, call, Transfer { transferee, replaces, target, operation });
    Ok(Reply::empty(202))
}

/// The call that the target is in with the bot.
fn replaced(world: &World, call: &Call, id: &str) -> Result<u128, Refusal> {
    let lives = |key: &u128| {
        let other = world.calls.get(key);
        other.is_some_and(|other| other.is_connected() && same_id(&other.app_id, &call.app_id))
    };
    let known = fold_guid(id).filter(lives);
    known.ok_or_else(|| {
        Refusal::bad_request("'transferTarget.replacesCallId' names no other established call of this bot.")
    })
}

/// Who is given away: in a call of two the other side.
fn transferee(world: &World, call: &Call, body: &Body<'_>) -> Result<String, Refusal> {
    let Some(given) = body.object("transferee")? else {
        return match call.peers.first() {
            Some(peer) if !call.group => Ok(peer.id.clone()),
            _ => Err(Refusal::bad_request("'transferee' is required to transfer out of a group call.")),
        };
    };
    let found = if let Some(id) = given.text("participantId")?.filter(|id| !id.is_empty()) {
        call.peer(id)
    } else {
        let party = given.identity(world)?;
        call.peers.iter().find(|one| one.party.kind == party.kind && same_id(&one.party.id, &party.id))
    };
    let found = found.ok_or_else(|| Refusal::bad_request("'transferee' names nobody in the call."))?;
    Ok(found.id.clone())
}
