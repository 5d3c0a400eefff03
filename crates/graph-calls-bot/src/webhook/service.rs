//! The webhook as a tower service.

use std::{
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
    Arrival, CallbackPath, Intake, IntakeError, Limits, WebhookStats,
    answer::Answer,
    body::{self, BodyError},
    headers::{self, MediaType},
    path::BasePath,
    stats::Counters,
};
use crate::token::{RefusalStatus, TokenCheck, Verified};

/// Takes the service's POSTs: a tower service for any HTTP server and any body.
///
/// The sender is known before a byte of the body is read, and a notification is acknowledged (202) only once it was
/// taken over. Clones are one webhook.
#[derive(Clone)]
pub struct Webhook(Arc<Inner>);

struct Inner {
    base: BasePath,
    check: TokenCheck,
    limits: Limits,
    intake: Arc<dyn Intake>,
    counters: Counters,
}

impl Webhook {
    /// A webhook that is registered under this path and hands over what it takes.
    pub(crate) fn new(base_path: &str, check: TokenCheck, limits: Limits, intake: Arc<dyn Intake>) -> Self {
        let base = BasePath::new(base_path);
        Self(Arc::new(Inner { base, check, limits, intake, counters: Counters::default() }))
    }

    /// What it has answered so far.
    pub fn stats(&self) -> WebhookStats {
        self.0.counters.read(self.0.check.stats())
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("base", &self.0.base)
            .field("limits", &self.0.limits)
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
        let webhook = self.0.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let answer = webhook.answer(&head, body, received).await.unwrap_or_else(|refused| refused);
            webhook.counters.count(answer);
            Ok(answer.into_response(&head.headers))
        })
    }
}

impl Inner {
    async fn answer<B: Body>(
        &self,
        head: &request::Parts,
        body: B,
        received: Instant,
    ) -> Result<Answer, Answer> {
        if head.method != Method::POST {
            return Err(Answer::MethodNotAllowed);
        }
        let callback = self.base.read(head.uri.path()).map_err(|_| Answer::NotFound)?;
        if headers::size(&head.headers) > self.limits.header_bytes {
            return Err(Answer::HeadersTooLarge);
        }
        let verified = self.authenticate(head).await?;
        let body = self.read(head, body).await?;
        if body.is_empty() {
            // Reported by users of the service; what it means is unknown.
            tracing::warn!(app = %verified.app, "the service sent an empty notification");
            return Ok(Answer::Empty);
        }
        let WebhookBody::Notifications(items) = parse(&body, self.limits.items)? else {
            return Ok(Answer::BotFramework);
        };
        if verified.tenant.is_none() {
            tracing::debug!(app = %verified.app, "notifications under a token that names no tenant");
            return Err(Answer::NoTenant);
        }
        self.hand_over(head, &verified, items, callback, received).await
    }

    async fn authenticate(&self, head: &request::Parts) -> Result<Verified, Answer> {
        self.check.check(&head.headers).await.map_err(|refusal| {
            tracing::debug!(reason = refusal.reason().as_str(), "token refused");
            match refusal.status() {
                RefusalStatus::Unauthorized => Answer::Unauthorized,
                RefusalStatus::Forbidden => Answer::TenantNotAllowed,
                RefusalStatus::KeysUnavailable { retry_after } => Answer::NoKeys(retry_after),
            }
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
    ) -> Result<Answer, Answer> {
        let count = items.len();
        if count == 0 {
            return Ok(Answer::Accepted);
        }
        let unrecognized = items.iter().filter(|item| item.form().is_none()).count();
        let message_id = headers::message_id(&head.headers);
        let arrivals = items
            .into_iter()
            .map(|item| Arrival {
                callback: callback.clone(),
                notification: item.into_owned(),
                received,
                message_id: message_id.clone(),
            })
            .collect();
        match self.intake.accept(verified, arrivals).await {
            Ok(()) => {
                self.counters.count_items(count, unrecognized);
                Ok(Answer::Accepted)
            }
            Err(error) => {
                tracing::warn!(app = %verified.app, items = count, %error, "notifications were not taken");
                Err(match error {
                    IntakeError::Full => Answer::Full(self.limits.full_wait),
                    IntakeError::Unavailable { retry_after } => Answer::Unavailable(retry_after),
                    IntakeError::OtherTenant => Answer::OtherTenant,
                })
            }
        }
    }
}

fn parse(body: &Bytes, limit: usize) -> Result<WebhookBody<'_>, Answer> {
    WebhookBody::parse_at_most(body, limit).map_err(|error| {
        tracing::warn!(%error, "the service sent a body that cannot be read");
        match error.kind() {
            ParseErrorKind::TooManyItems { .. } => Answer::TooLarge,
            _ => Answer::Malformed,
        }
    })
}
