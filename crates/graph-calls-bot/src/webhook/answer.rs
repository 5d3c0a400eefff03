//! What the sender of a POST is told.

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE},
};
use http_body_util::Full;

use super::headers::{ECHOED, sane};

/// How a POST ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// 202: its notifications were taken over.
    Accepted,
    /// 204: the form before Graph's; the event comes again as a notification.
    BotFramework,
    /// 204: nothing was in it.
    Empty,
    /// 400: not UTF-8, not one JSON object, an envelope with a member twice, or broken off.
    Malformed,
    /// 401: no token, or a bad one. The same for every reason.
    Unauthorized,
    /// 403: a good token, and a tenant that is not allowed.
    TenantNotAllowed,
    /// 403: a good token without a tenant, and a body that needs one.
    NoTenant,
    /// 403: all of it belongs to calls of another tenant.
    OtherTenant,
    /// 404: a path that is no callback.
    NotFound,
    /// 405: not a POST.
    MethodNotAllowed,
    /// 408: the body took too long.
    TooSlow,
    /// 413: the body is too large, or has too many items.
    TooLarge,
    /// 415: no JSON, or encoded.
    UnsupportedMediaType,
    /// 431: the headers are too large.
    HeadersTooLarge,
    /// 503: nobody can tell yet whether the token is good.
    NoKeys(Duration),
    /// 503: the call's queue is full.
    Full(Duration),
    /// 503: the store is not available.
    Unavailable(Duration),
}

impl Answer {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Answer::Accepted => StatusCode::ACCEPTED,
            Answer::BotFramework | Answer::Empty => StatusCode::NO_CONTENT,
            Answer::Malformed => StatusCode::BAD_REQUEST,
            Answer::Unauthorized => StatusCode::UNAUTHORIZED,
            Answer::TenantNotAllowed | Answer::NoTenant | Answer::OtherTenant => StatusCode::FORBIDDEN,
            Answer::NotFound => StatusCode::NOT_FOUND,
            Answer::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Answer::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Answer::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Answer::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Answer::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Answer::NoKeys(_) | Answer::Full(_) | Answer::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The response, without a body. `request` has the headers of the POST; only an accepted one sees any again.
    pub(super) fn into_response(self, request: &HeaderMap) -> http::Response<Full<Bytes>> {
        let mut response = http::Response::new(Full::default());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        match self {
            Answer::Accepted => {
                for name in ECHOED {
                    if let Some(value) = sane(request, &name) {
                        headers.insert(name, value.clone());
                    }
                }
            }
            Answer::Unauthorized => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Answer::MethodNotAllowed => {
                headers.insert(ALLOW, HeaderValue::from_static("POST"));
            }
            Answer::NoKeys(wait) | Answer::Full(wait) | Answer::Unavailable(wait) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
            }
            _ => {}
        }
        response
    }
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_come_back_too_early() {
        for (wait, told) in [(0, 1), (1, 1), (999, 1), (1_000, 1), (1_001, 2), (29_500, 30)] {
            assert_eq!(whole_seconds(Duration::from_millis(wait)), told, "{wait}");
        }
    }
}
