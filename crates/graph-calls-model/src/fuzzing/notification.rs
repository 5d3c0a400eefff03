//! The body of a webhook request.

use std::{slice, str};

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Plain, json};
use crate::{
    Action, BotFrameworkPayload, CallId, CallsResource, ChangeType, Collection, Form, MAX_ENVELOPE_MEMBERS,
    MAX_ITEMS, Notification, ParseError, ParseErrorKind, ReadError, Resource, ResourcePath, ResultInfo,
    TypedNotification, WebhookBody,
};

/// The body of a webhook request, down to the typed data of its items.
pub fn notification(bytes: &[u8]) {
    let read = WebhookBody::parse(bytes);
    let plain = Plain::read(bytes);
    match &read {
        Ok(_) => {
            let text = str::from_utf8(bytes).expect("a body that was read is UTF-8");
            serde_json::from_str::<IgnoredAny>(text).expect("a body that was read is JSON");
        }
        Err(error) => {
            let lines = bytes.split(|&byte| byte == b'\n').count();
            assert!((1..=lines).contains(&error.line()) && error.column() > 0, "{error}");
            check_refusal(bytes, plain.as_ref(), error.kind());
        }
    }
    if let Some(plain) = &plain {
        check_envelope(plain, read.as_ref().map_err(ParseError::kind));
    }
    let typed = WebhookBody::parse_typed(bytes);
    assert_eq!(typed.as_ref().err(), read.as_ref().err(), "refused in one pass and in two");
    match (&read, typed) {
        (Ok(WebhookBody::Notifications(items)), Ok(WebhookBody::Notifications(typed))) => {
            check_items(bytes, items);
            check_typed(items, typed);
        }
        (Ok(WebhookBody::BotFramework(payload)), Ok(WebhookBody::BotFramework(again))) => {
            assert_eq!(again, *payload);
            check_bot_framework(plain.as_ref(), payload);
        }
        (read, _) => assert!(read.is_err(), "one form in one pass, another in two"),
    }
}

/// A refusal that no plain reading is needed to judge.
fn check_refusal(bytes: &[u8], plain: Option<&Plain>, kind: &ParseErrorKind) {
    match kind {
        ParseErrorKind::NotUtf8 => assert!(str::from_utf8(bytes).is_err()),
        ParseErrorKind::ByteOrderMark => assert!(bytes.starts_with("\u{feff}".as_bytes())),
        ParseErrorKind::NotAnObject => assert!(!bytes.trim_ascii_start().starts_with(b"{")),
        ParseErrorKind::NotJson(why) => assert!(plain.is_none(), "plain JSON was refused: {why}"),
        // Nobody else limits the envelope's members.
        ParseErrorKind::TooManyMembers => {
            assert!(plain.is_none_or(|plain| plain.members().len() > MAX_ENVELOPE_MEMBERS));
        }
        _ => {}
    }
}

/// A body that plain reading takes is refused for what is in it, and for that always.
fn check_envelope(plain: &Plain, read: Result<&WebhookBody<'_>, &ParseErrorKind>) {
    let members = plain.members();
    let values = || members.iter().filter(|(name, _)| name == "value").map(|(_, value)| value);
    let twice = |name: &str| plain.count(name) > 1;
    let faulty = !plain.is_object()
        || members.iter().any(|(name, _)| twice(name))
        || values().any(|value| value.items().is_none_or(|items| items.len() > MAX_ITEMS));
    match read {
        Ok(WebhookBody::Notifications(items)) => {
            let told = values().next().and_then(Plain::items).map(<[Plain]>::len);
            assert_eq!(Some(items.len()), told);
        }
        Ok(WebhookBody::BotFramework(_)) => assert!(values().next().is_none()),
        Err(ParseErrorKind::NotAnObject) => assert!(!plain.is_object()),
        Err(ParseErrorKind::DuplicateMember(name)) => assert!(twice(name), "{name}"),
        Err(ParseErrorKind::ValueIsNoArray) => assert!(values().any(|value| value.items().is_none())),
        Err(ParseErrorKind::TooManyItems { limit }) => {
            assert!(values().any(|value| value.items().is_some_and(|items| items.len() > *limit)));
        }
        Err(_) => {}
    }
    assert!(!faulty || read.is_err(), "read what it promises to refuse");
}

fn check_items(body: &[u8], items: &[Notification<'_>]) {
    let place = body.as_ptr_range();
    let mut free = place.start;
    for item in items {
        let raw = item.raw().as_str();
        let slice = raw.as_bytes().as_ptr_range();
        assert!(free <= slice.start && slice.end <= place.end, "a slice of the body, behind the one before");
        free = slice.end;
        let value = serde_json::from_str::<&RawValue>(raw).expect("an item is one JSON value");
        assert_eq!(value.get(), raw, "with nothing around it");
        check_item(item);
    }
    let raws: Vec<&str> = items.iter().map(|item| item.raw().as_str()).collect();
    let again = format!(r#"{{"value":[{}]}}"#, raws.join(","));
    assert_eq!(parse(&again), items, "the same items in another envelope");
    assert!(WebhookBody::parse_at_most(body, items.len()).is_ok());
    if let Some(limit) = items.len().checked_sub(1) {
        let error = WebhookBody::parse_at_most(body, limit).expect_err("one more than allowed");
        assert_eq!(error.kind(), &ParseErrorKind::TooManyItems { limit });
    }
}

/// One pass gives what two give.
fn check_typed(items: &[Notification<'_>], typed: Vec<TypedNotification<'_>>) {
    assert_eq!(typed.len(), items.len());
    for (typed, item) in typed.into_iter().zip(items) {
        assert_eq!(&typed.notification, item);
        assert_eq!(typed.resource, item.resource());
        assert_eq!(typed.clone().into_owned(), typed);
    }
}

fn check_item(item: &Notification<'_>) {
    let seen = Seen::of(item);
    let owned = item.clone().into_owned();
    assert_eq!(&owned, item);
    assert_eq!(Seen::of(&owned), seen, "copied");
    let read_owned = Notification::from_raw(item.raw().clone().into_owned());
    assert_eq!(&read_owned, item);
    assert_eq!(Seen::of(&read_owned), seen, "read from a copy");
    if let Some(path) = item.resource_path() {
        check_path(&path);
    }
    match &seen.resource {
        Ok(resource) => look_at(resource),
        Err(error) => {
            let is_from_1 = |(line, column)| line > 0 && column > 0;
            assert!(error.position().is_none_or(is_from_1), "{error}");
        }
    }
    let Some(plain) = Plain::read(item.raw().as_str().as_bytes()) else { return };
    check_members(&plain, &seen);
    let data = plain.member(&["resourceData"]);
    if let Ok(resource) = &seen.resource
        && data.is_none_or(is_of_one_type)
    {
        assert_eq!(resource.kind(), kind(data, item.resource_path().as_ref()));
        check_written(item, resource);
    }
}

/// All that an item tells.
#[derive(Debug, PartialEq)]
struct Seen {
    change_type: Option<ChangeType<'static>>,
    path: Option<String>,
    form: Option<Form>,
    call_id: Option<CallId>,
    callback_uri: Option<String>,
    data: Option<String>,
    resource: Result<Resource<'static>, ReadError>,
}

impl Seen {
    fn of(item: &Notification<'_>) -> Self {
        Self {
            change_type: item.change_type().cloned().map(ChangeType::into_owned),
            path: item.path().map(str::to_owned),
            form: item.form(),
            call_id: item.call_id(),
            callback_uri: item.callback_uri().map(str::to_owned),
            data: item.resource_data().map(|data| data.as_str().to_owned()),
            resource: item.resource().map(Resource::into_owned),
        }
    }
}

/// The members of an item as plain reading has them; or none at all, where one has the wrong type.
fn check_members(plain: &Plain, seen: &Seen) {
    const TEXTS: &[&str] = &["changeType", "resourceUrl", "resource", "callbackUri"];
    let poisoned = matches!(&seen.resource, Err(error) if error.position().is_none());
    assert_eq!(poisoned, !plain.is_object() || !plain.each(TEXTS, Plain::is_text));
    if poisoned {
        assert!(seen.change_type.is_none() && seen.form.is_none() && seen.path.is_none());
        assert!(seen.call_id.is_none() && seen.callback_uri.is_none() && seen.data.is_none());
        return;
    }
    if plain.is_ambiguous(&[TEXTS, &["resourceData"]].concat()) {
        return;
    }
    let change = plain.text(&["changeType"]);
    assert_eq!(seen.change_type.is_some(), change.is_some());
    if let (Some(read), Some(told)) = (&seen.change_type, change) {
        assert!(read.as_str().eq_ignore_ascii_case(told), "{read} for {told}");
        assert!(!matches!(read, ChangeType::Other(_)) || read.as_str() == told, "{read} for {told}");
    }
    let current = plain.text(&["resourceUrl"]);
    assert_eq!(seen.path.as_deref(), current.or(plain.text(&["resource"])));
    let form = if current.is_some() { Form::Current } else { Form::Legacy };
    assert_eq!(seen.form, seen.path.as_ref().map(|_| form));
    assert_eq!(seen.callback_uri.as_deref(), plain.text(&["callbackUri"]));
    let data = plain.member(&["resourceData"]);
    assert_eq!(seen.data.as_ref().and_then(|data| Plain::read(data.as_bytes())).as_ref(), data);
}

/// Whether the data names one type at most, and no namespace but that of Graph. For others it is promised nowhere what
/// becomes of them.
fn is_of_one_type(data: &Plain) -> bool {
    let mut names = entities(data).iter().flat_map(Plain::members).filter(|(name, _)| name == "@odata.type");
    let first = names.next().map(|(_, value)| value);
    let name = if let Some(Plain::Text(name)) = first { short_name(name) } else { String::new() };
    entities(data).iter().all(|entity| entity.count("@odata.type") < 2)
        && names.all(|(_, value)| Some(value) == first)
        && !name.contains('.')
}

fn short_name(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    name.strip_prefix("#microsoft.graph.").map(str::to_owned).unwrap_or(name)
}

fn entities(data: &Plain) -> &[Plain] {
    data.items().unwrap_or(slice::from_ref(data))
}

/// What the data is about by its own type, or else by the path.
fn kind(data: Option<&Plain>, path: Option<&ResourcePath<'_>>) -> &'static str {
    let told = data.and_then(|data| entities(data).first()?.text(&["@odata.type"]));
    let kind = match told {
        Some(name) => kind_by_type(name),
        None => path.map_or("unrecognized", kind_by_path),
    };
    let entities = data.map(entities).map(<[Plain]>::len);
    match kind {
        // Without data, only a call that is gone and content that is shared make sense.
        "participants" | "operation" if data.is_none() => "unrecognized",
        "participants" | "content_sharing" => kind,
        // One entity may come as a list of one.
        _ if entities.is_some_and(|count| count != 1) => "unrecognized",
        _ => kind,
    }
}

fn kind_by_type(name: &str) -> &'static str {
    match short_name(name).as_str() {
        "call" => "call",
        "participant" => "participants",
        "deltaparticipants" => "delta_participants",
        "contentsharingsession" => "content_sharing",
        "participantjoiningnotification" => "participant_joining",
        "participantleftnotification" => "participant_left",
        name if name.ends_with("operation") => "operation",
        _ => "unrecognized",
    }
}

fn kind_by_path(path: &ResourcePath<'_>) -> &'static str {
    match (&path.resource, path.resource.collection()) {
        (CallsResource::Call(_), _) => "call",
        (_, Some(Collection::Participants)) => "participants",
        (_, Some(Collection::Operations)) => "operation",
        (_, Some(Collection::ContentSharingSessions)) => "content_sharing",
        _ => "unrecognized",
    }
}

/// The successor of a deprecated path is current and names the same thing.
fn check_path(path: &ResourcePath<'_>) {
    let Some(successor) = path.successor() else { return };
    let current = ResourcePath::parse(&successor).expect("a successor is a path");
    assert_eq!(current.successor(), None, "{successor}");
    let (old, new) = (&path.resource, &current.resource);
    assert_eq!((new.call(), new.collection(), new.item()), (old.call(), old.collection(), old.item()));
    let action = match old.action() {
        Some(Action::Record) => Some(&Action::RecordResponse),
        action => action,
    };
    assert_eq!(new.action(), action);
}

/// Calls what reads further: end reasons out of codes, ids and numbers out of text.
fn look_at(resource: &Resource<'_>) {
    let at_result = |info: &ResultInfo<'_>| {
        let _ = (info.is_success(), info.end_reason(), info.diag());
    };
    let _ = format!("{resource:?}");
    match resource {
        Resource::Call(call) => {
            call.result_info.iter().for_each(at_result);
            let _ = call.is_policy_recording();
            let _ = call.tone_info.as_ref().and_then(|info| info.tone.as_ref()?.key());
            let _ = call.source.as_ref().and_then(|source| source.identity.as_ref()?.principal());
        }
        Resource::Participants(participants) => {
            for participant in participants {
                let _ = participant.participant_id();
                let _ = participant.identity().and_then(|set| set.principal());
            }
        }
        Resource::Operation(operation) => operation.result_info.iter().for_each(at_result),
        _ => {}
    }
}

/// A typed value written and read again is the same value, and is written the same.
fn check_written(item: &Notification<'_>, resource: &Resource<'_>) {
    let Some(written) = write(resource) else { return };
    let path = item.path().map(|path| format!(r#""resourceUrl":{},"#, json(path))).unwrap_or_default();
    let body = format!(r#"{{"value":[{{{path}"resourceData":{written}}}]}}"#);
    let items = parse(&body);
    let again = items.first().expect("the item that was written").resource();
    assert_eq!(again.as_ref(), Ok(resource), "{written}");
    assert_eq!(again.ok().as_ref().and_then(write), Some(written));
}

fn write(resource: &Resource<'_>) -> Option<String> {
    Some(match resource {
        Resource::Call(call) => json(call),
        Resource::Participants(participants) => json(participants),
        Resource::DeltaParticipants(delta) => json(delta),
        Resource::Operation(operation) => json(operation),
        Resource::ContentSharing(sessions) => json(sessions),
        Resource::ParticipantJoining(joining) => json(joining),
        Resource::ParticipantLeft(left) => json(left),
        Resource::Unrecognized => return None,
    })
}

fn check_bot_framework(plain: Option<&Plain>, payload: &BotFrameworkPayload<'_>) {
    let written = json(payload);
    assert_eq!(&serde_json::from_str::<BotFrameworkPayload<'_>>(&written).expect("what we wrote"), payload);
    assert_eq!(&payload.clone().into_owned(), payload);
    let Some(plain) = plain else { return };
    let fits = plain.each(&["id", "callState", "tenantId"], Plain::is_text);
    let told = |name| plain.text(&[name]).filter(|_| fits);
    assert_eq!(payload.id.as_deref(), told("id"));
    assert_eq!(payload.call_state.as_deref(), told("callState"));
    assert_eq!(payload.tenant_id.as_deref(), told("tenantId"));
}

fn parse(body: &str) -> Vec<Notification<'_>> {
    match WebhookBody::parse(body.as_bytes()).expect("an envelope of our own") {
        WebhookBody::Notifications(items) => items,
        WebhookBody::BotFramework(_) => Vec::new(),
    }
}
