//! `call recording-status|start-transcription`: recording and writing down the whole call.

use clap::{Args, ValueEnum};
use graph_calls_core::{
    StartTranscription, UpdateRecordingStatus,
    model::{CallId, RecordingStatus, StartTranscriptionBody, UpdateRecordingStatusBody},
};

use super::{Context, operation};
use crate::{command::values, exit::Failure, output::Output, report::Effect, target::Target};

/// Tells everybody whether the call is recorded; for policy-based recording, before any media is kept.
#[derive(Debug, Args)]
pub(crate) struct Tell {
    /// The call.
    call: CallId,
    /// Whether it is.
    status: State,
    #[command(flatten)]
    context: Context,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    /// It is recorded.
    Recording,
    /// It is not.
    NotRecording,
    /// It should be, and failed.
    Failed,
}

/// Starts a transcript of the call. Beta.
#[derive(Debug, Args)]
pub(crate) struct StartTranscript {
    /// The call.
    call: CallId,
    /// The language; `en-us` is the only one that is documented.
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    #[command(flatten)]
    context: Context,
    #[command(flatten)]
    target: Target,
}

impl Tell {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let body = UpdateRecordingStatusBody::new(match self.status {
            State::Recording => RecordingStatus::Recording,
            State::NotRecording => RecordingStatus::NotRecording,
            State::Failed => RecordingStatus::Failed,
        });
        body.validate().map_err(values::bad(&[("status", "STATUS")]))?;
        let line = self.target.open(output).await?;
        let body = body.with_client_context(self.context.read()?);
        let sent = line.send(UpdateRecordingStatus::new(self.call, body), Effect::Some).await?;
        operation(&line, sent.as_ref())
    }
}

impl StartTranscript {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let mut body = StartTranscriptionBody::new();
        if let Some(language) = self.language {
            body = body.with_language(language);
        }
        let line = self.target.open(output).await?;
        let body = body.with_client_context(self.context.read()?);
        let sent = line.send(StartTranscription::new(self.call, body), Effect::Some).await?;
        operation(&line, sent.as_ref())
    }
}
