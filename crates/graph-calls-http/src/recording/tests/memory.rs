//! Over a transport in memory, where time is paused and every byte can be the last.

use std::{
    fmt::Write as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use graph_calls_core::{BodyLost, BoxError, Certainty, TransportError, TransportErrorKind};
use http::{Request, Response};
use tokio::time::{Instant, sleep, timeout};
use tower::{service_fn, util::BoxCloneSyncService};

use super::*;
use crate::{
    DownloadSettings,
    body::{Chunks, Unread},
};

pub(super) type Answer = Result<Response<Bytes>, BoxError>;

/// A connection whose transport answers so: it gets the number of each request.
pub(super) fn memory(
    answer: impl Fn(usize, &Request<Bytes>) -> Answer + Send + Sync + 'static,
) -> Connection {
    let shared = Arc::new((answer, AtomicUsize::new(0)));
    let transport = BoxCloneSyncService::new(service_fn(move |request: Request<Bytes>| {
        let answer = (shared.0)(shared.1.fetch_add(1, Ordering::SeqCst), &request);
        std::future::ready(answer)
    }));
    over(transport, Cloud::global())
}

pub(super) fn recording() -> Recording {
    Recording::new("https://contoso.example/s3cret-place", TOKEN).unwrap()
}

pub(super) fn status(status: u16, headers: &[(&'static str, &str)]) -> Response<Bytes> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Bytes::new()).unwrap()
}

/// The file from where the request wants it, in chunks of 1,000 bytes; the first answer is cut off at `cut`.
fn cut_at(cut: usize, request: &Request<Bytes>, file: &Bytes) -> Response<Bytes> {
    let total = file.len();
    let from = request.headers().get("range").map(|range| range.to_str().unwrap().to_owned());
    let (mut response, body) = match from {
        None => {
            let head = status(200, &[("content-length", &total.to_string()), ("etag", ETAG)]);
            (head, file.slice(..cut))
        }
        Some(from) => {
            let from: usize =
                from.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse().unwrap();
            let range = format!("bytes {from}-{}/{total}", total - 1);
            (status(206, &[("content-range", &range), ("etag", ETAG)]), file.slice(from..))
        }
    };
    let mut chunks: Vec<Result<Bytes, BoxError>> =
        (0..body.len()).step_by(1_000).map(|at| Ok(body.slice(at..body.len().min(at + 1_000)))).collect();
    if body.len() == cut && cut < total {
        chunks.push(Err("reset".into()));
    }
    Chunks::new(stream::iter(chunks)).leave(response.extensions_mut());
    response
}

#[tokio::test(start_paused = true)]
async fn a_cut_at_any_byte_of_a_recording_changes_none_of_it() {
    let whole = Bytes::from(file(10_000));
    for cut in 0..=10_000 {
        let served = whole.clone();
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let connection = memory(move |number, request| {
            counted.store(number + 1, Ordering::SeqCst);
            // A cut before the first byte leaves nothing to resume: the second request is like the first.
            Ok(cut_at(if number > 0 && cut == 0 { 10_000 } else { cut }, request, &served))
        });
        let mut download = connection.download(&recording()).await.unwrap();
        assert_eq!(all(&mut download).await.unwrap(), whole, "cut at {cut}");
        assert_eq!(requests.load(Ordering::SeqCst), if cut == 10_000 { 1 } else { 2 }, "cut at {cut}");
    }
    println!("recordings cut at each of 10,001 places and resumed: 0 bytes differ");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_has_no_time_is_asked_again_when_it_said() {
    let began = Instant::now();
    for (answered, header, least) in [
        (429, Some("3"), 3_000),
        (503, Some("2.128"), 2_128),
        (503, None, 200),
        (500, None, 200),
        (408, None, 200),
    ] {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let times = Arc::clone(&asked);
        let connection = memory(move |number, request| {
            times.lock().unwrap().push(Instant::now());
            let unread = request.extensions().get::<Unread>().unwrap();
            assert_eq!(unread.fresh_connection, number > 0);
            assert!(request.headers()["authorization"].is_sensitive());
            match number {
                0 => Ok(status(answered, &header.map_or([("x", "y")], |value| [("retry-after", value)]))),
                _ => Ok(cut_at(10, request, &Bytes::from(file(10)))),
            }
        });
        let mut download = connection.download(&recording()).await.unwrap();
        assert_eq!(all(&mut download).await.unwrap(), file(10));
        let asked = asked.lock().unwrap();
        let waited = asked[1] - asked[0];
        assert_eq!(waited.as_millis(), least, "{answered} {header:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn who_wants_no_time_out_has_none() {
    let settings = DownloadSettings::new()
        .with_head_timeout(Duration::MAX)
        .with_idle_timeout(Duration::MAX)
        .with_total_timeout(Duration::MAX)
        .with_max_bytes(u64::MAX);
    let connection = memory(|_, request| Ok(cut_at(10, request, &Bytes::from(file(10)))));
    let mut download = connection.download(&recording()).with_settings(&settings).await.unwrap();
    assert_eq!(all(&mut download).await.unwrap(), file(10));
}

#[tokio::test(start_paused = true)]
async fn a_wait_past_the_deadline_fails_at_once_and_says_how_long() {
    let connection = memory(|_, _| Ok(status(503, &[("retry-after", "301")])));
    let began = Instant::now();
    let error = connection.download(&recording()).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::Status, "asked again in 301 s");
    assert_eq!((error.retry_after(), began.elapsed()), (Some(Duration::from_secs(301)), Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn what_keeps_failing_is_given_up_after_five_repeats() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let connection = memory(move |number, _| {
        counted.store(number + 1, Ordering::SeqCst);
        Err(TransportError::new(TransportErrorKind::Connect, Certainty::Unsent, "refused").into())
    });
    let began = Instant::now();
    let error = connection.download(&recording()).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::Connection, "no answer");
    assert_eq!(asked.load(Ordering::SeqCst), 6);
    assert_eq!(began.elapsed().as_millis(), 200 + 400 + 800 + 1_600 + 3_200);

    let connection = memory(move |number, _| {
        assert_eq!(number, 0, "what cannot be requested is not repeated");
        Err(TransportError::new(TransportErrorKind::Request, Certainty::Unsent, "no").into())
    });
    let error = connection.download(&recording()).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::Connection, "cannot be requested");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_keeps_breaking_off_is_given_up_too() {
    let whole = Bytes::from(file(100));
    let connection = memory(move |_, request| {
        let from = request.headers().get("range").is_some();
        let mut response = if from {
            let from = request.headers()["range"].to_str().unwrap();
            let from: usize =
                from.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse().unwrap();
            status(206, &[("content-range", &format!("bytes {from}-99/100")), ("etag", ETAG)])
        } else {
            status(200, &[("content-length", "100"), ("etag", ETAG)])
        };
        let chunks = [Ok(whole.slice(..1)), Err("reset".into())];
        Chunks::new(stream::iter(chunks)).leave(response.extensions_mut());
        Ok(response)
    });
    let mut download = connection.download(&recording()).await.unwrap();
    let error = all(&mut download).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::Connection, "it broke off; 6 of 100 bytes had come");
}

#[tokio::test(start_paused = true)]
async fn silence_is_bounded_by_head_idle_and_total_time() {
    let settings = DownloadSettings::new().with_repeats(1).with_head_timeout(Duration::from_secs(7));
    let silent = BoxCloneSyncService::new(service_fn(|_: Request<Bytes>| std::future::pending::<Answer>()));
    let began = Instant::now();
    let error =
        over(silent, Cloud::global()).download(&recording()).with_settings(&settings).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::Connection, "no answer in time");
    assert_eq!(began.elapsed().as_millis(), 7_000 + 200 + 7_000);

    let stuck = || {
        memory(|number, _| {
            let mut response = match number {
                0 => status(200, &[("content-length", "9"), ("etag", ETAG)]),
                _ => status(206, &[("content-range", "bytes 2-8/9"), ("etag", ETAG)]),
            };
            let some = stream::iter((number == 0).then(|| Ok(Bytes::from_static(b"ab"))));
            Chunks::new(some.chain(stream::pending())).leave(response.extensions_mut());
            Ok(response)
        })
    };
    let began = Instant::now();
    let mut download = stuck().download(&recording()).with_settings(&settings).await.unwrap();
    let error = all(&mut download).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::Connection, "nothing more came in time; 2 of 9 bytes");
    assert_eq!(began.elapsed().as_millis(), 10_000 + 10_000);

    let settings = settings.with_total_timeout(Duration::from_secs(12));
    let began = Instant::now();
    let mut download = stuck().download(&recording()).with_settings(&settings).await.unwrap();
    let error = all(&mut download).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::Deadline, "2 of 9 bytes");
    assert_eq!(began.elapsed().as_millis(), 12_000);
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_is_not_waited_for_is_not_lost() {
    let whole = Bytes::from(file(50));
    let served = whole.clone();
    let connection = memory(move |number, request| {
        let mut response = cut_at(50, request, &served);
        let from = if number == 0 { 0 } else { 20 };
        let body = served.slice(from..);
        let slow = stream::unfold(0, move |at| {
            let body = body.clone();
            async move {
                sleep(Duration::from_millis(30)).await;
                match number {
                    0 if at == 20 => Some((Err("reset".into()), at)),
                    _ if at == body.len() => None,
                    _ => Some((Ok(body.slice(at..=at)), at + 1)),
                }
            }
        });
        Chunks::new(slow).leave(response.extensions_mut());
        Ok(response)
    });
    let mut download = connection.download(&recording()).await.unwrap();
    let (mut got, mut dropped) = (Vec::new(), 0);
    loop {
        match timeout(Duration::from_millis(20), download.chunk()).await {
            Ok(Ok(Some(chunk))) => got.extend_from_slice(&chunk),
            Ok(Ok(None)) => break,
            Ok(Err(error)) => panic!("{error}"),
            Err(_) => dropped += 1,
        }
    }
    assert_eq!((got, dropped > 40), (whole.to_vec(), true));
}

#[tokio::test(start_paused = true)]
async fn a_transport_of_ones_own_gives_it_in_one_piece_or_loses_it() {
    let connection = memory(|number, _| {
        let mut response = Response::new(Bytes::from(file(30)));
        if number == 0 {
            response.extensions_mut().insert(BodyLost("it broke".to_owned()));
        }
        Ok(response)
    });
    let mut download = connection.download(&recording()).await.unwrap();
    assert_eq!(download.chunk().await.unwrap().unwrap(), file(30));
    assert!(download.chunk().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_clean_end_before_the_last_byte_is_none() {
    let connection = memory(|number, request| {
        let mut response = cut_at(30, request, &Bytes::from(file(30)));
        if number == 0 {
            Chunks::whole(Bytes::from(file(20))).leave(response.extensions_mut());
        }
        Ok(response)
    });
    let mut download = connection.download(&recording()).await.unwrap();
    assert_eq!(all(&mut download).await.unwrap(), file(30));
}

#[tokio::test(start_paused = true)]
async fn more_than_was_told_is_no_recording() {
    let connection = memory(|_, request| {
        let mut response = cut_at(10, request, &Bytes::from(file(10)));
        Chunks::whole(Bytes::from(file(11))).leave(response.extensions_mut());
        Ok(response)
    });
    let error = all(&mut connection.download(&recording()).await.unwrap()).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::Answer, "more came than was told");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_says_how_much_was() {
    let connection = memory(|_, request| Ok(cut_at(3_000, request, &Bytes::from(file(3_000)))));
    let mut room = [0_u8; 1_200];
    let mut download = connection.download(&recording()).await.unwrap();
    let error = download.write_to(&mut std::io::Cursor::new(&mut room[..])).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::Write, "1200 of 3000 bytes");
    assert_eq!(room[..], file(3_000)[..1_200]);
}

#[tokio::test]
async fn neither_location_nor_token_is_told_to_a_log() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let server = serve(|number, head| match number {
        0 => ranged(head, &file(100))[..150].to_vec(),
        _ => ranged(head, &file(100)),
    })
    .await;
    let mut download = to(&server).download(&at(&server)).await.unwrap();
    assert_eq!(all(&mut download).await.unwrap(), file(100));
    let debug = format!("{download:?} {:?} {:?}", at(&server), to(&server).download(&at(&server)));
    let log = log.0.lock().unwrap().clone() + &debug;
    assert!(log.contains("the recording is asked for again"), "{log}");
    for secret in ["s3cret-place", TOKEN, GRAPH_TOKEN] {
        assert!(!log.contains(secret), "{log}");
    }
}

/// Keeps all that is logged, at any level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl tracing::field::Visit for Log {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0.lock().unwrap(), "{field}={value:?} ");
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}
