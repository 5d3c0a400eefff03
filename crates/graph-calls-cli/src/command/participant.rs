//! `participant`: who is in a call.

use clap::{Args, Subcommand};
use graph_calls_core::{
    DeleteParticipant, GetParticipant, InviteParticipants, ListParticipants,
    model::{CallId, InviteParticipantsBody, Participant, ParticipantId},
};
use serde_json::{Value, json};

use super::call::{self, Context};
use crate::{
    callee::{self, Callee},
    exit::{Code, Failure, Outcome},
    output::{Output, plain},
    report::Effect,
    target::{Consent, Target},
};

/// Sends one request on the participants of a call, to Graph or to an emulator.
#[derive(Debug, Subcommand)]
pub(crate) enum ParticipantCommand {
    List(List),
    Get(Get),
    Invite(Box<Invite>),
    Delete(Delete),
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

/// Invites up to five, more than one only into a group call.
#[derive(Debug, Args)]
pub(crate) struct Invite {
    /// The call.
    call: CallId,
    /// Whom: `user:ID`, `phone:+E164`, `app:ID` or `instance:ID`; given once for each.
    #[arg(long, value_name = "WHOM", required = true)]
    to: Vec<Callee>,
    /// The id the participant shall have: it names the invitation while nobody has taken it.
    #[arg(long, value_name = "ID")]
    participant_id: Option<ParticipantId>,
    /// The invitee's call that ends as they join.
    #[arg(long, value_name = "CALL")]
    replaces: Option<CallId>,
    #[command(flatten)]
    context: Context,
    #[command(flatten)]
    consent: Consent,
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
    }
    .map(|()| Code::Done)
}

impl List {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let line = self.target.open(output).await?;
        let mut participants = Vec::new();
        let mut sent = Vec::new();
        let mut next = Some(ListParticipants::new(self.call));
        while let Some(request) = next {
            let Some(answer) = line.send(request, Effect::None).await? else { return Ok(()) };
            if let Some(Value::Array(more)) = answer.to_json().get_mut("value").map(Value::take) {
                sent.extend(more);
            }
            participants.extend(answer.read.participants);
            next = answer.read.next;
        }
        if line.json {
            return Ok(output.json(&json!({ "value": sent }))?);
        }
        if participants.is_empty() {
            return Ok(output.line("nobody")?);
        }
        let rows: Vec<_> = participants.iter().map(row).collect();
        Ok(output.line(rows.join("\n"))?)
    }
}

impl Invite {
    async fn run(self, output: Output) -> Result<(), Failure> {
        if self.to.len() > 1 && self.participant_id.is_some() {
            return Err(Failure::usage("--participant-id goes with one --to only"));
        }
        let invited = self.to.iter().map(|callee| {
            let mut one = callee.invitation();
            if let Some(id) = &self.participant_id {
                one = one.with_participant_id(id.clone());
            }
            match &self.replaces {
                Some(call) => one.with_replaces_call_id(call.clone()),
                None => one,
            }
        });
        let body =
            InviteParticipantsBody::several(invited).map_err(|error| Failure::usage(error.to_string()))?;
        let line = self.target.open(output).await?;
        let body = body.with_client_context(self.context.read()?);
        self.consent.ask(&line, &callee::list(&self.to))?;
        let sent = line.send(InviteParticipants::new(self.call, body), Effect::Some).await?;
        call::operation(&line, sent.as_ref())
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
