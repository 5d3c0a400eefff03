//! Resource paths of the calls API: the current form, the deprecated ones, and what succeeds them.

use std::{borrow::Cow, error, fmt};

use crate::{CallId, CommsOperationId, InvalidId, ParticipantId, open_enum::open_enum};

/// A parsed path below a Graph version: `/communications/calls/{id}/answer` and its older spellings.
///
/// Names match in any ASCII case, actions also with the prefix `microsoft.graph.`, with a leading slash or none; ids
/// are percent-decoded. The path has no query.
///
/// ```
/// use graph_calls_model::{ResourcePath, PathRoot};
///
/// let path = ResourcePath::parse("/app/calls/57dab8b1/record")?;
/// assert_eq!(path.root, PathRoot::App);
/// assert_eq!(path.successor().as_deref(), Some("/communications/calls/57dab8b1/recordResponse"));
/// # Ok::<(), graph_calls_model::PathError>(())
/// ```
///
/// Graph reference: [`call`](https://learn.microsoft.com/graph/api/resources/call).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourcePath<'a> {
    /// What stands before `calls`.
    pub root: PathRoot<'a>,
    /// What stands behind it.
    pub resource: CallsResource<'a>,
}

/// What stands before the segment `calls`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathRoot<'a> {
    /// `/communications`, the current form since 2019-09.
    Communications,
    /// `/app`, deprecated; beta only.
    App,
    /// `/applications/{appId}`, gone since 2019; beta only.
    Application(Cow<'a, str>),
}

/// What stands behind the segment `calls`. Ids are percent-decoded and not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallsResource<'a> {
    /// Nothing: the collection of calls.
    Calls,
    /// An action on the collection.
    CallsAction(Action<'a>),
    /// One call.
    Call(Cow<'a, str>),
    /// An action on a call.
    CallAction(Cow<'a, str>, Action<'a>),
    /// A collection of a call.
    Collection(Cow<'a, str>, Collection),
    /// An action on a collection of a call.
    CollectionAction(Cow<'a, str>, Collection, Action<'a>),
    /// A member of a collection of a call.
    Item(Cow<'a, str>, Collection, Cow<'a, str>),
    /// An action on a member of a collection of a call.
    ItemAction(Cow<'a, str>, Collection, Cow<'a, str>, Action<'a>),
}

/// The collections that a call contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Collection {
    /// `participants`
    Participants,
    /// `operations`
    Operations,
    /// `audioRoutingGroups`
    AudioRoutingGroups,
    /// `contentSharingSessions`
    ContentSharingSessions,
}

impl Collection {
    const ALL: [Collection; 4] = [
        Collection::Participants,
        Collection::Operations,
        Collection::AudioRoutingGroups,
        Collection::ContentSharingSessions,
    ];

    /// The segment's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Collection::Participants => "participants",
            Collection::Operations => "operations",
            Collection::AudioRoutingGroups => "audioRoutingGroups",
            Collection::ContentSharingSessions => "contentSharingSessions",
        }
    }

    fn parse(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| segment.eq_ignore_ascii_case(one.as_str()))
    }
}

open_enum! {
    /// The last segment of a path that does something.
    pub enum Action {
        /// Answers an incoming call.
        Answer = "answer",
        /// Rejects an incoming call.
        Reject = "reject",
        /// Forwards an incoming call.
        Redirect = "redirect",
        /// Transfers an established call.
        Transfer = "transfer",
        /// Keeps the bot's leg from being cleaned up.
        KeepAlive = "keepAlive",
        /// Plays prompts.
        PlayPrompt = "playPrompt",
        /// Records the caller's answer.
        RecordResponse = "recordResponse",
        /// The name of `recordResponse` until 2019-12.
        Record = "record",
        /// Cancels what plays and records.
        CancelMediaProcessing = "cancelMediaProcessing",
        /// Asks for a notification per pressed key.
        SubscribeToTone = "subscribeToTone",
        /// Presses keys.
        SendDtmfTones = "sendDtmfTones",
        /// Mutes the bot, or a participant.
        Mute = "mute",
        /// Unmutes the bot.
        Unmute = "unmute",
        /// Becomes viewer or sharer.
        ChangeScreenSharingRole = "changeScreenSharingRole",
        /// Tells the service that policy-based recording runs.
        UpdateRecordingStatus = "updateRecordingStatus",
        /// Adds the large gallery stream.
        AddLargeGalleryView = "addLargeGalleryView",
        /// Removed in 2021.
        UpdateMetadata = "updateMetadata",
        /// Beta.
        StartRecording = "startRecording",
        /// Beta.
        StopRecording = "stopRecording",
        /// Beta.
        StartTranscription = "startTranscription",
        /// Beta.
        StopTranscription = "stopTranscription",
        /// Invites participants.
        Invite = "invite",
        /// Beta, announced to go.
        MuteAll = "muteAll",
        /// Gone from the metadata.
        ConfigureMixer = "configureMixer",
        /// Beta.
        AdmitAllFromLobby = "admitAllFromLobby",
        /// Beta.
        AdmitFromLobby = "admitFromLobby",
        /// Beta.
        RemoveFromLobby = "removeFromLobby",
        /// Beta.
        ReportSyntheticMedia = "reportSyntheticMedia",
        /// Puts a participant on hold.
        StartHoldMusic = "startHoldMusic",
        /// Takes a participant off hold.
        StopHoldMusic = "stopHoldMusic",
        /// Reports the quality of a certified device.
        LogTeleconferenceDeviceQuality = "logTeleconferenceDeviceQuality",
    }
}

impl<'a> Action<'a> {
    fn parse(segment: Cow<'a, str>) -> Self {
        const PREFIX: &str = "microsoft.graph.";
        match segment.split_at_checked(PREFIX.len()) {
            Some((prefix, name)) if prefix.eq_ignore_ascii_case(PREFIX) => name.to_owned().into(),
            _ => segment.into(),
        }
    }

    fn on_participants(&self) -> bool {
        matches!(self, Action::Invite | Action::MuteAll | Action::ConfigureMixer | Action::AdmitAllFromLobby)
    }

    fn is_known(&self) -> bool {
        !matches!(self, Action::Other(_))
    }
}

/// Why a path is none of the calls API.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathError {
    /// It has no segment `calls` below one of the three roots: another part of Graph, or none.
    NotCalls,
    /// It stands below a deprecated root and has no known successor.
    UnknownForm(String),
    /// It has more segments than any path of the calls API.
    TooLong(String),
    /// A segment is empty, `.` or `..`, or a percent sign in it starts no UTF-8 character.
    BadSegment(String),
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathError::NotCalls => f.write_str("the path is not one of the calls API"),
            PathError::UnknownForm(path) => {
                write!(
                    f,
                    "no current path is known for the deprecated `{}`; use one below /communications/calls",
                    path.escape_debug()
                )
            }
            PathError::TooLong(path) => {
                write!(f, "`{}` has more segments than any path of the calls API", path.escape_debug())
            }
            PathError::BadSegment(path) => {
                write!(
                    f,
                    "a segment of `{}` is empty, `.` or `..`, or not percent-encoded UTF-8",
                    path.escape_debug()
                )
            }
        }
    }
}

impl error::Error for PathError {}

/// The most segments behind `calls`: call, collection, member, action.
const MAX_SEGMENTS: usize = 4;

fn segment_of<'a>(segment: &'a str, path: &str) -> Result<Cow<'a, str>, PathError> {
    // Written again, a dot segment would lead elsewhere.
    decode(segment)
        .filter(|segment| !matches!(&**segment, "" | "." | ".."))
        .ok_or_else(|| PathError::BadSegment(path.to_owned()))
}

impl<'a> ResourcePath<'a> {
    /// Parses a path below `/v1.0` or `/beta`.
    ///
    /// # Errors
    ///
    /// [`PathError::NotCalls`] for the rest of Graph, the others for a path of the calls API that makes no sense.
    pub fn parse(path: &'a str) -> Result<Self, PathError> {
        let trimmed = path.strip_prefix('/').unwrap_or(path);
        let mut segments = trimmed.strip_suffix('/').unwrap_or(trimmed).split('/');
        let root = match segments.next() {
            Some(root) if root.eq_ignore_ascii_case("communications") => PathRoot::Communications,
            Some(root) if root.eq_ignore_ascii_case("app") => PathRoot::App,
            Some(root) if root.eq_ignore_ascii_case("applications") => {
                let id = segments.next().ok_or(PathError::NotCalls)?;
                PathRoot::Application(segment_of(id, path)?)
            }
            _ => return Err(PathError::NotCalls),
        };
        if !segments.next().is_some_and(|calls| calls.eq_ignore_ascii_case("calls")) {
            return Err(PathError::NotCalls);
        }
        let mut rest = Vec::with_capacity(4);
        for segment in segments {
            if rest.len() == MAX_SEGMENTS {
                return Err(PathError::TooLong(path.to_owned()));
            }
            rest.push(segment_of(segment, path)?);
        }
        let resource =
            CallsResource::from_segments(rest).ok_or_else(|| PathError::TooLong(path.to_owned()))?;
        if root != PathRoot::Communications && resource.action().is_some_and(|action| !action.is_known()) {
            return Err(PathError::UnknownForm(path.to_owned()));
        }
        Ok(Self { root, resource })
    }

    /// The current path, if this one is deprecated.
    pub fn successor(&self) -> Option<String> {
        self.is_deprecated().then(|| self.current())
    }

    /// Whether the path's root or its action has a successor.
    pub fn is_deprecated(&self) -> bool {
        self.root != PathRoot::Communications || self.resource.action() == Some(&Action::Record)
    }

    /// The path in its current form, ids percent-encoded.
    pub fn current(&self) -> String {
        use std::fmt::Write as _;
        let mut path = String::from("/communications/calls");
        if let Some(id) = self.resource.call() {
            let _ = write!(path, "/{}", Segment(id));
        }
        if let Some(collection) = self.resource.collection() {
            let _ = write!(path, "/{}", collection.as_str());
        }
        if let Some(id) = self.resource.item() {
            let _ = write!(path, "/{}", Segment(id));
        }
        match self.resource.action() {
            Some(Action::Record) => path.push_str("/recordResponse"),
            Some(action) => {
                let _ = write!(path, "/{}", Segment(action.as_str()));
            }
            None => {}
        }
        path
    }

    /// The call that the path names, if it names one.
    ///
    /// # Errors
    ///
    /// When the segment can be no id, see [`InvalidId`].
    pub fn call_id(&self) -> Option<Result<CallId, InvalidId>> {
        self.resource.call().map(CallId::new)
    }

    /// The participant that the path names, if it names one.
    ///
    /// # Errors
    ///
    /// When the segment can be no id, see [`InvalidId`].
    pub fn participant_id(&self) -> Option<Result<ParticipantId, InvalidId>> {
        let participants = self.resource.collection() == Some(Collection::Participants);
        self.resource.item().filter(|_| participants).map(ParticipantId::new)
    }

    /// The comms operation that the path names, if it names one.
    ///
    /// # Errors
    ///
    /// When the segment can be no id, see [`InvalidId`].
    pub fn operation_id(&self) -> Option<Result<CommsOperationId, InvalidId>> {
        let operations = self.resource.collection() == Some(Collection::Operations);
        self.resource.item().filter(|_| operations).map(CommsOperationId::new)
    }
}

impl<'a> CallsResource<'a> {
    fn from_segments(segments: Vec<Cow<'a, str>>) -> Option<Self> {
        let mut segments = segments.into_iter();
        let Some(call) = segments.next() else { return Some(CallsResource::Calls) };
        let Some(second) = segments.next() else {
            return Some(match Action::parse(call.clone()) {
                action @ Action::LogTeleconferenceDeviceQuality => CallsResource::CallsAction(action),
                _ => CallsResource::Call(call),
            });
        };
        let Some(collection) = Collection::parse(&second) else {
            return segments.next().is_none().then(|| CallsResource::CallAction(call, Action::parse(second)));
        };
        let Some(item) = segments.next() else { return Some(CallsResource::Collection(call, collection)) };
        let Some(last) = segments.next() else {
            let action = Action::parse(item.clone());
            return Some(if collection == Collection::Participants && action.on_participants() {
                CallsResource::CollectionAction(call, collection, action)
            } else {
                CallsResource::Item(call, collection, item)
            });
        };
        segments
            .next()
            .is_none()
            .then(|| CallsResource::ItemAction(call, collection, item, Action::parse(last)))
    }

    /// The call's segment.
    pub fn call(&self) -> Option<&str> {
        match self {
            CallsResource::Calls | CallsResource::CallsAction(_) => None,
            CallsResource::Call(call)
            | CallsResource::CallAction(call, _)
            | CallsResource::Collection(call, _)
            | CallsResource::CollectionAction(call, ..)
            | CallsResource::Item(call, ..)
            | CallsResource::ItemAction(call, ..) => Some(call),
        }
    }

    /// The collection's name.
    pub fn collection(&self) -> Option<Collection> {
        match self {
            CallsResource::Collection(_, collection)
            | CallsResource::CollectionAction(_, collection, _)
            | CallsResource::Item(_, collection, _)
            | CallsResource::ItemAction(_, collection, ..) => Some(*collection),
            _ => None,
        }
    }

    /// The segment of the collection's member.
    pub fn item(&self) -> Option<&str> {
        match self {
            CallsResource::Item(_, _, item) | CallsResource::ItemAction(_, _, item, _) => Some(item),
            _ => None,
        }
    }

    /// The action, if the path ends in one.
    pub fn action(&self) -> Option<&Action<'a>> {
        match self {
            CallsResource::CallsAction(action)
            | CallsResource::CallAction(_, action)
            | CallsResource::CollectionAction(.., action)
            | CallsResource::ItemAction(.., action) => Some(action),
            _ => None,
        }
    }
}

/// Writes one path segment, percent-encoding all but unreserved characters.
///
/// ```
/// assert_eq!(graph_calls_model::Segment("a b/c").to_string(), "a%20b%2Fc");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a>(pub &'a str);

impl fmt::Display for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for &byte in self.0.as_bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                f.write_char(char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

/// Percent-decodes once; none where a percent sign begins no byte, or the bytes are no UTF-8.
pub(crate) fn decode(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('%') {
        return Some(Cow::Borrowed(segment));
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high << 4 | low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deprecated_forms_have_the_current_one_as_successor() {
        for (old, new) in [
            ("/app/calls", "/communications/calls"),
            ("app/calls/1/", "/communications/calls/1"),
            ("/app/calls/1/reject", "/communications/calls/1/reject"),
            ("/applications/7/calls/1", "/communications/calls/1"),
            ("/applications/7/calls/1/record", "/communications/calls/1/recordResponse"),
            ("/communications/calls/1/record", "/communications/calls/1/recordResponse"),
            ("/app/calls/1/participants/2", "/communications/calls/1/participants/2"),
            ("/APP/Calls/a%20b/PARTICIPANTS/Invite", "/communications/calls/a%20b/participants/invite"),
        ] {
            assert_eq!(ResourcePath::parse(old).unwrap().successor().as_deref(), Some(new), "{old}");
        }
    }

    #[test]
    fn current_paths_have_no_successor_and_unknown_actions_pass_below_communications_only() {
        for path in ["/communications/calls/1", "communications/calls/1/somethingNew"] {
            assert_eq!(ResourcePath::parse(path).unwrap().successor(), None, "{path}");
        }
        assert!(matches!(ResourcePath::parse("/app/calls/1/somethingNew"), Err(PathError::UnknownForm(_))));
    }

    #[test]
    fn other_parts_of_graph_are_told_apart() {
        for path in [
            "/users/1/calls",
            "/app/onlineMeetings",
            "/applications/1",
            "/",
            "",
            "/communications/callRecords",
        ] {
            assert_eq!(ResourcePath::parse(path), Err(PathError::NotCalls), "{path}");
        }
    }

    #[test]
    fn an_action_may_carry_the_namespace() {
        let path = ResourcePath::parse("/communications/calls/1/microsoft.graph.sendDtmfTones").unwrap();
        assert_eq!(path.resource.action(), Some(&Action::SendDtmfTones));
    }

    #[test]
    fn nonsense_is_an_error_with_the_path_in_it() {
        assert!(matches!(
            ResourcePath::parse("/communications/calls//answer"),
            Err(PathError::BadSegment(_))
        ));
        assert!(matches!(ResourcePath::parse("/communications/calls/%zz"), Err(PathError::BadSegment(_))));
        assert!(matches!(ResourcePath::parse("/communications/calls/1/a/b"), Err(PathError::TooLong(_))));
    }

    #[test]
    fn ids_are_decoded_and_encoded_again() {
        let path = ResourcePath::parse("/communications/calls/a%2Fb").unwrap();
        assert_eq!(path.resource.call(), Some("a/b"));
        assert_eq!(path.current(), "/communications/calls/a%2Fb");
        assert!(path.call_id().is_some_and(|id| id.is_err()));
    }
}
