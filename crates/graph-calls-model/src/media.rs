//! Media: what a call carries, and where it is handled.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    MediaInfo, SecretText, Text,
    open_enum::open_enum,
    wire::{is_type, wire_struct, wire_value},
};

open_enum! {
    /// A kind of media.
    ///
    /// Graph reference: [`call`](https://learn.microsoft.com/graph/api/resources/call).
    pub enum Modality {
        /// Not told. Beta.
        Unknown = "unknown",
        /// Audio.
        Audio = "audio",
        /// Video.
        Video = "video",
        /// A shared screen, as video.
        VideoBasedScreenSharing = "videoBasedScreenSharing",
        /// Data.
        Data = "data",
    }
}

open_enum! {
    /// Whether media flows.
    ///
    /// Graph reference: [`callMediaState`](https://learn.microsoft.com/graph/api/resources/callmediastate).
    pub enum MediaState {
        /// It flows: prompts can be played.
        Active = "active",
        /// It does not.
        Inactive = "inactive",
    }
}

wire_struct! {
    /// Whether the media of a call flows.
    ///
    /// Graph reference: [`callMediaState`](https://learn.microsoft.com/graph/api/resources/callmediastate).
    pub struct CallMediaState<'a> as "#microsoft.graph.callMediaState" {
        /// The audio.
        pub audio: Option<MediaState<'a>> = "audio",
    }
}

open_enum! {
    /// Which way a stream flows.
    ///
    /// Graph reference: [`mediaStream`](https://learn.microsoft.com/graph/api/resources/mediastream).
    pub enum MediaDirection {
        /// Neither way.
        Inactive = "inactive",
        /// From the participant.
        SendOnly = "sendOnly",
        /// To the participant.
        ReceiveOnly = "receiveOnly",
        /// Both ways.
        SendReceive = "sendReceive",
    }
}

wire_struct! {
    /// One stream of a participant.
    ///
    /// Graph reference: [`mediaStream`](https://learn.microsoft.com/graph/api/resources/mediastream).
    pub struct MediaStream<'a> as "#microsoft.graph.mediaStream" {
        /// Which way it flows.
        pub direction: Option<MediaDirection<'a>> = "direction",
        /// The kind of media.
        pub media_type: Option<Modality<'a>> = "mediaType",
        /// The stream's id.
        pub source_id: Option<Text<'a>> = "sourceId",
        /// What the stream is for.
        pub label: Option<Text<'a>> = "label",
        /// Whether the service muted it.
        pub server_muted: Option<bool> = "serverMuted",
    }
}

/// Where the media of a call is handled.
///
/// Graph reference: [`mediaConfig`](https://learn.microsoft.com/graph/api/resources/mediaconfig).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MediaConfig<'a> {
    /// By the service: prompts, recordings and tones.
    ServiceHosted(ServiceHostedMediaConfig<'a>),
    /// By a media host beside the bot.
    AppHosted(AppHostedMediaConfig<'a>),
    /// A kind this version does not know, by its `@odata.type`.
    Other(Text<'a>),
}

impl MediaConfig<'_> {
    /// Media handled by the service, nothing fetched ahead.
    pub fn service_hosted() -> MediaConfig<'static> {
        MediaConfig::ServiceHosted(ServiceHostedMediaConfig::default())
    }

    /// Media handled by a media host of the app's own, which made the blob.
    pub fn app_hosted(blob: impl Into<String>) -> MediaConfig<'static> {
        MediaConfig::AppHosted(AppHostedMediaConfig::new(blob))
    }
}

wire_struct! {
    /// Media handled by the service.
    ///
    /// Graph reference:
    /// [`serviceHostedMediaConfig`](https://learn.microsoft.com/graph/api/resources/servicehostedmediaconfig).
    ///
    /// ```
    /// use graph_calls_model::{AnswerCallBody, CallbackUri, MediaInfo, ServiceHostedMediaConfig};
    ///
    /// let menu = MediaInfo::new("https://bot.example/menu.wav").with_resource_id("menu");
    /// let media = ServiceHostedMediaConfig::new().with_pre_fetch_media([menu]);
    /// let body = AnswerCallBody::new(CallbackUri::new("https://bot.example/api/calls")?).with_media_config(media);
    /// assert_eq!(serde_json::to_value(body)?["mediaConfig"]["preFetchMedia"][0]["resourceId"], "menu");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct ServiceHostedMediaConfig<'a> as "#microsoft.graph.serviceHostedMediaConfig" {
        /// Files to fetch ahead.
        pub pre_fetch_media: Vec<MediaInfo<'a>> = "preFetchMedia",
        /// Whether the bot stays out of the default audio mix. v1.0 examples send it too. Beta.
        pub remove_from_default_audio_group: Option<bool> = "removeFromDefaultAudioGroup",
    }
}

impl ServiceHostedMediaConfig<'_> {
    /// Nothing fetched ahead.
    pub fn new() -> ServiceHostedMediaConfig<'static> {
        ServiceHostedMediaConfig::default()
    }
}

impl<'a> ServiceHostedMediaConfig<'a> {
    /// Files to fetch ahead, so that they begin at once when they are played.
    #[must_use]
    pub fn with_pre_fetch_media(mut self, files: impl IntoIterator<Item = MediaInfo<'a>>) -> Self {
        self.pre_fetch_media = files.into_iter().collect();
        self
    }

    /// Whether the bot stays out of the default audio mix. v1.0 examples send it too. Beta.
    #[must_use]
    pub fn with_remove_from_default_audio_group(mut self, remove: bool) -> Self {
        self.remove_from_default_audio_group = Some(remove);
        self
    }
}

wire_struct! {
    /// Media handled by a media host of the app's own.
    ///
    /// Graph reference: [`appHostedMediaConfig`](https://learn.microsoft.com/graph/api/resources/apphostedmediaconfig).
    pub struct AppHostedMediaConfig<'a> as "#microsoft.graph.appHostedMediaConfig" {
        /// What the media host made.
        pub blob: Option<SecretText<'a>> = "blob",
        /// Whether the bot stays out of the default audio mix. v1.0 examples send it too. Beta.
        pub remove_from_default_audio_group: Option<bool> = "removeFromDefaultAudioGroup",
    }
}

impl AppHostedMediaConfig<'_> {
    /// What the media host made.
    pub fn new(blob: impl Into<String>) -> AppHostedMediaConfig<'static> {
        AppHostedMediaConfig {
            blob: Some(SecretText::from(blob.into())),
            remove_from_default_audio_group: None,
        }
    }

    /// Whether the bot stays out of the default audio mix. v1.0 examples send it too. Beta.
    #[must_use]
    pub fn with_remove_from_default_audio_group(mut self, remove: bool) -> Self {
        self.remove_from_default_audio_group = Some(remove);
        self
    }
}

impl<'a> From<ServiceHostedMediaConfig<'a>> for MediaConfig<'a> {
    fn from(config: ServiceHostedMediaConfig<'a>) -> Self {
        MediaConfig::ServiceHosted(config)
    }
}

impl<'a> From<AppHostedMediaConfig<'a>> for MediaConfig<'a> {
    fn from(config: AppHostedMediaConfig<'a>) -> Self {
        MediaConfig::AppHosted(config)
    }
}

wire_struct! {
    /// All members that any media configuration has, to be sorted by type.
    struct AnyMediaConfig<'a> {
        odata_type: Option<Text<'a>> = "@odata.type",
        pre_fetch_media: Vec<MediaInfo<'a>> = "preFetchMedia",
        blob: Option<SecretText<'a>> = "blob",
        remove_from_default_audio_group: Option<bool> = "removeFromDefaultAudioGroup",
    }
}

impl<'a> AnyMediaConfig<'a> {
    fn service_hosted(self) -> MediaConfig<'a> {
        MediaConfig::ServiceHosted(ServiceHostedMediaConfig {
            pre_fetch_media: self.pre_fetch_media,
            remove_from_default_audio_group: self.remove_from_default_audio_group,
        })
    }

    fn app_hosted(self) -> MediaConfig<'a> {
        MediaConfig::AppHosted(AppHostedMediaConfig {
            blob: self.blob,
            remove_from_default_audio_group: self.remove_from_default_audio_group,
        })
    }
}

impl MediaConfig<'_> {
    /// Copies what is borrowed.
    pub fn into_owned(self) -> MediaConfig<'static> {
        match self {
            MediaConfig::ServiceHosted(config) => MediaConfig::ServiceHosted(config.into_owned()),
            MediaConfig::AppHosted(config) => MediaConfig::AppHosted(config.into_owned()),
            MediaConfig::Other(name) => MediaConfig::Other(name.into_owned()),
        }
    }
}

wire_value!(MediaConfig);

impl Serialize for MediaConfig<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            MediaConfig::ServiceHosted(config) => config.serialize(serializer),
            MediaConfig::AppHosted(config) => config.serialize(serializer),
            MediaConfig::Other(name) => serializer.collect_map([("@odata.type", name)]),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for MediaConfig<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let any = AnyMediaConfig::deserialize(deserializer)?;
        let named = |name: &str| any.odata_type.as_deref().is_some_and(|full| is_type(full, name));
        let untyped = any.odata_type.is_none();
        Ok(if named("appHostedMediaConfig") || untyped && any.blob.is_some() {
            any.app_hosted()
        } else if named("serviceHostedMediaConfig") || untyped {
            any.service_hosted()
        } else {
            MediaConfig::Other(any.odata_type.unwrap_or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_configuration_is_sorted_by_its_type_or_by_what_it_has() {
        let read = |text: &'static str| serde_json::from_str::<MediaConfig<'static>>(text).unwrap();
        assert_eq!(read("{}"), MediaConfig::service_hosted());
        assert_eq!(read(r#"{"blob": "b"}"#), MediaConfig::app_hosted("b"));
        let typed = read(r##"{"blob": "b", "@odata.type": "#Microsoft.Graph.AppHostedMediaConfig"}"##);
        assert_eq!(typed, MediaConfig::app_hosted("b"));
        let other = read(r##"{"blob": "b", "@odata.type": "#microsoft.graph.newMediaConfig"}"##);
        assert_eq!(other, MediaConfig::Other("#microsoft.graph.newMediaConfig".into()));
    }

    #[test]
    fn both_kinds_may_leave_the_default_audio_mix() {
        let app: MediaConfig<'_> =
            AppHostedMediaConfig::new("b").with_remove_from_default_audio_group(false).into();
        let json = json!({
            "@odata.type": "#microsoft.graph.appHostedMediaConfig",
            "blob": "b",
            "removeFromDefaultAudioGroup": false,
        });
        assert_eq!(serde_json::to_value(&app).unwrap(), json);
        assert_eq!(serde_json::from_str::<MediaConfig<'_>>(&json.to_string()).unwrap(), app);

        let service: MediaConfig<'_> =
            ServiceHostedMediaConfig::new().with_remove_from_default_audio_group(true).into();
        let text = serde_json::to_string(&service).unwrap();
        assert_eq!(serde_json::from_str::<MediaConfig<'_>>(&text).unwrap(), service);
    }
}
