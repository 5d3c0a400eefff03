//! `recordoperation`

use bytes::Bytes;
use graph_calls_model::fold_guid;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::json;

use crate::{
    api::Refusal,
    wav,
    world::{Download, FaultPhase, Recording, World},
};

/// Where recordings lie below the Graph root; no version stands before it.
pub(crate) const RECORDINGS: &str = "/recordings/";

/// What faults call the download of a recording.
pub(crate) const NAME: &str = "recordoperation";

impl World {
    /// Answers 200 with a recording, or 206 with the rest of it. Its own access token opens it and nothing else does.
    ///
    /// The recording is WAV: mono, 16 bit, 16 kHz. It is gone 10 minutes after its call has ended. Faults on
    /// `recordoperation` hit whatever the token check lets pass.
    ///
    /// Graph reference: [`recordOperation`](https://learn.microsoft.com/graph/api/resources/recordoperation).
    ///
    /// ```
    /// use graph_calls_emulator::{World, WorldConfig};
    ///
    /// let mut world = World::new(WorldConfig::seeded(7));
    /// let request = http::Request::get("/recordings/b0000000-0000-4000-8000-000000000001").body(())?;
    /// assert_eq!(world.download(&request).response.status(), 404);
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn download(&mut self, request: &Request<()>) -> Download {
        let response = self.open_recording(request);
        if response.status() == StatusCode::UNAUTHORIZED {
            return Download { response, fault: None };
        }
        let fault = self.faults.on_request(request.method(), request.uri().path());
        let response = match &fault {
            Some(FaultPhase::Status { status, retry_after }) => failed(*status, retry_after.as_deref()),
            _ => response,
        };
        Download { response, fault }
    }

    fn open_recording(&self, request: &Request<()>) -> Response<Bytes> {
        let path = request.uri().path();
        let Some(recording) = self.recording(path) else {
            return refuse(
                StatusCode::NOT_FOUND,
                "itemNotFound",
                "There is no such recording, or not any more.",
            );
        };
        if request.method() != Method::GET {
            let refused =
                refuse(StatusCode::METHOD_NOT_ALLOWED, "notAllowed", "A recording is fetched with GET.");
            return with(refused, header::ALLOW, "GET");
        }
        if !is_opened_by(recording, request.headers()) {
            let message = "The recording needs its recordingAccessToken.";
            let refused = refuse(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message);
            return with(refused, header::WWW_AUTHENTICATE, "Bearer");
        }
        let bytes = Bytes::from(wav::recording(recording.speech, recording.length));
        let etag = format!("\"{:032x}\"", key(path).unwrap_or_default());
        let response = match range(request.headers(), &etag, bytes.len()) {
            Some(Range { from, to }) if from < to => {
                let all = bytes.len();
                let mut response = Response::new(bytes.slice(from..to));
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                with(response, header::CONTENT_RANGE, &format!("bytes {from}-{}/{all}", to - 1))
            }
            Some(_) => {
                let message = "The range begins behind the recording's end.";
                let refused = refuse(StatusCode::RANGE_NOT_SATISFIABLE, "invalidRange", message);
                return with(refused, header::CONTENT_RANGE, &format!("bytes */{}", bytes.len()));
            }
            None => Response::new(bytes),
        };
        let response = with(response, header::CONTENT_TYPE, "application/octet-stream");
        with(with(response, header::ACCEPT_RANGES, "bytes"), header::ETAG, &etag)
    }

    /// The recording that lies there.
    pub(crate) fn recording(&self, path: &str) -> Option<&Recording> {
        self.recordings.get(&key(path)?)
    }
}

/// The id in a path, however it is spelled.
fn key(path: &str) -> Option<u128> {
    fold_guid(path.strip_prefix(RECORDINGS)?)
}

fn is_opened_by(recording: &Recording, headers: &HeaderMap) -> bool {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.split_once(' ')).is_some_and(|(scheme, token)| {
        scheme.eq_ignore_ascii_case("Bearer") && token.trim() == recording.token.0
    })
}

/// What is wanted of a recording: from the first byte to the one behind the last, the same where nothing is left.
#[derive(Debug, PartialEq, Eq)]
struct Range {
    from: usize,
    to: usize,
}

/// The one range that is wanted. Several, other units, and that of another version are left unheard, as may be.
fn range(headers: &HeaderMap, etag: &str, length: usize) -> Option<Range> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.contains_key(header::IF_RANGE) && text(header::IF_RANGE) != Some(etag) {
        return None;
    }
    let (from, last) = text(header::RANGE)?.strip_prefix("bytes=")?.split_once('-')?;
    let from: usize = from.parse().ok()?;
    let to = match last {
        "" => length,
        last => last.parse::<usize>().ok().filter(|last| *last >= from)?.saturating_add(1).min(length),
    };
    Some(Range { from: from.min(length), to })
}

/// The answer of a fault.
fn failed(status: u16, retry_after: Option<&str>) -> Response<Bytes> {
    let Refusal { code, message, .. } = Refusal::injected(status);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = refuse(status, code, &message);
    match retry_after {
        Some(value) => with(response, header::RETRY_AFTER, value),
        None => response,
    }
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response<Bytes> {
    let body = json!({ "error": { "code": code, "message": message } });
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    with(response, header::CONTENT_TYPE, "application/json")
}

fn with(mut response: Response<Bytes>, name: HeaderName, value: &str) -> Response<Bytes> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(headers: &[(HeaderName, &'static str)]) -> Option<Range> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        range(&headers.collect(), "\"a\"", 10)
    }

    #[test]
    fn one_range_is_read_and_others_are_left_unheard() {
        let some = |from, to| Some(Range { from, to });
        for (value, range) in [
            ("bytes=0-", some(0, 10)),
            ("bytes=4-", some(4, 10)),
            ("bytes=4-4", some(4, 5)),
            ("bytes=4-99999999999999999999", None),
            ("bytes=4-98", some(4, 10)),
            ("bytes=10-", some(10, 10)),
            ("bytes=99-", some(10, 10)),
            ("bytes=5-4", None),
            ("bytes=-3", None),
            ("bytes=0-1,4-5", None),
            ("lines=0-", None),
            ("bytes", None),
        ] {
            assert_eq!(wanted(&[(header::RANGE, value)]), range, "{value}");
        }
        assert_eq!(wanted(&[]), None);
    }

    #[test]
    fn a_range_of_another_version_is_left_unheard() {
        let range = (header::RANGE, "bytes=4-");
        assert!(wanted(&[range.clone(), (header::IF_RANGE, "\"a\"")]).is_some());
        assert_eq!(wanted(&[range.clone(), (header::IF_RANGE, "\"b\"")]), None);
        assert_eq!(wanted(&[range, (header::IF_RANGE, "W/\"a\"")]), None);
    }
}
