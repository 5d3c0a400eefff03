//! What a bot can ask of the whole call: the large gallery, a recording, a transcript.

use std::time::Duration;

use serde_json::json;

use super::{Call, Change, Finishing, Operation, ResultInfo, Step, World};
use crate::json::at;

/// What a bot can ask of the whole call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Feature {
    Gallery,
    /// By the service. What callers say into a recordResponse, and what a bot records by policy, are other things.
    Recording,
    Transcript,
}

impl World {
    /// Begins what the operation tells as done one notification from now. Returns whether it asks for anything new.
    pub(crate) fn begin(
        &mut self,
        now: Duration,
        call: &mut Call,
        operation: &Operation,
        feature: Feature,
    ) -> bool {
        let finishing = Finishing {
            feature: Some(feature),
            ..Finishing::with(operation, ResultInfo::COMPLETED, call.dialect)
        };
        self.finish_at(now + self.config.pace.step, call, finishing);
        call.features.insert(feature)
    }

    /// Ends the recording at once; the roster says so one notification from now. Returns whether there was one.
    pub(crate) fn stop_recording(&mut self, now: Duration, call: &mut Call) -> bool {
        let was = call.features.remove(&Feature::Recording);
        if was {
            call.shown.recording_status = Some("notRecording");
            self.enter(now + self.config.pace.step, call, Step::RosterChanges);
        }
        was
    }

    /// Ends the transcript at once; the bot is told one notification from now. Returns whether there was one.
    pub(crate) fn stop_transcript(&mut self, now: Duration, call: &mut Call) -> bool {
        let was = call.features.remove(&Feature::Transcript);
        if was {
            self.transcribe(now, call, "inactive");
            self.enter(now + self.config.pace.step, call, Step::TranscriptionChanges);
        }
        was
    }

    /// Does what an operation was for, when it ends.
    pub(super) fn bring_about(&mut self, now: Duration, call: &mut Call, feature: Feature) {
        // It may have been stopped meanwhile, and a repeat of it finds it done.
        let wanted = call.features.contains(&feature);
        match feature {
            Feature::Gallery if call.shown.gallery.is_empty() => {
                self.open_gallery(call);
                self.notify_roster(call);
            }
            Feature::Recording if wanted && call.shown.recording_status != Some("recording") => {
                call.shown.recording_status = Some("recording");
                self.notify_roster(call);
            }
            Feature::Transcript if wanted && !is_active(call) => {
                self.transcribe(now, call, "active");
                self.tell_transcription(call);
            }
            _ => {}
        }
    }

    fn transcribe(&mut self, now: Duration, call: &mut Call, state: &str) {
        call.transcription = Some(json!({
            "@odata.type": "#microsoft.graph.callTranscriptionInfo",
            "state": state,
            "lastModifiedDateTime": format!("{}Z", self.date(now)),
        }));
    }

    pub(super) fn tell_transcription(&mut self, call: &Call) {
        let transcription = json!(call.transcription);
        let members = [("state", json!(call.state.as_str())), ("transcription", transcription)];
        self.notify_call(call, Change::Updated, members);
    }
}

fn is_active(call: &Call) -> bool {
    call.transcription.as_ref().is_some_and(|one| at(one, "/state") == "active")
}
