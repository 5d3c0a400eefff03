//! What an app with a token of another identity provider shows to the login.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail the test"
)]

mod fake_login;

use std::{env, fs, path::PathBuf, process};

use fake_login::{APP, Answer, FakeLogin, app, tenant, token, wanted};
use graph_calls_core::TokenProvider as _;
use graph_calls_http::FederatedToken;

/// A file that goes with the test.
struct TokenFile(PathBuf);

impl TokenFile {
    fn new(name: &str, content: &str) -> Self {
        let file = Self(env::temp_dir().join(format!("graph-calls-{name}-{}", process::id())));
        file.write(content);
        file
    }

    fn write(&self, content: &str) {
        fs::write(&self.0, content).unwrap();
    }

    fn credential(&self) -> FederatedToken {
        FederatedToken::from_file(tenant(), app(), &self.0)
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn the_file_is_read_anew_for_each_request() {
    let file = TokenFile::new("renewed", "first.token.here\r\n");
    let login = FakeLogin::answering(Answer::token(3600));
    let tokens = login.tokens_for(file.credential());
    let mut request = wanted();
    request.refused = Some(token(&tokens).await);
    file.write("second.token.here");
    tokens.token(&request).await.unwrap();
    let asked = login.asked();
    assert_eq!(asked.len(), 2);
    for (asked, assertion) in asked.iter().zip(["first.token.here", "second.token.here"]) {
        assert_eq!(asked.form["client_assertion"], assertion);
        assert_eq!(
            asked.form["client_assertion_type"],
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        assert_eq!(asked.form["client_id"], APP);
        assert!(!asked.form.contains_key("client_secret"));
    }
}

#[tokio::test]
async fn a_file_without_a_token_is_an_error_that_names_it_and_the_login_is_not_asked() {
    let login = FakeLogin::answering(Answer::token(3600));
    for (content, says, transient) in [
        ("", "is empty", true),
        ("\r\n\r\n", "is empty", true),
        ("s3cret token", "is no token", false),
        ("s3cret\r\nX: y", "is no token", false),
        ("s3cret ", "is no token", false),
        (&"s".repeat(64 * 1024 + 1), "cannot be read", false),
    ] {
        let file = TokenFile::new("without", content);
        let error = login.tokens_for(file.credential()).token(&wanted()).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.to_string().contains(file.0.to_str().unwrap()), "{error}");
        assert_eq!(error.is_transient(), transient, "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
    let gone = TokenFile::new("gone", "");
    fs::remove_file(&gone.0).unwrap();
    let error = login.tokens_for(gone.credential()).token(&wanted()).await.unwrap_err();
    assert!(error.to_string().contains("AZURE_FEDERATED_TOKEN_FILE"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    assert!(login.asked().is_empty());
}

#[tokio::test]
async fn the_longest_token_that_is_read_has_64_kib() {
    let file = TokenFile::new("long", &"s".repeat(64 * 1024));
    let login = FakeLogin::answering(Answer::token(3600));
    token(&login.tokens_for(file.credential())).await;
    assert_eq!(login.asked()[0].form["client_assertion"].len(), 64 * 1024);
}

#[tokio::test]
async fn a_login_that_does_not_trust_the_token_says_what_must_fit() {
    let file = TokenFile::new("foreign", "some.token.here");
    for code in [70_021, 700_211, 700_212, 700_213] {
        let login = FakeLogin::answering(Answer::status(401, &format!(r#"{{"error_codes":[{code}]}}"#)));
        let error = login.tokens_for(file.credential()).token(&wanted()).await.unwrap_err();
        assert!(error.to_string().contains("issuer, subject and audience"), "{error}");
    }
}
