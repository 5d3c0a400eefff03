//! Tokens out and in, over a real socket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "what fails in a test panics"
)]

mod support;

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use graph_calls_emulator::{CallbackClaims, Emulator, StartError};
use http::Method;
use serde_json::{Value, json};

use self::support::Client;

fn claims(token: &str) -> Value {
    serde_json::from_slice(&BASE64.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn a_secret_buys_a_token_for_the_app_and_its_roles() {
    let emulator = Emulator::builder().roles(["Calls.Initiate.All"]).start().await.unwrap();
    let got = Client::new(&emulator).token(&emulator, &[]).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.headers["cache-control"], "no-store");
    let body = got.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3599)));
    let claims = claims(body["access_token"].as_str().unwrap());
    assert_eq!(claims["aud"], json!(emulator.env().graph));
    assert_eq!(claims["appid"], json!(emulator.env().app_id));
    assert_eq!(claims["tid"], json!(emulator.env().tenant_id));
    assert_eq!(claims["roles"], json!(["Calls.Initiate.All"]));
    emulator.shutdown().await;
}

#[tokio::test]
async fn each_mistake_at_the_token_endpoint_has_its_error() {
    let emulator = Emulator::builder().start().await.unwrap();
    let client = Client::new(&emulator);
    for (changes, status, error, code) in [
        ([("client_secret", "wrong")], 401, "invalid_client", 7_000_215),
        ([("client_secret", "")], 401, "invalid_client", 7_000_218),
        ([("client_id", "b0000000-0000-4000-8000-000000000001")], 400, "unauthorized_client", 700_016),
        ([("grant_type", "password")], 400, "unsupported_grant_type", 70003),
        ([("grant_type", "")], 400, "invalid_request", 900_144),
        ([("scope", "https://vault.example/.default")], 400, "invalid_scope", 70011),
        ([("tenant", "contoso.example")], 400, "invalid_request", 90002),
    ] {
        let got = client.token(&emulator, &changes).await;
        let body = got.json();
        assert_eq!((got.status, body["error"].as_str()), (status, Some(error)), "{changes:?}");
        assert_eq!(body["error_codes"], json!([code]));
        assert!(body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{code}: ")));
    }
    let got = client.get(&format!("/{}/oauth2/v2.0/token", emulator.env().tenant_id)).await;
    assert_eq!(got.status, 405);
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_token_of_the_other_tenant_reaches_no_call_of_this_one() {
    let emulator = Emulator::builder().start().await.unwrap();
    let mut client = Client::new(&emulator);
    let other = "a0000000-0000-4000-8000-000000000101";
    let got = client.token(&emulator, &[("tenant", other)]).await.json();
    client.token = Some(got["access_token"].as_str().unwrap().to_owned());
    let body = json!({
        "callbackUri": "https://bot.example/", "requestedModalities": ["audio"],
        "mediaConfig": { "@odata.type": "#microsoft.graph.serviceHostedMediaConfig" },
        "tenantId": emulator.env().tenant_id,
        "targets": [{ "identity": { "user": { "id": support::ADELE } } }],
    });
    let got = client.post("/v1.0/communications/calls", &body).await;
    assert_eq!((got.status, got.json()["error"]["code"].as_str()), (403, Some("7505")));
    emulator.shutdown().await;
}

#[tokio::test]
async fn graph_wants_its_own_token() {
    let emulator = Emulator::builder().start().await.unwrap();
    let mut client = Client::with_token(&emulator).await;
    let path = "/v1.0/communications/calls/b0000000-0000-4000-8000-000000000001";
    assert_eq!(client.get(path).await.status, 404);
    let good = client.token.clone().unwrap();
    // The signature's first letter, so that bits are changed which count.
    let at = good.rfind('.').unwrap() + 1;
    let other = if good[at..].starts_with('A') { "B" } else { "A" };
    let changed = format!("{}{other}{}", &good[..at], &good[at + 1..]);
    let callback = emulator.sign_callback_token(&CallbackClaims::default()).unwrap();
    for bad in [None, Some(changed), Some("junk".to_owned()), Some(callback)] {
        client.token = bad;
        let got = client.get(path).await;
        assert_eq!(got.status, 401, "{:?}", client.token);
        assert_eq!(got.json()["error"]["code"], "InvalidAuthenticationToken");
        assert!(got.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer "));
    }
    emulator.shutdown().await;
}

#[tokio::test]
async fn the_documents_announce_the_key_that_signs_callbacks() {
    let emulator = Emulator::builder().issuer("https://issuer.example").start().await.unwrap();
    let client = Client::new(&emulator);
    let document = client.get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["issuer"], "https://issuer.example");
    assert_eq!(document["id_token_signing_alg_values_supported"], json!(["RS256"]));
    let keys = document["jwks_uri"].as_str().unwrap().strip_prefix(emulator.url()).unwrap().to_owned();
    let keys = client.get(&keys).await.json();
    let kid = keys["keys"][0]["kid"].as_str().unwrap().to_owned();
    assert_eq!((&keys["keys"][0]["kty"], &keys["keys"][0]["use"]), (&json!("RSA"), &json!("sig")));

    let token = emulator.sign_callback_token(&CallbackClaims::default()).unwrap();
    let header: Value =
        serde_json::from_slice(&BASE64.decode(token.split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!((&header["alg"], &header["kid"]), (&json!("RS256"), &json!(kid)));
    let good = claims(&token);
    assert_eq!(good["iss"], "https://issuer.example");
    assert_eq!(good["aud"], json!(emulator.env().app_id));
    assert_eq!(good["exp"].as_i64().unwrap() - good["iat"].as_i64().unwrap(), 3600);

    let expired = CallbackClaims::default().expired_for(Duration::from_secs(900));
    let expired = claims(&emulator.sign_callback_token(&expired).unwrap());
    assert!(expired["exp"].as_i64().unwrap() < good["iat"].as_i64().unwrap());
    let foreign = emulator.sign_callback_token(&CallbackClaims::default().with_foreign_key()).unwrap();
    let header: Value =
        serde_json::from_slice(&BASE64.decode(foreign.split('.').next().unwrap()).unwrap()).unwrap();
    assert_ne!(header["kid"], json!(kid));
    emulator.shutdown().await;
}

#[tokio::test]
async fn secrets_stay_out_of_the_trace() {
    let emulator = Emulator::builder().client_secret("planted-secret").start().await.unwrap();
    let client = Client::with_token(&emulator).await;
    client.get("/v1.0/communications/calls/b0000000-0000-4000-8000-000000000001").await;
    let trace = client.get("/__emulator/v1/trace").await.text;
    assert!(trace.contains("POST token") && trace.contains("[redacted]"), "{trace}");
    for secret in ["planted-secret", client.token.as_deref().unwrap()] {
        assert!(!trace.contains(secret));
        assert!(!format!("{:?}", emulator.exchanges(None)).contains(secret));
    }
    let debug = format!("{emulator:?} {:?}", Emulator::builder().client_secret("planted-secret"));
    assert!(!debug.contains("planted-secret"));
    assert_eq!(trace.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(), 4);
    emulator.shutdown().await;
}

#[tokio::test]
async fn what_cannot_start_says_what_to_do() {
    let emulator = Emulator::builder().start().await.unwrap();
    let port = emulator.url().rsplit(':').next().unwrap().parse().unwrap();
    let error = Emulator::builder().port(port).start().await.unwrap_err();
    assert!(matches!(error, StartError::PortInUse { port: taken } if taken == port));
    assert_eq!(
        error.to_string(),
        format!("port {port} is in use: stop what listens there, or choose another (0 picks a free one)")
    );
    let error = Emulator::builder().host([0, 0, 0, 0].into()).start().await.unwrap_err();
    assert!(error.to_string().contains("exposed_on"), "{error}");
    let error = Emulator::builder().app_id("bot").start().await.unwrap_err();
    assert_eq!(error.to_string(), "the app id `bot` is no GUID");
    let error = Emulator::builder().webhook("bot").start().await.unwrap_err();
    assert_eq!(error.to_string(), "`bot` is no http or https URL");
    emulator.shutdown().await;
}

#[tokio::test]
async fn bodies_have_a_limit_and_other_paths_are_not_found() {
    let emulator = Emulator::builder().start().await.unwrap();
    let client = Client::with_token(&emulator).await;
    let big = "x".repeat((1 << 20) + 1);
    let path = "/v1.0/communications/calls";
    let got = client.send(&Method::POST, path, Some("application/json"), big).await;
    assert_eq!(got.status, 413);
    assert_eq!(client.get("/elsewhere").await.status, 404);
    emulator.shutdown().await;
}
