//! What stands between the service and a bot that may be gone: it carries each notification until it is answered 202.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use fastrand::Rng;
use http::{StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::watch,
    time::{sleep, timeout},
};

/// After a bot that died, or said that it cannot take anything now.
const AGAIN: Duration = Duration::from_millis(10);
/// Longer than a bot that lives takes.
const PATIENCE: Duration = Duration::from_secs(5);
/// One in so many is sent once more after it was acknowledged.
const REPEATED: u8 = 16;

/// A notification, and what became of it.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) path: String,
    pub(super) body: Value,
    /// How often it was sent.
    pub(super) sent: u32,
    pub(super) acknowledged: bool,
    /// The answers that were neither 202 nor 503.
    pub(super) refused: Vec<StatusCode>,
}

/// The relay, and what it carried.
pub(super) struct Relay {
    client: Client<HttpConnector, Full<Bytes>>,
    bot: watch::Receiver<Option<SocketAddr>>,
    notices: Mutex<Vec<Notice>>,
    random: Mutex<Rng>,
}

impl Relay {
    pub(super) fn new(bot: watch::Receiver<Option<SocketAddr>>, seed: u64) -> Arc<Self> {
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(8).build_http();
        let random = Mutex::new(Rng::with_seed(seed));
        Arc::new(Self { client, bot, notices: Mutex::default(), random })
    }

    pub(super) fn notices(&self) -> MutexGuard<'_, Vec<Notice>> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until it is dropped.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let relay = Arc::clone(&self);
            tokio::spawn(async move {
                let answer = service_fn(move |request| Arc::clone(&relay).answer(request));
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    }

    async fn answer(
        self: Arc<Self>,
        request: http::Request<Incoming>,
    ) -> Result<http::Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
            return Ok(empty(StatusCode::BAD_REQUEST));
        };
        // A service that waits no longer shall not take it away.
        let carried = tokio::spawn(async move { self.carry(head, body).await });
        Ok(empty(carried.await.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)))
    }

    async fn carry(&self, head: http::request::Parts, body: Bytes) -> StatusCode {
        let number = {
            let mut notices = self.notices();
            notices.push(Notice {
                path: head.uri.path().to_owned(),
                body: serde_json::from_slice(&body).unwrap_or_default(),
                sent: 0,
                acknowledged: false,
                refused: Vec::new(),
            });
            notices.len() - 1
        };
        let note = |change: &dyn Fn(&mut Notice)| self.notices().get_mut(number).map(change);
        let status = loop {
            note(&|notice| notice.sent += 1);
            match self.send(&head, &body).await {
                Some(StatusCode::ACCEPTED) => break StatusCode::ACCEPTED,
                Some(StatusCode::SERVICE_UNAVAILABLE) | None => sleep(AGAIN).await,
                Some(refused) => {
                    note(&|notice| notice.refused.push(refused));
                    break refused;
                }
            }
        };
        note(&|notice| notice.acknowledged = status == StatusCode::ACCEPTED);
        let repeats = self.random.lock().unwrap_or_else(PoisonError::into_inner).u8(..REPEATED) == 0;
        if repeats {
            note(&|notice| notice.sent += 1);
            self.send(&head, &body).await;
        }
        status
    }

    /// To the process that is there, once there is one.
    async fn send(&self, head: &http::request::Parts, body: &Bytes) -> Option<StatusCode> {
        let mut bot = self.bot.clone();
        let address = (*bot.wait_for(Option::is_some).await.ok()?)?;
        let mut request = http::Request::new(Full::new(body.clone()));
        *request.method_mut() = head.method.clone();
        *request.headers_mut() = head.headers.clone();
        request.headers_mut().remove(header::HOST);
        *request.uri_mut() = format!("http://{address}{}", head.uri).parse().ok()?;
        let answer = timeout(PATIENCE, self.client.request(request)).await.ok()?.ok()?;
        Some(answer.status())
    }
}

fn empty(status: StatusCode) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::default());
    *response.status_mut() = status;
    response
}
