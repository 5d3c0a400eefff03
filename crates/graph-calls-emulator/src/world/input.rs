//! What the world is told.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};

use super::{
    effect::{ControlError, Delivery},
    fault::Fault,
};
use crate::Dialect;

/// One thing that the world is told.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Input {
    /// A Graph request whose token was checked. Answered by [`Effect::Respond`](crate::Effect::Respond).
    Api(ApiCall),
    /// A connection was accepted. Answered by [`Effect::Respond`](crate::Effect::Respond) only where a fault cuts it.
    ///
    /// Without sockets there is no need to tell of any: each request then counts as a connection of its own.
    Connect {
        /// Comes back with the answer.
        ask: u64,
    },
    /// The head of a Graph request was read, its token checked. Answered by
    /// [`Effect::Respond`](crate::Effect::Respond) only where a fault cuts the request there; else
    /// [`Input::Api`] follows.
    ///
    /// Without sockets there is no need to tell of it: such a fault then hits the whole request.
    Head {
        /// Comes back with the answer.
        ask: u64,
        /// The method.
        method: Method,
        /// The path with its version.
        path: String,
    },
    /// Somebody at the controls. Answered by [`Effect::Controlled`](crate::Effect::Controlled).
    Control {
        /// Comes back with the answer.
        ask: u64,
        /// What is to be done.
        control: Control,
    },
    /// The outcome of [`Effect::FetchPrompt`](crate::Effect::FetchPrompt).
    PromptFetched {
        /// The number of the fetch.
        fetch: u64,
        /// The prompt's length, or why it cannot be played.
        outcome: Result<Duration, String>,
    },
    /// The outcome of [`Effect::Notify`](crate::Effect::Notify).
    CallbackAnswered {
        /// The call that the notification was about.
        call: String,
        /// What came back.
        delivery: Delivery,
    },
    /// Nothing but time.
    Tick,
}

/// A Graph request, its token already checked.
#[derive(Debug, Clone)]
pub struct ApiCall {
    /// Comes back with the answer.
    pub ask: u64,
    /// The method.
    pub method: Method,
    /// The path with its version: `/v1.0/communications/calls`.
    pub path: String,
    /// The media type of the body, as sent.
    pub content_type: Option<String>,
    /// The header `client-request-id`.
    pub client_request_id: Option<String>,
    /// The body.
    pub body: Bytes,
    /// Whose token it was.
    pub caller: ApiCaller,
}

/// Who sends a Graph request, by its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiCaller {
    /// The app.
    pub app_id: String,
    /// The tenant that the token was issued for.
    pub tenant_id: String,
    /// The application permissions in it.
    pub roles: Vec<String>,
}

/// What can be done from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Control {
    /// Somebody calls the bot.
    Incoming(IncomingCall),
    /// The other side hangs up; in a group call everybody does.
    HangUp {
        /// The call.
        call: String,
    },
    /// The other side presses keys: `1`, `12#`, or a tone's name such as `star`.
    Press {
        /// The call.
        call: String,
        /// The keys.
        keys: String,
    },
    /// Somebody joins; a call of two becomes a group call by that.
    Join {
        /// The call.
        call: String,
        /// The id of one of the people, or a number in E.164.
        person: String,
    },
    /// A participant leaves.
    Leave {
        /// The call.
        call: String,
        /// The participant's id.
        participant: String,
    },
    /// Sets the webhook that the bot registered with its Teams channel.
    Webhook(Option<String>),
    /// Lets something go wrong with Graph requests, or downloads of recordings. Answered with the fault's id.
    AddFault(Fault),
    /// Lets nothing go wrong from now on.
    ClearFaults,
}

/// A call that somebody places to the bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(deny_unknown_fields)]
pub struct IncomingCall {
    /// Who calls: the id of one of the people, or a number in E.164.
    pub from: String,
    /// The resource account that is called; without it the app itself is.
    #[serde(default)]
    pub instance: Option<String>,
    /// How the call's notifications are written; without it as the emulator was told at start.
    #[serde(default)]
    pub dialect: Option<Dialect>,
    /// Whether this is policy-based recording, which gives 5 seconds to answer.
    #[serde(default)]
    pub recording: bool,
}

impl IncomingCall {
    /// A call from a Teams user, by object id.
    pub fn from_user(id: impl Into<String>) -> Self {
        Self { from: id.into(), instance: None, dialect: None, recording: false }
    }

    /// A call from a phone, by number in E.164. It arrives at a resource account, as phone calls do.
    pub fn from_phone(number: impl Into<String>) -> Self {
        Self::from_user(number).to_instance("c0000000-0000-4000-8000-000000000001")
    }

    /// Calls a resource account instead of the app itself.
    #[must_use]
    pub fn to_instance(mut self, id: impl Into<String>) -> Self {
        self.instance = Some(id.into());
        self
    }

    /// Writes the call's notifications in this dialect.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// Makes it policy-based recording.
    #[must_use]
    pub fn recording(mut self) -> Self {
        self.recording = true;
        self
    }
}

pub(crate) type Controlled = Result<Option<String>, ControlError>;
