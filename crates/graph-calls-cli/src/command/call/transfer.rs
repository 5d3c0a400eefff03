//! `call transfer`: gives a call away.

use clap::{ArgGroup, Args};
use graph_calls_core::{
    TransferCall,
    model::{CallId, ParticipantId},
};

use super::done;
use crate::{
    callee::Callee,
    command::values,
    exit::Failure,
    output::Output,
    report::Effect,
    target::{Consent, Target},
};

/// Gives a call away: with --to unannounced, with --original-call to whom the bot has called in between.
///
/// `call transfer CALL --to WHOM` sends the other side of CALL to somebody, whoever answers there.
///
/// `call transfer CALL --original-call FIRST --original-caller WHOM` is for a bot that put FIRST aside and called somebody
/// in a second call, CALL: the caller of FIRST takes the bot's place in CALL.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("how").required(true).args(["to", "original_call"]))]
pub(crate) struct Transfer {
    /// The call that is given away; with --original-call the second one, in which somebody was consulted.
    call: CallId,
    /// To whom: `user:ID`, `phone:+E164`, `app:ID` or `instance:ID`.
    #[arg(long, value_name = "WHOM")]
    to: Option<Callee>,
    /// The first call, which the second one replaces.
    #[arg(long, value_name = "CALL", requires = "original_caller")]
    original_call: Option<CallId>,
    /// Who is on the other side of the first call.
    #[arg(long, value_name = "WHOM", requires = "original_call")]
    original_caller: Option<Callee>,
    /// Who is transferred, out of a group call.
    #[arg(long, value_name = "WHOM", requires = "transferee_participant")]
    transferee: Option<Callee>,
    /// Their id among the participants.
    #[arg(long, value_name = "ID", requires = "transferee")]
    transferee_participant: Option<ParticipantId>,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    target: Target,
}

impl Transfer {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let (mut request, rung) = match (self.to, self.original_call.zip(self.original_caller)) {
            (Some(to), _) => {
                let request = TransferCall::blind(self.call, to.invitation());
                (request.map_err(values::bad(&[("transferTarget", "--to")]))?, to)
            }
            (None, Some((original, caller))) => {
                (TransferCall::consultative(self.call, caller.invitation(), original), caller)
            }
            (None, None) => return Err(Failure::usage("to whom? Give --to, or --original-call")),
        };
        if let Some((who, participant)) = self.transferee.zip(self.transferee_participant) {
            request = request.with_transferee(who.identity(), participant);
        }
        let line = self.target.open(output).await?;
        self.consent.ask(&line, &rung.to_string())?;
        let sent = line.send(request, Effect::Some).await?;
        done(&line, sent.as_ref(), "under way; whether it was taken comes as a notification")
    }
}
