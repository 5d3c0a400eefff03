//! What the world wants done.

use std::fmt;

use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{fault::FaultPhase, people::PersonKind};
use crate::redact;

/// One thing that the world wants done, in the order given.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Effect {
    /// The answer to a Graph request.
    Respond(Answer),
    /// The answer to somebody at the controls.
    Controlled {
        /// The number of the question.
        ask: u64,
        /// An id where the control makes one, or why it was refused.
        outcome: Result<Option<String>, ControlError>,
    },
    /// A POST to the bot. Those of one call go out one after the other.
    Notify(Notification),
    /// A prompt to be fetched and checked: WAV, mono, 16 bit, 16 kHz.
    FetchPrompt {
        /// Comes back with the outcome.
        fetch: u64,
        /// The call that it is for.
        call: String,
        /// Where it lies.
        url: String,
    },
    /// Something that a person did or was told, for the ladder.
    Happened {
        /// The call.
        call: String,
        /// Whether the service tells the person; else the person tells the service.
        to_person: bool,
        /// In words: `Adele Vance calls`.
        what: String,
    },
}

/// The answer to a Graph request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Answer {
    /// The number of the request.
    pub ask: u64,
    /// The call that the request names or made.
    pub call: Option<String>,
    /// The status; 0, which is none, where nothing is answered.
    pub status: u16,
    /// Headers beside those that HTTP itself needs.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Option<Value>,
    /// What goes wrong with this answer; normally nothing.
    ///
    /// The world has decided already whether the request has its effect. Whoever carries the answer, the server or a
    /// transport in a simulation, does the rest:
    ///
    /// | phase | effect | the answer's members | what the client gets |
    /// | --- | --- | --- | --- |
    /// | [`BeforeConnect`](FaultPhase::BeforeConnect) | no | none, status 0 | connection refused: the request was never sent |
    /// | [`DuringRequest`](FaultPhase::DuringRequest) | no | none, status 0 | a reset while it sends |
    /// | [`BeforeEffect`](FaultPhase::BeforeEffect) | no | none, status 0 | a reset while it waits |
    /// | [`AfterEffect`](FaultPhase::AfterEffect) | yes | what would have been sent | a reset while it waits |
    /// | [`InHead`](FaultPhase::InHead) | yes | what would have been sent | part of the head, then the end: no status to rely on |
    /// | [`InBody`](FaultPhase::InBody) | yes | what would have been sent | status and headers, part of the body, then the end |
    /// | [`Status`](FaultPhase::Status) | no | what is sent | status, headers with `Retry-After`, and body, whole |
    /// | [`Silence`](FaultPhase::Silence) | no | none, status 0 | nothing, until it gives up |
    ///
    /// "Yes" means that the request did what it would have done without the fault: one that is refused is refused.
    pub fault: Option<FaultPhase>,
}

impl Answer {
    /// No answer at all.
    pub(crate) fn none(ask: u64, call: Option<String>, fault: FaultPhase) -> Self {
        Self { ask, call, status: 0, headers: Vec::new(), body: None, fault: Some(fault) }
    }
}

/// The answer to a download of a recording.
#[derive(Debug)]
#[non_exhaustive]
pub struct Download {
    /// The answer, or the error status of a fault. What else a fault does is left to whoever carries it.
    pub response: Response<Bytes>,
    /// What goes wrong with it, as at [`Answer::fault`]; normally nothing. Where the table has no answer, the response
    /// is not to be sent. There is no effect that could be lost.
    pub fault: Option<FaultPhase>,
}

/// A POST to the bot. What is secret in its body is not printed.
#[derive(Clone)]
#[non_exhaustive]
pub struct Notification {
    /// The call it is about.
    pub call: String,
    /// Where it goes; `None` if no webhook is registered.
    pub url: Option<String>,
    /// Whether a 302 or 307 is followed, once.
    pub may_redirect: bool,
    /// The audience of its token.
    pub app_id: String,
    /// The tenant in its token.
    pub tenant_id: String,
    /// Headers beside the token and those that HTTP itself needs.
    pub headers: Vec<(&'static str, String)>,
    /// The envelope.
    pub body: Value,
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut body = self.body.clone();
        redact::body(&mut body);
        let mut url = self.url.clone();
        if let Some(url) = &mut url {
            redact::query(url);
        }
        f.debug_struct("Notification")
            .field("call", &self.call)
            .field("url", &url)
            .field("may_redirect", &self.may_redirect)
            .field("app_id", &self.app_id)
            .field("tenant_id", &self.tenant_id)
            .field("headers", &self.headers)
            .field("body", &body)
            .finish()
    }
}

/// What became of a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Delivery {
    /// The bot answered with this status.
    Answered(u16),
    /// Nothing came back.
    NoAnswer(String),
}

/// Why something could not be done from outside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// No call has this id.
    #[error("no call has the id `{0}`")]
    UnknownCall(String),
    /// The call is over.
    #[error("the call `{0}` is over")]
    CallOver(String),
    /// The call is not established yet.
    #[error("the call `{0}` is not established")]
    NotEstablished(String),
    /// Nobody in the directory has this id, and it is no number in E.164.
    #[error("nobody has the id `{0}`: see the emulator's people, or give a number such as +15550100001")]
    UnknownPerson(String),
    /// No resource account has this id.
    #[error("no resource account of this bot has the id `{0}`")]
    UnknownInstance(String),
    /// Nobody with this id is in the call.
    #[error("no participant of the call has the id `{0}`")]
    UnknownParticipant(String),
    /// It is no key of a phone.
    #[error("`{0}` is no key: 0 to 9, *, #, A to D, or a tone's name such as star")]
    UnknownKey(String),
    /// No webhook is registered.
    #[error("no webhook is registered: give its URL at start or set it before calls come in")]
    NoWebhook,
    /// It is no http or https URL.
    #[error("`{0}` is no http or https URL")]
    BadUrl(String),
    /// A fault makes no sense.
    #[error("`{member}` of the fault {why}")]
    BadFault {
        /// The member that is wrong.
        member: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The emulator was shut down.
    #[error("the emulator was shut down")]
    Stopped,
}

impl ControlError {
    /// A word for programs: `unknown_call`.
    pub fn code(&self) -> &'static str {
        match self {
            ControlError::UnknownCall(_) => "unknown_call",
            ControlError::CallOver(_) => "call_over",
            ControlError::NotEstablished(_) => "not_established",
            ControlError::UnknownPerson(_) => "unknown_person",
            ControlError::UnknownInstance(_) => "unknown_instance",
            ControlError::UnknownParticipant(_) => "unknown_participant",
            ControlError::UnknownKey(_) => "unknown_key",
            ControlError::NoWebhook => "no_webhook",
            ControlError::BadUrl(_) => "bad_url",
            ControlError::BadFault { .. } => "bad_fault",
            ControlError::Stopped => "stopped",
        }
    }
}

/// A call as the emulator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CallView {
    /// The call's id.
    pub id: String,
    /// `incoming` or `outgoing`, seen from the bot.
    pub direction: String,
    /// `incoming`, `redirecting`, `establishing`, `established`, `transferring`, `transferAccepted`, `terminating` or
    /// `terminated`.
    pub state: String,
    /// Whether it is a group call.
    pub group: bool,
    /// How its notifications are written.
    pub dialect: crate::Dialect,
    /// Who is in it beside the bot.
    pub participants: Vec<ParticipantView>,
    /// How it ended: `200/5001`; empty where the service gives no result.
    pub ended: Option<String>,
    /// Notifications that the bot answered with success.
    pub delivered: u64,
    /// Notifications that it did not.
    pub undelivered: u64,
}

/// A participant as the emulator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ParticipantView {
    /// The participant's id.
    pub id: String,
    /// What they are called.
    pub name: String,
    /// By what they are reached.
    pub kind: PersonKind,
}
