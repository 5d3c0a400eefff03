//! How an app proves to the login that it is that app.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use graph_calls_core::model::{AppId, TenantId};
use secrecy::SecretString;
use url::Url;

use super::{ClientCertificate, ClientSecret, FederatedToken, ManagedIdentity, failure::Failure};

/// What a login takes as proof.
pub(super) enum Proof {
    Secret(SecretString),
    /// A signed statement, by the app itself or by somebody whom the app registration trusts.
    Assertion(SecretString),
}

/// One way to prove it. One file for each.
#[async_trait]
pub(super) trait Credential: fmt::Debug + Send + Sync + 'static {
    /// Where the app is registered.
    fn tenant(&self) -> &TenantId;
    fn app_id(&self) -> &AppId;
    /// The proof for one request to this address.
    async fn proof(&self, address: &Url) -> Result<Proof, Failure>;
}

/// Who an app is, and how it shows it: made from a [`ClientSecret`], a [`ClientCertificate`], a [`FederatedToken`] or a
/// [`ManagedIdentity`].
#[derive(Debug, Clone)]
pub struct EntraCredential(Way);

/// Where a credential leads.
#[derive(Debug, Clone)]
pub(super) enum Way {
    Login(Arc<dyn Credential>),
    Managed(Box<ManagedIdentity>),
}

impl EntraCredential {
    /// The tenant whose tokens are used where a request names no other.
    pub fn tenant(&self) -> &TenantId {
        match &self.0 {
            Way::Login(credential) => credential.tenant(),
            Way::Managed(identity) => identity.tenant(),
        }
    }

    /// The app.
    pub fn app_id(&self) -> &AppId {
        match &self.0 {
            Way::Login(credential) => credential.app_id(),
            Way::Managed(identity) => identity.app_id(),
        }
    }

    pub(super) fn into_way(self) -> Way {
        self.0
    }
}

impl From<ClientSecret> for EntraCredential {
    fn from(secret: ClientSecret) -> Self {
        Self(Way::Login(Arc::new(secret)))
    }
}

impl From<ClientCertificate> for EntraCredential {
    fn from(certificate: ClientCertificate) -> Self {
        Self(Way::Login(Arc::new(certificate)))
    }
}

impl From<FederatedToken> for EntraCredential {
    fn from(token: FederatedToken) -> Self {
        Self(Way::Login(Arc::new(token)))
    }
}

impl From<ManagedIdentity> for EntraCredential {
    fn from(identity: ManagedIdentity) -> Self {
        Self(Way::Managed(Box::new(identity)))
    }
}
