//! Where to and as whom, from the environment.

use std::{env, fmt, sync::Arc};

use graph_calls_core::{
    Cloud, TokenProvider,
    model::{AppId, TenantId},
};

use crate::{
    ClientSecret, Connection, EmulatorEnv, EntraCredential, EntraTokens, Error, HttpSettings, HttpTransport,
    Result,
    emulator_env::unusable,
    proof::Proof,
    variables::{self, APP, CLOUD, EMULATOR, Found, GRAPH, LOGIN, REMOTE, SECRET, TENANT, Variables},
};

/// Where to connect and as whom. Nothing is asked over the network before [`connect`](Self::connect).
///
/// The crate page lists the variables it reads.
///
/// # Examples
///
/// ```
/// use graph_calls_http::{Config, ErrorKind};
///
/// let config = Config::from_lookup(|name| (name == "AZURE_TENANT_ID").then(|| "contoso.example".to_owned()));
/// let Err(error) = config else { panic!("no app, no secret") };
/// assert_eq!(error.kind(), ErrorKind::Missing);
/// assert_eq!(error.variables(), ["AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"]);
/// ```
#[derive(Clone)]
pub struct Config {
    place: Place,
    tokens: Option<Arc<dyn TokenProvider>>,
    settings: HttpSettings,
}

#[derive(Clone)]
enum Place {
    Emulator {
        cloud: Cloud,
        remote: bool,
    },
    Graph {
        cloud: Cloud,
        credential: Option<EntraCredential>,
        app_id: Option<AppId>,
        tenant: Option<TenantId>,
    },
}

impl Config {
    /// Reads the environment of the process.
    ///
    /// # Errors
    ///
    /// As for [`from_lookup`](Self::from_lookup).
    pub fn from_env() -> Result<Self> {
        Self::from_lookup(|name| env::var(name).ok())
    }

    /// Reads variables from elsewhere.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Missing`](crate::ErrorKind::Missing) names all that are not set,
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) one that cannot be used, or two that contradict each other.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        Self::read(&Variables(lookup), None)
    }

    /// Reads the environment of the process, but takes tokens from this provider: only where to is read then, and the
    /// app and the tenant if they are set.
    ///
    /// # Errors
    ///
    /// As for [`from_lookup`](Self::from_lookup), but nothing can be missing.
    pub fn from_env_with_token(tokens: impl TokenProvider) -> Result<Self> {
        Self::from_lookup_with_token(|name| env::var(name).ok(), tokens)
    }

    /// As [`from_env_with_token`](Self::from_env_with_token), with variables from elsewhere.
    ///
    /// # Errors
    ///
    /// As for [`from_lookup`](Self::from_lookup), but nothing can be missing.
    pub fn from_lookup_with_token(
        lookup: impl Fn(&str) -> Option<String>,
        tokens: impl TokenProvider,
    ) -> Result<Self> {
        Self::read(&Variables(lookup), Some(Arc::new(tokens)))
    }

    /// An emulator on this machine.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when the URL is none or is not this machine's.
    pub fn emulator(url: &str) -> Result<Self> {
        let cloud = Cloud::emulator(url).map_err(unusable)?;
        Ok(Self::at(Place::Emulator { cloud, remote: false }, None))
    }

    /// An emulator that may be on another machine. Tokens and the secret go there in the clear.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when the URL is none.
    pub fn remote_emulator(url: &str) -> Result<Self> {
        let cloud = Cloud::remote_emulator(url).map_err(unusable)?;
        Ok(Self::at(Place::Emulator { cloud, remote: true }, None))
    }

    /// Graph itself, as this app.
    pub fn graph(cloud: Cloud, credential: impl Into<EntraCredential>) -> Self {
        let credential = credential.into();
        let (app_id, tenant) = (Some(credential.app_id().clone()), Some(credential.tenant().clone()));
        Self::at(Place::Graph { cloud, credential: Some(credential), app_id, tenant }, None)
    }

    /// Takes tokens from this provider, not from the login.
    #[must_use]
    pub fn with_token(self, tokens: impl TokenProvider) -> Self {
        Self { tokens: Some(Arc::new(tokens)), ..self }
    }

    /// Other settings for the transport.
    #[must_use]
    pub fn with_settings(self, settings: HttpSettings) -> Self {
        Self { settings, ..self }
    }

    /// Where it leads.
    pub fn cloud(&self) -> &Cloud {
        match &self.place {
            Place::Emulator { cloud, .. } | Place::Graph { cloud, .. } => cloud,
        }
    }

    /// Makes the connection. An emulator is asked for its credentials; Graph is asked nothing yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoEmulator`](crate::ErrorKind::NoEmulator) when none answers at the URL,
    /// [`ErrorKind::Tls`](crate::ErrorKind::Tls) when the machine has no CA certificates.
    pub async fn connect(self) -> Result<Connection> {
        match self.place {
            Place::Emulator { cloud, remote } => {
                let transport = if cloud.graph().scheme() == "https" {
                    HttpTransport::new(&self.settings)
                } else {
                    HttpTransport::emulator_with(&self.settings)
                };
                let transport = transport?.into_transport();
                let env = EmulatorEnv::fetch_from(&cloud, transport.clone()).await?;
                let cloud = env.cloud(&cloud, remote)?;
                let tokens = self.tokens.unwrap_or_else(|| {
                    let secret = ClientSecret::new(
                        env.tenant_id.clone(),
                        env.app_id.clone(),
                        env.client_secret.clone(),
                    );
                    Arc::new(EntraTokens::new(&cloud, transport.clone(), secret))
                });
                Ok(Connection::new(cloud, transport, tokens).with_emulator(env))
            }
            Place::Graph { cloud, credential, app_id, tenant } => {
                let transport = HttpTransport::new(&self.settings)?.into_transport();
                let tokens = match (self.tokens, credential) {
                    (Some(tokens), _) => tokens,
                    (None, Some(credential)) => {
                        Arc::new(EntraTokens::new(&cloud, transport.clone(), credential))
                    }
                    (None, None) => return Err(variables::missing(&[TENANT, APP, SECRET])),
                };
                let mut connection = Connection::new(cloud, transport, tokens);
                if let Some(app_id) = app_id {
                    connection = connection.with_app_id(app_id);
                }
                if let Some(tenant) = tenant {
                    connection = connection.with_tenant(tenant);
                }
                Ok(connection)
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn credential(&self) -> Option<&EntraCredential> {
        match &self.place {
            Place::Graph { credential, .. } => credential.as_ref(),
            Place::Emulator { .. } => None,
        }
    }

    fn at(place: Place, tokens: Option<Arc<dyn TokenProvider>>) -> Self {
        Self { place, tokens, settings: HttpSettings::new() }
    }

    fn read<L>(variables: &Variables<L>, tokens: Option<Arc<dyn TokenProvider>>) -> Result<Self>
    where
        L: Fn(&str) -> Option<String>,
    {
        let place = match variables.get(EMULATOR) {
            Some(url) => emulator_of(&url, variables.get(REMOTE).is_some_and(|remote| remote.value == "1"))?,
            None => graph_of(variables, tokens.is_some())?,
        };
        Ok(Self::at(place, tokens))
    }
}

fn emulator_of(url: &Found, remote: bool) -> Result<Place> {
    let cloud = if remote { Cloud::remote_emulator(&url.value) } else { Cloud::emulator(&url.value) };
    let cloud = cloud.map_err(|error| {
        let elsewhere = !remote && Cloud::remote_emulator(&url.value).is_ok();
        let hint = if elsewhere {
            format!("; set {}=1 for one on another machine", REMOTE.name)
        } else {
            String::new()
        };
        Error::invalid(format!("{}: {error}{hint}", url.name)).with_variables(vec![url.name])
    })?;
    Ok(Place::Emulator { cloud, remote })
}

fn graph_of<L: Fn(&str) -> Option<String>>(variables: &Variables<L>, has_tokens: bool) -> Result<Place> {
    let same_tenant = |one: &str, two: &str| match (TenantId::new(one), TenantId::new(two)) {
        (Ok(one), Ok(two)) => one == two,
        _ => one == two,
    };
    let same_app = |one: &str, two: &str| match (AppId::new(one), AppId::new(two)) {
        (Ok(one), Ok(two)) => one == two,
        _ => one == two,
    };
    let tenant = variables.find(TENANT, same_tenant)?;
    let app = variables.find(APP, same_app)?;
    let proof = if has_tokens { None } else { Proof::find(variables)? };
    let tenant = tenant.map(|found| parsed(&found, TenantId::new)).transpose()?;
    let app = app.map(|found| parsed(&found, AppId::new)).transpose()?;
    let cloud = cloud_of(variables)?;
    if has_tokens {
        return Ok(Place::Graph { cloud, credential: None, app_id: app, tenant });
    }
    let app = match &proof {
        Some(proof) => proof.app(app)?,
        None => app,
    };
    match (tenant, app, proof) {
        (Some(tenant), Some(app), Some(proof)) => Ok(Place::Graph {
            cloud,
            credential: Some(proof.credential(tenant.clone(), app.clone(), variables)?),
            app_id: Some(app),
            tenant: Some(tenant),
        }),
        (tenant, app, proof) => {
            let absent = [(TENANT, tenant.is_none()), (APP, app.is_none()), (SECRET, proof.is_none())];
            let absent: Vec<_> =
                absent.into_iter().filter(|(_, absent)| *absent).map(|(variable, _)| variable).collect();
            Err(variables::missing(&absent))
        }
    }
}

fn parsed<T, E: std::error::Error>(found: &Found, parse: impl Fn(String) -> Result<T, E>) -> Result<T> {
    parse(found.value.clone()).map_err(|error| {
        Error::invalid(format!("{} cannot be used: {error}", found.name)).with_variables(vec![found.name])
    })
}

fn cloud_of<L: Fn(&str) -> Option<String>>(variables: &Variables<L>) -> Result<Cloud> {
    let cloud = match variables.get(CLOUD) {
        None => Cloud::global(),
        Some(found) => match found.value.to_ascii_lowercase().as_str() {
            "global" => Cloud::global(),
            "usgov" => Cloud::us_gov(),
            "usgovdod" => Cloud::us_gov_dod(),
            _ => {
                let message = format!("{} must be global, usgov or usgovdod", found.name);
                return Err(Error::invalid(message).with_variables(vec![found.name]));
            }
        },
    };
    let wrong = |found: &Found, error| {
        Error::invalid(format!("{}: {error}", found.name)).with_variables(vec![found.name])
    };
    let cloud = match variables.get(GRAPH) {
        Some(graph) => cloud.with_graph(&graph.value).map_err(|error| wrong(&graph, error))?,
        None => cloud,
    };
    let Some(login) = variables.get(LOGIN) else { return Ok(cloud) };
    // Other tools take the bare host as well.
    let url =
        if login.value.contains("://") { login.value.clone() } else { format!("https://{}", login.value) };
    cloud.with_login(&url).map_err(|error| wrong(&login, error))
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Config");
        shown.field("cloud", self.cloud());
        if let Place::Graph { app_id, tenant, .. } = &self.place {
            shown.field("app_id", app_id).field("tenant", tenant);
        }
        shown.field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use graph_calls_core::FixedToken;

    use super::*;
    use crate::ErrorKind;

    const TENANT_ID: &str = "2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
    const APP_ID: &str = "3f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";

    fn read(variables: &[(&str, &str)]) -> Result<Config> {
        Config::from_lookup(lookup(variables))
    }

    fn lookup(variables: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |wanted| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    fn complete(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
        let mut variables = vec![
            ("AZURE_TENANT_ID", TENANT_ID),
            ("AZURE_CLIENT_ID", APP_ID),
            ("AZURE_CLIENT_SECRET", "s3cret"),
        ];
        variables.extend(more);
        variables
    }

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        let error = read(&[("AZURE_TENANT_ID", " ")]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Missing);
        assert_eq!(
            error.to_string(),
            "AZURE_TENANT_ID (or MicrosoftAppTenantId), AZURE_CLIENT_ID (or MicrosoftAppId), AZURE_CLIENT_SECRET \
             (or MicrosoftAppPassword) are not set: set them to reach Graph, or set GRAPH_CALLS_EMULATOR_URL to \
             reach an emulator; AZURE_CLIENT_CERTIFICATE_PATH, AZURE_FEDERATED_TOKEN_FILE or \
             GRAPH_CALLS_MANAGED_IDENTITY stand for the secret"
        );
        let error = read(&complete(&[])[..2]).unwrap_err();
        assert_eq!(error.variables(), ["AZURE_CLIENT_SECRET"]);
    }

    #[test]
    fn aliases_count_and_two_that_differ_are_an_error_that_names_both_and_no_value() {
        let aliases = [
            ("MicrosoftAppTenantId", TENANT_ID),
            ("MicrosoftAppId", APP_ID),
            ("MicrosoftAppPassword", "s3cret\n"),
        ];
        assert!(read(&aliases).is_ok());
        for (alias, same, other) in [
            ("MicrosoftAppTenantId", "2F1A0B001C2D4E3F8A9B0C1D2E3F4A5B", "contoso.example"),
            ("MicrosoftAppId", "3F1A0B00-1C2D-4E3F-8A9B-0C1D2E3F4A5B", TENANT_ID),
            ("MicrosoftAppPassword", "s3cret", "other"),
        ] {
            assert!(read(&complete(&[(alias, same)])).is_ok(), "{alias}");
            let error = read(&complete(&[(alias, other)])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert_eq!(error.variables().len(), 2);
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(alias) && shown.contains("AZURE_"), "{shown}");
            assert!(!shown.contains("s3cret") && !shown.contains(other), "{shown}");
        }
    }

    #[test]
    fn clouds_go_by_name_and_logins_by_https() {
        for (name, host) in [
            ("global", "graph.microsoft.com"),
            ("usgov", "graph.microsoft.us"),
            ("USGovDoD", "dod-graph.microsoft.us"),
        ] {
            let config = read(&complete(&[("GRAPH_CALLS_CLOUD", name)])).unwrap();
            assert_eq!(config.cloud().graph().host_str(), Some(host));
        }
        let error = read(&complete(&[("GRAPH_CALLS_CLOUD", "china")])).unwrap_err();
        assert_eq!(error.variables(), ["GRAPH_CALLS_CLOUD"]);
        for login in ["https://login.example/", "login.example"] {
            let config = read(&complete(&[("AZURE_AUTHORITY_HOST", login)])).unwrap();
            assert_eq!(config.cloud().login().as_str(), "https://login.example/");
        }
        let error = read(&complete(&[("AZURE_AUTHORITY_HOST", "http://login.example")])).unwrap_err();
        assert_eq!(error.variables(), ["AZURE_AUTHORITY_HOST"]);
    }

    #[test]
    fn every_part_of_a_cloud_can_be_another_and_the_scope_follows_the_root() {
        let config = read(&complete(&[
            ("GRAPH_CALLS_CLOUD", "usgov"),
            ("GRAPH_CALLS_GRAPH_URL", "https://microsoftgraph.chinacloudapi.cn"),
            ("AZURE_AUTHORITY_HOST", "login.chinacloudapi.cn"),
        ]))
        .unwrap();
        let cloud = config.cloud();
        assert_eq!(cloud.graph().as_str(), "https://microsoftgraph.chinacloudapi.cn/");
        assert_eq!(cloud.login().as_str(), "https://login.chinacloudapi.cn/");
        assert_eq!(&**cloud.scope(), "https://microsoftgraph.chinacloudapi.cn/.default");
        for bad in ["http://graph.example", "graph.example", "https://user@graph.example"] {
            let error = read(&complete(&[("GRAPH_CALLS_GRAPH_URL", bad)])).unwrap_err();
            assert_eq!(error.variables(), ["GRAPH_CALLS_GRAPH_URL"], "{bad}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        for (variable, value) in [
            ("GRAPH_CALLS_GRAPH_URL", "https://user:s3cret-too@graph.example"),
            ("GRAPH_CALLS_GRAPH_URL", "https://user:s3cret-too@graph.example:port"),
            ("AZURE_AUTHORITY_HOST", "user:s3cret-too@login.example"),
            ("AZURE_AUTHORITY_HOST", "https://login.example/?code=s3cret-too"),
            ("GRAPH_CALLS_EMULATOR_URL", "http://user:s3cret-too@127.0.0.1:8080"),
            ("GRAPH_CALLS_EMULATOR_URL", "http://emulator.example/s3cret-too"),
        ] {
            let error = read(&complete(&[(variable, value)])).unwrap_err();
            let shown = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
            assert!(shown.contains(variable) && !shown.contains("s3cret-too"), "{shown}");
        }
    }

    #[test]
    fn what_is_no_id_is_named_but_not_shown_as_a_secret_would_be() {
        let error = read(&[("AZURE_CLIENT_ID", "s3cret"), ("AZURE_TENANT_ID", TENANT_ID)]).unwrap_err();
        assert_eq!(error.variables(), ["AZURE_CLIENT_ID"]);
        assert!(!error.to_string().contains("s3cret"), "{error}");
        assert!(!format!("{:?}", read(&complete(&[])).unwrap()).contains("s3cret"));
    }

    #[test]
    fn an_emulator_is_enough_and_one_elsewhere_must_be_allowed() {
        let config =
            read(&[("GRAPH_CALLS_EMULATOR_URL", "http://127.0.0.1:1"), ("AZURE_CLIENT_ID", "junk")]).unwrap();
        assert!(config.cloud().is_emulator());
        let elsewhere = ("GRAPH_CALLS_EMULATOR_URL", "http://emulator.example:1");
        let error = read(&[elsewhere]).unwrap_err();
        assert!(error.to_string().contains("GRAPH_CALLS_EMULATOR_REMOTE=1"), "{error}");
        assert!(read(&[elsewhere, ("GRAPH_CALLS_EMULATOR_REMOTE", "1")]).is_ok());
        let error = read(&[("GRAPH_CALLS_EMULATOR_URL", "junk")]).unwrap_err();
        assert!(!error.to_string().contains("REMOTE"), "{error}");
    }

    #[tokio::test]
    async fn with_a_token_at_hand_nothing_is_missing() {
        let tokens = FixedToken::new("t").unwrap();
        let config =
            Config::from_lookup_with_token(lookup(&[("AZURE_TENANT_ID", TENANT_ID)]), tokens).unwrap();
        let connection = config.connect().await.unwrap();
        assert_eq!(connection.app_id(), None);
        assert_eq!(connection.tenant(), Some(&TenantId::new(TENANT_ID).unwrap()));
        assert!(connection.emulator().is_none());
    }
}
