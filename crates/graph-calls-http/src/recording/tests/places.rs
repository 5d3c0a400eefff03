//! Where the token goes: nowhere else.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use graph_calls_core::BoxError;
use tower::{service_fn, util::BoxCloneSyncService};

use super::{super::location::tests::HOSTILE, *};
use crate::DownloadSettings;

/// A transport that counts and answers with nothing.
fn counting() -> (Transport, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let transport = BoxCloneSyncService::new(service_fn(move |_: http::Request<Bytes>| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok::<_, BoxError>(http::Response::new(Bytes::new())))
    }));
    (transport, count)
}

#[tokio::test]
async fn no_token_leaves_for_a_hostile_location() {
    let elsewhere = Loopback::says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let server = Loopback::says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let port = elsewhere.port;
    let listening = [
        format!("http://127.0.0.1:{port}/a"),
        format!("https://127.0.0.1:{port}/a"),
        format!("http://localhost:{port}/a"),
        format!("http://127.1:{port}/a"),
        format!("http://0x7f000001:{port}/a"),
        format!("http://2130706433:{port}/a"),
        format!("http://[::ffff:127.0.0.1]:{port}/a"),
        format!("{}@127.0.0.1:{port}/a", server.url()),
        format!("{}\\@127.0.0.1:{port}/a", server.url()),
        format!("{}#@127.0.0.1:{port}/a", server.url()),
        format!("http://user:password@127.0.0.1:{}/a", server.port),
        format!("http://localhost:{}/a", server.port),
        format!("https://localhost:{}/a", server.port),
    ];
    let locations: Vec<&str> = HOSTILE
        .into_iter()
        .filter(|one| !one.is_empty())
        .chain(listening.iter().map(String::as_str))
        .collect();
    let (transport, asked) = counting();
    let graph = over(transport, Cloud::global());
    let emulated = to(&server);
    for location in &locations {
        let recording = Recording::new(location, TOKEN).unwrap();
        for connection in [&graph, &emulated] {
            let error = connection.download(&recording).await.unwrap_err();
            assert_fails(&error, DownloadErrorKind::Location, "refused");
            assert!(!format!("{error} {error:?}").contains("password"), "{error}");
        }
    }
    let sent = asked.load(Ordering::SeqCst) + elsewhere.connections() + server.connections();
    assert_eq!(sent, 0);
    println!(
        "C1 (download): {sent} tokens left for {} hostile locations, Graph and an emulator",
        locations.len()
    );
}

#[tokio::test]
async fn a_host_that_is_not_allowed_gets_no_token() {
    let (transport, asked) = counting();
    let connection = over(transport, Cloud::global());
    let recording = Recording::new("https://s3cret-place.example/a", TOKEN).unwrap();
    let only = |host: &str| DownloadSettings::new().with_allowed_hosts([host]);
    let error = connection.download(&recording).with_settings(&only("other.example")).await.unwrap_err();
    assert_fails(&error, DownloadErrorKind::Location, "none of the allowed ones");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    connection.download(&recording).with_settings(&only("example")).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let elsewhere = Loopback::says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let mut places = 0;
    for status in 300..=308 {
        for to_itself in [false, true] {
            let target = elsewhere.url();
            let server = serve(move |_, head| {
                let own = format!("http://{}/there", header(head, "host").unwrap());
                let place = if to_itself { &own } else { &target };
                answer(&format!("{status} R"), &[("Location", place), ("Content-Length", "0")], b"")
            })
            .await;
            let error = to(&server).download(&at(&server)).await.unwrap_err();
            assert_fails(&error, DownloadErrorKind::Status, "no redirect is followed");
            assert_eq!((error.status().unwrap().as_u16(), server.connections()), (status, 1));
            places += 1;
        }
    }
    assert_eq!(elsewhere.connections(), 0);
    println!(
        "C3 (download): {} of {places} redirects followed, statuses 300 to 308",
        elsewhere.connections()
    );
}
