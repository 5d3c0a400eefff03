//! `call-list-participants`

use serde_json::{Value, json};

use crate::api::{Refusal, Reply, Request};
use crate::world::{Call, World};

/// Answers 200 with everybody in the call, the bot too; nobody who was only invited.
///
/// Graph reference: [`call-list-participants`](https://learn.microsoft.com/graph/api/call-list-participants).
#[expect(clippy::unnecessary_wraps, reason = "all routes have one shape")]
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    let context = request.context(world, &format!("communications/calls('{}')/participants", call.id));
    let value: Vec<Value> = call.participants().map(|one| call.show(one)).collect();
    Ok(Reply::json(200, json!({ "@odata.context": context, "value": value })))
}
