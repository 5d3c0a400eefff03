//! The body of an HTTP error.

use crate::{Text, wire::wire_struct};

wire_struct! {
    /// What an error response carries: `{"error": {..}}`.
    ///
    /// Graph reference: [error responses](https://learn.microsoft.com/graph/errors).
    pub struct ErrorBody<'a> {
        /// The error.
        pub error: Option<GraphError<'a>> = "error",
    }
}

wire_struct! {
    /// An error of Graph. Branch on the code alone; the message changes at will.
    pub struct GraphError<'a> {
        /// The code: a word, or a number as text for the calls service (`7505`).
        pub code: Option<Text<'a>> = "code",
        /// For developers.
        pub message: Option<Text<'a>> = "message",
        /// What lies behind it.
        pub inner_error: Option<Box<InnerError<'a>>> = "innerError" | "innererror",
    }
}

wire_struct! {
    /// What lies behind an error.
    pub struct InnerError<'a> {
        /// A more exact code.
        pub code: Option<Text<'a>> = "code",
        /// The service's id of the request.
        pub request_id: Option<Text<'a>> = "request-id" | "requestId",
        /// Our id of the request.
        pub client_request_id: Option<Text<'a>> = "client-request-id",
        /// When, without a time zone.
        pub date: Option<Text<'a>> = "date",
        /// What lies behind that.
        pub inner_error: Option<Box<InnerError<'a>>> = "innerError" | "innererror",
    }
}

impl GraphError<'_> {
    /// The most exact code: that of the innermost error which has one.
    pub fn innermost_code(&self) -> Option<&str> {
        let mut code = self.code.as_deref();
        let mut inner = self.inner_error.as_deref();
        while let Some(error) = inner {
            code = error.code.as_deref().or(code);
            inner = error.inner_error.as_deref();
        }
        code
    }

    /// The service's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.inner_error.as_ref()?.request_id.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_code_wins_and_both_spellings_of_the_inner_error_are_read() {
        let body: ErrorBody<'_> = serde_json::from_str(
            r#"{"error":{"code":"TooManyRequests","message":"slow down","innererror":{"code":"429","requestId":"r1",
               "innerError":{"date":"2026-11-21T10:00:00"}}}}"#,
        )
        .unwrap();
        let error = body.error.unwrap();
        assert_eq!(error.innermost_code(), Some("429"));
        assert_eq!(error.request_id(), Some("r1"));
    }
}
