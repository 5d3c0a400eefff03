//! How a call ended, and what became of it.

use std::{fmt, time::Duration};

use graph_calls_core::model::{EndReason, ResultInfo};
use serde::{Deserialize, Serialize};

use crate::record::stored::{is_default, owned, span};

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Kept")]
#[non_exhaustive]
pub struct Ended {
    /// What became of the call, by its whole history.
    pub outcome: Outcome,
    /// The code and subcode that the service gave; a rejected call has none.
    #[serde(skip_serializing_if = "is_default")]
    pub result: Option<ResultInfo<'static>>,
    /// What they mean.
    #[serde(skip)]
    pub reason: Option<&'static EndReason>,
    /// The word that the oldest notifications give instead: `AppInitiated`, `AppTransferred`.
    #[serde(skip_serializing_if = "is_default")]
    pub termination_reason: Option<String>,
    /// For how long people could talk.
    #[serde(with = "span", skip_serializing_if = "is_default")]
    pub established_for: Option<Duration>,
}

impl Ended {
    pub(crate) fn new(outcome: Outcome, result: Option<ResultInfo<'static>>) -> Self {
        let reason = result.as_ref().and_then(reason_of);
        Self { outcome, result, reason, termination_reason: None, established_for: None }
    }
}

/// What a result means: by its codes, else by those in its message for the service's support.
fn reason_of(result: &ResultInfo<'_>) -> Option<&'static EndReason> {
    result.end_reason().or_else(|| {
        let diag = result.diag()?;
        EndReason::find(diag.code, Some(diag.subcode))
    })
}

/// An end as it is kept. What it means is looked up again: a newer table may know more.
#[derive(Deserialize)]
struct Kept {
    outcome: Outcome,
    #[serde(default, deserialize_with = "owned")]
    result: Option<ResultInfo<'static>>,
    #[serde(default)]
    termination_reason: Option<String>,
    #[serde(default, with = "span")]
    established_for: Option<Duration>,
}

impl From<Kept> for Ended {
    fn from(kept: Kept) -> Self {
        Self {
            termination_reason: kept.termination_reason,
            established_for: kept.established_for,
            ..Self::new(kept.outcome, kept.result)
        }
    }
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Outcome {
    /// It was established.
    Answered,
    /// Outgoing, and nobody took it, whatever the code says.
    NotAnswered,
    /// Incoming, and the window to answer lapsed.
    Missed,
    /// Incoming, and the bot rejected it.
    Rejected,
    /// Incoming, and the bot sent it elsewhere.
    Redirected,
    /// It was transferred.
    Transferred,
    /// It could not be set up.
    // Also what a newer instance calls something that this one does not know.
    #[serde(other)]
    Failed,
}

impl Outcome {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::NotAnswered => "not answered",
            Outcome::Missed => "missed",
            Outcome::Rejected => "rejected",
            Outcome::Redirected => "redirected",
            Outcome::Transferred => "transferred",
            Outcome::Failed => "failed",
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.outcome.as_str())?;
        if let Some(length) = self.established_for {
            write!(f, " for {:.1} s", length.as_secs_f64())?;
        }
        match (&self.reason, &self.result) {
            (Some(reason), _) => write!(f, "; {reason}"),
            (None, Some(info)) => match (&info.code, &info.subcode) {
                (Some(code), Some(subcode)) => write!(f, "; {code}/{subcode}, which is not documented"),
                (Some(code), None) => write!(f, "; {code}, which is not documented"),
                _ => Ok(()),
            },
            (None, None) => match &self.termination_reason {
                Some(word) => write!(f, "; {word}"),
                None => Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_kept_whole_and_its_meaning_looked_up_again() {
        for (result, known) in
            [(Some(ResultInfo::new(480, 10_037)), true), (Some(ResultInfo::new(1, 1)), false), (None, false)]
        {
            let mut ended = Ended::new(Outcome::NotAnswered, result);
            ended.established_for = Some(Duration::from_millis(1_500));
            ended.termination_reason = Some("AppInitiated".to_owned());
            assert_eq!(ended.reason.is_some(), known);
            let kept = serde_json::to_string(&ended).unwrap();
            assert_eq!(serde_json::from_str::<Ended>(&kept).unwrap(), ended);
        }
        let newer = r#"{"outcome":"abducted","newer":1}"#;
        assert_eq!(serde_json::from_str::<Ended>(newer).unwrap().outcome, Outcome::Failed);
    }

    #[test]
    fn a_code_that_means_nothing_is_looked_up_by_the_message() {
        let mut result = ResultInfo::new(500, 9_999);
        assert_eq!(Ended::new(Outcome::Failed, Some(result.clone())).reason, None);
        result.message = Some("Something went wrong. DiagCode: 500#3003.@".into());
        let reason = Ended::new(Outcome::Failed, Some(result)).reason.unwrap();
        assert_eq!((reason.code, reason.subcode), (500, Some(3003)));
    }
}
