use bytes::Bytes;
use graph_calls_model::{CallId, Participant, Segment};
use http::Method;

use super::{
    ApiRequest, bare, json,
    page::{Page, Query},
};
use crate::{Repeat, Result};

/// Reads the participants of a call, a page at a time.
///
/// Graph reference: [`call-list-participants`](https://learn.microsoft.com/graph/api/call-list-participants).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, ListParticipants, model::CallId};
///
/// let request = ListParticipants::new(CallId::new("57dab8b1")?).select("id,info");
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/participants?%24select=id%2Cinfo");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ListParticipants {
    call_id: CallId,
    query: Query,
}

/// One page of participants.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ParticipantPage {
    /// The participants.
    pub participants: Vec<Participant<'static>>,
    /// The request for the next page, if there is one.
    pub next: Option<ListParticipants>,
}

impl ListParticipants {
    /// Reads the participants of this call.
    pub fn new(call_id: CallId) -> Self {
        Self { call_id, query: Query::default() }
    }

    /// Reads these members only: names with commas between.
    #[must_use]
    pub fn select(mut self, members: &str) -> Self {
        self.query = Query::select(members);
        self
    }
}

impl ApiRequest for ListParticipants {
    type Output = ParticipantPage;
    const NAME: &'static str = "call-list-participants";
    // Reading has no effect.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        let (call, query) = (Segment(self.call_id.as_str()), &self.query);
        bare(Self::NAME, Method::GET, format_args!("/communications/calls/{call}/participants{query}"))
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<ParticipantPage> {
        let page: Page<'_, Participant<'_>> = json(Self::NAME, &response)?;
        let next = page.next().map(|query| Self { call_id: self.call_id.clone(), query });
        let participants = page.value.into_iter().map(Participant::into_owned).collect();
        Ok(ParticipantPage { participants, next })
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_asked_of_the_same_call_whatever_host_the_link_names() {
        let list = ListParticipants::new(CallId::new("1").unwrap());
        let body = r#"{"value":[{"id":"2"}],"@odata.nextLink":"https://evil.example/x?$skiptoken=abc"}"#;
        let page = list.read(http::Response::new(Bytes::from(body))).unwrap();
        assert_eq!(page.participants.len(), 1);
        let next = page.next.unwrap().to_http().unwrap();
        assert_eq!(next.uri(), "/communications/calls/1/participants?$skiptoken=abc");
    }
}
