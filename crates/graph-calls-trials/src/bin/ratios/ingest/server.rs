//! The servers, each run by a process of its own.

#[path = "../../../../../../benches/naive/webhook.rs"]
#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "no lint may move a frozen file"
)]
mod naive;

use std::{future::pending, io::Read as _, net::SocketAddr};

use async_trait::async_trait;
use bytes::Bytes;
use graph_calls_bot::{
    AllowedTenants, App, Bot, CallContext, CallEvent, CallHandler, HandlerError, TokenCheck, TokenCheckConfig,
};
use graph_calls_core::{BoxError, Client, FixedToken, Transport, Wall};
use graph_calls_model::{AppId, CallbackUri};
use http::{Request, Response};
use serde_json::json;
use tokio::{net::TcpListener, sync::mpsc::unbounded_channel};
use tower::{service_fn, util::BoxCloneSyncService};

use super::BARE;
use crate::loopback;
use crate::signer::{APP, ISSUER, Signer};

struct Idle;

#[async_trait]
impl CallHandler for Idle {
    type Memory = ();
    async fn on_event(&self, _call: &mut CallContext<()>, _event: CallEvent) -> Result<(), HandlerError> {
        Ok(())
    }
}

/// Serves with one thread until standard input ends.
pub(crate) fn serve(kind: &str) {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let signer = Signer::new();
        let token = signer.token();
        let ready = |address: SocketAddr| println!("{}", json!({"address": address, "token": token}));
        if kind == BARE {
            ready(loopback::server().await);
            return pending().await;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        ready(listener.local_addr().expect("an address"));
        if kind == "naive" {
            let (events, mut told) = unbounded_channel();
            let key = (signer.modulus.as_str(), signer.exponent.as_str());
            let router = naive::Bot::new(key, ISSUER, APP, events).router();
            tokio::spawn(async move { while told.recv().await.is_some() {} });
            axum::serve(listener, router).await.expect("a listener");
        } else {
            bot(&signer).serve_on(listener, pending()).await.expect("a listener");
        }
    });
}

fn bot(signer: &Signer) -> Bot {
    let app = AppId::new(APP).expect("an id");
    let config = TokenCheckConfig::new([app.clone()], AllowedTenants::Any);
    let nothing: Transport = BoxCloneSyncService::new(service_fn(async |_: Request<Bytes>| {
        Err::<Response<Bytes>, BoxError>("the handler sends nothing".into())
    }));
    let client = Client::builder(nothing).token(FixedToken::new("t").expect("a token")).build();
    Bot::builder()
        .app(App::new(app, client).handler(Idle))
        .callback(CallbackUri::new("https://bot.example/api/calls").expect("a URI"))
        .token_check(TokenCheck::new(config, &signer.documents(), Wall::system()).expect("a check"))
        .build()
        .expect("a bot")
}
