//! `audioroutinggroup-get`

use crate::api::{Refusal, Reply, Request};
use crate::world::{Call, World};

/// Answers 200 with one audio routing group.
///
/// Graph reference: [`audioroutinggroup-get`](https://learn.microsoft.com/graph/api/audioroutinggroup-get).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.JoinGroupCall.All", "Calls.InitiateGroupCall.All"])?;
    let group = request.audio_group(call)?;
    let context = request.context(world, &call.audio_group_context());
    Ok(Reply::json(200, group.entity(&context)))
}
