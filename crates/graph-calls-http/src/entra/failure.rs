//! Why there is no token.

use std::{error, fmt, sync::Arc, time::Duration};

use graph_calls_core::TokenError;

/// Why there is no token; told to everybody who waited for it.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    message: Arc<str>,
    source: Option<Arc<dyn error::Error + Send + Sync>>,
    /// Whether asking again may help.
    transient: bool,
    /// How long whoever was asked wants to be left alone.
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    pub(super) fn new(message: impl Into<Arc<str>>) -> Self {
        Self { message: message.into(), source: None, transient: false, retry_after: None }
    }

    /// A failure that may pass.
    pub(super) fn passing(message: impl Into<Arc<str>>) -> Self {
        Self { transient: true, ..Self::new(message) }
    }

    pub(super) fn with_source(mut self, source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        Self { transient: error.is_transient(), ..Self::new(error.to_string()) }
    }
}

impl From<Failure> for TokenError {
    fn from(failure: Failure) -> Self {
        let error = TokenError::new(&*failure.message);
        let error = if failure.transient { error.transient() } else { error };
        match failure.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
