//! Which handler decides about a call.

use std::sync::Arc;

use graph_calls_core::model::{IdentitySet, PhoneNumber};

use crate::{CallRecord, handler::ErasedHandler};

/// Whom a caller called: what a bot's number, resource account or app is told apart by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Called {
    /// A resource account (application instance), by its object id.
    Instance(String),
    /// A phone number.
    Phone(PhoneNumber),
    /// The app itself.
    App,
}

impl Called {
    /// A resource account, by its object id.
    pub fn instance(id: impl Into<String>) -> Self {
        Self::Instance(id.into())
    }

    /// A phone number.
    pub fn phone(number: PhoneNumber) -> Self {
        Self::Phone(number)
    }

    /// The app itself.
    pub fn app() -> Self {
        Self::App
    }

    fn is(&self, called: &IdentitySet<'_>) -> bool {
        let id = |identity: Option<&graph_calls_core::model::Identity<'_>>| {
            identity.and_then(|identity| identity.id.as_deref()).map(str::to_owned)
        };
        match self {
            Called::Instance(wanted) => {
                id(called.application_instance()).is_some_and(|id| id.eq_ignore_ascii_case(wanted))
            }
            Called::Phone(number) => id(called.phone()).is_some_and(|id| id == number.as_str()),
            Called::App => called.application().is_some(),
        }
    }
}

/// The handlers of an app.
pub(crate) struct Handlers {
    routes: Vec<(Called, Arc<dyn ErasedHandler>)>,
    other: Arc<dyn ErasedHandler>,
}

impl Handlers {
    /// What is called by none of the routes goes to `other`, and so does what the bot places itself.
    pub(crate) fn new(routes: Vec<(Called, Arc<dyn ErasedHandler>)>, other: Arc<dyn ErasedHandler>) -> Self {
        Self { routes, other }
    }

    pub(crate) fn of(&self, record: &CallRecord) -> Arc<dyn ErasedHandler> {
        let called = record.targets().first().and_then(|target| target.identity.as_ref());
        let incoming = record.direction() != Some(&graph_calls_core::model::CallDirection::Outgoing);
        let route = called
            .filter(|_| incoming)
            .and_then(|called| self.routes.iter().find(|(wanted, _)| wanted.is(called)));
        Arc::clone(route.map_or(&self.other, |(_, handler)| handler))
    }
}
