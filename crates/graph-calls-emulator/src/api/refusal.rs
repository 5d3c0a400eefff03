//! Error answers.

use serde_json::{Value, json};

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
}

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), allow: None }
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

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "9999", message)
    }

    pub(crate) fn not_covered(name: &str) -> Self {
        let message = format!("{name} is not covered by this emulator: docs/coverage.md lists what is.");
        Self::new(501, "notSupported", message)
    }

    pub(crate) fn to_json(&self, date: &str, request_id: &str, client_request_id: &str) -> Value {
        json!({ "error": {
            "code": self.code,
            "message": self.message,
            "innerError": {
                "date": date, "request-id": request_id, "client-request-id": client_request_id,
            },
        }})
    }
}
