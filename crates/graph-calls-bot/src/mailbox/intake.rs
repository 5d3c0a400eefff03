//! From the webhook into the mailboxes.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::task::JoinHandle;

use super::{Engine, engine::count};
use crate::{
    CallRef,
    store::Accepted,
    token::Verified,
    webhook::{Arrival, Intake, IntakeError},
};

/// The engine, as the webhook sees it. Its timers run as long as there is a webhook.
pub(crate) struct Mailboxes {
    engine: Arc<Engine>,
    time: JoinHandle<()>,
}

impl Mailboxes {
    pub(crate) fn new(engine: Arc<Engine>, time: JoinHandle<()>) -> Self {
        Self { engine, time }
    }
}

impl Drop for Mailboxes {
    fn drop(&mut self) {
        self.time.abort();
    }
}

#[async_trait]
impl Intake for Mailboxes {
    async fn accept(&self, verified: &Verified, arrivals: Vec<Arrival>) -> Result<(), IntakeError> {
        // The webhook lets no notification in without a tenant, and a check may know more apps than this bot is.
        let tenant = verified.tenant.as_ref().filter(|_| verified.app == self.engine.app);
        let tenant = tenant.ok_or(IntakeError::OtherTenant)?;
        let mut batches: Vec<(CallRef, Vec<_>)> = Vec::new();
        for arrival in arrivals {
            let named = arrival.callback.and_then(|callback| callback.call_ref.parse().ok());
            let Some(key) = self.engine.key_of(named, tenant, &arrival.notification) else {
                count(&self.engine.counters.poisoned);
                tracing::error!(message_id = arrival.message_id, "a notification belongs to no call");
                continue;
            };
            let item = (arrival.notification, arrival.received);
            match batches.iter_mut().find(|(known, _)| *known == key) {
                Some((_, batch)) => batch.push(item),
                None => batches.push((key, vec![item])),
            }
        }
        let accepted = self.engine.accept(tenant, batches);
        if accepted.contains(&Accepted::Full) {
            return Err(IntakeError::Full);
        }
        let all_foreign = !accepted.is_empty() && accepted.iter().all(|one| *one == Accepted::OtherTenant);
        if all_foreign { Err(IntakeError::OtherTenant) } else { Ok(()) }
    }
}
