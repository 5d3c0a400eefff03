//! By when a request must have settled.
//!
//! It only stamps the time; [`Retry`](super::Retry) and [`AttemptTimeout`](super::AttemptTimeout) keep it. A
//! [`Client`](crate::Client) stamps it before its stack is asked whether it is ready; the layer is for other stacks.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::Instant;
use tower::{Layer, Service};

use crate::RequestInfo;

/// More than anybody waits, and little enough for a clock.
const AGES: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// Gives every request a [`Deadline`].
#[derive(Debug, Clone, Copy)]
pub struct DeadlineLayer {
    total: Duration,
}

impl DeadlineLayer {
    /// A request that was given no deadline of its own settles within this time.
    pub fn new(total: Duration) -> Self {
        Self { total }
    }
}

impl DeadlineLayer {
    /// By when a request must have settled that is sent now.
    pub(crate) fn ends(self) -> Instant {
        after(Instant::now(), self.total)
    }
}

/// So long after this, or ages after it where no clock goes that far.
pub(super) fn after(now: Instant, time: Duration) -> Instant {
    now.checked_add(time).unwrap_or_else(|| now + AGES)
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;
    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline { inner, layer: *self }
    }
}

/// Stamps the time by which a request must have settled.
#[derive(Debug, Clone)]
pub struct Deadline<S> {
    inner: S,
    layer: DeadlineLayer,
}

impl<S: Service<http::Request<B>>, B> Service<http::Request<B>> for Deadline<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> S::Future {
        if let Some(info) = request.extensions_mut().get_mut::<RequestInfo>() {
            info.expires.get_or_insert_with(|| self.layer.ends());
        }
        self.inner.call(request)
    }
}
