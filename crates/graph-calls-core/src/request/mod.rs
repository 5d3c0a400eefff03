//! Typed requests: one file per action of the API, and [`RawRequest`] for all the rest of Graph.

mod answer_call;
mod create_call;
mod delete_call;
mod delete_participant;
mod get_call;
mod get_participant;
mod invite_participants;
mod keep_alive;
mod list_participants;
mod play_prompt;
mod raw;
mod reject_call;
mod subscribe_to_tone;

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use http::{
    Method,
    header::{ACCEPT, CONTENT_TYPE, HeaderName},
};
use serde::{Deserialize, Serialize};

pub use answer_call::AnswerCall;
pub use create_call::{CreateCall, CreatedCall};
pub use delete_call::DeleteCall;
pub use delete_participant::DeleteParticipant;
pub use get_call::GetCall;
pub use get_participant::GetParticipant;
pub use invite_participants::InviteParticipants;
pub use keep_alive::KeepAlive;
pub use list_participants::{ListParticipants, ParticipantPage};
pub use play_prompt::PlayPrompt;
pub use raw::RawRequest;
pub use reject_call::RejectCall;
pub use subscribe_to_tone::SubscribeToTone;

use crate::{Correlation, Error, Repeat, Result};

/// One action of the API, typed.
///
/// An implementation is a value: it has no client, no host and no token.
pub trait ApiRequest {
    /// What a success gives.
    type Output;
    /// The name of the reference page: `call-reject`. Errors and spans begin with it.
    const NAME: &'static str;
    /// When it may be sent again after an unknown outcome. There is no default: a new request must choose.
    const REPEAT: Repeat;
    /// The version it exists in; both unless told otherwise.
    const VERSION: ApiVersion = ApiVersion::Any;

    /// The HTTP request: a relative path with ids percent-encoded; no host, no token.
    ///
    /// # Errors
    ///
    /// With [`ErrorKind::Request`](crate::ErrorKind::Request) when it breaks a documented limit.
    fn to_http(&self) -> Result<http::Request<Bytes>>;

    /// Reads a success.
    ///
    /// # Errors
    ///
    /// With [`ErrorKind::Decode`](crate::ErrorKind::Decode) when the answer cannot be read.
    fn read(&self, response: http::Response<Bytes>) -> Result<Self::Output>;

    /// The name this request goes by. Only a request made of others overrides it.
    fn name(&self) -> Cow<'static, str> {
        Self::NAME.into()
    }

    /// The class of this request. Only a request made of others overrides it.
    fn repeat(&self) -> Repeat {
        Self::REPEAT
    }

    /// The version of this request. Only a request made of others overrides it.
    fn version(&self) -> ApiVersion {
        Self::VERSION
    }

    /// What identifies its effect, should its outcome stay unknown.
    fn correlation(&self) -> Correlation {
        Correlation::default()
    }
}

/// A version of Graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ApiVersion {
    /// Whatever the client was built for: v1.0 unless told otherwise.
    #[default]
    Any,
    /// `/v1.0`
    V1,
    /// `/beta`
    Beta,
}

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// A request without a body.
fn bare(name: &'static str, method: Method, path: impl fmt::Display) -> Result<http::Request<Bytes>> {
    // Without this preference Graph hides enum members that are newer than its metadata.
    http::Request::builder()
        .method(method)
        .uri(path.to_string())
        .header(ACCEPT, "application/json")
        .header(PREFER, "include-unknown-enum-members")
        .body(Bytes::new())
        .map_err(|error| Error::request(name, error))
}

/// A request with a JSON body.
fn with_json(
    name: &'static str,
    method: Method,
    path: impl fmt::Display,
    body: &impl Serialize,
) -> Result<http::Request<Bytes>> {
    let mut request = bare(name, method, path)?;
    *request.body_mut() = serde_json::to_vec(body).map_err(|error| Error::request(name, error))?.into();
    request.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    Ok(request)
}

/// The body of a success as a type that borrows from it. Where the transport lost the body, that is the error.
fn json<'r, T: Deserialize<'r>>(name: &'static str, response: &'r http::Response<Bytes>) -> Result<T> {
    if let Some(lost) = response.extensions().get::<crate::BodyLost>() {
        return Err(Error::decode(name, lost.0.clone()));
    }
    serde_json::from_slice(response.body()).map_err(|error| Error::decode(name, error))
}
