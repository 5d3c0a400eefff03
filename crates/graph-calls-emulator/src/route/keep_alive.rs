//! `call-keepalive`

use crate::api::{Refusal, Reply, Request};
use crate::world::{Call, World};

/// Answers 200 and gives the call another 45 minutes.
///
/// Graph reference: [`call-keepalive`](https://learn.microsoft.com/graph/api/call-keepalive).
#[expect(clippy::unnecessary_wraps, reason = "all routes have one shape")]
pub(crate) fn run(_world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    // The lapse that was entered before looks at this when it comes.
    call.kept_alive = request.now;
    Ok(Reply::empty(200))
}
