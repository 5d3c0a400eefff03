//! An issuer of callback tokens, a bot that trusts it, and HTTP written by hand.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "each test uses a part of it, and a test's helpers fail the test"
)]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use bytes::Bytes;
use graph_calls_bot::{
    AllowedTenants, App, Bot, BotBuilder, CallContext, CallEvent, CallHandler, HandlerError, Limits,
    TokenCheck, TokenCheckConfig, Webhook,
    core::{BoxError, Client, FixedToken, Transport, Wall},
    model::{AppId, CallbackUri, TenantId},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use tower::{service_fn, util::BoxCloneSyncService};

pub(crate) const APP: &str = "2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
pub(crate) const TENANT: &str = "9f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
pub(crate) const OTHER_TENANT: &str = "8e1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
pub(crate) const TOKEN_FOR_GRAPH: &str = "planted-token-for-graph";

/// Longer than anything takes, so that what hangs fails the test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Signs tokens, and publishes its key while it is up.
#[derive(Clone)]
pub(crate) struct Issuer {
    pair: Arc<KeyPair>,
    up: Arc<AtomicBool>,
}

impl Issuer {
    pub(crate) fn new() -> Self {
        let pair = Arc::new(KeyPair::generate(KeySize::Rsa2048).unwrap());
        Self { pair, up: Arc::new(AtomicBool::new(true)) }
    }

    pub(crate) fn set_up(&self, up: bool) {
        self.up.store(up, Ordering::Relaxed);
    }

    pub(crate) fn claims() -> Value {
        let now = Wall::system().now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        json!({
            "iss": "https://api.botframework.com", "aud": APP, "tid": TENANT, "iat": now, "nbf": now,
            "exp": now + 3600,
        })
    }

    /// A token with one claim changed; null takes it away.
    pub(crate) fn token_with(&self, name: &str, value: Value) -> String {
        let mut claims = Self::claims();
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        self.sign("first", &claims)
    }

    pub(crate) fn token(&self) -> String {
        self.sign("first", &Self::claims())
    }

    pub(crate) fn sign(&self, key_id: &str, claims: &Value) -> String {
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": key_id}).to_string();
        let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims.to_string()));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", BASE64.encode(signature))
    }

    pub(crate) fn transport(&self) -> Transport {
        // The public key is DER: a sequence of the modulus, with a zero before it, and the exponent.
        let der = self.pair.public_key().as_ref();
        let (modulus, exponent) = (BASE64.encode(&der[9..265]), BASE64.encode(&der[267..270]));
        let key = json!({"kty": "RSA", "use": "sig", "kid": "first", "n": modulus, "e": exponent});
        let keys = Bytes::from(json!({"keys": [key]}).to_string());
        let document = Bytes::from(json!({"jwks_uri": "https://api.aps.skype.com/v1/keys"}).to_string());
        let up = Arc::clone(&self.up);
        BoxCloneSyncService::new(service_fn(move |request: http::Request<Bytes>| {
            let body = match request.uri().path() {
                "/v1/keys" => keys.clone(),
                "/v1/.well-known/OpenIdConfiguration" => document.clone(),
                other => panic!("nobody serves {other}"),
            };
            let up = up.load(Ordering::Relaxed);
            async move { if up { Ok(http::Response::new(body)) } else { Err::<_, BoxError>("refused".into()) } }
        }))
    }

    /// Takes tokens for [`APP`] from [`TENANT`] and [`OTHER_TENANT`].
    pub(crate) fn check(&self) -> TokenCheck {
        let tenants = [TENANT, OTHER_TENANT].map(|tenant| TenantId::new(tenant).unwrap());
        let config =
            TokenCheckConfig::new([AppId::new(APP).unwrap()], AllowedTenants::These(tenants.to_vec()));
        TokenCheck::new(config, &self.transport(), Wall::system()).unwrap()
    }
}

/// A handler that decides nothing.
pub(crate) struct Idle;

#[async_trait]
impl CallHandler for Idle {
    type Memory = ();
    async fn on_event(&self, _call: &mut CallContext<()>, _event: CallEvent) -> Result<(), HandlerError> {
        Ok(())
    }
}

pub(crate) fn bot(issuer: &Issuer, handler: impl CallHandler) -> BotBuilder {
    let app = AppId::new(APP).unwrap();
    let nothing: Transport = BoxCloneSyncService::new(service_fn(async |_: http::Request<Bytes>| {
        Err::<http::Response<Bytes>, BoxError>("the handler sends nothing".into())
    }));
    let client = Client::builder(nothing).token(FixedToken::new(TOKEN_FOR_GRAPH).unwrap()).build();
    Bot::builder()
        .app(App::new(app, client).handler(handler))
        .callback(CallbackUri::new("https://bot.example/api/calls").unwrap())
        .token_check(issuer.check())
        .drain_delay(Duration::ZERO)
}

/// Something that serves on loopback until it is told to stop.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) server: JoinHandle<()>,
}

pub(crate) async fn serve(bot: Bot) -> Served {
    let (listener, address, stop, stopped) = socket().await;
    let server = tokio::spawn(async move { bot.serve_on(listener, stopped).await.unwrap() });
    Served { address, stop: Some(stop), server }
}

pub(crate) async fn serve_webhook(webhook: Webhook) -> Served {
    let (listener, address, stop, stopped) = socket().await;
    let server = tokio::spawn(async move { webhook.serve_on(listener, stopped).await.unwrap() });
    Served { address, stop: Some(stop), server }
}

async fn socket() -> (TcpListener, SocketAddr, oneshot::Sender<()>, impl Future<Output = ()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let stopped = async {
        let _ = stopped.await;
    };
    (listener, address, stop, stopped)
}

/// An answer, as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In lower case and sorted, without the date.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers: Vec<_> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .filter(|(name, _)| name != "date")
            .collect();
        headers.sort();
        Self { status, headers, body: body.to_owned() }
    }
}

/// What comes back until the other side closes. A reset is an end, too.
pub(crate) async fn said(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut text)).await.expect("the connection is closed");
    String::from_utf8_lossy(&text).into_owned()
}

/// Sends these bytes, and reads the answer to its end.
pub(crate) async fn sent(address: SocketAddr, request: impl AsRef<[u8]>) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_ref()).await.unwrap();
    Answer::read(&said(&mut stream).await)
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    sent(address, format!("GET {path} HTTP/1.1\r\nhost: bot\r\nconnection: close\r\n\r\n")).await
}

/// Asks until it is ready.
pub(crate) async fn ready(address: SocketAddr) {
    let asking = async {
        while get(address, "/readyz").await.status != 200 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, asking).await.expect("it becomes ready");
}

/// A POST, put together by hand.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// One notification of a call.
pub(crate) fn item(call: &str) -> Value {
    json!({"changeType": "updated", "resourceUrl": format!("/communications/calls/{call}")})
}

pub(crate) fn body(items: &[Value]) -> String {
    json!({"value": items}).to_string()
}

impl Post {
    pub(crate) fn new(token: &str) -> Self {
        let bearer = format!("Bearer {token}");
        Self {
            method: "POST",
            path: "/api/calls".to_owned(),
            headers: vec![("authorization", bearer), ("content-type", "application/json".to_owned())],
            body: body(&[item("57dab8b1")]).into_bytes(),
        }
    }

    pub(crate) fn method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    pub(crate) fn path(self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    /// Its bytes; the body's length is told unless a header says otherwise.
    pub(crate) fn bytes(&self, keep_alive: bool) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: bot\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if !self.headers.iter().any(|(name, _)| matches!(*name, "content-length" | "transfer-encoding")) {
            head.extend(["content-length: ", &self.body.len().to_string(), "\r\n"]);
        }
        head.push_str(if keep_alive { "\r\n" } else { "connection: close\r\n\r\n" });
        [head.into_bytes(), self.body.clone()].concat()
    }

    pub(crate) async fn send(&self, address: SocketAddr) -> Answer {
        sent(address, self.bytes(false)).await
    }
}

/// A webhook that is a stream, with limits that a test can wait for.
pub(crate) fn short() -> Limits {
    let mut limits = Limits::default();
    limits.head_time = Duration::from_millis(60);
    limits.body_time = Duration::from_millis(60);
    limits.idle_time = Duration::from_millis(60);
    limits
}
