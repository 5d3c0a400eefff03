//! `call-playprompt`

use crate::api::{Body, Refusal, Reply, Request, Version, must_be_answered};
use crate::world::{Call, Media, Operation, Playing, World};

/// The most prompts of one request.
const PROMPTS: usize = 20;

/// Answers 200 with a running operation; prompts play one request after the other, once audio is active.
///
/// Graph reference: [`call-playprompt`](https://learn.microsoft.com/graph/api/call-playprompt).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    let json = request.json()?;
    let body = Body::new(&json)?;
    let client_context = body.client_context()?;
    let items = body.some_items("prompts", PROMPTS)?;
    let mut media = Vec::with_capacity(items.len());
    for item in items {
        media.push(Body::new(item)?.media_info()?);
    }
    let forever = request.version == Version::Beta && body.flag("loop")?;
    must_be_answered(call)?;
    if call.media == Media::App {
        return Err(Refusal::bad_request("Prompts need service-hosted media."));
    }
    let operation = Operation { id: world.id(), kind: "playPromptOperation", client_context };
    let reply = request.operation(world, call, &operation, 200, "running");
    let prompts = media.iter().map(|(uri, id)| world.fetch_prompt(call, uri, id.as_deref())).collect();
    let playing = Playing { operation, prompts, forever, started: false, record: None };
    world.queue_prompts(request.now, call, playing);
    Ok(reply)
}
