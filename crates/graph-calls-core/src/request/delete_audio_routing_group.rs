use bytes::Bytes;
use graph_calls_model::{AudioRoutingGroupId, CallId, Segment};
use http::Method;

use super::{ApiRequest, bare};
use crate::{Repeat, Result};

/// Dissolves an audio routing group.
///
/// Takes the permission `Calls.JoinGroupCall.All` or `Calls.InitiateGroupCall.All`.
///
/// Graph reference: [`audioroutinggroup-delete`](https://learn.microsoft.com/graph/api/audioroutinggroup-delete).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, DeleteAudioRoutingGroup, model::{AudioRoutingGroupId, CallId}};
///
/// let request = DeleteAudioRoutingGroup::new(CallId::new("57dab8b1")?, AudioRoutingGroupId::new("oneToOne")?);
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/audioRoutingGroups/oneToOne");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct DeleteAudioRoutingGroup {
    call_id: CallId,
    group_id: AudioRoutingGroupId,
}

impl DeleteAudioRoutingGroup {
    /// Dissolves this group of this call.
    pub fn new(call_id: CallId, group_id: AudioRoutingGroupId) -> Self {
        Self { call_id, group_id }
    }
}

impl ApiRequest for DeleteAudioRoutingGroup {
    type Output = ();
    const NAME: &'static str = "audioroutinggroup-delete";
    // A second one finds the group gone.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        bare(
            Self::NAME,
            Method::DELETE,
            format_args!(
                "/communications/calls/{}/audioRoutingGroups/{}",
                Segment(self.call_id.as_str()),
                Segment(self.group_id.as_str())
            ),
        )
    }

    fn read(&self, _response: http::Response<Bytes>) -> Result<()> {
        Ok(())
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }
}
