//! How calls and notifications are written, in each dialect.
//!
//! It is written by hand and not with the model's types: what the model reads shall have a witness of its own.

use serde_json::{Map, Value, json};

use super::{
    call::{Call, State},
    participant::Party,
};
use crate::{Dialect, json::set};

/// The examples' etag. It never changes, so it is no version.
const ETAG: &str = "W/\"5445\"";

/// The kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Created,
    Updated,
    Deleted,
}

impl Change {
    fn as_str(self) -> &'static str {
        match self {
            Change::Created => "created",
            Change::Updated => "updated",
            Change::Deleted => "deleted",
        }
    }
}

/// The envelope around one item.
pub(crate) fn envelope(dialect: Dialect, item: Value) -> Value {
    let value = vec![item];
    match dialect {
        Dialect::Y2018 => json!({ "value": value }),
        Dialect::Wire | Dialect::DocsCurrent | Dialect::DocsLegacy => {
            json!({ "@odata.type": "#microsoft.graph.commsNotifications", "value": value })
        }
    }
}

/// An item about the call or, with a suffix, about something in it.
pub(crate) fn item(call: &Call, change: Change, suffix: &str, data: Value) -> Value {
    let mut item = Map::new();
    if call.dialect != Dialect::Y2018 {
        item.insert("@odata.type".to_owned(), json!("#microsoft.graph.commsNotification"));
    }
    item.insert("changeType".to_owned(), json!(change.as_str()));
    if call.dialect != Dialect::DocsCurrent {
        item.insert("resource".to_owned(), json!(format!("/app/calls/{}{suffix}", call.id)));
    }
    if !call.dialect.is_legacy() {
        item.insert("resourceUrl".to_owned(), json!(format!("/communications/calls/{}{suffix}", call.id)));
    }
    item.insert("resourceData".to_owned(), data);
    Value::Object(item)
}

/// A call item's data: what the dialect always writes, then these members.
pub(crate) fn call_data(
    call: &Call,
    members: impl IntoIterator<Item = (&'static str, Value)>,
) -> Map<String, Value> {
    let mut data = bare_call_data(call);
    for (name, value) in members {
        data.insert(name.to_owned(), value);
    }
    if call.dialect == Dialect::Wire {
        data.remove("@odata.id");
        data.insert("callChainId".to_owned(), json!(call.chain_id));
        data.insert("meetingCapability".to_owned(), json!({}));
        data.insert("coOrganizers".to_owned(), json!([]));
    }
    data
}

/// A call item's data without state: that the call is gone and nothing else.
pub(crate) fn bare_call_data(call: &Call) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("@odata.type".to_owned(), json!("#microsoft.graph.call"));
    let path = if call.dialect.is_legacy() { "app" } else { "communications" };
    data.insert("@odata.id".to_owned(), json!(format!("/{path}/calls/{}", call.id)));
    if call.dialect.is_legacy() {
        data.insert("@odata.etag".to_owned(), json!(ETAG));
    }
    data
}

/// The members of an incoming call.
pub(crate) fn incoming_members(call: &Call, caller: Option<&Party>) -> Vec<(&'static str, Value)> {
    let mut members = vec![
        ("state", json!(State::Incoming.as_str())),
        ("direction", json!(call.direction.as_str())),
        ("id", json!(call.id)),
        ("source", call.source.clone()),
        ("targets", json!(call.targets)),
        ("requestedModalities", json!(["audio"])),
        ("tenantId", json!(call.tenant_id)),
        ("callRoutes", json!([])),
        ("myParticipantId", json!(call.me.id)),
    ];
    if call.dialect.is_legacy() {
        members.retain(|(name, _)| !matches!(*name, "callRoutes" | "myParticipantId"));
    }
    if call.policy_recording {
        let observed = call.peers.first().map(|peer| peer.id.clone());
        members.push((
            "incomingContext",
            json!({
                "@odata.type": "#microsoft.graph.incomingContext",
                "sourceParticipantId": observed,
                "observedParticipantId": observed,
                "onBehalfOf": null,
                "transferor": null,
            }),
        ));
        members.push((
            "applicationMetadata",
            json!({ "botData": {
                "inviteReasons": ["ComplianceRecording"],
                "user": caller.map(|caller| {
                    json!({ "id": format!("8:orgid:{}", caller.id), "participantId": observed })
                }),
                "isMultiParty": false,
                "callId": call.chain_id,
                "pairedRecorders": [], "otherRecorders": [],
            }}),
        ));
    }
    members
}

/// `source` of a call, as the service writes it.
pub(crate) fn participant_info(identity: &Value) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.participantInfo",
        "identity": identity,
        "countryCode": null, "endpointType": null, "languageId": null, "region": null,
    })
}

/// One of the `targets` of a call, as the service writes it.
pub(crate) fn invitation_info(identity: &Value) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.invitationParticipantInfo",
        "identity": identity,
        "endpointType": null, "hidden": null, "participantId": null, "replacesCallId": null,
    })
}

/// The call as a response carries it: whatever is not known is an explicit null.
///
/// Graph reference: [`call`](https://learn.microsoft.com/graph/api/resources/call).
pub(crate) fn entity(call: &Call, context: &str) -> Value {
    let mut entity = json!({
        "@odata.context": context,
        "@odata.type": "#microsoft.graph.call",
        "id": call.id,
        "state": call.state.as_str(),
        "direction": call.direction.as_str(),
        "subject": null,
        "callbackUri": call.callback,
        "callChainId": call.chain_id,
        "callRoutes": [],
        "source": call.source,
        "targets": call.targets,
        "requestedModalities": ["audio"],
        "activeModalities": [],
        "mediaConfig": null,
        "mediaState": null,
        "tenantId": call.tenant_id,
        "myParticipantId": call.me.id,
        "answeredBy": null,
        "callOptions": null,
        "chatInfo": null,
        "incomingContext": null,
        "meetingCapability": null,
        "meetingInfo": null,
        "resultInfo": null,
        "ringingTimeoutInSeconds": null,
        "routingPolicies": [],
        "terminationReason": null,
        "toneInfo": null,
        "transcription": null,
    });
    for (name, value) in &call.given {
        set(&mut entity, name, value.clone());
    }
    if let Some(transcription) = &call.transcription {
        set(&mut entity, "transcription", transcription.clone());
    }
    if call.media_active {
        set(&mut entity, "mediaState", media_state());
        set(&mut entity, "activeModalities", json!(["audio"]));
    }
    entity
}

/// That audio flows.
pub(crate) fn media_state() -> Value {
    json!({ "@odata.type": "#microsoft.graph.callMediaState", "audio": "active" })
}
