//! Which tokens are good.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use graph_calls_core::model::{AppId, TenantId};
use serde_json::{Value, json};

use super::{
    AllowedTenants, IssuerConfig, RefusalReason, RefusalReason as R, RefusalStatus, TokenCheck,
    TokenCheckConfig, Verified,
    test_issuer::{APP, ISSUER, TENANT, TestIssuer, bearer, header, sign, token_with},
};

mod keys;

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
async fn the_good_list_is_accepted() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let now = issuer.now();
    let claims = |changes| with(issuer.claims(), changes);
    let mut good = vec![issuer.token()];
    let undashed = APP.replace('-', "").to_uppercase();
    for changes in [
        json!({"iss": "https://api.botframework.com/"}),
        json!({"aud": APP.to_uppercase()}),
        json!({"aud": undashed}),
        json!({"tid": null}),
        json!({"tid": null, LONG_TENANT: TENANT}),
        json!({LONG_TENANT: TENANT.replace('-', "").to_uppercase()}),
        json!({"nbf": null}),
        json!({"iat": null}),
        json!({"nbf": null, "iat": null}),
        json!({"nbf": null, "iat": null, "exp": now + 24 * 3600 + 300}),
        json!({"exp": now - 299, "nbf": now - 3600, "iat": now - 3600}),
        json!({"nbf": now + 300, "iat": now + 300}),
        json!({"exp": now + 24 * 3600}),
        json!({"exp": serde_json::from_str::<Value>(&format!("{now}.5")).unwrap()}),
        json!({"serviceurl": "https://x.example/", "appid": APP, "ver": "1.0", "nested": {"a": [{"b": 1}, {"b": 1}]}}),
    ] {
        good.push(token_with(&claims(changes)));
    }
    for changes in [
        json!({"typ": null}),
        json!({"typ": "at+jwt"}),
        json!({"cty": "JWT"}),
        json!({"x5t": "abc", "jku": "https://evil.example/keys", "x5u": "https://evil.example/", "x5c": ["AA"]}),
        json!({"jwk": {"kty": "RSA", "n": "AQ", "e": "AQAB"}}),
    ] {
        good.push(sign(0, &with(header("first"), changes).to_string(), &issuer.claims().to_string()));
    }
    for token in &good {
        // Each twice: as a stranger and remembered.
        for _ in 0..2 {
            let verified = reason(&check, token).await;
            let part = token.split('.').map(|part| BASE64.decode(part).unwrap());
            let text: Vec<_> = part.map(|part| String::from_utf8_lossy(&part).into_owned()).collect();
            assert!(verified.is_ok(), "{verified:?}: {} {}", text[0], text[1]);
            assert_eq!(verified.unwrap().app.as_str(), APP);
        }
    }
    let stats = check.stats();
    assert_eq!((stats.verified, stats.remembered), (good.len() as u64, good.len() as u64));
    assert_eq!((stats.refused_in_all(), stats.key_fetches), (0, 1));
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
async fn wrong_claims_are_refused() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let now = issuer.now();
    for (changes, why) in [
        (json!({"iss": null}), R::Issuer),
        (json!({"iss": "https://graph.microsoft.com"}), R::Issuer),
        (json!({"iss": "https://api.botframework.com//"}), R::Issuer),
        (json!({"iss": "https://api.botframework.com.evil.example"}), R::Issuer),
        (json!({"iss": "HTTPS://API.BOTFRAMEWORK.COM"}), R::Issuer),
        (json!({"iss": [ISSUER]}), R::Issuer),
        (json!({"aud": null}), R::Audience),
        (json!({"aud": ""}), R::Audience),
        (json!({"aud": [APP]}), R::Audience),
        (json!({"aud": [APP, "x"]}), R::Audience),
        (json!({"aud": format!("{APP} ")}), R::Audience),
        (json!({"aud": format!("{{{APP}}}")}), R::Audience),
        (json!({"aud": TENANT}), R::Audience),
        (json!({"exp": null}), R::Expired),
        (json!({"exp": now - 301}), R::Expired),
        (json!({"exp": now - 300}), R::Expired),
        (json!({"exp": -1}), R::Expired),
        (json!({"exp": (now + 3600).to_string()}), R::Expired),
        (json!({"exp": true}), R::Expired),
        (json!({"nbf": now + 301}), R::NotYetValid),
        (json!({"iat": now + 301}), R::NotYetValid),
        (json!({"nbf": "now"}), R::NotYetValid),
        (json!({"iat": [now]}), R::NotYetValid),
        (json!({"exp": now + 24 * 3600 + 1}), R::Lifetime),
        (json!({"exp": 1e300}), R::Lifetime),
        (json!({"exp": now + 24 * 3600 + 301, "nbf": null, "iat": null}), R::Lifetime),
        (json!({"nbf": now - 24 * 3600, "iat": null}), R::Lifetime),
        (json!({"nbf": now + 200, "iat": now + 200, "exp": now}), R::Lifetime),
        (json!({"tid": ""}), R::TenantClaim),
        (json!({"tid": "common"}), R::TenantClaim),
        (json!({"tid": [TENANT]}), R::TenantClaim),
        (json!({"tid": TENANT, LONG_TENANT: APP}), R::TenantClaim),
        (json!({"tid": null, LONG_TENANT: 7}), R::TenantClaim),
    ] {
        let claims = with(issuer.claims(), changes.clone());
        let token = token_with(&claims);
        let refusal = check.check(&bearer(&token)).await.expect_err(&changes.to_string());
        assert_eq!(refusal.reason(), why, "{changes}");
        assert_eq!(refusal.status(), RefusalStatus::Unauthorized, "{changes}");
    }
    // `null` above takes a member out; here it stands in the token.
    for name in ["exp", "nbf", "iat", "tid", "aud", "iss"] {
        let mut claims = issuer.claims();
        claims[name] = Value::Null;
        assert!(reason(&check, &token_with(&claims)).await.is_err(), "{name}");
    }
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
async fn hostile_headers_are_refused() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    for (changes, why) in [
        (json!({"alg": "none"}), R::Algorithm),
        (json!({"alg": "None"}), R::Algorithm),
        (json!({"alg": "HS256"}), R::Algorithm),
        (json!({"alg": "ES256"}), R::Algorithm),
        (json!({"alg": "PS256"}), R::Algorithm),
        (json!({"alg": "RS384"}), R::Algorithm),
        (json!({"alg": "rs256"}), R::Algorithm),
        (json!({"alg": null}), R::Algorithm),
        (json!({"alg": ["RS256"]}), R::Algorithm),
        (json!({"crit": []}), R::Critical),
        (json!({"crit": ["exp"], "exp": 1}), R::Critical),
        (json!({"crit": ["b64"], "b64": false}), R::Critical),
        (json!({"enc": "A256GCM"}), R::Encrypted),
        (json!({"zip": "DEF"}), R::Encrypted),
        (json!({"kid": null}), R::KeyId),
        (json!({"kid": 1}), R::KeyId),
        (json!({"kid": ["first"]}), R::KeyId),
        (json!({"kid": "k".repeat(257)}), R::KeyId),
        (json!({"kid": "FIRST"}), R::UnknownKey),
        (json!({"kid": "../../first"}), R::UnknownKey),
    ] {
        let header = with(header("first"), changes.clone()).to_string();
        let token = sign(0, &header, &issuer.claims().to_string());
        assert_eq!(reason(&check, &token).await, Err(why), "{changes}");
    }
}

#[tokio::test(start_paused = true)]
async fn duplicate_members_are_refused_wherever_they_stand() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let claims = issuer.claims().to_string();
    let good = header("first").to_string();
    assert!(reason(&check, &sign(0, &good, &claims)).await.is_ok());
    for bad in [
        r#"{"alg":"RS256","kid":"first","kid":"first"}"#,
        r#"{"alg":"RS256","alg":"none","kid":"first"}"#,
        r#"{"alg":"RS256","kid":"first","x":{"a":1,"a":1}}"#,
        r#"{"alg":"RS256","kid":"first","\u0061lg":"RS256"}"#,
        r#"["RS256","first"]"#,
        r#"{"alg":"RS256","kid":"first"} "x""#,
        "\u{feff}{\"alg\":\"RS256\",\"kid\":\"first\"}",
        "",
    ] {
        let why = reason(&check, &sign(0, bad, &claims)).await.unwrap_err();
        assert!(matches!(why, RefusalReason::NotStrictJson | RefusalReason::NotSigned), "{bad}: {why:?}");
    }
    let inside = claims.trim_start_matches('{');
    for bad in [
        format!(r#"{{"aud":"{APP}",{inside}"#),
        format!(r#"{{"\u0061ud":"x",{inside}"#),
        format!(r#"{{"x":[{{"y":{{"a":1,"a":2}}}}],{inside}"#),
        format!("[{claims}]"),
        claims.replace(ISSUER, "\u{0}"),
        format!("{claims}{claims}"),
    ] {
        assert_eq!(reason(&check, &sign(0, &good, &bad)).await, Err(RefusalReason::NotStrictJson), "{bad}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_inside_a_token_is_refused() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let nested = sign(0, &with(header("first"), json!({"cty": "JWT"})).to_string(), &issuer.token());
    assert_eq!(reason(&check, &nested).await, Err(RefusalReason::NotStrictJson));
    let encrypted = format!("{}.{}.a.b.c", BASE64.encode(r#"{"alg":"RSA-OAEP"}"#), BASE64.encode("x"));
    assert_eq!(reason(&check, &encrypted).await, Err(RefusalReason::Encrypted));
}

#[tokio::test(start_paused = true)]
async fn every_other_spelling_of_a_good_token_is_refused() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let token = issuer.token();
    let parts: Vec<&str> = token.split('.').collect();
    let padded = |at: usize| {
        let mut parts: Vec<String> = parts.iter().map(|&part| part.to_owned()).collect();
        parts[at].push('=');
        parts.join(".")
    };
    // The signature's 256 bytes leave four bits of its last character unused.
    let (all_but_last, last) = token.split_at(token.len() - 1);
    let stray = format!("{all_but_last}{}", stray_bit(last));
    let swapped = token.replace('-', "+").replace('_', "/");
    let spellings = [
        padded(0),
        padded(1),
        padded(2),
        stray,
        swapped,
        format!("{token}."),
        format!(".{token}"),
        format!("{token} "),
        format!("{token}\t"),
        format!("{token},{token}"),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}..{}", parts[0], parts[2]),
        parts[0].to_owned(),
    ];
    // Before and after the good one is remembered.
    for _ in 0..2 {
        for bad in &spellings {
            assert!(reason(&check, bad).await.is_err(), "{bad}");
        }
        assert!(reason(&check, &token).await.is_ok());
    }
}

/// A character of base64 with one of its lowest bits set.
fn stray_bit(character: &str) -> char {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = alphabet.find(character).unwrap();
    alphabet.chars().nth(at | 1).unwrap()
}

#[tokio::test(start_paused = true)]
async fn there_is_one_authorization_header_and_it_is_not_too_long() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let mut twice = bearer(&issuer.token());
    twice.append(http::header::AUTHORIZATION, "Bearer x".parse().unwrap());
    assert_eq!(check.check(&twice).await.unwrap_err().reason(), RefusalReason::Several);
    let none = http::HeaderMap::new();
    assert_eq!(check.check(&none).await.unwrap_err().reason(), RefusalReason::Missing);
    let padding = "x".repeat(8 * 1024);
    let long = token_with(&with(issuer.claims(), json!({"x": padding})));
    assert_eq!(reason(&check, &long).await, Err(RefusalReason::TooLong));
    let stats = check.stats();
    assert_eq!(stats.refused(RefusalReason::Several), 1);
    assert_eq!(stats.refused_in_all(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_signature_is_what_counts() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let by_other = sign(1, &header("first").to_string(), &issuer.claims().to_string());
    assert_eq!(reason(&check, &by_other).await, Err(RefusalReason::Signature));
    let (signed, _) = by_other.rsplit_once('.').unwrap();
    for signature in [vec![0; 256], vec![0; 255], vec![0xff; 257], vec![1]] {
        let token = format!("{signed}.{}", BASE64.encode(signature));
        assert_eq!(reason(&check, &token).await, Err(RefusalReason::Signature));
    }
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
async fn no_changed_byte_of_a_remembered_token_is_accepted() {
    let issuer = TestIssuer::new();
    let check = issuer.check();
    let token = issuer.token();
    assert!(reason(&check, &token).await.is_ok());
    let mut random = fastrand::Rng::with_seed(7);
    let mut accepted = 0;
    for _ in 0..10_000 {
        let mut changed = token.clone().into_bytes();
        let at = random.usize(..changed.len());
        let before = changed[at];
        while changed[at] == before {
            changed[at] = random.u8(0x21..0x7f);
        }
        let changed = String::from_utf8(changed).unwrap();
        accepted += usize::from(reason(&check, &changed).await.is_ok());
    }
    println!("10,000 single-byte changes of a remembered token: {accepted} accepted");
    assert_eq!(accepted, 0);
    assert!(reason(&check, &token).await.is_ok());
    assert_eq!(check.stats().verified, 1);
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
