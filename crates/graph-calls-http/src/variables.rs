//! Environment variables and their aliases.

use crate::{Error, ErrorKind, Result};

/// A variable, and the name that Bot Framework samples have for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) alias: Option<&'static str>,
}

pub(crate) const TENANT: Variable = Variable { name: "AZURE_TENANT_ID", alias: Some("MicrosoftAppTenantId") };
pub(crate) const APP: Variable = Variable { name: "AZURE_CLIENT_ID", alias: Some("MicrosoftAppId") };
pub(crate) const SECRET: Variable =
    Variable { name: "AZURE_CLIENT_SECRET", alias: Some("MicrosoftAppPassword") };
pub(crate) const CERTIFICATE: Variable = Variable { name: "AZURE_CLIENT_CERTIFICATE_PATH", alias: None };
pub(crate) const SEND_CHAIN: Variable = Variable { name: "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", alias: None };
pub(crate) const FEDERATED: Variable = Variable { name: "AZURE_FEDERATED_TOKEN_FILE", alias: None };
pub(crate) const MANAGED: Variable = Variable { name: "GRAPH_CALLS_MANAGED_IDENTITY", alias: None };
pub(crate) const IDENTITY_ENDPOINT: Variable = Variable { name: "IDENTITY_ENDPOINT", alias: None };
pub(crate) const IDENTITY_HEADER: Variable = Variable { name: "IDENTITY_HEADER", alias: None };
pub(crate) const LOGIN: Variable = Variable { name: "AZURE_AUTHORITY_HOST", alias: None };
pub(crate) const CLOUD: Variable = Variable { name: "GRAPH_CALLS_CLOUD", alias: None };
pub(crate) const GRAPH: Variable = Variable { name: "GRAPH_CALLS_GRAPH_URL", alias: None };
pub(crate) const EMULATOR: Variable = Variable { name: "GRAPH_CALLS_EMULATOR_URL", alias: None };
pub(crate) const REMOTE: Variable = Variable { name: "GRAPH_CALLS_EMULATOR_REMOTE", alias: None };

/// What was found under a name.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) name: &'static str,
    pub(crate) value: String,
}

/// Reads variables. An empty one counts as not set; blanks around a value are not part of it, since files that hold
/// values end in a line feed.
pub(crate) struct Variables<L>(pub(crate) L);

impl<L: Fn(&str) -> Option<String>> Variables<L> {
    /// The value under either name.
    ///
    /// `same` tells whether two values mean the same.
    pub(crate) fn find(&self, variable: Variable, same: fn(&str, &str) -> bool) -> Result<Option<Found>> {
        let own = self.read(variable.name);
        let other = variable.alias.and_then(|alias| self.read(alias));
        match (own, other) {
            (Some(own), Some(other)) if !same(&own.value, &other.value) => {
                let message = format!("{} and {} differ: set one of them only", own.name, other.name);
                Err(Error::invalid(message).with_variables(vec![own.name, other.name]))
            }
            (own, other) => Ok(own.or(other)),
        }
    }

    /// The value of a variable without an alias.
    pub(crate) fn get(&self, variable: Variable) -> Option<Found> {
        self.read(variable.name)
    }

    fn read(&self, name: &'static str) -> Option<Found> {
        let value = (self.0)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| Found { name, value: value.to_owned() })
    }
}

/// The error for all that is missing.
pub(crate) fn missing(variables: &[Variable]) -> Error {
    let names: Vec<_> = variables
        .iter()
        .map(|variable| match variable.alias {
            Some(alias) => format!("{} (or {alias})", variable.name),
            None => variable.name.to_owned(),
        })
        .collect();
    let (verb, pronoun) = if names.len() == 1 { ("is", "it") } else { ("are", "them") };
    // An app may prove itself in other ways than by a secret.
    let proofs = if variables.contains(&SECRET) {
        format!("; {}, {} or {} stand for the secret", CERTIFICATE.name, FEDERATED.name, MANAGED.name)
    } else {
        String::new()
    };
    let message = format!(
        "{} {verb} not set: set {pronoun} to reach Graph, or set {} to reach an emulator{proofs}",
        names.join(", "),
        EMULATOR.name,
    );
    Error::new(ErrorKind::Missing, message)
        .with_variables(variables.iter().map(|variable| variable.name).collect())
}
