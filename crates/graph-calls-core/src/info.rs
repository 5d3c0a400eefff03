//! What layers tell each other: one extension on the way out, one on the way back.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use graph_calls_model::TenantId;
use http::{HeaderValue, StatusCode};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{AccessToken, ApiVersion, Certainty, Repeat, ScenarioId};

/// All that a layer or a transport may know of a request. One extension, put there by the client.
#[derive(Debug, Clone)]
pub struct RequestInfo {
    pub(crate) name: Cow<'static, str>,
    pub(crate) repeat: Repeat,
    pub(crate) version: ApiVersion,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) scenario: Option<ScenarioId>,
    pub(crate) expires: Option<Instant>,
    pub(crate) attempt_ends: Option<Instant>,
    pub(crate) fresh_connection: bool,
    pub(crate) refusal: Option<Arc<Refusal>>,
    /// Counted over all attempts that share the notes.
    attempt: u32,
    notes: Arc<Notes>,
}

/// What the layers below note of the attempts while whoever is above has no request in hand any more.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    attempts: AtomicU32,
    /// The last attempt that was handed over.
    handed_over: AtomicU32,
    /// The id of the last attempt, in two halves.
    id: [AtomicU64; 2],
}

/// What a 401 says of the token that was sent.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) token: AccessToken,
    pub(crate) claims: Option<String>,
}

impl RequestInfo {
    /// What the layers need to know of a request that comes from no [`Client`](crate::Client).
    pub fn new(name: impl Into<Cow<'static, str>>, repeat: Repeat, version: ApiVersion) -> Self {
        let name = name.into();
        Self {
            name,
            repeat,
            version,
            tenant: None,
            scenario: None,
            expires: None,
            attempt_ends: None,
            fresh_connection: false,
            refusal: None,
            attempt: 0,
            notes: Arc::default(),
        }
    }

    /// Makes it that of an attempt which is not handed over yet.
    pub(crate) fn begin_attempt(&mut self) {
        self.attempt = self.notes.attempts.fetch_add(1, Ordering::Relaxed).saturating_add(1);
    }

    pub(crate) fn notes(&self) -> &Arc<Notes> {
        &self.notes
    }

    /// The request's name: that of its reference page.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it may be sent again.
    pub fn repeat(&self) -> Repeat {
        self.repeat
    }

    /// The version it is for.
    pub fn version(&self) -> ApiVersion {
        self.version
    }

    /// The tenant whose token it carries, where it names one.
    pub fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }

    /// What it has in common with the other requests of its call.
    pub fn scenario(&self) -> Option<ScenarioId> {
        self.scenario
    }

    /// When it must have settled.
    pub fn expires(&self) -> Option<Instant> {
        self.expires
    }

    /// When this attempt is cut off. A transport that has read the head by then still has the status to tell.
    pub fn attempt_ends(&self) -> Option<Instant> {
        self.attempt_ends
    }

    /// Whether it must not go over a connection used before: the last one led to an instance that had no time for us.
    pub fn wants_fresh_connection(&self) -> bool {
        self.fresh_connection
    }

    /// Told by the transport just before it hands the request over for good.
    pub fn hand_over(&self) {
        // A transport that is late with an earlier attempt takes nothing back of the current one.
        self.notes.handed_over.fetch_max(self.attempt.saturating_add(1), Ordering::AcqRel);
    }

    /// What tells whether this attempt was handed over, once the request is gone.
    pub(crate) fn hand_over_flag(&self) -> HandOver {
        HandOver { attempt: self.attempt, notes: Arc::clone(&self.notes) }
    }
}

/// Whether an attempt was handed over.
#[derive(Debug)]
pub(crate) struct HandOver {
    attempt: u32,
    notes: Arc<Notes>,
}

impl HandOver {
    pub(crate) fn has_happened(&self) -> bool {
        self.notes.handed_over.load(Ordering::Acquire) > self.attempt
    }
}

impl Notes {
    pub(crate) fn set_id(&self, id: Uuid) {
        let (high, low) = id.as_u64_pair();
        let [first, second] = &self.id;
        first.store(high, Ordering::Relaxed);
        second.store(low, Ordering::Relaxed);
    }

    /// Our id of the last attempt that got that far.
    pub(crate) fn id(&self) -> Option<Uuid> {
        let [first, second] = &self.id;
        let id = Uuid::from_u64_pair(first.load(Ordering::Relaxed), second.load(Ordering::Relaxed));
        (!id.is_nil()).then_some(id)
    }
}

/// What the layers found out on the way back. One extension of the response; a success at the first attempt, of which
/// there is nothing to say, has none.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResponseInfo {
    pub(crate) attempts: u32,
    /// The worst certainty of the attempts before this response.
    pub(crate) before: Option<Certainty>,
    pub(crate) refusal: Option<Arc<Refusal>>,
    /// How long the service wants us to wait, where that is longer than the request may take.
    pub(crate) told_to_wait: Option<std::time::Duration>,
}

/// What [`crate::layer::Retry`] knows of a request that never got a response.
#[derive(Debug)]
pub(crate) struct Attempted {
    pub(crate) attempts: u32,
    pub(crate) certainty: Certainty,
    pub(crate) last: Option<LastResponse>,
    pub(crate) source: crate::BoxError,
}

/// What is kept of a response that was not the last word.
#[derive(Debug, Clone)]
pub(crate) struct LastResponse {
    pub(crate) status: StatusCode,
    /// The service's id of that attempt.
    pub(crate) request_id: Option<HeaderValue>,
}

impl LastResponse {
    pub(crate) fn of<B>(response: &http::Response<B>) -> Self {
        Self { status: response.status(), request_id: response.headers().get("request-id").cloned() }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_ref()?.to_str().ok()
    }
}

impl std::fmt::Display for Attempted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.source.fmt(f)
    }
}

impl std::error::Error for Attempted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.source()
    }
}
