//! The body of an HTTP error.

use super::{Plain, json};
use crate::ErrorBody;

/// The body of an HTTP error.
pub fn error_body(bytes: &[u8]) {
    let read = serde_json::from_slice::<ErrorBody<'_>>(bytes);
    let taken = ErrorBody::read(bytes);
    check_written(&taken);
    let plain = Plain::read(bytes);
    if let Some(plain) = &plain {
        // Whatever its members are: only what is no object is no error body.
        assert_eq!(read.is_ok(), plain.is_object(), "{:?}", read.err());
    }
    let Ok(body) = read else { return };
    assert_eq!(taken, body, "what can be read is read alike");
    check_written(&body);
    let Some(plain) = &plain else { return };
    check_members(&body, plain);
    check_cut(bytes, &body, plain);
}

/// What was written is read as the same.
fn check_written(body: &ErrorBody<'_>) {
    let written = json(body);
    assert_eq!(&serde_json::from_str::<ErrorBody<'_>>(&written).expect("what we wrote"), body);
    assert_eq!(&ErrorBody::read(written.as_bytes()), body);
    assert_eq!(&body.clone().into_owned(), body);
}

fn check_members(body: &ErrorBody<'_>, plain: &Plain) {
    let told = plain.last(&["error"], Plain::is_object);
    let error = body.error.as_ref();
    assert_eq!(error.is_some(), told.is_some());
    let (Some(error), Some(told)) = (error, told) else { return };
    let word = |plain: &Plain, names: &[&str]| plain.last(names, Plain::is_word).and_then(Plain::word);
    assert_eq!(error.code.as_deref(), word(told, &["code"]).as_deref(), "a text or a number is kept");
    assert_eq!(error.message.as_deref(), word(told, &["message"]).as_deref());
    let mut inner = told.last(INNER_ERROR, Plain::is_object);
    assert_eq!(error.request_id(), inner.and_then(|inner| word(inner, REQUEST_ID)).as_deref());
    let mut code = word(told, &["code"]);
    for _ in 0..MOST_INNER_ERRORS {
        let Some(error) = inner else { break };
        code = word(error, &["code"]).or(code);
        inner = error.last(INNER_ERROR, Plain::is_object);
    }
    assert_eq!(error.innermost_code(), code.as_deref());
}

/// What is left of a body says nothing that the whole does not say.
fn check_cut(bytes: &[u8], body: &ErrorBody<'_>, plain: &Plain) {
    let once = |plain: &Plain, name: &str| plain.count(name) <= 1;
    let is_once = once(plain, "error") && plain.member(&["error"]).is_none_or(|error| once(error, "code"));
    let half = ErrorBody::read(bytes.get(..bytes.len() / 2).unwrap_or_default());
    let code = |body: &ErrorBody<'_>| body.error.as_ref()?.code.as_deref().map(str::to_owned);
    if is_once && code(&half).is_some() {
        assert_eq!(code(&half), code(body));
    }
}

const INNER_ERROR: &[&str] = &["innerError", "innererror"];
const REQUEST_ID: &[&str] = &["request-id", "requestId"];
const MOST_INNER_ERRORS: usize = 16;
