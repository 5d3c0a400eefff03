use std::{
    borrow::Cow,
    fmt::{self, Write as _},
    marker::PhantomData,
};

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method,
    header::{ACCEPT, CONTENT_TYPE},
};
use serde::{Serialize, de::DeserializeOwned};

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
///
/// It gives the whole response; [`returning`](Self::returning) reads its JSON:
///
/// ```
/// use graph_calls_core::{Client, FixedToken, RawRequest, Repeat, test_util::ScriptedTransport};
/// use http::{Method, StatusCode};
///
/// #[derive(serde::Deserialize)]
/// struct Presence {
///     availability: String,
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let path = "/v1.0/users/8d1e6ab6/presence?$select=availability";
/// let script = ScriptedTransport::new().answer(Method::GET, path, StatusCode::OK, r#"{"availability": "Busy"}"#);
/// let client = Client::builder(script.transport()).token(FixedToken::new("t")?).build();
/// let request = RawRequest::new(Method::GET, "/users/8d1e6ab6/presence", Repeat::Always)
///     .query("$select", "availability")
///     .returning::<Presence>();
/// assert_eq!(client.send(request).await?.availability, "Busy");
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
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

    /// With a query option more, percent-encoded here.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        encode(name, &mut self.path);
        self.path.push('=');
        encode(value, &mut self.path);
        self
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

    /// Reads the JSON of a success as this type. One that cannot be read is an
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode), and what the request did is done all the same.
    #[must_use]
    pub fn returning<T: DeserializeOwned>(self) -> impl ApiRequest<Output = T> + fmt::Debug + Send + Sync {
        RawJson(self, PhantomData)
    }
}

/// Writes a part of a query, percent-encoding all that has a meaning there.
fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        // What OData writes in its options stays readable: `$filter=startswith(id,'a')`.
        if byte.is_ascii_alphanumeric() || b"-._~$,'():@/*".contains(&byte) {
            into.push(byte.into());
        } else {
            let _ = write!(into, "%{byte:02X}");
        }
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

/// A request whose answer is read as JSON.
struct RawJson<T>(RawRequest, PhantomData<fn() -> T>);

impl<T: DeserializeOwned> ApiRequest for RawJson<T> {
    type Output = T;
    const NAME: &'static str = RawRequest::NAME;
    const REPEAT: Repeat = RawRequest::REPEAT;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        let mut request = self.0.to_http()?;
        request.headers_mut().entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        Ok(request)
    }

    fn read(&self, response: http::Response<Bytes>) -> Result<T> {
        let response = self.0.read(response)?;
        serde_json::from_slice(response.body()).map_err(|error| Error::decode(self.0.name.clone(), error))
    }

    fn name(&self) -> Cow<'static, str> {
        self.0.name()
    }

    fn repeat(&self) -> Repeat {
        self.0.repeat()
    }

    fn version(&self) -> ApiVersion {
        self.0.version
    }
}

impl<T> fmt::Debug for RawJson<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RawRequest {
    // Headers and body are the caller's, and may hold what must not be read over anybody's shoulder.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawRequest({} {})", self.method, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn get(path: &str) -> RawRequest {
        RawRequest::new(Method::GET, path, Repeat::Always).named("users-list")
    }

    #[test]
    fn a_query_is_encoded_and_added_to_what_is_there() {
        let request =
            get("/users?$top=5").query("$filter", "startswith(name,'a&b') eq 1+1").query("a=b", "\u{e4}#");
        assert_eq!(
            request.to_http().unwrap().uri(),
            "/users?$top=5&$filter=startswith(name,'a%26b')%20eq%201%2B1&a%3Db=%C3%A4%23"
        );
    }

    #[test]
    fn what_is_read_as_json_asks_for_it_unless_told_otherwise() {
        let accept = |request: &dyn Fn() -> RawRequest| {
            request().returning::<u8>().to_http().unwrap().headers()[ACCEPT].clone()
        };
        assert_eq!(accept(&|| get("/users")), "application/json");
        let other = HeaderValue::from_static("application/json;odata.metadata=none");
        assert_eq!(accept(&|| get("/users").header(ACCEPT, other.clone())), other);
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_an_error_by_the_requests_name() {
        let request = get("/users").version(ApiVersion::Beta).returning::<u8>();
        assert_eq!((request.repeat(), ApiRequest::version(&request)), (Repeat::Always, ApiVersion::Beta));
        assert_eq!(request.read(http::Response::new(Bytes::from_static(b"7"))).unwrap(), 7);
        let mut lost = http::Response::new(Bytes::new());
        lost.extensions_mut().insert(BodyLost("it broke".to_owned()));
        for response in [http::Response::new(Bytes::from_static(b"<html>")), lost] {
            let error = request.read(response).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(error.to_string().starts_with("users-list: "), "{error}");
        }
    }
}
