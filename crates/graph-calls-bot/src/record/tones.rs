//! Pressed keys, each told once and in order.

use std::{
    collections::BTreeMap,
    mem,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use graph_calls_core::model::{Tone, ToneInfo};
use serde::{Deserialize, Serialize};

use super::stored::{Date, is_default, owned};
use crate::ToneEvent;

/// How long a key waits for those before it.
const HELD: Duration = Duration::from_millis(400);
/// How far a clock may be set back before keys are no longer made to wait by it.
const SET_BACK: Duration = Duration::from_secs(1);
/// The most keys that wait at once, and the most gaps that are remembered. Nobody presses that many keys meanwhile.
const MOST: usize = 64;

/// Which keys came, and which were told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Tones {
    /// The sequence ids that came: ranges with both their ends, in order and with gaps between them.
    #[serde(skip_serializing_if = "is_default")]
    came: Vec<(i64, i64)>,
    /// The highest one that was told.
    #[serde(skip_serializing_if = "is_default")]
    told: Option<i64>,
    /// Those that wait for others before them.
    #[serde(skip_serializing_if = "is_default")]
    held: BTreeMap<i64, Held>,
    /// Of a numbering that is over.
    #[serde(skip_serializing_if = "is_default")]
    overdue: Vec<ToneEvent>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Held {
    #[serde(deserialize_with = "owned")]
    tone: Tone<'static>,
    since: Date,
}

impl Held {
    fn is_due(&self, now: SystemTime) -> bool {
        self.since.age(now) >= HELD || self.since.0.duration_since(now).is_ok_and(|ahead| ahead > SET_BACK)
    }
}

impl Tones {
    pub(super) fn apply(&mut self, info: &ToneInfo<'_>, now: SystemTime) -> Vec<ToneEvent> {
        let Some(tone) = info.tone.clone().map(Tone::into_owned) else { return Vec::new() };
        let mut told = mem::take(&mut self.overdue);
        let Some(id) = info.sequence_id.map(|id| id.0) else {
            told.push(event(tone, None, 0, false));
            return told;
        };
        if !self.comes(id) {
            return told;
        }
        match self.told {
            Some(highest) if id < highest => told.push(event(tone, Some(id), 0, true)),
            Some(highest) if missing(highest, id) > 0 => {
                self.held.insert(id, Held { tone, since: Date(now) });
                if self.held.len() > MOST
                    && let Some(first) = self.held.keys().next().copied()
                {
                    self.release(first, &mut told);
                }
            }
            // Numbering starts anywhere.
            _ => {
                self.told = Some(id);
                told.push(event(tone, Some(id), 0, false));
                self.go_on(&mut told);
            }
        }
        told
    }

    /// When a key has waited long enough.
    pub(super) fn due(&self) -> Option<SystemTime> {
        if !self.overdue.is_empty() {
            return Some(UNIX_EPOCH);
        }
        self.held.values().map(|held| held.since).min().map(|since| since.0 + HELD)
    }

    /// The keys that have waited long enough, and those before them.
    pub(super) fn pass(&mut self, now: SystemTime) -> Vec<ToneEvent> {
        let mut told = mem::take(&mut self.overdue);
        if let Some(last) = self.held.iter().rev().find(|(_, held)| held.is_due(now)).map(|(id, _)| *id) {
            self.release(last, &mut told);
        }
        told
    }

    /// All keys that wait: nothing more will come.
    pub(super) fn flush(&mut self) -> Vec<ToneEvent> {
        let mut told = mem::take(&mut self.overdue);
        if let Some(last) = self.held.keys().next_back().copied() {
            self.release(last, &mut told);
        }
        told
    }

    /// Numbering may start over after a new subscription. What waits is told before anything new.
    pub(super) fn start_over(&mut self) {
        let overdue = self.flush();
        *self = Self { overdue, ..Self::default() };
    }

    /// Tells what waits up to this one, and what follows it without a gap.
    fn release(&mut self, last: i64, told: &mut Vec<ToneEvent>) {
        while let Some(first) = self.held.first_entry()
            && *first.key() <= last
        {
            let (id, held) = first.remove_entry();
            let missed = self.told.map_or(0, |highest| missing(highest, id));
            self.told = Some(id);
            told.push(event(held.tone, Some(id), missed, false));
        }
        self.go_on(told);
    }

    fn go_on(&mut self, told: &mut Vec<ToneEvent>) {
        while let Some(highest) = self.told
            && let Some(first) = self.held.first_entry()
            && missing(highest, *first.key()) == 0
        {
            let (id, held) = first.remove_entry();
            self.told = Some(id);
            told.push(event(held.tone, Some(id), 0, false));
        }
    }

    /// Remembers an id. Returns whether it came for the first time.
    fn comes(&mut self, id: i64) -> bool {
        let place = self.came.partition_point(|(_, end)| *end < id);
        if self.came.get(place).is_some_and(|(start, _)| *start <= id) {
            return false;
        }
        self.came.insert(place, (id, id));
        self.join_up(place);
        if let Some(before) = place.checked_sub(1) {
            self.join_up(before);
        }
        if self.came.len() > MOST
            && let [(_, end), (_, far), ..] = self.came.as_mut_slice()
        {
            // A key of so long ago is a repeat.
            *end = *far;
            self.came.remove(1);
        }
        true
    }

    /// Makes one of a range and the next, where nothing is between them.
    fn join_up(&mut self, place: usize) {
        if let Some([(_, end), (start, far)]) = self.came.get_mut(place..).and_then(|rest| rest.get_mut(..2))
            && end.checked_add(1) == Some(*start)
        {
            *end = *far;
            self.came.remove(place + 1);
        }
    }
}

/// How many ids lie between two.
fn missing(told: i64, id: i64) -> u32 {
    u32::try_from(id.saturating_sub(told).saturating_sub(1)).unwrap_or(u32::MAX)
}

fn event(tone: Tone<'static>, sequence_id: Option<i64>, missed: u32, late: bool) -> ToneEvent {
    ToneEvent { tone, sequence_id, missed, late }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(millis)
    }

    fn told(events: Vec<ToneEvent>) -> Vec<(i64, u32, bool)> {
        events.into_iter().map(|event| (event.sequence_id.unwrap(), event.missed, event.late)).collect()
    }

    fn press(tones: &mut Tones, sequence_id: i64, millis: u64) -> Vec<(i64, u32, bool)> {
        let info = serde_json::json!({"sequenceId": sequence_id, "tone": "tone1"}).to_string();
        let info: ToneInfo<'_> = serde_json::from_str(&info).unwrap();
        told(tones.apply(&info, at(millis)))
    }

    #[test]
    fn each_key_is_told_once_and_one_out_of_turn_waits_for_those_before_it() {
        let mut tones = Tones::default();
        assert_eq!(press(&mut tones, 17, 0), [(17, 0, false)]);
        assert_eq!(press(&mut tones, 17, 0), []);
        assert_eq!(press(&mut tones, 20, 100), []);
        assert_eq!(press(&mut tones, 20, 110), []);
        assert_eq!(press(&mut tones, 18, 120), [(18, 0, false)]);
        assert_eq!(tones.due(), Some(at(500)));
        assert_eq!(told(tones.pass(at(499))), []);
        assert_eq!(press(&mut tones, 19, 499), [(19, 0, false), (20, 0, false)]);
        assert_eq!((tones.due(), press(&mut tones, 18, 600)), (None, vec![]));
    }

    #[test]
    fn what_does_not_come_in_time_was_missed_and_is_late_when_it_comes() {
        let mut tones = Tones::default();
        press(&mut tones, 1, 0);
        press(&mut tones, 7, 50);
        press(&mut tones, 4, 100);
        press(&mut tones, 8, 150);
        // The 7 has waited long enough: the 4 before it goes first, the 8 behind it goes along.
        assert_eq!(told(tones.pass(at(450))), [(4, 2, false), (7, 2, false), (8, 0, false)]);
        assert_eq!(tones.due(), None);
        assert_eq!(press(&mut tones, 5, 460), [(5, 0, true)]);
        assert_eq!(press(&mut tones, 5, 470), []);
        assert_eq!(press(&mut tones, -3, 480), [(-3, 0, true)]);
    }

    #[test]
    fn numbering_starts_over_and_what_waited_is_told_first() {
        let mut tones = Tones::default();
        press(&mut tones, 5, 0);
        press(&mut tones, 7, 10);
        tones.start_over();
        assert!(tones.due().is_some_and(|due| due <= at(10)));
        assert_eq!(press(&mut tones, 1, 20), [(7, 1, false), (1, 0, false)]);
        assert_eq!(press(&mut tones, 2, 30), [(2, 0, false)]);
        press(&mut tones, 9, 40);
        tones.start_over();
        assert_eq!(told(tones.pass(at(41))), [(9, 6, false)]);
    }

    #[test]
    fn a_clock_that_is_set_back_holds_nothing_up() {
        let mut tones = Tones::default();
        press(&mut tones, 1, 10_000_000);
        press(&mut tones, 3, 10_000_000);
        assert_eq!(told(tones.pass(at(9_999_900))), []);
        assert_eq!(told(tones.pass(at(5))), [(3, 1, false)]);
    }

    #[test]
    fn numbers_from_end_to_end_are_counted_and_few_are_remembered() {
        let mut tones = Tones::default();
        assert_eq!(press(&mut tones, i64::MIN, 0), [(i64::MIN, 0, false)]);
        assert_eq!(press(&mut tones, i64::MAX, 0), []);
        assert_eq!(told(tones.flush()), [(i64::MAX, u32::MAX, false)]);
        for id in (0..1_000).step_by(2) {
            assert_eq!(press(&mut tones, id, 0), [(id, 0, true)]);
        }
        assert!(tones.came.len() <= MOST);
        assert_eq!(press(&mut tones, 2, 0), []);
        let mut waiting = Tones::default();
        for id in (0..1_000).step_by(2) {
            press(&mut waiting, id, 0);
        }
        assert!(waiting.held.len() <= MOST && waiting.came.len() <= MOST);
        let mut dense = Tones::default();
        for id in [3, 1, 2, 5, 4, 0] {
            press(&mut dense, id, 0);
        }
        assert_eq!(dense.came, [(0, 5)]);
    }
}
