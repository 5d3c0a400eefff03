//! The stage: an emulator, the sample bot over real sockets, and an ear at the bot.

use async_trait::async_trait;
use graph_calls_bot::{
    AllowedTenants, App, Bot, CallContext, CallEvent, CallHandler, HandlerError, IssuerConfig, TokenCheck,
    TokenCheckConfig,
    core::{Wall, model::CallbackUri},
};
use graph_calls_emulator::{Emulator, Person};
use graph_calls_http::{Config, Connection};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::Duration,
};

use crate::{
    exit::Failure,
    sample::attendant::{Attendant, Door},
};

/// Everything that a scenario plays with.
pub(super) struct Stage {
    pub(super) emulator: Emulator,
    pub(super) connection: Connection,
    pub(super) door: Door,
    pub(super) people: Vec<Person>,
    pub(super) heard: mpsc::UnboundedReceiver<Heard>,
    stop: oneshot::Sender<()>,
    bot: JoinHandle<()>,
}

/// What the bot was told of a call.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) call: String,
    pub(super) event: CallEvent,
}

/// Who is called in by key 1: somebody who answers.
const COLLEAGUE: usize = 0;

impl Stage {
    pub(super) async fn set(port: u16) -> Result<Self, Failure> {
        // The bot's port comes first, so that the emulator knows from its start where calls go.
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.map_err(|error| Failure::failed(format!("no port for the bot: {error}")))?;
        let address = listener.local_addr()?;
        let webhook = format!("http://{address}/api/calls");
        let emulator = Emulator::builder().port(port).webhook(&webhook).start().await;
        let emulator = emulator.map_err(|error| Failure::from_error(&error))?;
        let connection = Config::emulator(emulator.url())?.connect().await?;
        let people = emulator.people().await;
        let door = Door::default();
        let attendant = Attendant {
            door: door.clone(),
            greeting: Some(emulator.welcome_prompt()),
            colleague: people.get(COLLEAGUE).map(|person| person.id.clone()),
        };
        let (tell, heard) = mpsc::unbounded_channel();
        let bot = bot(&connection, &webhook, Watched { bot: attendant, tell })?;
        let (stop, stopped) = oneshot::channel();
        let bot = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            if let Err(error) = bot.serve_on(listener, stopped).await {
                tracing::error!(%error, "the bot stopped");
            }
        });
        Ok(Self { emulator, connection, door, people, heard, stop, bot })
    }

    /// The name of somebody in the emulator's directory.
    pub(super) fn name_of(&self, id: &str) -> String {
        self.people.iter().find(|one| one.id == id).map_or_else(|| id.to_owned(), |one| one.name.clone())
    }

    pub(super) fn colleague(&self) -> &str {
        self.people.get(COLLEAGUE).map_or("", |person| &person.id)
    }

    pub(super) async fn clear(self) {
        let _ = self.stop.send(());
        let _ = self.bot.await;
        self.emulator.shutdown().await;
    }
}

/// The bot as it would run in production: only the addresses and the issuer are the emulator's.
fn bot(connection: &Connection, webhook: &str, handler: impl CallHandler) -> Result<Bot, Failure> {
    let gone = || Failure::failed("the emulator did not say who it is");
    let env = connection.emulator().ok_or_else(gone)?;
    let issuer = IssuerConfig::emulator(env.issuer.clone(), &env.openid);
    let issuer = issuer.map_err(|error| Failure::from_error(&error))?;
    let tenants = AllowedTenants::These(vec![env.tenant_id.clone()]);
    let config = TokenCheckConfig::new([env.app_id.clone()], tenants).with_issuers([issuer]);
    let check = TokenCheck::new(config, &connection.transport(), Wall::system());
    let callback = CallbackUri::emulated(webhook).map_err(|error| Failure::from_error(&error))?;
    Bot::builder()
        .app(App::new(env.app_id.clone(), connection.client()).handler(handler))
        .callback(callback)
        .token_check(check.map_err(|error| Failure::from_error(&error))?)
        .emulator(&env.url)
        // No load balancer has to notice.
        .drain_delay(Duration::ZERO)
        .build()
        .map_err(|error| Failure::from_error(&error))
}

/// A bot, and somebody who listens to what it is told.
struct Watched<H> {
    bot: H,
    tell: mpsc::UnboundedSender<Heard>,
}

#[async_trait]
impl<H: CallHandler> CallHandler for Watched<H> {
    type Memory = H::Memory;

    async fn on_event(
        &self,
        call: &mut CallContext<Self::Memory>,
        event: CallEvent,
    ) -> Result<(), HandlerError> {
        if let Some(id) = call.id() {
            let _ = self.tell.send(Heard { call: id.to_string(), event: event.clone() });
        }
        self.bot.on_event(call, event).await
    }
}
