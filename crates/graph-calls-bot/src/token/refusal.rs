//! Why a token was refused, and what its sender is told of it.

use std::{error, fmt, time::Duration};

/// A token that was not accepted.
///
/// Its sender learns only [`status`](Self::status); the reason is for logs and counters. No part of the token is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    reason: RefusalReason,
    retry_after: Duration,
}

/// What the sender of a refused token is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalStatus {
    /// 401: no token, or a bad one.
    Unauthorized,
    /// 403: a good token of a tenant that is not allowed.
    Forbidden,
    /// 503: nobody can tell yet, since the keys are not at hand.
    KeysUnavailable {
        /// When to try again.
        retry_after: Duration,
    },
}

macro_rules! reasons {
    ($($(#[$meta:meta])* $name:ident = $words:literal,)*) => {
        /// Why a token was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum RefusalReason {
            $($(#[$meta])* $name,)*
        }

        impl RefusalReason {
            /// All reasons.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The reason in words.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)*
                }
            }
        }
    };
}

reasons! {
    /// There is no `Authorization` header.
    Missing = "no authorization header",
    /// There is more than one.
    Several = "more than one authorization header",
    /// Its scheme is not `Bearer`.
    NotBearer = "not a bearer token",
    /// The token is longer than allowed.
    TooLong = "too long",
    /// It does not have the three parts of a signed token.
    NotSigned = "not the three parts of a signed token",
    /// It is encrypted.
    Encrypted = "encrypted",
    /// A part is not canonical base64url.
    NotCanonical = "a part is not canonical base64url",
    /// Header or claims are no JSON object, or have a member twice.
    NotStrictJson = "header or claims are no JSON object without duplicate members",
    /// It is not signed with RS256.
    Algorithm = "not RS256",
    /// It has critical extensions.
    Critical = "critical extensions",
    /// Its key id is absent, no text, or too long.
    KeyId = "no usable key id",
    /// Its issuer is not in the allow list.
    Issuer = "issuer not allowed",
    /// It is for another app.
    Audience = "not for this app",
    /// It has expired, or does not say when it will.
    Expired = "expired, or without expiry",
    /// It is from the future.
    NotYetValid = "not valid yet",
    /// It lives longer than any token should.
    Lifetime = "lives too long",
    /// Its tenant claims are no GUID, or contradict each other.
    TenantClaim = "tenant claims that are no GUID or contradict each other",
    /// Its issuer has no such key. Also seen when the channel is set up for another cloud.
    UnknownKey = "signed with a key that its issuer does not publish",
    /// Its signature is wrong.
    Signature = "wrong signature",
    /// It is good, and of a tenant that is not allowed.
    ForeignTenant = "tenant not allowed",
    /// The keys could not be fetched.
    KeysUnavailable = "the issuer's keys could not be fetched",
    /// Its key is unknown, and too many unknown ones were asked for lately.
    TooManyUnknownKeys = "unknown key, and too many of those lately",
}

impl Refusal {
    pub(super) fn new(reason: RefusalReason) -> Self {
        Self { reason, retry_after: Duration::ZERO }
    }

    pub(super) fn unavailable(reason: RefusalReason, retry_after: Duration) -> Self {
        Self { reason, retry_after }
    }

    /// Why. Not for the sender.
    pub fn reason(&self) -> RefusalReason {
        self.reason
    }

    /// What the sender is told: the same for all bad tokens.
    pub fn status(&self) -> RefusalStatus {
        match self.reason {
            RefusalReason::ForeignTenant => RefusalStatus::Forbidden,
            RefusalReason::KeysUnavailable | RefusalReason::TooManyUnknownKeys => {
                RefusalStatus::KeysUnavailable { retry_after: self.retry_after }
            }
            _ => RefusalStatus::Unauthorized,
        }
    }
}

impl From<RefusalReason> for Refusal {
    fn from(reason: RefusalReason) -> Self {
        Self::new(reason)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token refused: {}", self.reason.as_str())
    }
}

impl error::Error for Refusal {}
