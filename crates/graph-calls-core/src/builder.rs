//! How a client is put together.

use std::{fmt, sync::Arc, time::Duration};

use fastrand::Rng;
use graph_calls_model::TenantId;
use tower::{Layer as _, util::BoxCloneSyncService};

use crate::{
    ApiVersion, Client, Cloud, TokenError, TokenProvider, TokenRequest, Transport, Wall,
    client::Tokens,
    layer::{
        AttemptTimeout, AttemptTimeoutLayer, Auth, AuthLayer, BaseUri, BaseUriLayer, DeadlineLayer,
        DeprecationPolicy, PathDeprecation, PathDeprecationLayer, RateLimitLayer, RequestId, RequestIdLayer,
        Retry, RetryLayer, Trace, TraceLayer,
    },
    stats::Counters,
};

/// All layers over the transport. Only the transport is boxed: a box at every layer would be paid for by each request.
pub(crate) type Stack = Trace<PathDeprecation<Retry<AttemptTimeout<BaseUri<Auth<RequestId<Transport>>>>>>>;

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
    rate_limit: Option<RateLimitLayer>,
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
            rate_limit: None,
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

    /// Holds requests back to this limit, which clients share by being given clones; no limit unless told otherwise.
    ///
    /// A wait counts against the attempt and comes before the request is handed over: whoever runs out of time there was
    /// not sent.
    #[must_use]
    pub fn rate_limit(mut self, limit: RateLimitLayer) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// Puts it together.
    pub fn build(mut self) -> Client {
        let ids = self.rng.fork();
        let counters = Arc::new(Counters::seeded(self.rng.u64(..)));
        let wall = self.wall.unwrap_or_else(Wall::system);
        // Innermost first, the reverse of how a request meets them.
        let transport = match self.rate_limit {
            // Next to the transport, so that a wait for a token cannot turn what was spread into a burst.
            Some(limit) => {
                BoxCloneSyncService::new(limit.counting(Arc::clone(&counters)).layer(self.transport))
            }
            None => self.transport,
        };
        let tokens = Tokens {
            provider: Arc::clone(&self.token),
            tenant: self.tenant.clone(),
            scope: Arc::clone(self.cloud.scope()),
        };
        let stack = RequestIdLayer::new(ids).layer(transport);
        let stack = AuthLayer::new(self.token, &self.cloud, self.tenant).layer(stack);
        let stack = BaseUriLayer::new(&self.cloud, self.version).layer(stack);
        let stack = AttemptTimeoutLayer::new(self.attempt).layer(stack);
        let stack = RetryLayer::counting(self.rng, wall, Arc::clone(&counters)).layer(stack);
        let stack = PathDeprecationLayer::new(self.deprecation).counting(Arc::clone(&counters)).layer(stack);
        let stack = TraceLayer.layer(stack);
        Client::over(stack, DeadlineLayer::new(self.total), counters, tokens)
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
