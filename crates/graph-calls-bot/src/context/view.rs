//! What is known of one call.

use std::time::SystemTime;

use graph_calls_core::model::{CallId, CallState, Participant, TenantId};

use super::Facts;
use crate::{CallRecord, CallRef};

/// One call, as it is known.
#[derive(Debug)]
pub struct CallView<M> {
    /// What the bot remembers of this call.
    pub memory: M,
    pub(super) facts: Facts,
}

impl<M> CallView<M> {
    pub(crate) fn new(facts: Facts, memory: M) -> Self {
        Self { memory, facts }
    }

    /// The key of this conversation.
    pub fn call_ref(&self) -> CallRef {
        self.facts.call_ref
    }

    /// The call's id, in the spelling that the service used last.
    pub fn id(&self) -> Option<&CallId> {
        self.facts.record.id()
    }

    /// The tenant that owns the call.
    pub fn tenant(&self) -> Option<&TenantId> {
        self.facts.record.tenant()
    }

    /// All that is known of the call.
    pub fn history(&self) -> &CallRecord {
        &self.facts.record
    }

    /// Where the call stands.
    pub fn state(&self) -> Option<&CallState<'static>> {
        self.facts.record.state()
    }

    /// Whether it is an incoming call about which nothing was decided yet.
    pub fn is_ringing(&self) -> bool {
        self.facts.record.is_ringing()
    }

    /// Until when the call can be answered, rejected or redirected.
    pub fn answer_by(&self) -> Option<SystemTime> {
        self.facts.answer_by
    }

    /// Who takes part, as far as the service told.
    pub fn roster(&self) -> impl Iterator<Item = &Participant<'static>> {
        self.facts.record.roster()
    }

    /// Names this event among all of all calls, the same every time it is told: the key for what the handler does outside
    /// the call.
    pub fn event_id(&self) -> &str {
        &self.facts.event_id
    }

    /// Whether fewer participants are recorded than the answer to the call made room for; always, where it said nothing.
    pub fn has_room(&self) -> bool {
        self.facts.record.has_room()
    }
}
