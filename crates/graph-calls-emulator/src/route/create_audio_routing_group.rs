//! `call-post-audioroutinggroups`

use crate::api::{Body, Refusal, Reply, Request, missing, must_be_answered};
use crate::world::{AudioGroup, Call, Routing, World};

/// Answers 200 with the new group. Its id is the caller's; the service gives one where there is none (inferred).
///
/// Graph reference:
/// [`call-post-audioroutinggroups`](https://learn.microsoft.com/graph/api/call-post-audioroutinggroups).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.JoinGroupCall.All", "Calls.InitiateGroupCall.All"])?;
    let json = request.json()?;
    let body = Body::new(&json)?;
    let id = body.text("id")?.filter(|id| !id.is_empty());
    let routing = body.one_of("routingMode", &Routing::CHOICES)?.ok_or_else(|| missing("routingMode"))?;
    let (sources, receivers) = (body.texts("sources")?, body.texts("receivers")?);
    must_be_answered(call)?;
    if id.is_some_and(|id| call.audio_group(id).is_some()) {
        return Err(Refusal::conflict("The call has an audio routing group with this id."));
    }
    let chosen = id.map_or_else(|| world.id(), str::to_owned);
    let group = AudioGroup { id: chosen, routing, sources, receivers };
    if let Some(fault) = group.fault(call) {
        return Err(Refusal::bad_request(fault));
    }
    let context = request.context(world, &call.audio_group_context());
    let reply = Reply::json(200, group.entity(&context)).keyed(id.unwrap_or_default());
    call.audio_groups.push(group);
    Ok(reply)
}
