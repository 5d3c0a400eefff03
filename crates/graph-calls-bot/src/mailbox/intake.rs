//! From the webhook into the mailboxes.

use std::sync::Arc;

use async_trait::async_trait;
use graph_calls_core::model::{ParticipantJoiningResponse, Resource, TenantId};
use tokio::task::JoinHandle;

use super::{Engine, content, engine::Registered};
use crate::{
    CallRef, ParticipantJoining,
    store::{Accepted, Arrival as Arriving, StoreError},
    token::Verified,
    webhook::{Arrival, Intake, IntakeError, Taken},
};

/// The engine, as the webhook sees it. What it does by itself goes on as long as there is a webhook.
pub(crate) struct Mailboxes {
    engine: Arc<Engine>,
    tasks: Vec<JoinHandle<()>>,
}

impl Mailboxes {
    pub(crate) fn new(engine: Arc<Engine>, tasks: Vec<JoinHandle<()>>) -> Self {
        Self { engine, tasks }
    }

    /// Whose mailbox a notification goes to: named by the path it came to, else by the call it is about. One that belongs
    /// to no call has one of its own, where people find it among the dead letters.
    fn key_of(app: &Registered, tenant: &TenantId, arrival: &Arrival) -> CallRef {
        let named = arrival.callback.as_ref().and_then(|callback| callback.call_ref.parse().ok());
        named.unwrap_or_else(|| match arrival.notification.call_id() {
            Some(id) => CallRef::of_incoming(&app.id, tenant, &id),
            None => CallRef::of_stray(&app.id, tenant, arrival.notification.raw().as_str()),
        })
    }
}

/// Who wants to join, where a notification says so.
fn joining(arrival: &Arrival) -> Option<ParticipantJoining> {
    // Nearly every notification is of another kind, which its first words tell.
    if !arrival.notification.raw().as_str().contains("articipantJoiningNotification") {
        return None;
    }
    match arrival.notification.resource() {
        Ok(Resource::ParticipantJoining(joining)) => Some(ParticipantJoining::from(*joining)),
        _ => None,
    }
}

impl Drop for Mailboxes {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[async_trait]
impl Intake for Mailboxes {
    async fn accept(&self, verified: &Verified, arrivals: Vec<Arrival>) -> Result<Taken, IntakeError> {
        // The webhook lets no notification in without a tenant, and a check may know more apps than this bot is.
        let tenant = verified.tenant.as_ref().ok_or(IntakeError::OtherTenant)?;
        let app = self.engine.app(&verified.app).ok_or(IntakeError::OtherTenant)?;
        let mut taken = Taken::default();
        let mut items = Vec::with_capacity(arrivals.len());
        for (place, arrival) in arrivals.into_iter().enumerate() {
            let key = Self::key_of(app, tenant, &arrival);
            let answered = match joining(&arrival) {
                Some(joining) if taken.joining.is_none() => {
                    let answer = self.engine.decide_joining(app, tenant, key, &joining).await;
                    taken.joining = Some(ParticipantJoiningResponse::from(answer.clone()));
                    Some(answer)
                }
                // One POST has one answer.
                Some(_) => {
                    Some(self.engine.turn_away(key, "another one was asked about in the same request"))
                }
                None => None,
            };
            let Arrival { callback, notification, received, message_id } = arrival;
            let received = self.engine.now().checked_sub(received.elapsed()).unwrap_or(self.engine.now());
            let dedup = content::dedup(message_id.as_deref(), place, &notification);
            let attempt = callback.map(|callback| callback.attempt);
            let item = content::notification(&app.id, attempt, &notification, received, answered);
            items.push(Arriving { key, tenant: tenant.clone(), dedup, item });
        }
        let accepted = self.engine.accept(items).await.map_err(|error| {
            tracing::error!(%error, "notifications could not be stored");
            match error {
                StoreError::Unavailable { retry_after, .. } => IntakeError::Unavailable { retry_after },
                _ => IntakeError::Unavailable { retry_after: std::time::Duration::from_secs(1) },
            }
        })?;
        if accepted.contains(&Accepted::Full) {
            return Err(IntakeError::Full);
        }
        let all_foreign = !accepted.is_empty() && accepted.iter().all(|one| *one == Accepted::OtherTenant);
        if all_foreign { Err(IntakeError::OtherTenant) } else { Ok(taken) }
    }
}
