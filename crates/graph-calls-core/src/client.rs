//! The client: a typed request in, a typed answer or an error that says how sure it is.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use graph_calls_model::TenantId;
use http::{Method, StatusCode};
use tokio::time::Instant;

use crate::{
    AccessToken, ApiRequest, Certainty, ClientBuilder, Correlation, Error, Repeat, RequestInfo, Result,
    ScenarioId, Stats, TokenError, TokenProvider, TokenRequest, Transport,
    builder::Stack,
    dispatch::dispatch,
    info::{LastResponse, ResponseInfo},
    layer::DeadlineLayer,
    stats::Counters,
};

/// Sends typed requests through the stack of [`layer`](crate::layer)s. Cheap to clone.
///
/// # Examples
///
/// ```
/// use graph_calls_core::{Client, FixedToken, RejectCall, model::{CallId, RejectReason}, test_util::ScriptedTransport};
/// use http::{Method, StatusCode};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let script = ScriptedTransport::new()
///     .answer(Method::POST, "/v1.0/communications/calls/57dab8b1/reject", StatusCode::ACCEPTED, "");
/// let client = Client::builder(script.transport()).token(FixedToken::new("t")?).build();
/// client.send(RejectCall::new(CallId::new("57dab8b1")?, RejectReason::Busy)).await?;
/// script.assert_done();
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Client {
    stack: Arc<Stack>,
    deadline: DeadlineLayer,
    tenant: Option<TenantId>,
    scenario: Option<ScenarioId>,
    counters: Arc<Counters>,
    tokens: Arc<Tokens>,
}

/// Where the stack gets its tokens, for who wants one without a request.
pub(crate) struct Tokens {
    pub(crate) provider: Arc<dyn TokenProvider>,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) scope: Arc<str>,
}

impl Client {
    /// Begins a client over a transport.
    pub fn builder(transport: Transport) -> ClientBuilder {
        ClientBuilder::new(transport)
    }

    pub(crate) fn over(
        stack: Stack,
        deadline: DeadlineLayer,
        counters: Arc<Counters>,
        tokens: Tokens,
    ) -> Self {
        let (stack, tokens) = (Arc::new(stack), Arc::new(tokens));
        Self { stack, deadline, tenant: None, scenario: None, counters, tokens }
    }

    /// The same client, with tokens of this tenant: that which owns the call.
    #[must_use]
    pub fn for_tenant(&self, tenant: TenantId) -> Self {
        Self { tenant: Some(tenant), ..self.clone() }
    }

    /// The same client, for the requests of one call, or of whatever else belongs together in the logs.
    ///
    /// Without it a request that acts on a call has the call's own id for a scenario, and any other a new one.
    #[must_use]
    pub fn for_scenario(&self, scenario: ScenarioId) -> Self {
        Self { scenario: Some(scenario), ..self.clone() }
    }

    /// Sends a request; it settles within the client's total time.
    ///
    /// # Errors
    ///
    /// See [`Error::kind`] for what happened and [`Error::certainty`] for how sure it is that nothing did.
    pub async fn send<R: ApiRequest>(&self, request: R) -> Result<R::Output> {
        self.send_inner(request, None).await
    }

    /// Sends a request that must settle by this time.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub async fn send_by<R: ApiRequest>(&self, request: R, deadline: Instant) -> Result<R::Output> {
        self.send_inner(request, Some(deadline)).await
    }

    /// Gets the token that a request would have now, so that the first request need not wait for it, or to see
    /// whether there is one.
    ///
    /// The provider keeps it: asking again costs nothing while it is good.
    ///
    /// # Errors
    ///
    /// When the provider has none.
    ///
    /// # Examples
    ///
    /// ```
    /// use graph_calls_core::{Client, FixedToken, test_util::ScriptedTransport};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let builder = || Client::builder(ScriptedTransport::new().transport());
    /// assert!(builder().token(FixedToken::new("t")?).build().token().await.is_ok());
    /// assert!(builder().build().token().await.is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn token(&self) -> std::result::Result<AccessToken, TokenError> {
        let tenant = self.tenant.as_ref().or(self.tokens.tenant.as_ref()).cloned();
        let wanted = TokenRequest::new(tenant, Arc::clone(&self.tokens.scope));
        match self.tokens.provider.cached(&wanted) {
            Some(token) => Ok(token),
            None => self.tokens.provider.token(&wanted).await,
        }
    }

    /// What the client has done so far.
    pub fn stats(&self) -> Stats {
        self.counters.snapshot()
    }

    async fn send_inner<R: ApiRequest>(&self, request: R, deadline: Option<Instant>) -> Result<R::Output> {
        let mut prepared =
            request.to_http().map_err(|error| error.with_correlation(request.correlation()))?;
        let is_delete = prepared.method() == Method::DELETE;
        let mut info = RequestInfo::new(request.name(), request.repeat(), request.version());
        info.tenant.clone_from(&self.tenant);
        let of_call = || request.call_id().and_then(ScenarioId::of_call);
        let scenario = self.scenario.or_else(of_call).unwrap_or_else(|| self.counters.next_scenario());
        info.scenario = Some(scenario);
        let expires = deadline.unwrap_or_else(|| self.deadline.ends());
        info.expires = Some(expires);
        let notes = Arc::clone(info.notes());
        prepared.extensions_mut().insert(info);
        match dispatch(Stack::clone(&self.stack), prepared, expires).await {
            Ok(mut response) => {
                let found = response.extensions_mut().remove::<ResponseInfo>().unwrap_or(FIRST_TRY);
                settle(&request, is_delete, response, &found)
                    .map_err(|error| error.with_response_info(&found))
            }
            Err(error) => Err(Error::no_response(request.name(), error)),
        }
        .map_err(|error| {
            error
                .with_client_request_id(notes.id())
                .with_correlation(Correlation { scenario_id: Some(scenario), ..request.correlation() })
        })
    }
}

/// What the layers have nothing to say of.
const FIRST_TRY: ResponseInfo = ResponseInfo { attempts: 1, before: None, refusal: None, told_to_wait: None };

fn settle<R: ApiRequest>(
    request: &R,
    is_delete: bool,
    response: http::Response<Bytes>,
    found: &ResponseInfo,
) -> Result<R::Output> {
    let gone = matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::GONE);
    // The first DELETE got through and only its answer was lost: what is gone now went because of it.
    let deleted_before =
        gone && is_delete && request.repeat() == Repeat::Always && found.before == Some(Certainty::Unknown);
    if response.status().is_success() || deleted_before {
        let head = LastResponse::of(&response);
        request.read(response).map_err(|error| error.with_head(&head))
    } else {
        Err(Error::status_of(request.name(), &response))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}
