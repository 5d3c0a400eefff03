//! The check of an access token on a Graph request.

use http::{HeaderMap, header};
use serde_json::Value;

use super::{Login, token::GRAPH};
use crate::world::ApiCaller;

/// Why a Graph request is answered 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unauthorized {
    Missing,
    Malformed,
    Expired,
    WrongAudience,
}

impl Unauthorized {
    pub(crate) fn message(self) -> &'static str {
        match self {
            Unauthorized::Missing => "Access token is empty.",
            Unauthorized::Malformed => "Access token validation failure.",
            Unauthorized::Expired => "Access token has expired or is not yet valid.",
            Unauthorized::WrongAudience => "Access token validation failure. Invalid audience.",
        }
    }
}

impl Login {
    /// Whose token the request carries.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<ApiCaller, Unauthorized> {
        let header = headers.get(header::AUTHORIZATION).ok_or(Unauthorized::Missing)?;
        let header = header.to_str().map_err(|_| Unauthorized::Malformed)?;
        let (scheme, token) = header.split_once(' ').ok_or(Unauthorized::Malformed)?;
        if !scheme.eq_ignore_ascii_case("Bearer") || token.trim().is_empty() {
            return Err(Unauthorized::Malformed);
        }
        let claims = self.0.key.verify(token.trim()).ok_or(Unauthorized::Malformed)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let audience = text("aud").ok_or(Unauthorized::Malformed)?;
        if audience != self.0.env.graph && audience != GRAPH {
            return Err(Unauthorized::WrongAudience);
        }
        let expires = claims.get("exp").and_then(Value::as_i64).ok_or(Unauthorized::Malformed)?;
        if expires <= self.0.wall.unix_seconds() {
            return Err(Unauthorized::Expired);
        }
        let roles = claims.get("roles").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        Ok(ApiCaller {
            app_id: text("appid").ok_or(Unauthorized::Malformed)?,
            tenant_id: text("tid").ok_or(Unauthorized::Malformed)?,
            roles: roles.iter().filter_map(|role| role.as_str().map(str::to_owned)).collect(),
        })
    }

    /// The challenge that goes with a 401.
    pub(crate) fn challenge(&self) -> String {
        let login = &self.0.env.login;
        format!(r#"Bearer realm="", authorization_uri="{login}/common/oauth2/authorize""#)
    }
}
