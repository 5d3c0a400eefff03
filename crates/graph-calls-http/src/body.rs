//! Reading a body that may be too long, too slow or cut off.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _, stream};
use graph_calls_core::{BodyLost, BoxError};
use http::{Extensions, HeaderMap, StatusCode, header::CONTENT_TYPE};
use tokio::time::{Instant, timeout_at};

use crate::{
    ResponseLimits,
    failure::{self, innermost},
};

/// An upper bound for the body of one request's response, in its extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimit(pub(crate) usize);

/// Asks, in a request's extensions, for a response whose body is left to be read: as [`Chunks`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unread {
    pub(crate) fresh_connection: bool,
}

/// A body that is yet to be read, chunk by chunk. It travels in a response's extensions, so that it passes through
/// whatever a user put around the transport.
pub(crate) struct Chunks(Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>);

/// Extensions are cloned; a body is not, and goes to whoever takes it first.
#[derive(Clone)]
struct Left(Arc<Mutex<Option<Chunks>>>);

impl Chunks {
    pub(crate) fn new(chunks: impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static) -> Self {
        Self(Box::pin(chunks.fuse()))
    }

    pub(crate) fn of(response: reqwest::Response) -> Self {
        Self::new(stream::unfold(response, |mut response| async move {
            let chunk = response.chunk().await.transpose()?;
            Some((chunk.map_err(|error| failure::of(error).into()), response))
        }))
    }

    pub(crate) fn whole(body: Bytes) -> Self {
        Self::new(stream::iter([Ok(body)]))
    }

    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, BoxError>> {
        self.0.next().await
    }

    pub(crate) fn leave(self, extensions: &mut Extensions) {
        extensions.insert(Left(Arc::new(Mutex::new(Some(self)))));
    }

    pub(crate) fn take(extensions: &mut Extensions) -> Option<Self> {
        extensions.remove::<Left>()?.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

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
    if status == StatusCode::NO_CONTENT || status == StatusCode::ACCEPTED && !is_json(response.headers()) {
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

/// Whether the head promises JSON: some actions tell of their operation with a 202, most have nothing to say.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(media_type)) = headers.get(CONTENT_TYPE).map(http::HeaderValue::to_str) else { return false };
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.starts_with("application/") && essence.ends_with("+json")
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
