//! Sending a request: what the stack adds to the transport below it, in memory and over a socket.

#![allow(missing_docs, reason = "criterion's macro makes public functions")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up must not run")]

#[allow(dead_code, reason = "each bench uses a part of it")]
mod loopback;
mod naive;
mod timing;

use std::time::Duration;

use bytes::Bytes;
use criterion::{BatchSize, Bencher, Criterion, Throughput, criterion_group, criterion_main};
use graph_calls_core::{
    ApiRequest as _, BoxError, Client, Cloud, FixedToken, RejectCall, RequestInfo, Transport,
    model::{CallId, RejectReason},
};
use graph_calls_http::HttpTransport;
use http::{Response, StatusCode};
use tokio::{runtime::Runtime, task::JoinSet};
use tower::{Service as _, service_fn, util::BoxCloneSyncService};

const GRAPH: &str = "https://graph.microsoft.com";
const CALL: &str = "57dab8b1-894c-409a-b240-bd8beae78896";

/// As long as real ones are.
fn token() -> String {
    "eyJ0eXAiOiJKV1Qi".repeat(100)
}

fn reject() -> RejectCall {
    RejectCall::new(CallId::new(CALL).unwrap(), RejectReason::Busy)
}

/// Answers 202 at once.
fn ready() -> Transport {
    BoxCloneSyncService::new(service_fn(async |request: http::Request<Bytes>| {
        if let Some(info) = request.extensions().get::<RequestInfo>() {
            info.hand_over();
        }
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::ACCEPTED;
        Ok::<_, BoxError>(response)
    }))
}

fn in_memory(criterion: &mut Criterion) {
    let runtime = timing::runtime();
    let token = token();
    let client = Client::builder(ready()).token(FixedToken::new(&token).unwrap()).build();
    let mut transport = ready();
    let mut group = criterion.benchmark_group("stack (ready transport)");
    group.bench_function("bound: bare transport, request prebuilt", |b| {
        let prebuilt = || naive::reject::by_hand(GRAPH, &token, CALL);
        timing::time(b, &runtime, prebuilt, async |request| transport.call(request).await.unwrap());
    });
    group.bench_function("naive: bare transport, request by hand", |b| {
        timing::time(
            b,
            &runtime,
            || (),
            async |()| transport.call(naive::reject::by_hand(GRAPH, &token, CALL)).await.unwrap(),
        );
    });
    group.bench_function("ours: the request alone", |b| {
        b.iter_batched_ref(reject, |request| request.to_http().unwrap(), BatchSize::SmallInput);
    });
    group.bench_function("ours: client", |b| {
        timing::time(b, &runtime, reject, async |request| client.send(request).await.unwrap());
    });
    group.finish();
}

fn over_loopback(criterion: &mut Criterion) {
    let runtime = timing::runtime();
    let token = token();
    let address = runtime.block_on(loopback::server());
    let root = format!("http://{address}");
    let transport = HttpTransport::emulator().unwrap().into_transport();
    let client = Client::builder(transport)
        .cloud(Cloud::emulator(&root).unwrap())
        .token(FixedToken::new(&token).unwrap())
        .build();
    let pool = loopback::Pool::new();
    let bare = bare_reqwest();
    for (name, at_once) in [("stack (loopback)", 1), ("stack (loopback, 64 at once)", 64)] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(at_once));
        group.bench_function("bound: bare hyper-util", |b| {
            together(b, &runtime, at_once, || {
                let (pool, request) = (pool.clone(), naive::reject::by_hand(&root, &token, CALL));
                async move { assert_eq!(pool.send(request).await, StatusCode::ACCEPTED) }
            });
        });
        group.bench_function("naive: bare reqwest", |b| {
            together(b, &runtime, at_once, || {
                let (bare, root, token) = (bare.clone(), root.clone(), token.clone());
                async move { naive::reject::with_reqwest(&bare, &root, &token, CALL).await.unwrap() }
            });
        });
        group.bench_function("ours: client", |b| {
            together(b, &runtime, at_once, || {
                let client = client.clone();
                async move { client.send(reject()).await.unwrap() }
            });
        });
        group.finish();
    }
}

/// Without certificates, so that it can be made everywhere, and past any proxy. As ours it follows nothing.
fn bare_reqwest() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .build()
        .unwrap()
}

/// Times so many at once, one being a case of many.
fn together<F: Future<Output = ()> + Send + 'static>(
    bencher: &mut Bencher<'_>,
    runtime: &Runtime,
    at_once: u64,
    send: impl Fn() -> F,
) {
    let inputs = || (0..at_once).map(|_| send()).collect::<Vec<_>>();
    timing::time(bencher, runtime, inputs, async |sends: Vec<F>| {
        let mut sending: JoinSet<()> = sends.into_iter().collect();
        while let Some(sent) = sending.join_next().await {
            sent.unwrap();
        }
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = in_memory, over_loopback
}
criterion_main!(benches);
