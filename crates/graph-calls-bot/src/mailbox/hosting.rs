//! Calls whose media a host beside the bot moves.

use std::sync::Arc;

use graph_calls_core::{
    AnswerCall, ApiRequest as _, CreateCall, DeleteCall, PlayPrompt, RecordResponse, SubscribeToTone,
    UpdateRecordingStatus,
    model::{ClientContext, RecordingStatus, UpdateRecordingStatusBody},
};
use serde::{Deserialize, Serialize};

use super::{Engine, desk::Desk, own};
use crate::{
    CallCommand, CallEvent, CommandError, Failed, LostMediaHost, MediaSession, media_host::HostAct,
    record::stored::is_default,
};

/// What is kept of a call's media host.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Hosting {
    /// The service does not host its media.
    #[serde(skip_serializing_if = "is_default")]
    elsewhere: bool,
    #[serde(skip_serializing_if = "is_default")]
    session: Option<MediaSession>,
    #[serde(skip_serializing_if = "is_default")]
    lost: bool,
    /// How many commands of the bot's own it has led to.
    #[serde(skip_serializing_if = "is_default")]
    steps: u64,
}

impl Hosting {
    /// Why a command makes no sense on such a call.
    pub(super) fn refuses(&self, command: &CallCommand) -> Option<&'static str> {
        let needs_service = [PlayPrompt::NAME, RecordResponse::NAME, SubscribeToTone::NAME]
            .iter()
            .any(|name| command.is(name));
        (self.elsewhere && needs_service).then_some(
            "prompts, recordings and keys need media that the service hosts; a media host has them itself",
        )
    }

    /// A command is to be sent: one that answers or places the call says where its media is.
    pub(super) fn decided(&mut self, command: &CallCommand) {
        if command.is(AnswerCall::NAME) || command.is(CreateCall::NAME) {
            let body = command.body();
            let kind = body.as_ref().and_then(|body| body.pointer("/mediaConfig/@odata.type")?.as_str());
            self.elsewhere = kind.is_some_and(|kind| kind.ends_with("appHostedMediaConfig"));
        }
        if let Some(session) = &command.session {
            self.session = Some(MediaSession::clone(session));
        }
    }
}

impl Engine {
    /// Begins or ends a recording: two steps, of which the second one bears the command's name.
    pub(super) fn record(self: &Arc<Self>, desk: &mut Desk, command: CallCommand, on: bool) {
        let hosting = &desk.call.hosting;
        let why = match (&hosting.session, &self.config.media_host.host) {
            (None, _) => "the call has no session of a media host: answer it with `Answer::hosted_media`",
            (_, None) => "the bot has no media host: name it with `BotBuilder::media_host`",
            _ if hosting.lost => "the media host was lost",
            (Some(session), Some(_)) => {
                let persist = CallCommand::of_host(HostAct::Persist(session.clone(), on));
                let status = if on { RecordingStatus::Recording } else { RecordingStatus::NotRecording };
                let Some(status) = tell_status(desk, status) else { return };
                let (first, second) = if on { (status, persist) } else { (persist, status) };
                let step =
                    own::name(own::RECORDING, &format!("{}.{}", desk.call.hosting.steps, command.name));
                self.add(desk, first.named(&step));
                self.add(desk, second.named(command.name).after(step));
                return;
            }
        };
        let error = CommandError::unsent(why);
        desk.push(CallEvent::Failed(Failed { name: command.name, error }));
    }

    /// The host did not do as asked: nobody knows what it keeps.
    pub(super) fn lose_media_host(self: &Arc<Self>, desk: &mut Desk, error: &CommandError) {
        if std::mem::replace(&mut desk.call.hosting.lost, true) || desk.call.record.ended().is_some() {
            return;
        }
        tracing::error!(call_ref = %desk.claim.key, %error, "the media host of a call is lost");
        let Some(status) = tell_status(desk, RecordingStatus::Failed) else { return };
        self.add(desk, status.named(own::name(own::LOST, "status")));
        if self.config.media_host.lost == LostMediaHost::HangUp
            && let Some(id) = desk.call.record.id().cloned()
        {
            self.add(desk, CallCommand::new(&DeleteCall::new(id)).named("hang-up"));
        }
    }

    /// The call is over: so is its session.
    pub(super) fn close_media(&self, desk: &mut Desk) {
        if let Some(session) = desk.call.hosting.session.clone()
            && self.config.media_host.host.is_some()
        {
            let mut close = CallCommand::of_host(HostAct::Close(session)).named("close-media").internal();
            close.after_end = true;
            desk.call.outbox.add(close, None);
        }
    }
}

/// What tells everybody how recording stands.
fn tell_status(desk: &mut Desk, status: RecordingStatus<'static>) -> Option<CallCommand> {
    let id = desk.call.record.id().cloned()?;
    desk.call.hosting.steps += 1;
    let context = format!("gc1.{}-r{}", desk.claim.key, desk.call.hosting.steps);
    let mut body = UpdateRecordingStatusBody::new(status);
    if let Ok(context) = ClientContext::new(context) {
        body = body.with_client_context(context);
    }
    Some(CallCommand::new(&UpdateRecordingStatus::new(id, body)))
}

/// What became of the first of two steps. The second one waits for it.
pub(super) fn recording_step_ended(desk: &mut Desk, event: CallEvent) {
    let (name, error) = match event {
        CallEvent::Failed(failed) => (failed.name, failed.error),
        // It may be so and may not: media is kept only where it surely is.
        CallEvent::InDoubt(doubt) => (doubt.name, doubt.error),
        _ => return,
    };
    desk.call.doubts.take(&name);
    for entry in desk.call.outbox.take_followers(&name) {
        let error = error.clone();
        desk.push(CallEvent::Failed(Failed { name: entry.command.name, error }));
    }
}
