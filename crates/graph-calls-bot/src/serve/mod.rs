//! A server for bots that bring none: HTTP/1.1 with limits, health pages, and an end that loses nothing.

mod connection;
mod health;
mod ready;

use std::{convert::Infallible, error, fmt, future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, header::CONNECTION};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tower::Service as _;

use crate::{Bot, Limits, Prompts, Webhook, bot::Settings, metrics::Page};
use connection::{Phase, Silence, Timed};
use health::Health;
pub(crate) use health::Refresh;
pub(crate) use ready::{Readiness, Token};

/// How long calls may take to settle after the last connection was closed.
const LONGEST_DRAIN: Duration = Duration::from_secs(20);
/// How long stopping may take in all.
const LONGEST_STOP: Duration = Duration::from_secs(25);
/// After an accept that failed, as for want of file descriptors.
const BREATHER: Duration = Duration::from_millis(50);

impl Bot {
    /// Serves the webhook and the health pages until SIGTERM or SIGINT.
    ///
    /// `/livez` says that the process runs, `/readyz` whether it should be sent work: not while it drains, and not before
    /// it has a token for Graph and the keys of callbacks; its body says which part is missing and why. `/version`
    /// has the version, and with the feature `metrics` `/metrics` the numbers.
    ///
    /// Told to stop, it has `/readyz` answer 503, serving goes on for the drain delay, no connection is accepted any more, and what is
    /// under way settles: within 25 seconds in all, or the drain delay where that is longer. A second signal ends it at once.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, or signals cannot be waited for.
    pub async fn serve(self) -> Result<(), ServeError> {
        let address = self.settings.bind;
        let listener =
            TcpListener::bind(address).await.map_err(|source| ServeError::Bind { address, source })?;
        let mut signals = Signals::new().map_err(ServeError::Signals)?;
        let (stop, stopping) = tokio::sync::oneshot::channel();
        let told_twice = async move {
            signals.next().await;
            tracing::info!("stopping; a second signal ends at once");
            let _ = stop.send(());
            signals.next().await;
        };
        let stopping = async move {
            let _ = stopping.await;
        };
        tokio::select! {
            served = self.serve_on(listener, stopping) => served,
            () = told_twice => Ok(()),
        }
    }

    /// Serves on a listener until `stop` is done, then drains.
    ///
    /// # Errors
    ///
    /// When the listener has no address.
    pub async fn serve_on(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let Settings { drain_delay, limits, emulated, readiness, refresh, prompts, path, .. } =
            self.settings.clone();
        let health = Health::new(readiness, emulated, Page::start(), refresh);
        let prompts = prompts.map(|prompts| (prompts, path.into()));
        let server = Server { prompts, ..Server::new(self.webhook(), health, limits) };
        if !server.run(listener, stop, drain_delay, self.settled()).await? {
            tracing::warn!(stats = ?self.stats(), "stopped with work under way");
        }
        Ok(())
    }
}

impl Webhook {
    /// Serves on a listener until `stop` is done, with the limits of a bot's connections and its health pages: for who
    /// takes notifications [as a stream](Self::stream).
    ///
    /// What is under way is finished.
    ///
    /// # Errors
    ///
    /// When the listener has no address.
    pub async fn serve_on(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let limits = self.limits().clone();
        let readiness = Readiness::default().with_keys(self.check().clone());
        let health = Health::new(readiness, false, Page::start(), None);
        Server::new(self, health, limits).run(listener, stop, Duration::ZERO, async {}).await?;
        Ok(())
    }
}

#[derive(Clone)]
struct Server {
    webhook: Webhook,
    health: Arc<Health>,
    limits: Limits,
    /// With the path that they lie below.
    prompts: Option<(Arc<Prompts>, Arc<str>)>,
}

impl Server {
    fn new(webhook: Webhook, health: Health, limits: Limits) -> Self {
        Self { webhook, health: Arc::new(health), limits, prompts: None }
    }

    /// Whether all was settled in time.
    async fn run(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
        drain_delay: Duration,
        settled: impl Future<Output = ()>,
    ) -> Result<bool, ServeError> {
        let address = listener.local_addr().map_err(ServeError::Listener)?;
        tracing::info!(%address, "serving");
        let mut upkeep = JoinSet::new();
        upkeep.spawn(self.health.page().keep_up());
        // Dropped with this future, it ends the connections too.
        let (closing, closed) = watch::channel(false);
        let slots = Arc::new(Semaphore::new(self.limits.connections));
        let accepting = async {
            loop {
                // A slot first: connections beyond the limit wait in the backlog instead of costing memory.
                let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let (server, closed) = (self.clone(), closed.clone());
                        tokio::spawn(async move {
                            server.connection(stream, closed).await;
                            drop(slot);
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        sleep(BREATHER).await;
                    }
                }
            }
        };
        {
            // Dropped at the end of this block, and with it the slot it keeps for the next connection.
            tokio::pin!(accepting);
            tokio::select! {
                () = &mut accepting => {}
                () = stop => {
                    self.health.drain();
                    // Load balancers need a moment to see that we are not ready any more.
                    let _ = timeout(drain_delay, &mut accepting).await;
                }
            }
        }
        // Who connects from now on is refused at once, instead of waiting for nobody.
        drop(listener);
        let _ = closing.send(true);
        let all = u32::try_from(self.limits.connections).unwrap_or(u32::MAX);
        let left = LONGEST_STOP.saturating_sub(drain_delay).min(LONGEST_DRAIN);
        let drained = timeout(left, async {
            let _ = slots.acquire_many(all).await;
            settled.await;
        });
        Ok(drained.await.is_ok())
    }

    async fn connection(&self, stream: TcpStream, mut closed: watch::Receiver<bool>) {
        let phase = Phase::default();
        let (head, idle, write) = (self.limits.head_time, self.limits.idle_time, self.limits.body_time);
        let stream = Timed::new(stream, phase.clone(), Silence { head, idle, write });
        let answer = service_fn(|request: http::Request<Incoming>| {
            phase.working();
            async {
                let answer = self.answer(request).await;
                phase.answered();
                answer
            }
        });
        let connection = http1::Builder::new()
            .header_read_timeout(None)
            .max_buf_size(self.limits.header_bytes.max(8 * 1024))
            .serve_connection(TokioIo::new(stream), answer);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => Some(ended),
            // The value's guard must not live on into the next await.
            () = async { drop(closed.wait_for(|closed| *closed).await) } => None,
        };
        let ended = if let Some(ended) = ended {
            ended
        } else {
            connection.as_mut().graceful_shutdown();
            connection.await
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended badly");
        }
    }

    async fn answer(
        &self,
        request: http::Request<Incoming>,
    ) -> Result<http::Response<Full<Bytes>>, Infallible> {
        let prompt = || self.prompts.as_ref().and_then(|(prompts, path)| prompts.answer(path, &request));
        let mut response = if let Some(response) = self.health.answer(&request).or_else(prompt) {
            response
        } else {
            let response = self.webhook.clone().call(request).await?;
            if response.status().is_success() {
                return Ok(response);
            }
            response
        };
        // Only whom we know may keep a connection: there is a limited number of them.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        Ok(response)
    }
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "the same shape as where signals can fail")]
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Why a bot cannot serve.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be listened on.
    Bind {
        /// Which one.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The listener has no address.
    Listener(io::Error),
    /// Signals cannot be waited for.
    Signals(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServeError::Bind { address, source } if source.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "port {} is in use: stop what listens there or bind another (GRAPH_CALLS_BIND)",
                address.port()
            ),
            ServeError::Bind { address, .. } => write!(f, "{address} cannot be listened on"),
            ServeError::Listener(_) => f.write_str("the listener has no address"),
            ServeError::Signals(_) => f.write_str("signals cannot be waited for"),
        }
    }
}

impl error::Error for ServeError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            ServeError::Bind { source, .. } | ServeError::Listener(source) | ServeError::Signals(source) => {
                Some(source)
            }
        }
    }
}
