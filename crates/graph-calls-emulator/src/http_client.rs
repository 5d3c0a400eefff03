//! The client for callbacks and prompts.

use std::time::Duration;

/// A client that follows no redirects and repeats nothing.
pub(crate) fn build() -> Result<reqwest::Client, String> {
    let builder = || {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(10))
    };
    // A machine without CA certificates still reaches bots on itself over plain http.
    builder()
        .build()
        .or_else(|_| builder().tls_certs_only([]).build())
        .map_err(|error| describe(&error.without_url()))
}

/// The innermost reason, which is what a reader can act on.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
