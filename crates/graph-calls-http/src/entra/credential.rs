//! How an app proves to the login that it is that app.

use std::{fmt, sync::Arc};

use graph_calls_core::{
    TokenError,
    model::{AppId, TenantId},
};
use url::form_urlencoded::Serializer;

use super::ClientSecret;

/// The form that is posted to the login.
pub(super) type Form = Serializer<'static, String>;

/// One way to prove it. One file for each.
pub(super) trait Credential: fmt::Debug + Send + Sync + 'static {
    /// Where the app is registered.
    fn tenant(&self) -> &TenantId;
    fn app_id(&self) -> &AppId;
    /// Appends the proof to a form that has everything else.
    fn prove(&self, form: &mut Form) -> Result<(), TokenError>;
}

/// How an app proves to the login that it is that app: made from a [`ClientSecret`].
#[derive(Debug, Clone)]
pub struct EntraCredential(Arc<dyn Credential>);

impl EntraCredential {
    /// The tenant whose tokens are used where a request names no other.
    pub fn tenant(&self) -> &TenantId {
        self.0.tenant()
    }

    /// The app.
    pub fn app_id(&self) -> &AppId {
        self.0.app_id()
    }

    pub(super) fn prove(&self, form: &mut Form) -> Result<(), TokenError> {
        self.0.prove(form)
    }
}

impl From<ClientSecret> for EntraCredential {
    fn from(secret: ClientSecret) -> Self {
        Self(Arc::new(secret))
    }
}
