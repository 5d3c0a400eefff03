//! A2: tokens that every check must accept, since the service sends such or may.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use graph_calls_core::model::{AppId, TenantId};
use http::HeaderMap;
use serde_json::{Value, json};

use super::authorization;
use crate::token::{
    AllowedTenants, IssuerConfig, TokenCheckConfig,
    test_issuer::{APP, ISSUER, TENANT, TestIssuer, bearer, header, jwk, sign, token_with},
    tests::{LONG_TENANT, with},
};

/// A name, and the headers of a request.
type Good = (String, HeaderMap);

fn undashed(id: &str) -> String {
    id.replace('-', "").to_uppercase()
}

/// All of them, fit for this issuer's clock.
fn list(issuer: &TestIssuer) -> Vec<Good> {
    let mut list = claims(issuer);
    list.extend(claim_texts(issuer));
    list.extend(headers(issuer));
    list.extend(requests(issuer));
    list
}

/// Members of the claims replaced; `null` takes one out.
fn claims(issuer: &TestIssuer) -> Vec<Good> {
    let now = issuer.now();
    let day = 24 * 3600;
    let captured = json!({
        "serviceurl": "https://smba.trafficmanager.net/amer/", "appid": APP, "ver": "1.0",
        "nested": {"a": [{"b": 1}, {"b": 1}]}, "roles": [], "azpacr": "2", "huge": 1e300, "x": null, "y": -0.0
    });
    let table = [
        ("as it is", json!({})),
        ("the issuer with a slash", json!({"iss": "https://api.botframework.com/"})),
        ("the other issuer", json!({"iss": "https://graph.microsoft.com"})),
        ("the other issuer with a slash", json!({"iss": "https://graph.microsoft.com/"})),
        ("the audience in capitals", json!({"aud": APP.to_uppercase()})),
        ("the audience without dashes", json!({"aud": undashed(APP)})),
        ("the tenant in capitals", json!({"tid": TENANT.to_uppercase()})),
        ("no tenant", json!({"tid": null})),
        ("the tenant by its long name", json!({"tid": null, LONG_TENANT: TENANT})),
        ("the tenant by both names", json!({LONG_TENANT: TENANT})),
        ("the same tenant in two spellings", json!({LONG_TENANT: undashed(TENANT)})),
        ("no nbf", json!({"nbf": null})),
        ("no iat", json!({"iat": null})),
        ("no beginning", json!({"nbf": null, "iat": null})),
        ("no beginning, a day", json!({"nbf": null, "iat": null, "exp": now + day + 300})),
        ("expired within the skew", json!({"exp": now - 299, "nbf": now - 3600, "iat": now - 3600})),
        ("from the future within the skew", json!({"nbf": now + 300, "iat": now + 300})),
        ("issued before it begins", json!({"iat": now - 300, "nbf": now})),
        ("issued after it begins", json!({"iat": now, "nbf": now - 300})),
        ("a day exactly", json!({"exp": now + day})),
        ("a second", json!({"exp": now + 1})),
        ("more claims", captured),
    ];
    let headers = |changes| bearer(&token_with(&with(issuer.claims(), changes)));
    table.into_iter().map(|(name, changes)| (name.to_owned(), headers(changes))).collect()
}

/// The claims as other writers of JSON spell them.
fn claim_texts(issuer: &TestIssuer) -> Vec<Good> {
    let now = issuer.now();
    let claims = issuer.claims().to_string();
    let exp = format!(r#""exp":{}"#, now + 3600);
    let nbf = format!(r#""nbf":{now}"#);
    let many: Vec<String> = (0..100).map(|number| format!(r#""m{number}":"{number}","#)).collect();
    let table = [
        (
            "dates with a fraction",
            claims.replace(&exp, &format!("{exp}.25")).replace(&nbf, &format!("{nbf}.75")),
        ),
        ("dates as floats", claims.replace(&exp, &format!("{exp}.0"))),
        ("dates with an exponent", claims.replace(&exp, &format!(r#""exp":{}e1"#, (now + 3600) / 10))),
        ("dates of many digits", claims.replace(&exp, &format!("{exp}.00000000000000000000001"))),
        ("white space", serde_json::to_string_pretty(&issuer.claims()).unwrap()),
        ("white space around", format!(" \r\n\t{claims}\n")),
        ("escaped slashes", claims.replace(ISSUER, &ISSUER.replace('/', r"\/"))),
        ("escaped names", claims.replace(r#""aud""#, r#""\u0061ud""#)),
        ("names of other people", claims.replacen('{', r#"{"name":"Zoë \ud83d\udcde","#, 1)),
        ("a hundred more", format!("{{{}{}", many.concat(), claims.trim_start_matches('{'))),
    ];
    let header = header("first").to_string();
    table.into_iter().map(|(name, claims)| (name.to_owned(), bearer(&sign(0, &header, &claims)))).collect()
}

/// Members of the header replaced; `null` takes one out.
fn headers(issuer: &TestIssuer) -> Vec<Good> {
    let foreign = json!({"kty": "RSA", "n": "AQ", "e": "AQAB"});
    let table = [
        ("no typ", json!({"typ": null})),
        ("another typ", json!({"typ": "at+jwt"})),
        ("cty JWT", json!({"cty": "JWT"})),
        ("a thumbprint", json!({"x5t": "abc", "x5t#S256": "def"})),
        (
            "keys of its own elsewhere",
            json!({"jku": "https://evil.example/keys", "x5u": "https://evil.example/"}),
        ),
        ("keys of its own inside", json!({"jwk": foreign, "x5c": ["AA"]})),
        ("a kid of 256 bytes", json!({"kid": "k".repeat(256)})),
        ("a kid of other letters", json!({"kid": "Schlüssel 1/../\u{1F511}"})),
    ];
    let token = |changes| sign(0, &with(header("first"), changes).to_string(), &issuer.claims().to_string());
    table.into_iter().map(|(name, changes)| (name.to_owned(), bearer(&token(changes)))).collect()
}

/// Good tokens as they may be brought.
fn requests(issuer: &TestIssuer) -> Vec<Good> {
    let token = issuer.token();
    // The most that fits: not every length is one of base64.
    let padded = |bytes: usize| token_with(&with(issuer.claims(), json!({"x": "x".repeat(bytes)})));
    let longest = (5_000..6_000).map(padded).take_while(|token| token.len() <= 8 * 1024).last().unwrap();
    assert!(longest.len() >= 8 * 1024 - 1, "{}", longest.len());
    vec![
        ("the scheme in small letters".to_owned(), authorization(&format!("bearer {token}"))),
        ("the scheme in capitals".to_owned(), authorization(&format!("BEARER {token}"))),
        ("the scheme in mixed letters".to_owned(), authorization(&format!("bEaReR {token}"))),
        ("two spaces".to_owned(), authorization(&format!("Bearer  {token}"))),
        ("8 KiB".to_owned(), bearer(&longest)),
    ]
}

/// The part of a token that tells what went wrong.
fn told(headers: &HeaderMap) -> String {
    let value = String::from_utf8_lossy(headers["authorization"].as_bytes()).into_owned();
    let part = |part| BASE64.decode(part).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    value.split(['.', ' ']).skip(1).filter_map(|text| part(text).ok()).take(2).collect()
}

fn config(app: &str, tenants: AllowedTenants) -> TokenCheckConfig {
    let other = AppId::new("11111111-1c2d-4e3f-8a9b-0c1d2e3f4a5b").unwrap();
    TokenCheckConfig::new([other, AppId::new(app).unwrap()], tenants).with_issuer(IssuerConfig::graph())
}

#[tokio::test(start_paused = true)]
async fn a2_no_good_token_is_refused() {
    let issuer = TestIssuer::new();
    let ids = ["first".to_owned(), "k".repeat(256), "Schlüssel 1/../\u{1F511}".to_owned()];
    let keys: Vec<Value> = ids.iter().map(|id| jwk(0, id)).collect();
    issuer.publish(&json!({"keys": keys}));
    let list = list(&issuer);
    let these = |tenant: &str| AllowedTenants::These(vec![TenantId::new(tenant).unwrap()]);
    let configs = [
        config(APP, AllowedTenants::Any),
        config(&APP.to_uppercase(), these(TENANT)),
        config(&undashed(APP), these(&undashed(TENANT))).with_issuers(
            [format!("{ISSUER}/"), "https://graph.microsoft.com/".to_owned()].map(|name| {
                IssuerConfig::new(name, "https://api.aps.skype.com/v1/.well-known/OpenIdConfiguration")
                    .unwrap()
            }),
        ),
    ];
    let (mut checks, mut refused) = (0, Vec::new());
    for config in configs {
        let check = issuer.check_with(config);
        for (name, headers) in &list {
            // Each twice: as a stranger and remembered.
            for _ in 0..2 {
                checks += 1;
                match check.check(headers).await {
                    Ok(verified) => {
                        assert_eq!(verified.app, AppId::new(APP).unwrap(), "{name}");
                        let tenant = (name != "no tenant").then(|| TenantId::new(TENANT).unwrap());
                        assert_eq!(verified.tenant, tenant, "{name}");
                    }
                    Err(refusal) => refused.push(format!("{name}: {refusal}: {}", told(headers))),
                }
            }
        }
        let stats = check.stats();
        assert_eq!((stats.refused_in_all(), stats.key_fetches), (0, 2));
        assert!(stats.remembered >= list.len() as u64, "{stats:?}");
    }
    let count = list.len();
    println!("A2: {count} good tokens, {checks} checks: {} false rejects", refused.len());
    assert!(refused.is_empty(), "{refused:#?}");
}
