//! Sending requests: our stack, beside the transport below it and a caller who writes the request by hand.

mod by_hand;
mod requests;
mod sockets;

use std::{
    future::Future,
    hint::black_box,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use graph_calls_core::{ApiRequest, BoxError, Client, FixedToken, RequestInfo, Transport};
use http::{Request, Response, StatusCode};
use tokio::runtime::{self, Runtime};
use tower::{Service as _, service_fn, util::BoxCloneSyncService};

use crate::report::{
    self,
    Bound::AtMost,
    Limit,
    Quantity::{AllocationsOver, Instructions, Number},
};
use by_hand::Caller;

pub(crate) use sockets::time;

const TABLE: &str = "ready transport";
const GRAPH: &str = "https://graph.microsoft.com";

/// As long as real ones are.
fn token() -> String {
    "eyJ0eXAiOiJKV1Qi".repeat(100)
}

pub(crate) fn measure() {
    report::columns(
        "by hand",
        &[("ours", "sparingly")],
        &["transport", "to_http", "by hand", "sparingly", "ours"],
    );
    row("reject", &requests::reject());
    row("play prompt", &requests::play_prompt());
    row("get call", &requests::get_call());
    row("invite of 5", &requests::invite_of_5());
    sockets::limits();
}

/// One request, in all its columns.
fn row<R: ApiRequest + Clone>(name: &str, request: &R) {
    let runtime = runtime();
    let _entered = runtime.enter();
    check(name, request);
    let mut transport = ready();
    let mut caller = Caller::new(GRAPH, &token());
    let client = client(ready());
    let built = report::inputs(|| caller.build(request));
    report::measure_with(TABLE, name, "transport", built, |built| {
        drop(black_box(now(transport.call(built)).expect("an answer")));
    });
    report::measure_with(TABLE, name, "to_http", report::inputs(|| request.clone()), |request| {
        drop(black_box(request.to_http().expect("a request")));
    });
    report::measure_with(TABLE, name, "by hand", report::inputs(|| request.clone()), |request| {
        let built = caller.build(black_box(&request));
        drop(black_box(now(transport.call(built)).expect("an answer")));
    });
    report::measure_with(TABLE, name, "sparingly", report::inputs(|| request.clone()), |request| {
        let built = caller.build_sparingly(black_box(&request));
        drop(black_box(now(transport.call(built)).expect("an answer")));
    });
    report::measure_with(TABLE, name, "ours", report::inputs(|| request.clone()), |request| {
        drop(black_box(now(client.send(black_box(request))).expect("an answer")));
    });
    for limit in limits() {
        report::limit(TABLE, name, &limit);
    }
}

fn limits() -> [Limit<'static>; 3] {
    [
        Limit {
            rule: "instructions of ours to by hand",
            of: Instructions("ours"),
            to: Instructions("by hand"),
            bound: AtMost(1.15),
        },
        Limit {
            rule: "allocations of ours over the transport",
            of: AllocationsOver("ours", "transport"),
            to: Number(1),
            bound: AtMost(24.0),
        },
        Limit {
            rule: "allocations of ours over by hand",
            of: AllocationsOver("ours", "by hand"),
            to: Number(1),
            bound: AtMost(24.0),
        },
    ]
}

/// Answers 202 at once. Like any transport it has something that its clones share.
fn ready() -> Transport {
    let status = Arc::new(StatusCode::ACCEPTED);
    BoxCloneSyncService::new(service_fn(move |request: Request<Bytes>| {
        let status = Arc::clone(&status);
        async move {
            if let Some(info) = request.extensions().get::<RequestInfo>() {
                info.hand_over();
            }
            Ok(answer(*status))
        }
    }))
}

fn answer(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

fn client(transport: Transport) -> Client {
    Client::builder(transport).token(FixedToken::new(&token()).expect("a token")).build()
}

/// One thread for all, so that nothing depends on which core wakes when.
fn runtime() -> Runtime {
    runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// What a future comes to that never waits. A runtime would add its own instructions to each side.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// All must have sent the same before it is said what that costs.
fn check<R: ApiRequest + Clone>(name: &str, request: &R) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&sent);
    let keeping = service_fn(move |request: Request<Bytes>| {
        keep.lock().expect("not poisoned").push(Sent::of(&request));
        std::future::ready(Ok::<_, BoxError>(answer(StatusCode::ACCEPTED)))
    });
    let mut transport = BoxCloneSyncService::new(keeping);
    let mut caller = Caller::new(GRAPH, &token());
    let by_hand = [caller.build(request), caller.build_sparingly(request)];
    now(client(transport.clone()).send(request.clone())).expect("an answer");
    for built in by_hand {
        now(transport.call(built)).expect("an answer");
    }
    let sent = sent.lock().expect("not poisoned");
    assert_eq!(sent.len(), 3, "{name}");
    assert_eq!(sent[0], sent[1], "{name}: ours and by hand");
    assert_eq!(sent[0], sent[2], "{name}: ours and by hand, sparingly");
    assert!(sent[0].headers.len() >= 6, "{name}: {:?}", sent[0].headers);
}

/// What of a request is on the wire. Its id is new each time: of that and what holds it only the length is compared.
#[derive(Debug, PartialEq)]
struct Sent {
    method: http::Method,
    uri: http::Uri,
    headers: Vec<(String, Vec<u8>)>,
    body: Bytes,
}

impl Sent {
    fn of(request: &Request<Bytes>) -> Self {
        let mut headers: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| {
                let mut value = value.as_bytes().to_vec();
                match name.as_str() {
                    "client-request-id" => value.fill(b'x'),
                    // What stands before the span is the trace, which the requests of a call share.
                    "traceparent" => value[36..52].fill(b'x'),
                    _ => {}
                }
                (name.as_str().to_owned(), value)
            })
            .collect();
        headers.sort();
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers,
            body: request.body().clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_and_by_hand_put_the_same_on_the_wire() {
        let runtime = runtime();
        let _entered = runtime.enter();
        check("reject", &requests::reject());
        check("play prompt", &requests::play_prompt());
        check("get call", &requests::get_call());
        check("invite of 5", &requests::invite_of_5());
    }
}
