//! `call-delete`

use crate::api::{Refusal, Reply, Request};
use crate::world::{Call, EndCause, World};

/// Answers 204 and ends the bot's leg: first terminating, then terminated.
///
/// Graph reference: [`call-delete`](https://learn.microsoft.com/graph/api/call-delete).
#[expect(clippy::unnecessary_wraps, reason = "all routes have one shape")]
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    world.happened(call, true, "the bot hangs up".to_owned());
    world.end(request.now, call, EndCause::BotDeleted);
    Ok(Reply::empty(204))
}
