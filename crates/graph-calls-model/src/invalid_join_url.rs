//! What is wrong with a link to a Teams meeting.

use std::{error, fmt};

use crate::join_url::{HOSTS, MAX_JOIN_URL_BYTES};

/// Why a text is no link to a Teams meeting. It repeats of the text at most the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidJoinUrl {
    kind: InvalidJoinUrlKind,
    host: String,
}

/// What is wrong with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidJoinUrlKind {
    /// It has more than [`MAX_JOIN_URL_BYTES`] bytes.
    TooLong,
    /// It has a control character, such as a line break in its middle.
    ControlCharacter,
    /// It does not begin with `https://`.
    NotHttps,
    /// Beside the host is a user name or another port than 443, or no host name at all.
    NotAHost,
    /// Its host is none of Teams.
    UnknownHost,
    /// It leads to something else in Teams: a chat, a channel, a calendar.
    NotAMeeting,
    /// A percent sign in it begins no UTF-8 character.
    NotPercentEncoded,
    /// Its path ends before this, which `chatInfo` needs: `threadId` or `messageId`.
    MissingSegment(&'static str),
    /// The long form without `context`, which names tenant and organizer.
    NoContext,
    /// `context` is no JSON object.
    ContextNotJson,
    /// `context` lacks this member, or it is no text.
    MissingMember(&'static str),
    /// This member of `context` is no GUID.
    NotAGuid(&'static str),
    /// What the short form has for a meeting id is no number.
    NotAMeetingId,
}

impl InvalidJoinUrl {
    pub(crate) fn new(kind: InvalidJoinUrlKind, host: &str) -> Self {
        Self { kind, host: host.to_ascii_lowercase() }
    }

    /// What is wrong.
    pub fn kind(&self) -> InvalidJoinUrlKind {
        self.kind
    }
}

impl fmt::Display for InvalidJoinUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use InvalidJoinUrlKind as Kind;

        let host = &self.host;
        match self.kind {
            Kind::TooLong => {
                write!(f, "the link is longer than {MAX_JOIN_URL_BYTES} bytes; give nothing else with it")
            }
            Kind::ControlCharacter => {
                f.write_str("the link has a line break or another control character; give it on one line")
            }
            Kind::NotHttps => {
                f.write_str("the link does not begin with `https://`; copy it whole from the invitation")
            }
            Kind::NotAHost => f.write_str(
                "the link has no plain host name; no meeting's has a user name, or a port but 443",
            ),
            Kind::UnknownHost => {
                write!(f, "`{host}` is no host of Teams meetings; known are {}", HOSTS.join(", "))
            }
            Kind::NotAMeeting => write!(
                f,
                "the link at `{host}` leads to no meeting: it has neither `/l/meetup-join/` nor `/meet/`"
            ),
            Kind::NotPercentEncoded => {
                f.write_str("a percent sign in the link begins no UTF-8 character; copy the link whole")
            }
            Kind::MissingSegment(name) => {
                write!(f, "behind `/l/meetup-join/` the link has no `{name}`; copy it whole")
            }
            Kind::NoContext => {
                f.write_str("the link has no `context`; copy it whole, and quote it in a shell")
            }
            Kind::ContextNotJson => {
                f.write_str("`context` in the link is no JSON object; copy it whole, and quote it in a shell")
            }
            Kind::MissingMember(name) => {
                write!(f, "`context` in the link has no text `{name}`; copy it whole from the invitation")
            }
            Kind::NotAGuid(name) => {
                write!(f, "`{name}` in the link's `context` is no GUID; copy it whole from the invitation")
            }
            Kind::NotAMeetingId => {
                f.write_str("behind `/meet/` the link has no meeting id, which is a number")
            }
        }
    }
}

impl error::Error for InvalidJoinUrl {}
