//! A1, our own list: tokens that no check may accept, each with the reason for which it must be refused.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use serde_json::{Value, json};

use super::authorization;
use crate::token::{
    RefusalReason, RefusalReason as R, RefusalStatus,
    test_issuer::{APP, ISSUER, TENANT, TestIssuer, bearer, header, jwk, sign, token_with},
    tests::{LONG_TENANT, with},
};

/// A name, the headers of a request, and why it is refused.
pub(super) struct Hostile {
    pub(super) name: String,
    pub(super) headers: HeaderMap,
    pub(super) why: RefusalReason,
}

impl Hostile {
    fn token(name: impl Into<String>, token: &str, why: RefusalReason) -> Self {
        Self { name: name.into(), headers: bearer(token), why }
    }
}

/// All of them, fit for this issuer's clock.
pub(super) fn list(issuer: &TestIssuer) -> Vec<Hostile> {
    let mut list = claims(issuer);
    list.extend(null_claims(issuer));
    list.extend(headers(issuer));
    list.extend(header_texts(issuer));
    list.extend(claim_texts(issuer));
    list.extend(signatures(issuer));
    list.extend(spellings(issuer));
    list.extend(requests(issuer));
    list
}

/// Well signed, with members of the claims replaced; `null` takes one out.
fn claims(issuer: &TestIssuer) -> Vec<Hostile> {
    let now = issuer.now();
    let day = 24 * 3600;
    let table = [
        ("no issuer", json!({"iss": null}), R::Issuer),
        ("an issuer that is not switched on", json!({"iss": "https://graph.microsoft.com"}), R::Issuer),
        ("the issuer with two slashes", json!({"iss": "https://api.botframework.com//"}), R::Issuer),
        ("the issuer with a path", json!({"iss": "https://api.botframework.com/x"}), R::Issuer),
        ("the issuer as a prefix", json!({"iss": "https://api.botframework.com.evil.example"}), R::Issuer),
        ("the issuer in capitals", json!({"iss": "HTTPS://API.BOTFRAMEWORK.COM"}), R::Issuer),
        ("the issuer over http", json!({"iss": "http://api.botframework.com"}), R::Issuer),
        ("the issuer with a space", json!({"iss": "https://api.botframework.com "}), R::Issuer),
        ("the issuer with a zero byte", json!({"iss": "https://api.botframework.com\u{0}"}), R::Issuer),
        ("a list of issuers", json!({"iss": [ISSUER]}), R::Issuer),
        ("an empty issuer", json!({"iss": ""}), R::Issuer),
        ("a tenant's own issuer", json!({"iss": format!("https://sts.windows.net/{TENANT}/")}), R::Issuer),
        ("no audience", json!({"aud": null}), R::Audience),
        ("an empty audience", json!({"aud": ""}), R::Audience),
        ("a list with the audience", json!({"aud": [APP]}), R::Audience),
        ("a list of two audiences", json!({"aud": [APP, TENANT]}), R::Audience),
        ("an object as audience", json!({"aud": {"app": APP}}), R::Audience),
        ("the audience with a space", json!({"aud": format!("{APP} ")}), R::Audience),
        ("the audience in braces", json!({"aud": format!("{{{APP}}}")}), R::Audience),
        ("the audience as a URI", json!({"aud": format!("api://{APP}")}), R::Audience),
        ("another app", json!({"aud": TENANT}), R::Audience),
        ("the app cut short", json!({"aud": APP.split_at(35).0}), R::Audience),
        ("no expiry", json!({"exp": null}), R::Expired),
        ("expired beyond the skew", json!({"exp": now - 301}), R::Expired),
        ("expired by the skew exactly", json!({"exp": now - 300}), R::Expired),
        ("expired before 1970", json!({"exp": -1}), R::Expired),
        ("expired at zero", json!({"exp": 0}), R::Expired),
        ("an expiry in quotes", json!({"exp": (now + 3600).to_string()}), R::Expired),
        ("an expiry that is true", json!({"exp": true}), R::Expired),
        ("a list of expiries", json!({"exp": [now + 3600]}), R::Expired),
        ("from the future by nbf", json!({"nbf": now + 301}), R::NotYetValid),
        ("from the future by iat", json!({"iat": now + 301}), R::NotYetValid),
        ("a beginning in words", json!({"nbf": "now"}), R::NotYetValid),
        ("a list of beginnings", json!({"iat": [now]}), R::NotYetValid),
        ("a second longer than a day", json!({"exp": now + day + 1}), R::Lifetime),
        ("for ever", json!({"exp": 1e300}), R::Lifetime),
        ("in milliseconds", json!({"exp": (now + 3600) * 1000}), R::Lifetime),
        ("a day without a beginning", json!({"exp": now + day + 301, "nbf": null, "iat": null}), R::Lifetime),
        ("begun a day ago", json!({"nbf": now - day, "iat": null}), R::Lifetime),
        ("issued a day before it begins", json!({"iat": now - day}), R::Lifetime),
        ("begun before time", json!({"nbf": -1e300}), R::Lifetime),
        ("over before it begins", json!({"nbf": now + 200, "iat": now + 200, "exp": now}), R::Lifetime),
        ("an empty tenant", json!({"tid": ""}), R::TenantClaim),
        ("a tenant by its domain", json!({"tid": "contoso.example"}), R::TenantClaim),
        ("the common tenant", json!({"tid": "common"}), R::TenantClaim),
        ("a list of tenants", json!({"tid": [TENANT]}), R::TenantClaim),
        ("two tenants", json!({"tid": TENANT, LONG_TENANT: APP}), R::TenantClaim),
        ("a tenant and junk", json!({"tid": TENANT, LONG_TENANT: "x"}), R::TenantClaim),
        ("a number as tenant", json!({"tid": null, LONG_TENANT: 7}), R::TenantClaim),
    ];
    let token = |changes| token_with(&with(issuer.claims(), changes));
    table.into_iter().map(|(name, changes, why)| Hostile::token(name, &token(changes), why)).collect()
}

/// Well signed, with `null` in place of a claim.
fn null_claims(issuer: &TestIssuer) -> Vec<Hostile> {
    let table = [
        ("iss", R::Issuer),
        ("aud", R::Audience),
        ("exp", R::Expired),
        ("nbf", R::NotYetValid),
        ("iat", R::NotYetValid),
        ("tid", R::TenantClaim),
        (LONG_TENANT, R::TenantClaim),
    ];
    let hostile = |(name, why)| {
        let mut claims = issuer.claims();
        claims[name] = Value::Null;
        Hostile::token(format!("null as {name}"), &token_with(&claims), why)
    };
    table.into_iter().map(hostile).collect()
}

/// Well signed, with members of the header replaced; `null` takes one out.
fn headers(issuer: &TestIssuer) -> Vec<Hostile> {
    let table = [
        ("alg none", json!({"alg": "none"}), R::Algorithm),
        ("alg None", json!({"alg": "None"}), R::Algorithm),
        ("alg HS256", json!({"alg": "HS256"}), R::Algorithm),
        ("alg ES256", json!({"alg": "ES256"}), R::Algorithm),
        ("alg PS256", json!({"alg": "PS256"}), R::Algorithm),
        ("alg RS384", json!({"alg": "RS384"}), R::Algorithm),
        ("alg RS512", json!({"alg": "RS512"}), R::Algorithm),
        ("alg RS1", json!({"alg": "RS1"}), R::Algorithm),
        ("alg rs256", json!({"alg": "rs256"}), R::Algorithm),
        ("alg with a space", json!({"alg": "RS256 "}), R::Algorithm),
        ("an empty alg", json!({"alg": ""}), R::Algorithm),
        ("no alg", json!({"alg": null}), R::Algorithm),
        ("a list of algs", json!({"alg": ["RS256"]}), R::Algorithm),
        ("crit with nothing", json!({"crit": []}), R::Critical),
        ("crit exp", json!({"crit": ["exp"], "exp": 1}), R::Critical),
        ("crit b64", json!({"crit": ["b64"], "b64": false}), R::Critical),
        ("crit as a text", json!({"crit": "b64"}), R::Critical),
        ("enc", json!({"enc": "A256GCM"}), R::Encrypted),
        ("zip", json!({"zip": "DEF"}), R::Encrypted),
        ("no kid", json!({"kid": null}), R::KeyId),
        ("a number as kid", json!({"kid": 1}), R::KeyId),
        ("a list of kids", json!({"kid": ["first"]}), R::KeyId),
        ("a kid of 257 bytes", json!({"kid": "k".repeat(257)}), R::KeyId),
        ("a kid in capitals", json!({"kid": "FIRST"}), R::UnknownKey),
        ("a kid that is a path", json!({"kid": "../../first"}), R::UnknownKey),
        ("an empty kid", json!({"kid": ""}), R::UnknownKey),
    ];
    let token = |changes| sign(0, &with(header("first"), changes).to_string(), &issuer.claims().to_string());
    table.into_iter().map(|(name, changes, why)| Hostile::token(name, &token(changes), why)).collect()
}

/// Well signed, with this text for a header.
fn header_texts(issuer: &TestIssuer) -> Vec<Hostile> {
    let table = [
        ("kid twice", r#"{"alg":"RS256","kid":"first","kid":"first"}"#, R::NotStrictJson),
        ("alg twice", r#"{"alg":"RS256","alg":"none","kid":"first"}"#, R::NotStrictJson),
        ("alg twice, once escaped", r#"{"alg":"RS256","kid":"first","\u0061lg":"RS256"}"#, R::NotStrictJson),
        ("a member twice further in", r#"{"alg":"RS256","kid":"first","x":{"a":1,"a":1}}"#, R::NotStrictJson),
        ("a list for a header", r#"["RS256","first"]"#, R::NotStrictJson),
        ("a text for a header", r#""RS256""#, R::NotStrictJson),
        ("a header with a tail", r#"{"alg":"RS256","kid":"first"} "x""#, R::NotStrictJson),
        ("a header cut short", r#"{"alg":"RS256","kid":"first""#, R::NotStrictJson),
        ("a header with a comma too many", r#"{"alg":"RS256","kid":"first",}"#, R::NotStrictJson),
        ("a header after a BOM", "\u{feff}{\"alg\":\"RS256\",\"kid\":\"first\"}", R::NotStrictJson),
        ("an empty header", "", R::NotSigned),
    ];
    let token = |header| sign(0, header, &issuer.claims().to_string());
    table.into_iter().map(|(name, header, why)| Hostile::token(name, &token(header), why)).collect()
}

/// Well signed, with this text for claims.
fn claim_texts(issuer: &TestIssuer) -> Vec<Hostile> {
    let claims = issuer.claims().to_string();
    let inside = claims.trim_start_matches('{');
    let deep = format!(r#"{{"x":{}{},{inside}"#, "[".repeat(2000), "]".repeat(2000));
    let many: Vec<String> = (0..129).map(|number| format!(r#""m{number}":0,"#)).collect();
    let table = [
        ("aud twice", format!(r#"{{"aud":"{APP}",{inside}"#)),
        ("aud twice, once escaped", format!(r#"{{"\u0061ud":"x",{inside}"#)),
        ("exp twice", format!(r#"{{"exp":99999999999,{inside}"#)),
        ("a claim twice further in", format!(r#"{{"x":[{{"y":{{"a":1,"a":2}}}}],{inside}"#)),
        ("claims in a list", format!("[{claims}]")),
        ("claims twice", format!("{claims}{claims}")),
        ("a bare control character", claims.replace(ISSUER, "\u{0}")),
        ("half a surrogate pair", format!(r#"{{"x":"\ud800",{inside}"#)),
        ("nested too deep", deep),
        ("too many members", format!("{{{}{inside}", many.concat())),
        ("no JSON at all", "claims".to_owned()),
        ("a number without an end", claims.replace(r#""exp":"#, r#""exp":1e"#)),
        ("a token inside the token", issuer.token()),
    ];
    let token = |header: &Value, claims: &str| sign(0, &header.to_string(), claims);
    let good = header("first");
    let mut list: Vec<Hostile> = table
        .into_iter()
        .map(|(name, claims)| Hostile::token(name, &token(&good, &claims), R::NotStrictJson))
        .collect();
    let nested = with(good, json!({"cty": "JWT"}));
    list.push(Hostile::token("a token that says so", &token(&nested, &issuer.token()), R::NotStrictJson));
    let encrypted = format!("{}.{}.a.b.c", BASE64.encode(r#"{"alg":"RSA-OAEP"}"#), BASE64.encode("x"));
    list.push(Hostile::token("an encrypted token", &encrypted, R::Encrypted));
    list
}

/// The right header and claims, signed by nobody or by another.
fn signatures(issuer: &TestIssuer) -> Vec<Hostile> {
    let good = issuer.token();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let bytes = BASE64.decode(signature).unwrap();
    let by_another = sign(1, &header("first").to_string(), &issuer.claims().to_string());
    let other_claims = token_with(&with(issuer.claims(), json!({"appid": APP})));
    let other_signature = other_claims.rsplit_once('.').unwrap().1;
    let flipped = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        bytes
    };
    let longer = [bytes.as_slice(), &[0]].concat();
    let padded = [&[0], bytes.as_slice()].concat();
    let table = [
        ("zeros for a signature", vec![0; 256]),
        ("ones for a signature", vec![0xff; 256]),
        ("one for a signature", [vec![0; 255], vec![1]].concat()),
        ("a short signature", vec![1]),
        ("a signature of 255 bytes", bytes.split_at(255).0.to_vec()),
        ("a signature with a zero behind it", longer),
        ("a signature with a zero before it", padded),
        ("a signature with its first bit changed", flipped(0)),
        ("a signature with its last bit changed", flipped(255)),
    ];
    let mut list: Vec<Hostile> = table
        .into_iter()
        .map(|(name, bytes)| {
            Hostile::token(name, &format!("{signed}.{}", BASE64.encode(bytes)), R::Signature)
        })
        .collect();
    list.push(Hostile::token("signed by another key", &by_another, R::Signature));
    list.push(Hostile::token("an HMAC with the public key", &hmac(issuer), R::Algorithm));
    list.push(Hostile::token(
        "the signature of another token",
        &format!("{signed}.{other_signature}"),
        R::Signature,
    ));
    list
}

/// What a verifier would take that lets the token choose the algorithm: everybody knows the public key.
fn hmac(issuer: &TestIssuer) -> String {
    let header = with(header("first"), json!({"alg": "HS256"})).to_string();
    let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(issuer.claims().to_string()));
    let modulus = BASE64.decode(jwk(0, "first")["n"].as_str().unwrap()).unwrap();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &modulus), signed.as_bytes());
    format!("{signed}.{}", BASE64.encode(tag))
}

/// A good token, spelled otherwise.
fn spellings(issuer: &TestIssuer) -> Vec<Hostile> {
    // The signature is the same each time: these are spellings of the token that is remembered.
    let token = issuer.token();
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    // The signature's 256 bytes leave four bits of its last character unused.
    let (all_but_last, last) = token.split_at(token.len() - 1);
    let stray = format!("{all_but_last}{}", stray_bit(last));
    let table = [
        ("padding of the header", format!("{header}=.{claims}.{signature}"), R::NotCanonical),
        ("padding of the claims", format!("{header}.{claims}=.{signature}"), R::NotCanonical),
        ("padding of the signature", format!("{token}=="), R::NotCanonical),
        ("a stray bit", stray, R::NotCanonical),
        ("the alphabet of plain base64", format!("{header}.{claims}.+/{signature}"), R::NotCanonical),
        ("a space behind it", format!("{token} "), R::NotCanonical),
        ("a tab behind it", format!("{token}\t"), R::NotCanonical),
        ("a comma behind it", format!("{token},"), R::NotCanonical),
        ("quotes around it", format!("\"{token}\""), R::NotCanonical),
        ("a dot behind it", format!("{token}."), R::NotSigned),
        ("a dot before it", format!(".{token}"), R::NotSigned),
        ("twice with a comma", format!("{token},{token}"), R::Encrypted),
        ("no signature", format!("{header}.{claims}"), R::NotSigned),
        ("an empty signature", format!("{header}.{claims}."), R::NotSigned),
        ("empty claims", format!("{header}..{signature}"), R::NotSigned),
        ("the header alone", header.to_owned(), R::NotSigned),
        ("dots alone", "..".to_owned(), R::NotSigned),
        ("six parts", "a.b.c.d.e.f".to_owned(), R::NotSigned),
    ];
    table.into_iter().map(|(name, token, why)| Hostile::token(name, &token, why)).collect()
}

/// A character of base64 with one of its lowest bits set.
fn stray_bit(character: &str) -> char {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = alphabet.find(character).unwrap();
    alphabet.chars().nth(at | 1).unwrap()
}

/// A good token, not brought as it should be.
fn requests(issuer: &TestIssuer) -> Vec<Hostile> {
    let token = issuer.token();
    let mut twice = bearer(&token);
    twice.append(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    let long = token_with(&with(issuer.claims(), json!({"x": "x".repeat(8 * 1024)})));
    let table = [
        ("no header", HeaderMap::new(), R::Missing),
        ("two headers", twice, R::Several),
        ("an empty header", authorization(""), R::NotBearer),
        ("the token alone", authorization(&token), R::NotBearer),
        ("no token", authorization("Bearer "), R::NotBearer),
        ("the scheme Basic", authorization(&format!("Basic {token}")), R::NotBearer),
        ("the scheme Token", authorization(&format!("Token {token}")), R::NotBearer),
        ("a tab behind the scheme", authorization(&format!("Bearer\t{token}")), R::NotBearer),
        ("no space behind the scheme", authorization(&format!("Bearer{token}")), R::NotBearer),
        ("more than 8 KiB", bearer(&long), R::TooLong),
    ];
    table.into_iter().map(|(name, headers, why)| Hostile { name: name.to_owned(), headers, why }).collect()
}

#[tokio::test(start_paused = true)]
async fn a1_no_hostile_token_is_accepted() {
    let issuer = TestIssuer::new();
    let list = list(&issuer);
    let mut accepted = Vec::new();
    for is_known in [false, true] {
        let check = issuer.check();
        if is_known {
            assert!(check.check(&bearer(&issuer.token())).await.is_ok());
        }
        for hostile in &list {
            match check.check(&hostile.headers).await {
                Ok(_) => accepted.push(&hostile.name),
                Err(refusal) => {
                    assert_eq!(refusal.reason(), hostile.why, "{}", hostile.name);
                    assert_eq!(refusal.status(), RefusalStatus::Unauthorized, "{}", hostile.name);
                }
            }
        }
        let stats = check.stats();
        assert_eq!(stats.refused_in_all(), list.len() as u64);
        // What was refused is not remembered either.
        assert_eq!((stats.verified, check.0.memory.len()), (u64::from(is_known), usize::from(is_known)));
    }
    println!("A1: {} hostile tokens: {} false accepts", list.len(), accepted.len());
    assert!(accepted.is_empty(), "{accepted:?}");
    assert!(list.len() >= 60);
}
