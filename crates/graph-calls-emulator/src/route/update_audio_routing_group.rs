//! `audioroutinggroup-update`

use crate::api::{Body, Refusal, Reply, Request};
use crate::world::{AudioGroup, Call, Routing, World, same_id, same_participants};

/// Answers 200 with the group after its receivers were replaced; all else of it stays as it was made.
///
/// Graph reference: [`audioroutinggroup-update`](https://learn.microsoft.com/graph/api/audioroutinggroup-update).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.JoinGroupCall.All", "Calls.InitiateGroupCall.All"])?;
    let json = request.json()?;
    let body = Body::new(&json)?;
    let known = request.audio_group(call)?;
    check_fixed(&body, known)?;
    let receivers = match body.get("receivers") {
        Some(_) => body.texts("receivers")?,
        None => known.receivers.clone(),
    };
    let changed = AudioGroup { receivers, ..known.clone() };
    let context = request.context(world, &call.audio_group_context());
    let reply = Reply::json(200, changed.entity(&context)).keyed(changed.receivers.join(" "));
    if same_participants(&changed.receivers, &known.receivers) {
        return Ok(reply.changed(false));
    }
    if let Some(fault) = changed.fault(call) {
        return Err(Refusal::bad_request(fault));
    }
    if let Some(group) = call.audio_groups.iter_mut().find(|one| one.id == changed.id) {
        *group = changed;
    }
    Ok(reply)
}

/// Refuses to change what the page gives no meaning to; the example sends it unchanged.
fn check_fixed(body: &Body<'_>, group: &AudioGroup) -> Result<(), Refusal> {
    let fixed = |name: &str| Err(Refusal::bad_request(format!("'{name}' of a group cannot be changed.")));
    if body.text("id")?.is_some_and(|id| !same_id(id, &group.id)) {
        return fixed("id");
    }
    if body.one_of("routingMode", &Routing::CHOICES)?.is_some_and(|routing| routing != group.routing) {
        return fixed("routingMode");
    }
    let sources = body.texts("sources")?;
    if body.get("sources").is_some() && !same_participants(&sources, &group.sources) {
        return fixed("sources");
    }
    Ok(())
}
