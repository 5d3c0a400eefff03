//! Recording what a caller says.

use std::{ops::RangeInclusive, time::Duration};

use serde::{Serialize, Serializer};

use crate::{
    ClientContext, InvalidBody, MediaPrompt, Tone, client_context::takes_client_context, duration::Seconds,
};

/// The longest recording, and the longest silence that one waits through: 120 seconds.
pub const MAX_RECORDING: Duration = Duration::from_secs(120);

const TAKEN: RangeInclusive<Duration> = Duration::from_secs(1)..=MAX_RECORDING;

/// The body that plays a prompt and records the answer. Only with media that the service hosts.
///
/// Unless told otherwise it waits 5 seconds for the answer to begin, ends it after 5 seconds of silence, records 5
/// seconds at most and beeps first. All three times may be 1 to 120 seconds.
///
/// The recording's address and token come with the notification of the operation. Fetch it at once: the service
/// keeps it for a short time only.
///
/// Graph reference: [`call-record`](https://learn.microsoft.com/graph/api/call-record).
///
/// ```
/// use std::time::Duration;
///
/// use graph_calls_model::{MediaInfo, MediaPrompt, RecordResponseBody, Tone};
///
/// let body = RecordResponseBody::new()
///     .with_prompt(MediaPrompt::new(MediaInfo::new("https://bot.example/after-the-beep.wav")))
///     .with_max_record_duration(Duration::from_secs(30))
///     .with_stop_tones([Tone::Pound]);
/// body.validate()?;
/// let json = serde_json::to_value(body)?;
/// assert_eq!(json["maxRecordDurationInSeconds"], 30);
/// assert_eq!(json["stopTones"][0], "#");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordResponseBody {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    prompts: Vec<MediaPrompt<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    barge_in_allowed: Option<bool>,
    #[serde(rename = "initialSilenceTimeoutInSeconds", skip_serializing_if = "Option::is_none")]
    initial_silence_timeout: Option<Seconds>,
    #[serde(rename = "maxSilenceTimeoutInSeconds", skip_serializing_if = "Option::is_none")]
    max_silence_timeout: Option<Seconds>,
    #[serde(rename = "maxRecordDurationInSeconds", skip_serializing_if = "Option::is_none")]
    max_record_duration: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    play_beep: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_tones: Vec<StopTone>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_context: Option<ClientContext>,
}

takes_client_context!(RecordResponseBody);

impl RecordResponseBody {
    /// Records without a prompt.
    pub fn new() -> Self {
        Self::default()
    }

    /// Plays this first. There is one at most: the last one given.
    #[must_use]
    pub fn with_prompt(mut self, prompt: MediaPrompt<'static>) -> Self {
        self.prompts = vec![prompt];
        self
    }

    /// Whether it overtakes what plays, records or waits.
    #[must_use]
    pub fn with_barge_in_allowed(mut self, allowed: bool) -> Self {
        self.barge_in_allowed = Some(allowed);
        self
    }

    /// How long it waits behind the prompt for the answer to begin: 1 to 120 whole seconds.
    #[must_use]
    pub fn with_initial_silence_timeout(mut self, timeout: Duration) -> Self {
        self.initial_silence_timeout = Some(Seconds(timeout));
        self
    }

    /// The silence that ends the answer: 1 to 120 whole seconds.
    #[must_use]
    pub fn with_max_silence_timeout(mut self, timeout: Duration) -> Self {
        self.max_silence_timeout = Some(Seconds(timeout));
        self
    }

    /// How long it records at most: 1 to 120 whole seconds.
    #[must_use]
    pub fn with_max_record_duration(mut self, duration: Duration) -> Self {
        self.max_record_duration = Some(Seconds(duration));
        self
    }

    /// Whether it beeps before it records.
    #[must_use]
    pub fn with_play_beep(mut self, beep: bool) -> Self {
        self.play_beep = Some(beep);
        self
    }

    /// The keys that end the answer.
    #[must_use]
    pub fn with_stop_tones(mut self, tones: impl IntoIterator<Item = Tone<'static>>) -> Self {
        self.stop_tones = tones.into_iter().map(StopTone).collect();
        self
    }

    /// Checks what the service documents, before anything is sent.
    ///
    /// # Errors
    ///
    /// For a time that is not 1 to 120 whole seconds, or a stop tone that has no character ([`Tone::key`]).
    pub fn validate(&self) -> Result<(), InvalidBody> {
        for (member, time) in [
            ("initialSilenceTimeoutInSeconds", self.initial_silence_timeout),
            ("maxSilenceTimeoutInSeconds", self.max_silence_timeout),
            ("maxRecordDurationInSeconds", self.max_record_duration),
        ] {
            time.map_or(Ok(()), |time| time.check(member, TAKEN))?;
        }
        for (at, StopTone(tone)) in self.stop_tones.iter().enumerate() {
            if tone.key().is_none() {
                let why = format!("`{tone}` has no character: give 0 to 9, *, # or A to D");
                return Err(InvalidBody::new(format!("stopTones[{at}]"), why));
            }
        }
        Ok(())
    }
}

/// A tone that goes out as the character on its key: here alone the service wants no names.
#[derive(Debug, Clone, PartialEq)]
struct StopTone(Tone<'static>);

impl Serialize for StopTone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.key() {
            Some(key) => serializer.serialize_char(key),
            None => self.0.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::MediaInfo;

    #[test]
    fn a_full_body_has_seconds_and_the_characters_of_its_keys() {
        let beep = MediaInfo::new("https://cdn.contoso.com/beep.wav").with_resource_id("1D6DE2D4");
        let body = RecordResponseBody::new()
            .with_barge_in_allowed(true)
            .with_client_context(ClientContext::new("d45324c1").unwrap())
            .with_prompt(MediaPrompt::new(beep))
            .with_max_record_duration(Duration::from_secs(10))
            .with_initial_silence_timeout(Duration::from_secs(5))
            .with_max_silence_timeout(Duration::from_secs(2))
            .with_play_beep(true)
            .with_stop_tones([Tone::Pound, Tone::Tone1, Tone::Star]);
        assert_eq!(body.validate(), Ok(()));
        assert_eq!(
            serde_json::to_value(body).unwrap(),
            json!({
                "bargeInAllowed": true,
                "clientContext": "d45324c1",
                "prompts": [{
                    "@odata.type": "#microsoft.graph.mediaPrompt",
                    "mediaInfo": {
                        "@odata.type": "#microsoft.graph.mediaInfo",
                        "uri": "https://cdn.contoso.com/beep.wav",
                        "resourceId": "1D6DE2D4",
                    },
                }],
                "maxRecordDurationInSeconds": 10,
                "initialSilenceTimeoutInSeconds": 5,
                "maxSilenceTimeoutInSeconds": 2,
                "playBeep": true,
                "stopTones": ["#", "1", "*"],
            })
        );
    }

    #[test]
    fn what_was_not_told_is_not_sent() {
        assert_eq!(serde_json::to_value(RecordResponseBody::new()).unwrap(), json!({}));
    }

    #[test]
    fn each_time_is_one_second_to_two_minutes() {
        let bodies = |seconds| {
            let time = Duration::from_secs(seconds);
            [
                RecordResponseBody::new().with_initial_silence_timeout(time),
                RecordResponseBody::new().with_max_silence_timeout(time),
                RecordResponseBody::new().with_max_record_duration(time),
            ]
        };
        for (seconds, good) in [(0, false), (1, true), (120, true), (121, false), (1800, false)] {
            for body in bodies(seconds) {
                assert_eq!(body.validate().is_ok(), good, "{seconds}: {body:?}");
            }
        }
        let members = bodies(0).map(|body| body.validate().unwrap_err().member().to_owned());
        assert_eq!(
            members,
            ["initialSilenceTimeoutInSeconds", "maxSilenceTimeoutInSeconds", "maxRecordDurationInSeconds"]
        );
    }

    #[test]
    fn the_hook_ends_no_answer() {
        let error =
            RecordResponseBody::new().with_stop_tones([Tone::Pound, Tone::Flash]).validate().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`stopTones[1]`: `flash` has no character: give 0 to 9, *, # or A to D"
        );
    }
}
