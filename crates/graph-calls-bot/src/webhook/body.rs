//! A body, read whole but not for ever.

use std::{pin::pin, time::Duration};

use bytes::{Buf as _, Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt as _;

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    TooLarge,
    TooSlow,
    /// Its sender broke off.
    Broken,
}

pub(super) async fn read<B: Body>(body: B, limit: usize, time: Duration) -> Result<Bytes, BodyError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLarge);
    }
    tokio::time::timeout(time, collect(body, limit)).await.unwrap_or(Err(BodyError::TooSlow))
}

async fn collect<B: Body>(body: B, limit: usize) -> Result<Bytes, BodyError> {
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        let size = data.remaining();
        if first.len() + rest.len() + size > limit {
            return Err(BodyError::TooLarge);
        }
        // Nearly every notification is one frame: it is not copied.
        if first.is_empty() && rest.is_empty() {
            first = data.copy_to_bytes(size);
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            while data.has_remaining() {
                let chunk = data.chunk();
                let taken = chunk.len();
                rest.extend_from_slice(chunk);
                data.advance(taken);
            }
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}
