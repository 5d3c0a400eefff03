//! The generations of the notification format.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How the notifications of a call are written.
///
/// Graph reference: [`commsNotification`](https://learn.microsoft.com/graph/api/resources/commsnotification).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Dialect {
    /// As captured in 2023: both `resource` and `resourceUrl`, numbers, more members than any page shows.
    #[default]
    #[serde(rename = "wire")]
    Wire,
    /// As the current pages print it: `resourceUrl` only, result codes as strings.
    #[serde(rename = "docs-current")]
    DocsCurrent,
    /// As of mid 2019: typed items that still have `resource` only, and `terminationReason`.
    #[serde(rename = "docs-legacy")]
    DocsLegacy,
    /// As of 2018: an untyped envelope, `resource`, `@odata.id` and `@odata.etag`.
    #[serde(rename = "2018")]
    Y2018,
}

impl Dialect {
    /// All of them, in the order of their documentation.
    pub const ALL: [Dialect; 4] = [Dialect::Wire, Dialect::DocsCurrent, Dialect::DocsLegacy, Dialect::Y2018];

    /// Its name: `wire`, `docs-current`, `docs-legacy` or `2018`.
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::Wire => "wire",
            Dialect::DocsCurrent => "docs-current",
            Dialect::DocsLegacy => "docs-legacy",
            Dialect::Y2018 => "2018",
        }
    }

    /// Whether its items name the call by `resource` alone.
    pub(crate) fn is_legacy(self) -> bool {
        matches!(self, Dialect::DocsLegacy | Dialect::Y2018)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name that is no dialect's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no dialect: wire, docs-current, docs-legacy or 2018")]
pub struct UnknownDialect(String);

impl FromStr for Dialect {
    type Err = UnknownDialect;
    fn from_str(text: &str) -> Result<Self, UnknownDialect> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| UnknownDialect(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_refused_with_the_choice() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.to_string().parse(), Ok(dialect));
        }
        let error = "2017".parse::<Dialect>().unwrap_err();
        assert_eq!(error.to_string(), "`2017` is no dialect: wire, docs-current, docs-legacy or 2018");
    }
}
