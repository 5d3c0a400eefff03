//! A login that is no more than a function.

#![allow(dead_code, reason = "each test program uses what it needs of it")]

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use graph_calls_core::{
    AccessToken, BoxError, Certainty, Cloud, TokenProvider as _, TokenRequest, Transport, TransportError,
    TransportErrorKind,
    model::{AppId, TenantId},
};
use graph_calls_http::{ClientSecret, EntraCredential, EntraTokens};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use tokio::time::{Instant, sleep};

pub(crate) const TENANT: &str = "2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
pub(crate) const APP: &str = "3f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
pub(crate) const SECRET: &str = "planted~secret";

pub(crate) fn tenant() -> TenantId {
    TenantId::new(TENANT).unwrap()
}

pub(crate) fn app() -> AppId {
    AppId::new(APP).unwrap()
}

/// Lets the tasks that fetch tokens run, without letting time pass.
pub(crate) async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn token(tokens: &EntraTokens) -> AccessToken {
    tokens.token(&wanted()).await.expect("a token")
}

pub(crate) fn bearer(token: &AccessToken) -> String {
    token.header().to_str().expect("ASCII").to_owned()
}

/// What the login does.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Nothing, ever.
    Silence,
    /// No connection.
    Unreachable,
    /// A bug of whoever was to ask.
    Panic,
    /// This; `#` in the body is the number of the question.
    Says { status: u16, body: String, after: Duration, retry_after: Option<&'static str> },
}

impl Answer {
    pub(crate) fn status(status: u16, body: &str) -> Self {
        Self::Says { status, body: body.to_owned(), after: Duration::ZERO, retry_after: None }
    }

    pub(crate) fn json(body: &str) -> Self {
        Self::status(200, body)
    }

    /// Another token for each question.
    pub(crate) fn token(lives: u32) -> Self {
        Self::json(&format!(r#"{{"token_type":"Bearer","expires_in":{lives},"access_token":"token-#"}}"#))
    }

    pub(crate) fn after(mut self, wait: Duration) -> Self {
        if let Self::Says { after, .. } = &mut self {
            *after = wait;
        }
        self
    }

    pub(crate) fn told_to_wait(mut self, seconds: &'static str) -> Self {
        if let Self::Says { retry_after, .. } = &mut self {
            *retry_after = Some(seconds);
        }
        self
    }
}

/// What the login was asked.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) at: Instant,
    pub(crate) uri: String,
    pub(crate) form: HashMap<String, String>,
}

#[derive(Clone)]
pub(crate) struct FakeLogin {
    answer: Arc<Mutex<Answer>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl FakeLogin {
    pub(crate) fn answering(answer: Answer) -> Self {
        Self { answer: Arc::new(Mutex::new(answer)), asked: Arc::default() }
    }

    pub(crate) fn answer_with(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn tokens(&self) -> EntraTokens {
        self.tokens_for(ClientSecret::new(tenant(), app(), SECRET))
    }

    pub(crate) fn tokens_for(&self, credential: impl Into<EntraCredential>) -> EntraTokens {
        EntraTokens::new(&Cloud::global(), self.transport(), credential)
    }

    fn transport(&self) -> Transport {
        let login = self.clone();
        Transport::new(tower::service_fn(move |request: http::Request<Bytes>| {
            let login = login.clone();
            async move { login.reply(&request).await }
        }))
    }

    async fn reply(&self, request: &http::Request<Bytes>) -> Result<http::Response<Bytes>, BoxError> {
        let form = url::form_urlencoded::parse(request.body()).into_owned().collect();
        let number = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(Asked { at: Instant::now(), uri: request.uri().to_string(), form });
            asked.len()
        };
        let answer = self.answer.lock().unwrap().clone();
        match answer {
            Answer::Silence => std::future::pending().await,
            Answer::Panic => panic!("the transport has a bug"),
            Answer::Unreachable => {
                Err(TransportError::new(TransportErrorKind::Connect, Certainty::Unsent, "down").into())
            }
            Answer::Says { status, body, after, retry_after } => {
                sleep(after).await;
                let mut response = http::Response::builder().status(status);
                if let Some(wait) = retry_after {
                    response = response.header(RETRY_AFTER, wait);
                }
                Ok(response.body(body.replace('#', &number.to_string()).into())?)
            }
        }
    }
}

/// The token that a client of the public cloud wants.
pub(crate) fn wanted() -> TokenRequest {
    TokenRequest::new(None, Arc::clone(Cloud::global().scope()))
}

/// A Graph that is content with no token, and demands claims.
pub(crate) fn graph_that_always_refuses() -> (Transport, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let transport = Transport::new(tower::service_fn(move |_: http::Request<Bytes>| {
        counted.fetch_add(1, Ordering::SeqCst);
        async {
            let response = http::Response::builder()
                .status(401)
                .header(WWW_AUTHENTICATE, r#"Bearer error="insufficient_claims", claims="e30=""#)
                .body(Bytes::new())?;
            Ok::<_, BoxError>(response)
        }
    }));
    (transport, calls)
}
