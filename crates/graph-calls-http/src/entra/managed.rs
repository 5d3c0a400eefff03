//! The identity that Azure gave the machine.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use bytes::Bytes;
use graph_calls_core::{
    AccessToken, Transport, Wall,
    model::{AppId, TenantId},
};
use http::{HeaderName, HeaderValue, StatusCode, header::ACCEPT};
use tokio::time::{Instant, timeout};
use tower::ServiceExt as _;
use url::{Host, Url};

use super::{
    answer::{self, Granted, LONGEST_ANSWER},
    failure::Failure,
    source::{self, Source},
};
use crate::{Error, HttpSettings, HttpTransport, Result, body::BodyLimit};

/// How long the endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// It is on the same machine, or on its host.
const CONNECT: Duration = Duration::from_secs(2);

const METADATA_SERVICE: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
const METADATA_VERSION: &str = "2018-02-01";
const METADATA_HEADER: HeaderName = HeaderName::from_static("metadata");
const APP_SERVICE_VERSION: &str = "2019-08-01";
const APP_SERVICE_HEADER: HeaderName = HeaderName::from_static("x-identity-header");

/// The identity that Azure gave the machine this runs on: no secret to keep.
///
/// A virtual machine and its like ask the metadata service at `169.254.169.254`, App Service and Container Apps the
/// endpoint they name (`IDENTITY_ENDPOINT`). Such an identity has tokens of its own tenant only: one for a call of another
/// tenant is an error. It cannot meet demands of Graph (`claims`), and what it gives may come from a cache of Azure's.
///
/// # Plain http
///
/// These endpoints speak plain http, and no other connection but an emulator's does. A Graph token is received there,
/// none is sent, and the connection does not leave the host: any other address than a loopback or link-local one is
/// refused, no proxy is used, and no redirect is followed.
///
/// Graph reference: [tokens of managed
/// identities](https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token).
///
/// # Examples
///
/// ```
/// use graph_calls_core::model::{AppId, TenantId};
/// use graph_calls_http::{EntraCredential, ManagedIdentity};
///
/// let tenant = TenantId::new("1f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b")?;
/// let app = AppId::new("2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b")?;
/// let identity = ManagedIdentity::user_assigned(tenant, app)
///     .with_endpoint("http://localhost:42356/msi/token", "the value of IDENTITY_HEADER")?;
/// let credential = EntraCredential::from(identity);
/// # let _ = credential;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ManagedIdentity {
    tenant: TenantId,
    app_id: AppId,
    user_assigned: bool,
    place: Place,
    transport: Option<Transport>,
}

#[derive(Debug, Clone)]
enum Place {
    MetadataService,
    AppService { endpoint: Url, header: HeaderValue },
}

impl ManagedIdentity {
    /// The identity that belongs to the machine and ends with it. The tenant is the machine's, the app id the client id
    /// of the identity: neither is sent.
    pub fn system(tenant: TenantId, app_id: AppId) -> Self {
        Self { tenant, app_id, user_assigned: false, place: Place::MetadataService, transport: None }
    }

    /// An identity of its own that was assigned to the machine, by its client id.
    pub fn user_assigned(tenant: TenantId, client_id: AppId) -> Self {
        Self { user_assigned: true, ..Self::system(tenant, client_id) }
    }

    /// Asks the endpoint of App Service or Container Apps, which also wants to see the value of a header: both as the
    /// platform sets them in `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when the URL is not plain http on a loopback or link-local
    /// address, or the value cannot stand in a header.
    pub fn with_endpoint(self, url: &str, header: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::invalid(format!(
                "the endpoint for managed identities in IDENTITY_ENDPOINT cannot be used: {why}"
            ))
        };
        let endpoint = Url::parse(url).map_err(|_| wrong("it is no absolute URL"))?;
        if endpoint.scheme() != "http" || !is_near(&endpoint) {
            return Err(wrong("it is not plain http on this machine or its host"));
        }
        if !endpoint.username().is_empty() || endpoint.password().is_some() || endpoint.fragment().is_some() {
            return Err(wrong("it has a user or a fragment"));
        }
        let mut header = HeaderValue::from_str(header)
            .map_err(|_| Error::invalid("the value in IDENTITY_HEADER cannot stand in a header"))?;
        header.set_sensitive(true);
        Ok(Self { place: Place::AppService { endpoint, header }, ..self })
    }

    /// Another way to reach the endpoint; the default is plain http without a proxy.
    #[must_use]
    pub fn with_transport(self, transport: Transport) -> Self {
        Self { transport: Some(transport), ..self }
    }

    pub(super) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    pub(super) fn app_id(&self) -> &AppId {
        &self.app_id
    }

    pub(super) fn into_source(self) -> impl Source {
        let transport = match &self.transport {
            Some(transport) => Ok(transport.clone()),
            None => HttpTransport::emulator_with(&HttpSettings::new().with_connect_timeout(CONNECT))
                .map(HttpTransport::into_transport)
                .map_err(|error| Failure::new("no HTTP client can be made").with_source(error)),
        };
        Endpoint { identity: self, transport }
    }

    fn request(&self, scope: &str) -> Result<http::Request<Bytes>, http::Error> {
        let (mut url, version, name, value) = match &self.place {
            Place::MetadataService => {
                let url = Url::parse(METADATA_SERVICE).ok();
                (url, METADATA_VERSION, METADATA_HEADER, HeaderValue::from_static("true"))
            }
            Place::AppService { endpoint, header } => {
                (Some(endpoint.clone()), APP_SERVICE_VERSION, APP_SERVICE_HEADER, header.clone())
            }
        };
        if let Some(url) = &mut url {
            let mut query = url.query_pairs_mut();
            // What is a scope for the login is a resource here.
            let resource = scope.strip_suffix("/.default").unwrap_or(scope);
            query.append_pair("api-version", version).append_pair("resource", resource);
            if self.user_assigned {
                query.append_pair("client_id", self.app_id.as_str());
            }
        }
        let mut request = http::Request::get(url.as_ref().map_or("", Url::as_str))
            .header(name, value)
            .header(ACCEPT, "application/json")
            .body(Bytes::new())?;
        request.extensions_mut().insert(BodyLimit(LONGEST_ANSWER));
        Ok(request)
    }

    fn giver(&self) -> String {
        let host = match &self.place {
            Place::MetadataService => "169.254.169.254".to_owned(),
            Place::AppService { endpoint, .. } => endpoint.origin().ascii_serialization(),
        };
        format!("the endpoint for managed identities at {host}")
    }

    /// What a status that is no success means. The words of the endpoint are not repeated.
    fn refusal(&self, response: &http::Response<Bytes>) -> Failure {
        let (giver, status) = (self.giver(), response.status());
        match status {
            // It says so while it is renewed, and for a while after an identity was assigned.
            StatusCode::NOT_FOUND | StatusCode::GONE => Failure::passing(format!(
                "{giver} has no identity to offer yet (answered {status}): it is being updated, or none is assigned"
            )),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => self.busy(response),
            _ if status.is_server_error() => self.busy(response),
            StatusCode::BAD_REQUEST if self.user_assigned => Failure::new(format!(
                "{giver} does not know identity {} (answered {status}): assign it to this machine, and give its client \
                 id, not its object id",
                self.app_id
            )),
            StatusCode::BAD_REQUEST => Failure::new(format!(
                "{giver} has no identity of the machine itself (answered {status}): switch on the system-assigned \
                 identity, or name the client id of an assigned one in GRAPH_CALLS_MANAGED_IDENTITY"
            )),
            _ => Failure::new(format!(
                "{giver} refuses to give a token (answered {status}): look at the managed identity of this machine"
            )),
        }
    }

    fn busy(&self, response: &http::Response<Bytes>) -> Failure {
        let mut failure = Failure::passing(format!(
            "{} has no time for us: it answered {}",
            self.giver(),
            response.status()
        ));
        failure.retry_after = answer::retry_after(response);
        failure
    }
}

/// Whether a connection there does not leave the host.
fn is_near(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_link_local(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unicast_link_local(),
        None => false,
    }
}

/// When it expires goes before how long it lives: what comes from a cache still has the life it was born with.
fn life(granted: &Granted, now: SystemTime) -> Option<Duration> {
    let lives = match granted.number("expires_on") {
        Some(end) => {
            let now = now.duration_since(UNIX_EPOCH).ok()?.as_secs();
            Duration::from_secs(end.checked_sub(now)?)
        }
        None => Duration::from_secs(granted.number("expires_in")?),
    };
    answer::is_life(&lives).then_some(lives)
}

#[derive(Debug)]
struct Endpoint {
    identity: ManagedIdentity,
    transport: Result<Transport, Failure>,
}

#[async_trait]
impl Source for Endpoint {
    fn tenant<'a>(&'a self, named: Option<&'a TenantId>) -> Result<&'a TenantId, Failure> {
        source::only(&self.identity.tenant, named, "a managed identity")
    }

    async fn ask(
        &self,
        _tenant: &TenantId,
        scope: &str,
        _claims: Option<&str>,
    ) -> Result<AccessToken, Failure> {
        let giver = self.identity.giver();
        let transport = self.transport.clone()?;
        let request = self
            .identity
            .request(scope)
            .map_err(|error| Failure::new(format!("{giver} cannot be requested")).with_source(error))?;
        let began = Instant::now();
        let response = match timeout(PATIENCE, transport.oneshot(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                let message = format!("{giver} cannot be reached: does this run in Azure, with an identity?");
                return Err(Failure::passing(message).with_source(error));
            }
            Err(_) => return Err(Failure::passing(format!("{giver} did not answer in time"))),
        };
        if !response.status().is_success() {
            return Err(self.identity.refusal(&response));
        }
        let granted = Granted::read(&giver, "see what listens there", &response)?;
        let lives = life(&granted, Wall::system().now()).ok_or_else(|| {
            Failure::new(format!(
                "{giver} gave a token without a usable life (`expires_on`): check the clock of this machine"
            ))
        })?;
        granted.into_token(lives, began.elapsed())
    }
}

impl fmt::Debug for ManagedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedIdentity")
            .field("tenant", &self.tenant)
            .field("app_id", &self.app_id)
            .field("user_assigned", &self.user_assigned)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}
