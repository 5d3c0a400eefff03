//! `call-answer`

use serde_json::json;

use crate::api::{Body, Refusal, Reply, Request, must_be_incoming};
use crate::world::{Call, Media, World};

/// Answers 202 and establishes an incoming call: within 15 seconds, or 5 seconds for policy-based recording.
///
/// A second answer is refused with 409; no page says what the service does then.
///
/// Graph reference: [`call-answer`](https://learn.microsoft.com/graph/api/call-answer).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    let json = request.json()?;
    let body = Body::new(&json)?;
    let callback = body.callback_uri()?;
    let modalities = body.modalities("acceptedModalities")?;
    let (media, config) = body.media_config()?;
    must_be_incoming(call)?;
    if media == Media::App {
        request.require(&["Calls.AccessMedia.All"])?;
    }
    call.callback = callback;
    call.media = media;
    call.given.push(("mediaConfig", config.clone()));
    call.given.push(("requestedModalities", json!(modalities)));
    world.prefetch(call, config);
    world.happened(call, true, "the bot answers".to_owned());
    world.expect_keep_alive(request.now, call);
    world.enter_establishing(request.now, call);
    Ok(Reply::empty(202))
}
