//! Who takes part, in the order of the service's own counter.

use std::collections::BTreeMap;

use graph_calls_core::model::{DeltaParticipants, Participant};

use crate::RosterChange;

/// The participants of a call.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Roster {
    present: BTreeMap<String, Participant<'static>>,
    newest: Option<i64>,
    newest_delta: Option<i64>,
}

impl Roster {
    pub(super) fn present(&self) -> impl Iterator<Item = &Participant<'static>> {
        self.present.values()
    }

    /// A roster, or the participants that changed: who is missing from it has not left.
    pub(super) fn apply(&mut self, participants: &[Participant<'_>]) -> Option<RosterChange> {
        let number =
            participants.iter().filter_map(|one| one.roster_sequence_number).map(|number| number.0).max();
        if outdated(&mut self.newest, number) {
            return None;
        }
        Some(self.merge(participants)).filter(|change| *change != RosterChange::default())
    }

    /// The changes since the last update.
    pub(super) fn apply_delta(&mut self, delta: &DeltaParticipants<'_>) -> Option<RosterChange> {
        if outdated(&mut self.newest_delta, delta.sequence_number.map(|number| number.0)) {
            return None;
        }
        Some(self.merge(&delta.participants)).filter(|change| *change != RosterChange::default())
    }

    fn merge(&mut self, participants: &[Participant<'_>]) -> RosterChange {
        let mut change = RosterChange::default();
        for participant in participants {
            let Some(id) = participant.id.as_deref() else { continue };
            let key = key_of(id);
            if participant.removed_state().is_some() {
                let known = self.present.remove(&key);
                change.left.push(known.unwrap_or_else(|| participant.clone().into_owned()));
                continue;
            }
            let now = participant.clone().into_owned();
            match self.present.insert(key, now.clone()) {
                None => change.joined.push(now),
                Some(before) if !same(&before, &now) => change.changed.push(now),
                Some(_) => {}
            }
        }
        change
    }
}

/// Whether an update is not newer than what is known. A counter that is missing orders nothing.
fn outdated(newest: &mut Option<i64>, number: Option<i64>) -> bool {
    let Some(number) = number else { return false };
    if newest.is_some_and(|newest| number <= newest) {
        return true;
    }
    *newest = Some(number);
    false
}

fn key_of(id: &str) -> String {
    graph_calls_core::model::fold_guid(id).map_or_else(|| id.to_owned(), |guid| format!("{guid:032x}"))
}

fn same(one: &Participant<'_>, two: &Participant<'_>) -> bool {
    let ordered = |participant: &Participant<'_>| {
        let mut participant = participant.clone().into_owned();
        participant.roster_sequence_number = None;
        participant
    };
    ordered(one) == ordered(two)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn participants(json: &serde_json::Value) -> Vec<Participant<'static>> {
        let text = json.to_string();
        let read: Vec<Participant<'_>> = serde_json::from_str(&text).unwrap();
        read.into_iter().map(Participant::into_owned).collect()
    }

    #[test]
    fn an_older_roster_changes_nothing_and_absence_is_no_departure() {
        let mut roster = Roster::default();
        let two = participants(&serde_json::json!([
            {"id": "1", "rosterSequenceNumber": 4}, {"id": "2", "rosterSequenceNumber": 4},
        ]));
        assert_eq!(roster.apply(&two).unwrap().joined.len(), 2);
        assert_eq!(roster.apply(&two), None);
        let muted =
            participants(&serde_json::json!([{"id": "1", "isMuted": true, "rosterSequenceNumber": 5}]));
        let change = roster.apply(&muted).unwrap();
        assert_eq!((change.joined.len(), change.changed.len(), change.left.len()), (0, 1, 0));
        assert_eq!(roster.present().count(), 2);
        let older = participants(&serde_json::json!([{"id": "3", "rosterSequenceNumber": 3}]));
        assert_eq!(roster.apply(&older), None);
    }

    #[test]
    fn a_delta_tells_who_left() {
        let mut roster = Roster::default();
        roster.apply(&participants(&serde_json::json!([{"id": "1"}])));
        let delta = r#"{"sequenceNumber": "9", "participants": [{"id": "1", "removedState": {"reason": "removed"}}]}"#;
        let delta: DeltaParticipants<'_> = serde_json::from_str(delta).unwrap();
        assert_eq!(roster.apply_delta(&delta).unwrap().left.len(), 1);
        assert_eq!(roster.apply_delta(&delta), None);
        assert_eq!(roster.present().count(), 0);
    }
}
