//! Pressed keys, each told once.

use std::collections::BTreeSet;

use graph_calls_core::model::{Tone, ToneInfo};

use crate::ToneEvent;

/// How many sequence ids are remembered. Repeats follow closely; nobody presses this many keys in between.
const REMEMBERED: usize = 256;

/// Which keys were told.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tones {
    seen: BTreeSet<i64>,
    highest: Option<i64>,
}

impl Tones {
    pub(super) fn apply(&mut self, info: &ToneInfo<'_>) -> Option<ToneEvent> {
        let tone = info.tone.clone()?.into_owned();
        let Some(sequence_id) = info.sequence_id.map(|id| id.0) else {
            return Some(event(tone, None, 0, false));
        };
        if !self.seen.insert(sequence_id) {
            return None;
        }
        if self.seen.len() > REMEMBERED {
            self.seen.pop_first();
        }
        let Some(highest) = self.highest else {
            // Numbering starts anywhere.
            self.highest = Some(sequence_id);
            return Some(event(tone, Some(sequence_id), 0, false));
        };
        if sequence_id < highest {
            return Some(event(tone, Some(sequence_id), 0, true));
        }
        self.highest = Some(sequence_id);
        let missed = u32::try_from(sequence_id.saturating_sub(highest).saturating_sub(1)).unwrap_or(u32::MAX);
        Some(event(tone, Some(sequence_id), missed, false))
    }

    /// Numbering may start over after a new subscription.
    pub(super) fn start_over(&mut self) {
        *self = Self::default();
    }
}

fn event(tone: Tone<'static>, sequence_id: Option<i64>, missed: u32, late: bool) -> ToneEvent {
    ToneEvent { tone, sequence_id, missed, late }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(tones: &mut Tones, sequence_id: i64) -> Option<(u32, bool)> {
        let info = serde_json::json!({"sequenceId": sequence_id, "tone": "tone1"}).to_string();
        let info: ToneInfo<'_> = serde_json::from_str(&info).unwrap();
        tones.apply(&info).map(|event| (event.missed, event.late))
    }

    #[test]
    fn each_key_is_told_once_with_what_was_missed_and_what_came_late() {
        let mut tones = Tones::default();
        assert_eq!(press(&mut tones, 17), Some((0, false)));
        assert_eq!(press(&mut tones, 17), None);
        assert_eq!(press(&mut tones, 20), Some((2, false)));
        assert_eq!(press(&mut tones, 18), Some((0, true)));
        assert_eq!(press(&mut tones, 18), None);
        assert_eq!(press(&mut tones, 21), Some((0, false)));
        tones.start_over();
        assert_eq!(press(&mut tones, 1), Some((0, false)));
    }
}
