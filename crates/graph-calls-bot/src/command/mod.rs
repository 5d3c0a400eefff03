//! What a handler decides: commands, kept in the outbox, each of which becomes one request.

mod answer;
mod hold_music;
mod invite;
mod kept;
mod options;
mod prompt;
mod recording;
mod redirect;
mod tones;
mod transfer;

use std::{borrow::Cow, fmt, time::Duration};

use bytes::Bytes;
use graph_calls_core::{
    ApiRequest, ApiVersion, RawRequest, Repeat,
    model::{CallId, CallbackUri, ParticipantId, Segment},
};
use http::{HeaderMap, Method, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};

use crate::{CallRecord, CallRef, MediaSession, media_host::HostAct, record::Decided};

pub use answer::Answer;
pub use hold_music::HoldMusic;
pub use invite::Invite;
pub(crate) use options::Options;
pub use prompt::Prompt;
pub(crate) use prompt::Source;
pub use recording::Recording;
pub use redirect::Redirect;
pub use tones::Tones;
pub use transfer::Transfer;

/// One decision of a handler: a prepared request, and when it goes out.
///
/// The verbs of [`CallContext`](crate::CallContext) make them; any [`ApiRequest`] can be one.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own, and is kept as such")]
pub struct CallCommand {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    #[serde(skip)]
    pub(crate) within: Option<Duration>,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) when_media_active: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) overtakes: bool,
    /// Sent even when the call is over.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) after_end: bool,
    /// The bot's own: its outcome is told to no handler.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) internal: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_context: Option<String>,
    /// Under which id it invites somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) invitee: Option<ParticipantId>,
    /// Another call of the bot's, whose id goes where the path, or the call that is replaced, says [`ELSEWHERE`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) elsewhere: Option<CallRef>,
    /// The session that an answer names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<Box<MediaSession>>,
    /// The recording is to begin or to end: it becomes two commands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) records: Option<bool>,
    /// It is the media host's to do instead of the service's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<HostAct>,
    pub(crate) request: Result<Prepared, String>,
}

/// Stands for the id of another call, until it is sent.
pub(crate) const ELSEWHERE: &str = "another-call";

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A request as it will be sent: no type of it is left, so that an instance can send what a newer one decided.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "kept::Request", into = "kept::Request")]
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

    /// The recording begins or ends.
    pub(crate) fn recording(on: bool) -> Self {
        let name = if on { "start-recording" } else { "stop-recording" };
        Self { records: Some(on), ..Self::prepared(name.to_owned(), Ok(Prepared::of_host())) }
    }

    /// Something for the media host to do.
    pub(crate) fn of_host(act: HostAct) -> Self {
        Self { host: Some(act), ..Self::prepared("media-host".to_owned(), Ok(Prepared::of_host())) }
    }

    fn prepared(name: String, request: Result<Prepared, String>) -> Self {
        Self {
            name,
            after: None,
            within: None,
            when_media_active: false,
            overtakes: false,
            after_end: false,
            internal: false,
            client_context: None,
            invitee: None,
            elsewhere: None,
            session: None,
            records: None,
            host: None,
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

    /// The method and the path of its request, where it is one.
    pub fn target(&self) -> Option<(&Method, &str)> {
        let of_service = self.host.is_none() && self.records.is_none();
        self.request
            .as_ref()
            .ok()
            .filter(|_| of_service)
            .map(|request| (&request.method, request.path.as_str()))
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

    /// Whether its request may be repeated.
    pub(crate) fn repeat(&self) -> Option<Repeat> {
        self.request.as_ref().ok().map(|request| request.repeat)
    }

    /// For how many participants an answer makes room, where it says so.
    pub(crate) fn room(&self) -> Option<u32> {
        let room = self.body()?.get("participantCapacity")?.as_u64()?;
        u32::try_from(room).ok()
    }

    /// What it decides about a ringing call, if it decides anything.
    pub(crate) fn decides(&self) -> Option<Decided> {
        Decided::by(&self.request.as_ref().ok()?.name)
    }

    /// Has the notifications of a call that is placed go elsewhere.
    pub(crate) fn set_callback(&mut self, uri: &CallbackUri) {
        self.change_body(|body| {
            if let Some(body) = body.as_object_mut() {
                body.insert("callbackUri".to_owned(), uri.as_str().into());
            }
        });
    }

    /// Puts in the id of the other call, where the request names one.
    pub(crate) fn address(&mut self, other: &CallId) {
        if let Ok(request) = &mut self.request {
            request.path = request.path.replace(ELSEWHERE, &Segment(other.as_str()).to_string());
        }
        self.change_body(|body| {
            let replaced = body.pointer_mut("/transferTarget/replacesCallId");
            if let Some(replaced) = replaced.filter(|id| *id == ELSEWHERE) {
                *replaced = other.as_str().into();
            }
        });
    }

    fn change_body(&mut self, change: impl FnOnce(&mut serde_json::Value)) {
        let Ok(request) = &mut self.request else { return };
        let Ok(mut body) = serde_json::from_slice(&request.body) else { return };
        change(&mut body);
        request.body = body.to_string().into();
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

impl Default for CallCommand {
    fn default() -> Self {
        Self::impossible("", "it was kept without its request")
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
    /// Stands where no request is sent. What is so already is so once more.
    fn of_host() -> Self {
        Self {
            name: "media-host".into(),
            method: Method::POST,
            path: String::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            repeat: Repeat::Always,
            version: ApiVersion::Any,
        }
    }

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
