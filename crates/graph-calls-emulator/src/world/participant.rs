//! Who is in a call, and how they are written.

use graph_calls_model::fold_guid;
use serde_json::{Value, json};

use super::{
    effect::ParticipantView,
    end_cause::EndCause,
    people::{Behaviour, Directory, Person, PersonKind},
};
use crate::json;

/// An identity in a call: a person, a phone, a bot.
#[derive(Debug, Clone)]
pub(crate) struct Party {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: PersonKind,
    pub(crate) tenant_id: Option<String>,
    /// What they do when they are called, or why they cannot be.
    pub(crate) fate: Result<Behaviour, EndCause>,
}

impl Party {
    pub(crate) fn person(person: &Person) -> Self {
        let fate = match person.behaviour {
            Behaviour::Unreachable => Err(EndCause::Unreachable),
            Behaviour::PrivateCallingOff => Err(EndCause::PrivateCallingOff),
            behaviour => Ok(behaviour),
        };
        Self {
            id: person.id.clone(),
            name: person.name.clone(),
            kind: person.kind,
            tenant_id: Some(person.tenant_id.clone()),
            fate,
        }
    }

    /// Whoever has this id: one of the directory, else somebody whom no call reaches.
    pub(crate) fn named(directory: &Directory, kind: PersonKind, id: &str, name: Option<&str>) -> Self {
        if let Some(person) = directory.find(id).filter(|person| person.kind == kind) {
            return Self::person(person);
        }
        let fate = match kind {
            PersonKind::User | PersonKind::Guest => Err(EndCause::NoEndpoint),
            PersonKind::Phone | PersonKind::Application | PersonKind::Instance => Err(EndCause::NotRoutable),
        };
        Self { id: id.to_owned(), name: name.unwrap_or(id).to_owned(), kind, tenant_id: None, fate }
    }

    /// A phone that is in no directory.
    pub(crate) fn phone(number: &str) -> Self {
        Self {
            id: number.to_owned(),
            name: number.to_owned(),
            kind: PersonKind::Phone,
            tenant_id: None,
            fate: Ok(Behaviour::Answers),
        }
    }

    pub(crate) fn application(id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            kind: PersonKind::Application,
            tenant_id: None,
            fate: Ok(Behaviour::Answers),
        }
    }

    /// The member of an identity set that names this party.
    pub(crate) fn slot(&self) -> &'static str {
        match self.kind {
            PersonKind::User => "user",
            PersonKind::Phone => "phone",
            PersonKind::Application => "application",
            PersonKind::Instance => "applicationInstance",
            PersonKind::Guest => "guest",
        }
    }

    fn identity(&self) -> Value {
        let mut identity = json!({
            "@odata.type": "#microsoft.graph.identity",
            "id": self.id,
            "displayName": if self.kind == PersonKind::Phone { Value::Null } else { json!(self.name) },
        });
        if let (PersonKind::User, Some(tenant)) = (self.kind, &self.tenant_id) {
            json::set(&mut identity, "tenantId", tenant.as_str());
            json::set(&mut identity, "identityProvider", "AAD");
        }
        identity
    }

    /// The identity set with this party's slot only.
    pub(crate) fn identity_set(&self) -> Value {
        let mut set = json!({ "@odata.type": "#microsoft.graph.identitySet" });
        json::set(&mut set, self.slot(), self.identity());
        set
    }

    /// The identity set of a response: the unused slots are explicit nulls.
    pub(crate) fn identity_set_with_nulls(&self) -> Value {
        let mut set = json!({
            "@odata.type": "#microsoft.graph.identitySet",
            "application": null, "applicationInstance": null, "device": null, "encrypted": null,
            "guest": null, "onPremises": null, "phone": null, "user": null,
        });
        json::set(&mut set, self.slot(), self.identity());
        set
    }

    /// An identity set in which the service hides who it is.
    pub(crate) fn encrypted(opaque: &str) -> Value {
        json!({
            "@odata.type": "#microsoft.graph.identitySet",
            "encrypted": { "@odata.type": "#microsoft.graph.identity", "id": opaque, "displayName": null },
        })
    }
}

/// A party with its place in a call.
#[derive(Debug, Clone)]
pub(crate) struct Participant {
    pub(crate) id: String,
    pub(crate) party: Party,
    /// The roster that first had this one, or that had the last change of theirs.
    pub(crate) since: u64,
    /// By the service: what they say is dropped.
    pub(crate) muted: bool,
}

impl Participant {
    pub(crate) fn new(id: String, party: Party) -> Self {
        Self { id, party, since: 0, muted: false }
    }

    pub(crate) fn view(&self) -> ParticipantView {
        ParticipantView { id: self.id.clone(), name: self.party.name.clone(), kind: self.party.kind }
    }

    /// The number of the media stream: one's own for the whole call, whoever else comes and goes.
    fn source_id(&self) -> String {
        let id = fold_guid(&self.id).unwrap_or_default();
        (id >> 96).to_string()
    }

    /// The participant as a roster carries it.
    ///
    /// Graph reference: [`participant`](https://learn.microsoft.com/graph/api/resources/participant).
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "@odata.type": "#microsoft.graph.participant",
            "id": self.id,
            "info": {
                "@odata.type": "#microsoft.graph.participantInfo",
                "identity": self.party.identity_set(),
                "participantId": self.id,
                "languageId": null, "region": null, "countryCode": null, "endpointType": null,
            },
            "mediaStreams": [{
                "@odata.type": "#microsoft.graph.mediaStream",
                "mediaType": "audio", "label": "main-audio", "sourceId": self.source_id(),
                "direction": "sendReceive", "serverMuted": self.muted,
            }],
            "isMuted": self.muted,
            "isInLobby": false,
            "rosterSequenceNumber": self.since,
            "metadata": null,
            "recordingInfo": null,
        })
    }
}
