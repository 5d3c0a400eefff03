//! `participant`: who is in a call.

mod hold;
mod invite;
mod mute;
mod report;

use clap::{Args, Subcommand};
use graph_calls_core::{
    DeleteParticipant, GetParticipant, ListParticipants,
    model::{CallId, Participant, ParticipantId},
};
use serde_json::json;

use super::{call, page};
use crate::{
    exit::{Code, Failure, Outcome},
    output::{Output, plain},
    report::Effect,
    target::Target,
};

/// Sends one request on the participants of a call, to Graph or to an emulator.
#[derive(Debug, Subcommand)]
pub(crate) enum ParticipantCommand {
    List(List),
    Get(Get),
    Invite(Box<invite::Invite>),
    Delete(Delete),
    Mute(mute::Mute),
    MuteAll(mute::MuteAll),
    Hold(hold::Hold),
    Unhold(hold::Unhold),
    ReportSyntheticMedia(Box<report::Report>),
}

/// Lists who is in a call.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// The call.
    call: CallId,
    #[command(flatten)]
    target: Target,
}

/// Reads one participant.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The call.
    call: CallId,
    /// The participant.
    participant: ParticipantId,
    #[command(flatten)]
    target: Target,
}

/// Removes a participant, or takes back an invitation.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The call.
    call: CallId,
    /// The participant.
    participant: ParticipantId,
    #[command(flatten)]
    target: Target,
}

pub(crate) async fn run(command: ParticipantCommand, output: Output) -> Outcome {
    match command {
        ParticipantCommand::List(list) => list.run(output).await,
        ParticipantCommand::Get(get) => {
            let line = get.target.open(output).await?;
            match line.send(GetParticipant::new(get.call, get.participant), Effect::None).await? {
                Some(answer) if line.json => Ok(output.json(&answer.to_json())?),
                Some(answer) => Ok(output.line(row(&answer.read))?),
                None => Ok(()),
            }
        }
        ParticipantCommand::Invite(invite) => invite.run(output).await,
        ParticipantCommand::Delete(delete) => {
            let line = delete.target.open(output).await?;
            let request = DeleteParticipant::new(delete.call, delete.participant);
            let sent = line.send(request, Effect::Some).await?;
            call::done(&line, sent.as_ref(), "removed")
        }
        ParticipantCommand::Mute(mute) => mute.run(output).await,
        ParticipantCommand::MuteAll(mute) => mute.run(output).await,
        ParticipantCommand::Hold(hold) => hold.run(output).await,
        ParticipantCommand::Unhold(hold) => hold.run(output).await,
        ParticipantCommand::ReportSyntheticMedia(report) => report.run(output).await,
    }
    .map(|()| Code::Done)
}

impl List {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let line = self.target.open(output).await?;
        let first = ListParticipants::new(self.call);
        match page::all(&line, first, |page| (page.participants, page.next)).await? {
            None => Ok(()),
            Some(all) if line.json => Ok(output.json(&json!({ "value": all.sent }))?),
            Some(all) if all.read.is_empty() => Ok(output.line("nobody")?),
            Some(all) => Ok(output.line(all.read.iter().map(row).collect::<Vec<_>>().join("\n"))?),
        }
    }
}

/// A participant in one line.
fn row(participant: &Participant<'_>) -> String {
    let id = participant.id.as_deref().unwrap_or("(not joined yet)");
    let who = participant.identity().map_or_else(|| "somebody".to_owned(), call::who);
    let mut text = format!("{id:36}  {who}");
    if participant.is_muted == Some(true) {
        text.push_str(", muted");
    }
    if participant.is_in_lobby == Some(true) {
        text.push_str(", in the lobby");
    }
    plain(&text)
}
