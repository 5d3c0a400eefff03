//! The service: answers each attempt as the test says, and everything the tests have in common.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use graph_calls_core::{
    AccessToken, BoxError, Certainty, Client, ClientBuilder, FixedToken, GetCall, PlayPrompt, RequestInfo,
    TokenError, TokenProvider, TokenRequest, Transport, TransportError, TransportErrorKind,
    model::{CallId, MediaInfo, MediaPrompt, PlayPromptBody},
};
use tokio::time::sleep;
use tower::{service_fn, util::BoxCloneSyncService};

/// What becomes of one attempt.
pub(crate) struct Reply {
    /// How long the transport has it before it hands it over.
    pub(crate) before: Duration,
    /// How long the service takes from then on.
    pub(crate) after: Duration,
    pub(crate) then: Then,
}

pub(crate) enum Then {
    Answer(http::Response<Bytes>),
    Failure(TransportErrorKind, Certainty),
    /// Neither an answer nor an end, from before it is handed over or from after.
    Silence {
        handed_over: bool,
    },
}

impl Reply {
    pub(crate) fn now(then: Then) -> Self {
        Self { before: Duration::ZERO, after: Duration::ZERO, then }
    }

    pub(crate) fn after(after: Duration, then: Then) -> Self {
        Self { before: Duration::ZERO, after, then }
    }
}

impl Then {
    pub(crate) fn status(status: u16) -> Self {
        Self::told(status, &[])
    }

    pub(crate) fn told(status: u16, retry_after: &[String]) -> Self {
        let mut response = http::Response::builder().status(status);
        for value in retry_after {
            response = response.header("retry-after", value);
        }
        let body = if (200..300).contains(&status) { "{}" } else { "" };
        Self::Answer(response.body(Bytes::from_static(body.as_bytes())).expect("a response"))
    }

    pub(crate) fn refused() -> Self {
        Self::Failure(TransportErrorKind::Connect, Certainty::Unsent)
    }

    pub(crate) fn reset() -> Self {
        Self::Failure(TransportErrorKind::Connection, Certainty::Unknown)
    }
}

/// A transport that asks the test what becomes of each attempt.
pub(crate) fn transport(decide: impl FnMut(&http::Request<Bytes>) -> Reply + Send + 'static) -> Transport {
    let decide = Arc::new(Mutex::new(decide));
    BoxCloneSyncService::new(service_fn(move |request: http::Request<Bytes>| {
        let Reply { before, after, then } = (decide.lock().expect("no panic before"))(&request);
        async move {
            wait(before).await;
            if let Then::Silence { handed_over: false } = then {
                pending::<()>().await;
            }
            if let Some(info) = request.extensions().get::<RequestInfo>() {
                info.hand_over();
            }
            wait(after).await;
            match then {
                Then::Answer(response) => Ok(response),
                Then::Failure(kind, certainty) => {
                    Err(BoxError::from(TransportError::new(kind, certainty, "the fake said so")))
                }
                Then::Silence { .. } => pending().await,
            }
        }
    }))
}

/// None at all costs no turn of the timer.
async fn wait(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

pub(crate) fn builder(seed: u64, transport: Transport) -> ClientBuilder {
    let token = FixedToken::new("secret").expect("a token");
    Client::builder(transport).token(token).rng(fastrand::Rng::with_seed(seed))
}

pub(crate) fn call() -> CallId {
    CallId::new("57dab8b1").expect("an id")
}

/// Of class A: may be repeated always.
pub(crate) fn get() -> GetCall {
    GetCall::new(call())
}

/// Of class C: may be repeated only if it had no effect.
pub(crate) fn play() -> PlayPrompt {
    let prompt = MediaPrompt::new(MediaInfo::new("https://bot.example/hello.wav"));
    PlayPrompt::new(call(), PlayPromptBody::new(prompt))
}

/// A token, and once more another one in place of one that was refused.
pub(crate) struct Renewed;

#[async_trait]
impl TokenProvider for Renewed {
    async fn token(&self, request: &TokenRequest) -> Result<AccessToken, TokenError> {
        let token = if request.refused.is_some() { "secret-2" } else { "secret-1" };
        AccessToken::new(token, Duration::from_secs(3_600))
    }
}
