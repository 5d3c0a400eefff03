//! What every request is made of: a path with a body, and an answer to be read.

use std::fmt::{self, Write as _};

use bytes::Bytes;
use graph_calls_model::{CommsOperation, ResourcePath};
use http::{
    HeaderValue, Method, Uri,
    header::{ACCEPT, CONTENT_TYPE, HeaderName, LOCATION},
};
use serde::{Deserialize, Serialize};

use crate::{BodyLost, Error, Result};

pub(super) const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Most paths are shorter: with room for all of it a path is allocated once.
const PATH_ROOM: usize = 128;

/// Ours and those that the layers and the transport add.
const HEADER_ROOM: usize = 12;

/// A request without a body.
pub(super) fn bare(
    name: &'static str,
    method: Method,
    path: impl fmt::Display,
) -> Result<http::Request<Bytes>> {
    let mut text = String::with_capacity(PATH_ROOM);
    write!(text, "{path}").map_err(|error| Error::request(name, error))?;
    let mut request = http::Request::new(Bytes::new());
    *request.method_mut() = method;
    *request.uri_mut() = Uri::try_from(text).map_err(|error| Error::request(name, error))?;
    let headers = request.headers_mut();
    headers.reserve(HEADER_ROOM);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    // Without this preference Graph hides enum members that are newer than its metadata.
    headers.insert(PREFER, HeaderValue::from_static("include-unknown-enum-members"));
    Ok(request)
}

/// A request with a JSON body.
pub(super) fn with_json(
    name: &'static str,
    method: Method,
    path: impl fmt::Display,
    body: &impl Serialize,
) -> Result<http::Request<Bytes>> {
    let mut request = bare(name, method, path)?;
    *request.body_mut() = serde_json::to_vec(body).map_err(|error| Error::request(name, error))?.into();
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(request)
}

/// The body of a success as a type that borrows from it. Where the transport lost the body, that is the error.
pub(super) fn json<'r, T: Deserialize<'r>>(
    name: &'static str,
    response: &'r http::Response<Bytes>,
) -> Result<T> {
    if let Some(lost) = response.extensions().get::<BodyLost>() {
        return Err(Error::decode(name, lost.0.clone()));
    }
    serde_json::from_slice(response.body()).map_err(|error| Error::decode(name, error))
}

/// What a 202 told of its operation, if anything: its body, with the id in its `Location` where the body has none.
///
/// The request is accepted whatever became of the body, so a lost or senseless one is no error.
pub(super) fn operation(response: &http::Response<Bytes>) -> Option<CommsOperation<'static>> {
    let body = json::<CommsOperation<'_>>("", response).map(CommsOperation::into_owned);
    let mut told = body.unwrap_or_default();
    if told.id.is_none() {
        told.id = located(response).and_then(|path| Some(path.operation_id()?.ok()?.into()));
    }
    (told != CommsOperation::default()).then_some(told)
}

/// What the `Location` of an answer names, which may be absolute or begin with a version.
pub(super) fn located(response: &http::Response<Bytes>) -> Option<ResourcePath<'_>> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let from = ["/communications/", "/app/", "/applications/"].iter().find_map(|root| location.find(root))?;
    let (_, path) = location.split_at_checked(from)?;
    ResourcePath::parse(path.split(['?', '#']).next()?).ok()
}

#[cfg(test)]
mod tests {
    use graph_calls_model::{CallId, OperationStatus};

    use super::*;

    fn at(location: &str, body: &str) -> http::Response<Bytes> {
        let body = Bytes::from(body.to_owned());
        http::Response::builder().status(202).header(LOCATION, location).body(body).unwrap()
    }

    #[test]
    fn the_id_is_found_at_the_end_of_any_location() {
        for location in [
            "https://graph.microsoft.com/v1.0/communications/calls/57dab8b1",
            "https://graph.microsoft.com/beta/app/calls/57dab8b1",
            "/communications/calls/57dab8b1/",
        ] {
            let response = at(location, "");
            let id = located(&response).and_then(|path| path.call_id()?.ok());
            assert_eq!(id, CallId::new("57dab8b1").ok(), "{location}");
        }
        let response = at("https://graph.microsoft.com/v1.0/communications/calls", "");
        assert_eq!(located(&response).and_then(|path| path.call_id()), None);
        assert_eq!(located(&at("nonsense", "")), None);
    }

    #[test]
    fn an_operation_is_what_the_answer_told_of_it() {
        let somewhere = "/v1.0/communications/calls/1/operations/a%20b";
        let told = operation(&at(somewhere, r#"{"id": "c", "status": "running"}"#)).unwrap();
        assert_eq!((told.id.as_deref(), told.status), (Some("c"), Some(OperationStatus::Running)));

        let id_alone = |response: &_| operation(response).unwrap().id;
        assert_eq!(id_alone(&at(somewhere, "")).as_deref(), Some("a b"));
        assert_eq!(id_alone(&at(somewhere, "{}")).as_deref(), Some("a b"));
        assert_eq!(id_alone(&at(somewhere, "<html>")).as_deref(), Some("a b"));
        let mut lost = at(somewhere, r#"{"id": "c", "#);
        lost.extensions_mut().insert(BodyLost("cut off".to_owned()));
        assert_eq!(id_alone(&lost).as_deref(), Some("a b"));

        assert_eq!(operation(&at("/v1.0/communications/calls/1", "")), None);
        assert_eq!(operation(&http::Response::new(Bytes::from("{}"))), None);
    }
}
