//! `audioroutinggroup-delete`

use crate::api::{Refusal, Reply, Request};
use crate::world::{Call, World};

/// Answers 204 and dissolves the group.
///
/// Graph reference: [`audioroutinggroup-delete`](https://learn.microsoft.com/graph/api/audioroutinggroup-delete).
pub(crate) fn run(_world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.JoinGroupCall.All", "Calls.InitiateGroupCall.All"])?;
    let dissolved = request.audio_group(call)?.id.clone();
    call.audio_groups.retain(|one| one.id != dissolved);
    Ok(Reply::empty(204))
}
