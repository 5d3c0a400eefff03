//! `call-updaterecordingstatus`

use crate::api::{Body, Refusal, Reply, Request, missing, must_be_answered};
use crate::world::{Call, Operation, Step, World};

/// The statuses that a bot may tell.
const STATUSES: [(&str, &str); 3] =
    [("notRecording", "notRecording"), ("recording", "recording"), ("failed", "failed")];

/// Answers 200 with a completed operation; the roster then shows the status. For policy-based recording alone.
///
/// Graph reference: [`call-updaterecordingstatus`](https://learn.microsoft.com/graph/api/call-updaterecordingstatus).
pub(crate) fn run(world: &mut World, call: &mut Call, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.JoinGroupCall.All", "Calls.AccessMedia.All"])?;
    let json = request.json()?;
    let body = Body::new(&json)?;
    let client_context = body.client_context()?;
    let status = body.one_of("status", &STATUSES)?.ok_or_else(|| missing("status"))?;
    if !call.policy_recording {
        return Err(Refusal::no_policy_recording());
    }
    must_be_answered(call)?;
    let operation = Operation { id: world.id(), kind: "updateRecordingStatusOperation", client_context };
    let reply = request.operation(world, call, &operation, 200, "completed").keyed(status);
    if call.shown.recording_status.replace(status) == Some(status) {
        return Ok(reply.changed(false));
    }
    world.happened(call, true, format!("the bot tells its recording status: {status}"));
    world.enter(request.now + world.config.pace.step, call, Step::RosterChanges);
    Ok(reply)
}
