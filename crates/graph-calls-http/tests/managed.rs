//! The identity of the machine, against endpoints that are no more than functions.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail the test"
)]

mod fake_login;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use fake_login::{APP, Answer, FakeLogin, app, bearer, tenant, token, wanted};
use graph_calls_core::{BoxError, Cloud, TokenProvider as _, Transport, Wall, model::TenantId};
use graph_calls_http::{EntraCredential, EntraTokens, ManagedIdentity};
use http::{HeaderMap, Method};
use tokio::time::{Instant, advance};
use url::Url;

const HEADER: &str = "planted~header";

/// What an endpoint was asked.
#[derive(Clone)]
struct Asked {
    method: Method,
    url: Url,
    headers: HeaderMap,
}

impl Asked {
    fn query(&self) -> HashMap<String, String> {
        self.url.query_pairs().into_owned().collect()
    }
}

#[derive(Clone)]
struct FakeEndpoint {
    status: u16,
    body: String,
    retry_after: Option<&'static str>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl FakeEndpoint {
    fn answering(status: u16, body: impl Into<String>) -> Self {
        Self { status, body: body.into(), retry_after: None, asked: Arc::default() }
    }

    fn transport(&self) -> Transport {
        let endpoint = self.clone();
        Transport::new(tower::service_fn(move |request: http::Request<Bytes>| {
            endpoint.asked.lock().unwrap().push(Asked {
                method: request.method().clone(),
                url: request.uri().to_string().parse().unwrap(),
                headers: request.headers().clone(),
            });
            let mut response = http::Response::builder().status(endpoint.status);
            if let Some(wait) = endpoint.retry_after {
                response = response.header("retry-after", wait);
            }
            let response = response.body(Bytes::from(endpoint.body.clone()));
            async move { response.map_err(BoxError::from) }
        }))
    }

    fn tokens(&self, identity: ManagedIdentity) -> EntraTokens {
        // The login is not asked.
        let login = FakeLogin::answering(Answer::Silence);
        login.tokens_for(identity.with_transport(self.transport()))
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn system() -> ManagedIdentity {
    ManagedIdentity::system(tenant(), app())
}

fn assigned() -> ManagedIdentity {
    ManagedIdentity::user_assigned(tenant(), app())
}

fn in_app_service(identity: ManagedIdentity) -> ManagedIdentity {
    identity.with_endpoint("http://127.0.0.1:42356/msi/token?a=b", HEADER).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_metadata_service_is_asked_for_a_resource_and_for_one_identity_if_it_is_named() {
    let answer = r#"{"access_token":"t","expires_in":"3599","token_type":"Bearer","resource":"r"}"#;
    for (identity, client_id) in [(system(), None), (assigned(), Some(APP))] {
        let endpoint = FakeEndpoint::answering(200, answer);
        let tokens = endpoint.tokens(identity);
        let token = token(&tokens).await;
        assert_eq!(bearer(&token), "Bearer t");
        assert_eq!(token.expires() - Instant::now(), Duration::from_secs(3599));
        let asked = &endpoint.asked()[0];
        assert_eq!(asked.method, Method::GET);
        assert_eq!(
            asked.url.as_str().split('?').next(),
            Some("http://169.254.169.254/metadata/identity/oauth2/token")
        );
        assert_eq!(asked.headers["metadata"], "true");
        let query = asked.query();
        assert_eq!(query["api-version"], "2018-02-01");
        assert_eq!(query["resource"], "https://graph.microsoft.com");
        assert_eq!(query.get("client_id").map(String::as_str), client_id);
        assert!(tokens.cached(&wanted()).is_some());
        assert_eq!(tokens.stats().asked, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_the_platform_names_sees_its_header() {
    let answer = r#"{"access_token":"t","expires_in":86399}"#;
    for (identity, client_id) in [(system(), None), (assigned(), Some(APP))] {
        let endpoint = FakeEndpoint::answering(200, answer);
        token(&endpoint.tokens(in_app_service(identity))).await;
        let asked = &endpoint.asked()[0];
        assert!(asked.url.as_str().starts_with("http://127.0.0.1:42356/msi/token?a=b&"), "{}", asked.url);
        assert_eq!(asked.headers["x-identity-header"], HEADER);
        assert!(asked.headers["x-identity-header"].is_sensitive());
        assert!(!asked.headers.contains_key("metadata"));
        let query = asked.query();
        assert_eq!(query["api-version"], "2019-08-01");
        assert_eq!(query["resource"], "https://graph.microsoft.com");
        assert_eq!(query.get("client_id").map(String::as_str), client_id);
    }
}

#[tokio::test(start_paused = true)]
async fn a_date_of_expiry_counts_more_than_the_life_a_token_was_born_with() {
    let now = Wall::system().now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for quote in ["", "\""] {
        let answer = format!(
            r#"{{"access_token":"t","expires_in":"86399","expires_on":{quote}{}{quote}}}"#,
            now + 7_200
        );
        let token = token(&FakeEndpoint::answering(200, answer).tokens(system())).await;
        let lives = (token.expires() - Instant::now()).as_secs();
        // The machine's clock goes on while this runs.
        assert!((6_600..=7_200).contains(&lives), "{lives}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_token_is_an_error() {
    let now = Wall::system().now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for (life, says) in [
        (r#""expires_in":0"#.to_owned(), "usable life"),
        (r#""expires_in":-1"#.to_owned(), "usable life"),
        (r#""expires_in":"soon""#.to_owned(), "usable life"),
        (r#""expires_in":400000000"#.to_owned(), "usable life"),
        (format!(r#""expires_on":{},"expires_in":3600"#, now - 1), "usable life"),
        (format!(r#""expires_on":"{}""#, u64::MAX), "usable life"),
        (r#""expires_on":"06/20/2026 02:57:58 +00:00""#.to_owned(), "usable life"),
        (r#""token_type":"mac","expires_in":3600"#.to_owned(), "is no token"),
    ] {
        let endpoint = FakeEndpoint::answering(200, format!(r#"{{"access_token":"t",{life}}}"#));
        let error = endpoint.tokens(system()).token(&wanted()).await.unwrap_err();
        assert!(error.to_string().contains(says), "{life}: {error}");
    }
    for body in ["", "<html>", r#"{"expires_in":3600}"#, r#"{"expires_in":3600,"access_token":"a\r\nX: y"}"#]
    {
        let endpoint = FakeEndpoint::answering(200, body);
        assert!(endpoint.tokens(system()).token(&wanted()).await.is_err(), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_of_another_tenant_is_an_error_and_nobody_is_asked() {
    let endpoint = FakeEndpoint::answering(200, r#"{"access_token":"t","expires_in":3600}"#);
    let tokens = endpoint.tokens(system());
    let mut other = wanted();
    other.tenant = Some(TenantId::new("fabrikam.example").unwrap());
    let error = tokens.token(&other).await.unwrap_err();
    assert!(error.to_string().contains("not of fabrikam.example"), "{error}");
    assert!(!error.is_transient());
    assert!(tokens.cached(&other).is_none());
    assert!(endpoint.asked().is_empty());
    // Its own, in another spelling.
    other.tenant = Some(TenantId::new(fake_login::TENANT.to_ascii_uppercase().replace('-', "")).unwrap());
    tokens.token(&other).await.unwrap();
    // Of a tenant that goes by its domain nobody knows the id.
    let domain = ManagedIdentity::system(TenantId::new("contoso.example").unwrap(), app());
    let error = endpoint.tokens(domain).token(&other).await.unwrap_err();
    assert!(error.to_string().contains("as an id"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_asked_again_after_a_break_and_the_rest_says_what_to_do() {
    for (status, says, transient) in [
        (404, "has no identity to offer yet", true),
        (410, "has no identity to offer yet", true),
        (408, "has no time for us", true),
        (429, "has no time for us", true),
        (500, "has no time for us", true),
        (503, "has no time for us", true),
        (504, "has no time for us", true),
        (400, "GRAPH_CALLS_MANAGED_IDENTITY", false),
        (401, "refuses to give a token", false),
        (403, "refuses to give a token", false),
        (302, "refuses to give a token", false),
    ] {
        let endpoint = FakeEndpoint::answering(status, format!(r#"{{"error_description":"{HEADER}"}}"#));
        let tokens = endpoint.tokens(in_app_service(system()));
        let error = tokens.token(&wanted()).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.is_transient(), transient, "{error}");
        assert!(!format!("{error} {error:?}").contains(HEADER), "{error}");
        tokens.token(&wanted()).await.unwrap_err();
        assert_eq!(endpoint.asked().len(), 1, "a second has not passed");
        advance(Duration::from_secs(1)).await;
        tokens.token(&wanted()).await.unwrap_err();
        assert_eq!(endpoint.asked().len(), 2);
    }
    let endpoint = FakeEndpoint::answering(400, "");
    let error = endpoint.tokens(assigned()).token(&wanted()).await.unwrap_err();
    assert!(error.to_string().contains(&format!("does not know identity {APP}")), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_asks_for_a_break_gets_it() {
    let endpoint = FakeEndpoint { retry_after: Some("45"), ..FakeEndpoint::answering(429, "") };
    let tokens = endpoint.tokens(system());
    for (seconds, asked) in [(0, 1), (44, 1), (1, 2)] {
        advance(Duration::from_secs(seconds)).await;
        tokens.token(&wanted()).await.unwrap_err();
        assert_eq!(endpoint.asked().len(), asked);
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_without_an_endpoint_is_told_apart() {
    let nobody = Transport::new(tower::service_fn(|_: http::Request<Bytes>| async {
        Err::<http::Response<Bytes>, _>(BoxError::from("no route to host"))
    }));
    let silent = Transport::new(tower::service_fn(|_: http::Request<Bytes>| std::future::pending()));
    for (transport, says) in [(nobody, "does this run in Azure"), (silent, "did not answer in time")] {
        let login = FakeLogin::answering(Answer::Silence);
        let error = login.tokens_for(system().with_transport(transport)).token(&wanted()).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.is_transient());
    }
}

#[test]
fn the_header_is_not_printed_and_must_be_one() {
    let identity = in_app_service(assigned());
    let credential = EntraCredential::from(identity.clone());
    assert_eq!((credential.tenant(), credential.app_id()), (&tenant(), &app()));
    let transport = FakeEndpoint::answering(200, "").transport();
    let tokens = EntraTokens::new(&Cloud::global(), transport, credential.clone());
    let shown = format!("{identity:?} {credential:?} {tokens:?}");
    assert!(shown.contains("127.0.0.1") && !shown.contains(HEADER), "{shown}");
    let error = system().with_endpoint("http://127.0.0.1/", "planted\r\nX: y").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("planted"), "{error:?}");
    for near in
        ["http://localhost:1/", "http://127.8.8.8/", "http://169.254.130.6:8081/msi/token", "http://[::1]/"]
    {
        assert!(system().with_endpoint(near, "h").is_ok(), "{near}");
    }
}
