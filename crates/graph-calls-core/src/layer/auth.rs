//! The token: the only place that attaches one.

use std::{
    borrow::Cow,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use base64::Engine as _;
use graph_calls_model::TenantId;
use http::{
    StatusCode, Uri,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::{
    AccessToken, BoxError, Cloud, TokenProvider, TokenRequest,
    info::{Refusal, ResponseInfo},
    transport::info,
};

/// Attaches tokens with an [`Auth`].
#[derive(Clone)]
pub struct AuthLayer {
    shared: Arc<Shared>,
}

struct Shared {
    provider: Arc<dyn TokenProvider>,
    scheme: String,
    host: String,
    port: u16,
    /// Both as they are written when our own layers made the URI.
    authority: String,
    /// What is wanted of the provider by a request that says nothing of it.
    usual: TokenRequest,
}

impl AuthLayer {
    /// Attaches the provider's tokens to what goes to the cloud's Graph root, and to nothing else.
    ///
    /// A request that names no tenant gets a token of this one, or of the provider's own.
    pub fn new(provider: Arc<dyn TokenProvider>, cloud: &Cloud, tenant: Option<TenantId>) -> Self {
        let graph = cloud.graph();
        let host = graph.host_str().unwrap_or_default();
        let shared = Shared {
            provider,
            scheme: graph.scheme().to_owned(),
            host: host.to_owned(),
            authority: graph.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
            port: graph.port_or_known_default().unwrap_or_default(),
            usual: TokenRequest::new(tenant, Arc::clone(cloud.scope())),
        };
        Self { shared: Arc::new(shared) }
    }
}

impl std::fmt::Debug for AuthLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthLayer").field("host", &self.shared.host).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;
    fn layer(&self, inner: S) -> Auth<S> {
        Auth { inner, shared: Arc::clone(&self.shared) }
    }
}

/// Attaches the token if the request's parsed origin is the configured one, and notes which token a 401 refused.
#[derive(Clone)]
pub struct Auth<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> std::fmt::Debug for Auth<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").field("host", &self.shared.host).finish_non_exhaustive()
    }
}

impl<S, B, C> Service<http::Request<B>> for Auth<S>
where
    S: Service<http::Request<B>, Response = http::Response<C>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    C: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = AuthFuture<S::Future, C>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        if !self.shared.is_graph(request.uri()) {
            return AuthFuture { state: State::Sent { inner: self.inner.call(request), token: None } };
        }
        let wanted = self.shared.wanted(&request);
        if let Some(token) = self.shared.provider.cached(&wanted) {
            request.headers_mut().insert(AUTHORIZATION, token.header().clone());
            return AuthFuture { state: State::Sent { inner: self.inner.call(request), token: Some(token) } };
        }
        let wanted = wanted.into_owned();
        // The handle that was polled ready does the work; its clone waits for the next call.
        let waiting = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, waiting);
        let shared = Arc::clone(&self.shared);
        let fetching = async move {
            let token = shared.provider.token(&wanted).await?;
            request.headers_mut().insert(AUTHORIZATION, token.header().clone());
            let mut response = inner.call(request).await?;
            note_refusal(&mut response, token);
            Ok(response)
        };
        AuthFuture { state: State::Fetching { fetching: Box::pin(fetching) } }
    }
}

pin_project! {
    /// A request with its token.
    pub struct AuthFuture<F, C> {
        #[pin]
        state: State<F, C>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, C> {
        // With a token at hand, or to somebody who gets none.
        Sent { #[pin] inner: F, token: Option<AccessToken> },
        // Rare enough to be worth a box.
        Fetching { fetching: Pin<Box<dyn Future<Output = Result<http::Response<C>, BoxError>> + Send>> },
    }
}

impl<F, C> Future for AuthFuture<F, C>
where
    F: Future<Output = Result<http::Response<C>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Sent { inner, token } => {
                let mut answered = ready!(inner.poll(cx));
                if let (Ok(response), Some(token)) = (&mut answered, token.take()) {
                    note_refusal(response, token);
                }
                Poll::Ready(answered)
            }
            StateProjection::Fetching { fetching } => fetching.as_mut().poll(cx),
        }
    }
}

impl<F, C> std::fmt::Debug for AuthFuture<F, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthFuture").finish_non_exhaustive()
    }
}

impl Shared {
    /// Whether a request's scheme, host and port are those of the Graph root. What is not written plainly is not.
    fn is_graph(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
        if scheme != self.scheme {
            return false;
        }
        if authority.as_str() == self.authority {
            return true;
        }
        let default = if scheme == "https" { 443 } else { 80 };
        !authority.as_str().contains('@')
            && authority.host().eq_ignore_ascii_case(&self.host)
            && authority.port_u16().unwrap_or(default) == self.port
    }

    /// What most requests want is there already.
    fn wanted<B>(&self, request: &http::Request<B>) -> Cow<'_, TokenRequest> {
        let Some(info) = info(request).filter(|info| info.tenant.is_some() || info.refusal.is_some()) else {
            return Cow::Borrowed(&self.usual);
        };
        let mut wanted = self.usual.clone();
        if info.tenant.is_some() {
            wanted.tenant.clone_from(&info.tenant);
        }
        if let Some(refusal) = &info.refusal {
            wanted.refused = Some(refusal.token.clone());
            wanted.claims.clone_from(&refusal.claims);
        }
        Cow::Owned(wanted)
    }
}

/// Has the response say so if it is a 401.
fn note_refusal<C>(response: &mut http::Response<C>, token: AccessToken) {
    if response.status() != StatusCode::UNAUTHORIZED {
        return;
    }
    let claims = response
        .headers()
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find_map(claims_of);
    let info = response.extensions_mut().get_or_insert_default::<ResponseInfo>();
    info.refusal = Some(Arc::new(Refusal { token, claims }));
}

/// The `claims` of a challenge, where they are base64 that can be sent on.
fn claims_of(challenge: &str) -> Option<String> {
    let (_, behind) = challenge.split_once("claims=\"")?;
    let (claims, _) = behind.split_once('"')?;
    let engine = base64::engine::general_purpose::STANDARD;
    engine.decode(claims).is_ok_and(|json| !json.is_empty()).then(|| claims.to_owned())
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use mockall::mock;

    use super::*;
    use crate::{FixedToken, TokenError};

    mock! {
        Provider {}
        #[async_trait]
        impl TokenProvider for Provider {
            async fn token(&self, request: &TokenRequest) -> Result<AccessToken, TokenError>;
        }
    }

    async fn authorization_at(uri: &str) -> Option<String> {
        let echo = tower::service_fn(|request: http::Request<()>| async move {
            let value = request.headers().get(AUTHORIZATION).cloned();
            let value = value.map(|value| value.to_str().unwrap().to_owned());
            Ok::<_, BoxError>(http::Response::new(value))
        });
        let provider = Arc::new(FixedToken::new("secret").unwrap());
        let mut service = AuthLayer::new(provider, &Cloud::global(), None).layer(echo);
        service.call(http::Request::get(uri).body(()).unwrap()).await.unwrap().into_body()
    }

    #[tokio::test]
    async fn the_token_goes_to_the_configured_origin_and_nowhere_else() {
        assert_eq!(
            authorization_at("https://graph.microsoft.com/v1.0/x").await.as_deref(),
            Some("Bearer secret")
        );
        assert_eq!(
            authorization_at("https://GRAPH.microsoft.com:443/x").await.as_deref(),
            Some("Bearer secret")
        );
        for foreign in [
            "http://graph.microsoft.com/x",
            "https://graph.microsoft.com:8443/x",
            "https://graph.microsoft.com.evil.example/x",
            "https://evil.example/graph.microsoft.com",
            "https://graph.microsoft.com@evil.example/x",
            "/v1.0/x",
        ] {
            assert_eq!(authorization_at(foreign).await, None, "{foreign}");
        }
    }

    #[tokio::test]
    async fn a_provider_that_fails_sends_nothing() {
        let mut provider = MockProvider::new();
        provider.expect_token().times(1).returning(|_| Err(TokenError::new("the vault is closed")));
        let never =
            tower::service_fn(|_: http::Request<()>| async { Ok::<_, BoxError>(http::Response::new(())) });
        let mut service = AuthLayer::new(Arc::new(provider), &Cloud::global(), None).layer(never);
        let request = http::Request::get("https://graph.microsoft.com/x").body(()).unwrap();
        let error = service.call(request).await.unwrap_err();
        assert!(error.is::<TokenError>());
    }

    #[test]
    fn a_challenge_gives_its_claims_only_if_they_are_base64() {
        let challenge = r#"Bearer realm="", error="insufficient_claims", claims="eyJhIjoxfQ==""#;
        assert_eq!(claims_of(challenge).as_deref(), Some("eyJhIjoxfQ=="));
        assert_eq!(claims_of(r#"Bearer claims="{}""#), None);
        assert_eq!(claims_of("Bearer"), None);
    }
}
