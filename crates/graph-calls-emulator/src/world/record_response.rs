//! What callers say after the beep of a recordResponse, and the recording that is kept of it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Call, Playing, ResultInfo, Step, World};
use crate::{Dialect, secret::Secret};

/// How long the beep sounds.
const BEEP: Duration = Duration::from_millis(200);

/// What a recordResponse asks for.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) initial_silence: Duration,
    pub(crate) max_silence: Duration,
    pub(crate) max_duration: Duration,
    pub(crate) beep: bool,
    pub(crate) stop_tones: Vec<&'static str>,
    pub(crate) running: Option<Running>,
}

/// A record that runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Running {
    since: Duration,
    /// How long somebody speaks from its start; zero if nobody does.
    speech: Duration,
}

/// What ends a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordEnd {
    StopTone,
    MaxSilence,
    MaxDuration,
    /// Nobody began to speak, which fails the operation.
    InitialSilence,
}

impl RecordEnd {
    fn reason(self) -> &'static str {
        match self {
            RecordEnd::StopTone => "stopToneDetected",
            RecordEnd::MaxSilence => "maxSilenceTimeout",
            RecordEnd::MaxDuration => "maxRecordDurationReached",
            RecordEnd::InitialSilence => "initialSilenceTimeout",
        }
    }

    // The page knows a subcode for the longest time alone; what else ends well is the plain success.
    fn result(self) -> ResultInfo {
        match self {
            RecordEnd::StopTone | RecordEnd::MaxSilence => ResultInfo::COMPLETED,
            RecordEnd::MaxDuration => ResultInfo::RECORDED_TO_THE_END,
            RecordEnd::InitialSilence => ResultInfo::NOBODY_SPOKE,
        }
    }
}

/// A recording that can be fetched.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    /// The call's id.
    pub(crate) call: String,
    pub(crate) token: Secret,
    pub(crate) length: Duration,
    /// How much of it is speech; the rest is silence.
    pub(crate) speech: Duration,
}

impl World {
    /// Beeps where that is wanted, and then records.
    pub(super) fn beep(&mut self, now: Duration, call: &Call) {
        let Some(head) = call.playing.front() else { return };
        let beeps = head.record.as_ref().is_some_and(|record| record.beep);
        let due = if beeps { now + BEEP } else { now };
        self.enter(due, call, Step::Records(head.operation.id.clone()));
    }

    pub(super) fn record(&mut self, now: Duration, call: &mut Call, operation: &str) {
        // Whoever is muted or on hold may speak and is not heard.
        let audible = |id: &str| call.hold.as_ref().is_none_or(|hold| hold.participant != id);
        let speaker = call.peers.iter().find(|one| !one.muted && audible(&one.id));
        let speaker = speaker.map(|one| one.party.name.clone());
        let speech = match speaker {
            Some(_) => self.about(self.config.pace.speech),
            None => Duration::ZERO,
        };
        let head = call.playing.front_mut().filter(|head| head.operation.id == operation);
        let Some(record) = head.and_then(|head| head.record.as_mut()) else { return };
        record.running = Some(Running { since: now, speech });
        let (silent, end) = if speech.is_zero() {
            (record.initial_silence, RecordEnd::InitialSilence)
        } else {
            (speech.saturating_add(record.max_silence), RecordEnd::MaxSilence)
        };
        let (length, end) = if silent <= record.max_duration {
            (silent, end)
        } else {
            (record.max_duration, RecordEnd::MaxDuration)
        };
        self.enter(now + length, call, Step::RecordEnds(operation.to_owned(), end));
        let speaker = speaker.unwrap_or_else(|| "nobody".to_owned());
        self.happened(call, false, format!("{speaker} speaks"));
    }

    /// Ends the record that runs if this tone is to end it.
    pub(super) fn key_ends_record(&mut self, now: Duration, call: &mut Call, tone: &'static str) {
        let stops = |playing: &&Playing| {
            playing
                .record
                .as_ref()
                .is_some_and(|record| record.running.is_some() && record.stop_tones.contains(&tone))
        };
        if let Some(id) = call.playing.front().filter(stops).map(|head| head.operation.id.clone()) {
            self.end_record(now, call, &id, RecordEnd::StopTone);
        }
    }

    pub(super) fn end_record(&mut self, now: Duration, call: &mut Call, operation: &str, end: RecordEnd) {
        if call.playing.front().is_none_or(|head| head.operation.id != operation) {
            return;
        }
        let Some(done) = call.playing.pop_front() else { return };
        let running = done.record.as_ref().and_then(|record| record.running);
        match running.filter(|_| end != RecordEnd::InitialSilence) {
            Some(Running { since, speech }) => {
                let length = now.saturating_sub(since);
                let (location, token) = self.keep_recording(call, length, speech.min(length));
                let further = record_members(call.dialect, &location, &token, end.reason());
                self.notify_finished_with(call, &done.operation, end.result(), further);
            }
            None => self.notify_media_failed(call, &done, end.result(), end.reason()),
        }
        self.advance_prompts(now, call);
    }

    /// Keeps a recording, and returns where it lies and what opens it.
    fn keep_recording(&mut self, call: &mut Call, length: Duration, speech: Duration) -> (String, String) {
        let (key, id) = self.guid();
        let token = format!("{:032x}{:032x}", self.rng.u128(..), self.rng.u128(..));
        let recording = Recording { call: call.id.clone(), token: Secret(token.clone()), length, speech };
        self.recordings.insert(key, recording);
        call.recordings.push(key);
        (format!("{}/recordings/{id}", self.config.graph), token)
    }

    pub(super) fn discard_recordings(&mut self, call: &mut Call) {
        for key in call.recordings.drain(..) {
            self.recordings.remove(&key);
        }
    }
}

/// What the end of a recordResponse carries.
///
/// Graph reference: [`recordOperation`](https://learn.microsoft.com/graph/api/resources/recordoperation).
fn record_members(dialect: Dialect, location: &str, token: &str, reason: &str) -> Map<String, Value> {
    // Renamed in the summer of 2019.
    let names = match dialect {
        Dialect::Y2018 => ["recordResourceLocation", "recordResourceAccessToken"],
        Dialect::Wire | Dialect::DocsCurrent | Dialect::DocsLegacy => {
            ["recordingLocation", "recordingAccessToken"]
        }
    };
    let mut members: Map<_, _> =
        names.into_iter().map(str::to_owned).zip([json!(location), json!(token)]).collect();
    if !dialect.is_legacy() {
        members.insert("completionReason".to_owned(), json!(reason));
    }
    members
}

/// What the end of a playPrompt or recordResponse carries that came to nothing.
pub(super) fn failed_members(dialect: Dialect, playing: &Playing, reason: &str) -> Map<String, Value> {
    match playing.record {
        Some(_) => record_members(dialect, "", "", reason),
        None => Map::new(),
    }
}
