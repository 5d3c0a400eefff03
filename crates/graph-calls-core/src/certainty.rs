//! How sure we are that a failed request had no effect.

use http::StatusCode;
use serde::{Deserialize, Serialize};

/// How sure we are that a failed request had no effect. Ordered from sure to unsure.
///
/// The certainty of a request is the worst over its attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Certainty {
    /// It cannot have reached the service.
    Unsent,
    /// The service says that it did nothing.
    Refused,
    /// It may have had its effect.
    // Also any word that a newer version writes.
    #[serde(other)]
    Unknown,
}

impl Certainty {
    /// What a status says. A success is not asked.
    ///
    /// 503 is a refusal only together with a `Retry-After` that makes sense: without it the answer may come from a gateway that gave up
    /// on a request which went through.
    pub fn of_status(status: StatusCode, has_retry_after: bool) -> Self {
        match status.as_u16() {
            503 if has_retry_after => Certainty::Refused,
            408 | 499 | 500 | 502 | 503 | 504 => Certainty::Unknown,
            300..=499 | 501 | 505 | 507 | 509 => Certainty::Refused,
            _ => Certainty::Unknown,
        }
    }

    /// A word for it: `unsent`, `refused` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Certainty::Unsent => "unsent",
            Certainty::Refused => "refused",
            Certainty::Unknown => "unknown",
        }
    }
}

/// When a request may be sent again after an attempt whose outcome is unknown. Every request has one.
///
/// An attempt that certainly had no effect may always be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// Class A: twice is as good as once.
    Always,
    /// Class B: while the call is still incoming; a second one is refused by the call's state.
    WhileIncoming,
    /// Class C: never, since a second one would ring or play twice.
    OnlyIfNoEffect,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_that_is_no_success_has_its_certainty() {
        for (status, retry_after, certainty) in [
            (302, false, Certainty::Refused),
            (400, false, Certainty::Refused),
            (401, false, Certainty::Refused),
            (404, false, Certainty::Refused),
            (408, false, Certainty::Unknown),
            (429, false, Certainty::Refused),
            (499, false, Certainty::Unknown),
            (500, true, Certainty::Unknown),
            (501, false, Certainty::Refused),
            (502, false, Certainty::Unknown),
            (503, false, Certainty::Unknown),
            (503, true, Certainty::Refused),
            (504, false, Certainty::Unknown),
            (505, false, Certainty::Refused),
            (507, false, Certainty::Refused),
            (509, false, Certainty::Refused),
            (520, false, Certainty::Unknown),
            (999, false, Certainty::Unknown),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(Certainty::of_status(status, retry_after), certainty, "{status}");
        }
        assert!(Certainty::Unsent < Certainty::Refused && Certainty::Refused < Certainty::Unknown);
    }
}
