//! The sample bot: an attendant that greets, brings in a colleague on key 1, sends them away on 2 and hangs up on 9.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use graph_calls_bot::{
    Answer, CallContext, CallEvent, CallHandler, Failed, HandlerError, Invite, Prompt, RosterChange,
    ToneEvent,
    model::{Participant, ParticipantId, RejectReason, fold_guid},
};
use serde::{Deserialize, Serialize};

/// Whether calls are taken. Clones are one door.
#[derive(Debug, Clone, Default)]
pub(crate) struct Door {
    closed: Arc<AtomicBool>,
}

impl Door {
    pub(crate) fn open(&self) {
        self.closed.store(false, Ordering::Relaxed);
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }
}

/// An attendant.
#[derive(Debug, Clone)]
pub(crate) struct Attendant {
    /// While it is closed, callers hear that the line is busy.
    pub(crate) door: Door,
    /// What callers hear first: the URL of a WAV.
    pub(crate) greeting: Option<String>,
    /// Whom key 1 brings in: the object id of a user.
    pub(crate) colleague: Option<String>,
}

/// What the attendant remembers of a call.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Conversation {
    greeted: bool,
    colleague: Colleague,
}

/// Where the colleague is.
#[derive(Debug, Default, Serialize, Deserialize)]
enum Colleague {
    #[default]
    Away,
    Asked,
    Here(ParticipantId),
    Leaving,
}

#[async_trait]
impl CallHandler for Attendant {
    type Memory = Conversation;

    async fn on_event(
        &self,
        call: &mut CallContext<Conversation>,
        event: CallEvent,
    ) -> Result<(), HandlerError> {
        match event {
            CallEvent::Incoming(_) if self.door.is_closed() => call.reject(RejectReason::Busy),
            CallEvent::Incoming(_) => call.answer(Answer::service_media()),
            // Established alone is too early: prompts and tones need media that flows.
            CallEvent::MediaActive => self.greet(call),
            CallEvent::Tone(tone) => self.pressed(call, &tone),
            CallEvent::RosterChanged(change) => self.roster(call, &change),
            CallEvent::Done(done) if done.name == "remove" => call.memory.colleague = Colleague::Away,
            CallEvent::Failed(failed) => {
                if is_cancelled(&failed) {
                    tracing::debug!(command = failed.name, "cancelled");
                } else {
                    tracing::warn!(command = failed.name, error = %failed.error, "a command failed");
                }
                if matches!(failed.name.as_str(), "invite" | "remove") {
                    call.memory.colleague = Colleague::Away;
                }
            }
            CallEvent::InDoubt(doubt) => {
                tracing::warn!(command = doubt.name, error = %doubt.error, "nobody knows whether it was done");
            }
            CallEvent::Terminated(ended) => tracing::info!(%ended, "a call is over"),
            _ => {}
        }
        Ok(())
    }
}

impl Attendant {
    fn greet(&self, call: &mut CallContext<Conversation>) {
        // Media also comes back after a hold.
        if std::mem::replace(&mut call.memory.greeted, true) {
            return;
        }
        call.subscribe_to_tones();
        if let Some(greeting) = &self.greeting {
            call.play(Prompt::url(greeting).named("greeting"));
        }
    }

    fn pressed(&self, call: &mut CallContext<Conversation>, tone: &ToneEvent) {
        if tone.is('1') {
            if let (Colleague::Away, Some(colleague)) = (&call.memory.colleague, &self.colleague) {
                call.invite(Invite::user(colleague));
                call.memory.colleague = Colleague::Asked;
            }
        } else if tone.is('2') {
            match &call.memory.colleague {
                Colleague::Here(participant) => {
                    let participant = participant.clone();
                    call.remove(participant);
                    call.memory.colleague = Colleague::Leaving;
                }
                // The invitation then fails, and with that the colleague is away again.
                Colleague::Asked => call.call_off("invite"),
                Colleague::Away | Colleague::Leaving => {}
            }
        } else if tone.is('9') {
            call.hang_up();
        }
    }

    fn roster(&self, call: &mut CallContext<Conversation>, change: &RosterChange) {
        let joined = change.joined.iter().find(|one| self.is_colleague(one));
        // Somebody who is only invited has no id yet.
        if let Some(id) = joined.and_then(Participant::participant_id) {
            call.memory.colleague = Colleague::Here(id);
        } else if change.left.iter().any(|one| self.is_colleague(one)) {
            call.memory.colleague = Colleague::Away;
        }
    }

    fn is_colleague(&self, participant: &Participant<'_>) -> bool {
        let user = participant.identity().and_then(|identity| identity.user()?.id.as_deref());
        match (user, self.colleague.as_deref()) {
            (Some(user), Some(colleague)) => {
                user == colleague || fold_guid(user).is_some_and(|id| fold_guid(colleague) == Some(id))
            }
            _ => false,
        }
    }
}

/// Whether the end of the call, or another command, cut it short.
fn is_cancelled(failed: &Failed) -> bool {
    let result = failed.error.result.as_ref();
    result.is_some_and(|info| info.number() == Some(400) && info.subcode_number() == Some(8508))
}

#[cfg(test)]
mod tests {
    use graph_calls_bot::{model::IdentitySet, test_util::BotTest};

    use super::*;

    const COLLEAGUE: &str = "b0000000-0000-4000-8000-000000000001";

    fn attendant() -> Attendant {
        Attendant {
            door: Door::default(),
            greeting: Some("https://bot.example/welcome.wav".to_owned()),
            colleague: Some(COLLEAGUE.to_owned()),
        }
    }

    async fn greeted() -> BotTest<Attendant> {
        let mut test = BotTest::new(attendant());
        test.incoming(IdentitySet::of_user("8d1e6ab6")).await.assert_commands(&["answer"]);
        test.established().await.media_active().await.assert_commands(&["tones", "greeting"]);
        test
    }

    #[tokio::test]
    async fn a_closed_door_is_busy() {
        let attendant = attendant();
        attendant.door.close();
        let mut test = BotTest::new(attendant);
        test.incoming(IdentitySet::of_user("8d1e6ab6")).await.assert_commands(&["reject"]);
    }

    #[tokio::test]
    async fn the_greeting_is_played_once_though_media_comes_back() {
        let mut test = greeted().await;
        test.held().await.established().await.media_active().await.assert_commands(&[]);
    }

    #[tokio::test]
    async fn a_colleague_is_brought_in_once_sent_away_and_brought_in_again() {
        let mut test = greeted().await;
        test.tone('2').await.assert_commands(&[]);
        test.tone('1').await.tone('1').await.assert_commands(&["invite"]);
        test.joined("7e1b", IdentitySet::of_user(COLLEAGUE)).await.done("invite").await;
        test.tone('2').await.tone('2').await.assert_commands(&["remove"]);
        test.done("remove").await.left("7e1b").await;
        test.tone('1').await.assert_commands(&["invite"]);
    }

    #[tokio::test]
    async fn a_colleague_who_has_not_come_yet_is_called_off() {
        let mut test = greeted().await;
        test.tone('1').await.tone('2').await.assert_commands(&["invite", "call-off"]);
        test.failed("invite", 400, 8508).await.tone('1').await.assert_commands(&["invite"]);
        test.tone('9').await.assert_commands(&["hang-up"]);
    }
}
