use bytes::Bytes;
use graph_calls_model::{CallId, Participant, Segment, Text};
use http::Method;
use serde::Deserialize;

use super::{ApiRequest, bare, json};
use crate::{Correlation, Repeat, Result};

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
    query: Option<String>,
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
        Self { call_id, query: None }
    }

    /// Reads these members only: names with commas between.
    #[must_use]
    pub fn select(mut self, members: &str) -> Self {
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("$select", members).finish();
        self.query = Some(query);
        self
    }
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    value: Vec<Participant<'a>>,
    #[serde(borrow, rename = "@odata.nextLink")]
    next_link: Option<Text<'a>>,
}

impl ApiRequest for ListParticipants {
    type Output = ParticipantPage;
    const NAME: &'static str = "call-list-participants";
    // Reading has no effect.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        let (call, query) = (Segment(self.call_id.as_str()), self.query.as_deref());
        let (mark, query) = query.map_or(("", ""), |query| ("?", query));
        bare(Self::NAME, Method::GET, format_args!("/communications/calls/{call}/participants{mark}{query}"))
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<ParticipantPage> {
        let page: Page<'_> = json(Self::NAME, &response)?;
        // Only the query of the link is followed: a host out of a payload never gets our token.
        let query = page.next_link.as_deref().and_then(|link| link.split_once('?')).map(|(_, query)| query);
        let next = query.map(|query| Self { call_id: self.call_id.clone(), query: Some(query.to_owned()) });
        let participants = page.value.into_iter().map(Participant::into_owned).collect();
        Ok(ParticipantPage { participants, next })
    }

    fn correlation(&self) -> Correlation {
        Correlation { call_id: Some(self.call_id.clone()), ..Correlation::default() }
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
