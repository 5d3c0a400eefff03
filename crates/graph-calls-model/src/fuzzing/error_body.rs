//! The body of an HTTP error.

use super::{Plain, json};
use crate::ErrorBody;

/// The body of an HTTP error.
pub fn error_body(bytes: &[u8]) {
    let read = serde_json::from_slice::<ErrorBody<'_>>(bytes);
    let plain = Plain::read(bytes);
    if let Some(plain) = &plain {
        assert_eq!(read.is_ok(), fits_error_body(plain), "{:?}", read.err());
    }
    let Ok(body) = read else { return };
    let written = json(&body);
    assert_eq!(serde_json::from_str::<ErrorBody<'_>>(&written).expect("what we wrote"), body);
    assert_eq!(body.clone().into_owned(), body);
    let innermost = body.error.as_ref().and_then(|error| error.innermost_code());
    let request_id = body.error.as_ref().and_then(|error| error.request_id());
    let Some(plain) = &plain else { return };
    let told = plain.member(&["error"]);
    let error = body.error.as_ref();
    assert_eq!(error.is_some(), told.is_some());
    let Some(told) = told else { return };
    assert_eq!(error.and_then(|error| error.code.as_deref()), told.text(&["code"]));
    assert_eq!(error.and_then(|error| error.message.as_deref()), told.text(&["message"]));
    assert_eq!(request_id, told.member(INNER_ERROR).and_then(|inner| inner.text(REQUEST_ID)));
    let mut code = told.text(&["code"]);
    let mut inner = told.member(INNER_ERROR);
    while let Some(error) = inner {
        code = error.text(&["code"]).or(code);
        inner = error.member(INNER_ERROR);
    }
    assert_eq!(innermost, code);
}

const INNER_ERROR: &[&str] = &["innerError", "innererror"];
const REQUEST_ID: &[&str] = &["request-id", "requestId"];

fn fits_error_body(plain: &Plain) -> bool {
    plain.is_object() && plain.each(&["error"], fits_error)
}

fn fits_error(plain: &Plain) -> bool {
    plain.is_object()
        && plain.each(&["code", "message"], Plain::is_text)
        && plain.each(INNER_ERROR, fits_inner_error)
}

fn fits_inner_error(plain: &Plain) -> bool {
    plain.is_object()
        && plain.each(&["code", "request-id", "requestId", "client-request-id", "date"], Plain::is_text)
        && plain.each(INNER_ERROR, fits_inner_error)
}
