use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, CommsOperation, Segment, StartTranscriptionBody};
use http::Method;

use super::{ApiRequest, ApiVersion, operation, with_json};
use crate::{Repeat, Result};

/// Starts a transcript of a call. Beta.
///
/// `en-us` is the only language its page knows. Gives what the answer told of the operation, whose end comes as a
/// notification.
///
/// Graph reference:
/// [`call-starttranscription`](https://learn.microsoft.com/graph/api/call-starttranscription?view=graph-rest-beta).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, StartTranscription, model::{CallId, StartTranscriptionBody}};
///
/// let request = StartTranscription::new(
///     CallId::new("57dab8b1")?,
///     StartTranscriptionBody::new().with_language("en-us"),
/// );
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/startTranscription");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct StartTranscription {
    call_id: CallId,
    body: StartTranscriptionBody,
}

impl StartTranscription {
    /// Starts a transcript of this call.
    pub fn new(call_id: CallId, body: StartTranscriptionBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for StartTranscription {
    type Output = Option<CommsOperation<'static>>;
    const NAME: &'static str = "call-starttranscription";
    // A second one would begin another transcript, had the first been stopped in between.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;
    const VERSION: ApiVersion = ApiVersion::Beta;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/startTranscription", Segment(self.call_id.as_str())),
            &self.body,
        )
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<Option<CommsOperation<'static>>> {
        Ok(operation(&response))
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }

    fn client_context(&self) -> Option<&ClientContext> {
        self.body.client_context()
    }
}
