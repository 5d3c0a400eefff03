//! What a handler decides: commands, kept in the outbox, each of which becomes one request.

use std::{borrow::Cow, fmt, time::Duration};

use bytes::Bytes;
use graph_calls_core::{
    ApiRequest, ApiVersion, RawRequest, Repeat,
    model::{
        CallbackUri, IdentitySet, InvitationParticipantInfo, MediaConfig, MediaInfo, MediaPrompt, Modality,
        ParticipantId, PhoneNumber,
    },
};
use http::{HeaderMap, Method, header::CONTENT_TYPE};

use crate::{CallRecord, record::Decided};

/// One decision of a handler: a prepared request, and when it goes out.
///
/// The verbs of [`CallContext`](crate::CallContext) make them; any [`ApiRequest`] can be one.
#[derive(Clone)]
pub struct CallCommand {
    pub(crate) name: String,
    pub(crate) after: Option<String>,
    pub(crate) within: Option<Duration>,
    pub(crate) when_media_active: bool,
    pub(crate) overtakes: bool,
    /// The bot's own: its outcome is told to no handler.
    pub(crate) internal: bool,
    pub(crate) client_context: Option<String>,
    /// Under which id it invites somebody.
    pub(crate) invitee: Option<ParticipantId>,
    pub(crate) request: Result<Prepared, String>,
}

/// A request as it will be sent: no type of it is left, so that an instance can send what a newer one decided.
#[derive(Clone, PartialEq)]
pub(crate) struct Prepared {
    pub(crate) name: Cow<'static, str>,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) repeat: Repeat,
    pub(crate) version: ApiVersion,
}

impl CallCommand {
    /// Sends a request, under the name of its reference page.
    pub fn new<R: ApiRequest>(request: &R) -> Self {
        let client_context = request.correlation().client_context;
        let prepared = request.to_http().map_err(|error| describe(&error)).map(|http| Prepared {
            name: request.name(),
            method: http.method().clone(),
            path: http.uri().to_string(),
            headers: http.headers().clone(),
            body: http.into_body(),
            repeat: request.repeat(),
            version: request.version(),
        });
        Self { client_context, ..Self::prepared(request.name().into_owned(), prepared) }
    }

    /// A command that cannot be sent, and why.
    pub(crate) fn impossible(name: &str, why: &str) -> Self {
        Self::prepared(name.to_owned(), Err(why.to_owned()))
    }

    fn prepared(name: String, request: Result<Prepared, String>) -> Self {
        Self {
            name,
            after: None,
            within: None,
            when_media_active: false,
            overtakes: false,
            internal: false,
            client_context: None,
            invitee: None,
            request,
        }
    }

    /// The bot's own: its outcome is told to no handler.
    pub(crate) fn internal(mut self) -> Self {
        self.internal = true;
        self
    }

    /// Its name in events and in the ladder.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sent when the command of this name has finished; failed when that one failed.
    #[must_use]
    pub fn after(mut self, name: impl Into<String>) -> Self {
        self.after = Some(name.into());
        self
    }

    /// Failed without being sent when this time passes first.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    /// Sent once the audio of the call flows.
    #[must_use]
    pub fn when_media_active(mut self) -> Self {
        self.when_media_active = true;
        self
    }

    /// The command's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The method and the path of its request.
    pub fn target(&self) -> Option<(&Method, &str)> {
        self.request.as_ref().ok().map(|request| (&request.method, request.path.as_str()))
    }

    /// The body of its request, as JSON.
    pub fn body(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.request.as_ref().ok()?.body).ok()
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.request.as_ref().is_ok_and(|request| request.name == name)
    }

    /// Its request, unless it could not be made or comes too late: the fallback may have been faster than the handler.
    pub(crate) fn request_for(&self, record: &CallRecord) -> Result<&Prepared, &str> {
        if self.decides().is_some() && record.is_decided() {
            return Err("it was decided about the call before");
        }
        self.request.as_ref().map_err(String::as_str)
    }

    /// What it decides about a ringing call, if it decides anything.
    pub(crate) fn decides(&self) -> Option<Decided> {
        Decided::by(&self.request.as_ref().ok()?.name)
    }

    pub(crate) fn with_options(mut self, options: Options) -> Self {
        if let Some(name) = options.name {
            self.name = name;
        }
        self.after = options.after.or(self.after);
        self.within = options.within.or(self.within);
        self
    }
}

impl fmt::Debug for CallCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallCommand")
            .field("name", &self.name)
            .field("after", &self.after)
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Prepared {
    // The body may hold what must not be read over anybody's shoulder.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method, self.path, self.body.len())
    }
}

impl Prepared {
    pub(crate) fn to_request(&self) -> RawRequest {
        let mut request = RawRequest::new(self.method.clone(), self.path.clone(), self.repeat)
            .version(self.version)
            .named(self.name.clone());
        let mut content_type = None;
        for (name, value) in &self.headers {
            if name == CONTENT_TYPE {
                content_type = Some(value.clone());
            } else {
                request = request.header(name.clone(), value.clone());
            }
        }
        match content_type {
            Some(content_type) => request.body(content_type, self.body.clone()),
            None => request,
        }
    }
}

fn describe(error: &graph_calls_core::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// What every verb's argument can say beside its own matter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    name: Option<String>,
    after: Option<String>,
    within: Option<Duration>,
}

macro_rules! options {
    ($ty:ident) => {
        impl $ty {
            /// The command's name in events and in the ladder.
            #[must_use]
            pub fn named(mut self, name: impl Into<String>) -> Self {
                self.options.name = Some(name.into());
                self
            }

            /// Sent when the command of this name has finished; failed when that one failed.
            #[must_use]
            pub fn after(mut self, name: impl Into<String>) -> Self {
                self.options.after = Some(name.into());
                self
            }

            /// Failed without being sent when this time passes first.
            #[must_use]
            pub fn within(mut self, time: Duration) -> Self {
                self.options.within = Some(time);
                self
            }
        }
    };
}

/// How a call is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(crate) media: MediaConfig<'static>,
    pub(crate) modalities: Vec<Modality<'static>>,
    pub(crate) callback: Option<CallbackUri>,
    pub(crate) capacity: Option<u32>,
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
            options: Options::default(),
        }
    }

    /// With media handled as this configuration says.
    pub fn media(config: MediaConfig<'static>) -> Self {
        Self { media: config, ..Self::service_media() }
    }

    /// For this many recorded participants; policy-based recording only.
    #[must_use]
    pub fn capacity(mut self, participants: u32) -> Self {
        self.capacity = Some(participants);
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

/// Something to play.
#[derive(Debug, Clone)]
pub struct Prompt {
    pub(crate) media: Vec<MediaInfo<'static>>,
    pub(crate) options: Options,
}

options!(Prompt);

impl Prompt {
    /// The WAV at a URL that the service can fetch: mono, 16 bit, 16 kHz.
    pub fn url(url: impl Into<String>) -> Self {
        Self { media: vec![MediaInfo::new(url)], options: Options::default() }
    }

    /// And after it the WAV at another URL. At most 20.
    #[must_use]
    pub fn then_url(mut self, url: impl Into<String>) -> Self {
        self.media.push(MediaInfo::new(url));
        self
    }

    pub(crate) fn prompts(&self) -> impl Iterator<Item = MediaPrompt<'static>> {
        self.media.iter().cloned().map(MediaPrompt::new)
    }
}

/// Somebody to bring into the call.
#[derive(Debug, Clone)]
pub struct Invite {
    pub(crate) participant: InvitationParticipantInfo<'static>,
    pub(crate) options: Options,
}

options!(Invite);

impl Invite {
    /// A user of the call's tenant, by object id.
    pub fn user(id: impl Into<String>) -> Self {
        InvitationParticipantInfo::user(id).into()
    }

    /// A phone, by its number.
    pub fn phone(number: PhoneNumber) -> Self {
        InvitationParticipantInfo::phone(number).into()
    }

    /// Anybody, by identity.
    pub fn identity(identity: IdentitySet<'static>) -> Self {
        InvitationParticipantInfo::new(identity).into()
    }

    /// Under this participant id, by which the invitation can be taken back while nobody has joined.
    #[must_use]
    pub fn with_participant_id(mut self, id: &ParticipantId) -> Self {
        self.participant = self.participant.with_participant_id(id.clone());
        self
    }
}

impl From<InvitationParticipantInfo<'static>> for Invite {
    fn from(participant: InvitationParticipantInfo<'static>) -> Self {
        Self { participant, options: Options::default() }
    }
}
