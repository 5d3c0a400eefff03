//! What a load balancer asks: `/livez`, `/readyz`, `/version`.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use serde_json::json;

pub(super) struct Health {
    draining: AtomicBool,
    emulated: bool,
}

impl Health {
    pub(super) fn new(emulated: bool) -> Self {
        Self { draining: AtomicBool::new(false), emulated }
    }

    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// The answer, where it is one of our pages that is asked for.
    pub(super) fn answer<B>(&self, request: &http::Request<B>) -> Option<http::Response<Full<Bytes>>> {
        let ready = !self.draining.load(Ordering::Acquire);
        let (status, body) = match request.uri().path() {
            "/livez" => (StatusCode::OK, json!({"live": true})),
            "/readyz" => {
                let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                (status, json!({"ready": ready, "draining": !ready, "emulator": self.emulated}))
            }
            "/version" => {
                (StatusCode::OK, json!({"version": env!("CARGO_PKG_VERSION"), "emulator": self.emulated}))
            }
            _ => return None,
        };
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let mut response = http::Response::new(Full::new(Bytes::from(body.to_string())));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Some(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(health: &Health, path: &str) -> Option<StatusCode> {
        health.answer(&http::Request::get(path).body(()).unwrap()).map(|response| response.status())
    }

    #[test]
    fn a_draining_bot_lives_and_is_not_ready() {
        let health = Health::new(true);
        assert_eq!(status(&health, "/readyz"), Some(StatusCode::OK));
        health.drain();
        assert_eq!(status(&health, "/readyz"), Some(StatusCode::SERVICE_UNAVAILABLE));
        assert_eq!(status(&health, "/livez"), Some(StatusCode::OK));
        assert_eq!(status(&health, "/api/calls"), None);
    }
}
