//! A connection that can be cut at a chosen place: it is reset, or closed in the middle of an answer.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::Notify,
};

use crate::server::Reply;

/// The length that an empty body is announced with when it is cut.
const PROMISED: u64 = 2;

/// Where a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Plan {
    /// Nowhere.
    #[default]
    Open,
    /// At once, with a reset.
    Reset,
    /// Inside the head that is written next.
    InHead,
    /// After so many more bytes.
    After(usize),
    /// When what is written next is sent.
    NextSent,
    /// When all that was written is sent.
    AllSent,
    /// Here.
    Closed,
}

/// What a request's handler holds of the connection that the request came on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(Arc<Ends>);

#[derive(Debug, Default)]
struct Ends {
    plan: Mutex<Plan>,
    changed: Notify,
}

impl Line {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, plan: Plan) {
        let mut now = self.plan();
        // Streams of one HTTP/2 connection may have plans for it at the same time: an end stands.
        if *now != plan && !matches!(*now, Plan::Reset | Plan::Closed) {
            *now = plan;
            // Whoever drives the connection may sleep, and the plan is carried out where it writes.
            self.0.changed.notify_one();
        }
    }

    /// Resets the connection. What drives it drops the caller with it.
    pub(crate) async fn reset(&self) -> Infallible {
        self.set(Plan::Reset);
        std::future::pending().await
    }

    /// Closes the connection in the middle of the head that is written next.
    pub(crate) fn close_in_head(&self) {
        self.set(Plan::InHead);
    }

    /// Waits until the connection has to be driven once more; whether it is to be dropped instead.
    pub(crate) async fn changed(&self) -> bool {
        self.0.changed.notified().await;
        *self.plan() == Plan::Reset
    }
}

/// The server's side of a connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    line: Line,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, line: Line) -> Self {
        Self { stream, line }
    }
}

/// Ends the connection here. It is closed and not reset, so that the client gets all that was sent: a reset may
/// overtake it.
fn close<T>(plan: &mut Plan) -> Poll<io::Result<T>> {
    *plan = Plan::Closed;
    Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut by a fault")))
}

impl Drop for Wire {
    fn drop(&mut self) {
        if *self.line.plan() == Plan::Reset {
            // Fails only where the connection is gone already.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

// It has no vectored writes of its own, so that a head always comes in one piece.
impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { stream, line } = self.get_mut();
        let mut plan = line.plan();
        if *plan == Plan::InHead
            && let Some(half) = half_of_head(bytes)
        {
            *plan = Plan::After(half);
        }
        let part = match *plan {
            Plan::Closed => return close(&mut plan),
            Plan::After(left) => bytes.get(..left).unwrap_or(bytes),
            Plan::Open | Plan::Reset | Plan::InHead | Plan::NextSent | Plan::AllSent => bytes,
        };
        let written = ready!(Pin::new(stream).poll_write(cx, part))?;
        match *plan {
            Plan::After(left) if written >= left => return close(&mut plan),
            Plan::After(left) => *plan = Plan::After(left - written),
            // The rest would begin in the middle of a frame, and no head would be found any more.
            Plan::InHead if written < bytes.len() => return close(&mut plan),
            Plan::NextSent => *plan = Plan::AllSent,
            Plan::Open | Plan::Reset | Plan::InHead | Plan::AllSent | Plan::Closed => {}
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, line } = self.get_mut();
        let mut plan = line.plan();
        if *plan == Plan::AllSent {
            return close(&mut plan);
        }
        Pin::new(stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// How many bytes there are up to the middle of the head, if these have one.
fn half_of_head(bytes: &[u8]) -> Option<usize> {
    const HEADERS: u8 = 1;
    if bytes.starts_with(b"HTTP/1") {
        let blank = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        return Some(blank.map_or(bytes.len(), |at| at + 4).div_ceil(2));
    }
    // Frames of HTTP/2: their length in three bytes, their kind, five more bytes, and what they carry.
    let (mut at, mut rest) = (0, bytes);
    while let Some(([high, middle, low, kind, ..], _)) = rest.split_first_chunk::<9>() {
        let length = 9 + u32::from_be_bytes([0, *high, *middle, *low]) as usize;
        if *kind == HEADERS {
            return Some(at + length.div_ceil(2));
        }
        at += length;
        rest = rest.get(length..)?;
    }
    None
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Payload {
    Whole(Full<Bytes>),
    /// A part of a body; the connection ends after it.
    Half {
        part: Bytes,
        announced: u64,
        line: Line,
    },
}

/// The whole answer.
pub(crate) fn whole(reply: Reply) -> Response<Payload> {
    reply.map(|body| Payload::Whole(Full::new(body)))
}

/// An answer whose connection closes in the middle of its body.
pub(crate) fn half(reply: Reply, method: &Method, line: &Line) -> Response<Payload> {
    let bodiless = matches!(reply.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if bodiless || *method == Method::HEAD {
        line.set(Plan::NextSent);
        return whole(reply);
    }
    reply.map(|mut body| {
        let announced = if body.is_empty() { PROMISED } else { body.len() as u64 };
        Payload::Half { part: body.split_to(body.len() / 2), announced, line: line.clone() }
    })
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Payload::Whole(body) => Pin::new(body).poll_frame(cx),
            Payload::Half { part, .. } if !part.is_empty() => {
                Poll::Ready(Some(Ok(Frame::data(std::mem::take(part)))))
            }
            Payload::Half { line, .. } => {
                line.set(Plan::AllSent);
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Payload::Whole(body) => body.is_end_stream(),
            Payload::Half { .. } => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Payload::Whole(body) => body.size_hint(),
            Payload::Half { announced, .. } => SizeHint::with_exact(*announced),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_head_is_found_among_lines_and_among_frames() {
        assert_eq!(half_of_head(b"HTTP/1.1 200 OK\r\n\r\nbody and more body"), Some(10));
        assert_eq!(half_of_head(b"HTTP/1.1 200"), Some(6));
        let frame = |kind: u8, length: u8| {
            [&[0, 0, length, kind, 0, 0, 0, 0, 1], &vec![b'x'; length.into()][..]].concat()
        };
        let (data, headers, settings) = (frame(0, 40), frame(1, 11), frame(4, 0));
        assert_eq!(half_of_head(&headers), Some(10));
        assert_eq!(half_of_head(&[&settings[..], &data, &headers, &data].concat()), Some(9 + 49 + 10));
        for headless in [&[][..], &settings, &data, &data[..12], &headers[..8]] {
            assert_eq!(half_of_head(headless), None, "{headless:?}");
        }
    }

    #[test]
    fn a_reset_stands_whatever_is_planned_after_it() {
        let line = Line::default();
        line.set(Plan::Reset);
        line.close_in_head();
        assert_eq!(*line.plan(), Plan::Reset);
    }
}
