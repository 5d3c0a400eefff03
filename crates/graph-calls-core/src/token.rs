//! The tokens we send, and where they come from.

use std::{error, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use graph_calls_model::TenantId;
use http::HeaderValue;
use tokio::time::Instant;

use crate::BoxError;

/// A token for Graph. `Debug` prints no part of it.
#[derive(Clone)]
pub struct AccessToken(Arc<Inner>);

struct Inner {
    header: HeaderValue,
    expires: Instant,
}

/// The longest life a token is believed to have.
pub const MAX_TOKEN_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

impl AccessToken {
    /// Takes a token as the identity provider gave it.
    ///
    /// Its life is kept on the monotonic clock and clamped to 24 hours.
    ///
    /// # Errors
    ///
    /// When it is empty, has characters that no header may have, or lives no time at all.
    pub fn new(token: &str, lives: Duration) -> Result<Self, TokenError> {
        if token.is_empty() || token.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err(TokenError::new("the identity provider gave a token that no header can carry"));
        }
        if lives.is_zero() {
            return Err(TokenError::new("the identity provider gave a token that has already expired"));
        }
        let mut header = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| TokenError::new("the identity provider gave a token that no header can carry"))?;
        header.set_sensitive(true);
        Ok(Self(Arc::new(Inner { header, expires: Instant::now() + lives.min(MAX_TOKEN_LIFE) })))
    }

    /// When it expires, on the monotonic clock.
    pub fn expires(&self) -> Instant {
        self.0.expires
    }

    /// The value of the header `Authorization`, marked sensitive.
    pub fn header(&self) -> &HeaderValue {
        &self.0.header
    }
}

impl PartialEq for AccessToken {
    fn eq(&self, other: &Self) -> bool {
        self.0.header == other.0.header
    }
}

impl Eq for AccessToken {}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("token", &"[redacted]").field("expires", &self.0.expires).finish()
    }
}

/// Which token is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenRequest {
    /// The tenant that owns the call; the provider's own where absent.
    pub tenant: Option<TenantId>,
    /// What the token is for: the Graph root and `/.default`.
    pub scope: Arc<str>,
    /// A token that Graph just refused: any other will do.
    pub refused: Option<AccessToken>,
    /// What Graph demands of the next token, as the challenge said it: base64.
    pub claims: Option<String>,
}

impl TokenRequest {
    /// A token of a tenant for a scope.
    pub fn new(tenant: Option<TenantId>, scope: impl Into<Arc<str>>) -> Self {
        Self { tenant, scope: scope.into(), refused: None, claims: None }
    }
}

/// Where tokens come from.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use async_trait::async_trait;
/// use graph_calls_core::{AccessToken, TokenError, TokenProvider, TokenRequest};
///
/// #[derive(Debug)]
/// struct Vault;
///
/// #[async_trait]
/// impl TokenProvider for Vault {
///     async fn token(&self, _request: &TokenRequest) -> Result<AccessToken, TokenError> {
///         AccessToken::new("from-the-vault", Duration::from_secs(3600))
///     }
/// }
/// ```
#[async_trait]
pub trait TokenProvider: Send + Sync + 'static {
    /// Gets a token, and never [`TokenRequest::refused`] again.
    ///
    /// # Errors
    ///
    /// When no token can be had.
    async fn token(&self, request: &TokenRequest) -> Result<AccessToken, TokenError>;

    /// A token that is at hand, without waiting. The default has none.
    fn cached(&self, request: &TokenRequest) -> Option<AccessToken> {
        let _ = request;
        None
    }
}

#[async_trait]
impl<P: TokenProvider + ?Sized> TokenProvider for Arc<P> {
    async fn token(&self, request: &TokenRequest) -> Result<AccessToken, TokenError> {
        (**self).token(request).await
    }

    fn cached(&self, request: &TokenRequest) -> Option<AccessToken> {
        (**self).cached(request)
    }
}

/// One token for everything, for trying things out.
#[derive(Debug, Clone)]
pub struct FixedToken(AccessToken);

impl FixedToken {
    /// Sends this token until the process ends.
    ///
    /// # Errors
    ///
    /// When no header can carry it.
    pub fn new(token: &str) -> Result<Self, TokenError> {
        AccessToken::new(token, MAX_TOKEN_LIFE).map(Self)
    }
}

#[async_trait]
impl TokenProvider for FixedToken {
    async fn token(&self, request: &TokenRequest) -> Result<AccessToken, TokenError> {
        if request.refused.as_ref() == Some(&self.0) {
            return Err(TokenError::new("Graph refused the fixed token, and there is no other"));
        }
        Ok(self.0.clone())
    }

    fn cached(&self, request: &TokenRequest) -> Option<AccessToken> {
        (request.refused.as_ref() != Some(&self.0)).then(|| self.0.clone())
    }
}

/// Why there is no token.
#[derive(Debug)]
pub struct TokenError {
    message: String,
    transient: bool,
    source: Option<BoxError>,
}

impl TokenError {
    /// In words that tell what to do.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), transient: false, source: None }
    }

    /// Marks a failure that may pass, so that the request may be tried again within its deadline.
    #[must_use]
    pub fn transient(mut self) -> Self {
        self.transient = true;
        self
    }

    /// Whether the failure may pass.
    pub fn is_transient(&self) -> bool {
        self.transient
    }

    /// The error behind it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl error::Error for TokenError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_token_prints_nothing_and_lives_at_most_a_day() {
        let token = AccessToken::new("s3cret", Duration::from_secs(1_000_000)).unwrap();
        assert!(!format!("{token:?} {:?}", token.header()).contains("s3cret"));
        assert_eq!(token.expires() - Instant::now(), MAX_TOKEN_LIFE);
    }

    #[tokio::test]
    async fn what_no_header_can_carry_is_no_token() {
        for bad in ["", "a b", "a\r\nX: y", "\u{fc}"] {
            assert!(AccessToken::new(bad, Duration::from_secs(1)).is_err(), "{bad:?}");
        }
        assert!(AccessToken::new("a", Duration::ZERO).is_err());
    }
}
