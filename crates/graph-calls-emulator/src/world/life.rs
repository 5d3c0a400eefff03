//! The life of a call: what happens to it by itself, and how it ends.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Call, Change, EndCause, Participant, State, World,
    record_response::RecordEnd,
    wire::{bare_call_data, media_state},
};
use crate::Dialect;

/// Something that will happen to a call.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Nobody answered in time.
    WindowLapses,
    /// The bot has not kept the call alive.
    KeepAliveLapses,
    Establishing,
    Established,
    MediaActive,
    /// The service says once more that the call is established, with more members.
    Repeated,
    /// A participant's phone rings, or it turns out that none can.
    Rings(String),
    /// Its owner does what their behaviour says.
    Acts(String),
    /// Its owner never did.
    GivesUp(String),
    /// Who was called hangs up on their own.
    PeerLeaves(String),
    PeerPresses(String, Vec<&'static str>),
    PromptEnds(String),
    /// The beep of this recordResponse is over.
    Records(String),
    RecordEnds(String, RecordEnd),
    /// This comms operation tells its end.
    Finishes(String),
    /// Members of these participants changed.
    Changed(Vec<String>),
    /// Somebody took the call that the bot passed on, or nobody did.
    Redirected(Option<Box<Participant>>),
    Transferring,
    TransferAccepted,
    Transferred,
    RecordingsDiscarded,
    RosterChanges,
    TranscriptionChanges,
    /// An invitee of this comms operation was taken back.
    InviteeCancelled(String),
    /// The bot removed somebody.
    Removed(Box<Participant>),
    /// The call is gone without a word about why.
    Vanishes(EndCause),
    Terminating(EndCause),
    Terminated(EndCause),
}

impl World {
    pub(crate) fn take_step(&mut self, now: Duration, call: &mut Call, step: Step) {
        match step {
            Step::WindowLapses => {
                if call.state == State::Incoming {
                    self.happened(call, true, "nobody answered in time".to_owned());
                    self.vanish(call, EndCause::WindowLapsed);
                }
            }
            Step::KeepAliveLapses => self.check_keep_alive(now, call),
            Step::Establishing => {
                self.notify_call(call, Change::Updated, [("state", json!("establishing"))]);
            }
            Step::Established => self.establish(now, call),
            Step::MediaActive => {
                call.media_active = true;
                let members = [("state", json!("established")), ("mediaState", media_state())];
                self.notify_call(call, Change::Updated, members);
                self.advance_prompts(now, call);
            }
            Step::Repeated => self.repeat_established(call),
            Step::Rings(id) => self.ring(now, call, &id),
            Step::Acts(id) => self.act(now, call, &id),
            Step::GivesUp(id) => self.give_up(now, call, &id),
            Step::PeerLeaves(id) => self.leave(now, call, &id),
            Step::PeerPresses(peer, keys) => self.press_on(now, call, &peer, &keys),
            Step::PromptEnds(operation) => self.prompt_ended(now, call, &operation),
            Step::Records(operation) => self.record(now, call, &operation),
            Step::RecordEnds(operation, end) => self.end_record(now, call, &operation, end),
            Step::Finishes(operation) => self.finish(now, call, &operation),
            Step::Changed(participants) => self.notify_changed(call, &participants),
            Step::Redirected(by) => self.redirected(call, by.as_deref()),
            Step::Transferring => self.tell_transfer(call),
            Step::TransferAccepted => self.transfer_accepted(call),
            Step::Transferred => self.transferred(now, call),
            Step::RecordingsDiscarded => self.discard_recordings(call),
            Step::RosterChanges => self.notify_roster(call),
            Step::TranscriptionChanges => self.tell_transcription(call),
            Step::InviteeCancelled(operation) => self.invitee_cancelled(now, call, &operation),
            Step::Removed(gone) => self.after_leaving(now, call, &gone),
            Step::Vanishes(cause) => self.vanish(call, cause),
            Step::Terminating(cause) => {
                self.notify_call(call, Change::Updated, [("state", json!("terminating"))]);
                self.cancel_operations(call);
                self.enter(now + self.config.pace.step, call, Step::Terminated(cause));
            }
            Step::Terminated(cause) => self.terminate(now, call, cause),
        }
    }

    /// What the service tells once an answer or a pick-up was accepted.
    pub(crate) fn enter_establishing(&mut self, now: Duration, call: &mut Call) {
        call.state = State::Establishing;
        self.enter(now + self.config.pace.step, call, Step::Establishing);
        self.enter(now + self.config.pace.step * 2, call, Step::Established);
    }

    pub(crate) fn expect_keep_alive(&mut self, now: Duration, call: &mut Call) {
        call.kept_alive = now;
        self.enter(now.saturating_add(self.config.deadlines.keep_alive), call, Step::KeepAliveLapses);
    }

    fn check_keep_alive(&mut self, now: Duration, call: &mut Call) {
        let due = call.kept_alive.saturating_add(self.config.deadlines.keep_alive);
        if now < due {
            self.enter(due, call, Step::KeepAliveLapses);
        } else {
            self.end(now, call, EndCause::KeepAliveMissed);
        }
    }

    fn establish(&mut self, now: Duration, call: &mut Call) {
        call.state = State::Established;
        let mut members = vec![("state", json!("established"))];
        if call.dialect == Dialect::Wire {
            members.push(("direction", json!(call.direction.as_str())));
        }
        self.notify_call(call, Change::Updated, members);
        let step = self.config.pace.step;
        self.enter(now + step, call, Step::MediaActive);
        if call.dialect == Dialect::Wire {
            self.enter(now + step * 2, call, Step::Repeated);
        }
        self.notify_roster(call);
    }

    // Captured on ordinary calls: more `established`, with a chat, a meeting token and a context for replacing.
    fn repeat_established(&mut self, call: &mut Call) {
        let (thread, token, context) = (self.id(), self.id(), self.id());
        let chat = json!({
            "@odata.type": "#microsoft.graph.chatInfo",
            "threadId": format!("19:{thread}@unq.gbl.spaces"), "messageId": "0", "replyChainMessageId": null,
        });
        let meeting = json!({ "@odata.type": "#microsoft.graph.tokenMeetingInfo", "token": token });
        for (name, made_up) in [("chatInfo", chat), ("meetingInfo", meeting)] {
            if !call.given.iter().any(|(known, _)| *known == name) {
                call.given.push((name, made_up));
            }
        }
        let given = |wanted: &str| {
            call.given
                .iter()
                .find(|(name, _)| *name == wanted)
                .map_or(Value::Null, |(_, value)| value.clone())
        };
        let members = [
            ("state", json!("established")),
            ("mediaState", media_state()),
            ("chatInfo", given("chatInfo")),
            ("meetingInfo", given("meetingInfo")),
            ("replacesContext", json!(context)),
        ];
        self.notify_call(call, Change::Updated, members);
    }

    /// Ends a call: first terminating, then terminated, if it was established or the bot ends it.
    pub(crate) fn end(&mut self, now: Duration, call: &mut Call, cause: EndCause) {
        if !call.is_live() {
            return;
        }
        let announced = call.is_connected() || cause == EndCause::BotDeleted;
        call.state = State::Terminating;
        self.forget_events(call);
        let step = if announced { Step::Terminating(cause) } else { Step::Terminated(cause) };
        self.enter(now + self.config.pace.step, call, step);
    }

    pub(super) fn terminate(&mut self, now: Duration, call: &mut Call, cause: EndCause) {
        self.cancel_operations(call);
        call.close(cause);
        if !call.recordings.is_empty() {
            let until = now.saturating_add(self.config.deadlines.recordings);
            self.enter(until, call, Step::RecordingsDiscarded);
        }
        let mut members = vec![("state", json!("terminated"))];
        members.extend(cause.members(call.dialect));
        self.notify_call(call, Change::Deleted, members);
    }

    /// Ends a call without a word about its state, one notification from now.
    pub(crate) fn gone_soon(&mut self, now: Duration, call: &mut Call, cause: EndCause) {
        call.state = State::Terminating;
        self.forget_events(call);
        self.enter(now + self.config.pace.step, call, Step::Vanishes(cause));
    }

    fn vanish(&mut self, call: &mut Call, cause: EndCause) {
        self.forget_events(call);
        call.close(cause);
        let data = Value::Object(bare_call_data(call));
        self.notify(call, Change::Deleted, "", data);
    }
}
