//! `call-keepalive`

use crate::api::{Refusal, Reply, Request};
use crate::world::{Call, State, World};

/// Answers 200 and gives the call another 45 minutes.
///
/// Graph reference: [`call-keepalive`](https://learn.microsoft.com/graph/api/call-keepalive).
pub(crate) fn run(_world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    if call.state == State::Incoming {
        return Err(Refusal::conflict("The call was not answered yet."));
    }
    // The lapse that was entered before looks at this when it comes.
    call.kept_alive = request.now;
    Ok(Reply::empty(200))
}
