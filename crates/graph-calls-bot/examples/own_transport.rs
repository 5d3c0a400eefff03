//! A bot without the feature `http`: the transport is one's own, here hyper's plain client.
//!
//! `cargo run -p graph-calls-bot --no-default-features --features test-util --example own_transport`

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use graph_calls_bot::{
    AllowedTenants, App, Bot, CallContext, CallEvent, CallHandler, HandlerError, IssuerConfig, TokenCheck,
    TokenCheckConfig,
    core::{
        BoxError, Certainty, Client, Cloud, FixedToken, RequestInfo, Transport, TransportError,
        TransportErrorKind, Wall,
    },
    model::{AppId, CallbackUri, RejectReason},
};
use graph_calls_emulator::{Colour, Emulator, IncomingCall};
use http::{Request, Response, Uri, header::HOST};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tower::{service_fn, util::BoxCloneSyncService};

/// Rejects every call.
struct Closed {
    over: Arc<Notify>,
}

#[async_trait]
impl CallHandler for Closed {
    type Memory = ();

    async fn on_event(&self, call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
        match event {
            CallEvent::Incoming(_) => call.reject(RejectReason::Busy),
            CallEvent::Terminated(_) => self.over.notify_one(),
            _ => {}
        }
        Ok(())
    }
}

async fn send(mut request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
    let uri = std::mem::take(request.uri_mut());
    let authority = uri.authority().ok_or("the client completes every URI")?;
    let stream = TcpStream::connect(authority.as_str()).await;
    let unsent = |error| TransportError::new(TransportErrorKind::Connect, Certainty::Unsent, error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream.map_err(unsent)?)).await?;
    tokio::spawn(connection);
    *request.uri_mut() = uri.path_and_query().map_or("/", |path| path.as_str()).parse::<Uri>()?;
    request.headers_mut().insert(HOST, authority.as_str().parse()?);
    if let Some(info) = request.extensions().get::<RequestInfo>() {
        info.hand_over();
    }
    let (head, body) = sender.send_request(request.map(Full::new)).await?.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let emulator = Emulator::builder().port(0).start().await?;
    let env = emulator.env();
    let transport: Transport = BoxCloneSyncService::new(service_fn(send));

    let login = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope={}/.default",
        env.app_id, env.client_secret, env.graph
    );
    let login = Request::post(format!("{}/{}/oauth2/v2.0/token", env.login, env.tenant_id))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(login))?;
    let answer: serde_json::Value = serde_json::from_slice(send(login).await?.body())?;
    let token = FixedToken::new(
        answer.get("access_token").and_then(|token| token.as_str()).ok_or("the login gives a token")?,
    )?;
    let client =
        Client::builder(transport.clone()).cloud(Cloud::emulator(emulator.url())?).token(token).build();

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let webhook = format!("http://{}/api/calls", listener.local_addr()?);
    emulator.set_webhook(&webhook).await?;
    let app = AppId::new(&env.app_id)?;
    let issuer = IssuerConfig::emulator(env.issuer.clone(), &env.openid)?;
    let trusted = TokenCheckConfig::new([app.clone()], AllowedTenants::Any).with_issuers([issuer]);
    let over = Arc::new(Notify::new());
    let bot = Bot::builder()
        .app(App::new(app, client).handler(Closed { over: Arc::clone(&over) }))
        .callback(CallbackUri::emulated(&webhook)?)
        .token_check(TokenCheck::new(trusted, &transport, Wall::system())?)
        .drain_delay(Duration::ZERO)
        .build()?;
    let stop = Arc::new(Notify::new());
    let stopped = Arc::clone(&stop);
    let serving = tokio::spawn(async move { bot.serve_on(listener, stopped.notified()).await });

    let call = emulator.incoming(IncomingCall::from_user("b0000000-0000-4000-8000-000000000001")).await?;
    over.notified().await;
    stop.notify_one();
    serving.await??;
    println!("{}", emulator.ladder(&call, Colour::Never));
    emulator.shutdown().await;
    Ok(())
}
