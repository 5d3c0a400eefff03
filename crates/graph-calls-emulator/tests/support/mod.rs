//! A client and a bot for tests over real sockets.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use graph_calls_emulator::{Emulator, Exchange};
use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

pub(crate) const ADELE: &str = "b0000000-0000-4000-8000-000000000001";

/// What a request was answered with.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }
}

/// The same for what is no text.
#[derive(Debug)]
pub(crate) struct GotBytes {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

/// A client of an emulator, with a token once it has one.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    inner: reqwest::Client,
    pub(crate) root: String,
    pub(crate) token: Option<String>,
}

impl Client {
    pub(crate) fn new(emulator: &Emulator) -> Self {
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let inner = builder.tls_certs_only([]).build().unwrap();
        Self { inner, root: emulator.url().to_owned(), token: None }
    }

    pub(crate) async fn with_token(emulator: &Emulator) -> Self {
        let mut client = Self::new(emulator);
        let got = client.token(emulator, &[]).await;
        client.token = Some(got.json()["access_token"].as_str().unwrap().to_owned());
        client
    }

    /// Asks for a token with these form fields changed.
    pub(crate) async fn token(&self, emulator: &Emulator, changes: &[(&str, &str)]) -> Got {
        let env = emulator.env();
        let scope = format!("{}/.default", env.graph);
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", env.app_id.as_str()),
            ("client_secret", env.client_secret.as_str()),
            ("scope", scope.as_str()),
        ];
        for (name, value) in changes {
            form.retain(|(one, _)| one != name);
            form.push((name, value));
        }
        let tenant =
            form.iter().find(|(name, _)| *name == "tenant").map_or(env.tenant_id.as_str(), |(_, t)| *t);
        let path = format!("/{tenant}/oauth2/v2.0/token");
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
        self.send(&Method::POST, &path, Some("application/x-www-form-urlencoded"), body).await
    }

    pub(crate) async fn send(
        &self,
        method: &Method,
        path: &str,
        media_type: Option<&str>,
        body: String,
    ) -> Got {
        let mut request = self.inner.request(method.clone(), format!("{}{path}", self.root)).body(body);
        if let Some(media_type) = media_type {
            request = request.header("Content-Type", media_type);
        }
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Got { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(&Method::GET, path, None, String::new()).await
    }

    pub(crate) async fn bytes(&self, path: &str, headers: &[(&str, &str)]) -> GotBytes {
        let mut request = self.inner.get(format!("{}{path}", self.root));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        GotBytes { status, headers, bytes: response.bytes().await.unwrap().to_vec() }
    }

    /// What came of the body until it was all there or the connection ended, and whether it is all.
    ///
    /// # Errors
    ///
    /// When not even a head came.
    pub(crate) async fn part(&self, path: &str) -> reqwest::Result<(GotBytes, bool)> {
        let token = self.token.as_deref().unwrap_or_default();
        let mut response = self.inner.get(format!("{}{path}", self.root)).bearer_auth(token).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut bytes = Vec::new();
        let is_all = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        Ok((GotBytes { status, headers, bytes }, is_all))
    }

    pub(crate) async fn delete(&self, path: &str) -> Got {
        self.send(&Method::DELETE, path, None, String::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Got {
        if body.is_null() {
            return self.send(&Method::POST, path, None, String::new()).await;
        }
        self.send(&Method::POST, path, Some("application/json"), body.to_string()).await
    }
}

/// One notification as the bot got it.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// A bot that writes down what it is told.
#[derive(Debug)]
pub(crate) struct Bot {
    pub(crate) url: String,
    received: mpsc::UnboundedReceiver<Received>,
    answers: Arc<Mutex<VecDeque<Response<Full<Bytes>>>>>,
}

impl Bot {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api/calls", listener.local_addr().unwrap());
        let (send, received) = mpsc::unbounded_channel();
        let answers = Arc::<Mutex<VecDeque<Response<Full<Bytes>>>>>::default();
        let ready = Arc::clone(&answers);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (send, ready) = (send.clone(), Arc::clone(&ready));
                tokio::spawn(async move {
                    let service = service_fn(|request: http::Request<hyper::body::Incoming>| {
                        let (send, ready) = (send.clone(), Arc::clone(&ready));
                        async move {
                            let (head, body) = request.into_parts();
                            let body = body.collect().await.unwrap().to_bytes();
                            let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
                            let path = head.uri.path().to_owned();
                            let _ = send.send(Received { path, headers: head.headers, body });
                            let answer = ready.lock().unwrap().pop_front();
                            Ok::<_, Infallible>(answer.unwrap_or_else(|| status(StatusCode::ACCEPTED)))
                        }
                    });
                    let _ = auto::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { url, received, answers }
    }

    /// Answers the next notification so, those after it with 202.
    pub(crate) fn answer_next(&self, response: Response<Full<Bytes>>) {
        self.answers.lock().unwrap().push_back(response);
    }

    pub(crate) async fn next(&mut self) -> Received {
        timeout(Duration::from_secs(10), self.received.recv()).await.expect("a notification comes").unwrap()
    }

    /// Reads notifications until one changes the call to this state. Those of other calls may come between.
    pub(crate) async fn until(&mut self, call: &str, state: &str) -> Received {
        loop {
            let received = self.next().await;
            let item = &received.body["value"][0];
            let about = item["resourceUrl"].as_str().is_some_and(|url| url.ends_with(call));
            if about && item["resourceData"]["state"] == state {
                return received;
            }
        }
    }
}

pub(crate) fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

pub(crate) fn answer_body(bot: &Bot) -> Value {
    json!({
        "callbackUri": format!("{}/answered", bot.url),
        "acceptedModalities": ["audio"],
        "mediaConfig": { "@odata.type": "#microsoft.graph.serviceHostedMediaConfig" },
    })
}

/// Waits until the trace has this.
pub(crate) async fn traced(emulator: &Emulator, wanted: impl Fn(&Exchange) -> bool) -> Exchange {
    let mut live = emulator.subscribe();
    if let Some(found) = emulator.exchanges(None).into_iter().find(&wanted) {
        return found;
    }
    let wait = async {
        loop {
            let exchange = live.recv().await.unwrap();
            if wanted(&exchange) {
                return exchange;
            }
        }
    };
    timeout(Duration::from_secs(10), wait).await.expect("the trace gets it")
}
