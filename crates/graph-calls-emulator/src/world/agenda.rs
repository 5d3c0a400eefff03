//! What will happen, and when: the world's only notion of time.

use std::{collections::BTreeMap, time::Duration};

/// A place in the agenda.
type Place = (Duration, u64);

/// Events of many owners in order of time, and among equals in the order they were entered.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    events: BTreeMap<Place, (u128, T)>,
    /// Where the events of each owner stand, so that forgetting them does not read all others.
    owners: BTreeMap<u128, Vec<Place>>,
    entered: u64,
}

impl<T> Agenda<T> {
    pub(crate) fn new() -> Self {
        Self { events: BTreeMap::new(), owners: BTreeMap::new(), entered: 0 }
    }

    pub(crate) fn enter(&mut self, due: Duration, owner: u128, event: T) {
        self.entered += 1;
        let place = (due, self.entered);
        self.events.insert(place, (owner, event));
        self.owners.entry(owner).or_default().push(place);
    }

    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.events.first_key_value().map(|(&(due, _), _)| due)
    }

    /// The first event that is due, with its time and its owner.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<(Duration, u128, T)> {
        if self.next_due()? > now {
            return None;
        }
        let (place, (owner, event)) = self.events.pop_first()?;
        if let Some(places) = self.owners.get_mut(&owner) {
            places.retain(|one| *one != place);
            if places.is_empty() {
                self.owners.remove(&owner);
            }
        }
        Some((place.0, owner, event))
    }

    /// Takes out whatever this owner had before it.
    pub(crate) fn forget(&mut self, owner: u128) {
        for place in self.owners.remove(&owner).unwrap_or_default() {
            self.events.remove(&place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_by_entry_and_those_of_one_owner_can_be_forgotten() {
        let mut agenda = Agenda::new();
        let at = Duration::from_millis;
        agenda.enter(at(2), 1, 'b');
        agenda.enter(at(1), 1, 'a');
        agenda.enter(at(2), 2, 'c');
        agenda.enter(at(2), 3, 'd');
        agenda.enter(at(3), 2, 'e');
        assert_eq!(agenda.next_due(), Some(at(1)));
        assert_eq!(agenda.take_due(at(0)), None);
        assert_eq!(agenda.take_due(at(5)), Some((at(1), 1, 'a')));
        agenda.forget(2);
        agenda.forget(9);
        assert_eq!(agenda.take_due(at(5)), Some((at(2), 1, 'b')));
        assert_eq!(agenda.take_due(at(5)), Some((at(2), 3, 'd')));
        assert_eq!(agenda.next_due(), None);
        assert!(agenda.owners.is_empty());
    }
}
