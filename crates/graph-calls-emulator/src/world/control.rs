//! What can be done from outside: calls placed, keys pressed, people who come and go.

use std::time::Duration;

use graph_calls_model::fold_guid;

use super::{
    Call, Change, Control, ControlError, Direction, EndCause, IncomingCall, Participant, Party, PersonKind,
    REPORTING_ROLE, ROLES, State, Step, World,
    input::Controlled,
    tone,
    wire::{incoming_members, invitation_info, participant_info},
};

impl World {
    pub(super) fn control(&mut self, now: Duration, control: Control) -> Controlled {
        match control {
            Control::Incoming(incoming) => self.place_call(now, &incoming).map(Some),
            Control::HangUp { call } => self.live(&call, |world, call| {
                world.hang_up(now, call);
                Ok(None)
            }),
            Control::Press { call, keys } => {
                let tones = tone::tones(&keys).ok_or(ControlError::UnknownKey(keys))?;
                self.established(&call, |world, call| {
                    let name = call.other_side().to_owned();
                    for tone in tones {
                        world.press(now, call, &name, tone);
                    }
                    Ok(None)
                })
            }
            Control::Join { call, person } => {
                let party = self.person(&person)?;
                self.established(&call, |world, call| Ok(Some(world.walk_in(now, call, party))))
            }
            Control::Leave { call, participant } => self.live(&call, |world, call| {
                let id = call.peer(&participant).map(|one| one.id.clone());
                world.leave(now, call, &id.ok_or(ControlError::UnknownParticipant(participant))?);
                Ok(None)
            }),
            Control::Webhook(url) => {
                if let Some(bad) = url.as_deref().filter(|url| !is_http(url)) {
                    return Err(ControlError::BadUrl(bad.to_owned()));
                }
                self.config.webhook = url;
                Ok(None)
            }
            Control::AddFault(fault) => self.faults.add(fault).map(Some),
            Control::ClearFaults => {
                self.faults.clear();
                Ok(None)
            }
        }
    }

    fn live(&mut self, id: &str, act: impl FnOnce(&mut Self, &mut Call) -> Controlled) -> Controlled {
        let unknown = || ControlError::UnknownCall(id.to_owned());
        let key = fold_guid(id).ok_or_else(unknown)?;
        self.with_call(key, |world, call| {
            if call.is_live() { act(world, call) } else { Err(ControlError::CallOver(call.id.clone())) }
        })
        .unwrap_or_else(|| Err(unknown()))
    }

    fn established(&mut self, id: &str, act: impl FnOnce(&mut Self, &mut Call) -> Controlled) -> Controlled {
        self.live(id, |world, call| {
            if call.state == State::Established {
                act(world, call)
            } else {
                Err(ControlError::NotEstablished(call.id.clone()))
            }
        })
    }

    fn person(&self, id: &str) -> Result<Party, ControlError> {
        if let Some(person) = self.directory.find(id) {
            return Ok(Party::person(person));
        }
        if is_e164(id) { Ok(Party::phone(id)) } else { Err(ControlError::UnknownPerson(id.to_owned())) }
    }

    /// Somebody calls the bot.
    ///
    /// Graph reference: [`call`](https://learn.microsoft.com/graph/api/resources/call).
    fn place_call(&mut self, now: Duration, incoming: &IncomingCall) -> Result<String, ControlError> {
        if self.config.webhook.is_none() {
            return Err(ControlError::NoWebhook);
        }
        let from = self.person(&incoming.from)?;
        let called = match &incoming.instance {
            Some(id) => {
                let known = self.directory.instance(id).filter(|one| one.app_id == self.config.app_id);
                let instance = known.ok_or_else(|| ControlError::UnknownInstance(id.clone()))?;
                Party { kind: PersonKind::Instance, ..Party::application(&instance.id, &instance.name) }
            }
            None => Party::application(&self.config.app_id, &self.config.app_name),
        };
        // The service shows who calls only to an app that holds at least one of the calls permissions.
        let tells = |role: &str| ROLES.contains(&role) && role != REPORTING_ROLE;
        let hidden = !self.config.roles.iter().any(|role| tells(role));
        let source = if hidden { Party::encrypted(&self.id()) } else { from.identity_set() };
        let mut call = self.new_call(Direction::Incoming, called.clone());
        call.source = participant_info(&source);
        call.targets = vec![invitation_info(&called.identity_set())];
        call.dialect = incoming.dialect.unwrap_or(self.config.dialect);
        call.policy_recording = incoming.recording;
        // Its number or its instance was called: the service knows a number to call phones from.
        call.phone_bridge = called.kind == PersonKind::Instance;
        let peer = Participant::new(self.id(), from.clone());
        call.peers.push(peer);

        let window = if call.policy_recording {
            self.config.deadlines.recording_answer
        } else {
            self.config.deadlines.answer
        };
        self.enter(now.saturating_add(window), &call, Step::WindowLapses);
        self.happened(&call, false, format!("{} calls", from.name));
        let members = incoming_members(&call, (!hidden).then_some(&from));
        self.notify_call(&call, Change::Created, members);
        let id = call.id.clone();
        self.add_call(call);
        Ok(id)
    }

    fn hang_up(&mut self, now: Duration, call: &mut Call) {
        if call.group {
            for id in call.peers.iter().map(|peer| peer.id.clone()).collect::<Vec<_>>() {
                self.leave(now, call, &id);
            }
            call.ringing.clear();
            self.end_if_deserted(now, call);
        } else if let Some(peer) = call.peers.first() {
            let id = peer.id.clone();
            self.leave(now, call, &id);
        } else {
            self.happened(call, false, format!("{} declines", call.other_side()));
            self.end(now, call, EndCause::NotPickedUp);
        }
    }

    fn walk_in(&mut self, now: Duration, call: &mut Call, party: Party) -> String {
        self.happened(call, false, format!("{} joins", party.name));
        let participant = Participant::new(self.id(), party);
        let id = participant.id.clone();
        call.group = true;
        call.peers.push(participant);
        self.notify_roster(call);
        self.may_press(now, call, &id);
        id
    }
}

/// An http or https URL.
pub(crate) fn is_http(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// A plus sign and up to 15 digits.
pub(crate) fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (3..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}
