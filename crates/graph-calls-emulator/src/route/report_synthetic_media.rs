//! `participant-reportsyntheticmedia`

use std::{collections::BTreeSet, time::Duration};

use graph_calls_model::fold_guid;

use crate::api::{Body, Refusal, Reply, Request, missing};
use crate::world::{Call, State, Step, Synthetic, World};

/// How long the service wants to hear nothing more about a participant. The page advises it; that it is exactly when
/// requests are throttled is inferred.
const PAUSE: Duration = Duration::from_secs(60);

const MODALITIES: [(&str, ()); 5] =
    [("audio", ()), ("video", ()), ("image", ()), ("text", ()), ("multimodal", ())];

const SEVERITIES: [(&str, ()); 3] = [("low", ()), ("medium", ()), ("high", ())];

/// Answers 200; the roster then tells everybody what was found. Beta.
///
/// Graph reference:
/// [`participant-reportsyntheticmedia`](https://learn.microsoft.com/graph/api/participant-reportsyntheticmedia?view=graph-rest-beta).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.ReportSyntheticMedia.All"])?;
    let json = request.json()?;
    let body = Body::new(&json)?;
    let (id, key) = body.guid("id")?;
    let confidence = read(&body)?;
    if call.state != State::Established {
        return Err(Refusal::not_in_call());
    }
    if request.path.resource.item().and_then(fold_guid).is_none() {
        return Err(Refusal::bad_request("The participant's id is no GUID."));
    }
    let participant = request.participant(call)?.id.clone();

    let known = call.shown.synthetic.get(&participant);
    let wait = known.map_or(Duration::ZERO, |known| (known.reported + PAUSE).saturating_sub(request.now));
    if !wait.is_zero() {
        return Err(Refusal::throttled(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)));
    }
    let mut ids = known.map_or_else(BTreeSet::new, |known| known.ids.clone());
    let reply = Reply::empty(200).keyed(id);
    // Only a new id makes a new record.
    if !ids.insert(key) {
        return Ok(reply.changed(false));
    }
    let synthetic = Synthetic { id: id.to_owned(), confidence, reported: request.now, ids };
    call.shown.synthetic.insert(participant, synthetic);
    world.enter(request.now + world.config.pace.step, call, Step::RosterChanges);
    Ok(reply)
}

/// Checks what is required, and returns how sure the bot is.
fn read(body: &Body<'_>) -> Result<f64, Refusal> {
    let detected = body.text("detectionDateTime")?.ok_or_else(|| missing("detectionDateTime"))?;
    if detected.parse::<jiff::Timestamp>().is_err() {
        return Err(Refusal::bad_request("'detectionDateTime' is no date and time of ISO 8601."));
    }
    body.get("isMalicious").ok_or_else(|| missing("isMalicious"))?;
    body.flag("isMalicious")?;
    body.one_of("severity", &SEVERITIES)?;
    let content = body.object("contentMetadata")?.ok_or_else(|| missing("contentMetadata"))?;
    content.one_of("modality", &MODALITIES)?.ok_or_else(|| missing("contentMetadata.modality"))?;
    let detections = body.items("detections")?;
    if detections.is_empty() {
        return Err(missing("detections"));
    }
    for one in detections {
        Body::new(one)?.confidence("confidence")?;
    }
    body.confidence("overallConfidence")
}
