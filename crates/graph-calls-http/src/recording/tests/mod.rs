//! Downloads over sockets and, where time or every single byte matters, over a transport in memory.

mod interrupted;
mod memory;
mod places;
mod sockets;

use std::{error::Error, fmt::Write as _, sync::Arc};

use graph_calls_core::{Cloud, FixedToken, Transport, model::CommsOperation};

use super::{DownloadError, DownloadErrorKind, Recording, RecordingDownload};
use crate::{
    Connection, HttpTransport,
    loopback::{Loopback, header, read_head},
};

const TOKEN: &str = "its-0wn-t0ken";
const GRAPH_TOKEN: &str = "the-t0ken-for-graph";
const ETAG: &str = "\"e-1\"";

/// No two neighbours of it are alike, and it repeats itself only every 251 bytes.
fn file(length: usize) -> Vec<u8> {
    (0..length).map(|place| u8::try_from(place * 31 % 251).unwrap()).collect()
}

fn head(status: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    [head(status, headers), body.to_vec()].concat()
}

/// What a server that knows parts answers.
fn ranged(request: &str, file: &[u8]) -> Vec<u8> {
    let from = header(request, "range")
        .map(|range| range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap());
    let Some(from) = from.filter(|_| header(request, "if-range").is_none_or(|etag| etag == ETAG)) else {
        return answer("200 OK", &[("Content-Length", &file.len().to_string()), ("ETag", ETAG)], file);
    };
    let from: usize = from.parse().unwrap();
    if from >= file.len() {
        let range = format!("bytes */{}", file.len());
        return answer(
            "416 Range Not Satisfiable",
            &[("Content-Range", &range), ("Content-Length", "0")],
            b"",
        );
    }
    let range = format!("bytes {from}-{}/{}", file.len() - 1, file.len());
    let length = (file.len() - from).to_string();
    let headers = [("Content-Range", &*range), ("Content-Length", &length), ("ETag", ETAG)];
    answer("206 Partial Content", &headers, &file[from..])
}

/// Answers each request on a connection of its own, which ends there; `reply` gets its number and its head.
async fn serve(reply: impl Fn(usize, &str) -> Vec<u8> + Send + Sync + 'static) -> Loopback {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::AsyncWriteExt as _;
    let shared = Arc::new((reply, AtomicUsize::new(0)));
    Loopback::start(move |mut stream| {
        let shared = Arc::clone(&shared);
        async move {
            let head = String::from_utf8(read_head(&mut stream).await).unwrap();
            if !head.is_empty() {
                let answer = (shared.0)(shared.1.fetch_add(1, Ordering::SeqCst), &head);
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        }
    })
    .await
}

fn over(transport: Transport, cloud: Cloud) -> Connection {
    Connection::new(cloud, transport, Arc::new(FixedToken::new(GRAPH_TOKEN).unwrap()))
}

fn to(server: &Loopback) -> Connection {
    over(HttpTransport::emulator().unwrap().into_transport(), Cloud::emulator(&server.url()).unwrap())
}

fn at(server: &Loopback) -> Recording {
    Recording::new(&format!("{}/s3cret-place", server.url()), TOKEN).unwrap()
}

async fn all(download: &mut RecordingDownload) -> Result<Vec<u8>, DownloadError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = download.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// An error with its whole chain, in both forms; it must name neither the location nor a token.
fn words(error: &DownloadError) -> String {
    let mut words = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(words, " {error} {error:?}");
        source = error.source();
    }
    for secret in ["s3cret-place", TOKEN, GRAPH_TOKEN] {
        assert!(!words.contains(secret), "{words}");
    }
    words
}

fn assert_fails(error: &DownloadError, kind: DownloadErrorKind, said: &str) {
    let words = words(error);
    assert_eq!(error.kind(), kind, "{words}");
    assert!(words.contains(said), "{words}");
}

#[test]
fn a_fingerprint_is_of_the_place_and_not_of_the_token() {
    let at = |place: &str, token| Recording::new(place, token).unwrap().fingerprint();
    assert_eq!(at("https://contoso.example/a", TOKEN), "esTKDokjTzem5P8e_B6ZLwOJaY7ovSErUg-_ZE6jmYM");
    assert_eq!(at("https://contoso.example/a", TOKEN), at("https://contoso.example/a", "another"));
    assert_ne!(at("https://contoso.example/a", TOKEN), at("https://contoso.example/b", TOKEN));
}

#[test]
fn only_a_finished_recording_is_one() {
    let with = |rest: &str| format!(r##"{{"@odata.type": "#microsoft.graph.recordOperation"{rest}}}"##);
    let place = r#", "recordingLocation": "https://s3cret-place.example/""#;
    let done = r#", "status": "completed""#;
    let token = format!(r#", "recordingAccessToken": "{TOKEN}""#);
    let of = |text: &str| {
        let operation: CommsOperation<'_> = serde_json::from_str(text).unwrap();
        Recording::of(&operation)
    };
    let recording = of(&with(&format!("{done}{place}{token}"))).unwrap();
    assert_eq!(format!("{recording:?}"), "Recording([redacted])");
    assert_eq!(recording.host().as_deref(), Some("s3cret-place.example"));
    assert!(
        of(&format!(r#"{{"status": "completed"{place}{token}}}"#)).is_ok(),
        "a body may leave out its type"
    );
    let legacy = r#", "status": "completed", "recordResourceLocation": "https://l.example/", "recordResourceAccessToken": "t""#;
    assert!(of(&with(legacy)).is_ok());
    for (rest, said) in [
        (format!("{place}{token}"), "not completed yet"),
        (format!(r#", "status": "running"{place}{token}"#), "not completed yet"),
        (format!(r#", "status": "failed"{place}{token}"#), "the operation failed"),
        (
            r#", "status": "failed", "resultInfo": {"code": 400, "subcode": 8508}"#.to_owned(),
            "failed with 400/8508",
        ),
        (format!("{done}{token}"), "no location"),
        (format!(r#"{done}{token}, "recordingLocation": """#), "no location"),
        (format!("{done}{place}"), "no access token"),
        (format!(r#"{done}{place}, "recordingAccessToken": """#), "no access token"),
        (format!(r#"{done}{place}, "recordingAccessToken": "a\r\nX: {TOKEN}""#), "no header can carry"),
    ] {
        assert_fails(&of(&with(&rest)).unwrap_err(), DownloadErrorKind::NoRecording, said);
    }
    let prompt = r##"{"@odata.type": "#microsoft.graph.playPromptOperation", "status": "completed"}"##;
    assert_fails(
        &of(prompt).unwrap_err(),
        DownloadErrorKind::NoRecording,
        "a playPromptOperation records nothing",
    );
}
