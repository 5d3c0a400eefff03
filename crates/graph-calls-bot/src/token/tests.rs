//! Which tokens are good.

use graph_calls_core::model::{AppId, TenantId};
use serde_json::{Value, json};

use super::{
    AllowedTenants, IssuerConfig, RefusalReason, RefusalStatus, TokenCheck, TokenCheckConfig, Verified,
    test_issuer::{APP, TENANT, TestIssuer, bearer, header, sign, token_with},
};

mod clouds;
mod keys;
mod promises;

const LONG_TENANT: &str = "http://schemas.microsoft.com/identity/claims/tenantid";

/// The object with members replaced; `null` takes one out.
fn with(mut object: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    for (name, value) in changes {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(&name);
        } else {
            object[name] = value;
        }
    }
    object
}

async fn reason(check: &TokenCheck, token: &str) -> Result<Verified, RefusalReason> {
    check.check(&bearer(token)).await.map_err(|refusal| refusal.reason())
}

#[tokio::test(start_paused = true)]
async fn a_token_says_whose_call_it_is_and_whose_bot() {
    let issuer = TestIssuer::new();
    let other = AppId::new("11111111-1c2d-4e3f-8a9b-0c1d2e3f4a5b").unwrap();
    let apps = [AppId::new(APP).unwrap(), other.clone()];
    let check = issuer.check_with(TokenCheckConfig::new(apps, AllowedTenants::Any));
    let verified = reason(&check, &issuer.token()).await.unwrap();
    assert_eq!(verified.tenant, Some(TenantId::new(TENANT).unwrap()));
    let claims = with(issuer.claims(), json!({"aud": other.as_str(), "tid": null}));
    let verified = reason(&check, &token_with(&claims)).await.unwrap();
    assert_eq!((verified.app, verified.tenant), (other, None));
}

#[tokio::test(start_paused = true)]
async fn a_stranger_with_wrong_claims_makes_nobody_fetch_keys() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let claims = with(issuer.claims(), json!({"aud": TENANT}));
    assert!(reason(&check, &token_with(&claims)).await.is_err());
    assert_eq!(issuer.fetches(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_tenant_is_forbidden_but_only_with_a_good_token() {
    let issuer = TestIssuer::new();
    let check = issuer.check_of_one_tenant();
    assert!(reason(&check, &issuer.token()).await.is_ok());
    let foreign = with(issuer.claims(), json!({"tid": APP}));
    for _ in 0..2 {
        let refusal = check.check(&bearer(&token_with(&foreign))).await.unwrap_err();
        assert_eq!(refusal.status(), RefusalStatus::Forbidden);
    }
    let unsigned = sign(1, &header("first").to_string(), &foreign.to_string());
    assert_eq!(reason(&check, &unsigned).await, Err(RefusalReason::Signature));
    let nameless = with(issuer.claims(), json!({"tid": null}));
    assert!(reason(&check, &token_with(&nameless)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn another_issuer_has_to_be_switched_on() {
    let issuer = TestIssuer::new();
    let config = TokenCheckConfig::new([AppId::new(APP).unwrap()], AllowedTenants::Any);
    let check = issuer.check_with(config.with_issuer(IssuerConfig::graph()));
    let claims = with(issuer.claims(), json!({"iss": "https://graph.microsoft.com/"}));
    assert!(reason(&check, &token_with(&claims)).await.is_ok());
    assert!(reason(&check, &issuer.token()).await.is_ok());
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_remembered_token_expires_as_any_other() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let token = issuer.token();
    assert!(reason(&check, &token).await.is_ok());
    tokio::time::advance(std::time::Duration::from_secs(3600 + 299)).await;
    assert!(reason(&check, &token).await.is_ok());
    assert_eq!(check.stats().remembered, 1);
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert_eq!(reason(&check, &token).await, Err(RefusalReason::Expired));
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_is_bounded() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let tokens: Vec<String> =
        (0..1_030).map(|n| token_with(&with(issuer.claims(), json!({"n": n})))).collect();
    for token in &tokens {
        assert!(reason(&check, token).await.is_ok());
    }
    assert_eq!(check.0.memory.len(), 1_024);
    assert!(reason(&check, &tokens[1_029]).await.is_ok());
    assert_eq!(check.stats().remembered, 1);
    // The oldest made room.
    assert!(reason(&check, &tokens[0]).await.is_ok());
    assert_eq!(check.stats().verified, 1_031);
}

#[tokio::test(start_paused = true)]
async fn no_part_of_a_token_is_printed() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let token = issuer.token();
    let verified = reason(&check, &token).await.unwrap();
    let refusal = check.check(&bearer(&format!("{token}x"))).await.unwrap_err();
    let printed = format!("{check:?} {verified:?} {refusal:?} {refusal} {:?}", check.stats());
    for part in token.split('.') {
        assert!(!printed.contains(part.split_at(16).0), "{printed}");
    }
}
