//! One call: the bot's leg and who is at the other end.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    AudioGroup, CallView, EndCause, Feature, Finishing, Invite, Participant, Party, PersonKind, Playing,
    Ringing, Transfer, World, hold::Hold, roster::Shown, same_id,
};
use crate::Dialect;

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Incoming,
    /// The bot passed it on, and others ring. No notification says so.
    Redirecting,
    Establishing,
    Established,
    Transferring,
    TransferAccepted,
    Terminating,
    Terminated,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            State::Incoming => "incoming",
            State::Redirecting => "redirecting",
            State::Establishing => "establishing",
            State::Established => "established",
            State::Transferring => "transferring",
            State::TransferAccepted => "transferAccepted",
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
    /// Whether the bot is here to record by policy.
    pub(crate) policy_recording: bool,
    pub(crate) media: Media,
    pub(crate) media_active: bool,
    pub(crate) tones_wanted: bool,
    pub(crate) next_tone: u64,
    pub(crate) roster: u64,
    pub(crate) playing: VecDeque<Playing>,
    pub(crate) invites: Vec<Invite>,
    /// Comms operations whose end is decided and not told yet.
    pub(crate) finishing: Vec<Finishing>,
    /// Who hears music, as there is one at most.
    pub(crate) hold: Option<Hold>,
    pub(crate) transfer: Option<Transfer>,
    /// What was recorded of its callers, by the ids of [`World::recordings`].
    pub(crate) recordings: Vec<u128>,
    /// What the roster tells beside who is in the call.
    pub(crate) shown: Shown,
    pub(crate) audio_groups: Vec<AudioGroup>,
    /// What the bot asked of the whole call and did not stop.
    pub(crate) features: BTreeSet<Feature>,
    /// `transcription` of the call, once there was one.
    pub(crate) transcription: Option<Value>,
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

    /// Whether the bot has not taken it: it rings, or rings elsewhere by now.
    pub(crate) fn is_unanswered(&self) -> bool {
        matches!(self.state, State::Incoming | State::Redirecting)
    }

    /// Whether its parties hear each other: it is established, perhaps on its way to somebody else.
    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.state, State::Established | State::Transferring | State::TransferAccepted)
    }

    /// Ends the call: nobody is in it any more.
    pub(crate) fn close(&mut self, cause: EndCause) {
        self.state = State::Terminated;
        self.ended = Some(cause);
        self.media_active = false;
        self.peers.clear();
        self.ringing.clear();
        self.transfer = None;
    }

    /// The other side's name, for people.
    pub(crate) fn other_side(&self) -> &str {
        let ringing = self.ringing.first().map(|one| &one.participant);
        self.peers.first().or(ringing).map_or("somebody", |peer| &peer.party.name)
    }

    /// Why the call ends if its only peer leaves.
    pub(crate) fn cause_of_leaving(&self, party: &Party) -> EndCause {
        match (self.group, self.is_connected(), party.kind) {
            (true, ..) => EndCause::LastOneLeft,
            (_, true, PersonKind::Phone) => EndCause::PhoneHungUp,
            _ => EndCause::PeerHungUp,
        }
    }

    /// The participant with this id, however it is spelled: the bot, a peer, or an application of the gallery.
    pub(crate) fn participant(&self, id: &str) -> Option<&Participant> {
        self.participants().find(|one| same_id(&one.id, id))
    }

    /// The peer with this id, however it is spelled.
    pub(crate) fn peer(&self, id: &str) -> Option<&Participant> {
        self.peers.iter().find(|one| same_id(&one.id, id))
    }

    pub(crate) fn participants(&self) -> impl Iterator<Item = &Participant> {
        std::iter::once(&self.me).chain(&self.peers).chain(&self.shown.gallery)
    }

    pub(crate) fn participants_mut(&mut self) -> impl Iterator<Item = &mut Participant> {
        std::iter::once(&mut self.me).chain(&mut self.peers).chain(&mut self.shown.gallery)
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

impl World {
    /// A call with nobody in it but the bot.
    pub(crate) fn new_call(&mut self, direction: Direction, me: Party) -> Call {
        let (key, id) = self.guid();
        let (me, chain_id, scenario_id) = (Participant::new(self.id(), me), self.id(), self.id());
        Call {
            key,
            id,
            number: 0,
            direction,
            state: match direction {
                Direction::Incoming => State::Incoming,
                Direction::Outgoing => State::Establishing,
            },
            dialect: self.config.dialect,
            app_id: self.config.app_id.clone(),
            tenant_id: self.config.tenant_id.clone(),
            callback: None,
            chain_id,
            scenario_id,
            me,
            peers: Vec::new(),
            ringing: Vec::new(),
            source: json!(null),
            targets: Vec::new(),
            given: Vec::new(),
            group: false,
            phone_bridge: false,
            policy_recording: false,
            media: Media::Service,
            media_active: false,
            tones_wanted: false,
            next_tone: self.rng.u64(1..1_000),
            roster: 0,
            playing: VecDeque::new(),
            invites: Vec::new(),
            finishing: Vec::new(),
            hold: None,
            transfer: None,
            recordings: Vec::new(),
            shown: Shown::default(),
            audio_groups: Vec::new(),
            features: BTreeSet::new(),
            transcription: None,
            kept_alive: Duration::ZERO,
            ring_limit: self.config.deadlines.ring,
            ended: None,
            delivered: 0,
            undelivered: 0,
        }
    }
}
