//! How the program ends.

use std::{
    error::Error,
    io,
    process::{ExitCode, Termination as _},
};

/// An exit code of the program. 2 (usage) is also what the argument parser exits with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// Done.
    Done = 0,
    /// Failed, and certainly without effect.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// Something was found, or did not go as it should.
    Findings = 3,
    /// It may have had its effect.
    Unknown = 4,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        ExitCode::from(code as u8).report()
    }
}

/// Why a command did not do what it should.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    /// What standard error is told; empty where it was told already.
    pub(crate) text: String,
}

pub(crate) type Outcome = Result<Code, Failure>;

impl Failure {
    pub(crate) fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self::new(Code::Failed, text)
    }

    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::new(Code::Usage, text)
    }

    /// Failed without effect, with all that lies behind it.
    pub(crate) fn from_error(error: &dyn Error) -> Self {
        Self::failed(chain(error))
    }
}

/// An error and its sources in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        // Some errors print their source themselves.
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = cause.source();
    }
    text
}

impl From<io::Error> for Failure {
    /// Of printing: nobody reads any further, or the disk is full.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::new(Code::Done, "")
        } else {
            Self::failed(format!("the output cannot be written: {error}"))
        }
    }
}

impl From<graph_calls_http::Error> for Failure {
    fn from(error: graph_calls_http::Error) -> Self {
        Self::from_error(&error)
    }
}
