//! What the login answered, and what to do about it.

use std::{error, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use graph_calls_core::{AccessToken, BodyLost, TokenError};
use http::{StatusCode, header::RETRY_AFTER};
use serde_json::{Map, Value};

/// The longest answer of a login that is read.
pub(super) const LONGEST_ANSWER: usize = 256 * 1024;
/// A life beyond this is no number of seconds that anybody meant.
const ABSURD_LIFE: u64 = 366 * 24 * 60 * 60;
/// A login that asks for a longer break is asked again after this one.
const LONGEST_BREAK: Duration = Duration::from_secs(300);

/// Why there is no token; told to everybody who waited for it.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    message: Arc<str>,
    source: Option<Arc<dyn error::Error + Send + Sync>>,
    /// Whether asking again may help.
    transient: bool,
    /// How long the login wants to be left alone.
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    pub(super) fn new(message: impl Into<Arc<str>>) -> Self {
        Self { message: message.into(), source: None, transient: false, retry_after: None }
    }

    /// A failure that may pass.
    pub(super) fn passing(message: impl Into<Arc<str>>) -> Self {
        Self { transient: true, ..Self::new(message) }
    }

    pub(super) fn with_source(mut self, source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<Failure> for TokenError {
    fn from(failure: Failure) -> Self {
        let error = TokenError::new(&*failure.message);
        let error = if failure.transient { error.transient() } else { error };
        match failure.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

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
    if let Some(BodyLost(reason)) = response.extensions().get::<BodyLost>() {
        return Err(Failure::passing(format!("the answer of the login at {login} was lost: {reason}")));
    }
    let unreadable = || {
        Failure::new(format!(
            "what the login at {login} answered is no token: see whether AZURE_AUTHORITY_HOST leads to a login"
        ))
    };
    if response.body().len() > LONGEST_ANSWER {
        return Err(unreadable());
    }
    let answer = serde_json::from_slice::<Map<String, Value>>(response.body()).map_err(|_| unreadable())?;
    let kind = answer.get("token_type").and_then(Value::as_str).unwrap_or("Bearer");
    let token = answer.get("access_token").and_then(Value::as_str);
    let Some(token) = token.filter(|_| kind.eq_ignore_ascii_case("Bearer")) else { return Err(unreadable()) };
    let lives = answer.get("expires_in").and_then(life).ok_or_else(|| {
        Failure::new(format!("the login at {login} gave a token without a usable life (`expires_in`)"))
    })?;
    // It has lived since before the answer came.
    Ok(AccessToken::new(token, lives.saturating_sub(took))?)
}

/// A number of seconds, or a text that is one.
fn life(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    (1..=ABSURD_LIFE).contains(&seconds).then(|| Duration::from_secs(seconds))
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

fn retry_after(response: &http::Response<Bytes>) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_BREAK))
}
