//! What a notification is about, typed.

use serde::Deserialize;

use super::{ReadError, cursor::Cursor};
use crate::{
    Call, CallsResource, Collection, CommsOperation, ContentSharingSession, DeltaParticipants, OperationKind,
    Participant, ParticipantJoiningNotification, ParticipantLeftNotification, ResourcePath, Text,
    wire::{List, type_name, wire_struct},
};

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
    /// Somebody wants to join a call that a policy records. The bot's answer has a body.
    ParticipantJoining(Box<ParticipantJoiningNotification<'a>>),
    /// Somebody has left a call that a policy records.
    ParticipantLeft(Box<ParticipantLeftNotification<'a>>),
    /// Something this version does not know. The notification keeps it as it was sent.
    Unrecognized,
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
            Resource::ParticipantJoining(_) => "participant_joining",
            Resource::ParticipantLeft(_) => "participant_left",
            Resource::Unrecognized => "unrecognized",
        }
    }

    /// The name of its type, as the reference has it: `call`, `participant`, `recordOperation`, ... None where this
    /// version does not know it.
    pub fn type_name(&self) -> Option<&str> {
        Some(match self {
            Resource::Call(_) => "call",
            Resource::Participants(_) => "participant",
            Resource::DeltaParticipants(_) => "deltaParticipants",
            Resource::Operation(operation) => {
                operation.kind.as_ref().map_or("commsOperation", OperationKind::name)
            }
            Resource::ContentSharing(_) => "contentSharingSession",
            Resource::ParticipantJoining(_) => "participantJoiningNotification",
            Resource::ParticipantLeft(_) => "participantLeftNotification",
            Resource::Unrecognized => return None,
        })
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
            Resource::ParticipantJoining(joining) => {
                Resource::ParticipantJoining(IntoOwned::into_owned(joining))
            }
            Resource::ParticipantLeft(left) => Resource::ParticipantLeft(IntoOwned::into_owned(left)),
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
    Joining,
    Left,
}

wire_struct! {
    /// Enough of an object to know its type.
    struct Typed<'a> {
        odata_type: Option<Text<'a>> = "@odata.type",
    }
}

/// Reads the data of a notification. Its type wins over the path: the service prints roster data under the path of an
/// operation.
pub(super) fn read<'a>(path: Option<&str>, data: Option<&'a str>) -> Result<Resource<'a>, serde_json::Error> {
    let by_path = || ResourcePath::parse(path?).ok().and_then(|path| kind_by_path(&path.resource));
    let Some(text) = data else {
        return Ok(match by_path() {
            Some(Kind::Call) => Resource::Call(Box::default()),
            Some(Kind::ContentSharing) => Resource::ContentSharing(Vec::new()),
            _ => Resource::Unrecognized,
        });
    };
    let many = text.starts_with('[');
    let kind = match kind_by_data(text, many)? {
        ByType::Known(kind) => Some(kind),
        ByType::Unknown => None,
        ByType::Untold => by_path(),
    };
    let mut cursor = Cursor::new(text);
    kind.map_or(Ok(Resource::Unrecognized), |kind| read_kind(&mut cursor, kind, many))
}

/// Reads the data that a cursor stands before, where its front says what it is. Else the cursor stands still.
pub(super) fn read_here<'a>(cursor: &mut Cursor<'a>) -> Option<Result<Resource<'a>, ReadError>> {
    let many = cursor.peek() == Some(b'[');
    let ByType::Known(kind) = kind_by_type(leading_type(*cursor)?) else { return None };
    Some(read_kind(cursor, kind, many).map_err(ReadError::from))
}

fn read_kind<'a>(cursor: &mut Cursor<'a>, kind: Kind, many: bool) -> Result<Resource<'a>, serde_json::Error> {
    Ok(match kind {
        Kind::Call => one(cursor, many)?.map_or(Resource::Unrecognized, Resource::Call),
        Kind::Operation => one(cursor, many)?.map_or(Resource::Unrecognized, Resource::Operation),
        Kind::Delta => {
            one(cursor, many)?.map_or(Resource::Unrecognized, |delta| Resource::DeltaParticipants(*delta))
        }
        Kind::Joining => one(cursor, many)?.map_or(Resource::Unrecognized, Resource::ParticipantJoining),
        Kind::Left => one(cursor, many)?.map_or(Resource::Unrecognized, Resource::ParticipantLeft),
        Kind::Participant => Resource::Participants(several(cursor, many)?),
        Kind::ContentSharing => Resource::ContentSharing(several(cursor, many)?),
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
    if let Some(name) = leading_type(Cursor::new(text)) {
        return Ok(kind_by_type(name));
    }
    if !many && let Some(name) = trailing_type(text) {
        return Ok(kind_by_type(name));
    }
    let mut cursor = Cursor::new(text);
    if cursor.take(b'[') && cursor.peek() == Some(b']') {
        return Ok(ByType::Untold);
    }
    // Of several, the first one's.
    let typed: Typed<'_> = cursor.read()?;
    Ok(typed.odata_type.map_or(ByType::Untold, |name| kind_by_type(&name)))
}

/// The type where it is the first member.
fn leading_type(mut cursor: Cursor<'_>) -> Option<&str> {
    cursor.take(b'[');
    (cursor.take(b'{') && cursor.plain_string()? == "@odata.type" && cursor.take(b':'))
        .then(|| cursor.plain_string())?
}

/// The type where it is the last member. A quote within a string has a backslash before it, so that nothing but a
/// member of the outermost object looks like this.
fn trailing_type(text: &str) -> Option<&str> {
    let text = text.strip_suffix('}')?.trim_ascii_end().strip_suffix('"')?;
    let (before, name) = text.rsplit_once('"')?;
    let key = before.trim_ascii_end().strip_suffix(':')?.trim_ascii_end();
    let before = key.strip_suffix("\"@odata.type\"")?.trim_ascii_end();
    (before.ends_with([',', '{']) && !name.contains('\\')).then_some(name)
}

fn kind_by_type(odata_type: &str) -> ByType {
    let name = type_name(odata_type);
    let exact = kind_by_name(name);
    // The exact spelling first: it is what nearly always comes.
    match exact.or_else(|| kind_by_name(&name.to_ascii_lowercase())) {
        Some(kind) => ByType::Known(kind),
        None => ByType::Unknown,
    }
}

/// The kind of a type by its name, as it is spelled or in lower case.
fn kind_by_name(name: &str) -> Option<Kind> {
    Some(match name {
        "call" => Kind::Call,
        "participant" => Kind::Participant,
        "deltaParticipants" | "deltaparticipants" => Kind::Delta,
        "contentSharingSession" | "contentsharingsession" => Kind::ContentSharing,
        "participantJoiningNotification" | "participantjoiningnotification" => Kind::Joining,
        "participantLeftNotification" | "participantleftnotification" => Kind::Left,
        // New ones are more likely than any other new type.
        _ if name.ends_with("Operation") || name.ends_with("operation") => Kind::Operation,
        _ => return None,
    })
}

/// One entity, also as the only one of a collection.
fn one<'a, T: Deserialize<'a>>(
    cursor: &mut Cursor<'a>,
    many: bool,
) -> Result<Option<Box<T>>, serde_json::Error> {
    if many {
        let List(mut all) = cursor.read::<List<T>>()?;
        Ok(if all.len() == 1 { all.pop().map(Box::new) } else { None })
    } else {
        cursor.read().map(Some)
    }
}

/// A collection, also when a single entity came.
fn several<'a, T: Deserialize<'a>>(cursor: &mut Cursor<'a>, many: bool) -> Result<Vec<T>, serde_json::Error> {
    if many { cursor.read::<List<T>>().map(|list| list.0) } else { Ok(vec![cursor.read()?]) }
}
