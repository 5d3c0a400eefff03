//! One span per request: `graph.request`, with the reference page's name, status, attempts and request ids.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tracing::{Span, field::Empty};

use crate::{
    BoxError,
    error::header,
    info::{Attempted, ResponseInfo},
    transport::info,
};

/// Puts every request into a span with a [`Trace`].
#[derive(Debug, Clone, Copy, Default)]
pub struct TraceLayer;

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;
    fn layer(&self, inner: S) -> Trace<S> {
        Trace { inner }
    }
}

/// Runs a request in its span. It records no token, no body and no name of a person.
#[derive(Debug, Clone)]
pub struct Trace<S> {
    inner: S,
}

impl<S, B, C> Service<http::Request<B>> for Trace<S>
where
    S: Service<http::Request<B>, Response = http::Response<C>, Error = BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = TraceFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let name = info(&request).map_or("raw", |info| info.name());
        let span = tracing::info_span!(
            "graph.request",
            otel.name = name,
            http.request.method = %request.method(),
            http.response.status_code = Empty,
            attempts = Empty,
            request_id = Empty,
            client_request_id = Empty,
            certainty = Empty,
        );
        let entered = span.clone().entered();
        let inner = self.inner.call(request);
        drop(entered);
        TraceFuture { inner, span }
    }
}

pin_project! {
    /// A request in its span.
    #[derive(Debug)]
    pub struct TraceFuture<F> {
        #[pin]
        inner: F,
        span: Span,
    }
}

impl<F, C> Future for TraceFuture<F>
where
    F: Future<Output = Result<http::Response<C>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _entered = this.span.enter();
        let answered = ready!(this.inner.poll(cx));
        match &answered {
            Ok(response) => {
                this.span.record("http.response.status_code", response.status().as_u16());
                if let Some(found) = response.extensions().get::<ResponseInfo>() {
                    this.span.record("attempts", found.attempts);
                    this.span.record("client_request_id", found.client_request_id.as_deref());
                }
                this.span.record("request_id", header(response, "request-id"));
            }
            Err(error) => {
                if let Some(attempted) = error.downcast_ref::<Attempted>() {
                    this.span.record("attempts", attempted.attempts);
                    this.span.record("certainty", attempted.certainty.as_str());
                }
            }
        }
        Poll::Ready(answered)
    }
}
