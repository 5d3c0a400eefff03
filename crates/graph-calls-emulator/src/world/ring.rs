//! People whose phones ring: targets of a call and invitees.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{
    Behaviour, Call, EndCause, Operation, Participant, Party, PersonKind, ResultInfo, State, Step, World,
};

/// Somebody whose phone rings.
#[derive(Debug, Clone)]
pub(crate) struct Ringing {
    pub(crate) participant: Participant,
    pub(crate) invited: Invited,
}

/// Why somebody's phone rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Invited {
    /// They are a target of the call itself.
    ByCall,
    /// They are invited into it, by this comms operation.
    By(String),
    /// The bot passed the call on to them without answering it.
    ByRedirect,
    /// The bot transfers somebody to them.
    ByTransfer,
}

/// An invitation under way.
#[derive(Debug, Clone)]
pub(crate) struct Invite {
    pub(crate) operation: Operation,
    /// The invitees as they were echoed.
    pub(crate) echoed: Vec<Value>,
    /// How many have not yet decided.
    pub(crate) open: usize,
    pub(crate) joined: bool,
    /// What the last one who did not join left behind.
    pub(crate) failure: ResultInfo,
    /// The call whose peer is taken over.
    pub(crate) replaces: Option<u128>,
}

/// Why somebody whose phone was to ring did not join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NotJoined {
    Unreachable(EndCause),
    Declined,
    NotAnswered,
}

impl NotJoined {
    fn cause(self) -> EndCause {
        match self {
            NotJoined::Unreachable(cause) => cause,
            NotJoined::Declined | NotJoined::NotAnswered => EndCause::NotPickedUp,
        }
    }

    fn result(self) -> ResultInfo {
        match self {
            NotJoined::Unreachable(cause) => cause.result().unwrap_or(ResultInfo::NOT_ANSWERED),
            NotJoined::Declined => ResultInfo::DECLINED,
            NotJoined::NotAnswered => ResultInfo::NOT_ANSWERED,
        }
    }
}

impl Call {
    /// Somebody who is to be called from here, with what keeps the service from it: phones are called from a number.
    pub(crate) fn reachable(&self, mut party: Party) -> Party {
        if party.kind == PersonKind::Phone && !self.phone_bridge {
            party.fate = Err(EndCause::NoPhoneBridge);
        }
        party
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
                self.not_joined(now, call, id, NotJoined::Unreachable(cause));
            }
            Ok(behaviour) => {
                self.happened(call, true, format!("rings {name}"));
                let wait = match behaviour {
                    Behaviour::NeverAnswers => call.ring_limit,
                    _ => self.about(self.config.pace.ring),
                };
                let (wait, step) = if wait >= call.ring_limit {
                    (call.ring_limit, Step::GivesUp(id.to_owned()))
                } else {
                    (wait, Step::Acts(id.to_owned()))
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
            self.not_joined(now, call, id, NotJoined::Declined);
            return;
        }
        self.happened(call, false, format!("{name} picks up"));
        let Ringing { participant, invited } = call.ringing.remove(place);
        self.joined(now, call, participant, invited);
    }

    pub(super) fn give_up(&mut self, now: Duration, call: &mut Call, id: &str) {
        self.not_joined(now, call, id, NotJoined::NotAnswered);
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

    /// Takes somebody into the call.
    fn take_in(&mut self, now: Duration, call: &mut Call, participant: Participant) {
        if participant.party.fate == Ok(Behaviour::AnswersThenHangsUp) {
            // Not before the bot was told that the call is established.
            let talk = self.config.pace.step * 2 + self.about(self.config.pace.talk);
            self.enter(now + talk, call, Step::PeerLeaves(participant.id.clone()));
        }
        let id = participant.id.clone();
        call.peers.push(participant);
        self.may_press(now, call, &id);
    }

    fn joined(&mut self, now: Duration, call: &mut Call, participant: Participant, invited: Invited) {
        match invited {
            Invited::ByCall => {
                self.take_in(now, call, participant);
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
                self.take_in(now, call, participant);
                let replaced = self.settle(call, &operation, None);
                self.notify_roster(call);
                if let Some(key) = replaced {
                    self.with_call(key, |world, other| world.end(now, other, EndCause::Replaced));
                }
            }
            Invited::ByRedirect => self.end_redirect(now, call, Some(participant)),
            Invited::ByTransfer => self.accept_transfer(now, call, &participant),
        }
    }

    fn not_joined(&mut self, now: Duration, call: &mut Call, id: &str, why: NotJoined) {
        let Some(place) = call.ringing.iter().position(|one| one.participant.id == id) else { return };
        let Ringing { invited, .. } = call.ringing.remove(place);
        match invited {
            Invited::By(operation) => {
                self.settle(call, &operation, Some(why.result()));
                self.end_if_deserted(now, call);
            }
            Invited::ByCall if !call.group => self.end(now, call, why.cause()),
            Invited::ByCall => self.end_if_deserted(now, call),
            Invited::ByRedirect => {
                if call.ringing.is_empty() {
                    self.end_redirect(now, call, None);
                }
            }
            Invited::ByTransfer => self.transfer_failed(call),
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
        let replaced = done.replaces.filter(|_| done.joined);
        self.notify_invited(call, done, result);
        replaced
    }

    /// Tells how an invitation ended, with the invitees that it had.
    pub(super) fn notify_invited(&mut self, call: &Call, invite: Invite, result: ResultInfo) {
        let mut further = Map::new();
        further.insert("participants".to_owned(), Value::Array(invite.echoed));
        self.notify_finished_with(call, &invite.operation, result, further);
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
        self.off_hold(now, call, &gone.id);
        self.stop_passing_on(call, &gone.id);
        if call.peers.is_empty() && call.ringing.is_empty() {
            let cause = call.cause_of_leaving(&gone.party);
            self.end(now, call, cause);
        } else {
            self.notify_roster(call);
        }
    }
}
