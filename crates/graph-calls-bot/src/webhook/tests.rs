//! Every answer of the webhook, and who gets it.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use graph_calls_core::{BoxError, model::TenantId};
use http::{HeaderMap, Method, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use serde_json::json;
use tokio::time::Instant;
use tower::ServiceExt as _;

use super::{Arrival, CallbackPath, Intake, IntakeError, Limits, Taken, Webhook};
use crate::token::{
    RefusalReason, TokenCheck, Verified,
    test_issuer::{APP, Source, TENANT, TestIssuer, header, sign, token_with},
};

const BODY: &str = r#"{"value":[{"changeType":"deleted","resourceUrl":"/communications/calls/57dab8b1"}]}"#;

/// Keeps what it is given, and says what it is told to say.
#[derive(Default)]
struct Inbox {
    says: Mutex<Option<IntakeError>>,
    taken: Mutex<Vec<(Verified, Vec<Arrival>)>>,
}

#[async_trait]
impl Intake for Inbox {
    async fn accept(&self, verified: &Verified, arrivals: Vec<Arrival>) -> Result<Taken, IntakeError> {
        self.taken.lock().unwrap().push((verified.clone(), arrivals));
        (*self.says.lock().unwrap()).map_or_else(|| Ok(Taken::default()), Err)
    }
}

struct Bench {
    issuer: TestIssuer,
    inbox: Arc<Inbox>,
    webhook: Webhook,
}

impl Bench {
    fn new() -> Self {
        Self::with(TestIssuer::new(), TestIssuer::check)
    }

    fn with(issuer: TestIssuer, check: impl Fn(&TestIssuer) -> TokenCheck) -> Self {
        let inbox = Arc::new(Inbox::default());
        let webhook = Webhook::new("/api/calls", check(&issuer), Limits::default(), inbox.clone());
        Self { issuer, inbox, webhook }
    }

    /// The head of a good POST.
    fn post(&self) -> http::request::Builder {
        post_with(&self.issuer.token())
    }

    async fn send<B>(&self, request: http::Request<B>) -> http::Response<Full<Bytes>>
    where
        B: Body + Send + 'static,
        B::Data: Send,
    {
        let response = self.webhook.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        assert!(body.is_empty(), "{body:?}");
        http::Response::from_parts(head, Full::default())
    }

    async fn status<B>(&self, request: http::Request<B>) -> u16
    where
        B: Body + Send + 'static,
        B::Data: Send,
    {
        self.send(request).await.status().as_u16()
    }

    /// The status for a body of a good POST.
    async fn post_body(&self, body: impl Into<Bytes>) -> u16 {
        self.status(self.post().body(Full::new(body.into())).unwrap()).await
    }

    fn taken(&self) -> usize {
        self.inbox.taken.lock().unwrap().len()
    }

    fn last(&self) -> (Verified, Vec<Arrival>) {
        self.inbox.taken.lock().unwrap().pop().unwrap()
    }
}

/// The head of a POST with this token.
fn post_with(token: &str) -> http::request::Builder {
    http::Request::post("/api/calls")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
}

/// A body that nobody may read.
struct Unread;

impl Body for Unread {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("the body of a stranger was read");
    }
}

/// A body in these pieces, each after a pause.
fn pieces(
    pieces: Vec<Result<&'static str, BoxError>>,
    pause: Duration,
) -> impl Body<Data = Bytes, Error = BoxError> + Send {
    let frames = stream::unfold(pieces.into_iter(), move |mut pieces| async move {
        let piece = pieces.next()?;
        tokio::time::sleep(pause).await;
        Some((piece.map(|piece| Frame::data(Bytes::from(piece))), pieces))
    });
    StreamBody::new(Box::pin(frames))
}

#[tokio::test(start_paused = true)]
async fn notifications_are_accepted_once_they_were_taken_over() {
    let bench = Bench::new();
    let request = bench
        .post()
        .uri("/api/calls/c/0f1e2d/3?code=1")
        .header("x-microsoft-skype-message-id", "m-1")
        .header("client-request-id", "r-1")
        .header("Scenario-ID", "s-1")
        .header("x-other", "o-1");
    let body = r#"{"value":[
        {"changeType":"created","resourceUrl":"/communications/calls/1"}, 7, {"changeType":"updated"}]}"#;
    let before = Instant::now();
    let response = bench.send(request.body(Full::new(Bytes::from(body))).unwrap()).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let echoed = HeaderMap::from_iter([
        (http::HeaderName::from_static("client-request-id"), "r-1".parse().unwrap()),
        (http::HeaderName::from_static("scenario-id"), "s-1".parse().unwrap()),
    ]);
    assert_eq!(response.headers(), &echoed);

    let (verified, arrivals) = bench.last();
    assert_eq!(verified.app.as_str(), APP);
    assert_eq!(verified.tenant, Some(TenantId::new(TENANT).unwrap()));
    assert_eq!(arrivals.len(), 3);
    for arrival in &arrivals {
        let path = CallbackPath { call_ref: "0f1e2d".to_owned(), attempt: "3".to_owned() };
        assert_eq!(arrival.callback, Some(path));
        assert_eq!(arrival.message_id.as_deref(), Some("m-1"));
        assert_eq!(arrival.received, before);
    }
    assert_eq!(arrivals[0].notification.path(), Some("/communications/calls/1"));
    assert_eq!(arrivals[1].notification.raw().as_str(), "7");
    let stats = bench.webhook.stats();
    assert_eq!((stats.accepted, stats.items, stats.unrecognized), (1, 3, 2));
}

#[tokio::test(start_paused = true)]
async fn the_registered_address_has_no_reference() {
    let bench = Bench::new();
    assert_eq!(bench.post_body(BODY).await, 202);
    let (_, arrivals) = bench.last();
    assert_eq!((&arrivals[0].callback, &arrivals[0].message_id), (&None, &None));
}

#[tokio::test(start_paused = true)]
async fn ids_that_make_no_sense_are_not_echoed() {
    let bench = Bench::new();
    let long = "x".repeat(257);
    for (name, value) in [("client-request-id", long.as_str()), ("scenario-id", "a b"), ("scenario-id", "")] {
        let request = bench.post().header(name, value).body(Full::new(Bytes::from(BODY))).unwrap();
        let response = bench.send(request).await;
        assert_eq!(response.status(), StatusCode::ACCEPTED);
        assert!(response.headers().is_empty(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_items_are_nothing_to_take_over() {
    let bench = Bench::new();
    assert_eq!(bench.post_body(r#"{"value":[]}"#).await, 202);
    assert_eq!(bench.taken(), 0);
}

#[tokio::test(start_paused = true)]
async fn anything_but_a_post_is_405() {
    let bench = Bench::new();
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS, Method::DELETE] {
        let request = bench.post().uri("/else").method(method).body(Unread).unwrap();
        let response = bench.send(request).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()["allow"], "POST");
    }
    assert_eq!(bench.webhook.stats().method_not_allowed, 5);
}

#[tokio::test(start_paused = true)]
async fn any_other_path_is_404() {
    let bench = Bench::new();
    for path in ["/", "/api", "/api/calls/x", "/api/calls/c/1", "/api/calls/c/1/2/3", "/api/calls/c/../2"] {
        assert_eq!(bench.status(bench.post().uri(path).body(Unread).unwrap()).await, 404, "{path}");
    }
    assert_eq!(bench.webhook.stats().not_found, 6);
    assert_eq!(bench.issuer.fetches(), 0);
}

#[tokio::test(start_paused = true)]
async fn large_headers_are_431() {
    let bench = Bench::new();
    let request = bench.post().header("x-long", "x".repeat(32 * 1024)).body(Unread).unwrap();
    assert_eq!(bench.status(request).await, 431);
    let mut many = bench.post();
    for n in 0..1_000 {
        many = many.header(format!("x-{n}"), "012345678901234567890123456789");
    }
    assert_eq!(bench.status(many.body(Unread).unwrap()).await, 431);
    assert_eq!(bench.webhook.stats().headers_too_large, 2);
}

#[tokio::test(start_paused = true)]
async fn every_bad_token_gets_the_same_401_before_its_body_is_read() {
    let bench = Bench::new();
    let claims = |name: &str, value| {
        let mut claims = bench.issuer.claims();
        claims[name] = value;
        token_with(&claims)
    };
    let bad = [
        "x".to_owned(),
        "x".repeat(9_000),
        format!("{}x", bench.issuer.token()),
        claims("aud", json!(TENANT)),
        claims("iss", json!("https://evil.example")),
        claims("exp", json!(1)),
        sign(1, &header("first").to_string(), &bench.issuer.claims().to_string()),
        sign(0, &header("second").to_string(), &bench.issuer.claims().to_string()),
    ];
    let mut requests: Vec<_> = bad.iter().map(|token| post_with(token)).collect();
    requests.push(http::Request::post("/api/calls").header("content-type", "application/json"));
    requests.push(http::Request::post("/api/calls").header("authorization", "Basic YTpi"));
    requests.push(bench.post().header("authorization", "Bearer x"));
    let count = requests.len() as u64;
    for request in requests {
        let response = bench.send(request.header("client-request-id", "r-1").body(Unread).unwrap()).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let headers: Vec<_> = response.headers().iter().collect();
        assert_eq!(headers.len(), 1);
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
    }
    assert_eq!(bench.taken(), 0);
    let stats = bench.webhook.stats();
    assert_eq!((stats.unauthorized, stats.token.refused_in_all()), (count, count));
    assert_eq!(stats.token.refused(RefusalReason::UnknownKey), 1);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_is_not_allowed_is_403_before_its_body_is_read() {
    let bench = Bench::with(TestIssuer::new(), TestIssuer::check_of_one_tenant);
    let mut claims = bench.issuer.claims();
    claims["tid"] = json!(APP);
    let request = post_with(&token_with(&claims)).body(Unread).unwrap();
    assert_eq!(bench.status(request).await, 403);
    assert_eq!(bench.post_body(BODY).await, 202);
    assert_eq!(bench.webhook.stats().forbidden, 1);
}

#[tokio::test(start_paused = true)]
async fn without_keys_it_is_503_and_when_to_come_back() {
    let bench = Bench::new();
    bench.issuer.set(Source::Refused);
    let response = bench.send(bench.post().body(Unread).unwrap()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(bench.webhook.stats().no_keys, 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_over_is_never_acknowledged() {
    let bench = Bench::new();
    let unavailable = IntakeError::Unavailable { retry_after: Duration::from_millis(6_001) };
    for (says, status, retry_after) in [
        (IntakeError::Full, 503, Some("1")),
        (unavailable, 503, Some("7")),
        (IntakeError::OtherTenant, 403, None),
    ] {
        *bench.inbox.says.lock().unwrap() = Some(says);
        let response = bench.send(bench.post().body(Full::new(Bytes::from(BODY))).unwrap()).await;
        assert_eq!(response.status().as_u16(), status, "{says:?}");
        let told = response.headers().get("retry-after").map(|value| value.to_str().unwrap());
        assert_eq!(told, retry_after, "{says:?}");
    }
    let stats = bench.webhook.stats();
    assert_eq!((stats.full, stats.unavailable, stats.foreign, stats.items), (1, 1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_json_is_415() {
    let bench = Bench::new();
    let with = |name: &str, value: &str| {
        let request = http::Request::post("/api/calls")
            .header("authorization", format!("Bearer {}", bench.issuer.token()));
        request.header(name, value)
    };
    for request in [
        with("content-type", "text/plain"),
        with("content-type", "application/x-www-form-urlencoded"),
        bench.post().header("content-encoding", "gzip"),
        bench.post().header("content-type", "text/plain"),
    ] {
        assert_eq!(bench.status(request.body(Unread).unwrap()).await, 415);
    }
    let untold = with("x-nothing", "x").body(Full::new(Bytes::from(BODY))).unwrap();
    assert_eq!(bench.status(untold).await, 415);
    for request in [
        with("content-type", "application/json; charset=Windows-1252"),
        with("content-type", "application/vnd.example+json"),
        bench.post().header("content-encoding", "identity"),
    ] {
        assert_eq!(bench.status(request.body(Full::new(Bytes::from(BODY))).unwrap()).await, 202);
    }
    assert_eq!(bench.webhook.stats().unsupported_media_type, 5);
}

#[tokio::test(start_paused = true)]
async fn a_large_body_is_413_and_the_limit_holds_exactly() {
    let bench = Bench::new();
    let limit = Limits::default().body_bytes;
    let padded = |size: usize| format!("{BODY}{}", " ".repeat(size - BODY.len()));
    assert_eq!(bench.post_body(padded(limit)).await, 202);
    assert_eq!(bench.post_body(padded(limit + 1)).await, 413);

    // One that does not say how long it is.
    let piece: &'static str = Box::leak(" ".repeat(limit / 4).into_boxed_str());
    for (last, status) in [("", 202), (" ", 413)] {
        let body =
            vec![Ok(BODY), Ok(piece), Ok(piece), Ok(piece), Ok(piece.split_at(BODY.len()).1), Ok(last)];
        let request = bench.post().body(pieces(body, Duration::ZERO)).unwrap();
        assert_eq!(bench.status(request).await, status);
    }
    assert_eq!(bench.webhook.stats().too_large, 2);
}

#[tokio::test(start_paused = true)]
async fn too_many_items_are_413() {
    let bench = Bench::new();
    let items = |count: usize| format!(r#"{{"value":[{}]}}"#, vec!["{}"; count].join(","));
    assert_eq!(bench.post_body(items(1_000)).await, 202);
    assert_eq!(bench.last().1.len(), 1_000);
    assert_eq!(bench.post_body(items(1_001)).await, 413);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_408_after_ten_seconds() {
    let bench = Bench::new();
    let drips = (0..100).map(|_| Ok(" ")).collect();
    let request = bench.post().body(pieces(drips, Duration::from_secs(1))).unwrap();
    let start = Instant::now();
    assert_eq!(bench.status(request).await, 408);
    assert_eq!(start.elapsed().as_secs(), 10);
    let silent = pieces(vec![Ok(BODY)], Duration::from_secs(100_000));
    assert_eq!(bench.status(bench.post().body(silent).unwrap()).await, 408);
    let just_in_time = pieces(vec![Ok(BODY), Ok(" ")], Duration::from_millis(4_990));
    assert_eq!(bench.status(bench.post().body(just_in_time).unwrap()).await, 202);
    assert_eq!(bench.webhook.stats().too_slow, 2);
}

#[tokio::test(start_paused = true)]
async fn a_body_in_pieces_is_put_together() {
    let bench = Bench::new();
    let (one, two) = BODY.split_at(20);
    let body = pieces(vec![Ok(""), Ok(one), Ok(""), Ok(two), Ok("\n")], Duration::from_millis(1));
    assert_eq!(bench.status(bench.post().body(body).unwrap()).await, 202);
    assert_eq!(bench.last().1[0].notification.path(), Some("/communications/calls/57dab8b1"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_makes_no_sense_is_400() {
    let bench = Bench::new();
    let bad: [&[u8]; 12] = [
        b"{\"value\":[],\"a\":\"\xff\"}",
        b"\xef\xbb\xbf{\"value\":[]}",
        b"[]",
        b"7",
        b"null",
        b" ",
        b"{",
        b"{\"value\":[]}{}",
        b"{\"value\":[],\"value\":[]}",
        b"{\"value\":[],\"x\":1,\"x\":2}",
        b"{\"value\":{}}",
        b"<html>",
    ];
    for body in bad {
        assert_eq!(bench.post_body(body).await, 400, "{}", String::from_utf8_lossy(body));
    }
    let broken = pieces(vec![Ok("{\"value\""), Err("connection reset".into())], Duration::ZERO);
    assert_eq!(bench.status(bench.post().body(broken).unwrap()).await, 400);
    assert_eq!(bench.webhook.stats().malformed, 13);
    assert_eq!(bench.taken(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_form_before_graphs_is_204_with_or_without_a_tenant() {
    let bench = Bench::new();
    let body = r#"{"id":"1","callState":"incoming","tenantId":"t","participants":[]}"#;
    assert_eq!(bench.post_body(body).await, 204);
    let mut claims = bench.issuer.claims();
    claims.as_object_mut().unwrap().remove("tid");
    let token = token_with(&claims);
    let request = post_with(&token).body(Full::new(Bytes::from(body))).unwrap();
    assert_eq!(bench.status(request).await, 204);
    assert_eq!(bench.webhook.stats().bot_framework, 2);

    let request = post_with(&token).body(Full::new(Bytes::from(BODY))).unwrap();
    assert_eq!(bench.status(request).await, 403);
    assert_eq!(bench.webhook.stats().forbidden, 1);
    assert_eq!(bench.taken(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_authenticated_post_of_nothing_is_204() {
    let bench = Bench::new();
    assert_eq!(bench.status(bench.post().body(Empty::<Bytes>::new()).unwrap()).await, 204);
    let chunked = pieces(vec![Ok("")], Duration::ZERO);
    assert_eq!(bench.status(bench.post().body(chunked).unwrap()).await, 204);
    let untold = || {
        let token = bench.issuer.token();
        http::Request::post("/api/calls").header("authorization", format!("Bearer {token}"))
    };
    assert_eq!(bench.status(untold().body(Empty::<Bytes>::new()).unwrap()).await, 204);
    assert_eq!(bench.status(untold().body(pieces(vec![], Duration::ZERO)).unwrap()).await, 204);
    let named = untold().header("content-type", "text/plain").body(Empty::<Bytes>::new()).unwrap();
    assert_eq!(bench.status(named).await, 204);
    assert_eq!(bench.webhook.stats().empty, 5);
    assert_eq!(bench.taken(), 0);
}

#[test]
fn a_webhook_can_be_mounted_anywhere() {
    fn is_mountable<S, B>(_: &S)
    where
        S: tower::Service<http::Request<B>, Response = http::Response<Full<Bytes>>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
    {
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _guard = runtime.enter();
    let bench = Bench::new();
    is_mountable::<_, Full<Bytes>>(&bench.webhook);
    is_mountable::<_, hyper::body::Incoming>(&bench.webhook);
    assert!(format!("{:?}", bench.webhook).contains("/api/calls"));
}
