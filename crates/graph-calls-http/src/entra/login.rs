//! One question to the login.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use graph_calls_core::{AccessToken, Cloud, TokenError, Transport, model::TenantId};
use http::header::{ACCEPT, CONTENT_TYPE};
use tokio::time::{Instant, timeout};
use tower::ServiceExt as _;
use url::{Url, form_urlencoded::Serializer};

use super::{
    EntraCredential,
    answer::{self, Asked, Failure, LONGEST_ANSWER},
};
use crate::body::BodyLimit;

/// How long the login may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The login, as one app meets it.
#[derive(Clone)]
pub(super) struct Login {
    transport: Transport,
    root: Url,
    pub(super) credential: EntraCredential,
}

impl Login {
    pub(super) fn new(cloud: &Cloud, transport: Transport, credential: EntraCredential) -> Self {
        Self { transport, root: cloud.login().clone(), credential }
    }

    /// Asks for a token.
    pub(super) async fn ask(
        &self,
        tenant: &TenantId,
        scope: &str,
        claims: Option<&str>,
    ) -> Result<AccessToken, Failure> {
        let login = self.root.origin().ascii_serialization();
        let app = self.credential.app_id().as_str();
        let asked = Asked { login: &login, tenant: tenant.as_str(), app };
        let request = self.request(tenant, scope, claims)?;
        let began = Instant::now();
        let response = match timeout(PATIENCE, self.transport.clone().oneshot(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                let message = format!("the login at {login} cannot be reached: check the network");
                return Err(Failure::passing(message).with_source(error));
            }
            Err(_) => return Err(Failure::passing(format!("the login at {login} did not answer in time"))),
        };
        answer::token(asked, &response, began.elapsed())
    }

    fn request(
        &self,
        tenant: &TenantId,
        scope: &str,
        claims: Option<&str>,
    ) -> Result<http::Request<Bytes>, TokenError> {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials")
            .append_pair("client_id", self.credential.app_id().as_str())
            .append_pair("scope", scope);
        if let Some(claims) = claims {
            let claims = BASE64.decode(claims).ok().and_then(|json| String::from_utf8(json).ok());
            let claims =
                claims.ok_or_else(|| TokenError::new("the claims that Graph demands are no base64 text"))?;
            form.append_pair("claims", &claims);
        }
        self.credential.prove(&mut form)?;
        let mut request = http::Request::post(self.address(tenant).as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(Bytes::from(form.finish()))
            .map_err(|_| TokenError::new("the address of the login cannot be requested"))?;
        request.extensions_mut().insert(BodyLimit(LONGEST_ANSWER));
        Ok(request)
    }

    fn address(&self, tenant: &TenantId) -> Url {
        let mut url = self.root.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend([tenant.as_str(), "oauth2", "v2.0", "token"]);
        }
        url
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("root", &self.root.as_str())
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}
