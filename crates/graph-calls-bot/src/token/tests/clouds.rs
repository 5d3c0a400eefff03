//! Several apps, several tenants, and clouds whose tokens come from elsewhere.

use bytes::Bytes;
use graph_calls_core::{
    Transport, Wall,
    model::{AppId, TenantId},
};
use serde_json::json;
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

use super::{reason, with};
use crate::token::{
    AllowedTenants, IssuerConfig, RefusalReason, RefusalStatus, TokenCheck, TokenCheckConfig,
    test_issuer::{APP, Source, TENANT, TestIssuer, bearer, header, jwk, sign, token_with},
};

const OTHER_APP: &str = "11111111-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
const OTHER_TENANT: &str = "22222222-1c2d-4e3f-8a9b-0c1d2e3f4a5b";

/// The issuer of a cloud for governments, and where its keys are announced.
const GOVERNMENT: &str = "https://api.botframework.us";
const GOVERNMENT_HOST: &str = "login.botframework.azure.us";

fn apps() -> [AppId; 2] {
    [AppId::new(APP).unwrap(), AppId::new(OTHER_APP).unwrap()]
}

fn tenant(id: &str) -> TenantId {
    TenantId::new(id).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_audience_chooses_the_app_and_each_of_several_tenants_is_let_in() {
    let issuer = TestIssuer::new();
    let tenants = AllowedTenants::These(vec![tenant(TENANT), tenant(OTHER_TENANT)]);
    let check = issuer.check_with(TokenCheckConfig::new(apps(), tenants));
    for app in [APP, OTHER_APP] {
        for id in [TENANT, OTHER_TENANT] {
            let token = token_with(&with(issuer.claims(), json!({"aud": app, "tid": id})));
            let verified = reason(&check, &token).await.unwrap();
            assert_eq!((verified.app.as_str(), verified.tenant), (app, Some(tenant(id))));
        }
        let token = token_with(&with(issuer.claims(), json!({"aud": app, "tid": APP})));
        let refusal = check.check(&bearer(&token)).await.unwrap_err();
        assert_eq!(refusal.status(), RefusalStatus::Forbidden);
        // It names nobody who could be let in or not; what it is good for is the webhook's to say.
        let nameless = token_with(&with(issuer.claims(), json!({"aud": app, "tid": null})));
        assert_eq!(reason(&check, &nameless).await.unwrap().tenant, None);
    }
}

/// Two clouds, each with its own key under the same id, and a check for both.
struct Clouds {
    public: TestIssuer,
    government: TestIssuer,
    check: TokenCheck,
}

impl Clouds {
    fn new() -> Self {
        let (public, government) = (TestIssuer::new(), TestIssuer::new());
        government.announce(&format!(r#"{{"jwks_uri":"https://{GOVERNMENT_HOST}/v1/keys"}}"#));
        government.publish(&json!({"keys": [jwk(1, "first")]}));
        let (to_public, to_government) = (public.transport(), government.transport());
        let by_host = service_fn(move |request: http::Request<Bytes>| {
            let is_government = request.uri().host() == Some(GOVERNMENT_HOST);
            let transport = if is_government { to_government.clone() } else { to_public.clone() };
            transport.oneshot(request)
        });
        let document = format!("https://{GOVERNMENT_HOST}/v1/.well-known/OpenIdConfiguration");
        let config = TokenCheckConfig::new(apps(), AllowedTenants::Any)
            .with_issuer(IssuerConfig::new(GOVERNMENT, &document).unwrap());
        let transport: Transport = BoxCloneSyncService::new(by_host);
        let wall: Wall = public.wall;
        Self { check: TokenCheck::new(config, &transport, wall).unwrap(), public, government }
    }

    /// A token that says it is of the one cloud or the other, signed with this key.
    fn token(&self, is_government: bool, key: usize) -> String {
        let claims = self.public.claims();
        let claims = if is_government { with(claims, json!({"iss": GOVERNMENT})) } else { claims };
        sign(key, &header("first").to_string(), &claims.to_string())
    }
}

#[tokio::test(start_paused = true)]
async fn the_key_is_that_of_the_issuer_which_the_token_claims() {
    let clouds = Clouds::new();
    for _ in 0..2 {
        for (is_government, key) in [(false, 0), (true, 1)] {
            assert!(reason(&clouds.check, &clouds.token(is_government, key)).await.is_ok());
            let of_the_other = clouds.token(is_government, 1 - key);
            assert_eq!(reason(&clouds.check, &of_the_other).await, Err(RefusalReason::Signature));
        }
    }
    assert_eq!((clouds.public.fetches(), clouds.government.fetches()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_cloud_whose_keys_cannot_be_had_keeps_no_other_out() {
    let clouds = Clouds::new();
    clouds.government.set(Source::Refused);
    assert!(clouds.check.warm_up().await.is_err());
    assert!(reason(&clouds.check, &clouds.token(false, 0)).await.is_ok());
    let why = reason(&clouds.check, &clouds.token(true, 1)).await;
    assert_eq!(why, Err(RefusalReason::KeysUnavailable));
}
