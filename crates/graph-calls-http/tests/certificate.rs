//! What an app with a certificate shows to the login.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail the test"
)]

mod fake_login;

use std::collections::HashSet;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64_URL},
};
use fake_login::{APP, Answer, FakeLogin, TENANT, app, tenant, token, wanted};
use graph_calls_core::{TokenProvider as _, model::TenantId};
use graph_calls_http::{ClientCertificate, InvalidCertificate};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use rustls_pki_types::{SubjectPublicKeyInfoDer, pem::PemObject as _};
use serde_json::Value;

/// A key of the folder, which are kept without their frame so that nobody takes them for lost ones.
macro_rules! private_key {
    ($label:literal, $file:literal) => {
        concat!("-----BEGIN ", $label, "-----\n", include_str!($file), "-----END ", $label, "-----\n")
    };
}

const KEY: &str = private_key!("PRIVATE KEY", "keys/key.b64");
const KEY_PKCS1: &str = private_key!("RSA PRIVATE KEY", "keys/key.pkcs1.b64");
const PUBLIC_KEY: &str = include_str!("keys/public_key.pem");
const CERTIFICATE: &str = include_str!("keys/certificate.pem");
const CERTIFICATE_V1: &str = include_str!("keys/certificate.v1.pem");
const CHAIN: &str = include_str!("keys/chain.pem");
const OTHER_KEY: &str = private_key!("PRIVATE KEY", "keys/other_key.b64");
const WEAK_KEY: &str = private_key!("PRIVATE KEY", "keys/weak_key.b64");
const EC_KEY: &str = private_key!("PRIVATE KEY", "keys/ec_key.b64");
const EC_KEY_SEC1: &str = private_key!("EC PRIVATE KEY", "keys/ec_key.sec1.b64");
const ENCRYPTED_KEY: &str = private_key!("ENCRYPTED PRIVATE KEY", "keys/encrypted_key.b64");
const ENCRYPTED_KEY_PKCS1: &str = private_key!("RSA PRIVATE KEY", "keys/encrypted_key.pkcs1.b64");

/// As `openssl x509 -outform der | openssl dgst -sha256 -binary | basenc --base64url` has it.
const THUMBPRINT: &str = "zDlk_ZDH6SXYdYn7GfaQrz3jwLg_paB4m6A_gN79XJ4";

fn certificate(pem: &str) -> ClientCertificate {
    ClientCertificate::from_pem(tenant(), app(), pem).unwrap()
}

/// The head and the claims of a statement, whose signature somebody else has checked.
fn read(assertion: &str, audience: &str) -> (Value, Value) {
    let mut validation = Validation::new(Algorithm::PS256);
    validation.set_audience(&[audience]);
    validation.set_issuer(&[APP]);
    validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
    validation.validate_nbf = true;
    validation.leeway = 1;
    let key = SubjectPublicKeyInfoDer::from_pem_slice(PUBLIC_KEY.as_bytes()).unwrap();
    let key = DecodingKey::from_rsa_der(&key);
    let claims = jsonwebtoken::decode::<Value>(assertion, &key, &validation).unwrap().claims;
    let head = BASE64_URL.decode(assertion.split_once('.').unwrap().0).unwrap();
    (serde_json::from_slice(&head).unwrap(), claims)
}

#[tokio::test]
async fn the_login_gets_a_statement_that_somebody_else_can_check() {
    let login = FakeLogin::answering(Answer::token(3600));
    let tokens = login.tokens_for(certificate(&format!("{KEY}{CERTIFICATE}")));
    token(&tokens).await;
    let mut other = wanted();
    other.tenant = Some(TenantId::new("fabrikam.example").unwrap());
    tokens.token(&other).await.unwrap();
    let mut ids = HashSet::new();
    for (asked, tenant) in login.asked().iter().zip([TENANT, "fabrikam.example"]) {
        let form = &asked.form;
        assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        assert_eq!(form["client_id"], APP);
        assert!(!form.contains_key("client_secret"));
        let audience = format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token");
        assert_eq!(asked.uri, audience);
        let (head, claims) = read(&form["client_assertion"], &audience);
        assert_eq!(head["alg"], "PS256");
        assert_eq!(head["typ"], "JWT");
        assert_eq!(head["x5t#S256"], THUMBPRINT);
        assert_eq!(head.as_object().unwrap().len(), 3);
        assert_eq!(claims["sub"], APP);
        assert_eq!(claims["exp"].as_u64().unwrap() - claims["nbf"].as_u64().unwrap(), 600);
        let id = claims["jti"].as_str().unwrap().to_owned();
        assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'), "a random GUID");
        assert!(ids.insert(id));
    }
    assert_eq!(ids.len(), 2);
}

#[tokio::test]
async fn a_key_is_read_in_both_forms_and_a_certificate_of_any_version() {
    for (certificate, key) in [
        (CERTIFICATE, KEY),
        (CERTIFICATE, KEY_PKCS1),
        (CERTIFICATE_V1, KEY),
        (&CERTIFICATE.replace('\n', "\r\n"), KEY_PKCS1),
        (&format!("Bag Attributes\n    friendlyName: bot\n{CERTIFICATE}"), KEY),
    ] {
        let credential = ClientCertificate::from_pem_parts(tenant(), app(), certificate, key).unwrap();
        let login = FakeLogin::answering(Answer::token(3600));
        token(&login.tokens_for(credential)).await;
        let asked = login.asked();
        read(&asked[0].form["client_assertion"], &asked[0].uri);
    }
}

#[tokio::test]
async fn the_chain_goes_along_when_it_is_wanted_and_begins_with_the_certificate_of_the_key() {
    let login = FakeLogin::answering(Answer::token(3600));
    token(&login.tokens_for(certificate(&format!("{CHAIN}{KEY}")).with_x5c())).await;
    let asked = login.asked();
    let (head, _) = read(&asked[0].form["client_assertion"], &asked[0].uri);
    let sent: Vec<_> = head["x5c"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let written: Vec<String> = CHAIN
        .split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .map(|text| text.split("-----END").next().unwrap().split_whitespace().collect())
        .collect();
    assert_eq!(sent, [&written[1], &written[0]]);
    assert!(sent.iter().all(|it| BASE64.decode(it).is_ok()));
}

#[test]
fn what_cannot_be_used_is_named() {
    for (pem, why) in [
        (String::new(), InvalidCertificate::NotPem),
        ("\u{0}PFX".to_owned(), InvalidCertificate::NotPem),
        (format!("{CERTIFICATE}{}", KEY.split("-----END").next().unwrap()), InvalidCertificate::NotPem),
        (format!("{CERTIFICATE}{}", KEY.replace('M', "*")), InvalidCertificate::NotPem),
        (CERTIFICATE.to_owned(), InvalidCertificate::NoKey),
        (format!("{CERTIFICATE}{PUBLIC_KEY}"), InvalidCertificate::NoKey),
        (format!("{CERTIFICATE}{KEY}{OTHER_KEY}"), InvalidCertificate::ManyKeys),
        (format!("{CERTIFICATE}{ENCRYPTED_KEY}"), InvalidCertificate::EncryptedKey),
        (format!("{CERTIFICATE}{ENCRYPTED_KEY_PKCS1}"), InvalidCertificate::EncryptedKey),
        (format!("{CERTIFICATE}{EC_KEY}"), InvalidCertificate::NotRsa),
        (format!("{CERTIFICATE}{EC_KEY_SEC1}"), InvalidCertificate::NotRsa),
        (format!("{CERTIFICATE}{WEAK_KEY}"), InvalidCertificate::UnusableKey),
        (
            format!("{CERTIFICATE}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            InvalidCertificate::UnusableKey,
        ),
        (KEY.to_owned(), InvalidCertificate::NoCertificate),
        (
            format!("{KEY}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            InvalidCertificate::UnusableCertificate,
        ),
        (format!("{CERTIFICATE}{OTHER_KEY}"), InvalidCertificate::OtherKey),
        (format!("{CHAIN}{OTHER_KEY}"), InvalidCertificate::OtherKey),
    ] {
        let error = ClientCertificate::from_pem(tenant(), app(), &pem).unwrap_err();
        assert_eq!(error, why, "{pem}");
        assert!(error.to_string().starts_with(char::is_lowercase), "{error}");
    }
    let swapped = ClientCertificate::from_pem_parts(tenant(), app(), KEY, CERTIFICATE);
    assert!(swapped.is_ok(), "which text is which, their sections say");
    let one_is_no_pem = ClientCertificate::from_pem_parts(tenant(), app(), CERTIFICATE, "MIIE");
    assert_eq!(one_is_no_pem.unwrap_err(), InvalidCertificate::NotPem);
}

#[tokio::test]
async fn neither_the_key_nor_a_statement_is_printed() {
    let credential = certificate(&format!("{KEY}{CERTIFICATE}"));
    let shown =
        format!("{credential:?} {:#?}", FakeLogin::answering(Answer::Silence).tokens_for(credential.clone()));
    for line in KEY.lines().chain(KEY_PKCS1.lines()).filter(|line| !line.starts_with('-')) {
        assert!(!shown.contains(line), "{shown}");
    }
    assert!(shown.contains(THUMBPRINT), "{shown}");
    for (code, says) in [
        ("700027", "upload it to the app registration"),
        ("700030", "subject name"),
        ("700024", "check the clock"),
        ("424242", "refuses app"),
    ] {
        let login = FakeLogin::answering(Answer::status(401, &format!(r#"{{"error_codes":[{code}]}}"#)));
        let error = login.tokens_for(credential.clone()).token(&wanted()).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        let sent = &login.asked()[0].form["client_assertion"];
        assert!(!format!("{error} {error:?}").contains(sent.as_str()));
    }
}
