//! A bot: an app, its handler, its webhook, and what drives the calls.

use std::{error, fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use graph_calls_core::{
    Client, Wall,
    model::{AppId, CallbackUri, TenantId},
};
use serde::Serialize;
use serde_json::value::to_raw_value;
use tokio::runtime::Handle;

use crate::{
    CallHandler, CallRef, Called, Dial, DialError, Limits, LostMediaHost, MediaHost, PromptError, Prompts,
    TokenCheck, Unanswered, Webhook,
    handler::ErasedHandler,
    mailbox::{Engine, EngineConfig, Mailboxes, Registered, Wanted},
    media_host::Host,
    metrics,
    prompts::Sounds,
    routing::Handlers,
    serve::{Readiness, Refresh, Token},
    store::{Browse, CallStore, MemoryStore, StoreError, StoreKind, scheme},
};

/// The service ends a call after 45 minutes without one, and one that fails wants to be repeated.
const LONGEST_KEEP_ALIVE: Duration = Duration::from_secs(30 * 60);

/// An app registration and what it does with its calls.
pub struct App {
    id: AppId,
    client: Client,
    tenant: Option<TenantId>,
    handler: Option<Arc<dyn ErasedHandler>>,
    routes: Vec<(Called, Arc<dyn ErasedHandler>)>,
}

impl App {
    /// An app, and the client that sends its requests.
    pub fn new(id: AppId, client: Client) -> Self {
        Self { id, client, tenant: None, handler: None, routes: Vec::new() }
    }

    /// Who decides about its calls.
    #[must_use]
    pub fn handler(mut self, handler: impl CallHandler) -> Self {
        self.handler = Some(Arc::new(handler));
        self
    }

    /// Who decides about calls to this number, resource account or app, instead of the [`handler`](Self::handler).
    #[must_use]
    pub fn route(mut self, called: Called, handler: impl CallHandler) -> Self {
        self.routes.push((called, Arc::new(handler)));
        self
    }

    /// The tenant that owns the calls which the app places, unless told otherwise.
    #[must_use]
    pub fn in_tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    fn register(self) -> Result<Registered, BuildError> {
        let Self { id, client, tenant, handler, routes } = self;
        let handler = handler.ok_or(BuildError::Missing("handler", "app(App::new(..).handler(..))"))?;
        Ok(Registered { id, client, tenant, handlers: Handlers::new(routes, handler) })
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A bot that takes calls. Its calls live as long as it or its webhook does; [`serve`](Self::serve) runs it to a good
/// end.
pub struct Bot {
    pub(crate) engine: Arc<Engine>,
    pub(crate) webhook: Webhook,
    pub(crate) settings: Settings,
}

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) bind: SocketAddr,
    pub(crate) drain_delay: Duration,
    pub(crate) limits: Limits,
    pub(crate) emulated: bool,
    pub(crate) prompts: Option<Arc<Prompts>>,
    /// The callback URI's.
    pub(crate) path: String,
    /// What `/readyz` looks at.
    pub(crate) readiness: Readiness,
    /// Brings gauges up to date before `/metrics` is shown.
    pub(crate) refresh: Option<Refresh>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("bind", &self.bind)
            .field("drain_delay", &self.drain_delay)
            .field("limits", &self.limits)
            .field("emulated", &self.emulated)
            .field("prompts", &self.prompts)
            .field("path", &self.path)
            .field("readiness", &self.readiness)
            .finish_non_exhaustive()
    }
}

impl Bot {
    /// Begins a bot.
    pub fn builder() -> BotBuilder {
        BotBuilder::default()
    }

    /// The webhook, to be mounted on a server of your own.
    pub fn webhook(&self) -> Webhook {
        self.webhook.clone()
    }

    /// Its prompts, for a server of your own to hand out with [`Prompts::answer`].
    pub fn prompts(&self) -> Option<&Arc<Prompts>> {
        self.settings.prompts.as_ref()
    }

    /// What the bot has done so far.
    pub fn stats(&self) -> BotStats {
        self.engine.stats()
    }

    /// The calls of this bot, to be placed, told something and looked at while it serves.
    pub fn calls(&self) -> Calls {
        Calls(Arc::clone(&self.engine))
    }

    /// Waits until nothing is being handled and no command is under way.
    pub async fn settled(&self) {
        self.engine.settled().await;
    }
}

/// The calls of a bot, from outside of its handlers. Clones are the same.
///
/// ```no_run
/// # async fn run(bot: graph_calls_bot::Bot) -> Result<(), Box<dyn std::error::Error>> {
/// use graph_calls_bot::Dial;
///
/// let calls = bot.calls();
/// let serving = tokio::spawn(bot.serve());
/// let call = calls.dial(Dial::user("8d1e6ab6-26c5-4e22-a1bc-06ea7343958e").key("incident-42/7")).await?;
/// calls.tell(&call, "never mind").await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Calls(Arc<Engine>);

impl Calls {
    /// Places a call or joins a meeting. It is kept before anything is sent; its key is told before it rings.
    ///
    /// # Errors
    ///
    /// When it cannot be placed like this, or not be kept: it was not placed then.
    pub async fn dial(&self, dial: Dial) -> Result<CallRef, DialError> {
        self.0.dial(dial).await
    }

    /// Tells a call something: it arrives as [`CallEvent::Message`](crate::CallEvent::Message). Returns whether there is
    /// such a call that is not over.
    ///
    /// # Errors
    ///
    /// When the message cannot be written as JSON, or the store did not take it.
    pub async fn tell<T: Serialize + ?Sized>(&self, call: &CallRef, message: &T) -> Result<bool, TellError> {
        let body = to_raw_value(message).map_err(TellError::Message)?;
        let found = self.0.store.browse(&Browse::one(*call)).await.map_err(TellError::Store)?;
        let Some(entry) = found.into_iter().next() else { return Ok(false) };
        self.0.tell_call(*call, entry.tenant, body).await.map_err(TellError::Store)
    }

    /// Puts a dead letter of a call back into its inbox, as the item that arrived last: what could not be handled may be
    /// by now. Returns whether there is such a letter, by its number; those of a call that is over stay where they are.
    /// They are found with [`Browse::dead`](crate::store::Browse::dead).
    ///
    /// # Errors
    ///
    /// When the store does not answer, or another instance is at the call: it is worth trying again.
    pub async fn requeue(&self, call: &CallRef, number: u64) -> Result<bool, StoreError> {
        self.0.order(*call, number, Wanted::Requeue).await
    }

    /// Drops a dead letter of a call. Returns whether there is such a letter, by its number; those of a call that is over
    /// go with its tombstone.
    ///
    /// # Errors
    ///
    /// When the store does not answer, or another instance is at the call: it is worth trying again.
    pub async fn drop_dead(&self, call: &CallRef, number: u64) -> Result<bool, StoreError> {
        self.0.order(*call, number, Wanted::Drop).await
    }

    /// The store, to look at the calls: see [`CallStore::browse`].
    pub fn store(&self) -> &Arc<dyn CallStore> {
        &self.0.store
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Calls").field(&self.0.stats()).finish()
    }
}

impl fmt::Debug for Bot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bot")
            .field("settings", &self.settings)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// What a bot has done since it was built. Plain numbers; export them as you like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct BotStats {
    /// Notifications taken in.
    pub notifications: u64,
    /// Notifications that could not be read.
    pub poisoned: u64,
    /// Notifications for a call of another tenant.
    pub foreign: u64,
    /// Events told to the handler, each counted once.
    pub events: u64,
    /// Events that the handler could not handle.
    pub events_dead: u64,
    /// Commands that the handler decided.
    pub commands: u64,
    /// Commands of which nobody knew whether they had their effect.
    pub in_doubt: u64,
    /// Calls taken over from an instance that stopped.
    pub take_overs: u64,
    /// Claims that were lost to another instance.
    pub fenced: u64,
    /// Calls of another attempt to place them, which were hung up.
    pub orphans: u64,
    /// Participants turned away because the handler did not decide in time.
    pub turned_away: u64,
}

/// Puts a [`Bot`] together.
#[derive(Debug)]
pub struct BotBuilder {
    apps: Vec<App>,
    store: Option<Store>,
    store_url: Option<StoreUrl>,
    store_kinds: Vec<StoreKind>,
    callback: Option<CallbackUri>,
    check: Option<TokenCheck>,
    limits: Limits,
    unanswered: Unanswered,
    keep_alive: Duration,
    bind: SocketAddr,
    drain_delay: Duration,
    emulated: bool,
    emulator: Option<Arc<str>>,
    prompts: Option<PathBuf>,
    media_host: Host,
    wall: Option<Wall>,
}

impl Default for BotBuilder {
    fn default() -> Self {
        Self {
            apps: Vec::new(),
            store: None,
            store_url: None,
            store_kinds: Vec::new(),
            callback: None,
            check: None,
            limits: Limits::default(),
            unanswered: Unanswered::default(),
            keep_alive: Duration::from_secs(15 * 60),
            bind: SocketAddr::from(([0, 0, 0, 0], 3978)),
            drain_delay: Duration::from_secs(3),
            emulated: false,
            emulator: None,
            prompts: None,
            media_host: Host::default(),
            wall: None,
        }
    }
}

impl BotBuilder {
    /// An app, its client and its handler. A bot can be several: the token of a notification says whose it is.
    #[must_use]
    pub fn app(mut self, app: App) -> Self {
        self.apps.push(app);
        self
    }

    /// Where calls are kept; in the memory of this process unless told otherwise, where a restart loses them.
    #[must_use]
    pub fn store(mut self, store: impl CallStore) -> Self {
        self.store = Some(Store(Arc::new(store)));
        self
    }

    /// A kind of store that [`store_url`](Self::store_url) and `GRAPH_CALLS_STORE` may name.
    #[must_use]
    pub fn store_kind(mut self, kind: StoreKind) -> Self {
        self.store_kinds.push(kind);
        self
    }

    /// Where calls are kept, by a URL: `memory:`, or one of a [kind](Self::store_kind) that was given. A store that was
    /// given itself comes before it.
    #[must_use]
    pub fn store_url(mut self, url: impl Into<String>) -> Self {
        self.store_url = Some(StoreUrl(url.into()));
        self
    }

    /// The same for a store that others hold too.
    #[must_use]
    pub fn shared_store(mut self, store: Arc<dyn CallStore>) -> Self {
        self.store = Some(Store(store));
        self
    }

    /// Where the service reaches the webhook. Calls get addresses below it.
    #[must_use]
    pub fn callback(mut self, uri: CallbackUri) -> Self {
        self.callback = Some(uri);
        self
    }

    /// Who may send notifications.
    #[must_use]
    pub fn token_check(mut self, check: TokenCheck) -> Self {
        self.check = Some(check);
        self
    }

    /// The limits of the webhook and its connections. Those of tokens and keys are the token check's
    /// ([`TokenCheckConfig::with_limits`](crate::TokenCheckConfig::with_limits)).
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What happens to a ringing call about which the handler decided nothing; it rings on unless told otherwise.
    #[must_use]
    pub fn unanswered(mut self, unanswered: Unanswered) -> Self {
        self.unanswered = unanswered;
        self
    }

    /// How often a call is kept alive: 15 minutes unless told otherwise, 30 at the most.
    #[must_use]
    pub fn keep_alive(mut self, every: Duration) -> Self {
        self.keep_alive = every;
        self
    }

    /// Where [`Bot::serve`] listens; port 3978 of every address unless told otherwise.
    #[must_use]
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.bind = address;
        self
    }

    /// How long the bot keeps serving after it was told to stop, so that a load balancer notices; 3 seconds unless told
    /// otherwise.
    #[must_use]
    pub fn drain_delay(mut self, delay: Duration) -> Self {
        self.drain_delay = delay;
        self
    }

    /// Has `/readyz` and `/version` say that the bot talks to an emulator.
    #[must_use]
    pub fn emulated(mut self, emulated: bool) -> Self {
        self.emulated = emulated;
        self
    }

    /// The emulator that the bot talks to: its prompts may be fetched from that host over plain http, and `/readyz` and
    /// `/version` say it.
    #[must_use]
    pub fn emulator(mut self, url: &str) -> Self {
        self.emulator = Some(url.into());
        self.emulated(true)
    }

    /// The folder of prompts that [`Prompt::file`](crate::Prompt::file) names ([`Prompts`] says what may be in it). They
    /// are read and checked when the bot is built, and served below the callback URI.
    #[must_use]
    pub fn prompts(mut self, folder: impl Into<PathBuf>) -> Self {
        self.prompts = Some(folder.into());
        self
    }

    /// What moves the media of calls that are answered with [`Answer::hosted_media`](crate::Answer::hosted_media).
    #[must_use]
    pub fn media_host(mut self, host: impl MediaHost) -> Self {
        self.media_host.host = Some(Arc::new(host));
        self
    }

    /// What becomes of a call whose media host is lost: the bot hangs up unless told otherwise.
    #[must_use]
    pub fn on_lost_media_host(mut self, choice: LostMediaHost) -> Self {
        self.media_host.lost = choice;
        self
    }

    /// The clock that dates are read from, for runs that must repeat exactly.
    #[must_use]
    pub fn wall(mut self, wall: Wall) -> Self {
        self.wall = Some(wall);
        self
    }

    /// Puts it together, inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// When something is missing, a prompt cannot be played, or there is no runtime.
    pub fn build(self) -> Result<Bot, BuildError> {
        let runtime = Handle::try_current().map_err(|_| BuildError::NoRuntime)?;
        let callback = self.callback.ok_or(BuildError::Missing("callback URI", "callback"))?;
        let check = self.check.ok_or(BuildError::Missing("token check", "token_check"))?;
        if self.apps.is_empty() {
            return Err(BuildError::Missing("app", "app"));
        }
        let apps = self.apps.into_iter().map(App::register).collect::<Result<Vec<_>, _>>()?;
        for (place, app) in apps.iter().enumerate() {
            if !check.knows(&app.id) {
                return Err(BuildError::UncheckedApp(app.id.clone()));
            }
            if apps.iter().take(place).any(|other| other.id == app.id) {
                return Err(BuildError::AppTwice(app.id.clone()));
            }
        }
        if self.keep_alive.is_zero() || self.keep_alive > LONGEST_KEEP_ALIVE {
            return Err(BuildError::KeepAlive(self.keep_alive));
        }
        let prompts = self.prompts.map(Prompts::load).transpose().map_err(BuildError::Prompts)?.map(Arc::new);
        let config = EngineConfig {
            callback: callback.clone(),
            sounds: Sounds { prompts: prompts.clone(), emulator: self.emulator, any_name: false },
            unanswered: self.unanswered,
            keep_alive: self.keep_alive,
            media_host: self.media_host,
            queue: self.limits.call_queue,
        };
        let wall = self.wall.unwrap_or_else(|| Wall::anchored(Wall::system().now()));
        let store = match (self.store, &self.store_url) {
            (Some(Store(store)), _) => store,
            (None, Some(StoreUrl(url))) if scheme(url) != "memory" => open_store(&self.store_kinds, url)?,
            (None, _) => Arc::new(MemoryStore::with_wall(wall)),
        };
        let mut readiness =
            Readiness::default().with_keys(check.clone()).with("store", {
                let store = Arc::clone(&store);
                move || {
                    let store = Arc::clone(&store);
                    async move {
                        store.check().await.map(drop).map_err(|_| "the store does not answer".to_owned())
                    }
                }
            });
        let tokens: Vec<_> =
            apps.iter().map(|app| (app.client.clone(), Token::of(app.client.clone()))).collect();
        for (_, token) in &tokens {
            readiness = readiness.with("token", token.clone());
        }
        let refresh: Refresh = {
            let check = check.clone();
            Arc::new(move || {
                metrics::retries(tokens.iter().map(|(client, _)| client.stats().retries).sum());
                metrics::token_age(tokens.iter().filter_map(|(_, token)| token.age()).max());
                metrics::keys_age(check.stats().keys_age);
            })
        };
        let engine = Engine::new(apps, store, wall, config);
        let tasks = vec![
            runtime.spawn(Arc::clone(&engine).look_for_work()),
            runtime.spawn(Arc::clone(&engine).renew()),
        ];
        let intake = Arc::new(Mailboxes::new(Arc::clone(&engine), tasks));
        let path = path_of(&callback);
        let webhook = Webhook::new(&path, check.clone(), self.limits.clone(), intake);
        let settings = Settings {
            bind: self.bind,
            drain_delay: self.drain_delay,
            limits: self.limits,
            emulated: self.emulated,
            prompts,
            path,
            readiness,
            refresh: Some(refresh),
        };
        Ok(Bot { engine, webhook, settings })
    }
}

fn open_store(kinds: &[StoreKind], url: &str) -> Result<Arc<dyn CallStore>, BuildError> {
    let scheme = scheme(url);
    let kind = kinds
        .iter()
        .find(|kind| kind.scheme() == scheme)
        .ok_or_else(|| BuildError::UnknownStore { scheme: scheme.to_owned() })?;
    kind.open(url).map_err(|error| BuildError::Store { scheme: scheme.to_owned(), why: describe(&*error) })
}

fn describe(error: &(dyn error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn path_of(callback: &CallbackUri) -> String {
    url::Url::parse(callback.as_str()).map_or_else(|_| "/".to_owned(), |url| url.path().to_owned())
}

/// A store, which nobody prints.
struct Store(Arc<dyn CallStore>);

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

/// The URL of a store, which may hold a password.
struct StoreUrl(String);

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:..", scheme(&self.0))
    }
}

/// Why a call was not told something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TellError {
    /// It cannot be written as JSON.
    #[error("the message cannot be written as JSON")]
    Message(#[source] serde_json::Error),
    /// The store did not take it.
    #[error("the message could not be stored")]
    Store(#[source] StoreError),
}

/// Why a bot cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// Something is missing: what, and the method of the builder that takes it.
    Missing(&'static str, &'static str),
    /// The keep-alive interval is zero or longer than 30 minutes.
    KeepAlive(Duration),
    /// An app was given twice.
    AppTwice(AppId),
    /// No store of this kind is known.
    UnknownStore {
        /// The scheme of its URL.
        scheme: String,
    },
    /// The store cannot be opened.
    Store {
        /// The scheme of its URL.
        scheme: String,
        /// Why.
        why: String,
    },
    /// The token check does not take tokens for the app.
    UncheckedApp(AppId),
    /// The prompts cannot be used.
    Prompts(PromptError),
    /// There is no tokio runtime.
    NoRuntime,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Missing(what, method) => {
                write!(f, "the bot has no {what}: give it one with `BotBuilder::{method}`")
            }
            BuildError::KeepAlive(every) => {
                write!(
                    f,
                    "a keep-alive every {every:?} is of no use: the service ends calls after 45 minutes without one"
                )
            }
            BuildError::AppTwice(id) => {
                write!(f, "the app {id} was given twice: give one `App` its handlers with `App::route`")
            }
            BuildError::UnknownStore { scheme } => {
                let crate_name = match scheme.as_str() {
                    "redb" => "graph-calls-redb",
                    "redis" | "rediss" => "graph-calls-redis",
                    _ => "of that store",
                };
                write!(
                    f,
                    "this bot keeps no calls in `{scheme}:`: give it the `kind()` of the crate {crate_name} with \
                     `BotBuilder::store_kind`"
                )
            }
            BuildError::Store { scheme, why } => write!(f, "the store `{scheme}:..` cannot be opened: {why}"),
            BuildError::UncheckedApp(id) => {
                write!(
                    f,
                    "the token check does not take tokens for the app {id}: name it in `TokenCheckConfig::new`"
                )
            }
            BuildError::Prompts(_) => f.write_str("the prompts cannot be used"),
            BuildError::NoRuntime => f.write_str("a bot is built inside a tokio runtime"),
        }
    }
}

impl error::Error for BuildError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            BuildError::Prompts(source) => Some(source),
            _ => None,
        }
    }
}
