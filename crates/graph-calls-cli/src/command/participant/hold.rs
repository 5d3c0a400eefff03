//! `participant hold|unhold`: who waits, with music.

use clap::Args;
use graph_calls_core::{
    StartHoldMusic, StopHoldMusic,
    model::{CallId, MediaInfo, MediaPrompt, ParticipantId, StartHoldMusicBody},
};

use crate::{
    command::call::{self, Context},
    exit::Failure,
    output::Output,
    report::Effect,
    target::Target,
};

/// Puts a participant on hold, with music; one of a call at a time.
#[derive(Debug, Args)]
pub(crate) struct Hold {
    /// The call.
    call: CallId,
    /// The participant.
    participant: ParticipantId,
    /// Where the music lies (WAV, mono, 16 bit, 16 kHz); the service's own where none is given.
    #[arg(long, value_name = "URL")]
    music: Option<String>,
    #[command(flatten)]
    context: Context,
    #[command(flatten)]
    target: Target,
}

/// Takes a participant off hold.
#[derive(Debug, Args)]
pub(crate) struct Unhold {
    /// The call.
    call: CallId,
    /// The participant.
    participant: ParticipantId,
    #[command(flatten)]
    context: Context,
    #[command(flatten)]
    target: Target,
}

impl Hold {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let mut body = StartHoldMusicBody::new();
        if let Some(url) = self.music {
            body = body.with_custom_prompt(MediaPrompt::new(MediaInfo::new(url)));
        }
        let line = self.target.open(output).await?;
        let body = body.with_client_context(self.context.read()?);
        let sent = line.send(StartHoldMusic::new(self.call, self.participant, body), Effect::Some).await?;
        call::operation(&line, sent.as_ref())
    }
}

impl Unhold {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let line = self.target.open(output).await?;
        let request = StopHoldMusic::new(self.call, self.participant, self.context.body()?);
        let sent = line.send(request, Effect::Some).await?;
        call::operation(&line, sent.as_ref())
    }
}
