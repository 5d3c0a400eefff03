//! Prompts that play one after the other, and keys that are pressed.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Behaviour, Call, Change, Effect, Participant, Playing, Prompt, ResultInfo, State, Step, World};
use crate::json::{at, items};

/// What somebody presses who presses keys on their own.
const OWN_KEYS: [&str; 3] = ["tone1", "tone2", "pound"];

impl World {
    /// Asks for the prompts that a media configuration names in advance.
    pub(crate) fn prefetch(&mut self, call: &Call, config: &Value) {
        for one in items(config, "/preFetchMedia") {
            if let (Some(uri), Some(id)) = (at(one, "/uri").as_str(), at(one, "/resourceId").as_str()) {
                self.fetch_prompt(call, uri, Some(id));
            }
        }
    }

    /// From now on each key is a notification.
    pub(crate) fn listen_for_tones(&mut self, now: Duration, call: &mut Call) {
        if !std::mem::replace(&mut call.tones_wanted, true) {
            for peer in call.peers.iter().map(|peer| peer.id.clone()).collect::<Vec<_>>() {
                self.may_press(now, call, &peer);
            }
        }
    }

    /// Whoever presses keys on their own begins once they are in the call and the bot listens.
    pub(super) fn may_press(&mut self, now: Duration, call: &Call, peer: &str) {
        let presses = |one: &&Participant| one.id == peer && one.party.fate == Ok(Behaviour::PressesKeys);
        if call.tones_wanted && call.peers.iter().any(|one| presses(&one)) {
            let wait = self.about(self.config.pace.key);
            self.enter(now + wait, call, Step::PeerPresses(peer.to_owned(), OWN_KEYS.to_vec()));
        }
    }

    /// Asks for a prompt, unless one with its `resourceId` is known.
    pub(crate) fn fetch_prompt(&mut self, call: &Call, url: &str, resource_id: Option<&str>) -> Prompt {
        if let Some(length) = resource_id.and_then(|id| self.cached_prompts.get(id)) {
            return Prompt::Ready(*length);
        }
        self.fetches += 1;
        self.fetching.insert(self.fetches, (call.key, resource_id.map(str::to_owned)));
        self.effects.push(Effect::FetchPrompt {
            fetch: self.fetches,
            call: call.id.clone(),
            url: url.to_owned(),
        });
        Prompt::Fetching(self.fetches)
    }

    pub(super) fn prompt_fetched(&mut self, now: Duration, fetch: u64, outcome: &Result<Duration, String>) {
        let Some((key, resource_id)) = self.fetching.remove(&fetch) else { return };
        if let (Some(id), Ok(length)) = (resource_id, outcome) {
            self.cached_prompts.insert(id, *length);
        }
        self.with_call(key, |world, call| {
            for prompt in call.playing.iter_mut().flat_map(|playing| &mut playing.prompts) {
                if matches!(prompt, Prompt::Fetching(number) if *number == fetch) {
                    *prompt = match outcome {
                        Ok(length) => Prompt::Ready(*length),
                        Err(why) => Prompt::Unplayable(why.clone()),
                    };
                }
            }
            world.advance_prompts(now, call);
        });
    }

    pub(crate) fn queue_prompts(&mut self, now: Duration, call: &mut Call, playing: Playing) {
        call.playing.push_back(playing);
        self.advance_prompts(now, call);
    }

    pub(super) fn advance_prompts(&mut self, now: Duration, call: &mut Call) {
        if !call.media_active || !call.is_live() {
            return;
        }
        while let Some(head) = call.playing.front_mut() {
            match head.length() {
                _ if head.started => return,
                Ok(None) => return,
                Ok(Some(length)) => {
                    head.started = true;
                    if !head.forever {
                        let ends = Step::PromptEnds(head.operation.id.clone());
                        self.enter(now + length, call, ends);
                    }
                    return;
                }
                Err(why) => {
                    let why = format!("a prompt cannot be played: {why}");
                    if let Some(failed) = call.playing.pop_front() {
                        self.happened(call, true, why);
                        self.notify_finished(call, &failed.operation, ResultInfo::PROMPT_FAILED);
                    }
                }
            }
        }
    }

    pub(super) fn prompt_ended(&mut self, now: Duration, call: &mut Call, operation: &str) {
        if call.playing.front().is_none_or(|playing| playing.operation.id != operation) {
            return;
        }
        if let Some(done) = call.playing.pop_front() {
            self.notify_finished(call, &done.operation, ResultInfo::COMPLETED);
            self.advance_prompts(now, call);
        }
    }

    pub(super) fn press_on(&mut self, now: Duration, call: &mut Call, peer: &str, tones: &[&'static str]) {
        let Some((tone, rest)) = tones.split_first() else { return };
        let Some(name) = call.peers.iter().find(|one| one.id == peer).map(|one| one.party.name.clone())
        else {
            return;
        };
        // Whoever was already in when the bot began to listen may be early.
        if call.state == State::Establishing {
            self.may_press(now, call, peer);
            return;
        }
        self.press(call, &name, tone);
        if !rest.is_empty() {
            let wait = self.about(self.config.pace.key);
            self.enter(now + wait, call, Step::PeerPresses(peer.to_owned(), rest.to_vec()));
        }
    }

    pub(super) fn press(&mut self, call: &mut Call, name: &str, tone: &'static str) {
        if call.state != State::Established {
            return;
        }
        let key = key_of(tone);
        self.happened(call, false, format!("{name} presses {key}"));
        if !call.tones_wanted {
            return;
        }
        let sequence = call.next_tone;
        call.next_tone += 1;
        let info =
            json!({ "@odata.type": "#microsoft.graph.toneInfo", "sequenceId": sequence, "tone": tone });
        self.notify_call(call, Change::Updated, [("state", json!("established")), ("toneInfo", info)]);
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

fn key_of(tone: &'static str) -> &'static str {
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
