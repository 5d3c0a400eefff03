use bytes::Bytes;
use graph_calls_model::{CallId, RedirectCallBody, Segment};
use http::Method;

use super::{ApiRequest, with_json};
use crate::{Error, Repeat, Result};

/// Passes an incoming call on instead of answering it, to at most 25 targets.
///
/// The service waits 15 seconds for it. It rings for 15 to 90 seconds, and the first to answer has the call. Takes the
/// permission `Calls.Initiate.All`.
///
/// Graph reference: [`call-redirect`](https://learn.microsoft.com/graph/api/call-redirect).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, RedirectCall, model::{CallId, InvitationParticipantInfo, RedirectCallBody}};
///
/// let request = RedirectCall::new(
///     CallId::new("57dab8b1")?,
///     RedirectCallBody::new(InvitationParticipantInfo::user("550fae72")),
/// );
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/redirect");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct RedirectCall {
    call_id: CallId,
    body: RedirectCallBody,
}

impl RedirectCall {
    /// Passes this call on.
    pub fn new(call_id: CallId, body: RedirectCallBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for RedirectCall {
    type Output = ();
    const NAME: &'static str = "call-redirect";
    // A lost answer leaves open whether the call was passed on; a second one is refused by its state.
    const REPEAT: Repeat = Repeat::WhileIncoming;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        self.body.validate().map_err(|error| Error::request(Self::NAME, error))?;
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/redirect", Segment(self.call_id.as_str())),
            &self.body,
        )
    }

    fn read(&self, _response: http::Response<Bytes>) -> Result<()> {
        Ok(())
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }
}
