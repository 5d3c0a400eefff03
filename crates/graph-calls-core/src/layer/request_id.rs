//! An id of ours for every attempt: the header `client-request-id`, which Graph echoes and logs.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use fastrand::Rng;
use http::{HeaderName, HeaderValue};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use uuid::Builder;

use crate::info::ResponseInfo;

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

/// Gives every attempt a [`RequestId`].
#[derive(Debug, Clone)]
pub struct RequestIdLayer {
    rng: Arc<Mutex<Rng>>,
}

impl RequestIdLayer {
    /// Takes its ids from this source of randomness.
    pub fn new(rng: Rng) -> Self {
        Self { rng: Arc::new(Mutex::new(rng)) }
    }
}

impl<S> Layer<S> for RequestIdLayer {
    type Service = RequestId<S>;
    fn layer(&self, inner: S) -> RequestId<S> {
        RequestId { inner, rng: Arc::clone(&self.rng) }
    }
}

/// Sets a new `client-request-id` and remembers it in the response.
#[derive(Debug, Clone)]
pub struct RequestId<S> {
    inner: S,
    rng: Arc<Mutex<Rng>>,
}

impl<S, B, C> Service<http::Request<B>> for RequestId<S>
where
    S: Service<http::Request<B>, Response = http::Response<C>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RequestIdFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let random = self.rng.lock().unwrap_or_else(PoisonError::into_inner).u128(..);
        let id = Builder::from_random_bytes(random.to_be_bytes()).into_uuid();
        let text = id.hyphenated().to_string();
        if let Ok(value) = HeaderValue::from_str(&text) {
            request.headers_mut().insert(CLIENT_REQUEST_ID, value);
        }
        RequestIdFuture { inner: self.inner.call(request), id: Some(text) }
    }
}

pin_project! {
    /// The response of a request with an id.
    #[derive(Debug)]
    pub struct RequestIdFuture<F> {
        #[pin]
        inner: F,
        id: Option<String>,
    }
}

impl<F, C, E> Future for RequestIdFuture<F>
where
    F: Future<Output = Result<http::Response<C>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut answered = ready!(this.inner.poll(cx));
        if let Ok(response) = &mut answered {
            response.extensions_mut().get_or_insert_default::<ResponseInfo>().client_request_id =
                this.id.take();
        }
        Poll::Ready(answered)
    }
}
