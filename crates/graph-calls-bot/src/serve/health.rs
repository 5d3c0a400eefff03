//! What a load balancer asks: `/livez`, `/readyz`, `/version`; and `/metrics`.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use serde_json::{Map, Value, json};

use super::ready::{Parts, Readiness};
use crate::metrics::Page;

/// Brings up to date what is only worth a look when somebody looks.
pub(crate) type Refresh = Arc<dyn Fn() + Send + Sync>;

pub(super) struct Health {
    draining: AtomicBool,
    emulated: bool,
    parts: Parts,
    page: Page,
    refresh: Option<Refresh>,
}

impl Health {
    pub(super) fn new(readiness: Readiness, emulated: bool, page: Page, refresh: Option<Refresh>) -> Self {
        Self { draining: AtomicBool::new(false), emulated, parts: readiness.watch(), page, refresh }
    }

    pub(super) fn page(&self) -> Page {
        self.page.clone()
    }

    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// The answer, where it is one of our pages that is asked for.
    pub(super) fn answer<B>(&self, request: &http::Request<B>) -> Option<http::Response<Full<Bytes>>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let json = |status, body: &Value| (status, "application/json", body.to_string());
        let (status, content_type, body) = match request.uri().path() {
            "/livez" => json(StatusCode::OK, &json!({"live": true})),
            "/readyz" => self.ready(json),
            "/version" => json(
                StatusCode::OK,
                &json!({"version": env!("CARGO_PKG_VERSION"), "emulator": self.emulated}),
            ),
            "/metrics" => (StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", self.metrics()?),
            _ => return None,
        };
        let mut response = http::Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Some(response)
    }

    fn ready<T>(&self, page: impl FnOnce(StatusCode, &Value) -> T) -> T {
        let draining = self.draining.load(Ordering::Acquire);
        let said = self.parts.states();
        let ready = !draining && said.iter().all(|(_, state)| state.is_ok());
        let parts: Map<String, Value> = said
            .into_iter()
            .map(|(name, state)| (name.to_owned(), json!({"ready": state.is_ok(), "why": state.err()})))
            .collect();
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        page(
            status,
            &json!({"ready": ready, "draining": draining, "emulator": self.emulated, "parts": parts}),
        )
    }

    fn metrics(&self) -> Option<String> {
        if let Some(refresh) = &self.refresh {
            refresh();
        }
        self.page.render()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn asked(health: &Health, path: &str) -> Option<(StatusCode, Value)> {
        let (head, body) = health.answer(&http::Request::get(path).body(()).unwrap())?.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Some((head.status, serde_json::from_slice(&body).unwrap()))
    }

    fn of(readiness: Readiness) -> Health {
        Health::new(readiness, true, Page::start(), None)
    }

    #[tokio::test(start_paused = true)]
    async fn a_draining_bot_lives_and_is_not_ready() {
        let health = of(Readiness::default());
        assert_eq!(asked(&health, "/readyz").await.unwrap().0, StatusCode::OK);
        health.drain();
        let (status, body) = asked(&health, "/readyz").await.unwrap();
        assert_eq!((status, &body["draining"]), (StatusCode::SERVICE_UNAVAILABLE, &json!(true)));
        assert_eq!(asked(&health, "/livez").await.unwrap().0, StatusCode::OK);
        assert_eq!(asked(&health, "/api/calls").await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_not_ready_says_which_part_and_why() {
        let health = of(Readiness::default()
            .with("store", || async { Err("the disk is full".to_owned()) })
            .with("keys", || async { Ok(()) }));
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        let (status, body) = asked(&health, "/readyz").await.unwrap();
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(body["parts"]["store"], json!({"ready": false, "why": "the disk is full"}));
        assert_eq!(body["parts"]["keys"], json!({"ready": true, "why": null}));
        assert_eq!((&body["ready"], &body["draining"]), (&json!(false), &json!(false)));
    }

    #[tokio::test]
    async fn health_is_asked_for_and_not_told() {
        let health = of(Readiness::default());
        assert!(health.answer(&http::Request::post("/readyz").body(()).unwrap()).is_none());
        assert!(health.answer(&http::Request::head("/readyz").body(()).unwrap()).is_some());
    }
}
