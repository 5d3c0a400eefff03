//! Tokens from Entra ID, by an app's own credentials.

mod answer;
mod credential;
mod login;
mod secret;
mod slots;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use graph_calls_core::{
    AccessToken, Cloud, TokenError, TokenProvider, TokenRequest, Transport, model::TenantId,
};
use tokio::{runtime::Handle, sync::oneshot, time::Instant};

use self::{
    answer::Failure,
    login::Login,
    slots::{Found, Slots, Waiting},
};

pub use self::{credential::EntraCredential, secret::ClientSecret};

/// Tokens from Entra ID, by an app's own credentials (the OAuth flow of client credentials).
///
/// Each tenant and scope has one token. However many callers want it, the login is asked once, and not by any of
/// them: one who goes away takes nothing from the others. From 10 minutes before a token expires (a fifth of its life
/// if that is less) whoever uses it has the next one fetched without waiting for it. A login that fails is asked again
/// after 1 second, then 2, 4, 8, 16 and every 30, or later if it says so itself (`Retry-After`, up to 5 minutes);
/// the token at hand serves until it expires. Graph's demands (`claims`) are passed on.
///
/// The login is asked at `{login}/{tenant}/oauth2/v2.0/token`. Only the cloud of an emulator has one over plain http.
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
#[derive(Clone)]
pub struct EntraTokens(Arc<Inner>);

struct Inner {
    login: Login,
    slots: Mutex<Slots>,
    asked: AtomicU64,
    failed: AtomicU64,
}

/// What a provider has done since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TokenStats {
    /// How often the login was asked.
    pub asked: u64,
    /// How often that failed.
    pub failed: u64,
    /// The tenants that something is remembered of.
    pub tenants: usize,
}

impl EntraTokens {
    /// Gets tokens from the cloud's login over this transport.
    pub fn new(cloud: &Cloud, transport: Transport, credential: impl Into<EntraCredential>) -> Self {
        Self(Arc::new(Inner {
            login: Login::new(cloud, transport, credential.into()),
            slots: Mutex::default(),
            asked: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }))
    }

    /// What it has done so far.
    pub fn stats(&self) -> TokenStats {
        TokenStats {
            asked: self.0.asked.load(Ordering::Relaxed),
            failed: self.0.failed.load(Ordering::Relaxed),
            tenants: self.0.lock().tenants(),
        }
    }
}

#[async_trait]
impl TokenProvider for EntraTokens {
    async fn token(&self, request: &TokenRequest) -> Result<AccessToken, TokenError> {
        let token = match self.0.look(request) {
            Look::Token(token) => token,
            Look::Wait(waiting) => waiting.await?,
            Look::Fail(failure) => return Err(failure.into()),
        };
        if request.refused.as_ref() == Some(&token) {
            return Err(TokenError::new("the login gave again the token that Graph had just refused"));
        }
        Ok(token)
    }

    fn cached(&self, request: &TokenRequest) -> Option<AccessToken> {
        self.0.at_hand(request)
    }
}

enum Look {
    Token(AccessToken),
    Wait(Waiting),
    Fail(Failure),
}

impl Inner {
    fn at_hand(self: &Arc<Self>, request: &TokenRequest) -> Option<AccessToken> {
        let (tenant, now) = (self.tenant(request), Instant::now());
        let mut slots = self.lock();
        let Found::Token { token, due } = slots.find(tenant, request, now) else { return None };
        if due {
            self.fetch(&mut slots, tenant, request, now);
        }
        Some(token)
    }

    fn look(self: &Arc<Self>, request: &TokenRequest) -> Look {
        if let Some(token) = self.at_hand(request) {
            return Look::Token(token);
        }
        let (tenant, now) = (self.tenant(request), Instant::now());
        let mut slots = self.lock();
        match slots.find(tenant, request, now) {
            Found::Token { token, .. } => Look::Token(token),
            Found::Coming(waiting) => Look::Wait(waiting),
            Found::Trouble(failure) => Look::Fail(failure),
            Found::Nothing => match self.fetch(&mut slots, tenant, request, now) {
                Some(waiting) => Look::Wait(waiting),
                None => Look::Fail(Failure::new("tokens are fetched on a tokio runtime, and here is none")),
            },
        }
    }

    /// Fetches a token in a task of its own, so that no caller who goes away ends it.
    fn fetch(
        self: &Arc<Self>,
        slots: &mut Slots,
        tenant: &TenantId,
        request: &TokenRequest,
        now: Instant,
    ) -> Option<Waiting> {
        let runtime = Handle::try_current().ok()?;
        let id = slots.next_flight();
        let slot = slots.slot(tenant, &request.scope, now);
        let (landed, landing) = oneshot::channel();
        let waiting = landing
            .map(|landed| {
                landed.unwrap_or_else(|_| Err(Failure::new("the runtime that fetched the token has ended")))
            })
            .boxed()
            .shared();
        slot.take_off(id, request.claims.clone(), waiting.clone());
        let (inner, tenant, scope) = (Arc::clone(self), tenant.clone(), Arc::clone(&request.scope));
        let claims = request.claims.clone();
        runtime.spawn(async move {
            inner.asked.fetch_add(1, Ordering::Relaxed);
            let outcome = inner.login.ask(&tenant, &scope, claims.as_deref()).await;
            match &outcome {
                Ok(_) => tracing::debug!(%tenant, %scope, "got a token"),
                Err(failure) => {
                    inner.failed.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(%tenant, %scope, error = %failure, "got no token");
                }
            }
            let now = Instant::now();
            inner.lock().slot(&tenant, &scope, now).land(id, &outcome, now);
            // Nobody may be waiting: then it was fetched ahead.
            let _ = landed.send(outcome);
        });
        Some(waiting)
    }

    fn tenant<'a>(&'a self, request: &'a TokenRequest) -> &'a TenantId {
        request.tenant.as_ref().unwrap_or_else(|| self.login.credential.tenant())
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for EntraTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraTokens").field("login", &self.0.login).finish_non_exhaustive()
    }
}
