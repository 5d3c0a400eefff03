//! Lists come in pages, each of which names the next.

use std::fmt;

use graph_calls_model::Text;
use serde::Deserialize;

/// The query of a list: what is selected, or where a page begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Query(Option<String>);

impl Query {
    /// These members only: names with commas between.
    pub(super) fn select(members: &str) -> Self {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        Self(Some(query.append_pair("$select", members).finish()))
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_deref().map_or(Ok(()), |query| write!(f, "?{query}"))
    }
}

/// One page.
#[derive(Deserialize)]
pub(super) struct Page<'a, T> {
    #[serde(default = "Vec::new")]
    pub(super) value: Vec<T>,
    #[serde(borrow, rename = "@odata.nextLink")]
    next_link: Option<Text<'a>>,
}

impl<T> Page<'_, T> {
    /// Where the next page begins, if there is one.
    ///
    /// Only the query of the link is followed: a host out of a payload never gets our token.
    pub(super) fn next(&self) -> Option<Query> {
        let (_, query) = self.next_link.as_deref()?.split_once('?')?;
        Some(Query(Some(query.to_owned())))
    }
}
