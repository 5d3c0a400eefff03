//! The line to Graph or to an emulator: typed requests go out, answers come back with what was on the wire.

use std::borrow::Cow;

use bytes::Bytes;
use graph_calls_core::{
    ApiRequest, ApiVersion, Client, Cloud, Correlation, Repeat, Result,
    model::{CallId, ClientContext, TenantId},
};
use serde_json::{Value, json};

use crate::{
    dry_run::DryRun,
    exit::Failure,
    output::Output,
    report::{self, Effect},
};

/// Sends requests, or only shows them.
pub(crate) struct Line {
    client: Client,
    dry: Option<DryRun>,
    emulated: bool,
    tenant: Option<TenantId>,
    pub(crate) output: Output,
    pub(crate) json: bool,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    pub(crate) read: T,
    status: u16,
    body: Bytes,
}

impl Line {
    pub(crate) fn real(client: Client, tenant: Option<TenantId>, emulated: bool) -> Self {
        Self { client, dry: None, emulated, tenant, output: Output::new(), json: false }
    }

    pub(crate) fn dry(cloud: &Cloud, tenant: Option<TenantId>) -> Self {
        let dry = DryRun::default();
        // The token is a stand-in; none is at hand.
        let builder = Client::builder(dry.transport()).cloud(cloud.clone());
        let client = match DryRun::token() {
            Ok(token) => builder.token(token).build(),
            Err(_) => builder.build(),
        };
        let emulated = cloud.is_emulator();
        Self { client, dry: Some(dry), emulated, tenant, output: Output::new(), json: false }
    }

    pub(crate) fn printing(self, output: Output, json: bool) -> Self {
        Self { output, json, ..self }
    }

    pub(crate) fn for_tenant(self, tenant: Option<TenantId>) -> Self {
        match tenant {
            Some(tenant) => {
                Self { client: self.client.for_tenant(tenant.clone()), tenant: Some(tenant), ..self }
            }
            None => self,
        }
    }

    /// The tenant that owns the calls made here, where it is known.
    pub(crate) fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }

    pub(crate) fn is_emulated(&self) -> bool {
        self.emulated
    }

    /// Whether what is sent reaches anybody real.
    pub(crate) fn reaches_people(&self) -> bool {
        self.dry.is_none() && !self.emulated
    }

    /// Sends a request; a dry run prints it and gives nothing.
    pub(crate) async fn send<R: ApiRequest>(
        &self,
        request: R,
        effect: Effect,
    ) -> std::result::Result<Option<Answer<R::Output>>, Failure> {
        let sent = self.client.send(WithBody(request)).await;
        if let Some(request) = self.dry.as_ref().and_then(DryRun::take) {
            request.print(self.output, self.json)?;
            return Ok(None);
        }
        sent.map(Some).map_err(|error| report::failure(&error, effect))
    }
}

impl<T> Answer<T> {
    /// The answer as it was sent; where it had no body, its status.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| json!({ "status": self.status }))
    }
}

/// A request whose answer is kept as it was sent, too: types leave out what they do not know.
struct WithBody<R>(R);

impl<R: ApiRequest> ApiRequest for WithBody<R> {
    type Output = Answer<R::Output>;
    const NAME: &'static str = R::NAME;
    const REPEAT: Repeat = R::REPEAT;
    const VERSION: ApiVersion = R::VERSION;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        self.0.to_http()
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<Self::Output> {
        let (status, body) = (response.status().as_u16(), response.body().clone());
        self.0.read(response).map(|read| Answer { read, status, body })
    }

    fn name(&self) -> Cow<'static, str> {
        self.0.name()
    }

    fn repeat(&self) -> Repeat {
        self.0.repeat()
    }

    fn version(&self) -> ApiVersion {
        self.0.version()
    }

    fn call_id(&self) -> Option<&CallId> {
        self.0.call_id()
    }

    fn client_context(&self) -> Option<&ClientContext> {
        self.0.client_context()
    }

    fn correlation(&self) -> Correlation {
        self.0.correlation()
    }
}
