//! Axum, a body that is any JSON, and the JWT crate.

use std::sync::Arc;

use axum::{Json, Router, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

#[derive(Clone)]
pub(crate) struct Bot(Arc<Inner>);

struct Inner {
    key: DecodingKey,
    validation: Validation,
    events: UnboundedSender<String>,
}

#[derive(Deserialize)]
struct Claims {
    tid: String,
}

impl Bot {
    /// Modulus and exponent as the key set has them: base64url.
    pub(crate) fn new(
        (n, e): (&str, &str),
        issuer: &str,
        app: &str,
        events: UnboundedSender<String>,
    ) -> Self {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[app]);
        let key = DecodingKey::from_rsa_components(n, e).unwrap();
        Self(Arc::new(Inner { key, validation, events }))
    }

    pub(crate) fn router(self) -> Router {
        Router::new().route("/api/calls", post(notifications)).with_state(self)
    }

    async fn on_notification(self, tenant: String, notification: Value) {
        let Some(url) = notification["resourceUrl"].as_str() else { return };
        let Some(call_id) = url.split('/').nth(3) else { return };
        if let Some(audio) = notification["resourceData"]["mediaState"]["audio"].as_str() {
            let _ = self.0.events.send(format!("{tenant}/{call_id}: {audio}"));
        }
    }
}

async fn notifications(State(bot): State<Bot>, headers: HeaderMap, Json(body): Json<Value>) -> StatusCode {
    let header = headers.get("Authorization").and_then(|value| value.to_str().ok());
    let Some(token) = header.and_then(|value| value.strip_prefix("Bearer ")) else {
        return StatusCode::UNAUTHORIZED;
    };
    let Ok(token) = jsonwebtoken::decode::<Claims>(token, &bot.0.key, &bot.0.validation) else {
        return StatusCode::UNAUTHORIZED;
    };
    let Some(items) = body["value"].as_array() else { return StatusCode::BAD_REQUEST };
    for item in items {
        tokio::spawn(bot.clone().on_notification(token.claims.tid.clone(), item.clone()));
    }
    StatusCode::ACCEPTED
}
