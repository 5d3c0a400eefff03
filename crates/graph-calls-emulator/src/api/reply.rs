//! What a route answers.

use serde_json::Value;

use crate::{json::set, world::Call};

/// What a route answers when all is well.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(super) status: u16,
    pub(super) call: Option<String>,
    pub(super) location: Option<String>,
    pub(super) body: Option<Value>,
    pub(super) changed: bool,
    pub(super) key: Option<String>,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, call: None, location: None, body: None, changed: true, key: None }
    }

    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { body: Some(body), ..Self::empty(status) }
    }

    pub(crate) fn at(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }

    /// Adds a member to the body.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        if let Some(body) = &mut self.body {
            set(body, name, value);
        }
        self
    }

    /// Says whether the request changed anything, as it does unless told otherwise: it may have asked for what was so
    /// already.
    pub(crate) fn changed(mut self, changed: bool) -> Self {
        self.changed = changed;
        self
    }

    /// Says what tells this request from others of its kind, where the body has no key of the client's.
    pub(crate) fn keyed(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    pub(crate) fn about(mut self, call: &Call) -> Self {
        self.call = Some(call.id.clone());
        self
    }
}
