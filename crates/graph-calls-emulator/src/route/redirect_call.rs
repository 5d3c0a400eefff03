//! `call-redirect`

use std::{ops::RangeInclusive, time::Duration};

use crate::api::{Body, Refusal, Reply, Request, Version, must_be_incoming};
use crate::world::{Call, Party, World};

/// The most targets that ring together.
const TARGETS: usize = 25;
/// The seconds that targets may ring.
const TIMEOUT: RangeInclusive<u64> = 15..=90;
/// The seconds that one target rings, and several, unless told otherwise.
const DEFAULT_TIMEOUT: [u64; 2] = [55, 60];

/// Answers 202 and lets others ring for an incoming call: the call goes without a result, whoever takes it.
///
/// Graph reference: [`call-redirect`](https://learn.microsoft.com/graph/api/call-redirect).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.Initiate.All"])?;
    let json = request.json()?;
    let body = Body::new(&json)?;
    let callback = body.callback_uri()?;
    let items = body.some_items("targets", TARGETS)?;
    let targets: Result<Vec<Party>, _> =
        items.iter().map(|target| Body::new(target)?.identity(world)).collect();
    let targets = targets?;
    let timeout = timeout(&body, targets.len())?;
    if request.version == Version::Beta {
        check_beta(&body)?;
    }
    must_be_incoming(call)?;
    if callback.is_some() {
        call.callback = callback;
    }
    call.ring_limit = timeout;
    let to = match targets.as_slice() {
        [one] => one.name.clone(),
        several => format!("{} others", several.len()),
    };
    world.happened(call, true, format!("the bot redirects the call to {to}"));
    world.redirect(request.now, call, targets);
    Ok(Reply::empty(202))
}

fn timeout(body: &Body<'_>, targets: usize) -> Result<Duration, Refusal> {
    let [one, several] = DEFAULT_TIMEOUT;
    let seconds = body.number("timeout")?.unwrap_or(if targets == 1 { one } else { several });
    if !TIMEOUT.contains(&seconds) {
        let (from, to) = (TIMEOUT.start(), TIMEOUT.end());
        return Err(Refusal::bad_request(format!("'timeout' is not {from} to {to} seconds.")));
    }
    Ok(Duration::from_secs(seconds))
}

// Deprecated or of no consequence here; what is not of their type is refused all the same.
fn check_beta(body: &Body<'_>) -> Result<(), Refusal> {
    const DISPOSITIONS: [&str; 3] = ["default", "simultaneousRing", "forward"];
    body.flag("maskCallee")?;
    body.flag("maskCaller")?;
    match body.text("targetDisposition")? {
        Some(other) if !DISPOSITIONS.iter().any(|one| one.eq_ignore_ascii_case(other)) => {
            Err(Refusal::bad_request("'targetDisposition' is none of default, simultaneousRing, forward."))
        }
        _ => Ok(()),
    }
}
