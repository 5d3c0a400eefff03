use std::{borrow::Cow, fmt};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header::CONTENT_TYPE};
use serde::Serialize;

use super::{ApiRequest, ApiVersion, PREFER};
use crate::{BodyLost, Error, Repeat, Result};

/// Any request to Graph, through the same stack: token, origin check, retry by the class that must be given, deadlines.
///
/// For actions that have no type here, for the rest of Graph, and for code that still uses deprecated paths.
///
/// # Examples
///
/// ```
/// use graph_calls_core::{ApiRequest, RawRequest, Repeat};
/// use http::Method;
///
/// let request = RawRequest::new(Method::GET, "/users/8d1e6ab6/presence", Repeat::Always);
/// assert_eq!(request.to_http()?.uri(), "/users/8d1e6ab6/presence");
/// # Ok::<(), graph_calls_core::Error>(())
/// ```
pub struct RawRequest {
    method: Method,
    path: String,
    repeat: Repeat,
    version: ApiVersion,
    name: Cow<'static, str>,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: std::result::Result<Bytes, serde_json::Error>,
}

impl RawRequest {
    /// A request for a path below a version of Graph, percent-encoded by the caller.
    pub fn new(method: Method, path: impl Into<String>, repeat: Repeat) -> Self {
        Self {
            method,
            path: path.into(),
            repeat,
            version: ApiVersion::Any,
            name: Cow::Borrowed("raw"),
            headers: Vec::new(),
            body: Ok(Bytes::new()),
        }
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.body = serde_json::to_vec(body).map(Bytes::from);
        self.headers.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
        self
    }

    /// With a body of any kind.
    #[must_use]
    pub fn body(mut self, content_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        self.body = Ok(body.into());
        self.headers.push((CONTENT_TYPE, content_type));
        self
    }

    /// With a header more.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// To this version.
    #[must_use]
    pub fn version(mut self, version: ApiVersion) -> Self {
        self.version = version;
        self
    }

    /// Under this name in errors and spans, instead of `raw`.
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }
}

impl ApiRequest for RawRequest {
    type Output = http::Response<Bytes>;
    const NAME: &'static str = "raw";
    // Never read: the caller's choice overrides it below.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        let refused = |error: &dyn fmt::Display| Error::request(self.name.clone(), error.to_string());
        let body = self.body.as_ref().map_err(|error| refused(error))?.clone();
        let mut request = http::Request::builder()
            .method(self.method.clone())
            .uri(self.path.as_str())
            .header(PREFER, "include-unknown-enum-members")
            .body(body)
            .map_err(|error| refused(&error))?;
        for (name, value) in &self.headers {
            request.headers_mut().append(name.clone(), value.clone());
        }
        Ok(request)
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<http::Response<Bytes>> {
        match response.extensions().get::<BodyLost>() {
            Some(lost) => Err(Error::decode(self.name.clone(), lost.0.clone())),
            None => Ok(response),
        }
    }

    fn name(&self) -> Cow<'static, str> {
        self.name.clone()
    }

    fn repeat(&self) -> Repeat {
        self.repeat
    }

    fn version(&self) -> ApiVersion {
        self.version
    }
}

impl fmt::Debug for RawRequest {
    // Headers and body are the caller's, and may hold what must not be read over anybody's shoulder.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawRequest({} {})", self.method, self.path)
    }
}
