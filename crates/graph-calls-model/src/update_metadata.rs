//! The metadata of a call, which bots could change until 2021.

use serde::Serialize;

use crate::{ClientContext, Text, client_context::takes_client_context};

/// The body that changes the bot's metadata in a call. Removed in 2021. Beta.
///
/// Graph reference:
/// [`call-updatemetadata`](https://learn.microsoft.com/graph/api/call-updatemetadata?view=graph-rest-beta).
///
/// ```
/// use graph_calls_model::UpdateMetadataBody;
///
/// let body = UpdateMetadataBody::new("{\"note\":1}");
/// assert_eq!(serde_json::to_value(body)?["metadata"], "{\"note\":1}");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateMetadataBody {
    metadata: Text<'static>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_context: Option<ClientContext>,
}

takes_client_context!(UpdateMetadataBody);

impl UpdateMetadataBody {
    /// Changes it to this.
    pub fn new(metadata: impl Into<String>) -> Self {
        Self { metadata: Text::from(metadata.into()), client_context: None }
    }
}
