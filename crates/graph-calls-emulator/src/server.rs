//! The HTTP server: one port for login, Graph, documents and controls.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use graph_calls_model::ResourcePath;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    Env, control,
    deliver::header_list,
    engine::Message,
    login::{Login, TokenAnswer, Unauthorized},
    summary,
    trace::{Draft, ExchangeKind, Lane, Trace},
    wall::Wall,
    world::{Answer, ApiCall, ApiCaller},
};

/// The most bytes of a request body.
const BODY_LIMIT: usize = 1 << 20;
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(10);
/// How long a head may take. It cuts idle connections too, so it is longer than clients keep those.
const HEAD_TIME: Duration = Duration::from_secs(120);

pub(crate) type Reply = Response<Full<Bytes>>;

/// What every connection shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) env: Env,
    pub(crate) login: Login,
    pub(crate) trace: Trace,
    pub(crate) wall: Wall,
    pub(crate) engine: mpsc::UnboundedSender<Message>,
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
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let mut server = auto::Builder::new(TokioExecutor::new());
            server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
            let service = service_fn(|request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Infallible>(answer(&shared, request).await) }
            });
            if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Reply {
    let (head, body) = request.into_parts();
    let body = match read(body).await {
        Ok(body) => body,
        Err(status) => return empty(status),
    };
    let path = head.uri.path().to_owned();
    if let Some(rest) = path.strip_prefix("/__emulator/v1/") {
        return control::answer(shared, &head.method, rest, &head.headers, &body).await;
    }
    match (&head.method, path.as_str()) {
        (&Method::GET, "/.well-known/openid-configuration") => {
            json_reply(StatusCode::OK, &shared.login.openid())
        }
        (&Method::GET, "/.well-known/keys") => json_reply(StatusCode::OK, &shared.login.keys()),
        (_, path) if path.starts_with("/v1.0/") || path.starts_with("/beta/") => {
            let path = head.uri.path_and_query().map_or(path, |path| path.as_str()).to_owned();
            graph(shared, head.method, path, &head.headers, body).await
        }
        (method, path) => match token_tenant(path) {
            Some(tenant) if *method == Method::POST => token(shared, path, tenant, &head.headers, &body),
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

async fn graph(shared: &Shared, method: Method, path: String, headers: &HeaderMap, body: Bytes) -> Reply {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let caller = match shared.login.check(headers) {
        Ok(caller) => caller,
        Err(why) => return refuse(shared, &method, &path, headers, why),
    };
    let api = api_call(method, path, text("content-type"), text("client-request-id"), body, caller);
    let (send, answer) = oneshot::channel();
    let message = Message::Api(Box::new(api), header_list(headers), send);
    if shared.engine.send(message).is_err() {
        return empty(StatusCode::SERVICE_UNAVAILABLE);
    }
    match answer.await {
        Ok(answer) => graph_reply(answer),
        Err(_) => empty(StatusCode::SERVICE_UNAVAILABLE),
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
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = status;
    reply
}

pub(crate) fn typed(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
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
