//! `call-keepalive`

use crate::api::{Refusal, Reply, Request, must_be_answered};
use crate::world::{Call, World};

/// Answers 200 and gives the call another 45 minutes.
///
/// Graph reference: [`call-keepalive`](https://learn.microsoft.com/graph/api/call-keepalive).
pub(crate) fn run(_world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    must_be_answered(call)?;
    // The lapse that was entered before looks at this when it comes.
    call.kept_alive = request.now;
    Ok(Reply::empty(200).changed(false))
}
