//! Tokens that are fetched once for however many callers, and ahead of their end.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::FutureExt as _;
use graph_calls_core::{AccessToken, TokenError, TokenRequest, model::TenantId};
use tokio::{runtime::Handle, sync::oneshot, time::Instant};

use super::{
    TokenStats,
    failure::Failure,
    slots::{Found, Slots, Waiting},
    source::Source,
};

/// Tokens of one source. Clones share them.
#[derive(Clone)]
pub(super) struct Cache(Arc<Inner>);

struct Inner {
    source: Box<dyn Source>,
    slots: Mutex<Slots>,
    asked: AtomicU64,
    failed: AtomicU64,
}

enum Look {
    Token(AccessToken),
    Wait(Waiting),
    Fail(Failure),
}

impl Cache {
    pub(super) fn new(source: impl Source) -> Self {
        Self(Arc::new(Inner {
            source: Box::new(source),
            slots: Mutex::default(),
            asked: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }))
    }

    pub(super) async fn token(&self, request: &TokenRequest) -> Result<AccessToken, TokenError> {
        let token = match self.0.look(request) {
            Look::Token(token) => token,
            Look::Wait(waiting) => waiting.await?,
            Look::Fail(failure) => return Err(failure.into()),
        };
        if request.refused.as_ref() == Some(&token) {
            return Err(refused_again().into());
        }
        Ok(token)
    }

    pub(super) fn cached(&self, request: &TokenRequest) -> Option<AccessToken> {
        let tenant = self.0.source.tenant(request.tenant.as_ref()).ok()?;
        self.0.at_hand(tenant, request)
    }

    pub(super) fn stats(&self) -> TokenStats {
        TokenStats {
            asked: self.0.asked.load(Ordering::Relaxed),
            failed: self.0.failed.load(Ordering::Relaxed),
            tenants: self.0.lock().tenants(),
        }
    }
}

impl Inner {
    fn at_hand(self: &Arc<Self>, tenant: &TenantId, request: &TokenRequest) -> Option<AccessToken> {
        let now = Instant::now();
        let slots = self.lock();
        let Found::Token { token, due } = slots.find(tenant, request, now) else { return None };
        if due {
            self.fetch(slots, tenant, request, now);
        }
        Some(token)
    }

    fn look(self: &Arc<Self>, request: &TokenRequest) -> Look {
        let tenant = match self.source.tenant(request.tenant.as_ref()) {
            Ok(tenant) => tenant,
            Err(failure) => return Look::Fail(failure),
        };
        if let Some(token) = self.at_hand(tenant, request) {
            return Look::Token(token);
        }
        let now = Instant::now();
        let slots = self.lock();
        match slots.find(tenant, request, now) {
            Found::Token { token, .. } => Look::Token(token),
            Found::Coming(waiting) => Look::Wait(waiting),
            Found::Trouble(failure) => Look::Fail(failure),
            Found::Nothing => match self.fetch(slots, tenant, request, now) {
                Some(waiting) => Look::Wait(waiting),
                None => Look::Fail(Failure::new("tokens are fetched on a tokio runtime, and here is none")),
            },
        }
    }

    /// Fetches a token in a task of its own, so that no caller who goes away ends it.
    fn fetch(
        self: &Arc<Self>,
        mut slots: MutexGuard<'_, Slots>,
        tenant: &TenantId,
        request: &TokenRequest,
        now: Instant,
    ) -> Option<Waiting> {
        let runtime = Handle::try_current().ok()?;
        let id = slots.next_flight();
        let (landed, landing) = oneshot::channel();
        let waiting = landing.map(|landed| landed.unwrap_or_else(|_| Err(cut_short()))).boxed().shared();
        slots.slot(tenant, &request.scope, now).take_off(id, request, waiting.clone(), now);
        // A runtime that is about to end drops what it is given at once, and that wants the lock.
        drop(slots);
        self.asked.fetch_add(1, Ordering::Relaxed);
        let question = Question {
            inner: Arc::clone(self),
            id,
            tenant: tenant.clone(),
            request: request.clone(),
            landed: Some(landed),
        };
        runtime.spawn(question.ask());
        Some(waiting)
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One question to the source. However it ends, it lands.
struct Question {
    inner: Arc<Inner>,
    id: u64,
    tenant: TenantId,
    request: TokenRequest,
    /// To those who wait; none once it has landed.
    landed: Option<oneshot::Sender<Result<AccessToken, Failure>>>,
}

impl Question {
    async fn ask(mut self) {
        let claims = self.request.claims.as_deref();
        let outcome = self.inner.source.ask(&self.tenant, &self.request.scope, claims).await;
        self.land(match outcome {
            Ok(token) if self.request.refused.as_ref() == Some(&token) => Err(refused_again()),
            outcome => outcome,
        });
    }

    fn land(&mut self, outcome: Result<AccessToken, Failure>) {
        let Some(landed) = self.landed.take() else { return };
        let (tenant, scope, now) = (&self.tenant, &self.request.scope, Instant::now());
        let claims = self.request.claims.take();
        self.inner.lock().slot(tenant, scope, now).land(self.id, claims, &outcome, now);
        match &outcome {
            Ok(_) => tracing::debug!(%tenant, %scope, "got a token"),
            Err(failure) => {
                self.inner.failed.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%tenant, %scope, error = %failure, "got no token");
            }
        }
        // Nobody may be waiting: then it was fetched ahead.
        let _ = landed.send(outcome);
    }
}

impl Drop for Question {
    // Nobody polls what is fetched ahead: without this, one that panicked would count as under way for ever.
    fn drop(&mut self) {
        self.land(Err(cut_short()));
    }
}

fn refused_again() -> Failure {
    Failure::new("the token that came is the one that Graph had just refused")
}

fn cut_short() -> Failure {
    Failure::passing(
        "the task that fetched the token ended before there was one: it panicked, or its runtime has ended",
    )
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.source.fmt(f)
    }
}
