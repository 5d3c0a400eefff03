//! How a client is put together.

use std::{fmt, sync::Arc, time::Duration};

use fastrand::Rng;
use graph_calls_model::TenantId;
use tower::{Layer as _, util::BoxCloneSyncService};

use crate::{
    ApiVersion, Client, Cloud, TokenError, TokenProvider, TokenRequest, Transport, Wall,
    layer::{
        AttemptTimeoutLayer, AuthLayer, BaseUriLayer, DeadlineLayer, DeprecationPolicy, PathDeprecationLayer,
        RequestIdLayer, RetryLayer, TraceLayer,
    },
    stats::Counters,
};

/// Puts a [`Client`] together: a transport, and what the layers need.
pub struct ClientBuilder {
    transport: Transport,
    cloud: Cloud,
    token: Arc<dyn TokenProvider>,
    tenant: Option<TenantId>,
    version: ApiVersion,
    deprecation: DeprecationPolicy,
    attempt: Duration,
    total: Duration,
    rng: Rng,
    wall: Option<Wall>,
}

impl ClientBuilder {
    pub(crate) fn new(transport: Transport) -> Self {
        Self {
            transport,
            cloud: Cloud::global(),
            token: Arc::new(NoToken),
            tenant: None,
            version: ApiVersion::V1,
            deprecation: DeprecationPolicy::Rewrite,
            attempt: Duration::from_secs(10),
            total: Duration::from_secs(30),
            rng: Rng::new(),
            wall: None,
        }
    }

    /// Where Graph is; the public cloud unless told otherwise.
    #[must_use]
    pub fn cloud(mut self, cloud: Cloud) -> Self {
        self.cloud = cloud;
        self
    }

    /// Where tokens come from. Without one every request fails, unsent.
    #[must_use]
    pub fn token(mut self, provider: impl TokenProvider) -> Self {
        self.token = Arc::new(provider);
        self
    }

    /// The tenant whose tokens are used where [`Client::for_tenant`] names no other.
    #[must_use]
    pub fn tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// The version for requests that exist in both; v1.0 unless told otherwise.
    #[must_use]
    pub fn version(mut self, version: ApiVersion) -> Self {
        self.version = version;
        self
    }

    /// What happens to requests on deprecated paths; they are rewritten unless told otherwise.
    #[must_use]
    pub fn deprecated_paths(mut self, policy: DeprecationPolicy) -> Self {
        self.deprecation = policy;
        self
    }

    /// How long one attempt may take; 10 seconds unless told otherwise.
    #[must_use]
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt = limit;
        self
    }

    /// How long a request may take in all; 30 seconds unless told otherwise.
    #[must_use]
    pub fn total_timeout(mut self, limit: Duration) -> Self {
        self.total = limit;
        self
    }

    /// The randomness of ids and waits, for runs that must repeat exactly.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        self.rng = rng;
        self
    }

    /// The clock that `Retry-After` dates are held against, for runs that must repeat exactly.
    #[must_use]
    pub fn wall(mut self, wall: Wall) -> Self {
        self.wall = Some(wall);
        self
    }

    /// Puts it together.
    pub fn build(mut self) -> Client {
        let counters = Arc::new(Counters::default());
        let ids = self.rng.fork();
        let wall = self.wall.unwrap_or_else(Wall::system);
        // Innermost first, the reverse of how a request meets them.
        let stack = RequestIdLayer::new(ids).layer(self.transport);
        let stack = AuthLayer::new(self.token, &self.cloud, self.tenant).layer(stack);
        let stack = BaseUriLayer::new(&self.cloud, self.version).layer(stack);
        let stack = AttemptTimeoutLayer::new(self.attempt).layer(stack);
        let stack = RetryLayer::counting(self.rng, wall, Arc::clone(&counters)).layer(stack);
        let stack = DeadlineLayer::new(self.total).layer(stack);
        let stack = PathDeprecationLayer::new(self.deprecation).counting(Arc::clone(&counters)).layer(stack);
        let stack = TraceLayer.layer(stack);
        Client::over(BoxCloneSyncService::new(stack), counters)
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("cloud", &self.cloud)
            .field("tenant", &self.tenant)
            .field("version", &self.version)
            .field("deprecation", &self.deprecation)
            .field("attempt", &self.attempt)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

struct NoToken;

#[async_trait::async_trait]
impl TokenProvider for NoToken {
    async fn token(&self, _request: &TokenRequest) -> Result<crate::AccessToken, TokenError> {
        Err(TokenError::new(
            "the client was built without a token provider; give it one with `ClientBuilder::token`",
        ))
    }
}
