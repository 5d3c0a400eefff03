//! `call create`: calls somebody or joins a meeting.

use clap::{ArgGroup, Args};
use graph_calls_core::{
    CreateCall,
    model::{CreateCallBody, MeetingInfo, ParticipantInfo},
};

use super::{Callback, show};
use crate::{
    callee::{self, Callee},
    exit::Failure,
    output::{Output, note},
    report::Effect,
    target::{Consent, Target},
};

/// Calls somebody, or joins a meeting by its id.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whom").required(true).args(["to", "join_meeting_id"]))]
pub(crate) struct Create {
    /// Whom to call: `user:ID`, `phone:+E164`, `app:ID` or `instance:ID`; two to five make a group call.
    #[arg(long, value_name = "WHOM", num_args = 1..)]
    to: Vec<Callee>,
    /// Joins the meeting with this id.
    #[arg(long, value_name = "ID")]
    join_meeting_id: Option<String>,
    /// The meeting's passcode.
    #[arg(long, requires = "join_meeting_id")]
    passcode: Option<String>,
    /// The resource account that calls, as `instance:ID`; phones are called from one.
    #[arg(long, value_name = "WHO")]
    from: Option<Callee>,
    /// The subject people see.
    #[arg(long)]
    subject: Option<String>,
    #[command(flatten)]
    callback: Callback,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    target: Target,
}

impl Create {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let line = self.target.open(output).await?;
        let callback = self.callback.read(&line)?;
        let mut to = self.to.iter().map(Callee::invitation);
        let mut body = match (to.next(), self.join_meeting_id) {
            (Some(first), _) => to.fold(CreateCallBody::to(first, callback), CreateCallBody::with_target),
            (None, Some(id)) => {
                CreateCallBody::join(MeetingInfo::join_meeting_id(id, self.passcode), callback)
            }
            (None, None) => return Err(Failure::usage("whom to call? Give --to or --join-meeting-id")),
        };
        if let Some(from) = &self.from {
            body = body.with_source(ParticipantInfo::new(from.identity()));
        }
        if let Some(tenant) = line.tenant().filter(|tenant| tenant.guid().is_some()) {
            body = body.with_tenant_id(tenant.clone());
        }
        if let Some(subject) = self.subject {
            body = body.with_subject(subject);
        }
        body.validate().map_err(|error| Failure::usage(error.to_string()))?;
        if !self.to.is_empty() {
            self.consent.ask(&line, &callee::list(&self.to))?;
        }
        let Some(answer) = line.send(CreateCall::new(body), Effect::Some).await? else {
            return Ok(());
        };
        if line.json {
            let mut json = answer.to_json();
            // The body may have been lost; the id was not.
            if json.get("id").is_none() {
                json = serde_json::json!({ "id": answer.read.id });
            }
            output.json(&json)?;
        } else {
            output.line(show::created(&answer.read))?;
            note(format_args!("where it stands: graph-calls call get {}", answer.read.id));
        }
        Ok(())
    }
}
