//! The keys of one try, in the order in which they were pressed.

use serde::{Deserialize, Serialize};

use super::Collect;

/// The most keys kept of one try. Only who presses keys on and on while a lost one is waited for comes near.
const MOST: usize = 512;

/// The keys of one try, in the order in which they were pressed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Keys {
    /// The number of the last key before this try, as far as there is one.
    before: Option<i64>,
    /// The highest number so far.
    highest: Option<i64>,
    pressed: Vec<Pressed>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Pressed {
    key: char,
    /// Its number; none where it has none, or where numbering started over since.
    number: Option<i64>,
}

/// What the keys of a try come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// More can follow.
    Open,
    /// One was lost before the answer was complete.
    Gap,
    /// As many as an answer has.
    Full,
    /// The finishing key came.
    Finished,
    /// One is not accepted.
    Wrong,
}

impl Keys {
    /// None yet; the last one before had this number.
    pub(super) fn after(number: Option<i64>) -> Self {
        Self { before: number, highest: number, pressed: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pressed.is_empty()
    }

    /// Begins another try: what came so far, and what of it comes late, is no part of that.
    pub(super) fn start_over(&mut self) {
        *self = Self::after(self.highest);
    }

    /// Puts a key in its place; whether it belongs to this try. `late`: one with a higher number was told before.
    pub(super) fn press(&mut self, key: char, number: Option<i64>, late: bool) -> bool {
        if self.pressed.len() >= MOST {
            return false;
        }
        let Some(number) = number else {
            self.pressed.push(Pressed { key, number: None });
            return true;
        };
        let mut place = self.pressed.len();
        if late {
            if self.before.is_some_and(|before| number <= before) {
                return false;
            }
            let is_before = |one: &Pressed| one.number.is_none_or(|before| before <= number);
            place = self.pressed.iter().rposition(is_before).map_or(0, |before| before + 1);
            let told = self.pressed.iter().any(|one| one.number == Some(number));
            if told {
                return false;
            }
        } else if self.highest.is_some_and(|highest| number <= highest) {
            // Numbering started over, and old numbers say nothing about new ones.
            self.before = None;
            self.highest = None;
            self.pressed.iter_mut().for_each(|one| one.number = None);
        }
        self.highest = self.highest.max(Some(number));
        self.pressed.insert(place, Pressed { key, number: Some(number) });
        true
    }

    /// What an answer has of them, and what they come to. Nothing behind a gap is known to be in its place.
    pub(super) fn read(&self, question: &Collect) -> (String, Verdict) {
        let mut keys = String::new();
        let mut before = self.before;
        for pressed in &self.pressed {
            let lost = before.zip(pressed.number).is_some_and(|(before, own)| before.saturating_add(1) < own);
            before = pressed.number;
            let verdict = if lost {
                Verdict::Gap
            } else if question.finish_on == Some(pressed.key) {
                Verdict::Finished
            } else if !question.accepts(pressed.key) {
                Verdict::Wrong
            } else {
                keys.push(pressed.key);
                if u32::try_from(keys.len()).is_ok_and(|count| count < question.most) {
                    continue;
                }
                Verdict::Full
            };
            return (keys, verdict);
        }
        (keys, Verdict::Open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys by number; a late one has a `-` before it.
    fn pressed(before: Option<i64>, keys: &[(char, i64, bool)]) -> Keys {
        let mut all = Keys::after(before);
        for (key, number, late) in keys {
            all.press(*key, Some(*number), *late);
        }
        all
    }

    #[test]
    fn a_late_key_takes_its_place_and_one_of_before_takes_none() {
        let four = Collect::exactly(4);
        let keys = pressed(Some(6), &[('1', 7, false), ('4', 10, false)]);
        assert_eq!(keys.read(&four), ("1".to_owned(), Verdict::Gap));
        let keys = pressed(Some(6), &[('1', 7, false), ('4', 10, false), ('3', 9, true), ('2', 8, true)]);
        assert_eq!(keys.read(&four), ("1234".to_owned(), Verdict::Full));
        let keys = pressed(Some(6), &[('1', 7, false), ('9', 6, true), ('9', 3, true), ('9', 7, true)]);
        assert_eq!(keys.read(&four), ("1".to_owned(), Verdict::Open));
        let keys = pressed(None, &[('2', 7, false), ('1', 6, true)]);
        assert_eq!(keys.read(&four), ("12".to_owned(), Verdict::Open));
    }

    #[test]
    fn the_first_key_of_a_try_may_be_the_lost_one() {
        let keys = pressed(Some(6), &[('2', 8, false)]);
        assert_eq!(keys.read(&Collect::one()), (String::new(), Verdict::Gap));
        let keys = pressed(None, &[('2', 8, false)]);
        assert_eq!(keys.read(&Collect::one()), ("2".to_owned(), Verdict::Full));
    }

    #[test]
    fn numbering_that_starts_over_leaves_no_gap_and_mixes_nothing_up() {
        let four = Collect::exactly(4);
        let keys = pressed(Some(6), &[('1', 7, false), ('2', 1, false), ('4', 3, false), ('3', 2, true)]);
        assert_eq!(keys.read(&four), ("1234".to_owned(), Verdict::Full));
        let mut keys = pressed(Some(6), &[('2', 1, false), ('1', 0, true)]);
        assert_eq!(keys.read(&four), ("12".to_owned(), Verdict::Open));
        keys.start_over();
        assert!(!keys.press('9', Some(0), true) && keys.press('1', Some(2), false));
    }

    #[test]
    fn numbers_at_their_ends_and_keys_without_end_do_no_harm() {
        let mut keys = pressed(Some(i64::MIN), &[('1', i64::MAX, false), ('2', i64::MIN, false)]);
        assert_eq!(keys.read(&Collect::up_to(4)), ("12".to_owned(), Verdict::Open));
        keys.press('3', Some(i64::MAX), false);
        assert_eq!(keys.read(&Collect::up_to(4)), ("12".to_owned(), Verdict::Gap));
        let taken = (0..10_000).filter(|_| keys.press('1', None, false)).count();
        assert_eq!(taken, MOST - 3);
    }
}
