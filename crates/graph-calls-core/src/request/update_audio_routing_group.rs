use bytes::Bytes;
use graph_calls_model::{AudioRoutingGroup, AudioRoutingGroupId, CallId, ParticipantId, Segment, Text};
use http::Method;

use super::{ApiRequest, json, with_json};
use crate::{Error, Repeat, Result};

/// Changes who hears a source. It is meant for the receivers alone.
///
/// The receivers given take the place of those before; a group that nobody shall hear is dissolved
/// ([`DeleteAudioRoutingGroup`](super::DeleteAudioRoutingGroup)). Takes the permission `Calls.JoinGroupCall.All` or
/// `Calls.InitiateGroupCall.All`.
///
/// Graph reference: [`audioroutinggroup-update`](https://learn.microsoft.com/graph/api/audioroutinggroup-update).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{
///     ApiRequest, UpdateAudioRoutingGroup,
///     model::{AudioRoutingGroupId, CallId, ParticipantId},
/// };
///
/// let (call, group) = (CallId::new("57dab8b1")?, AudioRoutingGroupId::new("multicast")?);
/// let request = UpdateAudioRoutingGroup::receivers(call, group, [ParticipantId::new("550fae72")?]);
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/audioRoutingGroups/multicast");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct UpdateAudioRoutingGroup {
    call_id: CallId,
    group_id: AudioRoutingGroupId,
    change: AudioRoutingGroup<'static>,
}

impl UpdateAudioRoutingGroup {
    /// Changes what is set in `change`; the rest stays as it is.
    pub fn new(call_id: CallId, group_id: AudioRoutingGroupId, change: AudioRoutingGroup<'static>) -> Self {
        Self { call_id, group_id, change }
    }

    /// Lets these hear the source, and nobody else.
    pub fn receivers(
        call_id: CallId,
        group_id: AudioRoutingGroupId,
        receivers: impl IntoIterator<Item = ParticipantId>,
    ) -> Self {
        let mut change = AudioRoutingGroup::default();
        change.receivers = receivers.into_iter().map(Text::from).collect();
        Self::new(call_id, group_id, change)
    }
}

impl ApiRequest for UpdateAudioRoutingGroup {
    type Output = AudioRoutingGroup<'static>;
    const NAME: &'static str = "audioroutinggroup-update";
    // The receivers are set, not added.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        if self.change.receivers.is_empty() {
            let why = "`receivers`: there is none: give one at least, or dissolve the group";
            return Err(Error::request(Self::NAME, why));
        }
        with_json(
            Self::NAME,
            Method::PATCH,
            format_args!(
                "/communications/calls/{}/audioRoutingGroups/{}",
                Segment(self.call_id.as_str()),
                Segment(self.group_id.as_str())
            ),
            &self.change,
        )
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<AudioRoutingGroup<'static>> {
        json(Self::NAME, &response).map(AudioRoutingGroup::into_owned)
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_what_it_changes_and_a_receiver_at_least() {
        let update = |receivers: &[&str]| {
            let ids = receivers.iter().map(|id| ParticipantId::new(id).unwrap());
            let group = AudioRoutingGroupId::new("g").unwrap();
            UpdateAudioRoutingGroup::receivers(CallId::new("1").unwrap(), group, ids).to_http()
        };
        let body: serde_json::Value = serde_json::from_slice(update(&["2", "3"]).unwrap().body()).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "@odata.type": "#microsoft.graph.audioRoutingGroup", "receivers": ["2", "3"],
            })
        );
        assert_eq!(update(&[]).unwrap_err().kind(), crate::ErrorKind::Request);
    }
}
