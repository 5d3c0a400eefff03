//! The transport over HTTPS.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use graph_calls_core::{BoxError, Cloud, RequestInfo, Transport};
use tokio::time::Instant;
use tower::{Service, util::BoxCloneSyncService};

use crate::{
    Download, Error, ErrorKind, HttpSettings, Recording, ResponseLimits, Result,
    body::{self, BodyLimit, Chunks, Unread},
    failure,
};

/// How often an HTTP/2 connection in use is asked whether it is there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(4);

/// Carries requests over HTTPS: HTTP/2 where the other side has it, else HTTP/1.1.
///
/// It follows no redirects and repeats nothing. A failure is a [`TransportError`](graph_calls_core::TransportError)
/// that knows whether the request can have reached the service; none of them names the URL. The body of a 204 is not
/// read, nor that of a 202 without a JSON content type. A success whose body is cut off, too slow or longer than [`ResponseLimits::body`] is still a response,
/// with a [`BodyLost`](graph_calls_core::BodyLost) among its extensions and no body; any other status keeps what
/// arrived of its body, up to [`ResponseLimits::error_body`].
///
/// It has no time-out for a whole request: [`Client`](graph_calls_core::Client) has. Cheap to clone; clones share
/// their connections.
///
/// # Examples
///
/// ```
/// use graph_calls_core::{Client, Cloud, FixedToken};
/// use graph_calls_http::HttpTransport;
///
/// let transport = HttpTransport::emulator()?.into_transport();
/// let client = Client::builder(transport)
///     .cloud(Cloud::emulator("http://127.0.0.1:8080")?)
///     .token(FixedToken::new("anything")?)
///     .build();
/// # let _ = client;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct HttpTransport(Arc<Inner>);

struct Inner {
    pooled: reqwest::Client,
    /// For repeats that must not reach the same instance again.
    unpooled: reqwest::Client,
    settings: HttpSettings,
}

impl HttpTransport {
    /// For Graph, with the default settings. See [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn https() -> Result<Self> {
        Self::new(&HttpSettings::new())
    }

    /// For Graph: https only, trusting what the system trusts, through the system's proxy if one is set
    /// (`HTTPS_PROXY`, `NO_PROXY`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Tls`] where no HTTPS client can be made: most likely the machine has no CA certificates.
    pub fn new(settings: &HttpSettings) -> Result<Self> {
        Self::build(settings, |builder| builder.https_only(true))
    }

    /// For an emulator, with the default settings. See [`emulator_with`](Self::emulator_with).
    ///
    /// # Errors
    ///
    /// As for [`emulator_with`](Self::emulator_with).
    pub fn emulator() -> Result<Self> {
        Self::emulator_with(&HttpSettings::new())
    }

    /// For an emulator: plain http, never through a proxy, also on a machine without CA certificates. No certificate
    /// is trusted: https leads nowhere.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Tls`] where the client cannot be made at all.
    pub fn emulator_with(settings: &HttpSettings) -> Result<Self> {
        Self::build(settings, |builder| builder.no_proxy().tls_certs_only([]))
    }

    pub(crate) fn build(
        settings: &HttpSettings,
        adjust: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<Self> {
        let builder = || {
            let builder = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .connect_timeout(settings.connect_timeout)
                // A path that went dead under a connection is noticed while a call still rings.
                .http2_keep_alive_interval(PING)
                .http2_keep_alive_timeout(PING)
                // Another crate's features must not decide what a body is: parts are counted as they were sent.
                .no_gzip()
                .no_brotli()
                .no_deflate()
                .no_zstd()
                .user_agent(settings.user_agent.clone());
            adjust(builder)
        };
        let build = |builder: reqwest::ClientBuilder| builder.build().map_err(no_client);
        let (pooled, unpooled) = (build(builder())?, build(builder().pool_max_idle_per_host(0))?);
        Ok(Self(Arc::new(Inner { pooled, unpooled, settings: settings.clone() })))
    }

    /// The transport for a client.
    pub fn transport(&self) -> Transport {
        self.clone().into_transport()
    }

    /// Fetches a recording, without a [`Connection`](crate::Connection): see
    /// [`Connection::download`](crate::Connection::download). Where the cloud is an emulator, only that has recordings.
    pub fn download(&self, cloud: &Cloud, recording: &Recording) -> Download {
        Download::new(self.transport(), cloud, recording)
    }

    /// The transport for a client.
    pub fn into_transport(self) -> Transport {
        BoxCloneSyncService::new(self)
    }
}

fn no_client(error: reqwest::Error) -> Error {
    let message = format!(
        "no HTTPS client can be made ({}): install the CA certificates of the system (package `ca-certificates`) \
         or set SSL_CERT_FILE",
        failure::innermost(&error)
    );
    Error::new(ErrorKind::Tls, message).with_source(error)
}

impl Service<http::Request<Bytes>> for HttpTransport {
    type Response = http::Response<Bytes>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<http::Response<Bytes>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<std::result::Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Bytes>) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { inner.send(request).await })
    }
}

impl Inner {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<Bytes>, BoxError> {
        let info = request.extensions().get::<RequestInfo>().cloned();
        let limits = self.limits(request.extensions().get::<BodyLimit>());
        let unread = request.extensions().get::<Unread>().copied();
        let fresh = info.as_ref().is_some_and(RequestInfo::wants_fresh_connection)
            || unread.is_some_and(|unread| unread.fresh_connection);
        let client = if fresh { &self.unpooled } else { &self.pooled };
        let request = reqwest::Request::try_from(request).map_err(failure::of)?;
        if let Some(info) = &info {
            info.hand_over();
        }
        let mut response = client.execute(request).await.map_err(failure::of)?;
        let mut answer = http::Response::new(Bytes::new());
        *answer.status_mut() = response.status();
        *answer.version_mut() = response.version();
        if unread.is_some() {
            *answer.headers_mut() = std::mem::take(response.headers_mut());
            Chunks::of(response).leave(answer.extensions_mut());
            return Ok(answer);
        }
        let body = body::read(&mut response, limits, self.body_ends(info.as_ref())).await;
        *answer.body_mut() = body.bytes;
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        if let Some(lost) = body.lost {
            answer.extensions_mut().insert(lost);
        }
        Ok(answer)
    }

    fn limits(&self, bound: Option<&BodyLimit>) -> ResponseLimits {
        let limits = self.settings.limits;
        let body = bound.map_or(limits.body, |bound| limits.body.min(bound.0));
        limits.with_body(body)
    }

    /// A body that is cut short here leaves its status standing; the time-outs above would not know of one.
    fn body_ends(&self, info: Option<&RequestInfo>) -> Instant {
        let ends = Instant::now() + self.settings.body_timeout;
        info.and_then(RequestInfo::attempt_ends).map_or(ends, |attempt| ends.min(attempt))
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use graph_calls_core::BodyLost;
    use tower::ServiceExt as _;

    use super::*;
    use crate::loopback::Loopback;

    async fn get(settings: &HttpSettings, server: &Loopback) -> http::Response<Bytes> {
        let request = http::Request::get(server.url()).body(Bytes::new()).unwrap();
        HttpTransport::emulator_with(settings).unwrap().oneshot(request).await.unwrap()
    }

    fn lost(response: &http::Response<Bytes>) -> Option<&str> {
        response.extensions().get::<BodyLost>().map(|lost| lost.0.as_str())
    }

    fn strict() -> HttpSettings {
        HttpSettings::new()
            .with_body_timeout(Duration::from_millis(40))
            .with_limits(ResponseLimits::default().with_body(8).with_error_body(4))
    }

    #[tokio::test]
    async fn a_whole_response_comes_as_it_was_sent() {
        let server =
            Loopback::says("HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Length: 8\r\n\r\n12345678").await;
        let response = get(&strict(), &server).await;
        assert_eq!((response.status().as_u16(), &response.body()[..]), (201, &b"12345678"[..]));
        assert_eq!(response.headers()["x-a"], "b");
        assert_eq!(lost(&response), None);
    }

    #[tokio::test]
    async fn a_success_keeps_its_status_when_its_body_is_lost() {
        for (answer, reason) in [
            ("HTTP/1.1 201 Created\r\nContent-Length: 8\r\n\r\n1234", "end of file"),
            ("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "size"),
            ("HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n123456789", "longer than 8 bytes"),
        ] {
            let server = Loopback::says(answer).await;
            let response = get(&strict(), &server).await;
            assert_eq!(response.status(), 201, "{answer}");
            assert!(response.body().is_empty(), "{answer}");
            let lost = lost(&response).unwrap();
            assert!(lost.contains(reason), "{lost}");
            assert_eq!(server.connections(), 1);
        }
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_lost_and_not_waited_for() {
        let slow = Loopback::says_and_stays("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n1234").await;
        let response = get(&strict(), &slow).await;
        assert_eq!((response.status().as_u16(), lost(&response)), (200, Some("it did not come in time")));
    }

    #[tokio::test]
    async fn an_error_keeps_its_status_and_what_arrived_of_its_body() {
        for (length, body) in [(4, "1234"), (8, "12"), (8, "12345678")] {
            let answer = format!("HTTP/1.1 409 Conflict\r\nContent-Length: {length}\r\n\r\n{body}");
            for server in
                [Loopback::says(answer.clone()).await, Loopback::says_and_stays(answer.clone()).await]
            {
                let response = get(&strict(), &server).await;
                assert_eq!(response.status(), 409);
                assert_eq!(&response.body()[..], &body.as_bytes()[..body.len().min(4)]);
                assert_eq!(lost(&response), None);
            }
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_the_body_of_a_204_or_of_a_202_that_promises_no_json() {
        for head in [
            "202 Accepted",
            "202 Accepted\r\nContent-Type: text/html",
            "204 No Content",
            "204 No Content\r\nContent-Type: application/json",
        ] {
            let answer = format!("HTTP/1.1 {head}\r\nContent-Length: 8\r\n\r\n");
            let server = Loopback::says_and_stays(answer).await;
            let response = get(&strict(), &server).await;
            assert_eq!((lost(&response), response.body().len()), (None, 0));
        }
    }

    #[tokio::test]
    async fn a_202_that_promises_json_is_read_like_any_other_success() {
        for media_type in
            ["application/json", "Application/JSON; odata.metadata=minimal", "application/problem+json"]
        {
            let head = format!("HTTP/1.1 202 Accepted\r\nContent-Type: {media_type}\r\nContent-Length: ");
            let whole = Loopback::says(format!("{head}8\r\n\r\n{{\"a\": 1}}")).await;
            let response = get(&strict(), &whole).await;
            assert_eq!((lost(&response), &response.body()[..]), (None, &b"{\"a\": 1}"[..]));
            let late = Loopback::says_and_stays(format!("{head}8\r\n\r\n")).await;
            let response = get(&strict(), &late).await;
            assert_eq!((response.status().as_u16(), lost(&response)), (202, Some("it did not come in time")));
            let long = Loopback::says(format!("{head}9\r\n\r\n123456789")).await;
            assert_eq!(lost(&get(&strict(), &long).await), Some("it is longer than 8 bytes"));
        }
    }

    #[tokio::test]
    async fn a_request_that_wants_nothing_back_does_not_mind_a_202_whose_body_is_lost() {
        use graph_calls_core::{
            AnswerCall, Client, FixedToken, RejectCall,
            model::{AnswerCallBody, CallId, CallbackUri, RejectReason},
        };
        let head = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{";
        for server in [Loopback::says(head).await, Loopback::says_and_stays(head).await] {
            let client = Client::builder(HttpTransport::emulator_with(&strict()).unwrap().into_transport())
                .cloud(Cloud::emulator(&server.url()).unwrap())
                .token(FixedToken::new("t").unwrap())
                .build();
            let call = CallId::new("57dab8b1").unwrap();
            client.send(RejectCall::new(call.clone(), RejectReason::Busy)).await.unwrap();
            let callback = CallbackUri::emulated("http://127.0.0.1:9/").unwrap();
            client.send(AnswerCall::new(call, AnswerCallBody::new(callback))).await.unwrap();
            assert_eq!(server.connections(), 2);
        }
    }

    #[tokio::test]
    async fn no_redirect_is_followed() {
        let elsewhere = Loopback::says("HTTP/1.1 200 OK\r\n\r\n").await;
        for status in 300..=308 {
            let answer =
                format!("HTTP/1.1 {status} R\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", elsewhere.url());
            let server = Loopback::says(answer).await;
            assert_eq!(get(&strict(), &server).await.status(), status);
            assert_eq!(server.connections(), 1);
        }
        assert_eq!(elsewhere.connections(), 0);
        println!("C3 (Graph): {} of 9 redirects followed, statuses 300 to 308", elsewhere.connections());
    }

    #[tokio::test]
    async fn no_encoding_is_undone() {
        for encoding in ["gzip", "br", "deflate", "zstd"] {
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: 4\r\n\r\n1234");
            let server = Loopback::says(head).await;
            let response = get(&strict(), &server).await;
            assert_eq!(response.headers()["content-encoding"], encoding);
            assert_eq!((lost(&response), &response.body()[..]), (None, &b"1234"[..]));
        }
    }

    #[tokio::test]
    async fn a_bound_on_one_request_holds_for_that_one() {
        let server = Loopback::says("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n1234").await;
        let mut request = http::Request::get(server.url()).body(Bytes::new()).unwrap();
        request.extensions_mut().insert(BodyLimit(3));
        let response = HttpTransport::emulator().unwrap().oneshot(request).await.unwrap();
        assert_eq!(lost(&response), Some("it is longer than 3 bytes"));
    }

    #[tokio::test]
    async fn the_user_agent_is_ours_unless_told_otherwise() {
        use tokio::io::AsyncWriteExt as _;
        let ours = concat!("graph-calls/", env!("CARGO_PKG_VERSION"));
        let other = HttpSettings::new().with_user_agent(http::HeaderValue::from_static("contoso/2"));
        for (settings, agent) in [(HttpSettings::new(), ours), (other, "contoso/2")] {
            let server = Loopback::start(|mut stream| async move {
                let head = crate::loopback::read_head(&mut stream).await;
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", head.len());
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.write_all(&head).await;
            })
            .await;
            let response = get(&settings, &server).await;
            let head = String::from_utf8_lossy(response.body()).to_ascii_lowercase();
            assert!(head.contains(&format!("user-agent: {agent}\r\n")), "{head}");
            assert!(!head.contains("accept-encoding"), "{head}");
        }
    }
}
