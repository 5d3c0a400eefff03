//! The webhook as a tower service.

use std::{
    borrow::Cow,
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use graph_calls_core::model::{Notification, ParseErrorKind, WebhookBody};
use http::{Method, request};
use http_body::Body;
use http_body_util::Full;
use tokio::time::Instant;
use tower::Service;

use super::{
    Answered, Arrival, CallbackPath, Intake, IntakeError, Limits, Notifications, WebhookStats, Witness,
    answer::Answer,
    body::{self, BodyError},
    headers::{self, MediaType},
    path::BasePath,
    stats::Counters,
    stream,
};
use crate::{
    metrics,
    token::{RefusalStatus, TokenCheck, Verified},
};

/// Takes the service's POSTs: a tower service for any HTTP server and any body.
///
/// The sender is known before a byte of the body is read, and a notification is acknowledged (202) only once it was
/// taken over. Clones are one webhook.
///
/// # Examples
///
/// Mounted on axum, beside routes of your own. The server's own limits hold then: give it time-outs for heads and idle
/// connections, which a webhook cannot have.
///
/// ```
/// use axum::{Router, body::Body, routing::get};
/// use graph_calls_bot::Webhook;
/// # use graph_calls_bot::{AllowedTenants, Limits, TokenCheck, TokenCheckConfig, core::Wall, core::test_util::ScriptedTransport, model::AppId};
/// use http::{Request, StatusCode};
/// use tower::ServiceExt as _;
///
/// fn app(webhook: Webhook) -> Router {
///     Router::new().route("/", get(async || "hello")).fallback_service(webhook)
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// # let trusted = TokenCheckConfig::new([AppId::new("2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b")?], AllowedTenants::Any);
/// # let check = TokenCheck::new(trusted, &ScriptedTransport::new().transport(), Wall::system())?;
/// # let (webhook, _notifications) = Webhook::stream("/api/calls", check, Limits::default(), 1);
/// // `Bot::webhook` or `Webhook::stream` gave it; `axum::serve(listener, app(webhook))` serves it.
/// let app = app(webhook);
/// let stranger = Request::post("/api/calls").body(Body::empty())?;
/// assert_eq!(app.oneshot(stranger).await?.status(), StatusCode::UNAUTHORIZED);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Webhook {
    inner: Arc<Inner>,
    witness: Option<Arc<dyn Witness>>,
}

struct Inner {
    base: BasePath,
    check: TokenCheck,
    limits: Limits,
    intake: Arc<dyn Intake>,
    counters: Counters,
}

/// How a POST ended, and what the witness and the logs are told of it.
struct Ended {
    answer: Answer,
    reason: Option<Cow<'static, str>>,
    /// The body of the answer, where there is one.
    json: Bytes,
}

impl Ended {
    fn because(answer: Answer, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { answer, reason: Some(reason.into()), json: Bytes::new() }
    }
}

impl From<Answer> for Ended {
    fn from(answer: Answer) -> Self {
        Self { answer, reason: answer.reason().map(Cow::Borrowed), json: Bytes::new() }
    }
}

/// What became known of a POST on its way.
#[derive(Default)]
struct Known {
    verified: Option<Verified>,
    body: Option<Bytes>,
    /// The kinds of its items have been counted.
    counted: bool,
}

impl Webhook {
    /// A webhook that is registered under this path and hands over what it takes.
    pub(crate) fn new(base_path: &str, check: TokenCheck, limits: Limits, intake: Arc<dyn Intake>) -> Self {
        let base = BasePath::new(base_path);
        let inner = Inner { base, check, limits, intake, counters: Counters::default() };
        Self { inner: Arc::new(inner), witness: None }
    }

    /// A webhook and the authenticated notifications that come to it: for who wants no orchestration.
    ///
    /// It takes POSTs to `base_path`, and to `<base_path>/c/<call ref>/<attempt>` for calls whose callback URI was made
    /// like that. At most `capacity` notifications wait, each POST taken whole or not at all; beyond that the sender
    /// is told 503 and to come back after [`Limits::full_wait`]. Where nobody receives any more it is 503, too.
    ///
    /// Order is that of arrival. What is repeated by the service comes again: a bot recognises that, a stream does not.
    ///
    /// # Examples
    ///
    /// ```
    /// use graph_calls_bot::{AllowedTenants, IssuerConfig, Limits, TokenCheck, TokenCheckConfig, Webhook};
    /// use graph_calls_bot::{core::{Wall, test_util::ScriptedTransport}, model::AppId};
    /// use tokio::net::TcpListener;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// // In earnest: the transport of `graph-calls-http`, and the issuer that a check has unless told otherwise.
    /// let transport = ScriptedTransport::new().transport();
    /// let app = AppId::new("2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b")?;
    /// let trusted = TokenCheckConfig::new([app], AllowedTenants::Any);
    /// let check = TokenCheck::new(trusted, &transport, Wall::system())?;
    ///
    /// let (webhook, mut notifications) = Webhook::stream("/api/calls", check, Limits::default(), 10_000);
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stop = async { /* until a signal comes */ };
    /// let server = tokio::spawn(webhook.serve_on(listener, stop));
    ///
    /// while let Some(received) = notifications.recv().await {
    ///     println!("{}: {:?}", received.tenant, received.notification.resource());
    /// }
    /// server.await??;
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stream(
        base_path: &str,
        check: TokenCheck,
        limits: Limits,
        capacity: usize,
    ) -> (Self, Notifications) {
        let (channel, notifications) = stream::channel(capacity);
        (Self::new(base_path, check, limits, Arc::new(channel)), notifications)
    }

    /// The same webhook with somebody who is told of every POST. Clones made before have none.
    #[must_use]
    pub fn with_witness(self, witness: impl Witness) -> Self {
        Self { witness: Some(Arc::new(witness)), ..self }
    }

    /// What it has answered so far.
    pub fn stats(&self) -> WebhookStats {
        self.inner.counters.read(self.inner.check.stats())
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(crate) fn check(&self) -> &TokenCheck {
        &self.inner.check
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("base", &self.inner.base)
            .field("limits", &self.inner.limits)
            .finish_non_exhaustive()
    }
}

impl<B> Service<http::Request<B>> for Webhook
where
    B: Body + Send + 'static,
    B::Data: Send,
{
    type Response = http::Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let received = Instant::now();
        let (webhook, witness) = (Arc::clone(&self.inner), self.witness.clone());
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let mut known = Known::default();
            let ended = webhook.answer(&head, body, received, &mut known).await;
            let Ended { answer, reason, json } = ended.unwrap_or_else(|refused| refused);
            webhook.counters.count(answer);
            if !known.counted {
                metrics::notification("unread", answer.as_str());
            }
            metrics::notification_seconds(received.elapsed());
            if let Some(witness) = witness {
                witness.answered(&Answered {
                    method: &head.method,
                    uri: &head.uri,
                    headers: &head.headers,
                    body: known.body.as_deref(),
                    verified: known.verified.as_ref(),
                    status: answer.status(),
                    reason: reason.as_deref(),
                });
            }
            Ok(answer.into_response(&head.headers, json))
        })
    }
}

impl Inner {
    async fn answer<B: Body>(
        &self,
        head: &request::Parts,
        body: B,
        received: Instant,
        known: &mut Known,
    ) -> Result<Ended, Ended> {
        if head.method != Method::POST {
            return Err(Answer::MethodNotAllowed.into());
        }
        let callback = self.base.read(head.uri.path()).map_err(|_| Answer::NotFound)?;
        if headers::size(&head.headers) > self.limits.header_bytes {
            return Err(Answer::HeadersTooLarge.into());
        }
        let verified = &*known.verified.insert(self.authenticate(head).await?);
        let body = &*known.body.insert(self.read(head, body).await?);
        if body.is_empty() {
            // Reported by users of the service; what it means is unknown.
            tracing::warn!(app = %verified.app, "the service sent an empty notification");
            return Ok(Answer::Empty.into());
        }
        let WebhookBody::Notifications(items) = parse(body, self.limits.items)? else {
            return Ok(Answer::BotFramework.into());
        };
        if verified.tenant.is_none() {
            tracing::debug!(app = %verified.app, "notifications under a token that names no tenant");
            return Err(Answer::NoTenant.into());
        }
        known.counted = true;
        self.hand_over(head, verified, items, callback, received).await
    }

    async fn authenticate(&self, head: &request::Parts) -> Result<Verified, Ended> {
        self.check.check(&head.headers).await.map_err(|refusal| {
            tracing::debug!(reason = refusal.reason().as_str(), "token refused");
            let answer = match refusal.status() {
                RefusalStatus::Unauthorized => Answer::Unauthorized,
                RefusalStatus::Forbidden => Answer::TenantNotAllowed,
                RefusalStatus::KeysUnavailable { retry_after } => Answer::NoKeys(retry_after),
            };
            Ended::because(answer, refusal.reason().as_str())
        })
    }

    async fn read<B: Body>(&self, head: &request::Parts, body: B) -> Result<Bytes, Answer> {
        let media_type = headers::media_type(&head.headers);
        // A body that has nothing in it need not be JSON.
        if media_type == MediaType::Other && body.size_hint().upper() != Some(0) {
            return Err(Answer::UnsupportedMediaType);
        }
        let read = body::read(body, self.limits.body_bytes, self.limits.body_time).await;
        let body = read.map_err(|error| match error {
            BodyError::TooLarge => Answer::TooLarge,
            BodyError::TooSlow => Answer::TooSlow,
            BodyError::Broken => Answer::Malformed,
        })?;
        if media_type == MediaType::Json || body.is_empty() {
            Ok(body)
        } else {
            Err(Answer::UnsupportedMediaType)
        }
    }

    async fn hand_over(
        &self,
        head: &request::Parts,
        verified: &Verified,
        items: Vec<Notification<'_>>,
        callback: Option<CallbackPath>,
        received: Instant,
    ) -> Result<Ended, Ended> {
        let count = items.len();
        if count == 0 {
            return Ok(Answer::Accepted.into());
        }
        let unrecognized = items.iter().filter(|item| item.form().is_none()).count();
        let kinds: Vec<&'static str> =
            if metrics::ARE_TAKEN { items.iter().map(kind).collect() } else { Vec::new() };
        let message_id = headers::message_id(&head.headers);
        let arrivals: Vec<Arrival> = items
            .into_iter()
            .map(|item| Arrival {
                callback: callback.clone(),
                notification: item.into_owned(),
                received,
                message_id: message_id.clone(),
            })
            .collect();
        tell(head, verified, &arrivals);
        let taken = self.intake.accept(verified, arrivals).await;
        let mut json = Bytes::new();
        let ended = match taken {
            Ok(taken) => {
                self.counters.count_items(count, unrecognized);
                match taken.joining.and_then(|joining| serde_json::to_vec(&joining).ok()) {
                    Some(answer) => {
                        json = answer.into();
                        Ok(Answer::Joining)
                    }
                    None => Ok(Answer::Accepted),
                }
            }
            Err(error) => {
                tracing::warn!(app = %verified.app, items = count, %error, "notifications were not taken");
                Err(match error {
                    IntakeError::Full => Answer::Full(self.limits.full_wait),
                    IntakeError::Unavailable { retry_after } => Answer::Unavailable(retry_after),
                    IntakeError::OtherTenant => Answer::OtherTenant,
                })
            }
        };
        let result = ended.unwrap_or_else(|refused| refused).as_str();
        for kind in kinds {
            metrics::notification(kind, result);
        }
        ended.map(|answer| Ended { json, ..Ended::from(answer) }).map_err(Ended::from)
    }
}

/// One line in the log for each notification.
fn tell(head: &request::Parts, verified: &Verified, arrivals: &[Arrival]) {
    if !tracing::enabled!(tracing::Level::INFO) {
        return;
    }
    let [client_request_id, scenario_id] =
        headers::ECHOED.map(|name| headers::sane(&head.headers, &name).and_then(|value| value.to_str().ok()));
    let tenant = verified.tenant.as_ref().map(tracing::field::display);
    for Arrival { notification, message_id, .. } in arrivals {
        let call = notification.call_id();
        tracing::info!(
            app = %verified.app,
            tenant,
            call = call.as_ref().map(tracing::field::display),
            change = notification.change_type().map(tracing::field::display),
            kind = kind(notification),
            message_id,
            client_request_id,
            scenario_id,
            "notification"
        );
    }
}

/// What an item is about, by its path alone: its data is read once, and not here.
fn kind(item: &Notification<'_>) -> &'static str {
    let Some(path) = item.path() else { return "unrecognized" };
    let mut parts = path.split('/');
    if !parts.any(|part| part.eq_ignore_ascii_case("calls")) {
        return "other";
    }
    // The call's id, and what is below it.
    match parts.nth(1).filter(|part| !part.is_empty()) {
        None => "call",
        Some(part) if part.eq_ignore_ascii_case("participants") => "participants",
        Some(part) if part.eq_ignore_ascii_case("operations") => "operation",
        Some(part) if part.eq_ignore_ascii_case("contentSharingSessions") => "content_sharing",
        Some(_) => "other",
    }
}

fn parse(body: &Bytes, limit: usize) -> Result<WebhookBody<'_>, Ended> {
    WebhookBody::parse_at_most(body, limit).map_err(|error| {
        tracing::warn!(%error, "the service sent a body that cannot be read");
        let answer = match error.kind() {
            ParseErrorKind::TooManyItems { .. } => Answer::TooLarge,
            _ => Answer::Malformed,
        };
        Ended::because(answer, error.to_string())
    })
}

#[cfg(test)]
mod tests {
    use graph_calls_core::model::RawJson;

    use super::*;

    #[test]
    fn the_kind_of_an_item_is_told_by_its_path() {
        for (path, told) in [
            ("/communications/calls/57dab8b1", "call"),
            ("communications/calls/57dab8b1/", "call"),
            ("/app/Calls/57dab8b1/Participants", "participants"),
            ("/communications/calls/57dab8b1/participants/7e1b", "participants"),
            ("/communications/calls/57dab8b1/operations/0fe0623f", "operation"),
            ("/communications/calls/57dab8b1/contentSharingSessions/1", "content_sharing"),
            ("/communications/calls/57dab8b1/somethingNew", "other"),
            ("/somewhere/else", "other"),
        ] {
            let item = format!(r#"{{"changeType":"updated","resourceUrl":"{path}"}}"#);
            let item = Notification::from_raw(RawJson::from_string(item).unwrap());
            assert_eq!(kind(&item), told, "{path}");
        }
        let item = Notification::from_raw(RawJson::from_string("7".to_owned()).unwrap());
        assert_eq!(kind(&item), "unrecognized");
    }
}
