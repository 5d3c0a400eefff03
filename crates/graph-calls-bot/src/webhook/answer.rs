//! What the sender of a POST is told.

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use http_body_util::Full;

use super::headers::{ECHOED, sane};

/// How a POST ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// 202: its notifications were taken over.
    Accepted,
    /// 200: they were, and the service waits for a decision, which is the body.
    Joining,
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
            Answer::Joining => StatusCode::OK,
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

    /// The answer in one word, as the counters have it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Answer::Accepted => "accepted",
            Answer::Joining => "joining",
            Answer::BotFramework => "bot_framework",
            Answer::Empty => "empty",
            Answer::Malformed => "malformed",
            Answer::Unauthorized => "unauthorized",
            Answer::TenantNotAllowed | Answer::NoTenant => "forbidden",
            Answer::OtherTenant => "foreign",
            Answer::NotFound => "not_found",
            Answer::MethodNotAllowed => "method_not_allowed",
            Answer::TooSlow => "too_slow",
            Answer::TooLarge => "too_large",
            Answer::UnsupportedMediaType => "unsupported_media_type",
            Answer::HeadersTooLarge => "headers_too_large",
            Answer::NoKeys(_) => "no_keys",
            Answer::Full(_) => "full",
            Answer::Unavailable(_) => "unavailable",
        }
    }

    /// What there is to say of it; nothing where all went well.
    pub(super) fn reason(self) -> Option<&'static str> {
        Some(match self {
            Answer::Accepted | Answer::Joining => return None,
            Answer::BotFramework => "the form before Graph's; the event comes again as a notification",
            Answer::Empty => "nothing was in it",
            Answer::Malformed => "the body broke off",
            Answer::Unauthorized => "no token, or a bad one",
            Answer::TenantNotAllowed => "tenant not allowed",
            Answer::NoTenant => "the token names no tenant",
            Answer::OtherTenant => "another tenant's call",
            Answer::NotFound => "no callback has this path",
            Answer::MethodNotAllowed => "not a POST",
            Answer::TooSlow => "the body took too long",
            Answer::TooLarge => "the body is too large",
            Answer::UnsupportedMediaType => "no JSON, or encoded",
            Answer::HeadersTooLarge => "the headers are too large",
            Answer::NoKeys(_) => "no keys to check the token with",
            Answer::Full(_) => "the queue is full",
            Answer::Unavailable(_) => "nobody can take it now",
        })
    }

    /// The response, with a body of JSON where there is one. `request` has the headers of the POST; only an accepted one
    /// sees any again.
    pub(super) fn into_response(self, request: &HeaderMap, json: Bytes) -> http::Response<Full<Bytes>> {
        let has_body = !json.is_empty();
        let mut response = http::Response::new(Full::new(json));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        if has_body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        match self {
            Answer::Accepted | Answer::Joining => {
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
