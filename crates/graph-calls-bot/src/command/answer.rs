//! How a call is answered.

use graph_calls_core::model::{CallbackUri, MediaConfig, Modality};

use super::options::{Options, options};
use crate::MediaSession;

/// How a call is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(crate) media: MediaConfig<'static>,
    pub(crate) modalities: Vec<Modality<'static>>,
    pub(crate) callback: Option<CallbackUri>,
    pub(crate) capacity: Option<u32>,
    pub(crate) session: Option<Box<MediaSession>>,
    pub(crate) prefetch: Vec<String>,
    pub(crate) options: Options,
}

options!(Answer);

impl Answer {
    /// With audio that the service hosts: prompts, recordings and tones.
    pub fn service_media() -> Self {
        Self {
            media: MediaConfig::service_hosted(),
            modalities: vec![Modality::Audio],
            callback: None,
            capacity: None,
            session: None,
            prefetch: Vec::new(),
            options: Options::default(),
        }
    }

    /// With media handled as this configuration says.
    pub fn media(config: MediaConfig<'static>) -> Self {
        Self { media: config, ..Self::service_media() }
    }

    /// With media that a [media host](crate::MediaHost) moves: prompts, recordings and keys of the service do not exist then,
    /// and fail before they are sent.
    pub fn hosted_media(session: MediaSession) -> Self {
        let config = MediaConfig::app_hosted(session.expose_blob());
        Self { session: Some(Box::new(session)), ..Self::media(config) }
    }

    /// For this many recorded participants; policy-based recording only.
    #[must_use]
    pub fn capacity(mut self, participants: u32) -> Self {
        self.capacity = Some(participants);
        self
    }

    /// With these prompts of the bot's folder fetched ahead, so that they begin at once when they are played. An unknown
    /// name fails the answer.
    #[must_use]
    pub fn prefetch(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.prefetch.extend(names.into_iter().map(Into::into));
        self
    }

    /// With these kinds of media instead of audio alone.
    #[must_use]
    pub fn modalities(mut self, modalities: impl IntoIterator<Item = Modality<'static>>) -> Self {
        self.modalities = modalities.into_iter().collect();
        self
    }

    /// With notifications to another address than the bot's own, which then never sees the call again.
    #[must_use]
    pub fn callback_uri(mut self, uri: CallbackUri) -> Self {
        self.callback = Some(uri);
        self
    }
}
