use bytes::Bytes;
use graph_calls_model::{Call, CallId, CreateCallBody};
use http::Method;

use super::{ApiRequest, json, located, with_json};
use crate::{Correlation, Error, Repeat, Result};

/// Calls somebody or joins a meeting.
///
/// One target makes a peer-to-peer call, two to five a new group call. Notifications may come before the answer to this
/// request.
///
/// Graph reference: [`application-post-calls`](https://learn.microsoft.com/graph/api/application-post-calls).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, CreateCall, model::{CallbackUri, CreateCallBody, InvitationParticipantInfo}};
///
/// let callback = CallbackUri::new("https://bot.example/api/calls")?;
/// let request = CreateCall::new(CreateCallBody::to(InvitationParticipantInfo::user("8d1e6ab6"), callback));
/// assert_eq!(request.to_http()?.uri(), "/communications/calls");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CreateCall {
    body: CreateCallBody,
}

/// A call that was just created.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CreatedCall {
    /// Its id: from the answer's `Location`, else from its body.
    pub id: CallId,
    /// What the answer said of it; empty where the body was lost.
    pub call: Call<'static>,
}

impl CreateCall {
    /// Sends this body.
    pub fn new(body: CreateCallBody) -> Self {
        Self { body }
    }
}

impl ApiRequest for CreateCall {
    type Output = CreatedCall;
    const NAME: &'static str = "application-post-calls";
    // A second one would ring people twice, and the service has no key that would stop it.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        self.body.validate().map_err(|error| Error::request(Self::NAME, error))?;
        with_json(Self::NAME, Method::POST, "/communications/calls", &self.body)
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<CreatedCall> {
        let located = located(&response).and_then(|path| path.call_id()?.ok());
        let call = json(Self::NAME, &response).map(Call::into_owned);
        let (id, call) = match (located, call) {
            (Some(id), call) => (id, call.unwrap_or_default()),
            (None, Ok(call)) => {
                let id = call.id.clone().unwrap_or_default();
                (CallId::try_from(id).map_err(|error| Error::decode(Self::NAME, error))?, call)
            }
            (None, Err(error)) => return Err(error),
        };
        Ok(CreatedCall { id, call })
    }

    fn correlation(&self) -> Correlation {
        Correlation { callback_uri: Some(self.body.callback_uri().to_string()), ..Correlation::default() }
    }
}
