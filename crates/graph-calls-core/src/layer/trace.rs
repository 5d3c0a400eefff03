//! One span per request: `graph.request`, with the reference page's name, status, attempts and request ids.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tracing::{Span, field::Empty};

use crate::{
    BoxError, RequestInfo,
    info::{Attempted, LastResponse, Notes, ResponseInfo},
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
        let span = tracing::info_span!(
            "graph.request",
            otel.name = info(&request).map_or("raw", RequestInfo::name),
            http.request.method = %request.method(),
            http.response.status_code = Empty,
            attempts = Empty,
            request_id = Empty,
            client_request_id = Empty,
            certainty = Empty,
            scenario_id = Empty,
        );
        let info = info(&request).filter(|_| !span.is_disabled());
        if let Some(scenario) = info.and_then(RequestInfo::scenario) {
            span.record("scenario_id", tracing::field::display(scenario));
        }
        let notes = info.map(|info| Arc::clone(info.notes()));
        let inner = span.in_scope(|| self.inner.call(request));
        TraceFuture { inner, span, notes }
    }
}

pin_project! {
    /// A request in its span.
    #[derive(Debug)]
    pub struct TraceFuture<F> {
        #[pin]
        inner: F,
        span: Span,
        notes: Option<Arc<Notes>>,
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
        if this.span.is_disabled() {
            return Poll::Ready(answered);
        }
        // Also without an answer: it is what a lost request is found by.
        let id = this.notes.as_ref().and_then(|notes| notes.id());
        this.span.record("client_request_id", id.map(tracing::field::display));
        match &answered {
            Ok(response) => {
                let found = response.extensions().get::<ResponseInfo>();
                this.span.record("attempts", found.map_or(1, |found| found.attempts));
                record(this.span, &LastResponse::of(response));
            }
            Err(error) => {
                if let Some(attempted) = error.downcast_ref::<Attempted>() {
                    this.span.record("attempts", attempted.attempts);
                    this.span.record("certainty", attempted.certainty.as_str());
                    attempted.last.iter().for_each(|last| record(this.span, last));
                }
            }
        }
        Poll::Ready(answered)
    }
}

fn record(span: &Span, last: &LastResponse) {
    span.record("http.response.status_code", last.status.as_u16());
    span.record("request_id", last.request_id());
}
