//! Who looks on while POSTs are answered.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use crate::token::Verified;

/// Is told of every POST that a webhook answered, also of those that it refused: for who has to find out what a
/// service sends.
pub trait Witness: Send + Sync + 'static {
    /// A POST was answered, or is about to be: the sender waits until this returns.
    fn answered(&self, post: &Answered<'_>);
}

/// A POST and its answer.
///
/// What the service says in a body may be secret too: tokens of meetings and of recordings, and people's names.
pub struct Answered<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: Option<&'a [u8]>,
    pub(super) verified: Option<&'a Verified>,
    pub(super) status: StatusCode,
    pub(super) reason: Option<&'a str>,
}

/// They authenticate.
const SECRET: [HeaderName; 4] =
    [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::COOKIE, header::SET_COOKIE];

impl<'a> Answered<'a> {
    /// Its method; what is no POST is refused, and told as well.
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// Its path. The query is left out: callbacks may carry a key there.
    pub fn path(&self) -> &'a str {
        self.uri.path()
    }

    /// Its headers without those that authenticate: no token, no cookie.
    pub fn headers(&self) -> impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)> {
        self.headers.iter().filter(|(name, _)| !SECRET.contains(name))
    }

    /// Its body, unless it was refused before that was read whole.
    pub fn body(&self) -> Option<&'a [u8]> {
        self.body
    }

    /// Who sent it, unless nobody vouched for that.
    pub fn verified(&self) -> Option<&'a Verified> {
        self.verified
    }

    /// What its sender is told.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Why it was refused, or was no notification. Has no part of its token.
    pub fn reason(&self) -> Option<&'a str> {
        self.reason
    }
}

impl fmt::Debug for Answered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered")
            .field("method", self.method)
            .field("path", &self.path())
            .field("status", &self.status)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}
