//! Who takes part, in the order of the service's own counter.

use std::collections::BTreeMap;

use graph_calls_core::model::{DeltaParticipants, Participant};

use crate::{RosterChange, fold::folded};

/// The participants of a call.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Roster {
    present: BTreeMap<String, Participant<'static>>,
    /// The newest number of everybody who was ever told, also of those who left.
    newest: BTreeMap<String, i64>,
    newest_delta: Option<i64>,
}

impl Roster {
    pub(super) fn present(&self) -> impl Iterator<Item = &Participant<'static>> {
        self.present.values()
    }

    /// A roster, or the participants that changed: who is missing from it has not left.
    pub(super) fn apply(&mut self, participants: &[Participant<'_>]) -> Option<RosterChange> {
        let mut change = RosterChange::default();
        for participant in participants {
            self.merge(participant, &mut change);
        }
        told(change)
    }

    /// The changes since the last update.
    pub(super) fn apply_delta(&mut self, delta: &DeltaParticipants<'_>) -> Option<RosterChange> {
        let number = delta.sequence_number.map(|number| number.0);
        if number.is_some() && number <= self.newest_delta {
            return None;
        }
        self.newest_delta = number.or(self.newest_delta);
        self.apply(&delta.participants)
    }

    /// All participants, as the service lists them when asked: who is missing has left.
    pub(super) fn read(&mut self, all: &[Participant<'_>]) -> Option<RosterChange> {
        let mut change = RosterChange::default();
        for participant in all {
            self.merge(participant, &mut change);
        }
        let listed: Vec<_> = all.iter().filter_map(|one| one.id.as_deref()).map(folded).collect();
        let gone: Vec<_> = self.present.keys().filter(|id| !listed.contains(id)).cloned().collect();
        change.left.extend(gone.iter().filter_map(|id| self.present.remove(id)));
        told(change)
    }

    /// Whether a list leaves out somebody who was there.
    pub(super) fn is_missing_somebody(&self, participants: &[Participant<'_>]) -> bool {
        let listed: Vec<_> = participants.iter().filter_map(|one| one.id.as_deref()).map(folded).collect();
        self.present.keys().any(|id| !listed.contains(id))
    }

    fn merge(&mut self, participant: &Participant<'_>, change: &mut RosterChange) {
        let Some(id) = participant.id.as_deref().map(folded) else { return };
        if let Some(number) = participant.roster_sequence_number.map(|number| number.0) {
            // A number that is not newer says nothing new, except of somebody whose other members changed with it.
            if self.newest.get(&id).is_some_and(|newest| number < *newest) {
                return;
            }
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
        assert!(roster.is_missing_somebody(&muted));
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
}
