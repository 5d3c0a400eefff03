//! What a caller says into a recording.

use std::time::Duration;

use graph_calls_core::model::{CallbackUri, RecordResponseBody, Tone};

use super::{
    Prompt,
    options::{Options, options},
};
use crate::prompts::Sounds;

/// A recording of what the caller says: 120 seconds at the most, only with media that the service hosts.
///
/// It begins with the [`prompt`](Self::prompt) and a beep. Each of its times is 1 to 120 whole seconds.
///
/// Graph reference: [`call-record`](https://learn.microsoft.com/graph/api/call-record).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use graph_calls_bot::{Prompt, Recording};
///
/// let voicemail = Recording::new()
///     .prompt(Prompt::file("after-the-beep"))
///     .longest(Duration::from_secs(60))
///     .stop_on("#")
///     .named("voicemail");
/// # let _ = voicemail;
/// ```
#[derive(Debug, Clone, Default)]
pub struct Recording {
    prompt: Option<Prompt>,
    body: RecordResponseBody,
    stop_on: Option<String>,
    pub(crate) options: Options,
}

options!(Recording);

impl Recording {
    /// Of 5 seconds at the most, that begins within 5 seconds and ends after 5 seconds of silence.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is played first: one file or URL.
    #[must_use]
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.prompt = Some(prompt);
        self
    }

    /// How long it is at the most.
    #[must_use]
    pub fn longest(mut self, time: Duration) -> Self {
        self.body = self.body.with_max_record_duration(time);
        self
    }

    /// How long the caller may take to begin, from the end of the prompt.
    #[must_use]
    pub fn first_within(mut self, time: Duration) -> Self {
        self.body = self.body.with_initial_silence_timeout(time);
        self
    }

    /// The silence that ends it.
    #[must_use]
    pub fn silence(mut self, time: Duration) -> Self {
        self.body = self.body.with_max_silence_timeout(time);
        self
    }

    /// The keys of which each ends it, as `"#"` or `"*#"`.
    #[must_use]
    pub fn stop_on(mut self, keys: impl Into<String>) -> Self {
        self.stop_on = Some(keys.into());
        self
    }

    /// Whether it beeps before it records, which it does unless told otherwise.
    #[must_use]
    pub fn beep(mut self, beep: bool) -> Self {
        self.body = self.body.with_play_beep(beep);
        self
    }

    /// Whether it overtakes what plays, records or waits to; it does not unless told otherwise.
    #[must_use]
    pub fn barge_in(mut self, barge_in: bool) -> Self {
        self.body = self.body.with_barge_in_allowed(barge_in);
        self
    }

    pub(crate) fn into_body(
        self,
        sounds: &Sounds,
        callback: &CallbackUri,
    ) -> Result<RecordResponseBody, String> {
        let mut body = self.body;
        if let Some(prompt) = self.prompt {
            body = body.with_prompt(prompt.single(sounds, callback)?);
        }
        if let Some(keys) = self.stop_on {
            let tones: Option<Vec<_>> = keys.chars().map(Tone::from_key).collect();
            body = body
                .with_stop_tones(tones.ok_or("a key that ends the recording is none: 0 to 9, *, #, A to D")?);
        }
        Ok(body)
    }
}
