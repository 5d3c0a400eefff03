//! What is played.

use graph_calls_core::model::{CallbackUri, MediaPrompt};
use serde::{Deserialize, Serialize};

use super::options::{Options, options};
use crate::prompts::Sounds;

/// Something to play.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    pub(crate) media: Vec<Source>,
    pub(crate) options: Options,
}

options!(Prompt);

impl Prompt {
    /// The prompt of this name in the bot's folder ([`BotBuilder::prompts`](crate::BotBuilder::prompts)): `menu` for
    /// `menu.wav`. An unknown name fails the command before it is sent.
    pub fn file(name: impl Into<String>) -> Self {
        Self { media: vec![Source::File(name.into())], options: Options::default() }
    }

    /// The WAV at a URL that the service can fetch: https, mono, 16 bit, 16 kHz. Plain http goes to the host of the
    /// configured emulator ([`BotBuilder::emulator`](crate::BotBuilder::emulator)); any other fails the command before it
    /// is sent.
    pub fn url(url: impl Into<String>) -> Self {
        Self { media: vec![Source::Url(url.into())], options: Options::default() }
    }

    /// And after it another prompt of the folder. At most 20.
    #[must_use]
    pub fn then_file(mut self, name: impl Into<String>) -> Self {
        self.media.push(Source::File(name.into()));
        self
    }

    /// And after it the WAV at another URL. At most 20.
    #[must_use]
    pub fn then_url(mut self, url: impl Into<String>) -> Self {
        self.media.push(Source::Url(url.into()));
        self
    }

    /// What the service is told to play, or why it cannot be.
    pub(crate) fn prompts(
        &self,
        sounds: &Sounds,
        callback: &CallbackUri,
    ) -> Result<Vec<MediaPrompt<'static>>, String> {
        let media = self.media.iter().map(|source| sounds.resolve(callback, source));
        media.map(|media| media.map(MediaPrompt::new)).collect()
    }

    /// The same, where the service takes one alone.
    pub(super) fn single(
        &self,
        sounds: &Sounds,
        callback: &CallbackUri,
    ) -> Result<MediaPrompt<'static>, String> {
        let mut prompts = self.prompts(sounds, callback)?.into_iter();
        match (prompts.next(), prompts.next()) {
            (Some(prompt), None) => Ok(prompt),
            _ => Err("only one prompt can be played here: leave out `then_file` and `then_url`".to_owned()),
        }
    }
}

/// Where a prompt comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Source {
    Url(String),
    File(String),
}
