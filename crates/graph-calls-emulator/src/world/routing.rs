//! Audio routing groups: who hears whom beside the default mix.

use serde_json::{Value, json};

use super::{Call, same_id};
use crate::json::set;

/// To how many the audio of a group goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Routing {
    OneToOne,
    Multicast,
}

impl Routing {
    pub(crate) const CHOICES: [(&str, Self); 2] =
        [("oneToOne", Self::OneToOne), ("multicast", Self::Multicast)];

    fn as_str(self) -> &'static str {
        match self {
            Routing::OneToOne => "oneToOne",
            Routing::Multicast => "multicast",
        }
    }
}

/// An audio routing group of a call. Sources and receivers are participant ids as they were sent.
#[derive(Debug, Clone)]
pub(crate) struct AudioGroup {
    pub(crate) id: String,
    pub(crate) routing: Routing,
    pub(crate) sources: Vec<String>,
    pub(crate) receivers: Vec<String>,
}

impl AudioGroup {
    /// Why the service cannot route so; nothing if it can.
    pub(crate) fn fault(&self, call: &Call) -> Option<String> {
        let [source] = self.sources.as_slice() else {
            return Some("'sources' must have exactly one member.".to_owned());
        };
        if self.receivers.is_empty() {
            return Some("'receivers' must have at least one member.".to_owned());
        }
        // The examples of the pages for listing and changing have two, the resource page rules it out.
        if self.routing == Routing::OneToOne && self.receivers.len() > 1 {
            return Some(
                "'receivers' of a group with 'routingMode' oneToOne must have one member.".to_owned(),
            );
        }
        if self.receivers.iter().any(|one| same_id(one, source)) {
            return Some("'receivers' must be others than the source.".to_owned());
        }
        let stranger =
            self.sources.iter().chain(&self.receivers).find(|id| call.participant(id).is_none())?;
        Some(format!("'{stranger}' is no participant of the call."))
    }

    /// The group as a response carries it.
    ///
    /// Graph reference: [`audioRoutingGroup`](https://learn.microsoft.com/graph/api/resources/audioroutinggroup).
    pub(crate) fn entity(&self, context: &str) -> Value {
        let mut entity = self.to_json();
        set(&mut entity, "@odata.context", context);
        entity
    }

    /// The group as a collection carries it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "@odata.type": "#microsoft.graph.audioRoutingGroup",
            "id": self.id,
            "routingMode": self.routing.as_str(),
            "sources": self.sources,
            "receivers": self.receivers,
        })
    }
}

impl Call {
    pub(crate) fn audio_group(&self, id: &str) -> Option<&AudioGroup> {
        self.audio_groups.iter().find(|one| same_id(&one.id, id))
    }

    /// What `@odata.context` names for one audio routing group of this call.
    pub(crate) fn audio_group_context(&self) -> String {
        format!("communications/calls('{}')/audioRoutingGroups/$entity", self.id)
    }
}

/// Whether two lists name the same participants, in whatever order and spelling.
pub(crate) fn same_participants(one: &[String], other: &[String]) -> bool {
    let within = |some: &[String], all: &[String]| some.iter().all(|id| all.iter().any(|of| same_id(of, id)));
    within(one, other) && within(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn participants_are_the_same_in_any_order_and_spelling() {
        let list = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let one = list(&["b0000000-0000-4000-8000-00000000000a", "2"]);
        assert!(same_participants(&one, &list(&["2", "B000000000004000800000000000000A"])));
        assert!(!same_participants(&one, &list(&["2"])));
        assert!(!same_participants(&list(&["2"]), &one));
        assert!(same_participants(&[], &[]));
    }
}
