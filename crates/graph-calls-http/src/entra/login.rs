//! One question to the login.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use graph_calls_core::{AccessToken, Cloud, TokenError, Transport, model::TenantId};
use http::header::{ACCEPT, CONTENT_TYPE};
use secrecy::ExposeSecret as _;
use tokio::time::{Instant, timeout_at};
use tower::ServiceExt as _;
use url::{Url, form_urlencoded::Serializer};

use super::{
    answer::{self, Asked, LONGEST_ANSWER},
    credential::{Credential, Proof},
    failure::Failure,
    source::Source,
};
use crate::body::BodyLimit;

/// How long the proof and the answer of the login may take together.
const PATIENCE: Duration = Duration::from_secs(10);
/// RFC 7523, section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The login, as one app meets it.
pub(super) struct Login {
    transport: Transport,
    root: Url,
    credential: Arc<dyn Credential>,
}

impl Login {
    pub(super) fn new(cloud: &Cloud, transport: Transport, credential: Arc<dyn Credential>) -> Self {
        Self { transport, root: cloud.login().clone(), credential }
    }

    fn request(
        &self,
        address: &Url,
        proof: &Proof,
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
        match proof {
            Proof::Secret(secret) => form.append_pair("client_secret", secret.expose_secret()),
            Proof::Assertion(assertion) => form
                .append_pair("client_assertion_type", JWT_BEARER)
                .append_pair("client_assertion", assertion.expose_secret()),
        };
        let mut request = http::Request::post(address.as_str())
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

#[async_trait]
impl Source for Login {
    fn tenant<'a>(&'a self, named: Option<&'a TenantId>) -> Result<&'a TenantId, Failure> {
        Ok(named.unwrap_or_else(|| self.credential.tenant()))
    }

    async fn ask(
        &self,
        tenant: &TenantId,
        scope: &str,
        claims: Option<&str>,
    ) -> Result<AccessToken, Failure> {
        let login = self.root.origin().ascii_serialization();
        let app = self.credential.app_id().as_str();
        let asked = Asked { login: &login, tenant: tenant.as_str(), app };
        let address = self.address(tenant);
        let ends = Instant::now() + PATIENCE;
        let proof = timeout_at(ends, self.credential.proof(&address)).await.map_err(|_| {
            Failure::passing(format!(
                "the proof for the login at {login} was not there in time: if it comes from a file, see whether \
                 that can be read"
            ))
        })??;
        let request = self.request(&address, &proof, scope, claims)?;
        let began = Instant::now();
        let response = match timeout_at(ends, self.transport.clone().oneshot(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                let message = format!("the login at {login} cannot be reached: check the network");
                return Err(Failure::passing(message).with_source(error));
            }
            Err(_) => return Err(Failure::passing(format!("the login at {login} did not answer in time"))),
        };
        answer::token(asked, &response, began.elapsed())
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

#[cfg(test)]
mod tests {
    use std::{
        future,
        sync::atomic::{AtomicBool, Ordering},
    };

    use graph_calls_core::{BoxError, TokenRequest, model::AppId};
    use tokio::time::advance;

    use super::*;
    use crate::entra::cache::Cache;

    /// A credential whose file does not answer until it is mended.
    #[derive(Debug)]
    struct Hanging {
        tenant: TenantId,
        app: AppId,
        mended: AtomicBool,
    }

    #[async_trait]
    impl Credential for Hanging {
        fn tenant(&self) -> &TenantId {
            &self.tenant
        }

        fn app_id(&self) -> &AppId {
            &self.app
        }

        async fn proof(&self, _address: &Url) -> Result<Proof, Failure> {
            if !self.mended.load(Ordering::SeqCst) {
                future::pending::<()>().await;
            }
            Ok(Proof::Assertion("some.token.here".into()))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_proof_that_hangs_is_given_up_and_asked_for_again() {
        let credential = Arc::new(Hanging {
            tenant: TenantId::new("contoso.example").unwrap(),
            app: AppId::new("2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b").unwrap(),
            mended: AtomicBool::new(false),
        });
        let transport = Transport::new(tower::service_fn(|_: http::Request<Bytes>| async {
            let body = Bytes::from_static(br#"{"expires_in":3600,"access_token":"t"}"#);
            Ok::<_, BoxError>(http::Response::new(body))
        }));
        let cloud = Cloud::global();
        let tokens =
            Cache::new(Login::new(&cloud, transport, Arc::clone(&credential) as Arc<dyn Credential>));
        let wanted = TokenRequest::new(None, Arc::clone(cloud.scope()));
        let began = Instant::now();
        let error = tokens.token(&wanted).await.unwrap_err();
        assert!(error.is_transient() && error.to_string().contains("not there in time"), "{error}");
        assert_eq!(began.elapsed(), PATIENCE);
        credential.mended.store(true, Ordering::SeqCst);
        advance(Duration::from_secs(1)).await;
        assert!(tokens.token(&wanted).await.is_ok());
    }
}
