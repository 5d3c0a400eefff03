//! The core over a transport of one's own: here hyper's plain client, a connection per request.
//!
//! `cargo run -p examples --example core_own_transport`

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use bytes::Bytes;
use graph_calls_core::{
    BoxError, Certainty, Client, Cloud, CreateCall, DeleteCall, FixedToken, RequestInfo, Transport,
    TransportError, TransportErrorKind,
    model::{CallbackUri, CreateCallBody, InvitationParticipantInfo, TenantId},
};
use graph_calls_emulator::Emulator;
use http::{Request, Response, Uri, header::HOST};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::{service_fn, util::BoxCloneSyncService};

/// A transport says of each failure how sure it is that the request had no effect.
async fn send(mut request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
    let unsent = |kind, error: BoxError| TransportError::new(kind, Certainty::Unsent, error);
    let uri = std::mem::take(request.uri_mut());
    let authority = uri.authority().ok_or("the client completes every URI")?;
    let stream = TcpStream::connect(authority.as_str()).await;
    let stream = stream.map_err(|error| unsent(TransportErrorKind::Connect, error.into()))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    *request.uri_mut() = uri.path_and_query().map_or("/", |path| path.as_str()).parse::<Uri>()?;
    request.headers_mut().insert(HOST, authority.as_str().parse()?);
    // From here on a failure leaves open what happened, and the client must know.
    if let Some(info) = request.extensions().get::<RequestInfo>() {
        info.hand_over();
    }
    let response = sender.send_request(request.map(Full::new)).await?;
    let (head, body) = response.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let emulator = Emulator::builder().port(0).start().await?;
    let transport: Transport = BoxCloneSyncService::new(service_fn(send));

    let login = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope={}/.default",
        emulator.env().app_id,
        emulator.env().client_secret,
        emulator.env().graph
    );
    let login =
        Request::post(format!("{}/{}/oauth2/v2.0/token", emulator.env().login, emulator.env().tenant_id))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(login))?;
    let answer: serde_json::Value = serde_json::from_slice(send(login).await?.body())?;
    let token = FixedToken::new(
        answer.get("access_token").and_then(|token| token.as_str()).ok_or("the login gives a token")?,
    )?;

    let client = Client::builder(transport).cloud(Cloud::emulator(emulator.url())?).token(token).build();
    let callback = CallbackUri::emulated("http://127.0.0.1:9/nobody-listens-here")?;
    let adele = InvitationParticipantInfo::user("b0000000-0000-4000-8000-000000000001");
    let body = CreateCallBody::to(adele, callback).with_tenant_id(TenantId::new(&emulator.env().tenant_id)?);
    let created = client.send(CreateCall::new(body)).await?;
    println!("created {}", created.id);
    tokio::time::sleep(Duration::from_millis(200)).await;
    client.send(DeleteCall::new(created.id.clone())).await?;
    println!("hung up; {:?}", client.stats());
    assert!(client.send(DeleteCall::new(created.id)).await.is_err_and(|error| error.is_not_found()));
    emulator.shutdown().await;
    Ok(())
}
