//! Error answers.

use serde_json::{Value, json};

use crate::json::set;

/// Why a request is refused.
///
/// Graph reference: [`errors`](https://learn.microsoft.com/graph/errors).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// The methods that the path has, for 405.
    pub(crate) allow: Option<String>,
    /// In how many seconds it may be asked again, for 429.
    pub(crate) retry_after: Option<u64>,
}

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), allow: None, retry_after: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "invalidRequest", message)
    }

    pub(crate) fn missing_permission(any_of: &[&str]) -> Self {
        let message = "Insufficient enterprise tenant permissions, cannot access this API.";
        Self::new(403, "7504", format!("{message} Needed: {}.", any_of.join(" or ")))
    }

    pub(crate) fn tenant_mismatch() -> Self {
        Self::new(403, "7505", "Request authorization tenant mismatch.")
    }

    pub(crate) fn bad_source() -> Self {
        Self::new(403, "7507", "Call source identity invalid.")
    }

    /// Seen on the wire, but not with which status: 403 fits what the other numbers have (inferred).
    pub(crate) fn no_policy_recording() -> Self {
        Self::new(403, "8506", "API call not allowed for non-Compliance Recording call.")
    }

    pub(crate) fn not_in_call() -> Self {
        Self::new(403, "accessDenied", "The bot is not in the call yet.")
    }

    pub(crate) fn call_not_found() -> Self {
        Self::new(404, "8522", "Call not found.")
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "itemNotFound", message)
    }

    pub(crate) fn no_such_path(path: &str) -> Self {
        let path = path.split('?').next().unwrap_or_default();
        Self::not_found(format!("Resource not found for the path '{path}'."))
    }

    pub(crate) fn wrong_method(path: &str, allowed: &[&str]) -> Self {
        let path = path.split('?').next().unwrap_or_default();
        let allow = allowed.join(", ");
        let message = format!("The path '{path}' has only {allow}.");
        Self { allow: Some(allow), ..Self::new(405, "notAllowed", message) }
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "notAllowed", message)
    }

    pub(crate) fn wrong_media_type() -> Self {
        Self::new(415, "notSupported", "The request's Content-Type is not application/json.")
    }

    pub(crate) fn throttled(seconds: u64) -> Self {
        let message = format!("Too many requests. Retry after {seconds} seconds.");
        Self { retry_after: Some(seconds), ..Self::new(429, "TooManyRequests", message) }
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "9999", message)
    }

    pub(crate) fn not_covered(name: &str) -> Self {
        let message = format!("{name} is not covered by this emulator: docs/coverage.md lists what is.");
        Self::new(501, "notSupported", message)
    }

    /// An error that nothing but a fault is the reason for.
    pub(crate) fn injected(status: u16) -> Self {
        let code = match status {
            400 => "invalidRequest",
            401 => "InvalidAuthenticationToken",
            403 => "accessDenied",
            404 => "itemNotFound",
            409 => "notAllowed",
            429 => "TooManyRequests",
            500 => "UnknownError",
            501 => "notSupported",
            503 => "serviceNotAvailable",
            _ => "generalException",
        };
        Self::new(status, code, "The emulator was told to fail this request.")
    }

    pub(crate) fn to_json(&self, date: &str, request_id: &str, client_request_id: &str) -> Value {
        let mut inner =
            json!({ "date": date, "request-id": request_id, "client-request-id": client_request_id });
        // The page on throttling has it twice more in here.
        if self.status == 429 {
            set(&mut inner, "code", "429");
            set(&mut inner, "status", "429");
        }
        json!({ "error": { "code": self.code, "message": self.message, "innerError": inner } })
    }
}
