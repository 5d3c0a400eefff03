//! `call-reject`

use crate::api::{Body, Refusal, Reply, Request, must_be_incoming};
use crate::world::{Call, EndCause, World};

/// Answers 202 and ends an incoming call; the call then goes without state or result.
///
/// Graph reference: [`call-reject`](https://learn.microsoft.com/graph/api/call-reject).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    const REASONS: [&str; 3] = ["none", "busy", "forbidden"];
    let json = request.json()?;
    let body = Body::new(&json)?;
    let reason = body.text("reason")?.unwrap_or("none");
    let callback = body.callback_uri()?;
    let Some(reason) = REASONS.into_iter().find(|one| one.eq_ignore_ascii_case(reason)) else {
        return Err(Refusal::bad_request("'reason' is none of none, busy, forbidden."));
    };
    must_be_incoming(call)?;
    if callback.is_some() {
        call.callback = callback;
    }
    let told = match reason {
        "busy" => "the bot is busy",
        "forbidden" => "the bot may not be called",
        _ => "the bot declines",
    };
    world.happened(call, true, told.to_owned());
    world.gone_soon(request.now, call, EndCause::Rejected);
    Ok(Reply::empty(202))
}
