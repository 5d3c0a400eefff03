//! Prompts: what the service plays, and the bodies that make it play.

use serde::Serialize;

use crate::{
    ClientContext, Integer, InvalidBody, Text, client_context::takes_client_context, wire::wire_struct,
};

/// The most prompts of one request: 20.
pub const MAX_PROMPTS: usize = 20;

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
        /// How often it is played: once unless told otherwise. Beta.
        pub loop_count: Option<Integer> = "loop",
    }
}

impl MediaPrompt<'_> {
    /// Plays the file at a URL.
    pub fn new(media: MediaInfo<'static>) -> MediaPrompt<'static> {
        MediaPrompt { media_info: Some(media), loop_count: None }
    }

    /// How often it is played. Beta.
    #[must_use]
    pub fn with_loop_count(mut self, count: u32) -> Self {
        self.loop_count = Some(Integer(count.into()));
        self
    }
}

/// The body that plays prompts, one after another. Only with media that the service hosts.
///
/// They queue up behind prompts and recordings that wait already. Audio flows only once the call's media state is
/// active.
///
/// Graph reference: [`call-playprompt`](https://learn.microsoft.com/graph/api/call-playprompt).
///
/// ```
/// use graph_calls_model::{MediaInfo, MediaPrompt, PlayPromptBody};
///
/// let files = ["https://bot.example/hello.wav", "https://bot.example/menu.wav"];
/// let body = PlayPromptBody::several(files.map(MediaInfo::new).map(MediaPrompt::new))?;
/// assert_eq!(serde_json::to_value(body)?["prompts"][1]["mediaInfo"]["uri"], files[1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayPromptBody {
    prompts: Vec<MediaPrompt<'static>>,
    #[serde(rename = "loop", skip_serializing_if = "Option::is_none")]
    endlessly: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_context: Option<ClientContext>,
}

takes_client_context!(PlayPromptBody);

impl PlayPromptBody {
    /// Plays a prompt.
    pub fn new(prompt: MediaPrompt<'static>) -> Self {
        Self { prompts: vec![prompt], endlessly: None, client_context: None }
    }

    /// Plays one after another.
    ///
    /// # Errors
    ///
    /// For no prompt or more than [`MAX_PROMPTS`].
    pub fn several(prompts: impl IntoIterator<Item = MediaPrompt<'static>>) -> Result<Self, InvalidBody> {
        let mut prompts = prompts.into_iter();
        let mut body = Self::new(prompts.next().ok_or_else(|| InvalidBody::none_of("prompts"))?);
        body.prompts.extend(prompts);
        if body.prompts.len() > MAX_PROMPTS {
            return Err(InvalidBody::too_many("prompts", body.prompts.len(), MAX_PROMPTS));
        }
        Ok(body)
    }

    /// Whether they begin again and again. Beta.
    #[must_use]
    pub fn with_loop(mut self, endlessly: bool) -> Self {
        self.endlessly = Some(endlessly);
        self
    }
}

/// The body that puts a participant on hold, with music. One participant at a time.
///
/// Taking the participant off hold takes a [`ClientContextBody`](crate::ClientContextBody).
///
/// Graph reference: [`participant-startholdmusic`](https://learn.microsoft.com/graph/api/participant-startholdmusic).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StartHoldMusicBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_prompt: Option<MediaPrompt<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_context: Option<ClientContext>,
}

takes_client_context!(StartHoldMusicBody);

impl StartHoldMusicBody {
    /// Plays the service's own music.
    pub fn new() -> Self {
        Self::default()
    }

    /// Plays this instead.
    #[must_use]
    pub fn with_custom_prompt(mut self, prompt: MediaPrompt<'static>) -> Self {
        self.custom_prompt = Some(prompt);
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn beep() -> MediaPrompt<'static> {
        MediaPrompt::new(MediaInfo::new("https://cdn.contoso.com/beep.wav").with_resource_id("1D6DE2D4"))
    }

    fn beep_json() -> Value {
        json!({
            "@odata.type": "#microsoft.graph.mediaPrompt",
            "mediaInfo": {
                "@odata.type": "#microsoft.graph.mediaInfo",
                "uri": "https://cdn.contoso.com/beep.wav",
                "resourceId": "1D6DE2D4",
            },
        })
    }

    #[test]
    fn a_prompt_goes_out_with_its_file() {
        let body = PlayPromptBody::new(beep()).with_client_context(ClientContext::new("d45324c1").unwrap());
        assert_eq!(
            serde_json::to_value(&body).unwrap(),
            json!({"prompts": [beep_json()], "clientContext": "d45324c1"})
        );
        let endless = serde_json::to_value(body.with_loop(true)).unwrap();
        assert_eq!(endless["loop"], true);
    }

    #[test]
    fn a_prompt_may_say_itself_how_often_it_is_played() {
        let written = serde_json::to_value(beep().with_loop_count(5)).unwrap();
        assert_eq!(written["loop"], 5);
    }

    #[test]
    fn one_to_twenty_prompts_are_played() {
        for (count, good) in [(0, false), (1, true), (20, true), (21, false)] {
            assert_eq!(PlayPromptBody::several(vec![beep(); count]).is_ok(), good, "{count}");
        }
    }

    #[test]
    fn hold_music_is_the_services_own_or_a_prompt() {
        assert_eq!(serde_json::to_value(StartHoldMusicBody::new()).unwrap(), json!({}));
        let body = StartHoldMusicBody::new().with_custom_prompt(beep());
        let body = body.with_client_context(ClientContext::new("d45324c1").unwrap());
        assert_eq!(
            serde_json::to_value(body).unwrap(),
            json!({"customPrompt": beep_json(), "clientContext": "d45324c1"})
        );
    }
}
