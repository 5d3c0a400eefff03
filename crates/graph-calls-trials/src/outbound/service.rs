//! The service as a transport: the emulator's world in the place of a connection.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use fastrand::Rng;
use graph_calls_core::{
    BodyLost, BoxError, Certainty, RequestInfo, Transport, TransportError, TransportErrorKind,
};
use graph_calls_emulator::{
    Answer, ApiCall, ApiCaller, Control, ControlError, Effect, Fault, FaultPhase, Input, World, WorldConfig,
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tower::{service_fn, util::BoxCloneSyncService};

/// How long a request that comes late is on its way: longer than any attempt waits.
const LATE: Duration = Duration::from_secs(12);
/// How long every prompt plays: longer than any request takes.
const PROMPT: Duration = Duration::from_secs(90);

/// A service in memory. Clones share it.
#[derive(Clone)]
pub(super) struct Service(Arc<Mutex<Inner>>);

struct Inner {
    world: World,
    rng: Rng,
    began: Instant,
    caller: ApiCaller,
    asked: u64,
    received: u64,
    /// Which of the requests that the client sends arrive when it no longer waits for them.
    late: Vec<u64>,
    /// The longest time on the way, there and back.
    latency: Duration,
    log: Vec<String>,
}

impl Service {
    pub(super) fn new(seed: u64) -> Self {
        let config = WorldConfig::seeded(seed).with_webhook("https://bot.example/calls");
        let mut roles = config.roles.clone();
        roles.push("Calls.ReportSyntheticMedia.All".to_owned());
        let config = config.with_roles(roles);
        let caller = ApiCaller {
            app_id: config.app_id.clone(),
            tenant_id: config.tenant_id.clone(),
            roles: config.roles.clone(),
        };
        Self(Arc::new(Mutex::new(Inner {
            world: World::new(config),
            rng: Rng::with_seed(seed),
            began: Instant::now(),
            caller,
            asked: 0,
            received: 0,
            late: Vec::new(),
            latency: Duration::from_millis(40),
            log: Vec::new(),
        })))
    }

    /// Lets something go wrong with the requests that the client sends from now on.
    pub(super) fn fault(&self, fault: Fault) {
        self.control(Control::AddFault(fault)).expect("the world knows its own faults");
    }

    /// Lets the n-th request that the client sends arrive when nobody waits for it any more.
    pub(super) fn late(&self, nth: u64) {
        self.lock().late.push(nth);
    }

    pub(super) fn control(&self, control: Control) -> Result<Option<String>, ControlError> {
        let effects = self.lock().handle(|ask| Input::Control { ask, control });
        let outcome = effects.into_iter().find_map(|effect| match effect {
            Effect::Controlled { outcome, .. } => Some(outcome),
            _ => None,
        });
        outcome.expect("the world answers a control")
    }

    /// A request of the stage itself.
    pub(super) fn post(&self, path: &str, body: &Value) -> Answer {
        let answer = self.lock().answer(Method::POST, path.to_owned(), true, body.to_string().into());
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        answer
    }

    /// The participants of a call beside the bot.
    pub(super) fn participants(&self, call: &str) -> Vec<String> {
        let calls = self.lock().world.calls();
        let call = calls.into_iter().find(|one| one.id == call).expect("the call is there");
        call.participants.into_iter().map(|one| one.id).collect()
    }

    /// How often each logical request had its effect.
    pub(super) fn applied(&self) -> std::collections::BTreeMap<String, u64> {
        self.lock().world.applied().clone()
    }

    /// How many requests of the client got as far as a connection.
    pub(super) fn received(&self) -> u64 {
        self.lock().received
    }

    /// What the client sent and what became of it, a line each.
    pub(super) fn log(&self) -> Vec<String> {
        self.lock().log.clone()
    }

    pub(super) fn transport(&self) -> Transport {
        let service = self.clone();
        BoxCloneSyncService::new(service_fn(move |request| {
            let service = service.clone();
            async move { service.carry(request).await }
        }))
    }

    async fn carry(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, BoxError> {
        let (wait, late) = {
            let mut inner = self.lock();
            inner.received += 1;
            let wait = inner.on_the_way();
            (wait, inner.late.contains(&inner.received))
        };
        let info = request.extensions().get::<RequestInfo>().cloned();
        let hand_over = || info.as_ref().map(RequestInfo::hand_over);
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let json = request.headers().contains_key(CONTENT_TYPE);
        let body = request.into_body();
        if late {
            hand_over();
            let service = self.clone();
            tokio::spawn(async move {
                sleep(LATE).await;
                let answer = service.lock().answer(method.clone(), path.clone(), json, body);
                service.note(&method, &path, &format!("arrived late: {}", answer.status));
            });
            return std::future::pending().await;
        }
        sleep(wait).await;
        let answer = self.lock().answer(method.clone(), path.clone(), json, body);
        let fate = match &answer.fault {
            None => format!("answered {}", answer.status),
            Some(fault) => format!("{} ({})", fault.as_str(), answer.status),
        };
        self.note(&method, &path, &fate);
        let cut =
            |kind, certainty| Err(TransportError::new(kind, certainty, "a fault that was asked for").into());
        match &answer.fault {
            Some(FaultPhase::BeforeConnect) => cut(TransportErrorKind::Connect, Certainty::Unsent),
            Some(FaultPhase::Silence) => {
                hand_over();
                std::future::pending().await
            }
            Some(fault) if !fault.has_head() => {
                hand_over();
                cut(TransportErrorKind::Connection, Certainty::Unknown)
            }
            _ => {
                hand_over();
                sleep(wait).await;
                Ok(response(answer))
            }
        }
    }

    fn note(&self, method: &Method, path: &str, fate: &str) {
        let mut inner = self.lock();
        let at = inner.began.elapsed();
        inner.log.push(format!("{:>9.3} s  {method} {path}: {fate}", at.as_secs_f64()));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn handle(&mut self, input: impl FnOnce(u64) -> Input) -> Vec<Effect> {
        self.asked += 1;
        let now = self.began.elapsed();
        let mut effects = self.world.handle(now, input(self.asked));
        let mut next = 0;
        while let Some(effect) = effects.get(next) {
            next += 1;
            if let Effect::FetchPrompt { fetch, .. } = effect {
                let fetched = Input::PromptFetched { fetch: *fetch, outcome: Ok(PROMPT) };
                effects.extend(self.world.handle(now, fetched));
            }
        }
        effects
    }

    fn answer(&mut self, method: Method, path: String, json: bool, body: Bytes) -> Answer {
        let caller = self.caller.clone();
        let content_type = json.then(|| "application/json".to_owned());
        let effects = self.handle(|ask| {
            Input::Api(ApiCall { ask, method, path, content_type, client_request_id: None, body, caller })
        });
        let answer = effects.into_iter().find_map(|effect| match effect {
            Effect::Respond(answer) => Some(answer),
            _ => None,
        });
        answer.expect("the world answers a request")
    }

    fn on_the_way(&mut self) -> Duration {
        let most = u64::try_from(self.latency.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.rng.u64(0..=most))
    }
}

/// The answer as a client gets it from a transport that reads as ours does.
pub(crate) fn response(answer: Answer) -> http::Response<Bytes> {
    let status = StatusCode::from_u16(answer.status).expect("the world answers with a status");
    let lost = answer.fault == Some(FaultPhase::InBody) && status.is_success() && answer.body.is_some();
    let body = answer.body.filter(|_| !lost).map_or_else(Bytes::new, |body| body.to_string().into());
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    for (name, value) in answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("the world's own header");
        response.headers_mut().insert(name, HeaderValue::try_from(value).expect("the world's own value"));
    }
    if lost {
        response.extensions_mut().insert(BodyLost("a fault that was asked for".to_owned()));
    }
    response
}
