//! `call create`: calls somebody or joins a meeting.

use clap::{ArgGroup, Args};
use graph_calls_core::{
    CreateCall,
    model::{CreateCallBody, JoinInfo, JoinUrl, ParticipantInfo},
};

use super::{Callback, show};
use crate::{
    callee::{self, Callee},
    command::values,
    exit::Failure,
    output::{Output, note},
    report::Effect,
    target::{Consent, Target},
};

/// Calls somebody, or joins a meeting by its link or its id.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whom").required(true).args(["to", "join", "join_meeting_id"]))]
pub(crate) struct Create {
    /// Whom to call: `user:ID`, `phone:+E164`, `app:ID` or `instance:ID`; given once for each, two to five make a
    /// group call.
    #[arg(long, value_name = "WHOM")]
    to: Vec<Callee>,
    /// Joins the meeting of this Teams link, in its tenant where it names one; quote it in a shell.
    // As text: the argument parser would repeat a bad link, passcode and all.
    #[arg(long, value_name = "URL")]
    join: Option<String>,
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
    pub(super) async fn run(mut self, output: Output) -> Result<(), Failure> {
        let url = self.join.as_deref().map(JoinUrl::parse).transpose();
        let url = url.map_err(|error| Failure::usage(error.to_string()))?;
        if self.target.tenant.is_none() {
            self.target.tenant = url.as_ref().and_then(JoinUrl::tenant_id).cloned();
        }
        let join = match self.join_meeting_id {
            Some(id) => {
                let meeting =
                    JoinInfo::by_meeting_id(id).map_err(|error| Failure::usage(error.to_string()))?;
                Some(match self.passcode {
                    Some(passcode) => meeting.with_passcode(passcode),
                    None => meeting,
                })
            }
            None => url.map(JoinInfo::from),
        };
        let line = self.target.open(output).await?;
        let callback = self.callback.read(&line)?;
        let mut body = match (self.to.as_slice(), join) {
            ([one], _) => CreateCallBody::to(one.invitation(), callback),
            ([], Some(meeting)) => CreateCallBody::join(meeting, callback),
            ([], None) => {
                return Err(Failure::usage("whom to call? Give --to, --join or --join-meeting-id"));
            }
            (several, _) => CreateCallBody::to_group(several.iter().map(Callee::invitation), callback)
                .map_err(values::bad(&[("targets", "--to")]))?,
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
