//! `call-changescreensharingrole`

use crate::api::{Body, Refusal, Reply, Request, missing, must_be_established};
use crate::world::{Call, Media, Role, Step, World};

/// Answers 202; the roster then shows which way the bot's screen sharing flows.
///
/// Graph reference:
/// [`call-changescreensharingrole`](https://learn.microsoft.com/graph/api/call-changescreensharingrole).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.AccessMedia.All"])?;
    let json = request.json()?;
    let role = Body::new(&json)?.one_of("role", &Role::CHOICES)?.ok_or_else(|| missing("role"))?;
    must_be_established(call)?;
    if !call.group || call.media != Media::App {
        return Err(Refusal::bad_request("Screen sharing needs a group call with app-hosted media."));
    }
    let reply = Reply::empty(202).keyed(role.as_str());
    if call.shown.sharing.replace(role) == Some(role) {
        return Ok(reply.changed(false));
    }
    world.enter(request.now + world.config.pace.step, call, Step::RosterChanges);
    Ok(reply)
}
