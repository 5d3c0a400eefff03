//! By when a request must have settled.
//!
//! It only stamps the time; [`Retry`](super::Retry) and [`AttemptTimeout`](super::AttemptTimeout) keep it.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::Instant;
use tower::{Layer, Service};

use crate::RequestInfo;

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

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;
    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline { inner, total: self.total }
    }
}

/// Stamps the time by which a request must have settled.
#[derive(Debug, Clone)]
pub struct Deadline<S> {
    inner: S,
    total: Duration,
}

impl<S: Service<http::Request<B>>, B> Service<http::Request<B>> for Deadline<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> S::Future {
        let total = self.total;
        if let Some(info) = request.extensions_mut().get_mut::<RequestInfo>() {
            info.expires.get_or_insert_with(|| Instant::now() + total);
        }
        self.inner.call(request)
    }
}
