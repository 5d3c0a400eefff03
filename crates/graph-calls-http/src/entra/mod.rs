//! Tokens from Entra ID, by an app's own credentials.

mod answer;
#[cfg(feature = "azure-identity")]
mod azure_identity;
mod cache;
mod certificate;
mod credential;
mod der;
mod failure;
mod federated;
mod login;
mod managed;
mod secret;
mod slots;
mod source;

use async_trait::async_trait;
use graph_calls_core::{AccessToken, Cloud, TokenError, TokenProvider, TokenRequest, Transport};

use self::{cache::Cache, credential::Way, login::Login};

#[cfg(feature = "azure-identity")]
pub use self::azure_identity::AzureIdentityTokens;
pub use self::{
    certificate::{ClientCertificate, InvalidCertificate},
    credential::EntraCredential,
    federated::FederatedToken,
    managed::ManagedIdentity,
    secret::ClientSecret,
};

/// Tokens from Entra ID, by an app's own credentials (the OAuth flow of client credentials) or by the identity that
/// Azure gave the machine.
///
/// Each tenant and scope has one token. However many callers want it, the login is asked once, and not by any of
/// them: one who goes away takes nothing from the others. From 10 minutes before a token expires (a fifth of its life
/// if that is less) whoever uses it has the next one fetched without waiting for it. A login that fails is asked again
/// after 1 second, then 2, 4, 8, 16 and every 30, or later if it says so itself (`Retry-After`, up to 5 minutes);
/// the token at hand serves until it expires. A token that Graph refuses is replaced at once; where Graph refuses the
/// next one too, or the same one comes again, the same breaks are kept. Graph's demands (`claims`) are passed on.
///
/// The login is asked at `{login}/{tenant}/oauth2/v2.0/token`. Only the cloud of an emulator has one over plain http.
/// A [`ManagedIdentity`] asks the machine it runs on instead.
///
/// # Examples
///
/// ```
/// use graph_calls_core::{Cloud, TokenProvider, TokenRequest, model::{AppId, TenantId}};
/// use graph_calls_http::{ClientSecret, EntraTokens};
/// # use bytes::Bytes;
/// # use graph_calls_core::{BoxError, Transport};
/// # let transport = Transport::new(tower::service_fn(|_: http::Request<Bytes>| async {
/// #     let body = Bytes::from_static(br#"{"token_type":"Bearer","expires_in":3599,"access_token":"t"}"#);
/// #     Ok::<_, BoxError>(http::Response::new(body))
/// # }));
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let tenant = TenantId::new("contoso.example")?;
/// let app = AppId::new("2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b")?;
/// let cloud = Cloud::global();
/// // `transport` is that of `HttpTransport::https()`, or any other.
/// let tokens = EntraTokens::new(&cloud, transport, ClientSecret::new(tenant, app, "the value of the secret"));
/// let wanted = TokenRequest::new(None, cloud.scope().clone());
/// assert!(tokens.cached(&wanted).is_none());
/// tokens.token(&wanted).await?;
/// assert!(tokens.cached(&wanted).is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct EntraTokens(Cache);

/// What a provider has done since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TokenStats {
    /// How often a token was asked for.
    pub asked: u64,
    /// How often that failed.
    pub failed: u64,
    /// The tenants that something is remembered of.
    pub tenants: usize,
}

impl EntraTokens {
    /// Gets tokens from the cloud's login over this transport. A [`ManagedIdentity`] uses neither: it has a transport of
    /// its own.
    pub fn new(cloud: &Cloud, transport: Transport, credential: impl Into<EntraCredential>) -> Self {
        match credential.into().into_way() {
            Way::Login(credential) => Self(Cache::new(Login::new(cloud, transport, credential))),
            Way::Managed(identity) => Self(Cache::new(identity.into_source())),
        }
    }

    /// What it has done so far.
    pub fn stats(&self) -> TokenStats {
        self.0.stats()
    }
}

#[async_trait]
impl TokenProvider for EntraTokens {
    async fn token(&self, request: &TokenRequest) -> Result<AccessToken, TokenError> {
        self.0.token(request).await
    }

    fn cached(&self, request: &TokenRequest) -> Option<AccessToken> {
        self.0.cached(request)
    }
}
