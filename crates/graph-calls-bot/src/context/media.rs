//! The verbs about what is heard: prompts, recordings, keys, and who is silent.

use graph_calls_core::{
    CancelMediaProcessing, MuteCall, MuteParticipant, PlayPrompt, RecordResponse, SendDtmfTones,
    StartHoldMusic, StopHoldMusic, SubscribeToTone, UnmuteCall,
    model::{ClientContextBody, ParticipantId, PlayPromptBody},
};

use super::{CallContext, verbs::tagged};
#[cfg(doc)]
use crate::Answer;
use crate::{CallCommand, Collect, HoldMusic, Prompt, Recording, Tones, command::Options};

/// What is heard. Prompts, recordings and asking for keys need media that the service hosts.
impl<M> CallContext<M> {
    /// Plays, as soon as the audio flows. Its name is `play`; it is done when it was heard to its end.
    ///
    /// At most 20 files or URLs: more fail unsent, as does a name that is not in the bot's folder.
    pub fn play(&mut self, prompt: Prompt) {
        let prompts = prompt.prompts(&self.view.facts.sounds, &self.view.facts.callback);
        let context = self.client_context();
        self.act("play", prompt.options, |id| {
            let body = PlayPromptBody::several(prompts?).map_err(|error| error.to_string())?;
            let body = match context {
                Some(context) => body.with_client_context(context),
                None => body,
            };
            Ok(CallCommand::new(&PlayPrompt::new(id, body)).when_media_active())
        });
    }

    /// Records what the caller says, as soon as the audio flows and behind what plays. Its name is `record`; it is done
    /// when the recording ended, and [`Done::operation`](crate::Done::operation) tells where it is fetched and with which
    /// token. The service discards it soon. It may come up to 120 seconds after the call's end: a caller may hang up.
    ///
    /// A time that is not 1 to 120 whole seconds fails unsent. A recording that was cancelled fails with 400/8508.
    pub fn record_response(&mut self, recording: Recording) {
        let options = recording.options.clone();
        let body = recording.into_body(&self.view.facts.sounds, &self.view.facts.callback);
        let body = body.map(|body| tagged!(self, body));
        self.act("record", options, |id| {
            Ok(CallCommand::new(&RecordResponse::new(id, body?)).when_media_active())
        });
    }

    /// Cancels what plays and records, and all that waits to at the service. Each of them fails with 400/8508. Its name is
    /// `cancel-media`. Keys that were asked for keep coming.
    pub fn cancel_media(&mut self) {
        let body = tagged!(self, ClientContextBody::new());
        self.act("cancel-media", Options::default(), |id| {
            Ok(CallCommand::new(&CancelMediaProcessing::new(id, body)))
        });
    }

    /// Asks for pressed keys, as soon as the audio flows: each is a [`CallEvent::Tone`](crate::CallEvent::Tone). Its name
    /// is `tones`.
    pub fn subscribe_to_tones(&mut self) {
        let body = tagged!(self, ClientContextBody::new());
        self.act("tones", Options::default(), |id| {
            Ok(CallCommand::new(&SubscribeToTone::new(id, body)).when_media_active())
        });
    }

    /// Asks a question that is answered with the keys of a phone: exactly one
    /// [`CallEvent::Digits`](crate::CallEvent::Digits) with its name says what came of it. It subscribes to tones where
    /// that was not done, plays, and has its prompt cancelled by the first key.
    ///
    /// Another question ends the one that is asked. It goes ahead of the commands recorded beside it; one
    /// [`after`](Prompt::after) its name is sent when it was answered, and fails when it was not.
    pub fn collect(&mut self, question: Collect) {
        self.decisions.questions.push(question);
    }

    /// Presses keys, as soon as the audio flows: `call.send_tones("12#")`. Its name is `send-tones`; it is done when they
    /// were heard, and failed when the service says that they were not. Only in the public cloud.
    pub fn send_tones(&mut self, tones: impl Into<Tones>) {
        let tones = tones.into();
        let body = tones.body().map(|body| tagged!(self, body));
        self.act("send-tones", tones.options, |id| {
            Ok(CallCommand::new(&SendDtmfTones::new(id, body?)).when_media_active())
        });
    }

    /// Has the media of a call that a policy records be kept: everybody is told that it is, and once the service has taken
    /// that, the [media host](crate::MediaHost) begins to. Its name is `start-recording`; it is done when both are done. On
    /// a call without a [session](Answer::hosted_media) it fails unsent.
    ///
    /// A host that fails counts as lost: everybody is told that the recording failed, this fails, and then
    /// [`LostMediaHost`](crate::LostMediaHost) says what becomes of the call.
    ///
    /// Graph reference: [`call-updaterecordingstatus`](https://learn.microsoft.com/graph/api/call-updaterecordingstatus).
    pub fn start_recording(&mut self) {
        self.command(CallCommand::recording(true));
    }

    /// The other way round: the media host keeps nothing more, and then everybody is told so. Its name is
    /// `stop-recording`.
    pub fn stop_recording(&mut self) {
        self.command(CallCommand::recording(false));
    }

    /// Mutes the bot. Only in group calls. Its name is `mute`.
    pub fn mute(&mut self) {
        let body = tagged!(self, ClientContextBody::new());
        self.act("mute", Options::default(), |id| Ok(CallCommand::new(&MuteCall::new(id, body))));
    }

    /// Unmutes the bot. Only in group calls. Its name is `unmute`.
    pub fn unmute(&mut self) {
        let body = tagged!(self, ClientContextBody::new());
        self.act("unmute", Options::default(), |id| Ok(CallCommand::new(&UnmuteCall::new(id, body))));
    }

    /// Mutes somebody. Only in group calls, and only they can unmute themselves. Its name is `mute-participant`.
    pub fn mute_participant(&mut self, participant: ParticipantId) {
        let body = tagged!(self, ClientContextBody::new());
        self.act("mute-participant", Options::default(), |id| {
            Ok(CallCommand::new(&MuteParticipant::new(id, participant, body)))
        });
    }

    /// Puts a participant on hold, with music. Only in group calls, and one participant at a time. Its name is
    /// `hold-music`; it is done when its operation has finished.
    pub fn start_hold_music(&mut self, music: impl Into<HoldMusic>) {
        let music = music.into();
        let body = music.body(&self.view.facts.sounds, &self.view.facts.callback);
        let body = body.map(|body| tagged!(self, body));
        self.act("hold-music", music.options, |id| {
            Ok(CallCommand::new(&StartHoldMusic::new(id, music.participant, body?)))
        });
    }

    /// Takes a participant off hold. Its name is `stop-hold-music`.
    pub fn stop_hold_music(&mut self, participant: ParticipantId) {
        let body = tagged!(self, ClientContextBody::new());
        self.act("stop-hold-music", Options::default(), |id| {
            Ok(CallCommand::new(&StopHoldMusic::new(id, participant, body)))
        });
    }
}
