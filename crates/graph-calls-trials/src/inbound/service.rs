//! The service as a transport of one bot.

use std::sync::Arc;

use bytes::Bytes;
use graph_calls_core::{BoxError, Certainty, RequestInfo, Transport, TransportError, TransportErrorKind};
use graph_calls_emulator::{Answer, ApiCall, FaultPhase, Input};
use http::{Method, header::CONTENT_TYPE};
use tokio::{sync::oneshot, time::sleep};
use tower::{service_fn, util::BoxCloneSyncService};

use super::{bots::Life, stage::Stage};
use crate::outbound::response;

impl Stage {
    pub(super) fn transport(&self, life: &Arc<Life>) -> Transport {
        let (stage, life) = (self.clone(), Arc::clone(life));
        BoxCloneSyncService::new(service_fn(move |request| {
            let (stage, life) = (stage.clone(), Arc::clone(&life));
            async move { stage.carry(&life, request).await }
        }))
    }

    async fn carry(
        &self,
        life: &Arc<Life>,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, BoxError> {
        life.step("request").await;
        let info = request.extensions().get::<RequestInfo>().cloned();
        let hand_over = || info.as_ref().map(RequestInfo::hand_over);
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let json = request.headers().contains_key(CONTENT_TYPE);
        let body = request.into_body();
        self.count("requests");
        let uncommitted = self.lock().ledger.uncommitted(&body);
        if let Some(key) = uncommitted {
            self.broken(format!("{} sends what was not committed: {method} {path} ({key})", life.name()));
        }
        let late = self.draw(self.plan().late_requests);
        let there = if late { self.some_time(9_000, 15_000) } else { self.some_time(1, 30) };
        if late {
            self.count("requests late");
        }
        // What was sent arrives, whatever becomes of whoever sent it.
        let (answers, answered) = oneshot::channel();
        let (stage, busy, name) = (self.clone(), self.busy(), life.name());
        tokio::spawn(async move {
            sleep(there).await;
            let answer = stage.ask(method.clone(), path.clone(), json, body);
            let fate = match &answer.fault {
                None => answer.status.to_string(),
                Some(fault) => {
                    stage.count("requests failed");
                    format!("{} ({})", fault.as_str(), answer.status)
                }
            };
            stage.note(format_args!("{name} -> service: {method} {}: {fate}", shortened(&path)));
            let _ = answers.send(answer);
            drop(busy);
        });
        if late {
            hand_over();
        }
        let answer = answered.await?;
        let cut = |kind, certainty| Err(TransportError::new(kind, certainty, "a planned fault").into());
        match &answer.fault {
            Some(FaultPhase::BeforeConnect) => cut(TransportErrorKind::Connect, Certainty::Unsent),
            Some(FaultPhase::Silence) => {
                hand_over();
                std::future::pending().await
            }
            Some(fault) if !fault.has_head() => {
                hand_over();
                life.step("request").await;
                cut(TransportErrorKind::Connection, Certainty::Unknown)
            }
            _ => {
                hand_over();
                sleep(self.some_time(1, 30)).await;
                life.step("request").await;
                Ok(response(answer))
            }
        }
    }

    fn ask(&self, method: Method, path: String, json: bool, body: Bytes) -> Answer {
        let content_type = json.then(|| "application/json".to_owned());
        let caller = self.caller();
        let told = self.tell(|ask| {
            Input::Api(ApiCall { ask, method, path, content_type, client_request_id: None, body, caller })
        });
        told.answer.expect("the world answers a request")
    }
}

/// A path with its ids cut short.
fn shortened(path: &str) -> String {
    let path = path.trim_start_matches("/v1.0/communications/calls");
    let short = |part: &str| if part.len() == 36 { part.chars().take(4).collect() } else { part.to_owned() };
    path.split('/').map(short).collect::<Vec<String>>().join("/")
}
