//! `participant-invite`

use std::time::Duration;

use graph_calls_model::fold_guid;
use serde_json::{Value, json};

use crate::api::{Body, Refusal, Reply, Request, must_be_established};
use crate::world::{
    Call, Invite, Invited, Operation, Participant, Party, PersonKind, ResultInfo, Ringing, World, same_id,
};

/// The most invitees of one request.
const INVITEES: usize = 5;

/// An invitee as it was read.
#[derive(Debug)]
struct Invitee {
    party: Party,
    id: Option<String>,
    replaces: Option<u128>,
}

/// Answers 200 with a running operation; it ends when everybody has decided. A call of two becomes a group call.
///
/// Graph reference: [`participant-invite`](https://learn.microsoft.com/graph/api/participant-invite).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.InitiateGroupCall.All"])?;
    let json = request.json()?;
    let body = Body::new(&json)?;
    let client_context = body.client_context()?;
    let items = body.some_items("participants", INVITEES)?;
    let mut invitees = Vec::with_capacity(items.len());
    for item in items {
        invitees.push(invitee(world, call, item)?);
        // With a call to replace, only the first is read and the rest is silently left out.
        if invitees.first().is_some_and(|first| first.replaces.is_some()) {
            break;
        }
    }
    must_be_established(call)?;
    if !call.group && invitees.len() > 1 {
        return Err(Refusal::bad_request("Only one participant can be invited into a call of two."));
    }
    let operation = Operation { id: world.id(), kind: "inviteParticipantsOperation", client_context };
    let echoed: Vec<_> = invitees.iter().map(|one| echo(&one.party, one)).collect();
    let reply =
        request.operation(world, call, &operation, 200, "Running").with("participants", json!(echoed));
    call.group = true;
    world.invite(request.now, call, operation, echoed, invitees);
    Ok(reply)
}

fn invitee(world: &World, call: &Call, item: &Value) -> Result<Invitee, Refusal> {
    let item = Body::new(item)?;
    let party = item.identity(world)?;
    if party.kind == PersonKind::Application {
        return Err(Refusal::bad_request("A bot cannot invite another bot."));
    }
    let id = item.text("participantId")?.filter(|id| !id.is_empty());
    let taken = |id: &str| {
        call.participant(id).is_some() || call.ringing.iter().any(|one| same_id(&one.participant.id, id))
    };
    if id.is_some_and(taken) {
        return Err(Refusal::bad_request("'participantId' is already a participant's."));
    }
    let replaces = item.text("replacesCallId")?.map(|id| {
        let known = fold_guid(id).filter(|key| world.calls.get(key).is_some_and(Call::is_live));
        known.ok_or_else(|| Refusal::bad_request("'replacesCallId' names no call."))
    });
    Ok(Invitee { party, id: id.map(str::to_owned), replaces: replaces.transpose()? })
}

// The answer gives the invitee back with what the service adds.
fn echo(party: &Party, invitee: &Invitee) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.invitationParticipantInfo",
        "identity": party.identity_set_with_nulls(),
        "endpointType": null,
        "hidden": null,
        "id": null,
        "participantId": invitee.id,
        "replacesCallId": invitee.replaces.map(|key| uuid::Uuid::from_u128(key).to_string()),
    })
}

impl World {
    fn invite(
        &mut self,
        now: Duration,
        call: &mut Call,
        operation: Operation,
        echoed: Vec<Value>,
        invitees: Vec<Invitee>,
    ) {
        let replaces = invitees.first().and_then(|one| one.replaces);
        let by = Invited::By(operation.id.clone());
        let open = invitees.len();
        let failure = ResultInfo::NOT_ANSWERED;
        call.invites.push(Invite { operation, echoed, open, joined: false, failure, replaces });
        for invitee in invitees {
            let id = invitee.id.unwrap_or_else(|| self.id());
            let participant = Participant::new(id, call.reachable(invitee.party));
            self.call_out(now, call, Ringing { participant, invited: by.clone() });
        }
    }
}
