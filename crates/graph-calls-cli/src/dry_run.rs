//! A request as it would be sent: through the whole stack, up to the wire.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use graph_calls_core::{BoxError, FixedToken, Transport};
use http::header::AUTHORIZATION;
use serde::Serialize;
use serde_json::{Map, Value};
use tower::{service_fn, util::BoxCloneSyncService};

use crate::{exit::Failure, output::Output};

/// Keeps the request that comes down the stack, and sends nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct DryRun {
    request: Arc<Mutex<Option<Request>>>,
}

/// A request as it would be sent.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Request {
    method: String,
    url: String,
    headers: Map<String, Value>,
    body: Option<Value>,
}

impl DryRun {
    /// What stands where the token would.
    pub(crate) fn token() -> Result<FixedToken, Failure> {
        FixedToken::new("[redacted]").map_err(|error| Failure::from_error(&error))
    }

    pub(crate) fn transport(&self) -> Transport {
        let kept = Arc::clone(&self.request);
        BoxCloneSyncService::new(service_fn(move |request: http::Request<Bytes>| {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(Request::new(&request));
            // An empty success: anything else the stack may repeat.
            async { Ok::<_, BoxError>(http::Response::new(Bytes::new())) }
        }))
    }

    /// The request that came, if one did.
    pub(crate) fn take(&self) -> Option<Request> {
        self.request.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Request {
    fn new(request: &http::Request<Bytes>) -> Self {
        let mut headers = Map::new();
        for (name, value) in request.headers() {
            let text = String::from_utf8_lossy(value.as_bytes());
            // No token is ever here; a header beside it that carries one is left out all the same.
            let text = if name == AUTHORIZATION {
                "Bearer [redacted]".into()
            } else if value.is_sensitive() {
                "[redacted]".into()
            } else {
                text
            };
            let entry = headers.entry(name.as_str()).or_insert_with(|| Value::String(String::new()));
            if let Value::String(before) = entry {
                if !before.is_empty() {
                    before.push_str(", ");
                }
                before.push_str(&text);
            }
        }
        let body = request.body();
        let body = (!body.is_empty()).then(|| {
            serde_json::from_slice(body)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
        });
        Self { method: request.method().to_string(), url: request.uri().to_string(), headers, body }
    }

    /// The same with no more of its address than the host: the rest is as good as a secret.
    pub(crate) fn without_path(mut self) -> Self {
        let host = self.url.split_inclusive('/').take(3).collect::<String>();
        self.url = format!("{}/[redacted]", host.trim_end_matches('/'));
        self
    }

    pub(crate) fn print(&self, output: Output, json: bool) -> Result<(), Failure> {
        if json {
            return Ok(output.json(self)?);
        }
        let mut text = format!("{} {}\n", self.method, self.url);
        for (name, value) in &self.headers {
            let _ = writeln!(text, "{name}: {}", value.as_str().unwrap_or_default());
        }
        if let Some(body) = &self.body {
            let body = serde_json::to_string_pretty(body).map_err(std::io::Error::from)?;
            text.push('\n');
            text.push_str(&body);
        }
        Ok(output.line(text.trim_end())?)
    }
}
