//! Requests to the webhook, as a server hands them over, and what is told from their bodies.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use graph_calls_core::model::WebhookBody;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::{
    token::{
        Verified,
        fuzzing::{NAMELESS, TOKEN, block_on, check},
    },
    webhook::{Arrival, Intake, IntakeError, Limits, Taken, Webhook},
};

/// Every status that a webhook has.
const STATUSES: [u16; 12] = [202, 204, 400, 401, 403, 404, 405, 408, 413, 415, 431, 503];

/// Counts what it is given.
#[derive(Default)]
struct Inbox(AtomicUsize);

#[async_trait]
impl Intake for Inbox {
    async fn accept(&self, verified: &Verified, arrivals: Vec<Arrival>) -> Result<Taken, IntakeError> {
        assert!(verified.tenant.is_some(), "what was taken has a tenant");
        self.0.fetch_add(arrivals.len(), Ordering::Relaxed);
        Ok(Taken::default())
    }
}

/// The answer, and how many notifications were taken over.
fn send(request: Request<Full<Bytes>>) -> (StatusCode, usize) {
    let inbox = Arc::new(Inbox::default());
    let webhook = Webhook::new("/api/calls", check(), Limits::default(), inbox.clone());
    let (head, body) = block_on(async {
        let response = webhook.oneshot(request).await.unwrap_or_else(|never| match never {});
        let (head, body) = response.into_parts();
        (head, body.collect().await.unwrap_or_else(|never| match never {}).to_bytes())
    });
    assert!(body.is_empty(), "an answer has a body: {body:?}");
    assert!(STATUSES.contains(&head.status.as_u16()), "{}", head.status);
    (head.status, inbox.0.load(Ordering::Relaxed))
}

/// A request: `METHOD PATH`, then a header a line, an empty line, and the body. `TOKEN` and `NAMELESS` stand for the good
/// tokens.
pub fn webhook(bytes: &[u8]) {
    let Some(request) = read(bytes) else { return };
    let is_post = request.method() == Method::POST;
    let is_ours = request.uri().path().starts_with("/api/calls");
    let brought = brought(request.headers());
    let body = bytes_of(bytes).1;
    let (status, taken) = send(request);
    assert_eq!(status == StatusCode::METHOD_NOT_ALLOWED, !is_post);
    if brought.is_none() || !is_post || !is_ours {
        // Who is not known learns nothing of what a body would have come to.
        let told = matches!(status.as_u16(), 401 | 404 | 405 | 431 | 503);
        assert!(told && taken == 0, "{status} for a stranger");
        return;
    }
    assert_ne!(status, StatusCode::UNAUTHORIZED, "a good token");
    let plain = plain(body);
    let items = plain.as_ref().and_then(|plain| plain.get("value")).and_then(Value::as_array).map(Vec::len);
    match status.as_u16() {
        202 => {
            assert_eq!(brought, Some(TOKEN), "no tenant, no notifications");
            assert!(plain.is_none() || items == Some(taken), "{items:?} were sent, {taken} were taken");
        }
        204 => assert!(body.is_empty() || plain.is_none_or(|plain| is_of_old_form(&plain))),
        _ => {}
    }
    assert!(taken == 0 || status == StatusCode::ACCEPTED, "{taken} taken and answered {status}");
}

/// The body of a POST: in the form before Graph's, in Graph's, or in none.
pub fn bot_framework(bytes: &[u8]) {
    let post = |token: &str| {
        let request = Request::post("/api/calls")
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::copy_from_slice(bytes)))
            .expect("a request");
        send(request)
    };
    let ((named, taken), (nameless, taken_nameless)) = (post(TOKEN), post(NAMELESS));
    assert_eq!(taken_nameless, 0, "no tenant, no notifications");
    // One token is as good as the other, but for notifications.
    let expected = match WebhookBody::parse(bytes) {
        _ if bytes.is_empty() => (204, 204),
        Ok(WebhookBody::BotFramework(_)) => (204, 204),
        Ok(WebhookBody::Notifications(items)) => {
            assert_eq!(items.len(), taken);
            (202, 403)
        }
        Err(_) if named == StatusCode::PAYLOAD_TOO_LARGE => (413, 413),
        Err(_) => (400, 400),
        Ok(other) => panic!("a form that the webhook does not know: {other:?}"),
    };
    assert_eq!((named.as_u16(), nameless.as_u16()), expected);
    if let Some(plain) = plain(bytes) {
        let is_old = named == StatusCode::NO_CONTENT;
        assert!(!is_old || is_of_old_form(&plain), "{plain} is of the old form");
        assert!(taken == 0 || !is_of_old_form(&plain), "{plain} has notifications");
    }
}

/// Graph's form has its items in `value`.
fn is_of_old_form(plain: &Value) -> bool {
    plain.is_object() && plain.get("value").is_none()
}

fn plain(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok()
}

fn bytes_of(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = bytes.split_at(end.unwrap_or(bytes.len()));
    (head, body.get(2..).unwrap_or_default())
}

fn read(bytes: &[u8]) -> Option<Request<Full<Bytes>>> {
    let (head, body) = bytes_of(bytes);
    let mut lines = head.split(|&byte| byte == b'\n');
    let (method, path) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(path);
    for line in lines {
        let line = std::str::from_utf8(line).ok()?;
        let (name, value) = line.split_once(": ")?;
        let value = value.replace("TOKEN", TOKEN).replace("NAMELESS", NAMELESS);
        request = request.header(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    request.body(Full::new(Bytes::copy_from_slice(body))).ok()
}

/// The good token that the headers bring as they should.
fn brought(headers: &HeaderMap) -> Option<&'static str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let good = [TOKEN, NAMELESS].into_iter().find(|good| *good == token)?;
    scheme.eq_ignore_ascii_case("bearer").then_some(good)
}
