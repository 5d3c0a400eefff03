//! Whoever gives tokens in the end.

use std::fmt;

use async_trait::async_trait;
use graph_calls_core::{AccessToken, model::TenantId};

use super::failure::Failure;

/// Whoever gives tokens in the end. What it gives is remembered by a [`Cache`](super::cache::Cache).
#[async_trait]
pub(super) trait Source: fmt::Debug + Send + Sync + 'static {
    /// The tenant to ask for, where a request names this one or none; an error where there are no tokens of it here.
    fn tenant<'a>(&'a self, named: Option<&'a TenantId>) -> Result<&'a TenantId, Failure>;

    /// Asks for a token.
    async fn ask(&self, tenant: &TenantId, scope: &str, claims: Option<&str>)
    -> Result<AccessToken, Failure>;
}

/// The tenant to ask for where there are tokens of one only.
pub(super) fn only<'a>(
    own: &'a TenantId,
    named: Option<&TenantId>,
    who: &str,
) -> Result<&'a TenantId, Failure> {
    match named {
        Some(named) if named != own => {
            let hint = if own.guid().is_none() {
                ", or give its own tenant as an id if that is the same one"
            } else {
                ""
            };
            Err(Failure::new(format!(
                "{who} gets tokens of its own tenant {own} only, not of {named}: calls of other tenants need a \
                 secret, a certificate or a federated token{hint}"
            )))
        }
        _ => Ok(own),
    }
}
