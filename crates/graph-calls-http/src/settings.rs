//! What a transport may be told.

use std::time::Duration;

use http::HeaderValue;

/// How much of a response is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseLimits {
    /// The longest body of a success, in bytes; 4 MiB unless told otherwise. A longer one counts as lost.
    pub body: usize,
    /// How much of any other body is kept, in bytes; 16 KiB unless told otherwise. What is longer is cut there.
    pub error_body: usize,
}

impl ResponseLimits {
    /// Another limit for the body of a success, in bytes.
    #[must_use]
    pub fn with_body(self, body: usize) -> Self {
        Self { body, ..self }
    }

    /// Another limit for any other body, in bytes.
    #[must_use]
    pub fn with_error_body(self, error_body: usize) -> Self {
        Self { error_body, ..self }
    }
}

impl Default for ResponseLimits {
    fn default() -> Self {
        Self { body: 4 * 1024 * 1024, error_body: 16 * 1024 }
    }
}

/// What a transport may be told; the defaults are good for Graph.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use graph_calls_http::{HttpSettings, HttpTransport};
/// use http::HeaderValue;
///
/// let settings = HttpSettings::new()
///     .with_connect_timeout(Duration::from_secs(1))
///     .with_user_agent(HeaderValue::from_static("contoso-attendant/2.1"));
/// let transport = HttpTransport::emulator_with(&settings)?;
/// # Ok::<(), graph_calls_http::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HttpSettings {
    pub(crate) connect_timeout: Duration,
    pub(crate) body_timeout: Duration,
    pub(crate) limits: ResponseLimits,
    pub(crate) user_agent: HeaderValue,
}

impl HttpSettings {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            body_timeout: Duration::from_secs(5),
            limits: ResponseLimits::default(),
            user_agent: HeaderValue::from_static(concat!("graph-calls/", env!("CARGO_PKG_VERSION"))),
        }
    }

    /// How long a connection may take to come about, TLS included; 3 seconds unless told otherwise.
    #[must_use]
    pub fn with_connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// How long a body may take once its head is there; 5 seconds unless told otherwise, and never past the deadline
    /// of the request. A body that takes longer is lost, but what the status said stands.
    #[must_use]
    pub fn with_body_timeout(self, body_timeout: Duration) -> Self {
        Self { body_timeout, ..self }
    }

    /// How much of a response is read.
    #[must_use]
    pub fn with_limits(self, limits: ResponseLimits) -> Self {
        Self { limits, ..self }
    }

    /// The header `User-Agent`; `graph-calls/` and the version unless told otherwise.
    #[must_use]
    pub fn with_user_agent(self, user_agent: HeaderValue) -> Self {
        Self { user_agent, ..self }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self::new()
    }
}
