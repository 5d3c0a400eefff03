//! The bot's own server, over sockets on loopback: its limits, its health pages and its end.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test's helpers fail the test")]

mod support;

use std::{net::SocketAddr, time::Duration};

use graph_calls_bot::{BotBuilder, Limits};
use serde_json::{Value, json};
use support::{Answer, Idle, Issuer, PATIENCE, Post, Served, bot, get, ready, said, sent, short};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

async fn serve(bot: BotBuilder) -> Served {
    support::serve(bot.build().unwrap()).await
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

#[tokio::test]
async fn health_pages_answer_and_strangers_are_refused() {
    let served = serve(bot(&Issuer::new(), Idle)).await;
    ready(served.address).await;
    assert_eq!(get(served.address, "/livez").await.status, 200);
    assert!(get(served.address, "/version").await.body.contains(env!("CARGO_PKG_VERSION")));
    assert_eq!(get(served.address, "/api/calls").await.status, 405);
    assert_eq!(get(served.address, "/elsewhere").await.status, 405);
    let post = "POST /api/calls HTTP/1.1\r\nhost: bot\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(sent(served.address, post).await.status, 401);
}

#[tokio::test]
async fn who_is_not_ready_says_why_until_the_keys_are_there() {
    let issuer = Issuer::new();
    issuer.set_up(false);
    let served = serve(bot(&issuer, Idle).emulated(true)).await;
    let waiting = async {
        loop {
            let answer = get(served.address, "/readyz").await;
            let page = json(&answer);
            if page["parts"]["keys"]["why"] == "the issuer's keys could not be fetched"
                && page["parts"]["token"]["ready"] == true
            {
                break (answer.status, page);
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    let (status, page) = timeout(PATIENCE, waiting).await.unwrap();
    assert_eq!(status, 503);
    assert_eq!(page["parts"]["token"], json!({"ready": true, "why": null}));
    assert_eq!(
        (&page["ready"], &page["draining"], &page["emulator"]),
        (&json!(false), &json!(false), &json!(true))
    );
    issuer.set_up(true);
    ready(served.address).await;
}

/// The connection ends, whatever is done on it: nothing but an end within the test's patience counts.
async fn is_cut(mut stream: TcpStream, drip: Option<(&'static [u8], Duration)>) -> String {
    let (mut reading, mut writing) = stream.split();
    let dripping = async {
        if let Some((bytes, pause)) = drip {
            for byte in bytes.iter().cycle() {
                sleep(pause).await;
                if writing.write_all(&[*byte]).await.is_err() {
                    break;
                }
            }
        }
        std::future::pending::<()>().await;
    };
    let mut text = Vec::new();
    let read = async {
        let _ = reading.read_to_end(&mut text).await;
    };
    tokio::select! {
        () = dripping => {}
        ended = timeout(PATIENCE, read) => ended.unwrap(),
    }
    String::from_utf8_lossy(&text).into_owned()
}

async fn connected(address: SocketAddr, beginning: impl AsRef<[u8]>) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(beginning.as_ref()).await.unwrap();
    stream
}

/// Reads one answer of a connection that stays.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        let byte = timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap();
        text.push(byte);
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn silent_slow_and_idle_clients_are_cut_by_their_limits() {
    let issuer = Issuer::new();
    let limits = short();
    let half = limits.head_time / 2;
    let served = serve(bot(&issuer, Idle).limits(limits)).await;
    let (address, post) = (served.address, Post::new(&issuer.token()));
    let unfinished = post.clone().header("content-length", "1000").bytes(true);
    let mut cut = 0;

    assert_eq!(is_cut(connected(address, "").await, None).await, "", "silent");
    let head = "POST /api/calls HTTP/1.1\r\nhost: b";
    assert_eq!(is_cut(connected(address, head).await, None).await, "", "a slow head");
    assert_eq!(is_cut(connected(address, "").await, Some((b"\r\n", half))).await, "", "empty lines");
    let dripped = is_cut(connected(address, head).await, Some((b"x", half))).await;
    assert_eq!(dripped, "", "a head, a byte at a time");
    cut += 4;

    for drip in [None, Some((&b" "[..], half))] {
        let slow = is_cut(connected(address, &unfinished).await, drip).await;
        assert!(slow.starts_with("HTTP/1.1 408 "), "a slow body: {slow:?}");
        cut += 1;
    }

    for drip in [None, Some((&b"P"[..], half))] {
        let mut kept = connected(address, post.bytes(true)).await;
        for _ in 0..2 {
            assert!(one_answer(&mut kept).await.starts_with("HTTP/1.1 202 "));
            kept.write_all(&post.bytes(true)).await.unwrap();
        }
        assert!(one_answer(&mut kept).await.starts_with("HTTP/1.1 202 "));
        assert_eq!(is_cut(kept, drip).await, "", "an idle connection");
        cut += 1;
    }

    let mut stranger = connected(address, Post::new("x").bytes(true)).await;
    assert!(said(&mut stranger).await.starts_with("HTTP/1.1 401 "), "a stranger keeps no connection");
    cut += 1;
    println!("I8: {cut} kinds of slow clients: each cut");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_until_one_ends() {
    let mut limits = Limits::default();
    limits.connections = 1;
    limits.head_time = Duration::from_millis(100);
    let served = serve(bot(&Issuer::new(), Idle).limits(limits)).await;
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    let second = get(served.address, "/livez").await;
    assert_eq!(second.status, 200);
    // The second was served, so the first must have been cut by then.
    assert_eq!(silent.try_read(&mut [0; 1]).unwrap_or(0), 0);
    assert_eq!(said(&mut silent).await, "");
}

#[tokio::test]
async fn told_to_stop_it_says_so_first_and_then_takes_nobody_any_more() {
    let issuer = Issuer::new();
    let mut served = serve(bot(&issuer, Idle).drain_delay(Duration::from_millis(300))).await;
    ready(served.address).await;
    served.stop.take().unwrap().send(()).unwrap();
    let mut last = get(served.address, "/readyz").await;
    while last.status != 503 {
        last = get(served.address, "/readyz").await;
    }
    assert_eq!(json(&last)["draining"], true);
    // Not ready, and yet nobody is turned away.
    assert_eq!(Post::new(&issuer.token()).send(served.address).await.status, 202);
    timeout(PATIENCE, served.server).await.expect("it ends").unwrap();
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn the_numbers_have_every_name_and_no_id_and_no_secret() {
    const NAMES: [&str; 18] = [
        "calls_live",
        "calls_ended_total",
        "answer_seconds",
        "notifications_total",
        "notification_seconds",
        "handler_seconds",
        "events_dead_total",
        "commands_total",
        "in_doubt_total",
        "request_seconds",
        "retries_total",
        "throttled_seconds",
        "token_age_seconds",
        "keys_age_seconds",
        "inbox_depth",
        "lease_takeovers_total",
        "store_seconds",
        "keep_alive_overdue",
    ];
    let issuer = Issuer::new();
    let served = serve(bot(&issuer, Idle)).await;
    ready(served.address).await;
    let (call, reference) = ("57dab8b1-894c-409a-b240-bd8beae78896", "0f".repeat(16));
    let post = Post::new(&issuer.token()).body(support::body(&[support::item(call), json!(7)]));
    let post =
        post.path(&format!("/api/calls/c/{reference}/1")).header("x-microsoft-skype-message-id", "m-17");
    assert_eq!(post.send(served.address).await.status, 202);
    assert_eq!(Post::new("planted-callback-token").send(served.address).await.status, 401);

    let answer = get(served.address, "/metrics").await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
    let page = &answer.body;
    for name in NAMES {
        let name = format!("graph_calls_{name}");
        assert!(page.contains(&format!("# TYPE {name} ")), "{name}: {page}");
        let counted = page.lines().any(|line| line.starts_with(&name) && !line.starts_with('#'));
        assert!(counted, "{name}: {page}");
    }
    let described = page.lines().filter(|line| line.starts_with("# TYPE ")).count();
    assert_eq!(described, NAMES.len(), "a name that is not in the list: {page}");
    for line in [
        r#"graph_calls_notifications_total{kind="call",result="accepted"} 1"#,
        r#"graph_calls_notifications_total{kind="unrecognized",result="accepted"} 1"#,
        r#"graph_calls_notifications_total{kind="unread",result="unauthorized"} 1"#,
        "graph_calls_notification_seconds_count 2",
    ] {
        assert!(page.lines().any(|one| one == line), "{line}: {page}");
    }
    let age = page.lines().find_map(|line| line.strip_prefix("graph_calls_keys_age_seconds ")).unwrap();
    assert!(age.parse::<f64>().unwrap() >= 0.0, "{age}");
    let token = issuer.token();
    let secrets = [
        call,
        &reference,
        "m-17",
        support::APP,
        support::TENANT,
        support::TOKEN_FOR_GRAPH,
        &token,
        "planted-callback-token",
    ];
    for secret in secrets {
        assert!(!page.contains(secret), "{secret}: {page}");
    }
}
