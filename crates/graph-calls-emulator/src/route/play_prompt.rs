//! `call-playprompt`

use serde_json::{Value, json};

use crate::api::{Body, Refusal, Reply, Request, Version, missing};
use crate::world::{Call, Media, Operation, Playing, State, World};

/// The most prompts of one request.
const PROMPTS: usize = 20;

/// Answers 200 with a running operation; prompts play one request after the other, once audio is active.
///
/// Graph reference: [`call-playprompt`](https://learn.microsoft.com/graph/api/call-playprompt).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    let json = request.json()?;
    let body = Body::new(&json)?;
    let client_context = body.client_context()?;
    let items = body.items("prompts")?;
    if items.is_empty() || items.len() > PROMPTS {
        return Err(Refusal::bad_request(format!("'prompts' must have 1 to {PROMPTS} members.")));
    }
    let mut media = Vec::with_capacity(items.len());
    for item in items {
        media.push(media_info(item)?);
    }
    let forever = request.version == Version::Beta && body.flag("loop")?;
    if call.state == State::Incoming {
        return Err(Refusal::conflict("The call was not answered."));
    }
    if call.media == Media::App {
        return Err(Refusal::bad_request("Prompts need service-hosted media."));
    }
    let operation = Operation { id: world.id(), kind: "playPromptOperation", client_context };
    let mut reply = operation.response("running");
    reply.insert(
        "@odata.context".to_owned(),
        json!(request.context(world, "microsoft.graph.playPromptOperation")),
    );
    let location = request.location(world, &format!("{}/operations/{}", call.id, operation.id));
    let prompts = media.iter().map(|(uri, id)| world.fetch_prompt(call, uri, id.as_deref())).collect();
    world.queue_prompts(request.now, call, Playing { operation, prompts, forever, started: false });
    Ok(Reply::json(200, Value::Object(reply)).at(location))
}

fn media_info(prompt: &Value) -> Result<(String, Option<String>), Refusal> {
    let prompt = Body::new(prompt)?;
    let info = prompt.object("mediaInfo")?.ok_or_else(|| missing("mediaInfo"))?;
    let uri = info.text("uri")?.ok_or_else(|| missing("mediaInfo.uri"))?;
    if !url::Url::parse(uri).is_ok_and(|uri| matches!(uri.scheme(), "http" | "https")) {
        return Err(Refusal::bad_request("'mediaInfo.uri' is no URL that a prompt can be fetched from."));
    }
    Ok((uri.to_owned(), info.text("resourceId")?.map(str::to_owned)))
}
