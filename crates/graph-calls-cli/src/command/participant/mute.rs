//! `participant mute|mute-all`: who is not heard any more.

use clap::Args;
use graph_calls_core::{
    MuteAllParticipants, MuteParticipant,
    model::{CallId, MuteAllParticipantsBody, ParticipantId},
};

use crate::{
    command::{
        call::{self, Context},
        values,
    },
    exit::Failure,
    output::Output,
    report::Effect,
    target::Target,
};

/// Mutes a participant; in group calls. Nobody but themselves can unmute them.
#[derive(Debug, Args)]
pub(crate) struct Mute {
    /// The call.
    call: CallId,
    /// The participant.
    participant: ParticipantId,
    #[command(flatten)]
    context: Context,
    #[command(flatten)]
    target: Target,
}

/// Mutes several participants together. Beta, and deprecated by the service: mute each instead.
#[derive(Debug, Args)]
pub(crate) struct MuteAll {
    /// The call.
    call: CallId,
    /// The participants.
    #[arg(required = true, value_name = "PARTICIPANT")]
    participants: Vec<ParticipantId>,
    #[command(flatten)]
    context: Context,
    #[command(flatten)]
    target: Target,
}

impl Mute {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let line = self.target.open(output).await?;
        let request = MuteParticipant::new(self.call, self.participant, self.context.body()?);
        let sent = line.send(request, Effect::Some).await?;
        call::operation(&line, sent.as_ref())
    }
}

impl MuteAll {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let body = MuteAllParticipantsBody::several(self.participants)
            .map_err(values::bad(&[("participants", "PARTICIPANT")]))?;
        let line = self.target.open(output).await?;
        let body = body.with_client_context(self.context.read()?);
        let sent = line.send(MuteAllParticipants::new(self.call, body), Effect::Some).await?;
        call::operation(&line, sent.as_ref())
    }
}
