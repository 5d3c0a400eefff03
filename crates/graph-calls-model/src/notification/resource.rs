//! What a notification is about, typed.

use crate::{
    Call, CallsResource, Collection, CommsOperation, DeltaParticipants, Participant, Text,
    wire::{type_name, wire_struct},
};

use super::RawJson;

/// What a notification is about.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Resource<'a> {
    /// A call. Without data (a bare `deleted`) it is empty.
    Call(Box<Call<'a>>),
    /// The roster, or the participants that changed.
    Participants(Vec<Participant<'a>>),
    /// The changes of the roster.
    DeltaParticipants(DeltaParticipants<'a>),
    /// A comms operation.
    Operation(Box<CommsOperation<'a>>),
    /// Content sharing sessions; none where the service sent no data.
    ContentSharing(Vec<ContentSharingSession<'a>>),
    /// Something this version does not know. The notification keeps it as it was sent.
    Unrecognized,
}

wire_struct! {
    /// A session in which content is shared.
    ///
    /// Graph reference:
    /// [`contentSharingSession`](https://learn.microsoft.com/graph/api/resources/contentsharingsession).
    pub struct ContentSharingSession<'a> as "#microsoft.graph.contentSharingSession" {
        /// The session's id.
        pub id: Option<Text<'a>> = "id",
    }
}

impl Resource<'_> {
    /// A word for the kind: `call`, `participants`, `operation`, ...
    pub fn kind(&self) -> &'static str {
        match self {
            Resource::Call(_) => "call",
            Resource::Participants(_) => "participants",
            Resource::DeltaParticipants(_) => "delta_participants",
            Resource::Operation(_) => "operation",
            Resource::ContentSharing(_) => "content_sharing",
            Resource::Unrecognized => "unrecognized",
        }
    }

    /// Copies what is borrowed.
    pub fn into_owned(self) -> Resource<'static> {
        use crate::wire::IntoOwned;
        match self {
            Resource::Call(call) => Resource::Call(IntoOwned::into_owned(call)),
            Resource::Participants(participants) => {
                Resource::Participants(IntoOwned::into_owned(participants))
            }
            Resource::DeltaParticipants(delta) => Resource::DeltaParticipants(delta.into_owned()),
            Resource::Operation(operation) => Resource::Operation(IntoOwned::into_owned(operation)),
            Resource::ContentSharing(sessions) => Resource::ContentSharing(IntoOwned::into_owned(sessions)),
            Resource::Unrecognized => Resource::Unrecognized,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Call,
    Participant,
    Delta,
    Operation,
    ContentSharing,
}

wire_struct! {
    /// Enough of an object to know its type.
    struct Typed<'a> {
        odata_type: Option<Text<'a>> = "@odata.type",
    }
}

/// Reads the data of a notification. Its type wins over the path: the service prints roster data under the path of an
/// operation.
pub(super) fn read<'a>(
    path: Option<&CallsResource<'_>>,
    data: Option<&'a RawJson<'_>>,
) -> Result<Resource<'a>, serde_json::Error> {
    let by_path = path.and_then(kind_by_path);
    let Some(data) = data else {
        return Ok(match by_path {
            Some(Kind::Call) => Resource::Call(Box::default()),
            Some(Kind::ContentSharing) => Resource::ContentSharing(Vec::new()),
            _ => Resource::Unrecognized,
        });
    };
    let text = data.as_str();
    let many = text.starts_with('[');
    let kind = match kind_by_data(text, many)? {
        ByType::Known(kind) => Some(kind),
        ByType::Unknown => None,
        ByType::Untold => by_path,
    };
    Ok(match kind {
        None => Resource::Unrecognized,
        Some(Kind::Call) => one(text, many)?.map_or(Resource::Unrecognized, Resource::Call),
        Some(Kind::Operation) => one(text, many)?.map_or(Resource::Unrecognized, Resource::Operation),
        Some(Kind::Delta) => one::<DeltaParticipants<'a>>(text, many)?
            .map_or(Resource::Unrecognized, |delta| Resource::DeltaParticipants(*delta)),
        Some(Kind::Participant) => Resource::Participants(several(text, many)?),
        Some(Kind::ContentSharing) => Resource::ContentSharing(several(text, many)?),
    })
}

fn kind_by_path(path: &CallsResource<'_>) -> Option<Kind> {
    match path {
        CallsResource::Call(_) => Some(Kind::Call),
        _ => match path.collection()? {
            Collection::Participants => Some(Kind::Participant),
            Collection::Operations => Some(Kind::Operation),
            Collection::ContentSharingSessions => Some(Kind::ContentSharing),
            Collection::AudioRoutingGroups => None,
        },
    }
}

enum ByType {
    Known(Kind),
    Unknown,
    Untold,
}

fn kind_by_data(text: &str, many: bool) -> Result<ByType, serde_json::Error> {
    // The service writes the type first, so that one look at the front nearly always saves a pass over the object.
    if let Some(name) = leading_type(text) {
        return Ok(kind_by_type(name));
    }
    let typed = if many {
        serde_json::from_str::<Vec<Typed<'_>>>(text)?.into_iter().next()
    } else {
        Some(serde_json::from_str::<Typed<'_>>(text)?)
    };
    Ok(match typed.and_then(|typed| typed.odata_type) {
        Some(name) => kind_by_type(&name),
        None => ByType::Untold,
    })
}

fn leading_type(text: &str) -> Option<&str> {
    let text = text.strip_prefix('[').unwrap_or(text).trim_ascii_start();
    let text = text.strip_prefix('{')?.trim_ascii_start().strip_prefix("\"@odata.type\"")?;
    let name = text.trim_ascii_start().strip_prefix(':')?.trim_ascii_start().strip_prefix('"')?;
    let (name, _) = name.split_once('"')?;
    (!name.contains('\\')).then_some(name)
}

fn kind_by_type(odata_type: &str) -> ByType {
    let name = type_name(odata_type);
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if is("call") {
        ByType::Known(Kind::Call)
    } else if is("participant") {
        ByType::Known(Kind::Participant)
    } else if is("deltaParticipants") {
        ByType::Known(Kind::Delta)
    } else if is("contentSharingSession") {
        ByType::Known(Kind::ContentSharing)
    } else if name.len() > 9
        && name.split_at_checked(name.len() - 9).is_some_and(|(_, end)| end.eq_ignore_ascii_case("Operation"))
    {
        ByType::Known(Kind::Operation)
    } else {
        ByType::Unknown
    }
}

/// One entity, also as the only one of a collection.
fn one<'a, T: serde::Deserialize<'a>>(
    text: &'a str,
    many: bool,
) -> Result<Option<Box<T>>, serde_json::Error> {
    if many {
        let mut all: Vec<T> = serde_json::from_str(text)?;
        Ok(if all.len() == 1 { all.pop().map(Box::new) } else { None })
    } else {
        serde_json::from_str(text).map(|value| Some(Box::new(value)))
    }
}

/// A collection, also when a single entity came.
fn several<'a, T: serde::Deserialize<'a>>(text: &'a str, many: bool) -> Result<Vec<T>, serde_json::Error> {
    if many { serde_json::from_str(text) } else { serde_json::from_str(text).map(|value| vec![value]) }
}
