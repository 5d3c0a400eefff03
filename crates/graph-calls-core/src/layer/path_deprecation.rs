//! Deprecated paths: `/app/calls` and `/applications/{appId}/calls` became `/communications/calls`, `record` became
//! `recordResponse`.
//!
//! Typed requests never take a deprecated path; this layer is for raw requests and for code that is still being moved.
//!
//! ```
//! use graph_calls_core::{Client, FixedToken, RawRequest, Repeat, test_util::ScriptedTransport};
//! use http::{Method, StatusCode};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let script = ScriptedTransport::new().answer(Method::GET, "/v1.0/communications/calls/57dab8b1", StatusCode::OK, "{}");
//! let client = Client::builder(script.transport()).token(FixedToken::new("t")?).build();
//! client.send(RawRequest::new(Method::GET, "/app/calls/57dab8b1", Repeat::Always)).await?;
//! assert_eq!(client.stats().deprecated_paths, 1);
//! script.assert_done();
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{
    error, fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::future::{Either, Ready, ready};
use graph_calls_model::{Action, PathError, PathRoot, ResourcePath};
use http::uri::{PathAndQuery, Uri};
use tower::{Layer, Service};

use crate::{BoxError, stats::Counters};

/// What happens to a request on a deprecated path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DeprecationPolicy {
    /// It is sent to the current path; a warning is logged once per form.
    #[default]
    Rewrite,
    /// It is sent as it is; a warning is logged once per form.
    Warn,
    /// It is refused, unsent.
    Refuse,
}

/// Looks after deprecated paths with a [`PathDeprecation`].
#[derive(Debug, Clone, Default)]
pub struct PathDeprecationLayer {
    policy: DeprecationPolicy,
    warned: Arc<AtomicU8>,
    counters: Arc<Counters>,
}

impl PathDeprecationLayer {
    /// Follows this policy.
    pub fn new(policy: DeprecationPolicy) -> Self {
        Self { policy, ..Self::default() }
    }

    pub(crate) fn counting(mut self, counters: Arc<Counters>) -> Self {
        self.counters = counters;
        self
    }
}

impl<S> Layer<S> for PathDeprecationLayer {
    type Service = PathDeprecation<S>;
    fn layer(&self, inner: S) -> PathDeprecation<S> {
        PathDeprecation { inner, layer: self.clone() }
    }
}

/// Rewrites, warns of or refuses deprecated paths.
#[derive(Debug, Clone)]
pub struct PathDeprecation<S> {
    inner: S,
    layer: PathDeprecationLayer,
}

impl<S, B> Service<http::Request<B>> for PathDeprecation<S>
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
        if is_surely_current(request.uri().path()) {
            return Either::Left(self.inner.call(request));
        }
        match judge(request.uri(), self.layer.policy) {
            Ok(None) => {}
            Ok(Some(Deprecated { form, successor })) => {
                self.layer.counters.deprecated_path();
                if self.layer.warned.fetch_or(form, Ordering::Relaxed) & form == 0 {
                    self.layer.counters.deprecation_warning();
                    tracing::warn!(
                        path = request.uri().path(),
                        successor = successor.path(),
                        "deprecated path; change the caller to its successor"
                    );
                }
                if self.layer.policy == DeprecationPolicy::Rewrite {
                    *request.uri_mut() = successor;
                }
            }
            Err(error) => return Either::Right(ready(Err(error.into()))),
        }
        Either::Left(self.inner.call(request))
    }
}

#[derive(Debug, PartialEq)]
struct Deprecated {
    /// One bit per form, so that each is warned of once.
    form: u8,
    successor: Uri,
}

fn judge(uri: &Uri, policy: DeprecationPolicy) -> Result<Option<Deprecated>, DeprecatedPath> {
    let path = match ResourcePath::parse(uri.path()) {
        Ok(path) => path,
        Err(PathError::NotCalls) => return Ok(None),
        // Below the current root the service itself may judge what we do not know.
        Err(_) if current_root(uri.path()) => return Ok(None),
        Err(error) => return Err(DeprecatedPath { path: uri.path().to_owned(), why: Some(error) }),
    };
    let Some(successor) = path.successor() else { return Ok(None) };
    if policy == DeprecationPolicy::Refuse {
        return Err(DeprecatedPath { path: uri.path().to_owned(), why: None });
    }
    let root = match path.root {
        PathRoot::Communications => 0,
        PathRoot::App => 1,
        PathRoot::Application(_) => 2,
    };
    let record = path.resource.action() == Some(&Action::Record);
    let with_query = match uri.query() {
        Some(query) => format!("{successor}?{query}"),
        None => successor,
    };
    let successor = PathAndQuery::try_from(with_query)
        .map(Uri::from)
        .map_err(|_| DeprecatedPath { path: uri.path().to_owned(), why: None })?;
    Ok(Some(Deprecated { form: 1 << (root * 2 + u8::from(record)), successor }))
}

/// What typed requests send. It saves them from being parsed; what is spelled in another way is.
fn is_surely_current(path: &str) -> bool {
    const DEPRECATED: &str = "record";
    let Some(rest) = path.strip_prefix("/communications/calls/") else { return false };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let end = rest.len().checked_sub(DEPRECATED.len()).and_then(|at| rest.get(at..));
    !end.is_some_and(|end| end.eq_ignore_ascii_case(DEPRECATED)) && !rest.contains('%')
}

fn current_root(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next();
    first.is_some_and(|first| first.eq_ignore_ascii_case("communications"))
}

/// A request on a deprecated path that is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeprecatedPath {
    path: String,
    why: Option<PathError>,
}

impl fmt::Display for DeprecatedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the deprecated path `{}` is refused", self.path)
    }
}

impl error::Error for DeprecatedPath {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.why.as_ref().map(|why| why as _)
    }
}

#[cfg(test)]
mod tests {
    use tower_test::mock;

    use super::*;

    fn judged(path: &str, policy: DeprecationPolicy) -> Result<Option<String>, DeprecatedPath> {
        let uri: Uri = path.parse().unwrap();
        judge(&uri, policy).map(|judged| judged.map(|one| one.successor.to_string()))
    }

    #[test]
    fn the_query_goes_along() {
        assert_eq!(
            judged("/app/calls/1/participants?$select=id", DeprecationPolicy::Rewrite).unwrap().as_deref(),
            Some("/communications/calls/1/participants?$select=id")
        );
    }

    #[test]
    fn other_paths_and_unknown_actions_below_the_current_root_pass() {
        for path in
            ["/users/1/calls", "/communications/calls/1/new", "/communications/calls/1/a/b/c/d", "/me"]
        {
            assert_eq!(judged(path, DeprecationPolicy::Refuse), Ok(None), "{path}");
        }
    }

    #[test]
    fn what_passes_unparsed_is_current() {
        for path in
            ["", "/1", "/1/", "/1/answer", "/1/recordResponse", "/1/Record", "/1/record/", "/1/r%65cord"]
        {
            for path in
                [format!("/communications/calls{path}"), format!("/communications/calls{path}/record")]
            {
                let parsed = judged(&path, DeprecationPolicy::Rewrite);
                assert!(!is_surely_current(&path) || parsed == Ok(None), "{path}");
            }
        }
        assert!(is_surely_current("/communications/calls/57dab8b1/reject"));
        assert!(!is_surely_current("/communications/calls/1/microsoft.graph.record"));
    }

    #[test]
    fn the_rest_of_graph_is_left_alone_by_every_policy() {
        use DeprecationPolicy::{Refuse, Rewrite, Warn};
        for path in [
            "/users/8d1e6ab6/onlineMeetings",
            "/users/8d1e6ab6/onlineMeetings/MSo1N2Y5/recordings?$top=1",
            "/users/app/calls",
            "/app/other",
            "/app/onlineMeetings",
            "/app",
            "/applications",
            "/applications/3f1a0b00",
            "/applications/3f1a0b00/owners",
            "/applications/3f1a0b00/onlineMeetings/1",
            "/communications/onlineMeetings",
            "/communications/callRecords/1",
            "/communications/presences",
        ] {
            for policy in [Rewrite, Warn, Refuse] {
                assert_eq!(judged(path, policy), Ok(None), "{path}");
            }
        }
    }

    #[test]
    fn an_unknown_form_below_a_deprecated_root_is_an_error() {
        assert!(judged("/app/calls/1/new", DeprecationPolicy::Rewrite).is_err());
        assert!(judged("/app/calls/1", DeprecationPolicy::Refuse).is_err());
    }

    #[tokio::test]
    async fn each_form_is_warned_of_once_and_every_request_is_counted() {
        let layer = PathDeprecationLayer::new(DeprecationPolicy::Warn);
        let (mut service, mut handle) = mock::spawn_with(|inner| layer.layer(inner));
        let answering = tokio::spawn(async move {
            let mut paths = Vec::new();
            for _ in 0..4 {
                let (request, respond): (http::Request<()>, _) = handle.next_request().await.unwrap();
                paths.push(request.uri().path().to_owned());
                respond.send_response(http::Response::new(()));
            }
            paths
        });
        for path in ["/app/calls/1", "/app/calls/2", "/applications/9/calls/1", "/app/calls/1/record"] {
            std::future::poll_fn(|_| service.poll_ready()).await.unwrap();
            service.call(http::Request::get(path).body(()).unwrap()).await.unwrap();
        }
        assert_eq!(answering.await.unwrap()[0], "/app/calls/1");
        let stats = layer.counters.snapshot();
        assert_eq!((stats.deprecated_paths, stats.deprecation_warnings), (4, 3));
    }
}
