//! What the head of an answer says about a recording of which some bytes may be there already.

use std::{borrow::Cow, time::Duration};

use graph_calls_core::{Wall, layer::retry_after};
use http::{
    HeaderMap, HeaderValue, StatusCode, Version,
    header::{
        CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderName, LAST_MODIFIED, TRANSFER_ENCODING,
    },
    response::Parts,
};

use super::DownloadErrorKind;

/// What is known of the recording, to recognise it by.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Known {
    pub(super) total: Option<u64>,
    pub(super) etag: Option<HeaderValue>,
    pub(super) modified: Option<HeaderValue>,
}

impl Known {
    /// By what an earlier download knew it.
    pub(super) fn by(validator: HeaderValue) -> Self {
        if is_strong(&validator) {
            Self { etag: Some(validator), ..Self::default() }
        } else {
            Self { modified: Some(validator), ..Self::default() }
        }
    }

    /// What a condition can be made of: a weak `ETag` cannot.
    pub(super) fn validator(&self) -> Option<&HeaderValue> {
        self.etag.as_ref().filter(|etag| is_strong(etag)).or(self.modified.as_ref())
    }

    /// Takes in what another answer says; says what does not fit.
    fn learn(&mut self, total: Option<u64>, headers: &HeaderMap) -> Result<(), &'static str> {
        fit(&mut self.total, total).map_err(|()| "it has another length now")?;
        fit(&mut self.etag, headers.get(ETAG).cloned()).map_err(|()| "it has another ETag now")?;
        fit(&mut self.modified, headers.get(LAST_MODIFIED).cloned()).map_err(|()| "it was modified meanwhile")
    }
}

fn fit<T: PartialEq>(known: &mut Option<T>, told: Option<T>) -> Result<(), ()> {
    match (&*known, told) {
        (Some(known), Some(told)) if *known != told => Err(()),
        (None, told) => {
            *known = told;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn is_strong(validator: &HeaderValue) -> bool {
    let bytes = validator.as_bytes();
    bytes.len() >= 2 && bytes.starts_with(b"\"") && bytes.ends_with(b"\"")
}

/// What an answer means.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// Bytes follow, from where they were asked for.
    Body {
        known: Known,
        /// Where in the recording this body ends, where that was told.
        until: Option<u64>,
        /// Whether a clean end can be told from a lost connection.
        tells_end: bool,
    },
    /// There are no more bytes.
    Complete(Known),
    /// Not now, but perhaps after this time.
    Later(Option<Duration>),
    /// Not at all.
    Refused(DownloadErrorKind, Cow<'static, str>),
}

/// Judges the answer to a request for what follows the first `offset` bytes.
pub(super) fn judge(head: &Parts, offset: u64, known: &Known) -> Answer {
    match head.status {
        StatusCode::OK if offset > 0 => from_the_beginning(&head.headers, known),
        StatusCode::OK => body(head, length(&head.headers), None, known),
        StatusCode::PARTIAL_CONTENT if offset > 0 => part(head, offset, known),
        StatusCode::RANGE_NOT_SATISFIABLE if offset > 0 => nothing_left(&head.headers, offset, known),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Answer::Refused(
            DownloadErrorKind::Token,
            format!("answered {}: its token has expired or is not for this recording", head.status).into(),
        ),
        StatusCode::NOT_FOUND | StatusCode::GONE => Answer::Refused(
            DownloadErrorKind::Gone,
            format!("answered {}: the service has discarded it, as it does soon after a call", head.status)
                .into(),
        ),
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::REQUEST_TIMEOUT
        | StatusCode::INTERNAL_SERVER_ERROR
        | StatusCode::BAD_GATEWAY
        | StatusCode::GATEWAY_TIMEOUT => Answer::Later(retry_after(&head.headers, Wall::system())),
        status if status.is_redirection() => Answer::Refused(
            DownloadErrorKind::Status,
            format!("answered {status}: no redirect is followed, the token is for one place").into(),
        ),
        status => Answer::Refused(DownloadErrorKind::Status, format!("answered {status}").into()),
    }
}

fn body(head: &Parts, total: Option<u64>, until: Option<u64>, known: &Known) -> Answer {
    let mut known = known.clone();
    let headers = &head.headers;
    if headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return Answer::Refused(DownloadErrorKind::Answer, "it came encoded, which nobody asked for".into());
    }
    if let Err(why) = known.learn(total, headers) {
        return changed(why);
    }
    let framed = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
    Answer::Body { known, until: until.or(total), tells_end: framed || head.version >= Version::HTTP_2 }
}

fn part(head: &Parts, offset: u64, known: &Known) -> Answer {
    let Some(range) = only(&head.headers, CONTENT_RANGE).and_then(Range::parse) else {
        return unresumable("the service sent a part and did not say which");
    };
    match range {
        Range::Part { first, after, total } if first == offset => match body(head, total, Some(after), known)
        {
            // Not every service minds `If-Range`, and a length that fits may be another recording's.
            Answer::Body { .. } if known.etag.is_some() && !head.headers.contains_key(ETAG) => {
                unresumable("the service sent a part without the ETag it is recognised by")
            }
            answer => answer,
        },
        Range::Part { .. } => unresumable("the service sent another part than it was asked for"),
        Range::None { .. } => unresumable("the service sent a part and did not say which"),
    }
}

fn nothing_left(headers: &HeaderMap, offset: u64, known: &Known) -> Answer {
    match only(headers, CONTENT_RANGE).and_then(Range::parse) {
        Some(Range::None { total }) if total == offset => {
            let mut known = known.clone();
            match known.learn(Some(total), headers) {
                Ok(()) => Answer::Complete(known),
                Err(why) => changed(why),
            }
        }
        Some(Range::None { .. }) => changed("it has fewer bytes now"),
        _ => unresumable("the service sends no part of it"),
    }
}

/// A whole body where a part was asked for: either the recording is another one, or the service knows no parts.
fn from_the_beginning(headers: &HeaderMap, known: &Known) -> Answer {
    match known.clone().learn(length(headers), headers) {
        Ok(()) => unresumable("the service began from the beginning"),
        Err(why) => changed(why),
    }
}

fn changed(why: &str) -> Answer {
    Answer::Refused(DownloadErrorKind::NotResumable, format!("the recording changed: {why}").into())
}

fn unresumable(why: &str) -> Answer {
    Answer::Refused(DownloadErrorKind::NotResumable, format!("the recording cannot be resumed: {why}").into())
}

/// The length of a whole body, where the head tells it.
fn length(headers: &HeaderMap) -> Option<u64> {
    if headers.contains_key(TRANSFER_ENCODING) {
        return None;
    }
    only(headers, CONTENT_LENGTH).and_then(number)
}

fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn number(text: &str) -> Option<u64> {
    // `parse` alone would take a plus sign.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The header `Content-Range`.
#[derive(Debug, PartialEq)]
enum Range {
    Part { first: u64, after: u64, total: Option<u64> },
    None { total: u64 },
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let (unit, range) = text.trim().split_once(' ')?;
        let (range, total) = range.trim().split_once('/')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        if range == "*" {
            return Some(Self::None { total: number(total)? });
        }
        let (first, last) = range.split_once('-')?;
        let (first, after) = (number(first)?, number(last)?.checked_add(1)?);
        let total = if total == "*" { None } else { Some(number(total)?) };
        let sound = first < after && total.is_none_or(|total| after <= total);
        sound.then_some(Self::Part { first, after, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, headers: &[(&'static str, &str)]) -> Parts {
        let mut response = http::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(()).unwrap().into_parts().0
    }

    fn known(total: u64, etag: &'static str) -> Known {
        Known { total: Some(total), etag: Some(HeaderValue::from_static(etag)), modified: None }
    }

    fn refusal(status: u16, headers: &[(&'static str, &str)], offset: u64) -> (DownloadErrorKind, String) {
        match judge(&head(status, headers), offset, &known(10, "\"a\"")) {
            Answer::Refused(kind, message) => (kind, message.into_owned()),
            other => panic!("{status} {headers:?}: {other:?}"),
        }
    }

    #[test]
    fn a_content_range_is_read_strictly() {
        let part = |first, after, total| Some(Range::Part { first, after, total });
        assert_eq!(Range::parse("bytes 4-9/10"), part(4, 10, Some(10)));
        assert_eq!(Range::parse("Bytes 4-7/10"), part(4, 8, Some(10)));
        assert_eq!(Range::parse("bytes 4-9/*"), part(4, 10, None));
        assert_eq!(Range::parse("bytes */10"), Some(Range::None { total: 10 }));
        for junk in [
            "",
            "bytes",
            "bytes 4-9",
            "bytes=4-9/10",
            "bytes 9-4/10",
            "bytes 4-10/10",
            "bytes +4-9/10",
            "bytes -9/10",
            "bytes 4-/10",
            "bytes */*",
            "items 4-9/10",
            "bytes 4-18446744073709551615/*",
            "bytes 4-9/10/10",
            "bytes 4-99999999999999999999/*",
        ] {
            assert_eq!(Range::parse(junk), None, "{junk}");
        }
    }

    #[test]
    fn a_part_goes_on_only_where_everything_fits() {
        let good = [("content-range", "bytes 4-9/10"), ("etag", "\"a\""), ("content-length", "6")];
        assert_eq!(
            judge(&head(206, &good), 4, &known(10, "\"a\"")),
            Answer::Body { known: known(10, "\"a\""), until: Some(10), tells_end: true }
        );
        for (headers, word) in [
            (&[("content-range", "bytes 5-9/10")][..], "another part"),
            (&[("content-range", "bytes 0-9/10")], "another part"),
            (&[("content-range", "bytes 4-9/11")], "changed: it has another length"),
            (&[("content-range", "bytes 4-9/10"), ("etag", "\"b\"")], "changed: it has another ETag"),
            (&[("content-range", "bytes 4-9/10"), ("etag", "W/\"a\"")], "changed: it has another ETag"),
            (&[("content-range", "bytes */10")], "did not say which"),
            (&[("content-range", "bytes 4-9/10"), ("content-range", "bytes 5-9/10")], "did not say which"),
            (&[("content-type", "multipart/byteranges; boundary=x")], "did not say which"),
        ] {
            let (kind, message) = refusal(206, headers, 4);
            assert_eq!(kind, DownloadErrorKind::NotResumable);
            assert!(message.contains(word), "{headers:?}: {message}");
        }
        let dated = Known::by(HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"));
        let later = [("content-range", "bytes 4-9/10"), ("last-modified", "Sun, 06 Nov 1994 08:49:38 GMT")];
        let Answer::Refused(_, message) = judge(&head(206, &later), 4, &dated) else { panic!("it changed") };
        assert!(message.contains("it was modified meanwhile"), "{message}");
        let (_, message) = refusal(200, &[("etag", "\"a\""), ("content-length", "10")], 4);
        assert!(message.contains("cannot be resumed: the service began from the beginning"), "{message}");
        let (_, message) = refusal(200, &[("etag", "\"b\"")], 4);
        assert!(message.contains("changed"), "{message}");
    }

    #[test]
    fn nothing_left_is_the_end_only_where_the_length_fits() {
        let nothing = |range| judge(&head(416, &[("content-range", range)]), 10, &Known::default());
        assert!(matches!(nothing("bytes */10"), Answer::Complete(Known { total: Some(10), .. })));
        assert!(matches!(nothing("bytes */9"), Answer::Refused(DownloadErrorKind::NotResumable, _)));
        assert_eq!(refusal(416, &[], 10).0, DownloadErrorKind::NotResumable);
        assert_eq!(
            refusal(416, &[("content-range", "bytes */10"), ("etag", "\"b\"")], 10).0,
            DownloadErrorKind::NotResumable
        );
    }

    #[test]
    fn each_status_says_what_to_do() {
        use DownloadErrorKind as Kind;
        for (status, kind, words) in [
            (401, Kind::Token, "expired"),
            (403, Kind::Token, "expired"),
            (404, Kind::Gone, "discarded"),
            (410, Kind::Gone, "discarded"),
            (302, Kind::Status, "no redirect is followed"),
            (304, Kind::Status, "no redirect is followed"),
            (206, Kind::Status, "206"),
            (416, Kind::Status, "416"),
            (204, Kind::Status, "204"),
            (400, Kind::Status, "400"),
            (501, Kind::Status, "501"),
        ] {
            let (told, message) = refusal(status, &[], 0);
            assert_eq!(told, kind, "{status}");
            assert!(message.contains(words), "{message}");
        }
        for encodings in
            [&["gzip"][..], &["identity, gzip"], &["identity", "gzip"], &["identity", "identity", "br"]]
        {
            let headers: Vec<_> = encodings.iter().map(|encoding| ("content-encoding", *encoding)).collect();
            assert_eq!(refusal(200, &headers, 0).0, Kind::Answer, "{encodings:?}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert_eq!(judge(&head(status, &[]), 0, &Known::default()), Answer::Later(None));
        }
        let told = judge(&head(429, &[("retry-after", "2.128")]), 0, &Known::default());
        assert_eq!(told, Answer::Later(Some(Duration::from_millis(2_128))));
    }

    #[test]
    fn a_body_without_a_length_or_chunks_does_not_tell_its_end_before_http_2() {
        let tells = |version, headers: &[(&'static str, &str)]| {
            let mut head = head(200, headers);
            head.version = version;
            match judge(&head, 0, &Known::default()) {
                Answer::Body { tells_end, until, .. } => (tells_end, until),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(tells(Version::HTTP_11, &[]), (false, None));
        assert_eq!(
            tells(Version::HTTP_11, &[("transfer-encoding", "chunked"), ("content-length", "4")]),
            (true, None)
        );
        assert_eq!(tells(Version::HTTP_11, &[("content-length", "4")]), (true, Some(4)));
        assert_eq!(tells(Version::HTTP_2, &[]), (true, None));
    }

    #[test]
    fn a_condition_is_made_of_a_strong_etag_or_else_of_a_date() {
        let value = HeaderValue::from_static;
        let date = value("Sun, 06 Nov 1994 08:49:37 GMT");
        let both = Known { total: None, etag: Some(value("\"a\"")), modified: Some(date.clone()) };
        assert_eq!(both.validator(), Some(&value("\"a\"")));
        let weak = Known { etag: Some(value("W/\"a\"")), ..both };
        assert_eq!(weak.validator(), Some(&date));
        assert_eq!(Known { modified: None, ..weak }.validator(), None);
        assert_eq!(Known::by(date.clone()).modified, Some(date));
    }
}
