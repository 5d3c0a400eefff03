//! Why there is no connection.

use std::{error, fmt};

use graph_calls_core::BoxError;

/// Why a [`Config`](crate::Config) could not be read or connected.
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    variables: Vec<&'static str>,
    source: Option<BoxError>,
}

/// What to mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Variables are not set: see [`Error::variables`].
    Missing,
    /// A setting cannot be used, or two contradict each other.
    Invalid,
    /// No HTTPS client could be made; most likely the machine has no CA certificates.
    Tls,
    /// No emulator answers.
    NoEmulator,
}

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), variables: Vec::new(), source: None }))
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    pub(crate) fn with_variables(mut self, variables: Vec<&'static str>) -> Self {
        self.0.variables = variables;
        self
    }

    pub(crate) fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What to mend.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The environment variables it is about, if any: all that are missing, or the ones that contradict each other.
    pub fn variables(&self) -> &[&'static str] {
        &self.0.variables
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}
