//! An emulator to be started.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use graph_calls_model::fold_guid;
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::{JoinSet, spawn_blocking},
};

use crate::{
    Deadlines, Dialect, Emulator, Env, Pace, StartError,
    deliver::Courier,
    engine::Engine,
    http_client,
    keys::SigningKey,
    login::Login,
    secret::Secret,
    server::{self, Shared},
    trace::Trace,
    wall::Wall,
    world::{APP, ROLES, SECRET, TENANT, World, WorldConfig, is_http},
};

/// The issuer of real callbacks. The check of a bot is by the key set, so the emulator may use the name as well.
const ISSUER: &str = "https://api.botframework.com";

/// An emulator to be started.
#[derive(Debug, Clone)]
#[must_use]
pub struct EmulatorBuilder {
    host: IpAddr,
    exposed: bool,
    port: u16,
    seed: u64,
    webhook: Option<String>,
    dialect: Dialect,
    app_id: String,
    tenant_id: String,
    client_secret: Secret,
    issuer: String,
    public_url: Option<String>,
    roles: Vec<String>,
    pace: Pace,
    deadlines: Deadlines,
}

impl EmulatorBuilder {
    pub(crate) fn new() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            exposed: false,
            port: 0,
            seed: 0,
            webhook: None,
            dialect: Dialect::default(),
            app_id: APP.to_owned(),
            tenant_id: TENANT.to_owned(),
            client_secret: Secret(SECRET.to_owned()),
            issuer: ISSUER.to_owned(),
            public_url: None,
            roles: ROLES.map(str::to_owned).to_vec(),
            pace: Pace::default(),
            deadlines: Deadlines::default(),
        }
    }

    /// Sets the loopback address to listen on: 127.0.0.1 by default.
    pub fn host(mut self, host: IpAddr) -> Self {
        self.host = host;
        self
    }

    /// Sets an address that other machines may reach. Whoever reaches it can place calls and read the trace.
    pub fn exposed_on(mut self, host: IpAddr) -> Self {
        self.host = host;
        self.exposed = true;
        self
    }

    /// Sets the port; 0 picks a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets the seed: ids, delays of people and tone numbers follow from it.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the webhook that the bot registered with its Teams channel.
    pub fn webhook(mut self, url: impl Into<String>) -> Self {
        self.webhook = Some(url.into());
        self
    }

    /// Sets how notifications are written unless a call says otherwise.
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Sets the bot's app id.
    pub fn app_id(mut self, id: impl Into<String>) -> Self {
        self.app_id = id.into();
        self
    }

    /// Sets the tenant that owns the bot's calls.
    pub fn tenant_id(mut self, id: impl Into<String>) -> Self {
        self.tenant_id = id.into();
        self
    }

    /// Sets the bot's secret at the token endpoint.
    pub fn client_secret(mut self, secret: impl Into<String>) -> Self {
        self.client_secret = Secret(secret.into());
        self
    }

    /// Sets the issuer of callback tokens.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = issuer.into();
        self
    }

    /// Sets the root under which others reach it, where that is not the address it listens on.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Sets the bot's application permissions; all by default.
    pub fn roles(mut self, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how fast the service and the people act.
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Sets the service's deadlines.
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// Starts it. It is ready when this returns.
    ///
    /// # Errors
    ///
    /// When the port is in use, an id is no GUID, a URL is none, or the address is not loopback without
    /// [`exposed_on`](Self::exposed_on).
    pub async fn start(self) -> Result<Emulator, StartError> {
        self.check()?;
        let listener = self.listen().await?;
        let address = listener.local_addr().map_err(|source| self.bind_error(source))?;
        let env = self.env(address);
        let client = http_client::build().map_err(StartError::Client)?;
        // Looking for a prime takes a while, and others share this thread.
        let key = spawn_blocking(SigningKey::generate).await;
        let key = key.map_err(|_| StartError::Keys)?.map_err(|_| StartError::Keys)?;

        let wall = Wall::start();
        let world = World::new(WorldConfig {
            seed: self.seed,
            graph: env.graph.clone(),
            app_id: env.app_id.clone(),
            tenant_id: env.tenant_id.clone(),
            webhook: self.webhook,
            dialect: self.dialect,
            roles: self.roles.clone(),
            pace: self.pace,
            deadlines: self.deadlines,
            epoch: wall.epoch(),
            ..WorldConfig::default()
        });
        let login = Login::new(env.clone(), self.roles, wall, key);
        let trace = Trace::new();
        let (engine, messages) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        let courier =
            Courier::new(client, login.clone(), trace.clone(), wall, engine.clone(), stopped.clone());
        let shared = Arc::new(Shared { env, login, trace, wall, engine });
        let mut tasks = JoinSet::new();
        tasks.spawn(Engine::new(world, courier).run(messages, stopped.clone()));
        tasks.spawn(server::serve(listener, Arc::clone(&shared), stopped));
        Ok(Emulator::new(shared, stop, tasks))
    }

    fn check(&self) -> Result<(), StartError> {
        if !self.exposed && !self.host.is_loopback() {
            return Err(StartError::NotLoopback(self.host));
        }
        for (what, text) in [("app id", &self.app_id), ("tenant id", &self.tenant_id)] {
            if fold_guid(text).is_none() {
                return Err(StartError::NotAGuid { what, text: text.clone() });
            }
        }
        for url in self.webhook.iter().chain(&self.public_url) {
            if !is_http(url) {
                return Err(StartError::BadUrl(url.clone()));
            }
        }
        Ok(())
    }

    async fn listen(&self) -> Result<TcpListener, StartError> {
        TcpListener::bind(SocketAddr::new(self.host, self.port))
            .await
            .map_err(|source| self.bind_error(source))
    }

    fn bind_error(&self, source: io::Error) -> StartError {
        if source.kind() == io::ErrorKind::AddrInUse {
            StartError::PortInUse { port: self.port }
        } else {
            StartError::Bind { address: SocketAddr::new(self.host, self.port).to_string(), source }
        }
    }

    fn env(&self, address: SocketAddr) -> Env {
        // Whoever listens everywhere is found here at least.
        let shown = if address.ip().is_unspecified() {
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
        } else {
            address
        };
        let url = match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{shown}"),
        };
        Env {
            graph: url.clone(),
            login: url.clone(),
            openid: format!("{url}/.well-known/openid-configuration"),
            issuer: self.issuer.clone(),
            tenant_id: self.tenant_id.clone(),
            app_id: self.app_id.clone(),
            client_secret: self.client_secret.0.clone(),
            url,
        }
    }
}
