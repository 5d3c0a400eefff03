//! What the login answered, and what to do about it.

use std::time::Duration;

use bytes::Bytes;
use graph_calls_core::{AccessToken, BodyLost};
use http::{StatusCode, header::RETRY_AFTER};
use serde_json::{Map, Value};

use super::failure::Failure;

/// The longest answer of a login that is read.
pub(super) const LONGEST_ANSWER: usize = 256 * 1024;
/// A life beyond this is no number of seconds that anybody meant.
const ABSURD_LIFE: u64 = 366 * 24 * 60 * 60;
/// A login that asks for a longer break is asked again after this one.
const LONGEST_BREAK: Duration = Duration::from_secs(300);

/// Whom was asked for what, for the words of a failure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) login: &'a str,
    pub(super) tenant: &'a str,
    pub(super) app: &'a str,
}

/// The token in an answer.
pub(super) fn token(
    asked: Asked<'_>,
    response: &http::Response<Bytes>,
    took: Duration,
) -> Result<AccessToken, Failure> {
    let Asked { login, .. } = asked;
    if !response.status().is_success() {
        return Err(refusal(asked, response));
    }
    let granted = Granted::read(
        &format!("the login at {login}"),
        "see whether AZURE_AUTHORITY_HOST leads to a login",
        response,
    )?;
    let lives = granted.number("expires_in").map(Duration::from_secs).filter(is_life).ok_or_else(|| {
        Failure::new(format!("the login at {login} gave a token without a usable life (`expires_in`)"))
    })?;
    granted.into_token(lives, took)
}

/// An answer that has a token in it.
pub(super) struct Granted {
    token: String,
    members: Map<String, Value>,
}

impl Granted {
    /// Reads a success; `giver` and `hint` are for the words of a failure.
    pub(super) fn read(giver: &str, hint: &str, response: &http::Response<Bytes>) -> Result<Self, Failure> {
        if let Some(BodyLost(reason)) = response.extensions().get::<BodyLost>() {
            return Err(Failure::passing(format!("the answer of {giver} was lost: {reason}")));
        }
        let unreadable = || Failure::new(format!("what {giver} answered is no token: {hint}"));
        if response.body().len() > LONGEST_ANSWER {
            return Err(unreadable());
        }
        let mut members =
            serde_json::from_slice::<Map<String, Value>>(response.body()).map_err(|_| unreadable())?;
        let kind = members.get("token_type").and_then(Value::as_str).unwrap_or("Bearer");
        if !kind.eq_ignore_ascii_case("Bearer") {
            return Err(unreadable());
        }
        let Some(Value::String(token)) = members.remove("access_token") else { return Err(unreadable()) };
        Ok(Self { token, members })
    }

    /// A member that is a number, or a text that is one.
    pub(super) fn number(&self, member: &str) -> Option<u64> {
        match self.members.get(member)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The token, which has lived since before the answer came.
    pub(super) fn into_token(self, lives: Duration, took: Duration) -> Result<AccessToken, Failure> {
        Ok(AccessToken::new(&self.token, lives.saturating_sub(took))?)
    }
}

/// Whether somebody can have meant it.
pub(super) fn is_life(lives: &Duration) -> bool {
    (1..=ABSURD_LIFE).contains(&lives.as_secs())
}

/// The words of the login itself are not repeated: what was sent may stand in them.
fn refusal(asked: Asked<'_>, response: &http::Response<Bytes>) -> Failure {
    let Asked { login, tenant, app } = asked;
    let status = response.status();
    if status.is_redirection() {
        return Failure::new(format!(
            "the login at {login} wants to send us elsewhere ({status}), which is not followed: check \
             AZURE_AUTHORITY_HOST"
        ));
    }
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        let mut failure =
            Failure::passing(format!("the login at {login} has no time for us: it answered {status}"));
        failure.retry_after = retry_after(response);
        return failure;
    }
    let answer = serde_json::from_slice::<Map<String, Value>>(response.body()).unwrap_or_default();
    let code = answer.get("error_codes").and_then(|codes| codes.get(0)).and_then(Value::as_u64);
    let code = code.or_else(|| described_code(answer.get("error_description")?.as_str()?));
    let advice = match code {
        Some(7_000_222) => {
            "the client secret has expired: make a new one in Entra (app registration, certificates and secrets) and \
             set AZURE_CLIENT_SECRET"
                .to_owned()
        }
        Some(7_000_215 | 7_000_218) => {
            "the client secret is wrong: AZURE_CLIENT_SECRET must be the value of the secret, not its id, and of this \
             app"
            .to_owned()
        }
        Some(700_027) => {
            "the login does not know the certificate: upload it to the app registration (certificates and secrets), \
             and see whether it has expired"
                .to_owned()
        }
        Some(700_030) => {
            "the login trusts the certificate's issuer but not its subject: check the subject name in the app \
             registration"
                .to_owned()
        }
        Some(700_024) => {
            "the login finds the statement that proves the app too old or not yet valid: check the clock of this \
             machine, and that the federated token file is renewed"
                .to_owned()
        }
        Some(70_021 | 700_211..=700_213) => {
            "no federated credential of the app fits the token in AZURE_FEDERATED_TOKEN_FILE: issuer, subject and \
             audience in the app registration must be those of the token"
                .to_owned()
        }
        Some(700_016) => format!(
            "tenant {tenant} does not know app {app}: check AZURE_CLIENT_ID and AZURE_TENANT_ID, or have an \
             administrator of the tenant consent"
        ),
        Some(90_002 | 900_021 | 900_023) => format!("there is no tenant {tenant}: check AZURE_TENANT_ID"),
        Some(70_011 | 500_011 | 1_002_012) => {
            "the login knows no such scope: check GRAPH_CALLS_CLOUD, tokens of one cloud are not for another".to_owned()
        }
        Some(7_000_112) => format!("app {app} is disabled in tenant {tenant}: an administrator can enable it"),
        Some(53_003) => {
            format!("a conditional access policy of tenant {tenant} keeps app {app} from here: see its sign-in log")
        }
        _ => format!("the login at {login} refuses app {app} in tenant {tenant}"),
    };
    let code = code.map(|code| format!(", AADSTS{code}")).unwrap_or_default();
    let trace = answer.get("trace_id").and_then(Value::as_str).filter(|trace| is_guid(trace));
    let trace = trace.map(|trace| format!(", trace {trace}")).unwrap_or_default();
    Failure::new(format!("{advice} (answered {status}{code}{trace})"))
}

fn described_code(description: &str) -> Option<u64> {
    let (_, behind) = description.split_once("AADSTS")?;
    behind.split(|char: char| !char.is_ascii_digit()).next()?.parse().ok()
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// How long a refusal asks to wait, in seconds; other forms are not understood.
pub(super) fn retry_after(response: &http::Response<Bytes>) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_BREAK))
}
