//! What a failure of the HTTP client means.

use std::error::Error;

use graph_calls_core::{Certainty, TransportError, TransportErrorKind};
use h2::Reason;

/// The failure of a request that got no response. The error keeps no URL.
pub(crate) fn of(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let (kind, certainty) = judge(&error);
    TransportError::new(kind, certainty, error)
}

fn judge(error: &reqwest::Error) -> (TransportErrorKind, Certainty) {
    if error.is_builder() {
        (TransportErrorKind::Request, Certainty::Unsent)
    } else if error.is_connect() {
        // Before the time-out: a silent TLS peer is both, and was told nothing.
        (TransportErrorKind::Connect, Certainty::Unsent)
    } else if is_refused_stream(error) {
        (TransportErrorKind::Connection, Certainty::Unsent)
    } else if error.is_timeout() {
        (TransportErrorKind::TimedOut, Certainty::Unknown)
    } else {
        (TransportErrorKind::Connection, Certainty::Unknown)
    }
}

/// Whether the peer reset the stream with a promise that it did nothing with it.
fn is_refused_stream(error: &(dyn Error + 'static)) -> bool {
    chain(error)
        .filter_map(|error| error.downcast_ref::<h2::Error>())
        .any(|error| error.is_remote() && error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM))
}

/// The innermost reason, which is what a reader can act on.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use bytes::Bytes;
    use graph_calls_core::BoxError;
    use tokio::{io::AsyncWriteExt as _, net::TcpStream};
    use tower::ServiceExt as _;

    use super::*;
    use crate::{
        HttpSettings, HttpTransport,
        loopback::{Loopback, free_port, read_head},
    };

    const UNSENT: Certainty = Certainty::Unsent;
    const UNKNOWN: Certainty = Certainty::Unknown;

    fn h1() -> HttpTransport {
        HttpTransport::emulator().unwrap()
    }

    fn h2() -> HttpTransport {
        let plain = |builder: reqwest::ClientBuilder| builder.no_proxy().tls_certs_only([]);
        HttpTransport::build(&HttpSettings::new(), |builder| plain(builder).http2_prior_knowledge()).unwrap()
    }

    async fn failure(transport: HttpTransport, url: &str) -> TransportError {
        let request = http::Request::post(url).body(Bytes::from_static(b"{}")).unwrap();
        let error: BoxError = transport.oneshot(request).await.unwrap_err();
        let error = *error.downcast::<TransportError>().unwrap();
        let words = chain(&error).map(ToString::to_string).collect::<Vec<_>>().join(": ");
        assert!(!words.contains("secret-path"), "{words}");
        error
    }

    async fn assert_fails(
        transport: HttpTransport,
        root: &str,
        kind: TransportErrorKind,
        certainty: Certainty,
    ) {
        let error = failure(transport, &format!("{root}/secret-path")).await;
        assert_eq!((error.kind(), error.certainty()), (kind, certainty), "{root}: {error:?}");
    }

    #[tokio::test]
    async fn a_refused_connection_is_unsent() {
        let root = format!("http://127.0.0.1:{}", free_port().await);
        assert_fails(h1(), &root, TransportErrorKind::Connect, UNSENT).await;
    }

    #[tokio::test]
    async fn a_name_that_does_not_exist_is_unsent() {
        assert_fails(h1(), "http://nx.invalid", TransportErrorKind::Connect, UNSENT).await;
    }

    #[tokio::test]
    async fn a_peer_that_talks_no_tls_is_unsent() {
        let server = Loopback::start(|mut stream| async move {
            let _ = stream.write_all(b"220 mail.example ready\r\n").await;
            let _ = stream.shutdown().await;
        })
        .await;
        assert_fails(h1(), &server.https_url(), TransportErrorKind::Connect, UNSENT).await;
    }

    #[tokio::test]
    async fn a_peer_that_is_silent_before_tls_is_unsent() {
        let server = Loopback::start(|stream| async move {
            let _open = stream;
            std::future::pending::<()>().await;
        })
        .await;
        let settings = HttpSettings::new().with_connect_timeout(Duration::from_millis(40));
        let impatient = HttpTransport::emulator_with(&settings).unwrap();
        assert_fails(impatient, &server.https_url(), TransportErrorKind::Connect, UNSENT).await;
    }

    #[tokio::test]
    async fn an_address_that_cannot_be_requested_is_unsent() {
        assert_fails(h1(), "ftp://127.0.0.1", TransportErrorKind::Request, UNSENT).await;
        let error = failure(h1(), "/relative").await;
        assert_eq!((error.kind(), error.certainty()), (TransportErrorKind::Request, UNSENT));
        let server = Loopback::says("").await;
        let https =
            HttpTransport::build(&HttpSettings::new(), |builder| builder.tls_certs_only([]).https_only(true));
        assert_fails(https.unwrap(), &server.url(), TransportErrorKind::Request, UNSENT).await;
        assert_eq!(server.connections(), 0);
    }

    #[tokio::test]
    async fn a_stream_that_is_refused_is_unsent_and_one_that_is_reset_otherwise_is_not() {
        use ::h2::{Reason, server};
        for (reason, certainty) in [(Reason::REFUSED_STREAM, UNSENT), (Reason::INTERNAL_ERROR, UNKNOWN)] {
            let streams = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&streams);
            let server = Loopback::start(move |stream| {
                let counted = Arc::clone(&counted);
                async move {
                    let mut connection = server::handshake(stream).await.unwrap();
                    while let Some(Ok((_request, mut respond))) = connection.accept().await {
                        counted.fetch_add(1, Ordering::SeqCst);
                        respond.send_reset(reason);
                    }
                }
            })
            .await;
            assert_fails(h2(), &server.url(), TransportErrorKind::Connection, certainty).await;
            assert_eq!(streams.load(Ordering::SeqCst), 1, "repeated by the HTTP client itself");
        }
    }

    #[tokio::test]
    async fn a_goaway_and_a_close_are_unknown() {
        let server = Loopback::start(|stream| async move {
            let mut connection = ::h2::server::handshake(stream).await.unwrap();
            let request = connection.accept().await;
            connection.abrupt_shutdown(::h2::Reason::NO_ERROR);
            let _ = connection.accept().await;
            drop(request);
        })
        .await;
        assert_fails(h2(), &server.url(), TransportErrorKind::Connection, UNKNOWN).await;
    }

    #[tokio::test]
    async fn a_connection_that_ends_after_the_request_is_unknown() {
        let closed = Loopback::says("").await;
        assert_fails(h1(), &closed.url(), TransportErrorKind::Connection, UNKNOWN).await;
        let reset = Loopback::start(|mut stream: TcpStream| async move {
            read_head(&mut stream).await;
            stream.set_zero_linger().unwrap();
        })
        .await;
        assert_fails(h1(), &reset.url(), TransportErrorKind::Connection, UNKNOWN).await;
    }

    #[tokio::test]
    async fn a_head_that_is_cut_off_or_garbled_is_unknown() {
        for head in
            ["HTTP/1.1 202 Acc", "HTTP/1.1 202 Accepted\r\nContent-Le", "220 mail.example ready\r\n\r\n"]
        {
            let server = Loopback::says(head).await;
            assert_fails(h1(), &server.url(), TransportErrorKind::Connection, UNKNOWN).await;
            assert_eq!(server.connections(), 1, "{head:?}");
        }
    }

    #[tokio::test]
    async fn silence_is_a_time_out_and_unknown() {
        let server = Loopback::says_and_stays("").await;
        let transport = HttpTransport::build(&HttpSettings::new(), |builder| {
            builder.no_proxy().tls_certs_only([]).timeout(Duration::from_millis(40))
        });
        assert_fails(transport.unwrap(), &server.url(), TransportErrorKind::TimedOut, UNKNOWN).await;
    }
}
