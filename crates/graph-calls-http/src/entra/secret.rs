//! An app that proves itself with a secret.

use std::fmt;

use async_trait::async_trait;
use graph_calls_core::model::{AppId, TenantId};
use secrecy::SecretString;
use url::Url;

use super::{
    credential::{Credential, Proof},
    failure::Failure,
};

/// An app registration and its client secret.
///
/// The secret is its *value*, which Entra shows once, not its id. `Debug` does not print it.
#[derive(Clone)]
pub struct ClientSecret {
    tenant: TenantId,
    app_id: AppId,
    secret: SecretString,
}

impl ClientSecret {
    /// The app of a tenant, with its secret.
    pub fn new(tenant: TenantId, app_id: AppId, secret: impl Into<SecretString>) -> Self {
        Self { tenant, app_id, secret: secret.into() }
    }
}

#[async_trait]
impl Credential for ClientSecret {
    fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    fn app_id(&self) -> &AppId {
        &self.app_id
    }

    async fn proof(&self, _address: &Url) -> Result<Proof, Failure> {
        Ok(Proof::Secret(self.secret.clone()))
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSecret")
            .field("tenant", &self.tenant)
            .field("app_id", &self.app_id)
            .field("secret", &"[redacted]")
            .finish()
    }
}
