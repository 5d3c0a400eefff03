//! One call, as a handler sees it: what is known, and the verbs that record what is to be done.

mod media;
mod verbs;
mod view;

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
    sync::Arc,
    time::{Duration, SystemTime},
};

use graph_calls_core::model::{AppId, CallbackUri, TenantId};
use serde_json::value::RawValue;

use crate::{CallCommand, CallRecord, CallRef, Collect, mailbox::Opening, prompts::Sounds};

pub use view::CallView;

/// One call, as a handler sees it.
///
/// The getters say what is known; the verbs record what is to be done and return at once. Nothing of it happens until
/// the handler has returned `Ok`. A call that is over takes no commands and no timers any more, and a ringing call one
/// decision: a second one fails unsent. Its memory is kept together with the commands.
#[derive(Debug)]
pub struct CallContext<M> {
    view: CallView<M>,
    decisions: Decisions,
}

/// What a handler is told beside the event.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) call_ref: CallRef,
    pub(crate) event_id: String,
    pub(crate) callback: CallbackUri,
    pub(crate) sounds: Sounds,
    pub(crate) answer_by: Option<SystemTime>,
    pub(crate) app: Option<AppId>,
    pub(crate) tenant: TenantId,
    pub(crate) record: Arc<CallRecord>,
}

/// What a handler recorded.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    pub(crate) commands: Vec<CallCommand>,
    pub(crate) timers: BTreeMap<String, Option<Duration>>,
    pub(crate) letters: Vec<(CallRef, Box<RawValue>)>,
    pub(crate) dials: Vec<Opening>,
    pub(crate) verdicts: Vec<(String, Verdict)>,
    pub(crate) questions: Vec<Collect>,
}

/// What a handler says of a command that is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Redo,
    AssumeDone,
    Check,
}

impl<M> Deref for CallContext<M> {
    type Target = CallView<M>;
    fn deref(&self) -> &CallView<M> {
        &self.view
    }
}

impl<M> DerefMut for CallContext<M> {
    fn deref_mut(&mut self) -> &mut CallView<M> {
        &mut self.view
    }
}

impl<M> CallContext<M> {
    pub(crate) fn new(facts: Facts, memory: M) -> Self {
        Self { view: CallView::new(facts, memory), decisions: Decisions::default() }
    }

    pub(crate) fn into_decisions(self) -> Decisions {
        self.decisions
    }
}

#[cfg(test)]
mod tests;
