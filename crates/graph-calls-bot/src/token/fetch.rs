//! How the keys of an issuer are fetched: its OpenID document, then the key set that names.

use std::time::Duration;

use bytes::Bytes;
use graph_calls_core::{BodyLost, BoxError, Transport};
use http::{Method, StatusCode, header};
use serde::Deserialize;
use tower::ServiceExt as _;
use url::Url;

use super::{
    IssuerConfig,
    key_set::{KeySet, KeySetError},
};

/// What one fetch may cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct FetchLimits {
    pub(super) bytes: usize,
    pub(super) keys: usize,
    /// For both requests together, since somebody waits.
    pub(super) time: Duration,
}

/// Why there are no new keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    #[error("no answer")]
    Transport(#[source] BoxError),
    #[error("its address cannot be asked")]
    Address(#[source] http::Error),
    #[error("answered {0}; only 200 is taken, and no redirect is followed")]
    Status(StatusCode),
    #[error("the answer broke off")]
    Truncated,
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    #[error("the OpenID document names no keys")]
    NoKeysNamed,
    #[error("the OpenID document names keys where they may not be: {0}")]
    ForeignKeys(String),
    #[error("the key set cannot be used")]
    KeySet(#[source] KeySetError),
}

pub(super) async fn fetch(
    issuer: &IssuerConfig,
    transport: &Transport,
    limits: FetchLimits,
) -> Result<KeySet, FetchError> {
    tokio::time::timeout(limits.time, fetch_both(issuer, transport, limits))
        .await
        .unwrap_or(Err(FetchError::TimedOut(limits.time)))
}

async fn fetch_both(
    issuer: &IssuerConfig,
    transport: &Transport,
    limits: FetchLimits,
) -> Result<KeySet, FetchError> {
    let document = get(&issuer.openid, transport, limits.bytes).await?;
    let keys = keys_url(&document)?;
    if !issuer.may_have_keys_at(&keys) {
        return Err(FetchError::ForeignKeys(keys.origin().ascii_serialization()));
    }
    let keys = get(&keys, transport, limits.bytes).await?;
    KeySet::read(&keys, limits.keys).map_err(FetchError::KeySet)
}

async fn get(url: &Url, transport: &Transport, limit: usize) -> Result<Bytes, FetchError> {
    let request = http::Request::builder()
        .method(Method::GET)
        .uri(url.as_str())
        .header(header::ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(FetchError::Address)?;
    let response = transport.clone().oneshot(request).await.map_err(FetchError::Transport)?;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status()));
    }
    if response.extensions().get::<BodyLost>().is_some() {
        return Err(FetchError::Truncated);
    }
    let body = response.into_body();
    if body.len() > limit { Err(FetchError::TooLarge(limit)) } else { Ok(body) }
}

fn keys_url(document: &[u8]) -> Result<Url, FetchError> {
    #[derive(Deserialize)]
    struct Document {
        jwks_uri: String,
    }
    // Without the test a list with one address would do as well.
    let document = Some(document).filter(|document| document.trim_ascii_start().starts_with(b"{"));
    let document: Option<Document> = document.and_then(|document| serde_json::from_slice(document).ok());
    let document = document.ok_or(FetchError::NoKeysNamed)?;
    Url::parse(&document.jwks_uri).map_err(|_| FetchError::NoKeysNamed)
}
