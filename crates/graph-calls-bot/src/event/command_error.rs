//! Why a command failed.

use std::fmt;

use graph_calls_core::{Certainty, Correlation, model::ResultInfo};
use serde::{Deserialize, Serialize};

use crate::record::stored::{is_default, owned};

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CommandError {
    /// How sure it is that it had no effect.
    pub certainty: Certainty,
    /// The status of the service's answer, if it gave one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub status: Option<u16>,
    /// Graph's code.
    #[serde(default, skip_serializing_if = "is_default")]
    pub code: Option<String>,
    /// How the comms operation failed.
    #[serde(default, deserialize_with = "owned", skip_serializing_if = "is_default")]
    pub result: Option<ResultInfo<'static>>,
    /// How many times it was sent, or tried to.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attempts: u32,
    /// The service's id of the last attempt, for its support.
    #[serde(default, skip_serializing_if = "is_default")]
    pub request_id: Option<String>,
    /// Our id of the last attempt.
    #[serde(default, skip_serializing_if = "is_default")]
    pub client_request_id: Option<String>,
    /// What identifies the effect of a request, should it have had one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub correlation: Correlation,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) answer_lost: bool,
    message: String,
}

impl CommandError {
    /// A command that never reached the service, and why.
    pub fn unsent(message: impl Into<String>) -> Self {
        Self::new(Certainty::Unsent, message)
    }

    /// A command of which nobody knows whether it had its effect, and why.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(Certainty::Unknown, message)
    }

    /// A comms operation that failed like this.
    pub fn of_operation(result: Option<ResultInfo<'static>>) -> Self {
        let codes = result.as_ref().map(|info| (&info.code, &info.subcode));
        let message = match codes {
            Some((Some(code), Some(subcode))) => format!("the operation failed with {code}/{subcode}"),
            Some((Some(code), None)) => format!("the operation failed with {code}"),
            _ => "the operation failed".to_owned(),
        };
        Self { result, ..Self::new(Certainty::Refused, message) }
    }

    /// A command that turns out to have had no effect, and why.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(Certainty::Refused, message)
    }

    fn new(certainty: Certainty, message: impl Into<String>) -> Self {
        Self {
            certainty,
            status: None,
            code: None,
            result: None,
            attempts: 0,
            request_id: None,
            client_request_id: None,
            correlation: Correlation::default(),
            answer_lost: false,
            message: message.into(),
        }
    }

    /// Whether the service says that what was acted on is not there, or not any more.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.status, Some(404 | 410))
    }
}

impl From<&graph_calls_core::Error> for CommandError {
    fn from(error: &graph_calls_core::Error) -> Self {
        let mut message = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self {
            status: error.status().map(|status| status.as_u16()),
            code: error.graph_error().and_then(|graph| graph.innermost_code()).map(str::to_owned),
            attempts: error.attempts(),
            request_id: error.request_id().map(str::to_owned),
            client_request_id: error.client_request_id().map(str::to_owned),
            correlation: error.correlation().clone(),
            answer_lost: error.is_answer_lost(),
            ..Self::new(error.certainty(), message)
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_kept_whole_and_one_of_a_newer_instance_is_read() {
        let mut error = CommandError::of_operation(Some(ResultInfo::new(400, 8508)));
        assert_eq!(
            serde_json::from_str::<CommandError>(&serde_json::to_string(&error).unwrap()).unwrap(),
            error
        );
        error.status = Some(404);
        error.correlation.call_id = graph_calls_core::model::CallId::new("57dab8b1").ok();
        error.correlation.scenario_id = "57DAB8B1894C409AB240BD8BEAE78896".parse().ok();
        error.answer_lost = true;
        assert_eq!(
            serde_json::from_str::<CommandError>(&serde_json::to_string(&error).unwrap()).unwrap(),
            error
        );
        let newer = r#"{"certainty":"perhaps","message":"no answer","newer":[1]}"#;
        let read: CommandError = serde_json::from_str(newer).unwrap();
        // What nobody here can tell is not taken for sure.
        assert_eq!((read.certainty, read.to_string()), (Certainty::Unknown, "no answer".to_owned()));
    }
}
