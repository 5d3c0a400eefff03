//! Where authenticated notifications go.

use std::time::Duration;

use async_trait::async_trait;
use graph_calls_core::model::{Notification, ParticipantJoiningResponse};
use tokio::time::Instant;

use super::CallbackPath;
use crate::token::Verified;

/// Takes over what was sent. The sender is told 202 only after it said yes.
#[async_trait]
pub(crate) trait Intake: Send + Sync + 'static {
    /// Takes the notifications of one POST, in their order.
    async fn accept(&self, verified: &Verified, arrivals: Vec<Arrival>) -> Result<Taken, IntakeError>;
}

/// What taking notifications came to.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Taken {
    /// The answer that the service waits for: of the first that asked for one.
    pub(crate) joining: Option<ParticipantJoiningResponse<'static>>,
}

/// One notification, with what its POST said about it.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// The mailbox and the attempt it was addressed to; nothing on the registered URL.
    pub(crate) callback: Option<CallbackPath>,
    pub(crate) notification: Notification<'static>,
    /// When the head of its POST had been read.
    pub(crate) received: Instant,
    /// `X-Microsoft-Skype-Message-ID`, the same for all of a POST.
    pub(crate) message_id: Option<String>,
}

/// Why notifications were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IntakeError {
    #[error("the call's queue is full")]
    Full,
    #[error("the store is not available")]
    Unavailable { retry_after: Duration },
    /// All of them belong to calls of another tenant. Those among others are dropped and counted.
    #[error("the call is another tenant's")]
    OtherTenant,
}
