use bytes::Bytes;
use graph_calls_model::{CallId, ClientContext, ClientContextBody, CommsOperation, Segment};
use http::Method;

use super::{ApiRequest, operation, with_json};
use crate::{Repeat, Result};

/// Asks for the large gallery as a stream. Only in group calls and only in the public cloud.
///
/// Once it is there the roster has applications of the type `LargeGallery-V2`; the one to use sends and receives video.
/// Gives what the answer told of the operation, whose end comes as a notification.
///
/// Graph reference: [`call-addlargegalleryview`](https://learn.microsoft.com/graph/api/call-addlargegalleryview).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{AddLargeGalleryView, ApiRequest, model::{CallId, ClientContextBody}};
///
/// let request = AddLargeGalleryView::new(CallId::new("57dab8b1")?, ClientContextBody::new());
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/addLargeGalleryView");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct AddLargeGalleryView {
    call_id: CallId,
    body: ClientContextBody,
}

impl AddLargeGalleryView {
    /// Asks for it in this call.
    pub fn new(call_id: CallId, body: ClientContextBody) -> Self {
        Self { call_id, body }
    }
}

impl ApiRequest for AddLargeGalleryView {
    type Output = Option<CommsOperation<'static>>;
    const NAME: &'static str = "call-addlargegalleryview";
    // Nothing tells that the service would not add another view.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        with_json(
            Self::NAME,
            Method::POST,
            format_args!("/communications/calls/{}/addLargeGalleryView", Segment(self.call_id.as_str())),
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
