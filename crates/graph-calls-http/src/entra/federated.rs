//! An app that proves itself with a token of another identity provider.

use std::{
    io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use graph_calls_core::model::{AppId, TenantId};
use secrecy::SecretString;
use tokio::task;
use url::Url;

use super::{
    credential::{Credential, Proof},
    failure::Failure,
};
use crate::small_file;

/// The longest file that is read.
const LONGEST: usize = 64 * 1024;

/// An app registration that trusts tokens of another identity provider, and the file where they appear: workload
/// identity of Kubernetes, for one.
///
/// The file is read anew for each request to the login, since whoever writes it renews the token in it. It has one token
/// of at most 64 KiB; line ends behind it do not count.
///
/// Graph reference: [workload identity
/// federation](https://learn.microsoft.com/entra/workload-id/workload-identity-federation).
///
/// # Examples
///
/// ```
/// use graph_calls_core::model::{AppId, TenantId};
/// use graph_calls_http::{EntraCredential, FederatedToken};
///
/// let tenant = TenantId::new("contoso.example")?;
/// let app = AppId::new("2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b")?;
/// let file = "/var/run/secrets/azure/tokens/azure-identity-token";
/// let credential = EntraCredential::from(FederatedToken::from_file(tenant, app, file));
/// # let _ = credential;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FederatedToken {
    tenant: TenantId,
    app_id: AppId,
    path: PathBuf,
}

impl FederatedToken {
    /// The app of a tenant, with the file. It is not read before a token is wanted.
    pub fn from_file(tenant: TenantId, app_id: AppId, path: impl Into<PathBuf>) -> Self {
        Self { tenant, app_id, path: path.into() }
    }
}

#[async_trait]
impl Credential for FederatedToken {
    fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    fn app_id(&self) -> &AppId {
        &self.app_id
    }

    async fn proof(&self, _address: &Url) -> Result<Proof, Failure> {
        let path = self.path.clone();
        let read = task::spawn_blocking(move || read(&path)).await;
        read.map_err(|_| Failure::passing("the runtime that read the federated token has ended"))?
    }
}

fn read(path: &Path) -> Result<Proof, Failure> {
    let shown = path.display();
    let text = small_file::read(path, LONGEST).map_err(|error| {
        let hint = if error.kind() == io::ErrorKind::NotFound {
            ": is the token mounted there, and AZURE_FEDERATED_TOKEN_FILE its path?"
        } else {
            ""
        };
        Failure::new(format!("the federated token in {shown} cannot be read{hint}")).with_source(error)
    })?;
    let token = text.trim_end_matches(['\r', '\n']);
    if token.is_empty() {
        // Whoever writes the file may be at it right now.
        return Err(Failure::passing(format!("there is no federated token in {shown}: the file is empty")));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::new(format!(
            "what is in {shown} is no token: it must be one JWT and nothing else"
        )));
    }
    Ok(Proof::Assertion(SecretString::from(token)))
}
