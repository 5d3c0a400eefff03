//! What layers tell each other: one extension on the way out, one on the way back.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use graph_calls_model::TenantId;
use tokio::time::Instant;

use crate::{AccessToken, ApiVersion, Certainty, Repeat};

/// All that a layer or a transport may know of a request. One extension, put there by the client.
#[derive(Debug, Clone)]
pub struct RequestInfo {
    pub(crate) name: Cow<'static, str>,
    pub(crate) repeat: Repeat,
    pub(crate) version: ApiVersion,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) expires: Option<Instant>,
    pub(crate) attempt_ends: Option<Instant>,
    pub(crate) fresh_connection: bool,
    pub(crate) refused_token: Option<AccessToken>,
    pub(crate) claims: Option<String>,
    handed_over: Arc<AtomicBool>,
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
            expires: None,
            attempt_ends: None,
            fresh_connection: false,
            refused_token: None,
            claims: None,
            handed_over: Arc::default(),
        }
    }

    /// The same request, not handed over yet.
    pub(crate) fn next_attempt(&self) -> Self {
        Self { handed_over: Arc::default(), ..self.clone() }
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
        self.handed_over.store(true, Ordering::Release);
    }

    pub(crate) fn was_handed_over(&self) -> bool {
        self.handed_over.load(Ordering::Acquire)
    }
}

/// What the layers found out on the way back. One extension of the response.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResponseInfo {
    pub(crate) attempts: u32,
    /// The worst certainty of the attempts before this response.
    pub(crate) before: Option<Certainty>,
    pub(crate) client_request_id: Option<String>,
    pub(crate) refused_token: Option<AccessToken>,
    pub(crate) claims: Option<String>,
    /// How long the service wants us to wait, where that is longer than the request may take.
    pub(crate) told_to_wait: Option<std::time::Duration>,
}

/// What [`crate::layer::Retry`] knows of a request that never got a response.
#[derive(Debug)]
pub(crate) struct Attempted {
    pub(crate) attempts: u32,
    pub(crate) certainty: Certainty,
    pub(crate) source: crate::BoxError,
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
