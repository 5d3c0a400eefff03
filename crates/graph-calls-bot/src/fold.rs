//! One spelling of an id, to look things up by.

use graph_calls_core::model::fold_guid;

/// A GUID in one spelling, any other id as it is.
pub(crate) fn folded(id: &str) -> String {
    fold_guid(id).map_or_else(|| id.to_owned(), |guid| format!("{guid:032x}"))
}
