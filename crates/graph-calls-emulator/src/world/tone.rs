//! Keys that are pressed, and the tones that they make.

use std::time::Duration;

use serde_json::json;

use super::{Behaviour, Call, Change, Participant, State, Step, World};

/// What somebody presses who presses keys on their own.
const OWN_KEYS: [&str; 3] = ["tone1", "tone2", "pound"];

impl World {
    /// From now on each key is a notification. Returns whether that is new.
    pub(crate) fn listen_for_tones(&mut self, now: Duration, call: &mut Call) -> bool {
        let is_new = !std::mem::replace(&mut call.tones_wanted, true);
        if is_new {
            for peer in call.peers.iter().map(|peer| peer.id.clone()).collect::<Vec<_>>() {
                self.may_press(now, call, &peer);
            }
        }
        is_new
    }

    /// Whoever presses keys on their own begins once they are in the call and the bot listens.
    pub(super) fn may_press(&mut self, now: Duration, call: &Call, peer: &str) {
        let presses = |one: &Participant| one.party.fate == Ok(Behaviour::PressesKeys);
        if call.tones_wanted && call.peer(peer).is_some_and(presses) {
            let wait = self.about(self.config.pace.key);
            self.enter(now + wait, call, Step::PeerPresses(peer.to_owned(), OWN_KEYS.to_vec()));
        }
    }

    pub(super) fn press_on(&mut self, now: Duration, call: &mut Call, peer: &str, tones: &[&'static str]) {
        let Some((tone, rest)) = tones.split_first() else { return };
        let Some(name) = call.peer(peer).map(|one| one.party.name.clone()) else { return };
        // Whoever was already in when the bot began to listen may be early.
        if call.state == State::Establishing {
            self.may_press(now, call, peer);
            return;
        }
        self.press(now, call, &name, tone);
        if !rest.is_empty() {
            let wait = self.about(self.config.pace.key);
            self.enter(now + wait, call, Step::PeerPresses(peer.to_owned(), rest.to_vec()));
        }
    }

    pub(super) fn press(&mut self, now: Duration, call: &mut Call, name: &str, tone: &'static str) {
        if !call.is_connected() {
            return;
        }
        let key = key_of(tone);
        self.happened(call, false, format!("{name} presses {key}"));
        if call.tones_wanted {
            self.notify_tone(call, tone);
        }
        self.key_ends_record(now, call, tone);
    }

    fn notify_tone(&mut self, call: &mut Call, tone: &'static str) {
        let sequence = call.next_tone;
        call.next_tone += 1;
        let info =
            json!({ "@odata.type": "#microsoft.graph.toneInfo", "sequenceId": sequence, "tone": tone });
        let state = json!(call.state.as_str());
        self.notify_call(call, Change::Updated, [("state", state), ("toneInfo", info)]);
    }
}

const TONES: [(&str, &str); 17] = [
    ("0", "tone0"),
    ("1", "tone1"),
    ("2", "tone2"),
    ("3", "tone3"),
    ("4", "tone4"),
    ("5", "tone5"),
    ("6", "tone6"),
    ("7", "tone7"),
    ("8", "tone8"),
    ("9", "tone9"),
    ("*", "star"),
    ("#", "pound"),
    ("A", "a"),
    ("B", "b"),
    ("C", "c"),
    ("D", "d"),
    ("flash", "flash"),
];

/// The tone with this name, in any case.
pub(crate) fn tone_named(name: &str) -> Option<&'static str> {
    TONES.iter().find(|(_, tone)| tone.eq_ignore_ascii_case(name)).map(|(_, tone)| *tone)
}

/// The tone of a key's character; the hook has none.
pub(crate) fn tone_of_key(key: &str) -> Option<&'static str> {
    let same = |one: &&(&str, &str)| one.0.len() == 1 && one.0.eq_ignore_ascii_case(key);
    TONES.iter().find(same).map(|(_, tone)| *tone)
}

/// The key of a tone, as it stands on a phone.
pub(crate) fn key_of(tone: &'static str) -> &'static str {
    TONES.iter().find(|(_, name)| *name == tone).map_or(tone, |(key, _)| key)
}

/// Reads keys: the name of one tone, or a row of keys.
pub(super) fn tones(keys: &str) -> Option<Vec<&'static str>> {
    let find = |key: &str| {
        let same = |one: &&(&str, &str)| one.0.eq_ignore_ascii_case(key) || one.1.eq_ignore_ascii_case(key);
        TONES.iter().find(same).map(|(_, tone)| *tone)
    };
    if let Some(tone) = find(keys) {
        return Some(vec![tone]);
    }
    let mut buffer = [0; 4];
    let row: Option<Vec<_>> = keys.chars().map(|key| find(key.encode_utf8(&mut buffer))).collect();
    row.filter(|row| !row.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_by_name_and_by_the_row() {
        assert_eq!(tones("12#"), Some(vec!["tone1", "tone2", "pound"]));
        assert_eq!(tones("star"), Some(vec!["star"]));
        assert_eq!(tones("d"), Some(vec!["d"]));
        assert_eq!(tones(""), None);
        assert_eq!(tones("1x"), None);
    }
}
