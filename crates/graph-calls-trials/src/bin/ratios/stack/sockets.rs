//! The same request over sockets: bare hyper-util, bare reqwest, and our stack over our transport.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use graph_calls_core::{Client, Cloud, FixedToken};
use graph_calls_http::HttpTransport;
use http::StatusCode;
use tokio::task::JoinSet;

use super::{by_hand::Caller, requests, runtime, token};
use crate::{
    loopback,
    report::{self, Bound::AtMost, Limit, Quantity::Nanoseconds},
};

const TABLE: &str = "over loopback, a request";
const ROWS: [&str; 2] = ["one after another", "64 at once"];
const AT_ONCE: u32 = 64;

/// Who sends what the caller wrote by hand, or the typed request.
#[derive(Clone)]
enum Sender {
    HyperUtil(Arc<loopback::Pool>),
    Reqwest(reqwest::Client),
    Ours(Client),
}

type Work<'w> = Box<dyn Fn() + 'w>;

pub(super) fn limits() {
    for row in ROWS {
        let limit = Limit {
            rule: "ours to bare reqwest in time (target 1.08)",
            of: Nanoseconds("ours"),
            to: Nanoseconds("reqwest"),
            bound: AtMost(1.3),
        };
        report::limit(TABLE, row, &limit);
    }
}

/// How long each takes.
pub(crate) fn time() {
    let runtime = runtime();
    let address = runtime.block_on(loopback::server());
    let root = format!("http://{address}");
    let entered = runtime.enter();
    let senders = [
        ("reqwest", Sender::Reqwest(bare_reqwest())),
        ("hyper-util", Sender::HyperUtil(Arc::new(loopback::Pool::new()))),
        ("ours", Sender::Ours(client(&root))),
    ];
    drop(entered);
    let caller = Rc::new(RefCell::new(Caller::new(&root, &token())));
    for row in ROWS {
        let work: Vec<(&str, Work<'_>)> = senders
            .iter()
            .map(|(column, sender)| {
                let (runtime, sender, caller) = (&runtime, sender.clone(), Rc::clone(&caller));
                let work: Work<'_> = if row == ROWS[0] {
                    Box::new(move || runtime.block_on(one_after_another(&sender, &caller)))
                } else {
                    Box::new(move || runtime.block_on(at_once(&sender, &caller)))
                };
                (*column, work)
            })
            .collect();
        let columns: Vec<(&str, &dyn Fn())> = work.iter().map(|(column, work)| (*column, &**work)).collect();
        report::time(TABLE, row, &columns, AT_ONCE.into());
    }
}

async fn one_after_another(sender: &Sender, caller: &RefCell<Caller>) {
    for _ in 0..AT_ONCE {
        let sent = sender.send(&mut caller.borrow_mut());
        assert_eq!(sent.await, StatusCode::ACCEPTED);
    }
}

async fn at_once(sender: &Sender, caller: &RefCell<Caller>) {
    let mut sending = JoinSet::new();
    for _ in 0..AT_ONCE {
        sending.spawn(sender.send(&mut caller.borrow_mut()));
    }
    while let Some(sent) = sending.join_next().await {
        assert_eq!(sent.expect("no panic"), StatusCode::ACCEPTED);
    }
}

impl Sender {
    fn send(&self, caller: &mut Caller) -> impl Future<Output = StatusCode> + Send + 'static {
        let request = requests::reject();
        let sender = self.clone();
        let built = match sender {
            Sender::Ours(_) => None,
            _ => Some(caller.build(&request)),
        };
        async move {
            match (sender, built) {
                (Sender::HyperUtil(pool), Some(built)) => pool.send(built).await,
                (Sender::Reqwest(client), Some(built)) => {
                    let (parts, body) = built.into_parts();
                    let request = client.request(parts.method, parts.uri.to_string());
                    let response = request.headers(parts.headers).body(body).send().await.expect("an answer");
                    let status = response.status();
                    response.bytes().await.expect("a body");
                    status
                }
                (Sender::Ours(client), _) => {
                    client.send(request).await.expect("an answer");
                    StatusCode::ACCEPTED
                }
                _ => panic!("nothing was built"),
            }
        }
    }
}

/// Past any proxy and without certificates, so that it can be made everywhere; and told to do what ours is told: it
/// follows nothing, repeats nothing and says who it is.
fn bare_reqwest() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .user_agent(concat!("graph-calls/", env!("CARGO_PKG_VERSION")))
        .build()
        .expect("a client")
}

fn client(root: &str) -> Client {
    Client::builder(HttpTransport::emulator().expect("a transport").into_transport())
        .cloud(Cloud::emulator(root).expect("a cloud"))
        .token(FixedToken::new(&token()).expect("a token"))
        .build()
}
