//! Tests across the crates: a bot and an emulator, over real sockets on loopback. Not published.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test's stage fails the test"
)]

#[cfg(feature = "simulate")]
pub mod inbound;
pub mod kill;
#[cfg(feature = "simulate")]
pub mod outbound;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use graph_calls_bot::{
    AllowedTenants, App, Bot, CallContext, CallEvent, CallHandler, HandlerError, IssuerConfig, TokenCheck,
    TokenCheckConfig,
    model::{AppId, CallId, CallbackUri},
};
use graph_calls_core::{Client, Wall};
use graph_calls_emulator::{
    CallbackClaims, Dialect, Emulator, EmulatorBuilder, Exchange, ExchangeKind, IncomingCall,
};
use graph_calls_http::{Config, Connection};
use http::StatusCode;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tower::ServiceExt as _;

/// Who answers when called, and who never does.
pub const ANSWERS: &str = "b0000000-0000-4000-8000-000000000001";
/// Lets it ring.
pub const NEVER_ANSWERS: &str = "b0000000-0000-4000-8000-000000000004";

/// Longer than anything here takes, so that a lost event fails the test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(10);

type Decide = dyn Fn(&mut CallContext<()>, &CallEvent) + Send + Sync;

struct Player {
    decide: Box<Decide>,
    told: mpsc::UnboundedSender<CallEvent>,
}

#[async_trait]
impl CallHandler for Player {
    type Memory = ();

    async fn on_event(&self, call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
        (self.decide)(call, &event);
        // The stage may be gone while the last events come in.
        let _ = self.told.send(event);
        Ok(())
    }
}

#[expect(missing_debug_implementations, reason = "nothing prints a stage")]
/// An emulator and a bot that serves its webhook, both on loopback, with the production token check between them.
pub struct Stage {
    /// The service.
    pub emulator: Emulator,
    /// To the service.
    pub connection: Connection,
    /// The bot's webhook.
    pub webhook: String,
    events: mpsc::UnboundedReceiver<CallEvent>,
    stop: Option<oneshot::Sender<()>>,
    bot: Option<JoinHandle<()>>,
}

impl Stage {
    /// Sets the stage for a bot that decides like this.
    pub async fn set(decide: impl Fn(&mut CallContext<()>, &CallEvent) + Send + Sync + 'static) -> Self {
        Self::set_before(Emulator::builder().port(0).seed(7), decide).await
    }

    /// Sets the stage before an emulator of one's own.
    pub async fn set_before(
        emulator: EmulatorBuilder,
        decide: impl Fn(&mut CallContext<()>, &CallEvent) + Send + Sync + 'static,
    ) -> Self {
        let emulator = emulator.start().await.expect("an emulator");
        let connection =
            Config::emulator(emulator.url()).expect("a URL").connect().await.expect("the emulator");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let webhook = format!("http://{address}/api/calls");
        emulator.set_webhook(&webhook).await.expect("a webhook");
        let (told, events) = mpsc::unbounded_channel();
        let bot = bot(&connection, &webhook, Player { decide: Box::new(decide), told });
        let (stop, stopped) = oneshot::channel();
        let bot = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            bot.serve_on(listener, stopped).await.expect("a listener");
        });
        Self { emulator, connection, webhook, events, stop: Some(stop), bot: Some(bot) }
    }

    /// A client of the service.
    pub fn client(&self) -> Client {
        self.connection.client()
    }

    /// Somebody calls the bot.
    pub async fn call(&self, dialect: Dialect) -> CallId {
        let id =
            self.emulator.incoming(IncomingCall::from_user(ANSWERS).dialect(dialect)).await.expect("a call");
        CallId::new(id).expect("an id")
    }

    /// The next event that fits; others are passed over.
    pub async fn event<T>(&mut self, fits: impl Fn(CallEvent) -> Option<T>) -> T {
        let mut passed = Vec::new();
        loop {
            match timeout(PATIENCE, self.events.recv()).await {
                Ok(Some(event)) => {
                    passed.push(format!("{event:?}"));
                    if let Some(found) = fits(event) {
                        return found;
                    }
                }
                _ => panic!("the event never came; {passed:#?} did, and\n{}", self.trace()),
            }
        }
    }

    /// Posts a body to the bot's webhook with a token that the service signed.
    pub async fn post(&self, body: &serde_json::Value) -> StatusCode {
        let token = self.emulator.sign_callback_token(&CallbackClaims::default()).expect("a token");
        self.post_as(&token, body.to_string().into()).await
    }

    /// Posts a body to the bot's webhook with this token.
    pub async fn post_as(&self, token: &str, body: Bytes) -> StatusCode {
        let request = http::Request::post(&self.webhook)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(body)
            .expect("a request");
        let answered = self.connection.transport().oneshot(request).await;
        answered.expect("an answer").status()
    }

    /// The bodies of the notifications of a call, oldest first.
    pub fn notifications(&self, call: &CallId) -> Vec<serde_json::Value> {
        let exchanges = self.emulator.exchanges(Some(call.as_str())).into_iter();
        exchanges.filter(|one| one.kind == ExchangeKind::Notification).filter_map(|one| one.body).collect()
    }

    fn trace(&self) -> String {
        let line = |one: &Exchange| format!("{} {} -> {} {}", one.seq, one.from, one.to, one.summary);
        self.emulator.exchanges(None).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Stops the bot as SIGTERM would, then the service.
    pub async fn strike(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(bot) = self.bot.take() {
            timeout(PATIENCE, bot).await.expect("the bot stops").expect("the bot does not panic");
        }
        self.emulator.shutdown().await;
    }
}

fn bot(connection: &Connection, webhook: &str, player: Player) -> Bot {
    let env = connection.emulator().expect("an emulator");
    let issuer = IssuerConfig::emulator(env.issuer.clone(), &env.openid).expect("an issuer");
    let app_id: AppId = env.app_id.clone();
    let config = TokenCheckConfig::new([app_id.clone()], AllowedTenants::Any).with_issuers([issuer]);
    let check = TokenCheck::new(config, &connection.transport(), Wall::system()).expect("a token check");
    Bot::builder()
        .app(App::new(app_id, connection.client()).handler(player))
        .callback(CallbackUri::emulated(webhook).expect("a URI"))
        .token_check(check)
        .drain_delay(Duration::ZERO)
        .build()
        .expect("a bot")
}

/// A server that answers every request like this, and what it was asked.
pub async fn answering(answer: &'static str) -> (String, Arc<std::sync::Mutex<Vec<String>>>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let asked: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 16 * 1024];
            let read = stream.read(&mut head).await.unwrap_or(0);
            head.truncate(read);
            seen.lock().expect("no panic").push(String::from_utf8_lossy(&head).into_owned());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, asked)
}

/// The README's bot compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
