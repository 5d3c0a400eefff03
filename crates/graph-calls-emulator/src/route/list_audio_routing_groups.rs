//! `call-list-audioroutinggroups`

use serde_json::{Value, json};

use crate::api::{Refusal, Reply, Request};
use crate::world::{AudioGroup, Call, World};

/// Answers 200 with the audio routing groups of the call, in the order they were made.
///
/// Graph reference:
/// [`call-list-audioroutinggroups`](https://learn.microsoft.com/graph/api/call-list-audioroutinggroups).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.JoinGroupCall.All", "Calls.InitiateGroupCall.All"])?;
    let context = request.context(world, &format!("communications/calls('{}')/audioRoutingGroups", call.id));
    let value: Vec<Value> = call.audio_groups.iter().map(AudioGroup::to_json).collect();
    Ok(Reply::json(200, json!({ "@odata.context": context, "value": value })))
}
