//! `call`: the requests on a call.

mod create;
mod download;
mod life;
mod media;
mod quality;
mod recording;
mod routing;
mod show;
mod transfer;

pub(crate) use show::who;

use clap::{Args, Subcommand};
use graph_calls_core::{
    AddLargeGalleryView, ApiRequest, CancelMediaProcessing, MuteCall, StartRecording, StopRecording,
    StopTranscription, SubscribeToTone, UnmuteCall,
    model::{CallId, CallbackUri, ClientContext, ClientContextBody, CommsOperation},
};

use crate::{
    command::values,
    exit::{Code, Failure, Outcome},
    line::{Answer, Line},
    output::{Output, note},
    report::Effect,
    target::{Target, variable},
};

/// Sends one request on a call, to Graph or to an emulator.
#[derive(Debug, Subcommand)]
pub(crate) enum Call {
    Create(Box<create::Create>),
    Get(life::Get),
    Answer(life::Answer),
    Reject(life::Reject),
    Redirect(Box<life::Redirect>),
    Transfer(Box<transfer::Transfer>),
    Delete(life::Delete),
    KeepAlive(life::Keep),
    Play(media::Play),
    Record(Box<media::Record>),
    Download(Box<download::Download>),
    /// Cancels the prompts and recordings of a call, the running one and those that wait.
    CancelMedia(Keyed),
    /// Listens for keys: from then on each one pressed is a notification.
    #[command(visible_alias = "subscribe-to-tones")]
    Tones(Keyed),
    SendTones(media::SendTones),
    /// Mutes the bot itself; in group calls.
    Mute(Keyed),
    /// Unmutes the bot itself; in group calls.
    Unmute(Keyed),
    ScreenSharing(media::ScreenSharing),
    /// Asks for the large gallery as a stream; in group calls, only in the public cloud.
    LargeGallery(Keyed),
    #[command(subcommand)]
    Routing(Box<routing::Routing>),
    RecordingStatus(recording::Tell),
    /// Starts the recording of the call. Beta.
    StartRecording(Keyed),
    /// Stops the recording of the call. Beta.
    StopRecording(Keyed),
    StartTranscription(recording::StartTranscript),
    /// Stops the transcript of the call. Beta.
    StopTranscription(Keyed),
    DeviceQuality(quality::DeviceQuality),
}

/// A call, and the key of the operation that it is asked for.
#[derive(Debug, Args)]
pub(crate) struct Keyed {
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
            let made = made_up_guid();
            note(format_args!("clientContext {made}"));
            made
        });
        ClientContext::new(text).map_err(values::bad(&[("clientContext", "--client-context")]))
    }

    /// The key as a body that has nothing else.
    pub(crate) fn body(&self) -> Result<ClientContextBody, Failure> {
        Ok(ClientContextBody::new().with_client_context(self.read()?))
    }
}

pub(crate) fn made_up_guid() -> String {
    let made = uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes());
    made.into_uuid().hyphenated().to_string()
}

impl Keyed {
    async fn send<R>(
        self,
        output: Output,
        make: impl FnOnce(CallId, ClientContextBody) -> R,
    ) -> Result<(), Failure>
    where
        R: ApiRequest<Output: Told>,
    {
        let line = self.target.open(output).await?;
        let sent = line.send(make(self.call, self.context.body()?), Effect::Some).await?;
        operation(&line, sent.as_ref())
    }
}

pub(crate) async fn run(call: Call, output: Output) -> Outcome {
    match call {
        Call::Create(create) => create.run(output).await,
        Call::Get(get) => get.run(output).await,
        Call::Answer(answer) => answer.run(output).await,
        Call::Reject(reject) => reject.run(output).await,
        Call::Redirect(redirect) => redirect.run(output).await,
        Call::Transfer(transfer) => transfer.run(output).await,
        Call::Delete(delete) => delete.run(output).await,
        Call::KeepAlive(keep) => keep.run(output).await,
        Call::Play(play) => play.run(output).await,
        Call::Record(record) => record.run(output).await,
        Call::Download(download) => download.run(output).await,
        Call::CancelMedia(keyed) => keyed.send(output, CancelMediaProcessing::new).await,
        Call::Tones(keyed) => keyed.send(output, SubscribeToTone::new).await,
        Call::SendTones(tones) => tones.run(output).await,
        Call::Mute(keyed) => keyed.send(output, MuteCall::new).await,
        Call::Unmute(keyed) => keyed.send(output, UnmuteCall::new).await,
        Call::ScreenSharing(sharing) => sharing.run(output).await,
        Call::LargeGallery(keyed) => keyed.send(output, AddLargeGalleryView::new).await,
        Call::Routing(routing) => routing.run(output).await,
        Call::RecordingStatus(tell) => tell.run(output).await,
        Call::StartRecording(keyed) => keyed.send(output, StartRecording::new).await,
        Call::StopRecording(keyed) => keyed.send(output, StopRecording::new).await,
        Call::StartTranscription(start) => start.run(output).await,
        Call::StopTranscription(keyed) => keyed.send(output, StopTranscription::new).await,
        Call::DeviceQuality(quality) => quality.run(output).await,
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

/// What an answer tells of its operation.
pub(crate) trait Told {
    fn told(&self) -> Option<&CommsOperation<'static>>;
}

impl Told for CommsOperation<'static> {
    fn told(&self) -> Option<&CommsOperation<'static>> {
        Some(self)
    }
}

impl Told for Option<CommsOperation<'static>> {
    fn told(&self) -> Option<&CommsOperation<'static>> {
        self.as_ref()
    }
}

/// Prints a comms operation.
pub(crate) fn operation(line: &Line, answer: Option<&Answer<impl Told>>) -> Result<(), Failure> {
    match answer.map(|answer| answer.read.told()) {
        Some(Some(told)) if !line.json => Ok(line.output.line(show::operation(told))?),
        _ => done(line, answer, "accepted; how it ends comes as a notification"),
    }
}
