//! Sending a request: what the stack adds to the transport below it, in memory and over a socket.

#![allow(missing_docs, reason = "criterion's macro makes public functions")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up must not run")]

mod loopback;
mod naive;
mod timing;

use std::time::Duration;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use graph_calls_core::{
    ApiRequest as _, BoxError, Client, Cloud, FixedToken, RejectCall, RequestInfo, Transport,
    model::{CallId, RejectReason},
};
use graph_calls_http::HttpTransport;
use http::{Response, StatusCode};
use http_body_util::Full;
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
    let client = Client::builder(transport.clone())
        .cloud(Cloud::emulator(&root).unwrap())
        .token(FixedToken::new(&token).unwrap())
        .build();
    // Without certificates, so that it can be made everywhere, and past any proxy.
    let bare = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let mut connection = runtime.block_on(loopback::Connection::open(address));
    let mut group = criterion.benchmark_group("stack (loopback)");
    group.bench_function("bound: bare hyper, request prebuilt", |b| {
        let prebuilt = || {
            let mut request = naive::reject::by_hand("", &token, CALL).map(Full::new);
            request.headers_mut().insert("host", address.to_string().parse().unwrap());
            request
        };
        timing::time(b, &runtime, prebuilt, async |request| connection.send(request).await);
    });
    group.bench_function("bound: bare transport, request prebuilt", |b| {
        let mut transport = transport.clone();
        let prebuilt = || naive::reject::by_hand(&root, &token, CALL);
        timing::time(b, &runtime, prebuilt, async |request| transport.call(request).await.unwrap());
    });
    group.bench_function("naive: bare reqwest", |b| {
        timing::time(
            b,
            &runtime,
            || (),
            async |()| {
                naive::reject::with_reqwest(&bare, &root, &token, CALL).await.unwrap();
            },
        );
    });
    group.bench_function("ours: client", |b| {
        timing::time(b, &runtime, reject, async |request| client.send(request).await.unwrap());
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
