//! What is wrong with a request body.

use std::{error, fmt};

use crate::Text;

/// Why a body cannot be sent: which member, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidBody {
    member: Text<'static>,
    why: Text<'static>,
}

impl InvalidBody {
    pub(crate) fn new(member: impl Into<Text<'static>>, why: impl Into<Text<'static>>) -> Self {
        Self { member: member.into(), why: why.into() }
    }

    pub(crate) fn none_of(member: &'static str) -> Self {
        Self::new(member, "there is none: give one at least")
    }

    pub(crate) fn too_many(member: &'static str, count: usize, limit: usize) -> Self {
        Self::new(member, format!("{count} are more than the {limit} that the service takes: give fewer"))
    }

    /// The member's name on the wire, with its path from the body on: `detections[0].confidence`.
    pub fn member(&self) -> &str {
        &self.member
    }
}

impl fmt::Display for InvalidBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.member, self.why)
    }
}

impl error::Error for InvalidBody {}
