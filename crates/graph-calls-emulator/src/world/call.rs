//! One call: the bot's leg and who is at the other end.

use std::{collections::VecDeque, time::Duration};

use serde_json::Value;

use super::{
    effect::CallView,
    end_cause::EndCause,
    operation::{Invite, Playing},
    participant::{Participant, Party},
    people::PersonKind,
};
use crate::Dialect;

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Incoming,
    Establishing,
    Established,
    Terminating,
    Terminated,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            State::Incoming => "incoming",
            State::Establishing => "establishing",
            State::Established => "established",
            State::Terminating => "terminating",
            State::Terminated => "terminated",
        }
    }
}

/// Who started the call, seen from the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Incoming,
    Outgoing,
}

impl Direction {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Direction::Incoming => "incoming",
            Direction::Outgoing => "outgoing",
        }
    }
}

/// Who handles the media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    Service,
    App,
}

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
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each with a name")]
pub(crate) struct Call {
    pub(crate) key: u128,
    pub(crate) id: String,
    /// Its place in the order of calls.
    pub(crate) number: u64,
    pub(crate) direction: Direction,
    pub(crate) state: State,
    pub(crate) dialect: Dialect,
    pub(crate) app_id: String,
    pub(crate) tenant_id: String,
    /// Where its notifications go; the registered webhook without it.
    pub(crate) callback: Option<String>,
    pub(crate) chain_id: String,
    pub(crate) scenario_id: String,
    /// The bot's own place in it.
    pub(crate) me: Participant,
    pub(crate) peers: Vec<Participant>,
    pub(crate) ringing: Vec<Ringing>,
    /// The members `source` and `targets` as they are written.
    pub(crate) source: Value,
    pub(crate) targets: Vec<Value>,
    /// Further members of the entity, as the bot sent them.
    pub(crate) given: Vec<(&'static str, Value)>,
    /// A call of two that somebody was invited into stays one.
    pub(crate) group: bool,
    /// Whether phones may be invited: the service knows a number to call from.
    pub(crate) phone_bridge: bool,
    pub(crate) recording: bool,
    pub(crate) media: Media,
    pub(crate) media_active: bool,
    pub(crate) tones_wanted: bool,
    pub(crate) next_tone: u64,
    pub(crate) roster: u64,
    pub(crate) playing: VecDeque<Playing>,
    pub(crate) invites: Vec<Invite>,
    pub(crate) kept_alive: Duration,
    pub(crate) ring_limit: Duration,
    pub(crate) ended: Option<EndCause>,
    pub(crate) delivered: u64,
    pub(crate) undelivered: u64,
}

impl Call {
    pub(crate) fn is_live(&self) -> bool {
        !matches!(self.state, State::Terminating | State::Terminated)
    }

    /// Ends the call: nobody is in it any more.
    pub(crate) fn close(&mut self, cause: EndCause) {
        self.state = State::Terminated;
        self.ended = Some(cause);
        self.media_active = false;
        self.peers.clear();
        self.ringing.clear();
    }

    /// The other side's name, for people.
    pub(crate) fn other_side(&self) -> &str {
        let ringing = self.ringing.first().map(|one| &one.participant);
        self.peers.first().or(ringing).map_or("somebody", |peer| &peer.party.name)
    }

    /// Why the call ends if its only peer leaves.
    pub(crate) fn cause_of_leaving(&self, party: &Party) -> EndCause {
        match (self.group, self.state, party.kind) {
            (true, ..) => EndCause::LastOneLeft,
            (_, State::Established, PersonKind::Phone) => EndCause::PhoneHungUp,
            _ => EndCause::PeerHungUp,
        }
    }

    pub(crate) fn participants(&self) -> impl Iterator<Item = &Participant> {
        std::iter::once(&self.me).chain(&self.peers)
    }

    pub(crate) fn view(&self) -> CallView {
        let ended = self.ended.and_then(EndCause::result);
        CallView {
            id: self.id.clone(),
            direction: self.direction.as_str().to_owned(),
            state: self.state.as_str().to_owned(),
            group: self.group,
            dialect: self.dialect,
            participants: self.peers.iter().map(Participant::view).collect(),
            ended: ended.map(|result| format!("{}/{}", result.code, result.subcode)),
            delivered: self.delivered,
            undelivered: self.undelivered,
        }
    }
}
