//! `call`: the requests on a call.

mod create;
mod show;

pub(crate) use show::who;

use clap::{Args, Subcommand};
use graph_calls_core::{
    AnswerCall, DeleteCall, GetCall, KeepAlive, PlayPrompt, RejectCall, SubscribeToTone,
    model::{
        AnswerCallBody, CallId, CallbackUri, ClientContext, ClientContextBody, CommsOperation, MediaInfo,
        MediaPrompt, PlayPromptBody, RejectReason,
    },
};

use crate::{
    exit::{Code, Failure, Outcome},
    line::{Answer, Line},
    output::{Output, note},
    report::Effect,
    target::{Target, variable},
};

/// Sends one request on a call, to Graph or to an emulator.
#[derive(Debug, Subcommand)]
pub(crate) enum Call {
    Create(create::Create),
    Get(Get),
    Answer(AnswerArgs),
    Reject(Reject),
    Delete(Delete),
    KeepAlive(KeepAliveArgs),
    Play(Play),
    Tones(Tones),
}

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
pub(crate) struct AnswerArgs {
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
pub(crate) struct KeepAliveArgs {
    /// The call.
    call: CallId,
    #[command(flatten)]
    target: Target,
}

/// Plays prompts: WAV, mono, 16 bit, 16 kHz.
#[derive(Debug, Args)]
pub(crate) struct Play {
    /// The call.
    call: CallId,
    /// Where the prompts lie, in the order in which they are played; at most 20.
    #[arg(required = true, value_name = "URL")]
    prompts: Vec<String>,
    #[command(flatten)]
    context: Context,
    #[command(flatten)]
    target: Target,
}

/// Asks for a notification per pressed key.
#[derive(Debug, Args)]
pub(crate) struct Tones {
    /// The call.
    call: CallId,
    #[command(flatten)]
    context: Context,
    #[command(flatten)]
    target: Target,
}

/// Where notifications go.
#[derive(Debug, Args)]
pub(crate) struct Callback {
    /// Where the notifications of the call go; https, for an emulator also http [env: `GRAPH_CALLS_CALLBACK_URL`].
    #[arg(long = "callback", value_name = "URI")]
    uri: Option<String>,
}

/// The key of a comms operation.
#[derive(Debug, Args)]
pub(crate) struct Context {
    /// Your own key for the operation, at most 256 characters; made up where none is given.
    #[arg(long, value_name = "KEY")]
    client_context: Option<String>,
}

impl Callback {
    pub(crate) fn read(&self, line: &Line) -> Result<CallbackUri, Failure> {
        let uri = self.uri.clone().or_else(|| variable("GRAPH_CALLS_CALLBACK_URL"));
        let missing = "where do the call's notifications go? Give --callback or GRAPH_CALLS_CALLBACK_URL";
        callback_uri(&uri.ok_or_else(|| Failure::usage(missing))?, line)
    }
}

fn callback_uri(uri: &str, line: &Line) -> Result<CallbackUri, Failure> {
    let uri = if line.is_emulated() { CallbackUri::emulated(uri) } else { CallbackUri::new(uri) };
    uri.map_err(|error| Failure::usage(error.to_string()))
}

impl Context {
    /// The key, told on standard error where it was made up.
    pub(crate) fn read(&self) -> Result<ClientContext, Failure> {
        let text = self.client_context.clone().unwrap_or_else(|| {
            let made = uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes());
            let made = made.into_uuid().hyphenated().to_string();
            note(format_args!("clientContext {made}"));
            made
        });
        ClientContext::new(text).map_err(|error| Failure::usage(error.to_string()))
    }
}

pub(crate) async fn run(call: Call, output: Output) -> Outcome {
    match call {
        Call::Create(create) => create.run(output).await,
        Call::Get(get) => {
            let line = get.target.open(output).await?;
            match line.send(GetCall::new(get.call), Effect::None).await? {
                Some(answer) if line.json => Ok(output.json(&answer.to_json())?),
                Some(answer) => Ok(output.line(show::call(&answer.read, output))?),
                None => Ok(()),
            }
        }
        Call::Answer(answer) => {
            let line = answer.target.open(output).await?;
            let body = AnswerCallBody::new(answer.callback.read(&line)?);
            let sent = line.send(AnswerCall::new(answer.call, body), Effect::Some).await?;
            done(&line, sent.as_ref(), "answered; that it is established comes as a notification")
        }
        Call::Reject(reject) => {
            let line = reject.target.open(output).await?;
            let mut request = RejectCall::new(reject.call, RejectReason::from(reject.reason));
            if let Some(uri) = &reject.callback {
                request = request.with_callback_uri(callback_uri(uri, &line)?);
            }
            let sent = line.send(request, Effect::Some).await?;
            done(&line, sent.as_ref(), "rejected")
        }
        Call::Delete(delete) => {
            let line = delete.target.open(output).await?;
            let sent = line.send(DeleteCall::new(delete.call), Effect::Some).await?;
            done(&line, sent.as_ref(), "hung up")
        }
        Call::KeepAlive(keep) => {
            let line = keep.target.open(output).await?;
            let sent = line.send(KeepAlive::new(keep.call), Effect::Some).await?;
            done(&line, sent.as_ref(), "kept alive")
        }
        Call::Play(play) => {
            let line = play.target.open(output).await?;
            let prompts = play.prompts.into_iter().map(|url| MediaPrompt::new(MediaInfo::new(url)));
            let body = PlayPromptBody::several(prompts).map_err(|error| Failure::usage(error.to_string()))?;
            let body = body.with_client_context(play.context.read()?);
            let sent = line.send(PlayPrompt::new(play.call, body), Effect::Some).await?;
            operation(&line, sent.as_ref())
        }
        Call::Tones(tones) => {
            let line = tones.target.open(output).await?;
            let body = ClientContextBody::new().with_client_context(tones.context.read()?);
            let sent = line.send(SubscribeToTone::new(tones.call, body), Effect::Some).await?;
            operation(&line, sent.as_ref())
        }
    }
    .map(|()| Code::Done)
}

/// Prints that something was done.
pub(crate) fn done<T>(line: &Line, answer: Option<&Answer<T>>, text: &str) -> Result<(), Failure> {
    match answer {
        Some(answer) if line.json => Ok(line.output.json(&answer.to_json())?),
        Some(_) => Ok(line.output.line(text)?),
        None => Ok(()),
    }
}

/// Prints a comms operation.
pub(crate) fn operation(
    line: &Line,
    answer: Option<&Answer<CommsOperation<'static>>>,
) -> Result<(), Failure> {
    match answer {
        Some(answer) if !line.json => Ok(line.output.line(show::operation(&answer.read))?),
        answer => done(line, answer, ""),
    }
}
