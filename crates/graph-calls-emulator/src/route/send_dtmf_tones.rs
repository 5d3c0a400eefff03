//! `call-senddtmftones`

use std::time::Duration;

use serde_json::{Value, json};

use crate::api::{Body, Refusal, Reply, Request, must_be_established};
use crate::world::{Call, Finishing, Operation, ResultInfo, World, key_of, tone_named};

/// How long a tone sounds.
const TONE: Duration = Duration::from_millis(100);
/// The largest `Edm.Int32`.
const MAX_DELAY: u64 = 2_147_483_647;

/// Answers 200 with a running operation and presses the keys. It ends completed in any case: the completion reason
/// alone tells whether the call ended before.
///
/// Graph reference: [`call-senddtmftones`](https://learn.microsoft.com/graph/api/call-senddtmftones).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    let json = request.json()?;
    let body = Body::new(&json)?;
    let client_context = body.client_context()?;
    let tones = tones(&body)?;
    let delay = body.number("delayBetweenTonesMs")?.unwrap_or_default();
    if delay > MAX_DELAY {
        return Err(Refusal::bad_request(format!("'delayBetweenTonesMs' is more than {MAX_DELAY}.")));
    }
    must_be_established(call)?;
    let operation = Operation { id: world.id(), kind: "sendDtmfTonesOperation", client_context };
    let reply = request.operation(world, call, &operation, 200, "running");
    let keys: String = tones.iter().map(|tone| key_of(tone)).collect();
    world.happened(call, true, format!("the bot presses {keys}"));
    let count = u32::try_from(tones.len()).unwrap_or(u32::MAX);
    let gaps = Duration::from_millis(delay).saturating_mul(count.saturating_sub(1));
    let due = request.now.saturating_add(TONE.saturating_mul(count)).saturating_add(gaps);
    let end = |result: Value, reason: &str| {
        let mut data = operation.finished(&result, true);
        data.insert("completionReason".to_owned(), json!(reason));
        data
    };
    let data = end(ResultInfo::COMPLETED.to_json(call.dialect), "completedSuccessfully");
    let if_cut = end(Value::Null, "mediaOperationCanceled");
    world.finish_at(due, call, Finishing { id: operation.id.clone(), data, if_cut, feature: None });
    Ok(reply)
}

fn tones(body: &Body<'_>) -> Result<Vec<&'static str>, Refusal> {
    let items = body.items("tones")?;
    let tones: Option<Vec<_>> = items.iter().map(|tone| tone_named(tone.as_str()?)).collect();
    match tones {
        Some(tones) if !tones.is_empty() => Ok(tones),
        Some(_) => Err(Refusal::bad_request("'tones' must have a member.")),
        None => Err(Refusal::bad_request(
            "'tones' has a member that is no tone's name: tone0 to tone9, star, pound, a to d, flash.",
        )),
    }
}
