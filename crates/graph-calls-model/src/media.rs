//! Media: what a call carries, prompts and tones.

use serde::Serialize;

use crate::{
    ClientContext, Integer, InvalidBody, SecretText, Text,
    open_enum::open_enum,
    wire::{IntoOwned, wire_struct},
};

/// The most prompts of one request.
pub const MAX_PROMPTS: usize = 20;

open_enum! {
    /// A kind of media.
    ///
    /// Graph reference: [`call`](https://learn.microsoft.com/graph/api/resources/call).
    pub enum Modality {
        /// Not told; beta.
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

wire_struct! {
    /// A media file that the service can fetch: WAV, mono, 16 bit, 16 kHz.
    ///
    /// Graph reference: [`mediaInfo`](https://learn.microsoft.com/graph/api/resources/mediainfo).
    pub struct MediaInfo<'a> as "#microsoft.graph.mediaInfo" {
        /// Where it lies.
        pub uri: Option<Text<'a>> = "uri",
        /// The key under which the service keeps it.
        pub resource_id: Option<Text<'a>> = "resourceId",
    }
}

impl MediaInfo<'_> {
    /// The file at a URL.
    pub fn new(uri: impl Into<String>) -> MediaInfo<'static> {
        MediaInfo { uri: Some(Text::from(uri.into())), resource_id: None }
    }

    /// The key under which the service keeps the file.
    #[must_use]
    pub fn with_resource_id(mut self, id: impl Into<String>) -> Self {
        self.resource_id = Some(Text::from(id.into()));
        self
    }
}

wire_struct! {
    /// A prompt to play.
    ///
    /// Graph reference: [`mediaPrompt`](https://learn.microsoft.com/graph/api/resources/mediaprompt).
    pub struct MediaPrompt<'a> as "#microsoft.graph.mediaPrompt" {
        /// The file.
        pub media_info: Option<MediaInfo<'a>> = "mediaInfo",
    }
}

impl MediaPrompt<'_> {
    /// Plays the file at a URL.
    pub fn new(media: MediaInfo<'static>) -> MediaPrompt<'static> {
        MediaPrompt { media_info: Some(media) }
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
}

wire_struct! {
    /// Media handled by the service.
    ///
    /// Graph reference:
    /// [`serviceHostedMediaConfig`](https://learn.microsoft.com/graph/api/resources/servicehostedmediaconfig).
    pub struct ServiceHostedMediaConfig<'a> as "#microsoft.graph.serviceHostedMediaConfig" {
        /// Files to fetch ahead.
        pub pre_fetch_media: Vec<MediaInfo<'a>> = "preFetchMedia",
    }
}

wire_struct! {
    /// Media handled by a media host of the app's own.
    ///
    /// Graph reference: [`appHostedMediaConfig`](https://learn.microsoft.com/graph/api/resources/apphostedmediaconfig).
    pub struct AppHostedMediaConfig<'a> as "#microsoft.graph.appHostedMediaConfig" {
        /// What the media host made.
        pub blob: Option<SecretText<'a>> = "blob",
    }
}

wire_struct! {
    /// All members that any media configuration has, to be sorted by type.
    struct AnyMediaConfig<'a> {
        odata_type: Option<Text<'a>> = "@odata.type",
        pre_fetch_media: Vec<MediaInfo<'a>> = "preFetchMedia",
        blob: Option<SecretText<'a>> = "blob",
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

impl IntoOwned for MediaConfig<'_> {
    type Owned = MediaConfig<'static>;
    fn into_owned(self) -> MediaConfig<'static> {
        MediaConfig::into_owned(self)
    }
}

impl Serialize for MediaConfig<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            MediaConfig::ServiceHosted(config) => config.serialize(serializer),
            MediaConfig::AppHosted(config) => config.serialize(serializer),
            MediaConfig::Other(name) => serializer.collect_map([("@odata.type", name)]),
        }
    }
}

impl<'de: 'a, 'a> serde::Deserialize<'de> for MediaConfig<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let any = AnyMediaConfig::deserialize(deserializer)?;
        let name = any.odata_type.as_deref().map(crate::wire::type_name);
        Ok(match name {
            Some(name) if name.eq_ignore_ascii_case("appHostedMediaConfig") => {
                MediaConfig::app_hosted(any.blob)
            }
            Some(name) if name.eq_ignore_ascii_case("serviceHostedMediaConfig") => {
                MediaConfig::ServiceHosted(ServiceHostedMediaConfig { pre_fetch_media: any.pre_fetch_media })
            }
            Some(_) => MediaConfig::Other(any.odata_type.unwrap_or_default()),
            None if any.blob.is_some() => MediaConfig::app_hosted(any.blob),
            None => {
                MediaConfig::ServiceHosted(ServiceHostedMediaConfig { pre_fetch_media: any.pre_fetch_media })
            }
        })
    }
}

impl<'a> MediaConfig<'a> {
    fn app_hosted(blob: Option<SecretText<'a>>) -> Self {
        MediaConfig::AppHosted(AppHostedMediaConfig { blob })
    }
}

open_enum! {
    /// A key of the phone.
    ///
    /// Graph reference: [`toneInfo`](https://learn.microsoft.com/graph/api/resources/toneinfo).
    pub enum Tone {
        /// 0
        Tone0 = "tone0",
        /// 1
        Tone1 = "tone1",
        /// 2
        Tone2 = "tone2",
        /// 3
        Tone3 = "tone3",
        /// 4
        Tone4 = "tone4",
        /// 5
        Tone5 = "tone5",
        /// 6
        Tone6 = "tone6",
        /// 7
        Tone7 = "tone7",
        /// 8
        Tone8 = "tone8",
        /// 9
        Tone9 = "tone9",
        /// `*`
        Star = "star",
        /// `#`
        Pound = "pound",
        /// A
        A = "a",
        /// B
        B = "b",
        /// C
        C = "c",
        /// D
        D = "d",
        /// The hook.
        Flash = "flash",
    }
}

impl Tone<'_> {
    /// The key's character: `0` to `9`, `*`, `#`, `A` to `D`. The hook has none.
    pub fn key(&self) -> Option<char> {
        Some(match self {
            Tone::Tone0 => '0',
            Tone::Tone1 => '1',
            Tone::Tone2 => '2',
            Tone::Tone3 => '3',
            Tone::Tone4 => '4',
            Tone::Tone5 => '5',
            Tone::Tone6 => '6',
            Tone::Tone7 => '7',
            Tone::Tone8 => '8',
            Tone::Tone9 => '9',
            Tone::Star => '*',
            Tone::Pound => '#',
            Tone::A => 'A',
            Tone::B => 'B',
            Tone::C => 'C',
            Tone::D => 'D',
            Tone::Flash | Tone::Other(_) => return None,
        })
    }

    /// The tone of a key's character.
    pub fn from_key(key: char) -> Option<Tone<'static>> {
        Some(match key.to_ascii_uppercase() {
            '0' => Tone::Tone0,
            '1' => Tone::Tone1,
            '2' => Tone::Tone2,
            '3' => Tone::Tone3,
            '4' => Tone::Tone4,
            '5' => Tone::Tone5,
            '6' => Tone::Tone6,
            '7' => Tone::Tone7,
            '8' => Tone::Tone8,
            '9' => Tone::Tone9,
            '*' => Tone::Star,
            '#' => Tone::Pound,
            'A' => Tone::A,
            'B' => Tone::B,
            'C' => Tone::C,
            'D' => Tone::D,
            _ => return None,
        })
    }
}

wire_struct! {
    /// One pressed key.
    ///
    /// Graph reference: [`toneInfo`](https://learn.microsoft.com/graph/api/resources/toneinfo).
    pub struct ToneInfo<'a> as "#microsoft.graph.toneInfo" {
        /// The order of the keys; it starts anywhere.
        pub sequence_id: Option<Integer> = "sequenceId",
        /// The key.
        pub tone: Option<Tone<'a>> = "tone",
    }
}

/// The body that plays prompts.
///
/// Graph reference: [`call-playprompt`](https://learn.microsoft.com/graph/api/call-playprompt).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayPromptBody {
    prompts: Vec<MediaPrompt<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_context: Option<ClientContext>,
}

impl PlayPromptBody {
    /// Plays a prompt.
    pub fn new(prompt: MediaPrompt<'static>) -> Self {
        Self { prompts: vec![prompt], client_context: None }
    }

    /// Plays one more after it. At most 20.
    #[must_use]
    pub fn with_prompt(mut self, prompt: MediaPrompt<'static>) -> Self {
        self.prompts.push(prompt);
        self
    }

    /// The caller's own key for the operation.
    #[must_use]
    pub fn with_client_context(mut self, context: ClientContext) -> Self {
        self.client_context = Some(context);
        self
    }

    /// The caller's own key, if one was given.
    pub fn client_context(&self) -> Option<&ClientContext> {
        self.client_context.as_ref()
    }

    /// Checks what the service documents, before anything is sent.
    ///
    /// # Errors
    ///
    /// For more than [`MAX_PROMPTS`] prompts.
    pub fn validate(&self) -> Result<(), InvalidBody> {
        if self.prompts.len() > MAX_PROMPTS {
            return Err(InvalidBody::too_many("prompts", self.prompts.len(), MAX_PROMPTS));
        }
        Ok(())
    }
}

/// The body that asks for a notification per pressed key.
///
/// Graph reference: [`call-subscribetotone`](https://learn.microsoft.com/graph/api/call-subscribetotone).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscribeToToneBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    client_context: Option<ClientContext>,
}

impl SubscribeToToneBody {
    /// Asks for the keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// The caller's own key for the operation.
    #[must_use]
    pub fn with_client_context(mut self, context: ClientContext) -> Self {
        self.client_context = Some(context);
        self
    }

    /// The caller's own key, if one was given.
    pub fn client_context(&self) -> Option<&ClientContext> {
        self.client_context.as_ref()
    }
}
