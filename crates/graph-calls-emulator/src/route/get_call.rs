//! `call-get`

use crate::api::{Refusal, Reply, Request};
use crate::world::{Call, World, entity};

/// Answers 200 with the call; one that has ended is not found.
///
/// Graph reference: [`call-get`](https://learn.microsoft.com/graph/api/call-get).
#[expect(clippy::unnecessary_wraps, reason = "all routes have one shape")]
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    let context = request.context(world, "communications/calls/$entity");
    Ok(Reply::json(200, entity(call, &context)))
}
