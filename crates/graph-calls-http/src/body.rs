//! Reading a body that may be too long, too slow or cut off.

use bytes::{Bytes, BytesMut};
use graph_calls_core::BodyLost;
use http::StatusCode;
use tokio::time::{Instant, timeout_at};

use crate::{ResponseLimits, failure::innermost};

/// An upper bound for the body of one request's response, in its extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimit(pub(crate) usize);

/// A body as far as it goes.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    pub(crate) lost: Option<BodyLost>,
}

impl Body {
    pub(crate) fn none() -> Self {
        Self { bytes: Bytes::new(), lost: None }
    }

    fn lost(reason: String) -> Self {
        Self { bytes: Bytes::new(), lost: Some(BodyLost(reason)) }
    }
}

/// Reads what the status makes worth reading.
pub(crate) async fn read(response: &mut reqwest::Response, limits: ResponseLimits, ends: Instant) -> Body {
    let status = response.status();
    if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
        return Body::none();
    }
    let limit = if status.is_success() { limits.body } else { limits.error_body };
    let mut bytes = BytesMut::new();
    let read = match timeout_at(ends, collect(response, limit, &mut bytes)).await {
        Ok(read) => read,
        Err(_) => Err("it did not come in time".to_owned()),
    };
    match read {
        Err(reason) if status.is_success() => Body::lost(reason),
        // What is left of an error is for its reader; the status has said what counts.
        _ => Body { bytes: bytes.freeze(), lost: None },
    }
}

async fn collect(response: &mut reqwest::Response, limit: usize, into: &mut BytesMut) -> Result<(), String> {
    while let Some(chunk) = response.chunk().await.map_err(|error| innermost(&error.without_url()))? {
        let room = limit.saturating_sub(into.len());
        into.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if chunk.len() > room {
            return Err(format!("it is longer than {limit} bytes"));
        }
    }
    Ok(())
}
