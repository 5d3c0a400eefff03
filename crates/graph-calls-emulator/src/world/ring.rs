//! People whose phones ring: targets of a call and invitees.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Behaviour, Call, EndCause, Invited, Participant, ResultInfo, Ringing, State, Step, World};

/// What became of somebody whose phone rang.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Unreachable(EndCause),
    Declined,
    NotAnswered,
}

impl Refusal {
    fn cause(self) -> EndCause {
        match self {
            Refusal::Unreachable(cause) => cause,
            Refusal::Declined | Refusal::NotAnswered => EndCause::NotPickedUp,
        }
    }

    fn result(self) -> ResultInfo {
        match self {
            Refusal::Unreachable(cause) => cause.result().unwrap_or(ResultInfo::NOT_ANSWERED),
            Refusal::Declined => ResultInfo::DECLINED,
            Refusal::NotAnswered => ResultInfo::NOT_ANSWERED,
        }
    }
}

impl World {
    /// Lets somebody's phone ring, two notifications from now.
    pub(crate) fn call_out(&mut self, now: Duration, call: &mut Call, ringing: Ringing) {
        let rings = Step::Rings(ringing.participant.id.clone());
        self.enter(now + self.config.pace.step * 2, call, rings);
        call.ringing.push(ringing);
    }

    pub(super) fn ring(&mut self, now: Duration, call: &mut Call, id: &str) {
        let Some(ringing) = call.ringing.iter().find(|one| one.participant.id == id) else { return };
        let (name, fate) = (ringing.participant.party.name.clone(), ringing.participant.party.fate);
        match fate {
            Err(cause) => {
                self.happened(call, true, format!("cannot reach {name}"));
                self.not_joined(now, call, id, Refusal::Unreachable(cause));
            }
            Ok(behaviour) => {
                self.happened(call, true, format!("rings {name}"));
                let (wait, step) = if behaviour == Behaviour::NeverAnswers {
                    (call.ring_limit, Step::GivesUp(id.to_owned()))
                } else {
                    (self.about(self.config.pace.ring), Step::Acts(id.to_owned()))
                };
                self.enter(now.saturating_add(wait), call, step);
            }
        }
    }

    pub(super) fn act(&mut self, now: Duration, call: &mut Call, id: &str) {
        let Some(place) = call.ringing.iter().position(|one| one.participant.id == id) else { return };
        let Some(ringing) = call.ringing.get(place) else { return };
        let name = ringing.participant.party.name.clone();
        let refuses = match ringing.participant.party.fate {
            Ok(Behaviour::Busy) => Some("is busy"),
            Ok(Behaviour::Declines) => Some("declines"),
            _ => None,
        };
        if let Some(refuses) = refuses {
            self.happened(call, false, format!("{name} {refuses}"));
            self.not_joined(now, call, id, Refusal::Declined);
            return;
        }
        self.happened(call, false, format!("{name} picks up"));
        let Ringing { participant, invited } = call.ringing.remove(place);
        self.joined(now, call, participant, invited);
    }

    pub(super) fn give_up(&mut self, now: Duration, call: &mut Call, id: &str) {
        self.not_joined(now, call, id, Refusal::NotAnswered);
    }

    /// Takes an invitation back: the phone stops ringing now, the bot is told one notification later.
    pub(crate) fn cancel_invitee(&mut self, now: Duration, call: &mut Call, id: &str) {
        let Some(place) = call.ringing.iter().position(|one| one.participant.id == id) else { return };
        if let Invited::By(operation) = call.ringing.remove(place).invited {
            self.enter(now + self.config.pace.step, call, Step::InviteeCancelled(operation));
        }
    }

    pub(super) fn invitee_cancelled(&mut self, now: Duration, call: &mut Call, operation: &str) {
        self.settle(call, operation, Some(ResultInfo::CANCELLED));
        self.end_if_deserted(now, call);
    }

    /// Ends a call in which nobody is and nobody rings any more.
    pub(super) fn end_if_deserted(&mut self, now: Duration, call: &mut Call) {
        if call.peers.is_empty() && call.ringing.is_empty() {
            let began = call.state != State::Establishing;
            self.end(now, call, if began { EndCause::LastOneLeft } else { EndCause::NobodyJoined });
        }
    }

    /// Removes a participant: out of the call now, the bot is told one notification later.
    pub(crate) fn remove_peer(&mut self, now: Duration, call: &mut Call, gone: Participant) {
        self.enter(now + self.config.pace.step, call, Step::Removed(Box::new(gone)));
    }

    fn joined(&mut self, now: Duration, call: &mut Call, participant: Participant, invited: Invited) {
        if participant.party.fate == Ok(Behaviour::AnswersThenHangsUp) {
            // Not before the bot was told that the call is established.
            let talk = self.config.pace.step * 2 + self.about(self.config.pace.talk);
            self.enter(now + talk, call, Step::PeerLeaves(participant.id.clone()));
        }
        let id = participant.id.clone();
        call.peers.push(participant);
        self.may_press(now, call, &id);
        match invited {
            Invited::ByCall => {
                if call.state == State::Establishing {
                    // A second one may pick up in the same moment; the call is established once.
                    if call.peers.len() == 1 {
                        self.enter(now + self.config.pace.step, call, Step::Established);
                    }
                } else {
                    self.notify_roster(call);
                }
            }
            Invited::By(operation) => {
                let replaced = self.settle(call, &operation, None);
                self.notify_roster(call);
                if let Some(key) = replaced {
                    self.with_call(key, |world, other| world.end(now, other, EndCause::Replaced));
                }
            }
        }
    }

    fn not_joined(&mut self, now: Duration, call: &mut Call, id: &str, refusal: Refusal) {
        let Some(place) = call.ringing.iter().position(|one| one.participant.id == id) else { return };
        let Ringing { invited, .. } = call.ringing.remove(place);
        match invited {
            Invited::By(operation) => {
                self.settle(call, &operation, Some(refusal.result()));
                self.end_if_deserted(now, call);
            }
            Invited::ByCall if !call.group => self.end(now, call, refusal.cause()),
            Invited::ByCall => self.end_if_deserted(now, call),
        }
    }

    /// Counts one invitee's decision; the last one finishes the operation. Returns the call that is replaced.
    fn settle(&mut self, call: &mut Call, operation: &str, failure: Option<ResultInfo>) -> Option<u128> {
        let place = call.invites.iter().position(|invite| invite.operation.id == operation)?;
        let invite = call.invites.get_mut(place)?;
        invite.open = invite.open.saturating_sub(1);
        match failure {
            Some(failure) => invite.failure = failure,
            None => invite.joined = true,
        }
        if invite.open > 0 {
            return None;
        }
        let done = call.invites.remove(place);
        let result = if done.joined { ResultInfo::COMPLETED } else { done.failure };
        let mut further = Map::new();
        further.insert("participants".to_owned(), Value::Array(done.echoed));
        self.notify_finished_with(call, &done.operation, result, further);
        done.replaces.filter(|_| done.joined)
    }

    /// Takes a participant out of the call, on their own wish.
    pub(super) fn leave(&mut self, now: Duration, call: &mut Call, id: &str) {
        let Some(place) = call.peers.iter().position(|one| one.id == id) else { return };
        let gone = call.peers.remove(place);
        let does = if call.group { "leaves" } else { "hangs up" };
        self.happened(call, false, format!("{} {does}", gone.party.name));
        self.after_leaving(now, call, &gone);
    }

    /// Tells the bot that somebody is gone, and ends the call if that was the last one.
    pub(crate) fn after_leaving(&mut self, now: Duration, call: &mut Call, gone: &Participant) {
        if call.peers.is_empty() && call.ringing.is_empty() {
            let cause = call.cause_of_leaving(&gone.party);
            self.end(now, call, cause);
        } else {
            self.notify_roster(call);
        }
    }
}
