//! What makes an attempt findable in logs: `client-request-id`, which is its own and which Graph echoes,
//! `Scenario-Id`, which it shares with the other requests of its call, and `traceparent`, which says both.

use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use fastrand::Rng;
use http::{HeaderMap, HeaderName, HeaderValue, header::Entry};
use tower::{Layer, Service};
use uuid::{Builder, Uuid};

use crate::{ScenarioId, transport::info};

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
const SCENARIO_ID: HeaderName = HeaderName::from_static("scenario-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

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

/// Sets a new `client-request-id`, which it notes for whoever sent the request, and the headers of its call.
#[derive(Debug, Clone)]
pub struct RequestId<S> {
    inner: S,
    rng: Arc<Mutex<Rng>>,
}

impl<S: Service<http::Request<B>>, B> Service<http::Request<B>> for RequestId<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> S::Future {
        let random = self.rng.lock().unwrap_or_else(PoisonError::into_inner).u128(..);
        let id = Builder::from_random_bytes(random.to_be_bytes()).into_uuid();
        let mut scenario = None;
        if let Some(info) = info(&request) {
            info.notes().set_id(id);
            scenario = info.scenario();
        }
        let headers = request.headers_mut();
        if let Some(value) = dashed(&id) {
            headers.insert(CLIENT_REQUEST_ID, value);
        }
        if let Some(scenario) = scenario {
            trace(headers, scenario, &id);
        }
        self.inner.call(request)
    }
}

/// What the caller has set already is their own tracing.
fn trace(headers: &mut HeaderMap, scenario: ScenarioId, id: &Uuid) {
    if let (Entry::Vacant(entry), Some(value)) = (headers.entry(SCENARIO_ID), dashed(scenario.uuid())) {
        entry.insert(value);
    }
    if let (Entry::Vacant(entry), Some(value)) = (headers.entry(TRACEPARENT), parent(scenario, id)) {
        entry.insert(value);
    }
}

fn dashed(id: &Uuid) -> Option<HeaderValue> {
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer())).ok()
}

fn parent(scenario: ScenarioId, id: &Uuid) -> Option<HeaderValue> {
    let (mut trace, mut span) = (Uuid::encode_buffer(), Uuid::encode_buffer());
    let trace = scenario.uuid().simple().encode_lower(&mut trace);
    // Half of the id is as good as another number for a span within its trace.
    let span = id.simple().encode_lower(&mut span).get(16..)?;
    let mut text = String::with_capacity(55);
    for part in ["00-", trace, "-", span, "-01"] {
        text.push_str(part);
    }
    HeaderValue::try_from(text).ok()
}
