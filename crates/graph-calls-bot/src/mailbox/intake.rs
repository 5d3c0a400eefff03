//! From the webhook into the mailboxes.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Engine, engine::count};
use crate::{
    CallRef,
    store::Accepted,
    token::Verified,
    webhook::{Arrival, Intake, IntakeError},
};

/// The engine, as the webhook sees it.
pub(crate) struct Mailboxes(pub(crate) Arc<Engine>);

#[async_trait]
impl Intake for Mailboxes {
    async fn accept(&self, verified: &Verified, arrivals: Vec<Arrival>) -> Result<(), IntakeError> {
        // The webhook lets no notification in without a tenant.
        let Some(tenant) = &verified.tenant else { return Err(IntakeError::OtherTenant) };
        let (mut foreign, mut taken) = (0_usize, 0_usize);
        let mut batches: Vec<(CallRef, Vec<_>)> = Vec::new();
        for arrival in arrivals {
            let named = arrival.callback.and_then(|callback| callback.call_ref.parse().ok());
            let Some(key) = self.0.key_of(named, tenant, &arrival.notification) else {
                count(&self.0.counters.poisoned);
                tracing::error!(message_id = arrival.message_id, "a notification belongs to no call");
                continue;
            };
            let item = (arrival.notification, arrival.received);
            match batches.iter_mut().find(|(known, _)| *known == key) {
                Some((_, batch)) => batch.push(item),
                None => batches.push((key, vec![item])),
            }
        }
        for (key, batch) in batches {
            match self.0.accept(key, tenant, batch) {
                Accepted::Wake | Accepted::Queued | Accepted::Ended => taken += 1,
                Accepted::OtherTenant => foreign += 1,
                Accepted::Full => return Err(IntakeError::Full),
            }
        }
        if foreign > 0 && taken == 0 { Err(IntakeError::OtherTenant) } else { Ok(()) }
    }
}
