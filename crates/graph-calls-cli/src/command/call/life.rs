//! `call get|answer|reject|redirect|delete|keep-alive`: from ringing to hanging up.

use std::time::Duration;

use clap::Args;
use graph_calls_core::{
    AnswerCall, DeleteCall, GetCall, KeepAlive, RedirectCall, RejectCall,
    model::{AnswerCallBody, CallId, RedirectCallBody, RejectReason},
};

use super::{Callback, callback_uri, done, show};
use crate::{
    callee::{self, Callee},
    command::values,
    exit::Failure,
    output::Output,
    report::Effect,
    target::{Consent, Target},
};

/// Reads a call.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The call.
    call: CallId,
    #[command(flatten)]
    target: Target,
}

/// Answers an incoming call, with media that the service hosts.
#[derive(Debug, Args)]
pub(crate) struct Answer {
    /// The call.
    call: CallId,
    #[command(flatten)]
    callback: Callback,
    #[command(flatten)]
    target: Target,
}

/// Rejects an incoming call.
#[derive(Debug, Args)]
pub(crate) struct Reject {
    /// The call.
    call: CallId,
    /// Why.
    #[arg(long, value_parser = ["none", "busy", "forbidden"], default_value = "busy")]
    reason: String,
    /// Where the last notification goes, if not to the registered webhook.
    #[arg(long, value_name = "URI")]
    callback: Option<String>,
    #[command(flatten)]
    target: Target,
}

/// Passes an incoming call on instead of answering it; the first to answer has it.
#[derive(Debug, Args)]
pub(crate) struct Redirect {
    /// The call.
    call: CallId,
    /// To whom: `user:ID`, `phone:+E164`, `app:ID` or `instance:ID`; given once for each, at most 25.
    #[arg(long, value_name = "WHOM", required = true)]
    to: Vec<Callee>,
    /// How long it rings: 15s to 90s; 55s at one and 60s at several unless told otherwise.
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    timeout: Option<Duration>,
    /// Where the last notifications go, if not to the registered webhook.
    #[arg(long, value_name = "URI")]
    callback: Option<String>,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    target: Target,
}

/// Hangs up; in a group call only the bot leaves.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The call.
    call: CallId,
    #[command(flatten)]
    target: Target,
}

/// Keeps a call from being cleaned up; due every 45 minutes.
#[derive(Debug, Args)]
pub(crate) struct Keep {
    /// The call.
    call: CallId,
    #[command(flatten)]
    target: Target,
}

impl Get {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let line = self.target.open(output).await?;
        match line.send(GetCall::new(self.call), Effect::None).await? {
            Some(answer) if line.json => Ok(output.json(&answer.to_json())?),
            Some(answer) => Ok(output.line(show::call(&answer.read, output))?),
            None => Ok(()),
        }
    }
}

impl Answer {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let line = self.target.open(output).await?;
        let body = AnswerCallBody::new(self.callback.read(&line)?);
        let sent = line.send(AnswerCall::new(self.call, body), Effect::Some).await?;
        done(&line, sent.as_ref(), "answered; that it is established comes as a notification")
    }
}

impl Reject {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let line = self.target.open(output).await?;
        let mut request = RejectCall::new(self.call, RejectReason::from(self.reason));
        if let Some(uri) = &self.callback {
            request = request.with_callback_uri(callback_uri(uri, &line)?);
        }
        let sent = line.send(request, Effect::Some).await?;
        done(&line, sent.as_ref(), "rejected")
    }
}

impl Redirect {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let wrong = values::bad(&[("targets", "--to"), ("timeout", "--timeout")]);
        let targets = self.to.iter().map(Callee::invitation);
        let mut body = RedirectCallBody::several(targets).map_err(&wrong)?;
        if let Some(timeout) = self.timeout {
            body = body.with_timeout(timeout);
        }
        body.validate().map_err(&wrong)?;
        let line = self.target.open(output).await?;
        if let Some(uri) = &self.callback {
            body = body.with_callback_uri(callback_uri(uri, &line)?);
        }
        self.consent.ask(&line, &callee::list(&self.to))?;
        let sent = line.send(RedirectCall::new(self.call, body), Effect::Some).await?;
        done(&line, sent.as_ref(), "passed on; that it is over for the bot comes as a notification")
    }
}

impl Delete {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let line = self.target.open(output).await?;
        let sent = line.send(DeleteCall::new(self.call), Effect::Some).await?;
        done(&line, sent.as_ref(), "hung up")
    }
}

impl Keep {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let line = self.target.open(output).await?;
        let sent = line.send(KeepAlive::new(self.call), Effect::Some).await?;
        done(&line, sent.as_ref(), "kept alive")
    }
}
