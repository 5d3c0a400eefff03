//! What is kept of one call, and what arrives for it.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use bytes::Bytes;
use graph_calls_core::model::Notification;
use tokio::time::Instant;

use super::{Outbox, TimerName, doubt::Doubts};
use crate::{CallRecord, CommandError};

/// Something that arrived in a mailbox.
#[derive(Debug)]
pub(crate) enum Item {
    /// From the service.
    Notification { notification: Box<Notification<'static>>, received: SystemTime, received_at: Instant },
    /// What a command's request came to: the answer's body, or why there is none.
    Outcome { command: u64, result: Result<Bytes, Box<CommandError>> },
    /// A timer came due; stale unless the conversation still waits for this time.
    Timer { name: TimerName, due: Instant },
}

/// All that is kept of one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conversation {
    /// Shared with the handler while it decides, copied only if it is changed meanwhile.
    pub(crate) record: Arc<CallRecord>,
    pub(crate) memory: Vec<u8>,
    pub(crate) outbox: Outbox,
    pub(crate) timers: BTreeMap<TimerName, Instant>,
    /// On the wall and on the monotonic clock.
    pub(crate) answer_by: Option<(SystemTime, Instant)>,
    pub(crate) doubts: Doubts,
    /// How many items were handled: part of every event's id.
    pub(crate) handled: u64,
}

impl Conversation {
    pub(crate) fn record_mut(&mut self) -> &mut CallRecord {
        Arc::make_mut(&mut self.record)
    }
}
