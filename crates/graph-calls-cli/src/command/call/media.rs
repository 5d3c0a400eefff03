//! `call play|record|send-tones|screen-sharing`: what is played, recorded, pressed and shown.

use std::time::Duration;

use clap::{Args, ValueEnum};
use graph_calls_core::{
    ChangeScreenSharingRole, PlayPrompt, RecordResponse, SendDtmfTones,
    model::{
        CallId, ChangeScreenSharingRoleBody, MediaInfo, MediaPrompt, PlayPromptBody, RecordResponseBody,
        ScreenSharingRole, SendDtmfTonesBody, Tone,
    },
};

use super::{Context, done, operation};
use crate::{command::values, exit::Failure, output::Output, report::Effect, target::Target};

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

/// Records what is said, behind a prompt if there is one; the recording's address comes as a notification.
#[derive(Debug, Args)]
pub(crate) struct Record {
    /// The call.
    call: CallId,
    /// Where the prompt lies that is played first: WAV, mono, 16 bit, 16 kHz.
    #[arg(long, value_name = "URL")]
    prompt: Option<String>,
    /// How long it records at most: 1s to 120s, 5s unless told otherwise.
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    max_duration: Option<Duration>,
    /// How long it waits for somebody to speak: 1s to 120s, 5s unless told otherwise.
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    initial_silence: Option<Duration>,
    /// The silence that ends it: 1s to 120s, 5s unless told otherwise.
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    max_silence: Option<Duration>,
    /// The keys that end it, such as `#*`.
    #[arg(long, value_name = "KEYS")]
    stop_tones: Option<Keys>,
    /// Does not beep first.
    #[arg(long)]
    no_beep: bool,
    /// Overtakes what plays, records or waits.
    #[arg(long)]
    barge_in: bool,
    #[command(flatten)]
    context: Context,
    #[command(flatten)]
    target: Target,
}

/// Presses keys; only in the public cloud.
#[derive(Debug, Args)]
pub(crate) struct SendTones {
    /// The call.
    call: CallId,
    /// The keys, such as `12#`: 0 to 9, *, # and A to D; quote them in a shell.
    keys: Keys,
    /// How long it waits between two keys, such as `300ms`.
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    delay: Option<Duration>,
    #[command(flatten)]
    context: Context,
    #[command(flatten)]
    target: Target,
}

/// Makes the bot look on at a shared screen, or share its own; in group calls, with media that the app hosts.
#[derive(Debug, Args)]
pub(crate) struct ScreenSharing {
    /// The call.
    call: CallId,
    /// What the bot does.
    role: Role,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// It looks on.
    Viewer,
    /// It shares its own.
    Sharer,
}

/// Keys on a phone.
#[derive(Debug, Clone, PartialEq)]
struct Keys(Vec<Tone<'static>>);

impl std::str::FromStr for Keys {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let key = |key| {
            Tone::from_key(key).ok_or_else(|| format!("`{key}` is no key: give 0 to 9, *, # and A to D"))
        };
        let keys: Vec<_> = text.chars().map(key).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err("give a key at least".to_owned()) } else { Ok(Self(keys)) }
    }
}

impl Play {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let prompts = self.prompts.into_iter().map(|url| MediaPrompt::new(MediaInfo::new(url)));
        let body = PlayPromptBody::several(prompts).map_err(values::bad(&[("prompts", "URL")]))?;
        let line = self.target.open(output).await?;
        let body = body.with_client_context(self.context.read()?);
        let sent = line.send(PlayPrompt::new(self.call, body), Effect::Some).await?;
        operation(&line, sent.as_ref())
    }
}

impl Record {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let mut body = RecordResponseBody::new();
        if let Some(url) = self.prompt {
            body = body.with_prompt(MediaPrompt::new(MediaInfo::new(url)));
        }
        if let Some(duration) = self.max_duration {
            body = body.with_max_record_duration(duration);
        }
        if let Some(silence) = self.initial_silence {
            body = body.with_initial_silence_timeout(silence);
        }
        if let Some(silence) = self.max_silence {
            body = body.with_max_silence_timeout(silence);
        }
        if let Some(Keys(tones)) = self.stop_tones {
            body = body.with_stop_tones(tones);
        }
        if self.no_beep {
            body = body.with_play_beep(false);
        }
        if self.barge_in {
            body = body.with_barge_in_allowed(true);
        }
        body.validate().map_err(values::bad(&[
            ("maxRecordDurationInSeconds", "--max-duration"),
            ("initialSilenceTimeoutInSeconds", "--initial-silence"),
            ("maxSilenceTimeoutInSeconds", "--max-silence"),
            ("stopTones", "--stop-tones"),
        ]))?;
        let line = self.target.open(output).await?;
        let body = body.with_client_context(self.context.read()?);
        let sent = line.send(RecordResponse::new(self.call, body), Effect::Some).await?;
        operation(&line, sent.as_ref())
    }
}

impl SendTones {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let wrong = values::bad(&[("tones", "KEYS"), ("delayBetweenTonesMs", "--delay")]);
        let mut body = SendDtmfTonesBody::several(self.keys.0).map_err(&wrong)?;
        if let Some(delay) = self.delay {
            body = body.with_delay_between_tones(delay);
        }
        body.validate().map_err(&wrong)?;
        let line = self.target.open(output).await?;
        let body = body.with_client_context(self.context.read()?);
        let sent = line.send(SendDtmfTones::new(self.call, body), Effect::Some).await?;
        operation(&line, sent.as_ref())
    }
}

impl ScreenSharing {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let role = match self.role {
            Role::Viewer => ScreenSharingRole::Viewer,
            Role::Sharer => ScreenSharingRole::Sharer,
        };
        let line = self.target.open(output).await?;
        let request = ChangeScreenSharingRole::new(self.call, ChangeScreenSharingRoleBody::new(role));
        let sent = line.send(request, Effect::Some).await?;
        done(&line, sent.as_ref(), "accepted; that it is so is told by the roster")
    }
}
