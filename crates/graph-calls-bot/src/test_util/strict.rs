//! A handler under test, and what stands beside it.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use graph_calls_core::model::Modality;
use serde_json::value::RawValue;

use crate::{
    CallEvent, CallHandler, CallRef, HandlerError, JoiningAnswer, MediaHost, MediaHostError, MediaSession,
    ParticipantJoining,
    context::{Decisions, Facts},
    handler::{Decided, ErasedHandler, Restored},
};

/// A handler whose first failure is kept for the test, instead of being told the event again.
pub(super) struct Strict<H> {
    handler: H,
    failure: Mutex<Option<String>>,
    refused: Mutex<Vec<String>>,
}

impl<H> Strict<H> {
    pub(super) fn new(handler: H) -> Self {
        Self { handler, failure: Mutex::default(), refused: Mutex::default() }
    }

    pub(super) fn take_failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The failures of commands that it was told of since this was asked last.
    pub(super) fn take_refused(&self) -> Vec<String> {
        std::mem::take(&mut self.refused.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep(&self, error: &HandlerError, memory: Option<&str>) -> Result<Decided, HandlerError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.to_string());
        let memory = RawValue::from_string(memory.unwrap_or("null").to_owned())?;
        Ok(Decided { memory, decisions: Decisions::default() })
    }
}

#[async_trait]
impl<H: CallHandler> ErasedHandler for Strict<H> {
    fn restore(&self, memory: &str) -> Restored {
        self.handler.restore(memory)
    }

    async fn handle(
        &self,
        facts: Facts,
        memory: Option<&str>,
        event: CallEvent,
    ) -> Result<Decided, HandlerError> {
        if let CallEvent::Failed(failed) = &event {
            let text = format!("{}: {}", failed.name, failed.error);
            self.refused.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
        match self.handler.handle(facts, memory, event).await {
            Ok(decided) => Ok(decided),
            Err(error) => self.keep(&error, memory),
        }
    }

    async fn fail(
        &self,
        facts: Facts,
        memory: Option<&str>,
        event: CallEvent,
        error: HandlerError,
    ) -> Result<Decided, HandlerError> {
        self.handler.fail(facts, memory, event, error).await
    }

    async fn joining(
        &self,
        facts: Facts,
        memory: Option<&str>,
        joining: &ParticipantJoining,
    ) -> Result<JoiningAnswer, HandlerError> {
        self.handler.joining(facts, memory, joining).await
    }
}

/// A media host that does as it is asked.
pub(super) struct NoMedia;

#[async_trait]
impl MediaHost for NoMedia {
    async fn open(
        &self,
        call: &CallRef,
        _want: &[Modality<'static>],
    ) -> Result<MediaSession, MediaHostError> {
        Ok(MediaSession::new(call.to_string(), "a test's"))
    }

    async fn persist(&self, _session: &MediaSession, _on: bool) -> Result<(), MediaHostError> {
        Ok(())
    }

    async fn close(&self, _session: &MediaSession) {}
}
