//! Tokens from a credential of the Azure SDK.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use graph_calls_core::{AccessToken, TokenError, TokenProvider, TokenRequest, Wall, model::TenantId};
use tokio::time::timeout;

use super::{
    TokenStats,
    cache::Cache,
    failure::Failure,
    source::{self, Source},
};

/// How long a credential may take: some start a program.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tokens from any credential of the Azure SDK for Rust (crate `azure_identity`), remembered as
/// [`EntraTokens`](crate::EntraTokens) remembers its own: one question for however many callers, the next token fetched
/// ahead, a day of life at most.
///
/// A credential belongs to one tenant: a token for a call of another is an error. Demands of Graph (`claims`) cannot be
/// passed on. A credential that gives again what Graph has just refused, because it remembers tokens itself, makes an
/// error of it, and is asked again after 1 second, then 2, 4, 8, 16 and every 30.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use azure_core::credentials::TokenCredential;
/// use graph_calls_core::model::TenantId;
/// use graph_calls_http::AzureIdentityTokens;
///
/// // `credential` is a `ClientAssertionCredential` of `azure_identity`, or any other.
/// fn tokens(tenant: TenantId, credential: Arc<dyn TokenCredential>) -> AzureIdentityTokens {
///     AzureIdentityTokens::new(tenant, credential)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct AzureIdentityTokens(Cache);

impl AzureIdentityTokens {
    /// Gets tokens of this tenant from this credential.
    pub fn new(tenant: TenantId, credential: Arc<dyn TokenCredential>) -> Self {
        Self(Cache::new(Sdk { tenant, credential }))
    }

    /// What it has done so far.
    pub fn stats(&self) -> TokenStats {
        self.0.stats()
    }
}

#[async_trait]
impl TokenProvider for AzureIdentityTokens {
    async fn token(&self, request: &TokenRequest) -> Result<AccessToken, TokenError> {
        self.0.token(request).await
    }

    fn cached(&self, request: &TokenRequest) -> Option<AccessToken> {
        self.0.cached(request)
    }
}

struct Sdk {
    tenant: TenantId,
    credential: Arc<dyn TokenCredential>,
}

#[async_trait]
impl Source for Sdk {
    fn tenant<'a>(&'a self, named: Option<&'a TenantId>) -> Result<&'a TenantId, Failure> {
        source::only(&self.tenant, named, "a credential of the Azure SDK")
    }

    async fn ask(
        &self,
        _tenant: &TenantId,
        scope: &str,
        _claims: Option<&str>,
    ) -> Result<AccessToken, Failure> {
        let token = match timeout(PATIENCE, self.credential.get_token(&[scope], None)).await {
            Ok(Ok(token)) => token,
            Ok(Err(error)) => {
                // Its kinds do not tell what may pass; asking again, ever more rarely, does no harm.
                return Err(
                    Failure::passing("the credential of the Azure SDK gave no token").with_source(error)
                );
            }
            Err(_) => return Err(Failure::passing("the credential of the Azure SDK did not answer in time")),
        };
        let now = Wall::system().now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let ends = u64::try_from(token.expires_on.unix_timestamp()).unwrap_or_default();
        Ok(AccessToken::new(token.token.secret(), Duration::from_secs(ends.saturating_sub(now)))?)
    }
}

impl fmt::Debug for Sdk {
    // What a credential prints of itself is not ours to vouch for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AzureIdentity").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}
