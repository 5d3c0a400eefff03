//! Audio routing groups: who hears whom.

use crate::{InvalidBody, ParticipantId, Text, open_enum::open_enum, wire::wire_struct};

wire_struct! {
    /// Who hears whom, beside the default audio mix. It is also the body that makes or changes one.
    ///
    /// One source is heard by one receiver or by many. A new one has to be complete ([`validate`](Self::validate)).
    /// A change (PATCH) may leave out what stays as it is, and is meant for the receivers: a default group with
    /// `receivers` set is one.
    ///
    /// Of all who speak, the service forwards the four loudest alone.
    ///
    /// Graph reference: [`audioRoutingGroup`](https://learn.microsoft.com/graph/api/resources/audioroutinggroup).
    ///
    /// ```
    /// use graph_calls_model::{AudioRoutingGroup, ParticipantId};
    ///
    /// let interpreter = ParticipantId::new("632899f8-2ea1-4604-8413-27bd2892079f")?;
    /// let listener = ParticipantId::new("550fae72-d251-43ec-868c-373732c2704f")?;
    /// let group = AudioRoutingGroup::one_to_one(interpreter, listener).with_id("oneToOne");
    /// group.validate()?;
    /// assert_eq!(serde_json::to_value(group)?["routingMode"], "oneToOne");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct AudioRoutingGroup<'a> as "#microsoft.graph.audioRoutingGroup" {
        /// The group's id; the examples let the caller choose it.
        pub id: Option<Text<'a>> = "id",
        /// To how many it goes.
        pub routing_mode: Option<RoutingMode<'a>> = "routingMode",
        /// The participant ids of who is heard.
        pub sources: Vec<Text<'a>> = "sources",
        /// The participant ids of who hears.
        pub receivers: Vec<Text<'a>> = "receivers",
    }
}

open_enum! {
    /// To how many the audio of a group goes.
    ///
    /// Graph reference: [`audioRoutingGroup`](https://learn.microsoft.com/graph/api/resources/audioroutinggroup).
    pub enum RoutingMode {
        /// From one to one.
        OneToOne = "oneToOne",
        /// From one to many.
        Multicast = "multicast",
    }
}

impl AudioRoutingGroup<'_> {
    /// One hears one.
    pub fn one_to_one(source: ParticipantId, receiver: ParticipantId) -> AudioRoutingGroup<'static> {
        Self::of_mode(RoutingMode::OneToOne, source, [receiver])
    }

    /// Many hear one.
    pub fn multicast(
        source: ParticipantId,
        receivers: impl IntoIterator<Item = ParticipantId>,
    ) -> AudioRoutingGroup<'static> {
        Self::of_mode(RoutingMode::Multicast, source, receivers)
    }

    fn of_mode(
        mode: RoutingMode<'static>,
        source: ParticipantId,
        receivers: impl IntoIterator<Item = ParticipantId>,
    ) -> AudioRoutingGroup<'static> {
        AudioRoutingGroup {
            id: None,
            routing_mode: Some(mode),
            sources: vec![source.into()],
            receivers: receivers.into_iter().map(Text::from).collect(),
        }
    }

    /// Gives the group an id of our choice.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(Text::from(id.into()));
        self
    }

    /// Checks what the service documents of a new group, before it is sent.
    ///
    /// # Errors
    ///
    /// Without a mode, for more or fewer than one source, for no receiver, or for several in a group from one to one.
    pub fn validate(&self) -> Result<(), InvalidBody> {
        if self.routing_mode.is_none() {
            return Err(InvalidBody::new("routingMode", "there is none: give `oneToOne` or `multicast`"));
        }
        if self.sources.len() != 1 {
            return Err(InvalidBody::new("sources", "a group has one: give exactly one"));
        }
        if self.receivers.is_empty() {
            return Err(InvalidBody::none_of("receivers"));
        }
        if self.routing_mode == Some(RoutingMode::OneToOne) && self.receivers.len() > 1 {
            return Err(InvalidBody::new(
                "receivers",
                "a group from one to one has one: give many to `multicast`",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(text: &str) -> ParticipantId {
        ParticipantId::new(text).unwrap()
    }

    #[test]
    fn a_group_names_who_is_heard_and_who_hears() {
        let group = AudioRoutingGroup::multicast(id("632899f8"), [id("550fae72"), id("750fae72")]);
        assert_eq!(group.validate(), Ok(()));
        assert_eq!(
            serde_json::to_value(group.with_id("multicast")).unwrap(),
            json!({
                "@odata.type": "#microsoft.graph.audioRoutingGroup",
                "id": "multicast",
                "routingMode": "multicast",
                "sources": ["632899f8"],
                "receivers": ["550fae72", "750fae72"],
            })
        );
    }

    #[test]
    fn a_group_that_nobody_hears_or_too_many_is_not_sent() {
        let wrong = |group: AudioRoutingGroup<'_>| group.validate().unwrap_err().member().to_owned();
        assert_eq!(wrong(AudioRoutingGroup::default()), "routingMode");
        assert_eq!(wrong(AudioRoutingGroup::multicast(id("1"), [])), "receivers");
        let mut group = AudioRoutingGroup::one_to_one(id("1"), id("2"));
        assert_eq!(group.validate(), Ok(()));
        group.receivers.push(Text::from("3"));
        assert_eq!(wrong(group.clone()), "receivers");
        group.sources.clear();
        assert_eq!(wrong(group), "sources");
    }
}
