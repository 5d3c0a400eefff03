//! `call-record`

use std::{ops::RangeInclusive, time::Duration};

use serde_json::Value;

use crate::api::{Body, Refusal, Reply, Request, must_be_answered};
use crate::world::{Call, Media, Operation, Playing, Record, World, tone_of_key};

/// The most prompts of one request.
const PROMPTS: usize = 1;
/// The seconds of each of its times.
const SECONDS: RangeInclusive<u64> = 1..=120;
/// What each of them is unless told otherwise.
const DEFAULT_SECONDS: u64 = 5;

/// Answers 200 with a running operation: behind what plays it plays its prompt, beeps, and records what is said.
///
/// Graph reference: [`call-record`](https://learn.microsoft.com/graph/api/call-record).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.AccessMedia.All"])?;
    let json = request.json()?;
    let body = Body::new(&json)?;
    let client_context = body.client_context()?;
    let items = body.items("prompts")?;
    if items.len() > PROMPTS {
        return Err(Refusal::bad_request(format!("'prompts' must have at most {PROMPTS} member.")));
    }
    let prompts: Result<Vec<_>, _> = items.iter().map(|item| Body::new(item)?.media_info()).collect();
    let prompts = prompts?;
    let barges_in = body.flag("bargeInAllowed")?;
    let record = record(&body)?;
    must_be_answered(call)?;
    if call.media == Media::App {
        return Err(Refusal::bad_request("Recording an answer needs service-hosted media."));
    }
    let operation = Operation { id: world.id(), kind: "recordOperation", client_context };
    let reply = request.operation(world, call, &operation, 200, "running");
    let reply = reply.with("recordingLocation", Value::Null).with("recordingAccessToken", Value::Null);
    let prompts = prompts.iter().map(|(uri, id)| world.fetch_prompt(call, uri, id.as_deref())).collect();
    let playing = Playing { operation, prompts, forever: false, started: false, record: Some(record) };
    if barges_in {
        world.barge_in(request.now, call, playing);
    } else {
        world.queue_prompts(request.now, call, playing);
    }
    Ok(reply)
}

fn record(body: &Body<'_>) -> Result<Record, Refusal> {
    let mut stop_tones = Vec::new();
    for tone in body.items("stopTones")? {
        let tone = tone.as_str().and_then(tone_of_key).ok_or_else(|| {
            Refusal::bad_request("'stopTones' has a member that is no key: 0 to 9, *, #, A to D.")
        })?;
        stop_tones.push(tone);
    }
    Ok(Record {
        initial_silence: seconds(body, "initialSilenceTimeoutInSeconds")?,
        max_silence: seconds(body, "maxSilenceTimeoutInSeconds")?,
        max_duration: seconds(body, "maxRecordDurationInSeconds")?,
        beep: body.get("playBeep").is_none() || body.flag("playBeep")?,
        stop_tones,
        running: None,
    })
}

fn seconds(body: &Body<'_>, name: &str) -> Result<Duration, Refusal> {
    let seconds = body.number(name)?.unwrap_or(DEFAULT_SECONDS);
    if !SECONDS.contains(&seconds) {
        let (from, to) = (SECONDS.start(), SECONDS.end());
        return Err(Refusal::bad_request(format!("'{name}' is not {from} to {to} seconds.")));
    }
    Ok(Duration::from_secs(seconds))
}
