//! The token endpoint: client credentials with a secret.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use http::{HeaderMap, header};
use serde_json::{Value, json};

use super::Login;
use crate::world::{OTHER_TENANT, same_id};

/// The audience that clients ask for who were not told that this is no Graph.
pub(super) const GRAPH: &str = "https://graph.microsoft.com";
/// How long an access token lives, in seconds.
const LIFETIME: i64 = 3599;

/// An answer of the token endpoint.
#[derive(Debug)]
pub(crate) struct TokenAnswer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// Why no token is given.
#[derive(Debug)]
struct TokenError {
    status: u16,
    error: &'static str,
    code: u32,
    description: String,
}

/// What was posted.
#[derive(Debug, Default)]
struct Form {
    grant_type: String,
    client_id: String,
    client_secret: String,
    scope: String,
}

impl Form {
    fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            match &*name {
                "grant_type" => form.grant_type = value.into_owned(),
                "client_id" => form.client_id = value.into_owned(),
                "client_secret" => form.client_secret = value.into_owned(),
                "scope" => form.scope = value.into_owned(),
                _ => {}
            }
        }
        if let Some((id, secret)) = basic(headers) {
            form.client_id = id;
            form.client_secret = secret;
        }
        form
    }
}

/// The credentials in the header, form-encoded as OAuth wants them.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(BASE64.decode(value).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |text: &str| {
        let pair = format!("x={text}");
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((decode(id)?, decode(secret)?))
}

impl Login {
    /// Answers `POST /{tenant}/oauth2/v2.0/token`.
    pub(crate) fn token(&self, tenant: &str, headers: &HeaderMap, body: &[u8]) -> TokenAnswer {
        match self.grant(tenant, &Form::read(headers, body)) {
            Ok(body) => TokenAnswer { status: 200, body },
            Err(error) => TokenAnswer { status: error.status, body: self.refuse(&error) },
        }
    }

    fn grant(&self, tenant: &str, form: &Form) -> Result<Value, TokenError> {
        let env = &self.0.env;
        let error =
            |status, error, code, description: String| TokenError { status, error, code, description };
        let tenant = match tenant {
            // A client of no tenant gets a token of its home, which is what calls elsewhere refuse.
            "common" | "organizations" => env.tenant_id.as_str(),
            tenant if same_id(tenant, &env.tenant_id) => env.tenant_id.as_str(),
            tenant if same_id(tenant, OTHER_TENANT) => OTHER_TENANT,
            tenant => {
                let description = format!("Tenant '{tenant}' not found.");
                return Err(error(400, "invalid_request", 90002, description));
            }
        };
        if form.grant_type.is_empty() {
            let description = "The request body must contain the following parameter: 'grant_type'.";
            return Err(error(400, "invalid_request", 900_144, description.to_owned()));
        }
        if form.grant_type != "client_credentials" {
            let description = format!("The app requested an unsupported grant type '{}'.", form.grant_type);
            return Err(error(400, "unsupported_grant_type", 70003, description));
        }
        if !same_id(&form.client_id, &env.app_id) {
            let description = format!("Application with identifier '{}' was not found.", form.client_id);
            return Err(error(400, "unauthorized_client", 700_016, description));
        }
        if form.client_secret.is_empty() {
            let description = "The request body must contain the following parameter: 'client_secret'.";
            return Err(error(401, "invalid_client", 7_000_218, description.to_owned()));
        }
        if form.client_secret != env.client_secret {
            let description = "Invalid client secret provided.".to_owned();
            return Err(error(401, "invalid_client", 7_000_215, description));
        }
        let audience = form.scope.strip_suffix("/.default").map(|audience| audience.trim_end_matches('/'));
        let audience = audience.filter(|audience| *audience == env.graph || *audience == GRAPH);
        let Some(audience) = audience else {
            let description =
                format!("The scope '{}' is not valid: it is {}/.default here.", form.scope, env.graph);
            return Err(error(400, "invalid_scope", 70011, description));
        };
        let now = self.0.wall.unix_seconds();
        let claims = json!({
            "aud": audience,
            "iss": format!("{}/{tenant}/v2.0", env.login),
            "iat": now,
            "nbf": now,
            "exp": now.saturating_add(LIFETIME),
            "appid": env.app_id,
            "idtyp": "app",
            "roles": self.0.roles,
            "tid": tenant,
            "ver": "1.0",
        });
        let token = self.0.key.sign(&claims).map_err(|_| {
            error(500, "temporarily_unavailable", 90033, "A transient error has occurred.".to_owned())
        })?;
        Ok(json!({
            "token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": token,
        }))
    }

    fn refuse(&self, error: &TokenError) -> Value {
        let id = uuid::Uuid::from_u128(u128::from(error.code));
        let date = jiff::Timestamp::from_second(self.0.wall.unix_seconds())
            .map_or_else(|_| String::new(), |date| date.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
        json!({
            "error": error.error,
            "error_description": format!("AADSTS{}: {}", error.code, error.description),
            "error_codes": [error.code],
            "timestamp": date,
            "trace_id": id.to_string(),
            "correlation_id": id.to_string(),
        })
    }
}
