//! Prompts, handed out.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{
        ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
        IF_RANGE, RANGE,
    },
};
use http_body_util::Full;

use super::Prompts;

/// An address names its content, so it never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const WAV: HeaderValue = HeaderValue::from_static("audio/wav");

impl Prompts {
    /// The answer to a GET or HEAD for `<base path>/prompts/<hash>.wav`: the file or one range of it, 304 for who has it
    /// already, 404 for what there is not. `None` for everything else, which is somebody else's to answer.
    ///
    /// For a server of one's own; [`Bot::serve`](crate::Bot::serve) does it by itself. The base path is that of the
    /// callback URI. Anybody who knows an address may have the file, as the service brings no token.
    pub fn answer<B>(&self, base_path: &str, request: &http::Request<B>) -> Option<Response<Full<Bytes>>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let below = request.uri().path().strip_prefix(base_path.trim_end_matches('/'))?;
        let name = below.strip_prefix("/prompts/")?;
        // Looked up as it was sent: no name means a file of the disk, whatever is in it.
        let found = name.strip_suffix(".wav").and_then(|hash| self.by_hash.get_key_value(hash));
        let Some((hash, content)) = found else {
            return Some(status(StatusCode::NOT_FOUND));
        };
        let Ok(tag) = HeaderValue::from_str(&format!("\"{hash}\"")) else {
            return Some(status(StatusCode::NOT_FOUND));
        };
        let mut response = if has_already(request.headers(), &tag) {
            status(StatusCode::NOT_MODIFIED)
        } else {
            let range = Some(request).filter(|request| request.method() == Method::GET);
            let range = range.and_then(|request| wanted(request.headers(), &tag, content.len()));
            self::content(content, range, request.method() == Method::HEAD)
        };
        response.headers_mut().insert(ETAG, tag);
        response.headers_mut().insert(CACHE_CONTROL, FOR_EVER);
        Some(response)
    }
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// Which bytes somebody wants: from one to another, both included, or none that there are.
type Range = Option<(usize, usize)>;

fn content(content: &Bytes, range: Option<Range>, head: bool) -> Response<Full<Bytes>> {
    let whole = content.len();
    let (status, part, told) = match range {
        None => (StatusCode::OK, content.clone(), None),
        Some(Some((first, last))) => {
            let told = format!("bytes {first}-{last}/{whole}");
            (StatusCode::PARTIAL_CONTENT, content.slice(first..=last), Some(told))
        }
        Some(None) => (StatusCode::RANGE_NOT_SATISFIABLE, Bytes::new(), Some(format!("bytes */{whole}"))),
    };
    let length = part.len();
    let mut response = Response::new(Full::new(if head { Bytes::new() } else { part }));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if length > 0 {
        headers.insert(CONTENT_TYPE, WAV);
    }
    if let Some(told) = told.and_then(|told| HeaderValue::from_str(&told).ok()) {
        headers.insert(CONTENT_RANGE, told);
    }
    response
}

/// Whether the sender says that it has this content.
fn has_already(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let tags = headers.get_all(IF_NONE_MATCH).iter();
    tags.flat_map(|tags| tags.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .any(|one| one == b"*" || one.strip_prefix(b"W/").unwrap_or(one) == tag.as_bytes())
}

/// The range that is asked for; `None` where all of it is, and where the question is of a kind that may be passed over:
/// several ranges, other units, a condition that does not hold.
fn wanted(headers: &HeaderMap, tag: &HeaderValue, length: usize) -> Option<Range> {
    if headers.get(IF_RANGE).is_some_and(|condition| condition != tag) {
        return None;
    }
    let mut asked = headers.get_all(RANGE).iter();
    let range = asked.next().filter(|_| asked.next().is_none())?.to_str().ok()?;
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    if first.is_empty() {
        let count = number(last)?;
        let end = length.checked_sub(1).filter(|_| count > 0);
        return Some(end.map(|end| (length.saturating_sub(count), end)));
    }
    let first = number(first)?;
    let last = if last.is_empty() { usize::MAX } else { number(last).filter(|last| first <= *last)? };
    Some((first < length).then(|| (first, last.min(length - 1))))
}

/// Digits and nothing else; more of them than fit are as good as the most.
fn number(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(usize::MAX))
}
