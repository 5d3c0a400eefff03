//! What is interrupted anywhere, runs out of time or changes meanwhile: over a transport in memory.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use graph_calls_core::BoxError;
use http::{Request, Response};
use tokio::{
    io::AsyncWrite,
    time::{Instant, sleep},
};

use super::{
    memory::{memory, recording, status},
    *,
};
use crate::{DownloadSettings, body::Chunks};

/// An answer whose body is these chunks.
fn with(
    mut response: Response<Bytes>,
    chunks: impl stream::Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
) -> Response<Bytes> {
    Chunks::new(chunks).leave(response.extensions_mut());
    response
}

fn from(request: &Request<Bytes>) -> usize {
    let range = request.headers().get("range").map(|range| range.to_str().unwrap());
    range.map_or(0, |range| range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse().unwrap())
}

/// Takes seven bytes at most, and every other time none yet.
#[derive(Default)]
struct Hesitant {
    taken: Vec<u8>,
    ready: bool,
}

impl AsyncWrite for Hesitant {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.ready = !self.ready;
        if !self.ready {
            return Poll::Pending;
        }
        let count = bytes.len().min(7);
        self.taken.extend_from_slice(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn writing_that_is_dropped_anywhere_loses_nothing() {
    let whole = Bytes::from(file(500));
    let mut dropped = 0;
    for cut in 0..=500 {
        let served = whole.clone();
        let connection = memory(move |number, request| {
            let from = from(request);
            let response = match from {
                0 => status(200, &[("content-length", "500"), ("etag", ETAG)]),
                _ => status(206, &[("content-range", &format!("bytes {from}-499/500")), ("etag", ETAG)]),
            };
            let body = served.slice(from..if number == 0 { cut } else { 500 });
            let chunks: Vec<_> =
                (0..body.len()).step_by(100).map(|at| body.slice(at..body.len().min(at + 100))).collect();
            let slow = stream::iter(chunks).then(|chunk| async move {
                tokio::task::yield_now().await;
                Ok(chunk)
            });
            Ok(with(response, slow))
        });
        let mut download = connection.download(&recording()).await.unwrap();
        let mut writer = Hesitant::default();
        while download.write_to(&mut writer).now_or_never().map(Result::unwrap).is_none() {
            assert_eq!(download.received(), u64::try_from(writer.taken.len()).unwrap());
            dropped += 1;
            // Where it waits, time goes on.
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(writer.taken, whole, "cut at {cut}");
    }
    println!("C5 (download): writing dropped at {dropped} places of 501 recordings: 0 bytes differ");
    assert!(dropped > 30_000);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_written_comes_as_the_next_chunk() {
    let connection = memory(|_, _| {
        let response = status(200, &[("content-length", "20"), ("etag", ETAG)]);
        Ok(with(response, stream::iter([Ok(Bytes::from(file(20)))])))
    });
    let mut download = connection.download(&recording()).await.unwrap();
    let mut writer = Hesitant::default();
    assert!(download.write_to(&mut writer).now_or_never().is_none());
    assert_eq!((&*writer.taken, download.received()), (&file(20)[..7], 7));
    assert_eq!(download.chunk().await.unwrap().unwrap(), file(20)[7..]);
    assert_eq!(download.received(), 20);
    assert!(download.chunk().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_length_alone_or_a_weak_etag_is_nothing_to_resume_by() {
    for headers in [&[("content-length", "20")][..], &[("content-length", "20"), ("etag", "W/\"1\"")]] {
        let connection = memory(move |number, _| {
            assert_eq!(number, 0, "{headers:?}: what comes now may be another recording");
            let chunks = [Ok(Bytes::from(file(10))), Err("reset".into())];
            Ok(with(status(200, headers), stream::iter(chunks)))
        });
        let error = all(&mut connection.download(&recording()).await.unwrap()).await.unwrap_err();
        assert_fails(&error, DownloadErrorKind::NotResumable, "nothing was told to recognise it by");
        assert_eq!((error.received(), error.total()), (10, Some(20)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_that_does_not_repeat_the_etag_is_not_gone_on_with() {
    let connection = memory(|number, _| {
        let response = match number {
            0 => status(200, &[("content-length", "20"), ("etag", ETAG)]),
            _ => status(206, &[("content-range", "bytes 10-19/20")]),
        };
        let end = if number == 0 { Err("reset".into()) } else { Ok(Bytes::new()) };
        Ok(with(response, stream::iter([Ok(Bytes::from(file(10))), end])))
    });
    let error = all(&mut connection.download(&recording()).await.unwrap()).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::NotResumable, "without the ETag");
    assert_eq!(error.received(), 10);
}

#[tokio::test(start_paused = true)]
async fn what_is_recognised_by_its_date_is_resumed() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let connection = memory(move |number, request| {
        let response = if number == 0 {
            status(200, &[("content-length", "20"), ("last-modified", date)])
        } else {
            assert_eq!(request.headers()["if-range"], date);
            status(206, &[("content-range", "bytes 10-19/20")])
        };
        let body = if number == 0 { &file(20)[..10] } else { &file(20)[10..] };
        let end = if number == 0 { Err("reset".into()) } else { Ok(Bytes::new()) };
        Ok(with(response, stream::iter([Ok(Bytes::copy_from_slice(body)), end])))
    });
    assert_eq!(all(&mut connection.download(&recording()).await.unwrap()).await.unwrap(), file(20));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_while_chunks_are_ready() {
    let connection = memory(|_, _| {
        let head = status(200, &[("transfer-encoding", "chunked"), ("etag", ETAG)]);
        Ok(with(head, stream::repeat_with(|| Ok(Bytes::from_static(b"ab")))))
    });
    let settings = DownloadSettings::new().with_total_timeout(Duration::from_secs(3));
    let mut download = connection.download(&recording()).with_settings(&settings).await.unwrap();
    let mut chunks = 0;
    let error = loop {
        match download.chunk().await {
            Ok(chunk) => assert!(chunk.is_some() && chunks < 10, "{chunks} s"),
            Err(error) => break error,
        }
        chunks += 1;
        sleep(Duration::from_secs(1)).await;
    };
    assert_fails(&error, DownloadErrorKind::Deadline, "the time was up");
    assert_eq!((chunks, error.received()), (3, 6));
}

#[tokio::test(start_paused = true)]
async fn chunks_of_nothing_are_silence_and_let_others_run() {
    let connection = memory(|number, _| {
        let head = status(200, &[("content-length", "2"), ("etag", ETAG)]);
        let nothing = stream::iter(0..100).then(|_| async {
            sleep(Duration::from_secs(1)).await;
            Ok(Bytes::new())
        });
        let something = stream::iter([Ok(Bytes::from_static(b"ab"))]);
        Ok(if number == 0 { with(head, nothing) } else { with(head, something) })
    });
    let began = Instant::now();
    let mut download = connection.download(&recording()).await.unwrap();
    assert_eq!(all(&mut download).await.unwrap(), b"ab");
    assert_eq!(began.elapsed().as_millis(), 10_000 + 200);

    let connection = memory(|_, _| {
        let head = status(200, &[("content-length", "2"), ("etag", ETAG)]);
        let nothing = stream::repeat_with(|| Ok(Bytes::new())).take(1_000);
        Ok(with(head, nothing.chain(stream::iter([Ok(Bytes::from_static(b"ab"))]))))
    });
    let mut download = connection.download(&recording()).await.unwrap();
    let ran = Arc::new(AtomicBool::new(false));
    let runs = Arc::clone(&ran);
    tokio::spawn(async move { runs.store(true, Ordering::SeqCst) });
    assert_eq!(download.chunk().await.unwrap().unwrap(), b"ab"[..]);
    assert!(ran.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_changes_before_its_first_byte_is_taken_as_it_is_now() {
    let mut download = changing().download(&recording()).await.unwrap();
    assert_eq!(all(&mut download).await.unwrap(), file(30));
    assert_eq!(
        (download.content_length(), download.validator().unwrap().as_bytes()),
        (Some(30), &b"\"e-2\""[..])
    );

    let same = http::HeaderValue::from_static(ETAG);
    let mut download = changing().download(&recording()).if_unchanged(same).await.unwrap();
    let error = all(&mut download).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::NotResumable, "another ETag");
}

/// Breaks off before the first byte, and has another recording the second time.
fn changing() -> Connection {
    memory(|number, _| {
        let (etag, length) = if number == 0 { (ETAG, 20) } else { ("\"e-2\"", 30) };
        let head = status(200, &[("content-length", &length.to_string()), ("etag", etag)]);
        let only = if number == 0 { Err("reset".into()) } else { Ok(Bytes::from(file(length))) };
        Ok(with(head, stream::iter([only])))
    })
}
