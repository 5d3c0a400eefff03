//! Stores that are named by a URL.

use std::{fmt, sync::Arc};

use graph_calls_core::BoxError;

use super::CallStore;

type Open = dyn Fn(&str) -> Result<Arc<dyn CallStore>, BoxError> + Send + Sync;

/// A kind of store, by the scheme of its URLs: what `GRAPH_CALLS_STORE` may name.
#[derive(Clone)]
pub struct StoreKind {
    scheme: &'static str,
    open: Arc<Open>,
}

impl StoreKind {
    /// The stores whose URLs begin with `scheme:`, opened by this function, which is given the whole URL.
    pub fn new(
        scheme: &'static str,
        open: impl Fn(&str) -> Result<Arc<dyn CallStore>, BoxError> + Send + Sync + 'static,
    ) -> Self {
        Self { scheme, open: Arc::new(open) }
    }

    /// The scheme, without its colon.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    pub(crate) fn open(&self, url: &str) -> Result<Arc<dyn CallStore>, BoxError> {
        (self.open)(url)
    }
}

impl fmt::Debug for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreKind").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// The scheme of a store's URL. What comes after it may hold a password.
pub(crate) fn scheme(url: &str) -> &str {
    url.split_once(':').map_or(url, |(scheme, _)| scheme)
}
