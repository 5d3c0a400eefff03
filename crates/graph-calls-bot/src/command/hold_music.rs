//! Who is put on hold.

use graph_calls_core::model::{CallbackUri, ParticipantId, StartHoldMusicBody};

use super::{
    Prompt,
    options::{Options, options},
};
use crate::prompts::Sounds;

/// A participant of a group call who is put on hold, one at a time. A [`ParticipantId`] becomes one.
///
/// Graph reference: [`participant-startholdmusic`](https://learn.microsoft.com/graph/api/participant-startholdmusic).
///
/// # Examples
///
/// ```
/// use graph_calls_bot::{HoldMusic, Prompt, model::ParticipantId};
///
/// let music = HoldMusic::of(ParticipantId::new("7e1b")?).prompt(Prompt::file("waltz"));
/// # let _ = music;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct HoldMusic {
    pub(crate) participant: ParticipantId,
    prompt: Option<Prompt>,
    pub(crate) options: Options,
}

options!(HoldMusic);

impl HoldMusic {
    /// For this participant, with the music of the service.
    pub fn of(participant: ParticipantId) -> Self {
        Self { participant, prompt: None, options: Options::default() }
    }

    /// With this music instead: one file or URL.
    #[must_use]
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.prompt = Some(prompt);
        self
    }

    pub(crate) fn body(&self, sounds: &Sounds, callback: &CallbackUri) -> Result<StartHoldMusicBody, String> {
        Ok(match &self.prompt {
            Some(prompt) => StartHoldMusicBody::new().with_custom_prompt(prompt.single(sounds, callback)?),
            None => StartHoldMusicBody::new(),
        })
    }
}

impl From<ParticipantId> for HoldMusic {
    fn from(participant: ParticipantId) -> Self {
        Self::of(participant)
    }
}
