use bytes::Bytes;
use graph_calls_model::{AudioRoutingGroup, AudioRoutingGroupId, CallId, Segment};
use http::Method;

use super::{ApiRequest, bare, json};
use crate::{Repeat, Result};

/// Reads one group of those who hear and are heard.
///
/// Takes the permission `Calls.JoinGroupCall.All` or `Calls.InitiateGroupCall.All`.
///
/// Graph reference: [`audioroutinggroup-get`](https://learn.microsoft.com/graph/api/audioroutinggroup-get).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, GetAudioRoutingGroup, model::{AudioRoutingGroupId, CallId}};
///
/// let request = GetAudioRoutingGroup::new(CallId::new("57dab8b1")?, AudioRoutingGroupId::new("oneToOne")?);
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/audioRoutingGroups/oneToOne");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct GetAudioRoutingGroup {
    call_id: CallId,
    group_id: AudioRoutingGroupId,
}

impl GetAudioRoutingGroup {
    /// Reads this group of this call.
    pub fn new(call_id: CallId, group_id: AudioRoutingGroupId) -> Self {
        Self { call_id, group_id }
    }
}

impl ApiRequest for GetAudioRoutingGroup {
    type Output = AudioRoutingGroup<'static>;
    const NAME: &'static str = "audioroutinggroup-get";
    // Reading has no effect.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        bare(
            Self::NAME,
            Method::GET,
            format_args!(
                "/communications/calls/{}/audioRoutingGroups/{}",
                Segment(self.call_id.as_str()),
                Segment(self.group_id.as_str())
            ),
        )
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<AudioRoutingGroup<'static>> {
        json(Self::NAME, &response).map(AudioRoutingGroup::into_owned)
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }
}
