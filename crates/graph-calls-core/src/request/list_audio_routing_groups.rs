use bytes::Bytes;
use graph_calls_model::{AudioRoutingGroup, CallId, Segment};
use http::Method;

use super::{
    ApiRequest, bare, json,
    page::{Page, Query},
};
use crate::{Repeat, Result};

/// Reads who hears whom in a call beside the default audio mix, a page at a time.
///
/// Takes the permission `Calls.JoinGroupCall.All` or `Calls.InitiateGroupCall.All`.
///
/// Graph reference:
/// [`call-list-audioroutinggroups`](https://learn.microsoft.com/graph/api/call-list-audioroutinggroups).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, ListAudioRoutingGroups, model::CallId};
///
/// let request = ListAudioRoutingGroups::new(CallId::new("57dab8b1")?);
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/audioRoutingGroups");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ListAudioRoutingGroups {
    call_id: CallId,
    query: Query,
}

/// One page of audio routing groups.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AudioRoutingGroupPage {
    /// The groups.
    pub groups: Vec<AudioRoutingGroup<'static>>,
    /// The request for the next page, if there is one.
    pub next: Option<ListAudioRoutingGroups>,
}

impl ListAudioRoutingGroups {
    /// Reads the groups of this call.
    pub fn new(call_id: CallId) -> Self {
        Self { call_id, query: Query::default() }
    }
}

impl ApiRequest for ListAudioRoutingGroups {
    type Output = AudioRoutingGroupPage;
    const NAME: &'static str = "call-list-audioroutinggroups";
    // Reading has no effect.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        let (call, query) = (Segment(self.call_id.as_str()), &self.query);
        bare(Self::NAME, Method::GET, format_args!("/communications/calls/{call}/audioRoutingGroups{query}"))
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<AudioRoutingGroupPage> {
        let page: Page<'_, AudioRoutingGroup<'_>> = json(Self::NAME, &response)?;
        let next = page.next().map(|query| Self { call_id: self.call_id.clone(), query });
        let groups = page.value.into_iter().map(AudioRoutingGroup::into_owned).collect();
        Ok(AudioRoutingGroupPage { groups, next })
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_asked_of_the_same_call_whatever_the_link_names() {
        let list = ListAudioRoutingGroups::new(CallId::new("1").unwrap());
        let body = r#"{"value":[{"id":"2"}],"@odata.nextLink":"https://evil.example/x?$skiptoken=abc"}"#;
        let page = list.read(http::Response::new(Bytes::from(body))).unwrap();
        assert_eq!(page.groups.len(), 1);
        let next = page.next.unwrap().to_http().unwrap();
        assert_eq!(next.uri(), "/communications/calls/1/audioRoutingGroups?$skiptoken=abc");
    }
}
