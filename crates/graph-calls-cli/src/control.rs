//! The emulator's control API.

use bytes::Bytes;
use graph_calls_core::Transport;
use graph_calls_http::Connection;
use http::{Method, header::CONTENT_TYPE};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::exit::{Failure, chain};

/// A running emulator, at its controls.
pub(crate) struct Controls {
    root: String,
    transport: Transport,
}

impl Controls {
    pub(crate) fn of(connection: &Connection) -> Self {
        let root = connection.cloud().graph().as_str().trim_end_matches('/').to_owned();
        Self { root, transport: connection.transport() }
    }

    /// Asks for something, or does something with a body.
    pub(crate) async fn ask(&self, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let url = format!("{}/__emulator/v1/{path}", self.root);
        let refused = |why: String| Failure::failed(format!("the emulator did not do it: {path}: {why}"));
        let request = http::Request::builder().uri(&url);
        let request = match body {
            Some(body) => request
                .method(Method::POST)
                .header(CONTENT_TYPE, "application/json")
                .body(Bytes::from(body.to_string())),
            None => request.method(Method::GET).body(Bytes::new()),
        };
        let request = request.map_err(|error| refused(error.to_string()))?;
        let response = self.transport.clone().oneshot(request).await;
        let response = response.map_err(|error| refused(chain(&*error)))?;
        let status = response.status();
        let answer: Value = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(answer);
        }
        let why = answer.pointer("/error/message").and_then(Value::as_str).map(str::to_owned);
        Err(refused(why.unwrap_or_else(|| status.to_string())))
    }
}
