//! Who takes part, in the order of the service's own counter.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

use graph_calls_core::model::{DeltaParticipants, Participant};

use serde::{Deserialize, Serialize};

use super::stored::{is_default, owned};
use crate::{RosterChange, fold::folded};

/// The participants of a call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Roster {
    #[serde(deserialize_with = "owned", skip_serializing_if = "is_default")]
    present: BTreeMap<String, Participant<'static>>,
    /// The newest roster number of everybody who was ever told, also of those who left.
    #[serde(skip_serializing_if = "is_default")]
    newest: BTreeMap<String, i64>,
    /// The newest delta that spoke of somebody. Deltas have numbers of their own.
    #[serde(skip_serializing_if = "is_default")]
    newest_in_delta: BTreeMap<String, i64>,
    #[serde(skip_serializing_if = "is_default")]
    newest_delta: Option<i64>,
    /// Only the service can say who is there.
    #[serde(skip_serializing_if = "is_default")]
    unsure: bool,
}

impl Roster {
    pub(super) fn present(&self) -> impl Iterator<Item = &Participant<'static>> {
        self.present.values()
    }

    /// A roster, or the participants that changed: who is missing from it has perhaps left.
    pub(super) fn apply(&mut self, participants: &[Participant<'_>]) -> Option<RosterChange> {
        self.unsure |= self.is_missing_somebody(participants);
        let mut change = RosterChange::default();
        for participant in participants {
            self.merge(participant, None, &mut change);
        }
        told(change)
    }

    /// The changes since the last ones. One that was left out may have told who came or went.
    pub(super) fn apply_delta(&mut self, delta: &DeltaParticipants<'_>) -> Option<RosterChange> {
        let number = delta.sequence_number.map(|number| number.0);
        if let (Some(number), Some(newest)) = (number, self.newest_delta) {
            self.unsure |= number > newest.saturating_add(1);
        }
        self.newest_delta = self.newest_delta.max(number);
        let mut change = RosterChange::default();
        for participant in &delta.participants {
            self.merge(participant, number, &mut change);
        }
        told(change)
    }

    /// All participants, as the service lists them when asked: who is missing has left.
    pub(super) fn read(&mut self, all: &[Participant<'_>]) -> Option<RosterChange> {
        let mut change = RosterChange::default();
        for participant in all {
            let Some(id) = participant.id.as_deref().map(folded) else { continue };
            let number = participant.roster_sequence_number.map(|number| number.0);
            if !self.is_older(&id, number) {
                self.take(id, number, participant, &mut change);
            }
        }
        let listed = ids(all);
        let gone: Vec<_> = self.present.keys().filter(|id| !listed.contains(*id)).cloned().collect();
        change.left.extend(gone.iter().filter_map(|id| self.present.remove(id)));
        told(change)
    }

    /// Whether the participants must be read to know who is there. Asking answers the question.
    pub(super) fn takes_reading(&mut self) -> bool {
        mem::take(&mut self.unsure)
    }

    fn is_missing_somebody(&self, participants: &[Participant<'_>]) -> bool {
        let listed = ids(participants);
        self.present.keys().any(|id| !listed.contains(id))
    }

    fn merge(&mut self, participant: &Participant<'_>, delta: Option<i64>, change: &mut RosterChange) {
        let Some(id) = participant.id.as_deref().map(folded) else { return };
        if let Some(delta) = delta {
            if self.newest_in_delta.get(&id).is_some_and(|newest| delta <= *newest) {
                return;
            }
            self.newest_in_delta.insert(id.clone(), delta);
        }
        let number = participant.roster_sequence_number.map(|number| number.0);
        if self.is_older(&id, number) {
            return;
        }
        // Who was read as gone and is told again without anything new: a repeat, or the reading was older.
        if number.is_some() && self.newest.get(&id).copied() == number && !self.present.contains_key(&id) {
            self.unsure |= participant.removed_state().is_none();
            return;
        }
        self.take(id, number, participant, change);
    }

    /// A number that is not newer says nothing new, except of somebody whose other members changed with it.
    fn is_older(&self, id: &str, number: Option<i64>) -> bool {
        number.is_some_and(|number| self.newest.get(id).is_some_and(|newest| number < *newest))
    }

    fn take(
        &mut self,
        id: String,
        number: Option<i64>,
        participant: &Participant<'_>,
        change: &mut RosterChange,
    ) {
        if let Some(number) = number {
            self.newest.insert(id.clone(), number);
        }
        if participant.removed_state().is_some() {
            change.left.extend(self.present.remove(&id));
            return;
        }
        let now = participant.clone().into_owned();
        match self.present.insert(id, now.clone()) {
            None => change.joined.push(now),
            Some(before) if !same(&before, &now) => change.changed.push(now),
            Some(_) => {}
        }
    }
}

fn ids(participants: &[Participant<'_>]) -> BTreeSet<String> {
    participants.iter().filter_map(|one| one.id.as_deref()).map(folded).collect()
}

fn told(change: RosterChange) -> Option<RosterChange> {
    (change != RosterChange::default()).then_some(change)
}

fn same(one: &Participant<'static>, two: &Participant<'static>) -> bool {
    if one.roster_sequence_number == two.roster_sequence_number {
        return one == two;
    }
    let mut one = one.clone();
    one.roster_sequence_number = two.roster_sequence_number;
    one == *two
}

#[cfg(test)]
mod tests {
    use super::*;

    fn participants(json: &serde_json::Value) -> Vec<Participant<'static>> {
        let text = json.to_string();
        let read: Vec<Participant<'_>> = serde_json::from_str(&text).unwrap();
        read.into_iter().map(Participant::into_owned).collect()
    }

    fn counts(change: Option<RosterChange>) -> (usize, usize, usize) {
        change.map_or((0, 0, 0), |change| (change.joined.len(), change.changed.len(), change.left.len()))
    }

    #[test]
    fn everybody_has_a_number_of_their_own_and_absence_is_no_departure() {
        let mut roster = Roster::default();
        let two = participants(&serde_json::json!([
            {"id": "1", "rosterSequenceNumber": 4}, {"id": "2", "rosterSequenceNumber": 9},
        ]));
        assert_eq!(counts(roster.apply(&two)), (2, 0, 0));
        assert_eq!(counts(roster.apply(&two)), (0, 0, 0));
        let muted =
            participants(&serde_json::json!([{"id": "1", "isMuted": true, "rosterSequenceNumber": 5}]));
        assert_eq!(counts(roster.apply(&muted)), (0, 1, 0));
        assert!(roster.takes_reading() && !roster.takes_reading());
        assert_eq!(roster.present().count(), 2);
        let older =
            participants(&serde_json::json!([{"id": "1", "isMuted": false, "rosterSequenceNumber": 4}]));
        assert_eq!(counts(roster.apply(&older)), (0, 0, 0));
    }

    #[test]
    fn who_is_missing_when_all_are_read_has_left_and_does_not_come_back_with_an_old_number() {
        let mut roster = Roster::default();
        let both = participants(&serde_json::json!([
            {"id": "1", "rosterSequenceNumber": 1}, {"id": "2", "rosterSequenceNumber": 3},
        ]));
        roster.apply(&both);
        let one = participants(&serde_json::json!([{"id": "1", "rosterSequenceNumber": 1}]));
        assert_eq!(counts(roster.read(&one)), (0, 0, 1));
        let old = participants(&serde_json::json!([{"id": "2", "rosterSequenceNumber": 2}]));
        assert_eq!(counts(roster.apply(&old)), (0, 0, 0));
    }

    #[test]
    fn a_delta_tells_who_left_once() {
        let mut roster = Roster::default();
        roster.apply(&participants(&serde_json::json!([{"id": "1"}])));
        let delta = r#"{"sequenceNumber": "9", "participants": [{"id": "1", "removedState": {"reason": "removed"}}]}"#;
        let delta: DeltaParticipants<'_> = serde_json::from_str(delta).unwrap();
        assert_eq!(counts(roster.apply_delta(&delta)), (0, 0, 1));
        assert_eq!(counts(roster.apply_delta(&delta)), (0, 0, 0));
        let again = DeltaParticipants::default();
        assert_eq!(counts(roster.apply_delta(&again)), (0, 0, 0));
        assert_eq!(roster.present().count(), 0);
    }

    fn delta(json: &serde_json::Value) -> DeltaParticipants<'static> {
        let text = json.to_string();
        let read: DeltaParticipants<'_> = serde_json::from_str(&text).unwrap();
        read.into_owned()
    }

    #[test]
    fn a_gap_between_deltas_asks_for_a_reading_and_one_that_comes_late_still_counts() {
        let mut roster = Roster::default();
        let one = |number: i64, id: &str| serde_json::json!({"sequenceNumber": number, "participants": [{"id": id}]});
        assert_eq!(counts(roster.apply_delta(&delta(&one(4, "a")))), (1, 0, 0));
        assert_eq!(counts(roster.apply_delta(&delta(&one(5, "b")))), (1, 0, 0));
        assert!(!roster.takes_reading());
        let gone =
            serde_json::json!({"sequenceNumber": 7, "participants": [{"id": "a", "removedState": {}}]});
        assert_eq!(counts(roster.apply_delta(&delta(&gone))), (0, 0, 1));
        assert!(roster.takes_reading());
        let late = serde_json::json!({"sequenceNumber": 6, "participants": [{"id": "a", "isMuted": true}, {"id": "c"}]});
        assert_eq!(counts(roster.apply_delta(&delta(&late))), (1, 0, 0));
        let ids: Vec<_> = roster.present().filter_map(|one| one.id.as_deref()).collect();
        assert_eq!(ids, ["b", "c"]);
        assert!(!roster.takes_reading());
    }

    #[test]
    fn who_was_read_as_gone_and_is_told_again_is_looked_for_again() {
        let mut roster = Roster::default();
        let both = participants(&serde_json::json!([
            {"id": "1", "rosterSequenceNumber": 1}, {"id": "2", "rosterSequenceNumber": 3},
        ]));
        roster.apply(&both);
        assert_eq!(counts(roster.read(&both[..1])), (0, 0, 1));
        assert_eq!(counts(roster.apply(&both)), (0, 0, 0));
        assert!(roster.takes_reading());
        assert_eq!(counts(roster.read(&both)), (1, 0, 0));
        let left =
            participants(&serde_json::json!([{"id": "2", "rosterSequenceNumber": 4, "removedState": {}}]));
        assert_eq!(counts(roster.apply(&left)), (0, 0, 1));
        // A list from before that says nothing against it.
        assert_eq!(counts(roster.read(&both)), (0, 0, 0));
        assert_eq!(roster.present().count(), 1);
    }
}
