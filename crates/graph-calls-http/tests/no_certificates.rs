//! A machine without CA certificates, which is this one in a process that is told to look for them elsewhere.

#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{env, process::Command};

use graph_calls_http::{ErrorKind, HttpTransport};

const CHILD: &str = "GRAPH_CALLS_TEST_WITHOUT_CERTIFICATES";

#[test]
fn without_certificates_there_is_no_https_but_an_emulator_can_be_reached() {
    if env::var_os(CHILD).is_none() {
        let status = Command::new(env::current_exe().unwrap())
            .args(["--exact", "without_certificates_there_is_no_https_but_an_emulator_can_be_reached"])
            .env(CHILD, "1")
            .env("SSL_CERT_FILE", "/nowhere/certificates.pem")
            .env("SSL_CERT_DIR", "/nowhere")
            .status()
            .expect("this very program");
        assert!(status.success());
        return;
    }
    let error = HttpTransport::https().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert!(error.to_string().contains("install the CA certificates"), "{error}");
    HttpTransport::emulator().unwrap();
}
