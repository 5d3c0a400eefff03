//! From a POST with a known token to the event in the handler, in memory and over a socket.

#![allow(missing_docs, reason = "criterion's macro makes public functions")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up must not run")]

#[allow(dead_code, reason = "each bench uses a part of it")]
mod loopback;
mod naive;
mod signer;
mod timing;

use std::time::Duration;

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
use loopback::Connection;
use serde::de::IgnoredAny;
use signer::{APP, ISSUER, Signer};
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use tower::{Service as _, service_fn, util::BoxCloneSyncService};

/// A notification of a live call in the shape of captures; what changed goes in at `CHANGE`.
const BODY: &str = include_str!("bodies/wire-change.json");

type Post = Request<Full<Bytes>>;

/// POSTs of which none repeats what is known.
struct Posts {
    token: String,
    host: String,
    active: bool,
}

impl Posts {
    fn new(signer: &Signer, host: &impl ToString) -> Self {
        Self { token: signer.token(), host: host.to_string(), active: false }
    }

    /// The audio stops flowing or flows again: an event every time, and the call knows no more than before.
    fn next(&mut self) -> Post {
        self.active = !self.active;
        let audio = if self.active { "active" } else { "inactive" };
        let state = r##""mediaState":{"@odata.type":"#microsoft.graph.callMediaState","audio":"AUDIO"}"##;
        self.post(&state.replace("AUDIO", audio))
    }

    /// A pressed key.
    fn key(&self, sequence: u32) -> Post {
        let tone =
            r##""toneInfo":{"@odata.type":"#microsoft.graph.toneInfo","sequenceId":ID,"tone":"tone1"}"##;
        self.post(&tone.replace("ID", &sequence.to_string()))
    }

    fn post(&self, change: &str) -> Post {
        let body = BODY.trim_end().replace("CHANGE", change);
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

struct Listener(UnboundedSender<()>);

#[async_trait]
impl CallHandler for Listener {
    type Memory = ();

    async fn on_event(&self, _call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
        if let CallEvent::MediaActive | CallEvent::MediaInactive = event {
            self.0.send(())?;
        }
        Ok(())
    }
}

/// A bot, and what its handler is told. It must be made inside a runtime.
fn bot(signer: &Signer) -> (Bot, UnboundedReceiver<()>) {
    let (events, told) = unbounded_channel();
    let app = AppId::new(APP).unwrap();
    let config = TokenCheckConfig::new([app.clone()], AllowedTenants::Any);
    let nothing: Transport = BoxCloneSyncService::new(service_fn(async |_: Request<Bytes>| {
        Err::<Response<Bytes>, BoxError>("the handler sends nothing".into())
    }));
    let bot = Bot::builder()
        .app(App::new(app, Client::builder(nothing).build()).handler(Listener(events)))
        .callback(CallbackUri::new("https://bot.example/api/calls").unwrap())
        .token_check(TokenCheck::new(config, &signer.documents(), Wall::system()).unwrap())
        .build()
        .unwrap();
    (bot, told)
}

fn naive_bot(signer: &Signer) -> (axum::Router, UnboundedReceiver<String>) {
    let (events, told) = unbounded_channel();
    let key = (signer.modulus.as_str(), signer.exponent.as_str());
    (naive::webhook::Bot::new(key, ISSUER, APP, events).router(), told)
}

/// The least that a webhook does which reads what it was sent and leaves the work to somebody else.
async fn skip(request: Post, events: UnboundedSender<()>) -> StatusCode {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice::<IgnoredAny>(&body).unwrap();
    tokio::spawn(async move { events.send(()) });
    StatusCode::ACCEPTED
}

fn in_memory(criterion: &mut Criterion) {
    let runtime = timing::runtime();
    let signer = Signer::new();
    let posts = || Posts::new(&signer, &"bot.example");
    let mut group = criterion.benchmark_group("webhook (in memory)");
    group.throughput(Throughput::Elements(1));

    let mut to_skip = posts();
    let (events, mut told) = unbounded_channel();
    group.bench_function("bound: skip all, wake a task", |b| {
        let round = async |request| {
            assert_eq!(skip(request, events.clone()).await, StatusCode::ACCEPTED);
            told.recv().await.unwrap();
        };
        timing::time(b, &runtime, || to_skip.next(), round);
    });

    let mut to_axum = posts();
    let (mut router, mut told) = naive_bot(&signer);
    group.bench_function("naive: axum, JWT crate", |b| {
        let round = async |request: Post| {
            assert_eq!(router.call(request).await.unwrap().status(), StatusCode::ACCEPTED);
            told.recv().await.unwrap()
        };
        timing::time(b, &runtime, || to_axum.next(), round);
    });

    // What a call has behind it should not matter to what comes next.
    for (name, keys) in [("ours: webhook to event", 0), ("ours: the same after 256 keys", 256)] {
        let mut to_bot = posts();
        let (bot, mut told) = runtime.block_on(async { bot(&signer) });
        let mut webhook = bot.webhook();
        for key in 0..keys {
            let answered = runtime.block_on(webhook.call(to_bot.key(key))).unwrap();
            assert_eq!(answered.status(), StatusCode::ACCEPTED);
        }
        runtime.block_on(bot.settled());
        group.bench_function(name, |b| {
            let round = async |request: Post| {
                assert_eq!(webhook.call(request).await.unwrap().status(), StatusCode::ACCEPTED);
                told.recv().await.unwrap();
            };
            timing::time(b, &runtime, || to_bot.next(), round);
        });
    }
    group.finish();
}

fn over_loopback(criterion: &mut Criterion) {
    let runtime = timing::runtime();
    let signer = Signer::new();
    let listen = || runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let connect = |address| (runtime.block_on(Connection::open(address)), Posts::new(&signer, &address));
    let mut group = criterion.benchmark_group("webhook (loopback)");
    group.throughput(Throughput::Elements(1));

    let (mut connection, mut posts) = connect(runtime.block_on(loopback::server()));
    group.bench_function("bound: bare hyper", |b| {
        let round = async |request| assert_eq!(connection.send(request).await, StatusCode::ACCEPTED);
        timing::time(b, &runtime, || posts.next(), round);
    });

    let listener = listen();
    let (mut connection, mut posts) = connect(listener.local_addr().unwrap());
    let (router, mut told) = naive_bot(&signer);
    let serving = runtime.spawn(async move { axum::serve(listener, router).await });
    group.bench_function("naive: axum, JWT crate", |b| {
        let round = async |request| {
            assert_eq!(connection.send(request).await, StatusCode::ACCEPTED);
            told.recv().await.unwrap()
        };
        timing::time(b, &runtime, || posts.next(), round);
    });
    serving.abort();

    let listener = listen();
    let (mut connection, mut posts) = connect(listener.local_addr().unwrap());
    let (bot, mut told) = runtime.block_on(async { bot(&signer) });
    let serving = runtime.spawn(bot.serve_on(listener, std::future::pending()));
    group.bench_function("ours: webhook to event", |b| {
        let round = async |request| {
            assert_eq!(connection.send(request).await, StatusCode::ACCEPTED);
            told.recv().await.unwrap();
        };
        timing::time(b, &runtime, || posts.next(), round);
    });
    serving.abort();
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
