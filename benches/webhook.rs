//! From a POST with a known token to the event in the handler, in memory and over a socket.

#![allow(missing_docs, reason = "criterion's macro makes public functions")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up must not run")]

mod loopback;
#[allow(dead_code, clippy::unwrap_used, reason = "shared, and each bench has use for a part of it")]
mod naive;
mod signer;
mod timing;

use std::{net::SocketAddr, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use graph_calls_bot::{
    AllowedTenants, App, Bot, CallContext, CallEvent, CallHandler, HandlerError, TokenCheck,
    TokenCheckConfig,
    core::{BoxError, Client, Transport, Wall},
    model::{AppId, CallbackUri},
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde::de::IgnoredAny;
use signer::{APP, ISSUER, Signer};
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use tower::{Service as _, service_fn, util::BoxCloneSyncService};

const TONE: &str = include_str!("bodies/wire-tone.json");

/// POSTs that tell one pressed key after the other: none repeats what is known.
struct Posts {
    token: String,
    host: String,
    sequence: u64,
}

impl Posts {
    fn new(signer: &Signer, host: impl ToString) -> Self {
        Self { token: signer.token(), host: host.to_string(), sequence: 0 }
    }

    fn next(&mut self) -> Request<Full<Bytes>> {
        self.sequence += 1;
        let body = TONE.trim_end().replace("SEQUENCE", &self.sequence.to_string());
        Request::post("/api/calls")
            .header("host", &self.host)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .header("user-agent", "Microsoft-Skype/3.0,(Calling/1.0)")
            .header("x-microsoft-skype-chain-id", "0f6a1d0e-6f0b-4e0a-9a43-5a7f2c7ce1c4")
            .header("x-microsoft-skype-message-id", "6a7b6e1c-8a5e-4f8e-9a61-2f3a0c6f7d10")
            .body(Full::from(body))
            .unwrap()
    }
}

struct Tones(UnboundedSender<()>);

#[async_trait]
impl CallHandler for Tones {
    type Memory = ();

    async fn on_event(&self, _call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
        if let CallEvent::Tone(_) = event {
            self.0.send(())?;
        }
        Ok(())
    }
}

/// A bot, and what its handler is told. It must be made inside a runtime.
fn bot(signer: &Signer) -> (Bot, UnboundedReceiver<()>) {
    let (tones, told) = unbounded_channel();
    let app = AppId::new(APP).unwrap();
    let config = TokenCheckConfig::new([app.clone()], AllowedTenants::Any);
    let nothing: Transport = BoxCloneSyncService::new(service_fn(async |_: Request<Bytes>| {
        Err::<Response<Bytes>, BoxError>("the handler sends nothing".into())
    }));
    let bot = Bot::builder()
        .app(App::new(app, Client::builder(nothing).build()).handler(Tones(tones)))
        .callback(CallbackUri::new("https://bot.example/api/calls").unwrap())
        .token_check(TokenCheck::new(config, &signer.documents(), Wall::system()).unwrap())
        .build()
        .unwrap();
    (bot, told)
}

fn naive_bot(signer: &Signer) -> (axum::Router, UnboundedReceiver<String>) {
    let (tones, told) = unbounded_channel();
    let key = (signer.modulus.as_str(), signer.exponent.as_str());
    (naive::webhook::Bot::new(key, ISSUER, APP, tones).router(), told)
}

/// The least that a webhook does which reads what it was sent and leaves the work to somebody else.
async fn skip(request: Request<Full<Bytes>>, told: UnboundedSender<()>) -> StatusCode {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice::<IgnoredAny>(&body).unwrap();
    tokio::spawn(async move { told.send(()) });
    StatusCode::ACCEPTED
}

fn in_memory(criterion: &mut Criterion) {
    let runtime = timing::runtime();
    let signer = Signer::new();
    let mut posts = Posts::new(&signer, "bot.example");
    let mut group = criterion.benchmark_group("webhook (in memory)");
    group.throughput(Throughput::Elements(1));
    group.bench_function("bound: skip all, wake a task", |b| {
        let (told, mut tones) = unbounded_channel();
        timing::time(
            b,
            &runtime,
            || posts.next(),
            async |request| {
                assert_eq!(skip(request, told.clone()).await, StatusCode::ACCEPTED);
                tones.recv().await.unwrap();
            },
        );
    });
    group.bench_function("naive: axum, JWT crate", |b| {
        let (mut router, mut tones) = naive_bot(&signer);
        timing::time(
            b,
            &runtime,
            || posts.next(),
            async |request| {
                assert_eq!(router.call(request).await.unwrap().status(), StatusCode::ACCEPTED);
                tones.recv().await.unwrap()
            },
        );
    });
    group.bench_function("ours: webhook to event", |b| {
        let (bot, mut tones) = runtime.block_on(async { bot(&signer) });
        let mut webhook = bot.webhook();
        timing::time(
            b,
            &runtime,
            || posts.next(),
            async |request| {
                assert_eq!(webhook.call(request).await.unwrap().status(), StatusCode::ACCEPTED);
                tones.recv().await.unwrap();
            },
        );
    });
    group.finish();
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn over_loopback(criterion: &mut Criterion) {
    let runtime = timing::runtime();
    let signer = Signer::new();
    let mut group = criterion.benchmark_group("webhook (loopback)");
    group.throughput(Throughput::Elements(1));
    group.bench_function("bound: bare hyper", |b| {
        let address = runtime.block_on(loopback::server());
        let mut connection = runtime.block_on(loopback::Connection::open(address));
        let mut posts = Posts::new(&signer, address);
        timing::time(
            b,
            &runtime,
            || posts.next(),
            async |request| {
                assert_eq!(connection.send(request).await, StatusCode::ACCEPTED);
            },
        );
    });
    group.bench_function("naive: axum, JWT crate", |b| {
        let (router, mut tones) = naive_bot(&signer);
        let (listener, address) = runtime.block_on(listen());
        let serving = runtime.spawn(async move { axum::serve(listener, router).await });
        let mut connection = runtime.block_on(loopback::Connection::open(address));
        let mut posts = Posts::new(&signer, address);
        timing::time(
            b,
            &runtime,
            || posts.next(),
            async |request| {
                assert_eq!(connection.send(request).await, StatusCode::ACCEPTED);
                tones.recv().await.unwrap()
            },
        );
        serving.abort();
    });
    group.bench_function("ours: webhook to event", |b| {
        let (bot, mut tones) = runtime.block_on(async { bot(&signer) });
        let (listener, address) = runtime.block_on(listen());
        let serving = runtime.spawn(bot.serve_on(listener, std::future::pending()));
        let mut connection = runtime.block_on(loopback::Connection::open(address));
        let mut posts = Posts::new(&signer, address);
        timing::time(
            b,
            &runtime,
            || posts.next(),
            async |request| {
                assert_eq!(connection.send(request).await, StatusCode::ACCEPTED);
                tones.recv().await.unwrap();
            },
        );
        serving.abort();
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = in_memory, over_loopback
}
criterion_main!(benches);
