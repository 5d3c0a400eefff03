//! What the roster tells of a call beside who is in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use graph_calls_model::fold_guid;
use serde_json::{Value, json};

use super::{Call, Change, Participant, Party, PersonKind, World, same_id};
use crate::json::{set, with};

/// What was added to the roster of a call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    /// The bot's role in screen sharing, once it took one.
    pub(crate) sharing: Option<Role>,
    /// `recordingStatus`, once it was told.
    pub(crate) recording_status: Option<&'static str>,
    /// The applications that send the large gallery. They are no people: a call ends without them.
    pub(crate) gallery: Vec<Participant>,
    /// What was reported about participants, by participant id.
    pub(crate) synthetic: BTreeMap<String, Synthetic>,
}

/// A role in screen sharing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Viewer,
    Sharer,
}

impl Role {
    pub(crate) const CHOICES: [(&str, Self); 2] = [("viewer", Self::Viewer), ("sharer", Self::Sharer)];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Sharer => "sharer",
        }
    }
}

/// What was reported about one participant's media.
#[derive(Debug, Clone)]
pub(crate) struct Synthetic {
    /// The id of the latest report, as it was sent.
    pub(crate) id: String,
    pub(crate) confidence: f64,
    pub(crate) reported: Duration,
    /// The ids of all reports.
    pub(crate) ids: BTreeSet<u128>,
}

impl Call {
    /// A participant as the rosters of this call carry it.
    pub(crate) fn show(&self, participant: &Participant) -> Value {
        let mut shown = match self.shown.gallery.iter().position(|one| one.id == participant.id) {
            Some(place) => gallery_json(participant, place == 0),
            None => participant.to_json(),
        };
        if let Some(role) = self.shown.sharing.filter(|_| participant.id == self.me.id) {
            let direction = match role {
                Role::Sharer => "sendOnly",
                Role::Viewer => "receiveOnly",
            };
            let stream =
                stream("videoBasedScreenSharing", "applicationsharing-video", participant, 2, direction);
            with(&mut shown, "mediaStreams", |streams| streams.push(stream));
        }
        // No page shows where it stands in the roster: it is about the call, so everybody has it (inferred).
        if let Some(status) = self.shown.recording_status {
            let info = json!({
                "@odata.type": "#microsoft.graph.recordingInfo",
                "initiator": self.me.party.identity_set(),
                "recordingStatus": status,
            });
            set(&mut shown, "recordingInfo", info);
        }
        if let Some(found) = self.shown.synthetic.get(&participant.id) {
            let party = &participant.party;
            let home = party.tenant_id.as_ref().is_some_and(|tenant| same_id(tenant, &self.tenant_id));
            let info = json!({
                "@odata.type": "#microsoft.graph.syntheticMediaDetectionInfo",
                "detectionId": found.id,
                "detectorBot": self.app_id,
                "isParticipantTrusted": party.kind == PersonKind::User && home,
                "syntheticConfidence": found.confidence,
            });
            set(&mut shown, "syntheticMediaDetection", info);
        }
        shown
    }
}

impl World {
    /// Tells the bot who is in the call: everybody, as there is no other roster without delta rosters.
    pub(crate) fn notify_roster(&mut self, call: &mut Call) {
        self.notify_participants(call, |_| true, |one| one.since == 0);
    }

    /// Tells the bot about those in the call whose members changed, and about nobody else.
    pub(super) fn notify_changed(&mut self, call: &mut Call, ids: &[String]) {
        let changed = |one: &Participant| ids.contains(&one.id);
        self.notify_participants(call, changed, changed);
    }

    /// Sends the next roster, of these; those that are new in it have its number from now on.
    fn notify_participants(
        &mut self,
        call: &mut Call,
        told: impl Fn(&Participant) -> bool,
        new: impl Fn(&Participant) -> bool,
    ) {
        if !call.group || !call.is_connected() {
            return;
        }
        call.roster += 1;
        let number = call.roster;
        for one in call.participants_mut().filter(|one| new(one)) {
            one.since = number;
        }
        let roster: Vec<_> = call.participants().filter(|one| told(one)).map(|one| call.show(one)).collect();
        if !roster.is_empty() {
            self.notify(call, Change::Updated, "/participants", Value::Array(roster));
        }
    }

    /// Adds the applications of the large gallery: one that can be subscribed to, and one that only listens.
    pub(super) fn open_gallery(&mut self, call: &mut Call) {
        for _ in 0..2 {
            let party = Party::application(&self.id(), "Large Gallery");
            let participant = Participant::new(self.id(), party);
            call.shown.gallery.push(participant);
        }
    }
}

/// An application of the large gallery: only the one whose video flows both ways can be subscribed to.
fn gallery_json(participant: &Participant, usable: bool) -> Value {
    let mut metadata = json!({ "__platform": { "ui": { "hidden": true } } });
    let mut streams = vec![stream("audio", "main-audio", participant, 0, "receiveOnly")];
    if usable {
        let view = json!({
            "id": format!("{}/1", participant.id),
            "page": 1, "status": "active", "type": "lg", "aspectRatio": "widescreen",
        });
        set(&mut metadata, "audienceView", view);
        streams.push(stream("video", "main-video", participant, 1, "sendReceive"));
    } else {
        streams.push(stream("video", "main-video", participant, 1, "receiveOnly"));
        streams.push(stream("data", "data", participant, 3, "sendReceive"));
    }
    let identity = json!({
        "@odata.type": "#microsoft.graph.identitySet",
        "application": {
            "@odata.type": "#microsoft.graph.identity",
            "id": participant.party.id, "identityProvider": "AAD", "ApplicationType": "LargeGallery-V2",
        },
    });
    let mut shown = participant.to_json();
    with(&mut shown, "mediaStreams", |all| *all = streams);
    // As text within the JSON.
    set(&mut shown, "metadata", metadata.to_string());
    if let Some(info) = shown.get_mut("info") {
        set(info, "identity", identity);
    }
    shown
}

/// A stream of a participant, by its place among their streams.
fn stream(media: &str, label: &str, participant: &Participant, place: u32, direction: &str) -> Value {
    let id = fold_guid(&participant.id).unwrap_or_default();
    json!({
        "@odata.type": "#microsoft.graph.mediaStream",
        "mediaType": media, "label": label, "sourceId": ((id >> 96) + u128::from(place)).to_string(),
        "direction": direction, "serverMuted": false,
    })
}
