//! The one question that cannot wait for its turn: somebody wants to join, and the service waits for the answer.

use std::{sync::Arc, time::Duration};

use graph_calls_core::model::{RejectReason, TenantId};
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::{
    Conversation, Engine,
    engine::{Registered, count},
};
use crate::{CallRef, JoiningAnswer, ParticipantJoining, context::Facts, store::Browse};

/// How long a handler may think about it.
const BUDGET: Duration = Duration::from_secs(1);

impl Engine {
    /// Asks the handler. Whoever cannot be decided about in time is turned away as busy.
    pub(super) async fn decide_joining(
        &self,
        app: &Registered,
        tenant: &TenantId,
        key: CallRef,
        joining: &ParticipantJoining,
    ) -> JoiningAnswer {
        let why = match timeout(BUDGET, self.ask_about_joining(app, tenant, key, joining)).await {
            Ok(Ok(answer)) => return answer,
            Ok(Err(why)) => why,
            Err(_) => format!("the handler took longer than {BUDGET:?}"),
        };
        self.turn_away(key, &why)
    }

    /// The answer to somebody about whom nobody decided.
    pub(super) fn turn_away(&self, key: CallRef, why: &str) -> JoiningAnswer {
        count(&self.counters.turned_away);
        tracing::warn!(call_ref = %key, why, "somebody who wanted to join was turned away");
        JoiningAnswer::Reject(RejectReason::Busy)
    }

    async fn ask_about_joining(
        &self,
        app: &Registered,
        tenant: &TenantId,
        key: CallRef,
        joining: &ParticipantJoining,
    ) -> Result<JoiningAnswer, String> {
        let found = self.store.browse(&Browse::one(key)).await.map_err(|error| error.to_string())?;
        let entry = found.into_iter().next().filter(|entry| entry.tenant == *tenant);
        let state = entry.and_then(|entry| entry.state).ok_or("the call is not known")?;
        let call = Conversation::from_bytes(Some(&state)).map_err(|error| error.to_string())?;
        if call.app.as_ref() != Some(&app.id) || call.record.ended().is_some() {
            return Err("the call is not known, or over".to_owned());
        }
        let facts = Facts {
            call_ref: key,
            event_id: format!("{key}-joining-{}", joining.id.as_deref().unwrap_or_default()),
            callback: self.config.callback.clone(),
            sounds: self.config.sounds.clone(),
            answer_by: None,
            app: Some(app.id.clone()),
            tenant: tenant.clone(),
            record: Arc::clone(&call.record),
        };
        let handler = app.handler(&call.record);
        let memory = call.memory.as_deref().map(RawValue::get);
        handler.joining(facts, memory, joining).await.map_err(|error| error.to_string())
    }
}
