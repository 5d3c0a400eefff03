//! What a test asserts.

use std::fmt::Write as _;

use graph_calls_core::model::InvitationParticipantInfo;
use serde::Serialize;
use serde_json::Value;

use super::BotTest;
use crate::{CallCommand, CallHandler, CallRef, mailbox::Posted};

impl<H: CallHandler> BotTest<H> {
    /// Asserts the names of the commands decided since the last assertion, but for those that could not even be made: a
    /// `Failed` says so of each. A question is no command.
    ///
    /// # Panics
    ///
    /// When they differ.
    #[track_caller]
    pub fn assert_commands(&mut self, names: &[&str]) -> &mut Self {
        let decided = self.bench.decided().get(self.asserted..).unwrap_or_default().to_vec();
        self.asserted += decided.len();
        let found: Vec<_> = decided.iter().map(CallCommand::name).collect();
        let refused = self.handler.take_refused();
        assert!(found == names, "{}", difference(names, &decided, &refused));
        self
    }

    /// Asserts that another call was told this, next after what was asserted before.
    ///
    /// # Panics
    ///
    /// When it was not told, or something else was before.
    #[track_caller]
    pub fn assert_told<T: Serialize + ?Sized>(&mut self, to: &CallRef, message: &T) -> &mut Self {
        let wanted = serde_json::to_value(message).expect("a message that is JSON");
        let place = self.bench.posted.iter().position(|posted| matches!(posted, Posted::Message(..)));
        let Some(Posted::Message(told, body)) = place.map(|place| self.bench.posted.remove(place)) else {
            panic!("nothing was told since the last assertion, least of all {wanted} to {to}")
        };
        let body: Value = serde_json::from_str(body.get()).expect("a message that is JSON");
        assert!(told == *to && body == wanted, "told was {body} to {told}, and not {wanted} to {to}");
        self
    }

    /// Asserts who was called since the last assertion: each by the object id of the user or the number of the phone, and a
    /// meeting as `meeting`. Returns the keys of the calls.
    ///
    /// # Panics
    ///
    /// When they differ.
    #[track_caller]
    pub fn assert_dialed(&mut self, who: &[&str]) -> Vec<CallRef> {
        let mut keys = Vec::new();
        let mut dialed = Vec::new();
        for posted in &self.bench.posted {
            if let Posted::Dial(key, targets) = posted {
                keys.push(*key);
                let targets: Vec<_> = targets.iter().map(name).collect();
                dialed.push(if targets.is_empty() { "meeting".to_owned() } else { targets.join(" ") });
            }
        }
        self.bench.posted.retain(|posted| matches!(posted, Posted::Message(..)));
        assert!(dialed == who, "called were {dialed:?}, and not {who:?}");
        keys
    }
}

fn name(target: &InvitationParticipantInfo<'_>) -> String {
    let identity = target.identity.as_ref();
    let identity = identity
        .and_then(|identity| identity.user().or(identity.phone()).or(identity.application_instance()));
    let id = identity.and_then(|identity| identity.id.as_deref());
    id.unwrap_or("somebody").to_owned()
}

fn difference(wanted: &[&str], decided: &[CallCommand], refused: &[String]) -> String {
    let mut text = format!("the commands since the last assertion: wanted {wanted:?}, decided");
    if decided.is_empty() {
        text.push_str(" none");
    }
    for (place, command) in decided.iter().enumerate() {
        let mark = if wanted.get(place) == Some(&command.name()) { ' ' } else { '!' };
        let _ = write!(text, "\n {mark} {}", command.name());
        if let Some((method, path)) = command.target() {
            let _ = write!(text, " ({method} {path})");
        }
    }
    for missing in wanted.iter().skip(decided.len()) {
        let _ = write!(text, "\n ! nothing where {missing} was wanted");
    }
    for failed in refused {
        let _ = write!(text, "\n   failed meanwhile: {failed}");
    }
    text
}
