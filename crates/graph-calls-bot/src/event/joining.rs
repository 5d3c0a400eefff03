//! Who joins and leaves a call that a policy records.

use graph_calls_core::model::{
    Call, IdentitySet, ParticipantId, ParticipantJoiningNotification, ParticipantJoiningResponse,
    ParticipantLeftNotification, RejectReason, ResultInfo,
};
use serde::{Deserialize, Serialize};

use crate::record::stored::{is_default, owned};

/// Somebody who wants to join a call that a policy records. The service waits for the answer in its HTTP request.
///
/// Graph reference:
/// [`participantJoiningNotification`](https://learn.microsoft.com/graph/api/resources/participantjoiningnotification).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ParticipantJoining {
    /// The id of the question.
    #[serde(skip_serializing_if = "is_default")]
    pub id: Option<String>,
    /// What the service tells of the call and of who joins it.
    #[serde(deserialize_with = "owned")]
    pub call: Box<Call<'static>>,
}

impl ParticipantJoining {
    /// Who calls, as far as the app may see it.
    pub fn caller(&self) -> Option<&IdentitySet<'static>> {
        self.call.source.as_ref()?.identity.as_ref()
    }

    /// The participant who is to be recorded.
    pub fn participant_id(&self) -> Option<ParticipantId> {
        ParticipantId::new(self.call.incoming_context()?.observed_participant_id.as_deref()?).ok()
    }
}

impl From<ParticipantJoiningNotification<'_>> for ParticipantJoining {
    fn from(joining: ParticipantJoiningNotification<'_>) -> Self {
        let joining = joining.into_owned();
        Self { id: joining.id.map(|id| id.as_str().to_owned()), call: joining.call.unwrap_or_default() }
    }
}

/// What a bot answers to a [`ParticipantJoining`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum JoiningAnswer {
    /// This bot takes them on.
    Accept,
    /// They are not recorded here, for this reason.
    Reject(#[serde(deserialize_with = "owned")] RejectReason<'static>),
    /// Another instance takes them on, which is invited at this URI.
    InviteNewBot(String),
}

impl From<JoiningAnswer> for ParticipantJoiningResponse<'static> {
    fn from(answer: JoiningAnswer) -> Self {
        match answer {
            JoiningAnswer::Accept => ParticipantJoiningResponse::Accept,
            JoiningAnswer::Reject(reason) => ParticipantJoiningResponse::Reject { reason },
            JoiningAnswer::InviteNewBot(uri) => {
                ParticipantJoiningResponse::InviteNewBot { invite_uri: uri.into() }
            }
        }
    }
}

/// Somebody joined a call that a policy records, or was turned away: what the bot answered when it was asked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ParticipantJoined {
    /// Who.
    pub joining: ParticipantJoining,
    /// What was answered.
    pub answer: JoiningAnswer,
}

impl ParticipantJoined {
    /// Whether this bot takes them on.
    pub fn is_accepted(&self) -> bool {
        self.answer == JoiningAnswer::Accept
    }
}

/// Somebody left a call that a policy records.
///
/// Graph reference:
/// [`participantLeftNotification`](https://learn.microsoft.com/graph/api/resources/participantleftnotification).
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ParticipantLeft {
    /// Who.
    pub participant_id: Option<ParticipantId>,
    /// Why.
    pub result: Option<ResultInfo<'static>>,
}

impl From<&ParticipantLeftNotification<'_>> for ParticipantLeft {
    fn from(left: &ParticipantLeftNotification<'_>) -> Self {
        let result = left.call.as_ref().and_then(|call| call.result_info.clone());
        Self {
            participant_id: left.participant_id.as_deref().and_then(|id| ParticipantId::new(id).ok()),
            result: result.map(ResultInfo::into_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_and_becomes_the_body_that_the_service_reads() {
        let elsewhere = "https://bot2.example/calls";
        for (answer, kept, body) in [
            (JoiningAnswer::Accept, r#""accept""#, ParticipantJoiningResponse::Accept),
            (
                JoiningAnswer::Reject(RejectReason::Busy),
                r#"{"reject":"busy"}"#,
                ParticipantJoiningResponse::Reject { reason: RejectReason::Busy },
            ),
            (
                JoiningAnswer::InviteNewBot(elsewhere.to_owned()),
                r#"{"inviteNewBot":"https://bot2.example/calls"}"#,
                ParticipantJoiningResponse::InviteNewBot { invite_uri: elsewhere.into() },
            ),
        ] {
            assert_eq!(serde_json::to_string(&answer).unwrap(), kept);
            assert_eq!(serde_json::from_str::<JoiningAnswer>(kept).unwrap(), answer);
            assert_eq!(ParticipantJoiningResponse::from(answer), body);
        }
    }

    #[test]
    fn who_joins_is_kept_as_it_was_told() {
        let text = r##"{"id":"130e5f27","call":{"@odata.type":"#microsoft.graph.call",
            "source":{"identity":{"user":{"id":"ed6b6450"}}},
            "incomingContext":{"observedParticipantId":"6c0732bd"}}}"##;
        let joining: ParticipantJoiningNotification<'_> = serde_json::from_str(text).unwrap();
        let joining = ParticipantJoining::from(joining);
        assert_eq!(joining.participant_id(), Some(ParticipantId::new("6c0732bd").unwrap()));
        assert!(joining.caller().is_some());
        let kept = serde_json::to_string(&joining).unwrap();
        assert_eq!(serde_json::from_str::<ParticipantJoining>(&kept).unwrap(), joining);
        assert_eq!(serde_json::from_str::<ParticipantJoining>("{}").unwrap(), ParticipantJoining::default());
    }
}
