use bytes::Bytes;
use graph_calls_model::{AudioRoutingGroup, AudioRoutingGroupId, CallId, Segment};
use http::Method;

use super::{ApiRequest, json, with_json};
use crate::{Error, Repeat, Result};

/// Decides who hears whom, beside the default audio mix: one source, and one receiver or many.
///
/// The service answers with the group and its id; the examples let the caller choose the id. Of all who speak, the four
/// loudest are forwarded. Takes the permission `Calls.JoinGroupCall.All` or `Calls.InitiateGroupCall.All`.
///
/// Graph reference:
/// [`call-post-audioroutinggroups`](https://learn.microsoft.com/graph/api/call-post-audioroutinggroups).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, CreateAudioRoutingGroup, model::{AudioRoutingGroup, CallId, ParticipantId}};
///
/// let (interpreter, listener) = (ParticipantId::new("632899f8")?, ParticipantId::new("550fae72")?);
/// let group = AudioRoutingGroup::one_to_one(interpreter, listener).with_id("oneToOne");
/// let request = CreateAudioRoutingGroup::new(CallId::new("57dab8b1")?, group);
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/audioRoutingGroups");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CreateAudioRoutingGroup {
    call_id: CallId,
    group: AudioRoutingGroup<'static>,
}

impl CreateAudioRoutingGroup {
    /// Makes this group in this call.
    pub fn new(call_id: CallId, group: AudioRoutingGroup<'static>) -> Self {
        Self { call_id, group }
    }
}

impl ApiRequest for CreateAudioRoutingGroup {
    type Output = AudioRoutingGroup<'static>;
    const NAME: &'static str = "call-post-audioroutinggroups";
    // A second one would make another group, or fail though the first was made.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        self.group.validate().map_err(|error| Error::request(Self::NAME, error))?;
        if let Some(id) = &self.group.id {
            // Under an id that is no path segment it could never be read, changed or dissolved.
            AudioRoutingGroupId::new(id).map_err(|error| Error::request(Self::NAME, error))?;
        }
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/audioRoutingGroups", Segment(self.call_id.as_str())),
            &self.group,
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
    use std::error::Error as _;

    use graph_calls_model::ParticipantId;

    use super::*;

    #[test]
    fn a_group_that_could_never_be_named_again_is_not_made() {
        let id = |id: &str| ParticipantId::new(id).unwrap();
        let group = AudioRoutingGroup::one_to_one(id("1"), id("2")).with_id("one/two");
        let error = CreateAudioRoutingGroup::new(CallId::new("1").unwrap(), group).to_http().unwrap_err();
        assert!(error.source().unwrap().to_string().contains("not one path segment"));
    }
}
