//! Faults: requests that are lost, cut off, refused or never answered, when a test says so.

use http::{HeaderValue, Method};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::ControlError;
use crate::{api, route::download_recording};

/// Something that goes wrong with a Graph request.
///
/// It is added with [`Control::AddFault`](crate::Control::AddFault), or by `POST /__emulator/v1/faults`, and counts
/// requests from then on. Nothing in it is left to chance: the same faults and the same requests give the same
/// answers.
///
/// Each fault counts every request that it matches. Where several hit one request, the one that was added first is
/// carried out, and the others have had their turn. Requests that the token check refuses are not counted.
///
/// # Examples
///
/// The second call that the bot places is placed, but the bot never hears of it:
///
/// ```
/// use std::time::Duration;
///
/// use graph_calls_emulator::{Control, Effect, Fault, FaultPhase, Input, World, WorldConfig};
///
/// let mut world = World::new(WorldConfig::seeded(7));
/// let fault = Fault::new(FaultPhase::AfterEffect).on("application-post-calls").nth(2);
/// let effects = world.handle(Duration::ZERO, Input::Control { ask: 1, control: Control::AddFault(fault) });
/// assert!(matches!(&effects[..], [Effect::Controlled { outcome: Ok(Some(id)), .. }] if id == "1"));
/// assert_eq!(world.faults()[0].left, 1);
/// ```
///
/// As JSON, for the control API:
///
/// ```
/// use graph_calls_emulator::{Fault, FaultPhase};
///
/// let json = r#"{ "phase": "status", "status": 429, "retry_after": "2.128", "on": "call-answer", "times": 3 }"#;
/// let throttled = FaultPhase::Status { status: 429, retry_after: Some("2.128".to_owned()) };
/// let fault: Fault = serde_json::from_str(json)?;
/// assert_eq!(fault, Fault::new(throttled).on("call-answer").times(3));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
#[non_exhaustive]
pub struct Fault {
    /// Where it strikes.
    pub phase: FaultPhase,
    /// The name of the reference page of the operation that it hits; without it every Graph request. The download of a
    /// recording is none: it is hit where this is `recordoperation`, and by no other fault.
    pub on: Option<String>,
    /// Which of the matching requests is hit first, from 1, counted from when the fault is added.
    pub nth: u64,
    /// How many are hit in a row, from 1.
    pub times: u64,
}

impl Fault {
    /// A fault that hits the next Graph request, once.
    pub fn new(phase: FaultPhase) -> Self {
        Self { phase, on: None, nth: 1, times: 1 }
    }

    /// Hits only this operation, by the name of its reference page: `call-answer`, or `recordoperation` for downloads
    /// of recordings.
    ///
    /// No connection knows what will be asked on it, so this is refused together with
    /// [`FaultPhase::BeforeConnect`].
    #[must_use]
    pub fn on(mut self, name: impl Into<String>) -> Self {
        self.on = Some(name.into());
        self
    }

    /// Lets the matching requests before this one pass. The first is 1.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth = nth;
        self
    }

    /// Hits so many matching requests in a row.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    fn check(&self) -> Result<(), ControlError> {
        let bad = |member, why: String| Err(ControlError::BadFault { member, why });
        for (member, number) in [("nth", self.nth), ("times", self.times)] {
            if number == 0 {
                return bad(member, "must be 1 or more".to_owned());
            }
        }
        if let FaultPhase::Status { status, retry_after } = &self.phase {
            if !(400..=599).contains(status) {
                return bad("status", format!("must be 400 to 599, not {status}"));
            }
            if retry_after.as_ref().is_some_and(|value| HeaderValue::from_str(value).is_err()) {
                return bad("retry_after", "must not contain control characters".to_owned());
            }
        }
        let Some(on) = &self.on else { return Ok(()) };
        if self.phase == FaultPhase::BeforeConnect {
            let why = "cannot be given with `before_connect`: no connection knows what will be asked on it";
            return bad("on", why.to_owned());
        }
        let known = api::names();
        if known.contains(on.as_str()) {
            return Ok(());
        }
        let similar: Vec<_> = known.iter().copied().filter(|name| is_similar(name, on)).collect();
        let (which, names) =
            if similar.is_empty() { ("known", known.into_iter().collect()) } else { ("similar", similar) };
        bad("on", format!("names no operation: `{on}`; {which}: {}", names.join(", ")))
    }
}

fn is_similar(name: &str, wanted: &str) -> bool {
    let wanted = wanted.to_ascii_lowercase();
    !wanted.is_empty() && (name.contains(&wanted) || wanted.contains(name))
}

/// Where a fault strikes a request.
///
/// A connection that is cut ends for all that shares it: over HTTP/2 other requests are lost with the one that was
/// meant.
///
/// What a client's transport is to make of each is said at [`Answer::fault`](crate::Answer::fault).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultPhase {
    /// There is no connection. No effect.
    ///
    /// The server resets the next connection that it accepts before it reads a byte, whatever it was meant for; one
    /// that is open already is left alone. A client cannot tell this from a service that took the request and went,
    /// so it may not count as unsent there. In a world that was never told of connections
    /// ([`Input::Connect`](crate::Input::Connect)), each request counts as one.
    BeforeConnect,
    /// The connection is reset after the head of the request, before its body was read. No effect.
    DuringRequest,
    /// The connection is reset after the whole request was read. No effect.
    BeforeEffect,
    /// The connection is reset when all is done, before a byte of the answer is sent.
    AfterEffect,
    /// The connection is closed when all is done and half of the answer's head is sent.
    InHead,
    /// The connection is closed when all is done, the head is sent and half of the body. An empty body is announced
    /// with a length that it does not have; a 204 cannot be, so it arrives whole and the connection closes.
    InBody,
    /// An error status instead of the answer. No effect.
    Status {
        /// The status, 400 to 599.
        status: u16,
        /// The header `Retry-After`, sent as it is: seconds, a date, or what else a service may come up with.
        retry_after: Option<String>,
    },
    /// The request is swallowed and nothing is ever sent, until the client goes. No effect.
    Silence,
}

impl FaultPhase {
    /// One of each, with 503 as the status, once with and once without `Retry-After`.
    ///
    /// ```
    /// use graph_calls_emulator::FaultPhase;
    ///
    /// let names: Vec<_> = FaultPhase::all().iter().map(FaultPhase::as_str).collect();
    /// assert_eq!(names[..5], ["before_connect", "during_request", "before_effect", "after_effect", "in_head"]);
    /// assert_eq!(names[5..], ["in_body", "status", "status", "silence"]);
    /// ```
    pub fn all() -> Vec<Self> {
        vec![
            Self::BeforeConnect,
            Self::DuringRequest,
            Self::BeforeEffect,
            Self::AfterEffect,
            Self::InHead,
            Self::InBody,
            Self::Status { status: 503, retry_after: None },
            Self::Status { status: 503, retry_after: Some("1".to_owned()) },
            Self::Silence,
        ]
    }

    /// Its name in JSON: `after_effect`.
    pub fn as_str(&self) -> &'static str {
        match self {
            FaultPhase::BeforeConnect => "before_connect",
            FaultPhase::DuringRequest => "during_request",
            FaultPhase::BeforeEffect => "before_effect",
            FaultPhase::AfterEffect => "after_effect",
            FaultPhase::InHead => "in_head",
            FaultPhase::InBody => "in_body",
            FaultPhase::Status { .. } => "status",
            FaultPhase::Silence => "silence",
        }
    }

    /// Whether the request has its effect all the same.
    pub fn has_effect(&self) -> bool {
        matches!(self, FaultPhase::AfterEffect | FaultPhase::InHead | FaultPhase::InBody)
    }

    /// Whether the client gets a status and the headers, whole.
    pub fn has_head(&self) -> bool {
        matches!(self, FaultPhase::InBody | FaultPhase::Status { .. })
    }

    /// Whether there is an answer, also one that the client does not get.
    pub(crate) fn has_answer(&self) -> bool {
        self.has_effect() || self.has_head()
    }

    /// What became of the answer, in words, for the trace.
    pub(crate) fn mark(&self) -> &'static str {
        match self {
            FaultPhase::BeforeConnect => "fault: no connection",
            FaultPhase::DuringRequest => "fault: connection cut during the request",
            FaultPhase::BeforeEffect => "fault: connection cut before the effect",
            FaultPhase::AfterEffect => "lost: connection cut after the effect",
            FaultPhase::InHead => "lost: connection cut inside the head",
            FaultPhase::InBody => "lost: connection cut inside the body",
            FaultPhase::Status { .. } => "fault: no effect",
            FaultPhase::Silence => "fault: silence",
        }
    }
}

/// A fault that has not struck for the last time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FaultView {
    /// Its id.
    pub id: String,
    /// What it is.
    #[serde(flatten)]
    pub fault: Fault,
    /// How many requests it matched so far.
    pub seen: u64,
    /// How often it will strike yet.
    pub left: u64,
}

/// The faults of a world.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Vec<Active>,
    last: u64,
    /// Whether the world is told of connections, so that requests do not stand for them.
    connections: bool,
}

#[derive(Debug)]
struct Active {
    id: u64,
    fault: Fault,
    seen: u64,
}

impl Active {
    /// How many matching requests it has seen when it is over.
    fn end(&self) -> u64 {
        self.fault.nth.saturating_add(self.fault.times - 1)
    }

    fn strikes_next(&self) -> bool {
        self.seen + 1 >= self.fault.nth
    }
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> Result<String, ControlError> {
        fault.check()?;
        self.last += 1;
        self.active.push(Active { id: self.last, fault, seen: 0 });
        Ok(self.last.to_string())
    }

    pub(crate) fn clear(&mut self) {
        self.active.clear();
    }

    pub(crate) fn views(&self) -> Vec<FaultView> {
        let view = |one: &Active| FaultView {
            id: one.id.to_string(),
            fault: one.fault.clone(),
            seen: one.seen,
            left: one.end() - one.seen.max(one.fault.nth - 1),
        };
        self.active.iter().map(view).collect()
    }

    /// Counts a connection; what it is hit by.
    pub(crate) fn on_connection(&mut self) -> Option<FaultPhase> {
        self.connections = true;
        self.strike(|fault| fault.phase == FaultPhase::BeforeConnect)
    }

    /// Counts the request if its head is all that will be read of it; another head is counted with its body.
    pub(crate) fn on_head(&mut self, method: &Method, path: &str) -> Option<FaultPhase> {
        let matches = self.matching(method, path);
        let next = self.active.iter().find(|one| matches(&one.fault) && one.strikes_next())?;
        if next.fault.phase == FaultPhase::DuringRequest { self.strike(matches) } else { None }
    }

    /// Counts a request; what it is hit by.
    pub(crate) fn on_request(&mut self, method: &Method, path: &str) -> Option<FaultPhase> {
        let matches = self.matching(method, path);
        self.strike(matches)
    }

    fn matching(&self, method: &Method, path: &str) -> impl Fn(&Fault) -> bool + use<> {
        let (name, connections) = (api::name_of(method, path), self.connections);
        let of_graph = name != Some(download_recording::NAME);
        move |fault| {
            let of_connections = connections && fault.phase == FaultPhase::BeforeConnect;
            !of_connections && fault.on.as_deref().map_or(of_graph, |on| Some(on) == name)
        }
    }

    fn strike(&mut self, matches: impl Fn(&Fault) -> bool) -> Option<FaultPhase> {
        let mut hit = None;
        for one in self.active.iter_mut().filter(|one| matches(&one.fault)) {
            if one.strikes_next() && hit.is_none() {
                hit = Some(one.fault.phase.clone());
            }
            one.seen += 1;
        }
        self.active.retain(|one| one.seen < one.end());
        hit
    }
}

/// A fault as JSON: flat, and with errors that name the member.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    phase: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<Value>,
    nth: Option<Value>,
    times: Option<Value>,
}

impl From<Fault> for Written {
    fn from(fault: Fault) -> Self {
        let (status, retry_after) = match &fault.phase {
            FaultPhase::Status { status, retry_after } => (Some(*status), retry_after.clone()),
            _ => (None, None),
        };
        Self {
            phase: Some(fault.phase.as_str().into()),
            status: status.map(Value::from),
            retry_after: retry_after.map(Value::from),
            on: fault.on.map(Value::from),
            nth: Some(fault.nth.into()),
            times: Some(fault.times.into()),
        }
    }
}

impl TryFrom<Written> for Fault {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let phase: String = member("phase", written.phase, "a string")?.ok_or("`phase` is missing")?;
        let status = member("status", written.status, "a number from 400 to 599")?;
        let retry_after = member("retry_after", written.retry_after, "a string, such as \"2\"")?;
        let phases = FaultPhase::all();
        let Some(found) = phases.iter().find(|one| one.as_str() == phase) else {
            let mut names: Vec<_> = phases.iter().map(FaultPhase::as_str).collect();
            names.dedup();
            return Err(format!("`phase` must be one of {}, not `{phase}`", names.join(", ")));
        };
        let phase = match (found, status) {
            (FaultPhase::Status { .. }, Some(status)) => FaultPhase::Status { status, retry_after },
            (FaultPhase::Status { .. }, None) => return Err("`status` is missing".to_owned()),
            (_, Some(_)) => return Err("`status` is for the phase `status` only".to_owned()),
            (_, None) if retry_after.is_some() => {
                return Err("`retry_after` is for the phase `status` only".to_owned());
            }
            (other, None) => other.clone(),
        };
        Ok(Self {
            phase,
            on: member("on", written.on, "the name of a reference page, such as \"call-answer\"")?,
            nth: member("nth", written.nth, "a whole number from 1")?.unwrap_or(1),
            times: member("times", written.times, "a whole number from 1")?.unwrap_or(1),
        })
    }
}

fn member<T: DeserializeOwned>(name: &str, value: Option<Value>, what: &str) -> Result<Option<T>, String> {
    let Some(value) = value else { return Ok(None) };
    T::deserialize(&value).map(Some).map_err(|_| format!("`{name}` must be {what}, not {value}"))
}

#[cfg(test)]
mod tests;
