//! `call-logteleconferencedevicequality`

use crate::api::{Body, Refusal, Reply, Request, missing};
use crate::world::World;

/// The kinds of media that a device reports on.
const KINDS: [&str; 3] = [
    "teleconferenceDeviceAudioQuality",
    "teleconferenceDeviceVideoQuality",
    "teleconferenceDeviceScreenSharingQuality",
];

/// Answers 200 and keeps the report; of one media leg of one call chain there is one.
///
/// Graph reference:
/// [`call-logteleconferencedevicequality`](https://learn.microsoft.com/graph/api/call-logteleconferencedevicequality).
pub(crate) fn run(world: &mut World, request: &Request<'_>) -> Result<Reply, Refusal> {
    request.require(&["Calls.AccessMedia.All"])?;
    let json = request.json()?;
    let quality = Body::new(&json)?.object("quality")?.ok_or_else(|| missing("quality"))?;
    let ((chain, chain_key), (leg, leg_key)) = (quality.guid("callChainId")?, quality.guid("mediaLegId")?);
    quality.guid("participantId")?;
    for name in ["deviceName", "deviceDescription"] {
        quality.text(name)?.ok_or_else(|| missing(name))?;
    }
    let media = quality.items("mediaQualityList")?;
    if media.is_empty() {
        return Err(missing("mediaQualityList"));
    }
    for one in media {
        let one = Body::new(one)?;
        if !one.kind()?.is_some_and(|kind| KINDS.contains(&kind)) {
            let message =
                "'mediaQualityList' has a member that is no quality of audio, video or screen sharing.";
            return Err(Refusal::bad_request(message));
        }
        one.number("channelIndex")?.ok_or_else(|| missing("mediaQualityList.channelIndex"))?;
    }
    let reply = Reply::empty(200).keyed(format!("{chain} {leg}"));
    let is_first = world.quality_reports.count((chain_key, leg_key)) == 1;
    Ok(reply.changed(is_first))
}
