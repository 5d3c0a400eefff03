//! I3: every row of what the webhook answers, over a socket on loopback.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test's helpers fail the test"
)]

mod support;

use std::{net::SocketAddr, time::Duration};

use async_trait::async_trait;
use graph_calls_bot::{CallContext, CallEvent, CallHandler, HandlerError, Limits, Notifications, Webhook};
use serde_json::json;
use support::{
    Answer, Issuer, OTHER_TENANT, Post, Served, body, bot, item, ready, sent, serve, serve_webhook,
};

/// Rows that were seen, and those that were wrong.
#[derive(Default)]
struct Rows {
    seen: usize,
    wrong: Vec<String>,
}

impl Rows {
    fn check(&mut self, row: &str, answer: &Answer, status: u16, header: Option<(&str, &str)>) {
        self.seen += 1;
        let empty = answer.body.is_empty();
        // Only whom we know keeps a connection; all these asked for the end themselves, or were ended.
        let closed = answer.header("connection") == Some("close") || answer.status < 300;
        let told = header.is_none_or(|(name, value)| answer.header(name) == Some(value));
        if answer.status != status || !empty || !closed || !told {
            self.wrong.push(format!("{row}: {status} expected: {answer:?}"));
        }
    }
}

struct Site {
    issuer: Issuer,
    served: Served,
    notifications: Notifications,
}

impl Site {
    async fn new(limits: Limits, capacity: usize) -> Self {
        let issuer = Issuer::new();
        let (webhook, notifications) = Webhook::stream("/api/calls", issuer.check(), limits, capacity);
        let served = serve_webhook(webhook).await;
        ready(served.address).await;
        Self { issuer, served, notifications }
    }

    fn address(&self) -> SocketAddr {
        self.served.address
    }

    fn post(&self) -> Post {
        Post::new(&self.issuer.token())
    }
}

/// A handler that does not come back.
struct Stuck;

#[async_trait]
impl CallHandler for Stuck {
    type Memory = ();
    async fn on_event(&self, _call: &mut CallContext<()>, _event: CallEvent) -> Result<(), HandlerError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn every_row_over_a_socket() {
    let mut rows = Rows::default();
    taken(&mut rows).await;
    not_ours(&mut rows).await;
    strangers(&mut rows).await;
    forbidden(&mut rows).await;
    bodies(&mut rows).await;
    unavailable(&mut rows).await;
    println!("I3: {} rows over a socket, {} wrong", rows.seen, rows.wrong.len());
    assert!(rows.wrong.is_empty(), "{:#?}", rows.wrong);
    assert!(rows.seen >= 75, "{}", rows.seen);
}

/// 202 and 204.
async fn taken(rows: &mut Rows) {
    let mut site = Site::new(Limits::default(), 2_000).await;
    let echoed = site.post().header("client-request-id", "r-1").header("scenario-id", "s-1");
    for (row, post, header) in [
        ("202", echoed.clone(), Some(("client-request-id", "r-1"))),
        ("202, the other id", echoed, Some(("scenario-id", "s-1"))),
        ("202, below the path", site.post().path("/api/calls/c/0f1e2d/3?code=1"), None),
        ("202, slash", site.post().path("/api/calls/"), None),
        ("202, unknown items", site.post().body(body(&[json!(7), json!({"new": true}), json!(null)])), None),
        ("202, a poisoned item", site.post().body(body(&[json!({"changeType": 7}), item("1")])), None),
        ("202, no items", site.post().body(body(&[])), None),
        ("202, the most items", site.post().body(body(&vec![item("1"); 1_000])), None),
        (
            "202, +json",
            site.post().without("content-type").header("content-type", "application/x+json"),
            None,
        ),
        (
            "202, charset",
            site.post()
                .without("content-type")
                .header("content-type", "application/json; charset=Windows-1252"),
            None,
        ),
        ("202, identity", site.post().header("content-encoding", "identity"), None),
        (
            "202, chunked",
            site.post()
                .header("transfer-encoding", "chunked")
                .body("9\r\n{\"value\":\r\n4\r\n [7]\r\n1\r\n}\r\n0\r\n\r\n"),
            None,
        ),
        (
            "202, scheme in another case",
            site.post()
                .without("authorization")
                .header("authorization", format!("bEARER {}", site.issuer.token())),
            None,
        ),
    ] {
        rows.check(row, &post.send(site.address()).await, 202, header);
    }
    let first = site.notifications.recv().await.unwrap();
    assert_eq!((first.call_ref, first.tenant.as_str()), (None, support::TENANT));
    site.notifications.recv().await.unwrap();
    let below = site.notifications.recv().await.unwrap();
    assert_eq!((below.call_ref.as_deref(), below.attempt.as_deref()), (Some("0f1e2d"), Some("3")));

    let legacy = json!({"id": "1", "callState": "incoming", "participants": []}).to_string();
    let no_tenant = Post::new(&site.issuer.token_with("tid", json!(null)));
    for (row, post) in [
        ("204, Bot Framework", site.post().body(legacy.clone())),
        ("204, Bot Framework, no tenant", no_tenant.body(legacy)),
        ("204, nothing", site.post().body("")),
        ("204, nothing of no type", site.post().without("content-type").body("")),
    ] {
        rows.check(row, &post.send(site.address()).await, 204, None);
    }
}

/// 404, 405 and 431.
async fn not_ours(rows: &mut Rows) {
    let site = Site::new(Limits::default(), 10).await;
    for path in [
        "/",
        "/api",
        "/api/callsx",
        "/api/calls/c",
        "/api/calls/c/1",
        "/api/calls/c/1/2/3",
        "/api/calls/c/../2",
    ] {
        rows.check(path, &site.post().path(path).send(site.address()).await, 404, None);
    }
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO"] {
        let answer = site.post().method(method).body("").send(site.address()).await;
        rows.check(method, &answer, 405, Some(("allow", "POST")));
    }
    // The head alone fills the buffer: hyper answers by itself.
    let mut head = b"POST /api/calls HTTP/1.1\r\nhost: bot\r\nx: ".to_vec();
    head.resize(32 * 1024, b'x');
    rows.check("431, one header", &sent(site.address(), head).await, 431, None);
    let mut limits = Limits::default();
    limits.header_bytes = 2_000;
    let site = Site::new(limits, 10).await;
    rows.check(
        "431, the sum",
        &site.post().header("x", "x".repeat(2_000)).send(site.address()).await,
        431,
        None,
    );
}

/// 401: one answer for every reason.
async fn strangers(rows: &mut Rows) {
    let site = Site::new(Limits::default(), 10).await;
    let issuer = &site.issuer;
    let with = |token: &str| Post::new(token);
    let raw = |value: String| site.post().without("authorization").header("authorization", value);
    let good = issuer.token();
    let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
    let swapped = format!("{unsigned}{}", issuer.token_with("aud", json!("x")).rsplit('.').next().unwrap());
    let mut first = None;
    for (row, post) in [
        ("none", site.post().without("authorization")),
        ("two", site.post().header("authorization", format!("Bearer {good}"))),
        ("basic", raw("Basic YTpi".to_owned())),
        ("empty", raw("Bearer ".to_owned())),
        ("no JWT", with("x")),
        ("unsigned", with(&unsigned)),
        ("another's signature", with(&swapped)),
        ("too long", with(&"x".repeat(9_000))),
        ("another app", with(&issuer.token_with("aud", json!(support::TENANT)))),
        ("several apps", with(&issuer.token_with("aud", json!([support::APP])))),
        ("another issuer", with(&issuer.token_with("iss", json!("https://evil.example")))),
        ("expired", with(&issuer.token_with("exp", json!(1)))),
        ("no expiry", with(&issuer.token_with("exp", json!(null)))),
        ("too long a life", with(&issuer.token_with("exp", json!(99_999_999_999_u64)))),
        ("from the future", with(&issuer.token_with("nbf", json!(99_999_999_999_u64)))),
        ("tenant no GUID", with(&issuer.token_with("tid", json!("contoso.example")))),
        ("another's key", with(&Issuer::new().token())),
        ("unknown key", with(&issuer.sign("second", &Issuer::claims()))),
    ] {
        let answer = post.header("client-request-id", "r-1").send(site.address()).await;
        rows.check(&format!("401, {row}"), &answer, 401, Some(("www-authenticate", "Bearer")));
        let first = first.get_or_insert_with(|| answer.clone());
        rows.check(&format!("401, {row}, the same"), &answer, first.status, None);
        assert_eq!(answer, *first, "401, {row}");
    }
}

/// 403.
async fn forbidden(rows: &mut Rows) {
    let site = Site::new(Limits::default(), 10).await;
    let foreign = Post::new(&site.issuer.token_with("tid", json!(support::APP)));
    rows.check("403, tenant", &foreign.send(site.address()).await, 403, None);
    let nobodys = Post::new(&site.issuer.token_with("tid", json!(null)));
    rows.check("403, no tenant", &nobodys.send(site.address()).await, 403, None);

    let issuer = Issuer::new();
    let served = serve(bot(&issuer, support::Idle).build().unwrap()).await;
    let path = format!("/api/calls/c/{}/1", "0f".repeat(16));
    let mine = Post::new(&issuer.token()).path(&path);
    rows.check("202, mine", &mine.send(served.address).await, 202, None);
    let others = Post::new(&issuer.token_with("tid", json!(OTHER_TENANT))).path(&path);
    rows.check("403, another tenant's call", &others.send(served.address).await, 403, None);
}

/// 400, 408, 413 and 415.
async fn bodies(rows: &mut Rows) {
    let mut limits = Limits::default();
    limits.body_time = Duration::from_millis(50);
    limits.body_bytes = 4_096;
    limits.items = 10;
    let site = Site::new(limits, 1_000).await;
    let bad: [(&str, &[u8]); 12] = [
        ("not UTF-8", b"{\"value\":[],\"a\":\"\xff\"}"),
        ("BOM", b"\xef\xbb\xbf{\"value\":[]}"),
        ("array", b"[]"),
        ("number", b"7"),
        ("null", b"null"),
        ("space", b" "),
        ("broken", b"{"),
        ("two", b"{\"value\":[]}{}"),
        ("value twice", b"{\"value\":[],\"value\":[]}"),
        ("member twice", b"{\"value\":[],\"x\":1,\"x\":2}"),
        ("no array", b"{\"value\":{}}"),
        ("HTML", b"<html>"),
    ];
    for (row, body) in bad {
        rows.check(&format!("400, {row}"), &site.post().body(body).send(site.address()).await, 400, None);
    }
    for (row, length) in [("nothing comes", "20"), ("half of it comes", "200")] {
        let slow = site.post().header("content-length", length);
        let slow = if length == "20" { slow.body("") } else { slow };
        rows.check(&format!("408, {row}"), &slow.send(site.address()).await, 408, None);
    }
    let announced = site.post().header("content-length", "4097").body("");
    let padded = format!("{:4097}", body(&[]));
    let chunked = format!("1001\r\n{padded}\r\n0\r\n\r\n");
    for (row, post) in [
        ("announced", announced),
        ("chunked", site.post().header("transfer-encoding", "chunked").body(chunked)),
        ("too many items", site.post().body(body(&vec![json!(1); 11]))),
    ] {
        rows.check(&format!("413, {row}"), &post.send(site.address()).await, 413, None);
    }
    rows.check(
        "202, exactly",
        &site.post().body(format!("{:4096}", body(&[]))).send(site.address()).await,
        202,
        None,
    );
    let typed = |of: &str| site.post().without("content-type").header("content-type", of);
    for (row, post) in [
        ("text", typed("text/plain")),
        ("form", typed("application/x-www-form-urlencoded")),
        ("none", site.post().without("content-type")),
        ("two types", site.post().header("content-type", "text/plain")),
        ("gzip", site.post().header("content-encoding", "gzip")),
        ("two encodings", site.post().header("content-encoding", "identity, br")),
    ] {
        rows.check(&format!("415, {row}"), &post.send(site.address()).await, 415, None);
    }
}

/// 503, each with the time to come back.
async fn unavailable(rows: &mut Rows) {
    let issuer = Issuer::new();
    issuer.set_up(false);
    let (webhook, mut notifications) = Webhook::stream("/api/calls", issuer.check(), Limits::default(), 2);
    let served = serve_webhook(webhook).await;
    let post = Post::new(&issuer.token());
    rows.check("503, no keys", &post.send(served.address).await, 503, Some(("retry-after", "1")));
    issuer.set_up(true);
    ready(served.address).await;
    rows.check("202, with keys", &post.send(served.address).await, 202, None);
    let two = post.clone().body(body(&[item("1"), item("2")]));
    rows.check("503, full", &two.send(served.address).await, 503, Some(("retry-after", "1")));
    notifications.recv().await.unwrap();
    rows.check("202, room again", &two.send(served.address).await, 202, None);
    drop(notifications);
    rows.check("503, nobody takes it", &post.send(served.address).await, 503, Some(("retry-after", "5")));
    let mut seen = 0;
    for attempt in 0..5 {
        let stranger = Post::new(&issuer.sign(&format!("unknown-{attempt}"), &Issuer::claims()));
        let answer = stranger.send(served.address).await;
        if answer.status == 503 {
            seen += 1;
            assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() <= 30);
            rows.check("503, too many unknown keys", &answer, 503, None);
        } else {
            rows.check("401, unknown key", &answer, 401, None);
        }
    }
    assert!(seen >= 2, "{seen}");

    let issuer = Issuer::new();
    let mut limits = Limits::default();
    limits.call_queue = 2;
    let served = serve(bot(&issuer, Stuck).limits(limits).build().unwrap()).await;
    let event = json!({
        "changeType": "updated", "resourceUrl": "/communications/calls/57dab8b1",
        "resourceData": {"@odata.type": "#microsoft.graph.call", "state": "established"},
    });
    let post = Post::new(&issuer.token()).body(body(&[event]));
    let mut last = post.send(served.address).await;
    for _ in 0..10 {
        if last.status == 202 {
            rows.check("202, room in the call's queue", &last, 202, None);
            last = post.send(served.address).await;
        }
    }
    rows.check("503, the call's queue is full", &last, 503, Some(("retry-after", "1")));
}
