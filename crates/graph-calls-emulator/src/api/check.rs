//! Which calls a request is for.

use http::Method;

use super::{Refusal, Request};
use crate::world::{Call, State, same_id};

/// Refuses what only a call can do that waits for its answer.
pub(crate) fn must_be_incoming(call: &Call) -> Result<(), Refusal> {
    if call.state == State::Incoming {
        Ok(())
    } else {
        Err(Refusal::conflict("The call is not incoming, or it was answered before."))
    }
}

/// Refuses what no call can do that the bot has not taken.
pub(crate) fn must_be_answered(call: &Call) -> Result<(), Refusal> {
    if call.is_unanswered() { Err(Refusal::conflict("The call was not answered.")) } else { Ok(()) }
}

/// Refuses what only an established call can do.
pub(crate) fn must_be_established(call: &Call) -> Result<(), Refusal> {
    if call.state == State::Established {
        Ok(())
    } else {
        Err(Refusal::conflict("The call is not established."))
    }
}

/// Refuses what only an established group call can do.
pub(crate) fn must_be_group_call(call: &Call) -> Result<(), Refusal> {
    must_be_established(call)?;
    if call.group { Ok(()) } else { Err(Refusal::bad_request("This is for group calls only.")) }
}

/// Whether the caller may reach the call at all. One that has ended is not found.
pub(super) fn may_reach(call: &Call, request: &Request<'_>) -> Result<(), Refusal> {
    let caller = &request.api.caller;
    let readable = request.api.method == Method::GET && call.state == State::Terminating;
    if !same_id(&call.app_id, &caller.app_id) || !(call.is_live() || readable) {
        return Err(Refusal::call_not_found());
    }
    if !same_id(&call.tenant_id, &caller.tenant_id) {
        return Err(Refusal::tenant_mismatch());
    }
    Ok(())
}
