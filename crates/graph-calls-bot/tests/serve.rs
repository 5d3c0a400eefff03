//! The bot's own server, over sockets on loopback: its limits, its health pages and its end.

#![allow(clippy::expect_used, reason = "a test's helpers fail the test")]

use std::{net::SocketAddr, time::Duration};

use async_trait::async_trait;
use graph_calls_bot::{
    AllowedTenants, App, Bot, CallContext, CallEvent, CallHandler, HandlerError, IssuerConfig, Limits,
    TokenCheck, TokenCheckConfig,
    core::{Client, FixedToken, Wall, test_util::ScriptedTransport},
    model::{AppId, CallbackUri},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(10);

struct Idle;

#[async_trait]
impl CallHandler for Idle {
    type Memory = ();
    async fn on_event(&self, _call: &mut CallContext<()>, _event: CallEvent) -> Result<(), HandlerError> {
        Ok(())
    }
}

struct Served {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

async fn serve(limits: Limits, drain_delay: Duration) -> Served {
    let transport = ScriptedTransport::new().transport();
    let app = AppId::new("a0000000-0000-4000-8000-000000000002").expect("an id");
    let issuer =
        IssuerConfig::emulator("https://issuer.example", "http://127.0.0.1:9/openid").expect("an issuer");
    let trusted = TokenCheckConfig::new([app.clone()], AllowedTenants::Any).with_issuers([issuer]);
    let client = Client::builder(transport.clone()).token(FixedToken::new("t").expect("a token")).build();
    let bot = Bot::builder()
        .app(App::new(app, client).handler(Idle))
        .callback(CallbackUri::emulated("http://127.0.0.1/api/calls").expect("a URI"))
        .token_check(TokenCheck::new(trusted, &transport, Wall::system()).expect("a check"))
        .limits(limits)
        .drain_delay(drain_delay)
        .build()
        .expect("a bot");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        bot.serve_on(listener, stopped).await.expect("a listener");
    });
    Served { address, stop: Some(stop), server }
}

/// What comes back until the other side closes.
async fn said(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut text)).await.expect("the connection is closed");
    String::from_utf8_lossy(&text).into_owned()
}

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nhost: bot\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    said(&mut stream).await
}

#[tokio::test]
async fn health_pages_answer_and_strangers_are_refused() {
    let served = serve(Limits::default(), Duration::ZERO).await;
    assert!(get(served.address, "/livez").await.starts_with("HTTP/1.1 200"));
    assert!(get(served.address, "/readyz").await.starts_with("HTTP/1.1 200"));
    assert!(get(served.address, "/version").await.contains(env!("CARGO_PKG_VERSION")));
    assert!(get(served.address, "/api/calls").await.starts_with("HTTP/1.1 405"));
    assert!(get(served.address, "/elsewhere").await.starts_with("HTTP/1.1 405"));
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let post = "POST /api/calls HTTP/1.1\r\nhost: bot\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(post.as_bytes()).await.unwrap();
    let refused = said(&mut stream).await;
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
}

#[tokio::test]
async fn a_slow_head_and_a_silent_connection_are_cut() {
    let mut limits = Limits::default();
    limits.head_time = Duration::from_millis(50);
    let served = serve(limits, Duration::ZERO).await;
    for beginning in ["", "POST /api/calls HTTP/1.1\r\nhost: b"] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        said(&mut stream).await;
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_until_one_ends() {
    let mut limits = Limits::default();
    limits.connections = 1;
    limits.head_time = Duration::from_millis(100);
    let served = serve(limits, Duration::ZERO).await;
    let _silent = TcpStream::connect(served.address).await.unwrap();
    let began = tokio::time::Instant::now();
    assert!(get(served.address, "/livez").await.starts_with("HTTP/1.1 200"));
    assert!(began.elapsed() >= Duration::from_millis(50), "the second did not wait for the first");
}

#[tokio::test]
async fn told_to_stop_it_says_so_first_and_then_takes_nobody_any_more() {
    let mut served = serve(Limits::default(), Duration::from_millis(300)).await;
    assert!(get(served.address, "/readyz").await.starts_with("HTTP/1.1 200"));
    served.stop.take().unwrap().send(()).unwrap();
    let mut last = String::new();
    while !last.starts_with("HTTP/1.1 503") {
        last = get(served.address, "/readyz").await;
    }
    assert!(last.contains("\"draining\":true"));
    timeout(PATIENCE, served.server).await.expect("it ends").unwrap();
    assert!(TcpStream::connect(served.address).await.is_err());
}
