//! Over sockets.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::io::AsyncWriteExt as _;

use super::*;
use crate::DownloadSettings;

#[tokio::test]
async fn a_whole_recording_comes_as_it_lies_there_and_costs_its_own_token() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    let server = serve(move |_, head| {
        seen.lock().unwrap().push(head.to_owned());
        ranged(head, &file(100_000))
    })
    .await;
    let mut download = to(&server).download(&at(&server)).await.unwrap();
    assert_eq!(download.content_length(), Some(100_000));
    assert_eq!(download.validator().unwrap(), ETAG);
    assert_eq!(all(&mut download).await.unwrap(), file(100_000));
    assert_eq!((download.received(), server.connections()), (100_000, 1));
    assert!(download.chunk().await.unwrap().is_none());
    let head = heads.lock().unwrap().remove(0);
    assert!(head.starts_with("GET /s3cret-place HTTP/1.1\r\n"), "{head}");
    assert_eq!(header(&head, "authorization"), Some("Bearer its-0wn-t0ken"));
    assert_eq!(header(&head, "accept-encoding"), Some("identity"));
    assert_eq!((header(&head, "range"), header(&head, "if-range")), (None, None));
    assert!(!head.contains(GRAPH_TOKEN));
}

#[tokio::test]
async fn a_transport_alone_will_do() {
    let server = serve(|_, head| ranged(head, &file(10))).await;
    let transport = HttpTransport::emulator().unwrap();
    let mut wav = Vec::new();
    let mut download =
        transport.download(&Cloud::emulator(&server.url()).unwrap(), &at(&server)).await.unwrap();
    assert_eq!(download.write_to(&mut wav).await.unwrap(), 10);
    assert_eq!(wav, file(10));
}

#[tokio::test]
async fn chunks_without_a_length_end_where_they_say() {
    let chunked = |ends: bool| {
        let mut body = b"3\r\nabc\r\n4\r\ndefg\r\n".to_vec();
        body.extend_from_slice(if ends { b"0\r\n\r\n" } else { b"" });
        answer("200 OK", &[("Transfer-Encoding", "chunked"), ("ETag", ETAG)], &body)
    };
    let server = serve(move |_, _| chunked(true)).await;
    let mut download = to(&server).download(&at(&server)).await.unwrap();
    assert_eq!(download.content_length(), None);
    assert_eq!(all(&mut download).await.unwrap(), b"abcdefg");

    // Cut off after the last byte: the end is asked for, and there is nothing left.
    let server =
        serve(move |number, head| if number == 0 { chunked(false) } else { ranged(head, b"abcdefg") }).await;
    let mut download = to(&server).download(&at(&server)).await.unwrap();
    assert_eq!(all(&mut download).await.unwrap(), b"abcdefg");
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn an_end_that_nothing_tells_is_asked_for() {
    let server = serve(|number, head| match number {
        0 => answer("200 OK", &[("ETag", ETAG)], &file(50)),
        _ => ranged(head, &file(70)),
    })
    .await;
    let mut download = to(&server).download(&at(&server)).await.unwrap();
    assert_eq!(all(&mut download).await.unwrap(), file(70));
}

#[tokio::test]
async fn what_is_cut_anywhere_is_resumed_on_a_new_connection() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    let server = serve(move |_, head| {
        let mut answer = ranged(head, &file(10_000));
        if let Some(cut) = header(head, "range").is_none().then(|| path_number(head)) {
            let body = answer.len() - 10_000;
            answer.truncate(body + cut);
        }
        seen.lock().unwrap().push(head.to_owned());
        answer
    })
    .await;
    let cuts: Vec<usize> = (1..10_000).step_by(199).chain([2, 9_998, 9_999]).collect();
    for (number, cut) in cuts.iter().enumerate() {
        let recording = Recording::new(&format!("{}/{cut}", server.url()), TOKEN).unwrap();
        let mut download = to(&server).download(&recording).await.unwrap();
        assert_eq!(all(&mut download).await.unwrap(), file(10_000), "cut at {cut}");
        assert_eq!(server.connections(), 2 * (number + 1));
        let heads = heads.lock().unwrap();
        let resumed = &heads[2 * number + 1];
        assert_eq!(header(resumed, "range"), Some(&*format!("bytes={cut}-")));
        assert_eq!(header(resumed, "if-range"), Some(ETAG));
        assert_eq!(header(resumed, "authorization"), Some("Bearer its-0wn-t0ken"));
    }
}

fn path_number(head: &str) -> usize {
    head.strip_prefix("GET /").unwrap().split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_cannot_be_resumed_fails_and_says_how_far_it_came() {
    type Second = fn() -> Vec<u8>;
    let seconds: [(Second, &str); 5] = [
        (
            || answer("200 OK", &[("Content-Length", "100"), ("ETag", ETAG)], &file(100)),
            "began from the beginning",
        ),
        (|| answer("200 OK", &[("Content-Length", "100"), ("ETag", "\"e-2\"")], &file(100)), "another ETag"),
        (
            || {
                answer(
                    "206 Partial Content",
                    &[("Content-Range", "bytes 40-99/100"), ("ETag", "\"e-2\"")],
                    &file(60),
                )
            },
            "another ETag",
        ),
        (
            || {
                answer(
                    "206 Partial Content",
                    &[("Content-Range", "bytes 39-99/100"), ("ETag", ETAG)],
                    &file(61),
                )
            },
            "another part",
        ),
        (
            || {
                answer(
                    "206 Partial Content",
                    &[("Content-Range", "bytes 40-100/101"), ("ETag", ETAG)],
                    &file(61),
                )
            },
            "another length",
        ),
    ];
    for (second, said) in seconds {
        let server = serve(move |number, _| match number {
            0 => answer("200 OK", &[("Content-Length", "100"), ("ETag", ETAG)], &file(40)),
            _ => second(),
        })
        .await;
        let mut download = to(&server).download(&at(&server)).await.unwrap();
        let mut got = Vec::new();
        let error = loop {
            match download.chunk().await {
                Ok(chunk) => got.extend_from_slice(&chunk.unwrap()),
                Err(error) => break error,
            }
        };
        assert_fails(&error, DownloadErrorKind::NotResumable, said);
        assert_eq!((error.received(), error.total(), got), (40, Some(100), file(40)));
        assert!(error.to_string().ends_with("; 40 of 100 bytes had come"), "{error}");
        let again = download.chunk().await.unwrap_err();
        assert_fails(&again, DownloadErrorKind::NotResumable, "failed before");
        assert_eq!(server.connections(), 2);
    }
}

#[tokio::test]
async fn nothing_to_recognise_it_by_is_nothing_to_resume_by() {
    let server = serve(|_, _| answer("200 OK", &[("Transfer-Encoding", "chunked")], b"3\r\nabc\r\n")).await;
    let mut download = to(&server).download(&at(&server)).await.unwrap();
    let error = all(&mut download).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::NotResumable, "nothing was told to recognise it by");
    assert_eq!((error.received(), error.total(), server.connections()), (3, None, 1));
}

#[tokio::test]
async fn a_file_that_has_some_of_it_already_gets_the_rest() {
    let server = serve(|_, head| ranged(head, &file(100))).await;
    let (connection, recording) = (to(&server), at(&server));
    let etag = http::HeaderValue::from_static(ETAG);
    let mut download =
        connection.download(&recording).resume_from(40).if_unchanged(etag.clone()).await.unwrap();
    assert_eq!((download.received(), download.content_length()), (40, Some(100)));
    assert_eq!(all(&mut download).await.unwrap(), file(100)[40..]);

    let mut complete = connection.download(&recording).resume_from(100).await.unwrap();
    assert_eq!((complete.content_length(), all(&mut complete).await.unwrap()), (Some(100), Vec::new()));

    let error = connection.download(&recording).resume_from(101).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::NotResumable, "fewer bytes now");
    let other = http::HeaderValue::from_static("\"e-0\"");
    let error = connection.download(&recording).resume_from(40).if_unchanged(other).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::NotResumable, "another ETag");
    assert_eq!(error.received(), 40);
}

#[tokio::test]
async fn a_refusal_says_what_it_is_and_is_final() {
    for (status, kind) in [
        ("401 Unauthorized", DownloadErrorKind::Token),
        ("403 Forbidden", DownloadErrorKind::Token),
        ("404 Not Found", DownloadErrorKind::Gone),
        ("410 Gone", DownloadErrorKind::Gone),
        ("400 Bad Request", DownloadErrorKind::Status),
    ] {
        let server = serve(move |_, _| answer(status, &[("Content-Length", "4")], b"null")).await;
        let error = to(&server).download(&at(&server)).await.unwrap_err();
        assert_fails(&error, kind, status);
        assert_eq!(
            (error.status().unwrap().as_str(), server.connections()),
            (status.split(' ').next().unwrap(), 1)
        );
    }
}

#[tokio::test]
async fn what_is_too_long_is_not_taken() {
    let settings = DownloadSettings::new().with_max_bytes(99);
    let server = serve(|_, head| ranged(head, &file(100))).await;
    let error = to(&server).download(&at(&server)).with_settings(&settings).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::TooLong, "longer than 99 bytes");
    assert_eq!((error.received(), error.total()), (0, Some(100)));

    let endless = Loopback::start(|mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(&head("200 OK", &[("Transfer-Encoding", "chunked")])).await;
        while stream.write_all(b"2\r\nab\r\n").await.is_ok() {}
    })
    .await;
    let mut download = to(&endless).download(&at(&endless)).with_settings(&settings).await.unwrap();
    let error = all(&mut download).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::TooLong, "longer than 99 bytes");
    assert!(error.received() <= 99);
}

#[tokio::test]
async fn silence_in_the_middle_is_resumed() {
    let server = Loopback::start(|mut stream| async move {
        let head = String::from_utf8(read_head(&mut stream).await).unwrap();
        let answer = ranged(&head, &file(100));
        if header(&head, "range").is_some() {
            let _ = stream.write_all(&answer).await;
        } else {
            let _ = stream.write_all(&answer[..answer.len() - 50]).await;
            std::future::pending::<()>().await;
        }
    })
    .await;
    let settings = DownloadSettings::new().with_idle_timeout(Duration::from_millis(40));
    let mut download = to(&server).download(&at(&server)).with_settings(&settings).await.unwrap();
    assert_eq!(all(&mut download).await.unwrap(), file(100));
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_stream_that_is_reset_is_resumed_over_another_connection() {
    let server = Loopback::start(|stream| async move {
        let mut connection = ::h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let part = request.headers().get("range").map(|range| range == "bytes=40-");
            let response = http::Response::builder().header("etag", ETAG);
            let response = match part {
                None => response.header("content-length", "100"),
                Some(right) => {
                    assert!(right && request.headers()["if-range"] == ETAG);
                    response.status(206).header("content-range", "bytes 40-99/100")
                }
            };
            let mut body = respond.send_response(response.body(()).unwrap(), false).unwrap();
            if part.is_some() {
                body.send_data(file(100).split_off(40).into(), true).unwrap();
                continue;
            }
            body.send_data(file(40).into(), false).unwrap();
            tokio::spawn(async move {
                // The bytes go out before the reset, which would overtake them.
                tokio::time::sleep(Duration::from_millis(20)).await;
                body.send_reset(::h2::Reason::INTERNAL_ERROR);
            });
        }
    })
    .await;
    let plain = |builder: reqwest::ClientBuilder| builder.no_proxy().http2_prior_knowledge();
    let transport = HttpTransport::build(&crate::HttpSettings::new(), plain).unwrap();
    let connection = over(transport.into_transport(), Cloud::emulator(&server.url()).unwrap());
    let mut download = connection.download(&at(&server)).await.unwrap();
    assert_eq!(all(&mut download).await.unwrap(), file(100));
    assert_eq!(server.connections(), 2);
}
