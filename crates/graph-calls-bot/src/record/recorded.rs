//! Who joined and left a call that a policy records, each told once.

use std::collections::{BTreeSet, VecDeque};

use graph_calls_core::model::{ParticipantId, ParticipantLeftNotification};
use serde::{Deserialize, Serialize};

use super::stored::is_default;
use crate::{JoiningAnswer, ParticipantJoined, ParticipantJoining, ParticipantLeft, fold::folded};

/// How many are remembered. Repeats follow closely.
const REMEMBERED: usize = 64;

/// What was told of those who are recorded, by the id of the notification or by who it was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Recorded {
    #[serde(skip_serializing_if = "is_default")]
    told: VecDeque<String>,
    /// For how many the answer to the call made room.
    #[serde(skip_serializing_if = "is_default")]
    room: Option<u32>,
    /// Whom the bot took on and who has not left.
    #[serde(skip_serializing_if = "is_default")]
    present: BTreeSet<String>,
}

impl Recorded {
    pub(super) fn make_room(&mut self, room: Option<u32>) {
        self.room = room;
    }

    pub(super) fn room(&self) -> Option<u32> {
        self.room
    }

    pub(super) fn has_room(&self) -> bool {
        self.room.is_none_or(|room| self.present.len() < usize::try_from(room).unwrap_or(usize::MAX))
    }

    pub(super) fn joined(
        &mut self,
        joining: ParticipantJoining,
        answer: JoiningAnswer,
    ) -> Option<ParticipantJoined> {
        if let Some(who) = joining.participant_id() {
            // Who comes back can leave once more.
            let left = left_by(&who);
            self.told.retain(|told| *told != left);
            if answer == JoiningAnswer::Accept {
                self.present.insert(folded(who.as_str()));
            }
        }
        let is_new = joining.id.as_deref().is_none_or(|id| self.tells(format!("joining {}", folded(id))));
        is_new.then_some(ParticipantJoined { joining, answer })
    }

    pub(super) fn left(&mut self, left: &ParticipantLeftNotification<'_>) -> Option<ParticipantLeft> {
        let event = ParticipantLeft::from(left);
        if let Some(who) = &event.participant_id {
            self.present.remove(&folded(who.as_str()));
        }
        let key = match (&event.participant_id, left.id.as_deref()) {
            (_, Some(id)) => Some(format!("leaving {}", folded(id))),
            (Some(who), None) => Some(left_by(who)),
            (None, None) => None,
        };
        key.is_none_or(|key| self.tells(key)).then_some(event)
    }

    /// Remembers what is told. Returns whether it is for the first time.
    fn tells(&mut self, what: String) -> bool {
        if self.told.contains(&what) {
            return false;
        }
        self.told.push_back(what);
        if self.told.len() > REMEMBERED {
            self.told.pop_front();
        }
        true
    }
}

fn left_by(who: &ParticipantId) -> String {
    format!("left {}", folded(who.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(json: &'static str) -> ParticipantLeftNotification<'static> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_repeated_question_and_a_repeated_departure_are_told_once_and_who_comes_back_leaves_again() {
        let mut recorded = Recorded::default();
        let text = r#"{"id":"q","call":{"incomingContext":{"observedParticipantId":"ann"}}}"#;
        let joining: ParticipantJoining = serde_json::from_str(text).unwrap();
        let ann = left(r#"{"participantId":"ann","call":{"resultInfo":{"code":200,"subcode":5000}}}"#);
        assert!(recorded.joined(joining.clone(), JoiningAnswer::Accept).is_some_and(|one| one.is_accepted()));
        assert!(recorded.joined(joining.clone(), JoiningAnswer::Accept).is_none());
        let event = recorded.left(&ann).unwrap();
        assert_eq!(event.participant_id, ParticipantId::new("ann").ok());
        assert_eq!(event.result.and_then(|result| result.subcode_number()), Some(5000));
        assert!(recorded.left(&ann).is_none());
        let again = ParticipantJoining { id: Some("r".to_owned()), ..joining };
        assert!(recorded.joined(again, JoiningAnswer::Accept).is_some());
        assert!(recorded.left(&ann).is_some());
        let named = left(r#"{"id":"n","participantId":"ann"}"#);
        assert!(recorded.left(&named).is_some() && recorded.left(&named).is_none());
        for _ in 0..2 {
            assert!(recorded.left(&left("{}")).is_some(), "nothing tells two of them apart");
        }
    }
}
