//! The HTTP server: one port for login, Graph, documents and controls.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use graph_calls_model::ResourcePath;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts,
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    Env, control,
    deliver::header_list,
    engine::Message,
    login::{Login, TokenAnswer, Unauthorized},
    route::download_recording::RECORDINGS,
    summary,
    trace::{Draft, ExchangeKind, Lane, Trace},
    wall::Wall,
    wire::{self, Line, Payload, Wire},
    world::{Answer, ApiCall, ApiCaller, ControlError, Download, FaultPhase},
};

/// The most bytes of a request body.
const BODY_LIMIT: usize = 1 << 20;
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(10);
/// How long a head may take. It cuts idle connections too, so it is longer than clients keep those.
const HEAD_TIME: Duration = Duration::from_secs(120);

pub(crate) type Reply = Response<Bytes>;

/// What every connection shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) env: Env,
    pub(crate) login: Login,
    pub(crate) trace: Trace,
    pub(crate) wall: Wall,
    pub(crate) engine: mpsc::UnboundedSender<Message>,
}

impl Shared {
    /// Asks the engine; nobody answers when it was stopped.
    pub(crate) async fn ask<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<T>) -> Message,
    ) -> Result<T, ControlError> {
        let (send, answer) = oneshot::channel();
        self.engine.send(message(send)).map_err(|_| ControlError::Stopped)?;
        answer.await.map_err(|_| ControlError::Stopped)
    }
}

/// Accepts connections until told to stop.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely: the next moment may have some.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        connections.spawn(connection(stream, Arc::clone(&shared)));
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    if shared.ask(Message::Connect).await == Ok(true) {
        let _ = stream.set_zero_linger();
        return;
    }
    let _ = stream.set_nodelay(true);
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let line = Line::default();
    let service = service_fn(|request| {
        let (shared, line) = (Arc::clone(&shared), line.clone());
        async move { Ok::<_, Infallible>(answer(&shared, &line, request).await) }
    });
    let wire = TokioIo::new(Wire::new(stream, line.clone()));
    let mut exchange = pin!(server.serve_connection(wire, service));
    loop {
        tokio::select! {
            outcome = &mut exchange => {
                if let Err(error) = outcome {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            reset = line.changed() => if reset { return },
        }
    }
}

async fn answer(shared: &Shared, line: &Line, request: Request<Incoming>) -> Response<Payload> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    if path.starts_with("/v1.0/") || path.starts_with("/beta/") {
        return graph(shared, line, head, body).await;
    }
    match read(body).await {
        Ok(_) if path.starts_with(RECORDINGS) => recording(shared, line, head).await,
        Ok(body) => wire::whole(beside_graph(shared, &head, &body).await),
        Err(status) => wire::whole(empty(status)),
    }
}

async fn beside_graph(shared: &Shared, head: &Parts, body: &Bytes) -> Reply {
    let path = head.uri.path();
    if let Some(rest) = path.strip_prefix("/__emulator/v1/") {
        return control::answer(shared, &head.method, rest, &head.headers, body).await;
    }
    match (&head.method, path) {
        (&Method::GET, "/.well-known/openid-configuration") => {
            json_reply(StatusCode::OK, &shared.login.openid())
        }
        (&Method::GET, "/.well-known/keys") => json_reply(StatusCode::OK, &shared.login.keys()),
        (method, path) => match token_tenant(path) {
            Some(tenant) if *method == Method::POST => token(shared, path, tenant, &head.headers, body),
            Some(_) => with_header(empty(StatusCode::METHOD_NOT_ALLOWED), header::ALLOW, "POST"),
            None => empty(StatusCode::NOT_FOUND),
        },
    }
}

async fn read(body: Incoming) -> Result<Bytes, StatusCode> {
    match timeout(BODY_TIME, Limited::new(body, BODY_LIMIT).collect()).await {
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
    }
}

fn token_tenant(path: &str) -> Option<&str> {
    let tenant = path.strip_prefix('/')?.strip_suffix("/oauth2/v2.0/token")?;
    (!tenant.contains('/')).then_some(tenant)
}

fn token(shared: &Shared, path: &str, tenant: &str, headers: &HeaderMap, body: &[u8]) -> Reply {
    let TokenAnswer { status, body: answer } = shared.login.token(tenant, headers, body);
    let form: Value = url::form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let now = shared.wall.elapsed();
    let seq = shared.trace.record(Draft {
        method: Some("POST".to_owned()),
        path: Some(path.to_owned()),
        headers: header_list(headers),
        body: Some(form),
        ..Draft::new(now, ExchangeKind::Request, Lane::Bot, Lane::Service, "POST token".to_owned())
    });
    let summary = summary::response(status, Some(&answer));
    shared.trace.record(Draft {
        status: Some(status),
        answers: Some(seq),
        body: Some(answer.clone()),
        ..Draft::new(now, ExchangeKind::Response, Lane::Service, Lane::Bot, summary)
    });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    with_header(json_reply(status, &answer), header::CACHE_CONTROL, "no-store")
}

async fn graph(shared: &Shared, line: &Line, head: Parts, body: Incoming) -> Response<Payload> {
    let Parts { method, uri, headers, .. } = head;
    let path = uri.path_and_query().map_or(uri.path(), |path| path.as_str()).to_owned();
    let caller = shared.login.check(&headers);
    if caller.is_ok() {
        let head = |cut| Message::Head(method.clone(), path.clone(), header_list(&headers), cut);
        if shared.ask(head).await == Ok(true) {
            match line.reset().await {}
        }
    }
    let body = match read(body).await {
        Ok(body) => body,
        Err(status) => return wire::whole(empty(status)),
    };
    let caller = match caller {
        Ok(caller) => caller,
        Err(why) => return wire::whole(refuse(shared, &method, &path, &headers, why)),
    };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let api = api_call(method.clone(), path, text("content-type"), text("client-request-id"), body, caller);
    let api = |answer| Message::Api(Box::new(api), header_list(&headers), answer);
    let Ok(mut answer) = shared.ask(api).await else {
        return wire::whole(empty(StatusCode::SERVICE_UNAVAILABLE));
    };
    let fault = answer.fault.take();
    carry(graph_reply(answer), fault, &method, line).await
}

async fn recording(shared: &Shared, line: &Line, head: Parts) -> Response<Payload> {
    let method = head.method.clone();
    let download = |answer| Message::Download(Box::new(Request::from_parts(head, ())), answer);
    match shared.ask(download).await {
        Ok(Download { response, fault }) => carry(response, fault, &method, line).await,
        Err(_) => wire::whole(empty(StatusCode::SERVICE_UNAVAILABLE)),
    }
}

/// Sends a reply as far as the fault that hit it lets it come.
async fn carry(reply: Reply, fault: Option<FaultPhase>, method: &Method, line: &Line) -> Response<Payload> {
    match fault {
        None | Some(FaultPhase::Status { .. }) => wire::whole(reply),
        Some(FaultPhase::InBody) => wire::half(reply, method, line),
        Some(FaultPhase::InHead) => {
            line.close_in_head();
            wire::whole(reply)
        }
        // The client ends it when it goes, or the emulator when it stops: both drop this future.
        Some(FaultPhase::Silence) => std::future::pending().await,
        Some(
            FaultPhase::BeforeConnect
            | FaultPhase::DuringRequest
            | FaultPhase::BeforeEffect
            | FaultPhase::AfterEffect,
        ) => match line.reset().await {},
    }
}

fn api_call(
    method: Method,
    path: String,
    content_type: Option<String>,
    client_request_id: Option<String>,
    body: Bytes,
    caller: ApiCaller,
) -> ApiCall {
    ApiCall { ask: 0, method, path, content_type, client_request_id, body, caller }
}

fn graph_reply(answer: Answer) -> Reply {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = match &answer.body {
        Some(body) => json_reply(status, body),
        None => empty(status),
    };
    for (name, value) in answer.headers {
        let (name, value) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value));
        if let (Ok(name), Ok(value)) = (name, value) {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}

/// Refuses a Graph request whose token is not good.
fn refuse(shared: &Shared, method: &Method, path: &str, headers: &HeaderMap, why: Unauthorized) -> Reply {
    let now = shared.wall.elapsed();
    // The world, which numbers all other answers, never sees this request.
    let request_id = format!("00000000-0000-4000-8000-{:012x}", now.as_micros() & 0xffff_ffff_ffff);
    let body = json!({ "error": {
        "code": "InvalidAuthenticationToken",
        "message": why.message(),
        "innerError": {
            "request-id": request_id,
            "client-request-id": headers.get("client-request-id").and_then(|id| id.to_str().ok()),
        },
    }});
    let call = call_in(path);
    let seq = shared.trace.record(Draft {
        method: Some(method.to_string()),
        path: Some(path.to_owned()),
        headers: header_list(headers),
        call: call.clone(),
        ..Draft::new(
            now,
            ExchangeKind::Request,
            Lane::Bot,
            Lane::Service,
            summary::request(method.as_str(), path),
        )
    });
    shared.trace.record(Draft {
        status: Some(401),
        answers: Some(seq),
        body: Some(body.clone()),
        call,
        ..Draft::new(
            now,
            ExchangeKind::Response,
            Lane::Service,
            Lane::Bot,
            summary::response(401, Some(&body)),
        )
    });
    let reply = json_reply(StatusCode::UNAUTHORIZED, &body);
    let reply = with_header(reply, HeaderName::from_static("request-id"), &request_id);
    with_header(reply, header::WWW_AUTHENTICATE, &shared.login.challenge())
}

/// The call that a path names, so that a refused request stands on its ladder.
fn call_in(path: &str) -> Option<String> {
    let path = path.split('?').next()?.trim_start_matches('/');
    let (_version, rest) = path.split_once('/')?;
    let parsed = ResourcePath::parse(rest).ok()?;
    parsed.resource.call().map(str::to_owned)
}

pub(crate) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Bytes::new());
    *reply.status_mut() = status;
    reply
}

pub(crate) fn typed(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    reply
}

pub(crate) fn json_reply(status: StatusCode, body: &Value) -> Reply {
    typed(status, "application/json", body.to_string())
}

pub(crate) fn with_header(mut reply: Reply, name: HeaderName, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
    reply
}
