//! `participant invite`: who shall join a call.

use clap::Args;
use graph_calls_core::{
    InviteParticipants,
    model::{CallId, InviteParticipantsBody, ParticipantId},
};

use crate::{
    callee::{self, Callee},
    command::{
        call::{self, Context},
        values,
    },
    exit::Failure,
    output::Output,
    report::Effect,
    target::{Consent, Target},
};

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

impl Invite {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
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
        let body = InviteParticipantsBody::several(invited).map_err(values::bad(&[
            ("participants", "--to"),
            ("participants.replacesCallId", "--replaces"),
        ]))?;
        let line = self.target.open(output).await?;
        let body = body.with_client_context(self.context.read()?);
        self.consent.ask(&line, &callee::list(&self.to))?;
        let sent = line.send(InviteParticipants::new(self.call, body), Effect::Some).await?;
        call::operation(&line, sent.as_ref())
    }
}
