//! A bot: an app, its handler, its webhook, and what drives the calls.

use std::{error, fmt, net::SocketAddr, sync::Arc, time::Duration};

use graph_calls_core::{
    Client,
    model::{AppId, CallbackUri},
};
use tokio::runtime::Handle;

use crate::{
    CallHandler, Limits, TokenCheck, Unanswered, Webhook,
    handler::ErasedHandler,
    mailbox::{Engine, EngineConfig, Mailboxes},
};

/// The service ends a call after 45 minutes without one, and one that fails wants to be repeated.
const LONGEST_KEEP_ALIVE: Duration = Duration::from_secs(30 * 60);

/// An app registration and what it does with its calls.
pub struct App {
    id: AppId,
    client: Client,
    handler: Option<Arc<dyn ErasedHandler>>,
}

impl App {
    /// An app, and the client that sends its requests.
    pub fn new(id: AppId, client: Client) -> Self {
        Self { id, client, handler: None }
    }

    /// Who decides about its calls.
    #[must_use]
    pub fn handler(mut self, handler: impl CallHandler) -> Self {
        self.handler = Some(Arc::new(handler));
        self
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
    pub(crate) check: TokenCheck,
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) bind: SocketAddr,
    pub(crate) drain_delay: Duration,
    pub(crate) limits: Limits,
    pub(crate) emulated: bool,
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

    /// What the bot has done so far.
    pub fn stats(&self) -> BotStats {
        self.engine.stats()
    }

    /// Waits until nothing is being handled and no command is under way.
    pub async fn settled(&self) {
        self.engine.settled().await;
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
    /// Calls that are kept now, also those that ended within the last two minutes.
    pub calls: usize,
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
}

/// Puts a [`Bot`] together.
#[derive(Debug)]
pub struct BotBuilder {
    app: Option<App>,
    second_app: bool,
    callback: Option<CallbackUri>,
    check: Option<TokenCheck>,
    limits: Limits,
    unanswered: Unanswered,
    keep_alive: Duration,
    bind: SocketAddr,
    drain_delay: Duration,
    emulated: bool,
}

impl Default for BotBuilder {
    fn default() -> Self {
        Self {
            app: None,
            second_app: false,
            callback: None,
            check: None,
            limits: Limits::default(),
            unanswered: Unanswered::default(),
            keep_alive: Duration::from_secs(15 * 60),
            bind: SocketAddr::from(([0, 0, 0, 0], 3978)),
            drain_delay: Duration::from_secs(3),
            emulated: false,
        }
    }
}

impl BotBuilder {
    /// The app, its client and its handler. A bot is one app for now.
    #[must_use]
    pub fn app(mut self, app: App) -> Self {
        self.second_app |= self.app.replace(app).is_some();
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

    /// Puts it together, inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// When something is missing, or there is no runtime.
    pub fn build(self) -> Result<Bot, BuildError> {
        let runtime = Handle::try_current().map_err(|_| BuildError::NoRuntime)?;
        let App { id, client, handler } = self.app.ok_or(BuildError::Missing("app", "app"))?;
        let handler = handler.ok_or(BuildError::Missing("handler", "app(App::new(..).handler(..))"))?;
        let callback = self.callback.ok_or(BuildError::Missing("callback URI", "callback"))?;
        let check = self.check.ok_or(BuildError::Missing("token check", "token_check"))?;
        if self.second_app {
            return Err(BuildError::SecondApp);
        }
        if !check.knows(&id) {
            return Err(BuildError::UncheckedApp(id));
        }
        if self.keep_alive.is_zero() || self.keep_alive > LONGEST_KEEP_ALIVE {
            return Err(BuildError::KeepAlive(self.keep_alive));
        }
        let config = EngineConfig {
            callback: callback.clone(),
            unanswered: self.unanswered,
            keep_alive: self.keep_alive,
            queue: self.limits.call_queue,
        };
        let engine = Engine::new(id, client, handler, config);
        let time = runtime.spawn(Arc::clone(&engine).keep_time());
        let intake = Arc::new(Mailboxes::new(Arc::clone(&engine), time));
        let webhook = Webhook::new(&path_of(&callback), check.clone(), self.limits.clone(), intake);
        let settings = Settings {
            bind: self.bind,
            drain_delay: self.drain_delay,
            limits: self.limits,
            emulated: self.emulated,
        };
        Ok(Bot { engine, webhook, settings, check })
    }
}

fn path_of(callback: &CallbackUri) -> String {
    url::Url::parse(callback.as_str()).map_or_else(|_| "/".to_owned(), |url| url.path().to_owned())
}

/// Why a bot cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// Something is missing: what, and the method of the builder that takes it.
    Missing(&'static str, &'static str),
    /// The keep-alive interval is zero or longer than 30 minutes.
    KeepAlive(Duration),
    /// More than one app was given.
    SecondApp,
    /// The token check does not take tokens for the app.
    UncheckedApp(AppId),
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
            BuildError::SecondApp => f.write_str("a bot is one app: build a second bot for the second app"),
            BuildError::UncheckedApp(id) => {
                write!(
                    f,
                    "the token check does not take tokens for the app {id}: name it in `TokenCheckConfig::new`"
                )
            }
            BuildError::NoRuntime => f.write_str("a bot is built inside a tokio runtime"),
        }
    }
}

impl error::Error for BuildError {}
