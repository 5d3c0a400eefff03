//! `call-starttranscription`

use crate::api::{Body, Refusal, Reply, Request, must_be_established};
use crate::world::{Call, Feature, Operation, World};

/// The languages that the page knows.
const LANGUAGES: [(&str, ()); 1] = [("en-us", ())];

/// Answers 202 with a running operation; once it is done, the call says that it is written down. Beta.
///
/// Graph reference: [`call-starttranscription`](https://learn.microsoft.com/graph/api/call-starttranscription?view=graph-rest-beta).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.JoinGroupCall.All"])?;
    let json = request.json()?;
    let body = Body::new(&json)?;
    let client_context = body.client_context()?;
    body.one_of("language", &LANGUAGES)?;
    must_be_established(call)?;
    let operation = Operation { id: world.id(), kind: "startTranscriptionOperation", client_context };
    let reply = request.operation(world, call, &operation, 202, "running");
    let changed = world.begin(request.now, call, &operation, Feature::Transcript);
    Ok(reply.changed(changed))
}
