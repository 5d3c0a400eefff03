//! Where a request goes: the cloud's Graph root and the version.

use std::{
    error, fmt,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::{Either, Ready, ready};
use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use tower::{Layer, Service};

use crate::{ApiVersion, BoxError, Cloud, transport::info};

/// Completes every path with a [`BaseUri`].
#[derive(Debug, Clone)]
pub struct BaseUriLayer {
    root: Arc<Root>,
    version: ApiVersion,
}

#[derive(Debug)]
struct Root {
    scheme: Scheme,
    authority: Option<Authority>,
    /// What comes before a path of this version.
    v1: String,
    beta: String,
}

impl BaseUriLayer {
    /// Sends to a cloud; requests that take any version go to this one.
    pub fn new(cloud: &Cloud, version: ApiVersion) -> Self {
        let graph = cloud.graph();
        let authority = graph.host_str().and_then(|host| {
            let text = graph.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
            Authority::try_from(text).ok()
        });
        let scheme = if graph.scheme() == "http" { Scheme::HTTP } else { Scheme::HTTPS };
        let prefix = graph.path().trim_end_matches('/');
        let (v1, beta) = (format!("{prefix}/v1.0"), format!("{prefix}/beta"));
        Self { root: Arc::new(Root { scheme, authority, v1, beta }), version }
    }
}

impl<S> Layer<S> for BaseUriLayer {
    type Service = BaseUri<S>;
    fn layer(&self, inner: S) -> BaseUri<S> {
        BaseUri { inner, root: Arc::clone(&self.root), version: self.version }
    }
}

/// Turns the path of a request into the URI it is sent to.
#[derive(Debug, Clone)]
pub struct BaseUri<S> {
    inner: S,
    root: Arc<Root>,
    version: ApiVersion,
}

impl<S, B> Service<http::Request<B>> for BaseUri<S>
where
    S: Service<http::Request<B>, Error = BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Either<S::Future, Ready<Result<S::Response, BoxError>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let version = match info(&request).map_or(ApiVersion::Any, |info| info.version) {
            ApiVersion::Any => self.version,
            version => version,
        };
        match self.root.complete(version, request.uri()) {
            Ok(uri) => {
                *request.uri_mut() = uri;
                Either::Left(self.inner.call(request))
            }
            Err(error) => Either::Right(ready(Err(error.into()))),
        }
    }
}

impl Root {
    fn complete(&self, version: ApiVersion, path: &Uri) -> Result<Uri, InvalidTarget> {
        // A path that brings its own host would decide where the token goes.
        if path.authority().is_some() || !path.path().starts_with('/') {
            return Err(InvalidTarget(path.to_string()));
        }
        let before = if version == ApiVersion::Beta { &self.beta } else { &self.v1 };
        let rest = path.path_and_query().map_or("/", PathAndQuery::as_str);
        let mut joined = String::with_capacity(before.len() + rest.len());
        joined.push_str(before);
        joined.push_str(rest);
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority.clone_from(&self.authority);
        parts.path_and_query =
            Some(PathAndQuery::try_from(joined).map_err(|_| InvalidTarget(path.to_string()))?);
        Uri::from_parts(parts).map_err(|_| InvalidTarget(path.to_string()))
    }
}

/// A request whose target is no path below a version of Graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTarget(String);

impl fmt::Display for InvalidTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no path below a version of Graph: begin with a slash and leave out the host",
            self.0
        )
    }
}

impl error::Error for InvalidTarget {}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(version: ApiVersion, path: &str) -> Result<String, InvalidTarget> {
        let layer = BaseUriLayer::new(&Cloud::global(), version);
        layer.root.complete(version, &path.parse().unwrap()).map(|uri| uri.to_string())
    }

    #[test]
    fn the_path_is_completed_with_root_and_version() {
        assert_eq!(
            complete(ApiVersion::V1, "/communications/calls?a=b").unwrap(),
            "https://graph.microsoft.com/v1.0/communications/calls?a=b"
        );
        assert_eq!(complete(ApiVersion::Beta, "/x").unwrap(), "https://graph.microsoft.com/beta/x");
    }

    #[test]
    fn a_path_never_changes_the_host() {
        for path in ["https://evil.example/x", "//evil.example/x", "*"] {
            let sent = complete(ApiVersion::V1, path);
            assert!(
                sent.as_ref().map_or(true, |uri| uri.starts_with("https://graph.microsoft.com/v1.0/")),
                "{path}: {sent:?}"
            );
        }
    }
}
