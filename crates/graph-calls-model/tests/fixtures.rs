//! The bodies in `fixtures/`, every generation of the envelope: read at all depths, compared with `expected.tsv`,
//! written, and read again with what tomorrow may bring.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use graph_calls_model::{
    BotFrameworkPayload, CallDirection, CallState, ChangeType, Form, MediaDirection, MediaState, Modality,
    Notification, OperationKind, OperationStatus, RawJson, Resource, TypedNotification, WebhookBody,
};
use serde::Serialize;
use serde_json::{Number, Value, json};

/// The members that hold a word of an open enum, or several.
const WORDS: [&str; 16] = [
    "activeModalities",
    "audio",
    "autoAdmittedUsers",
    "completionReason",
    "contentSharingDisabled",
    "direction",
    "endpointType",
    "mediaType",
    "recordingStatus",
    "requestedModalities",
    "routingPolicies",
    "routingType",
    "state",
    "status",
    "tone",
    "videoDisabled",
];

/// What the service sends and no type of ours holds: the raw slice alone has it.
const UNTYPED: [&str; 6] = [
    "botFramework/isMultiparty",
    "botFramework/participants",
    "botFramework/presentedModalityTypes",
    "call/coOrganizers",
    "call/meetingProperties",
    "participant/publishedStates",
];

/// A word and the name of a member that this version cannot know.
const TOMORROW: &str = "aWordOfTomorrow";

/// A row of the table.
#[derive(Debug)]
struct Row {
    file: String,
    item: usize,
    form: String,
    change: String,
    of_type: String,
    call: String,
    member: String,
    value: String,
}

fn directory() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures"].iter().collect()
}

fn table() -> Vec<Row> {
    let text = fs::read_to_string(directory().join("expected.tsv")).expect("the table");
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(lines.next(), Some("file\titem\tform\tchange\ttype\tcall\tmember\tvalue"));
    let row = |line: &str| {
        let cells: Vec<_> = line.split('\t').map(str::to_owned).collect();
        let [file, item, form, change, of_type, call, member, value] =
            cells.try_into().unwrap_or_else(|_| panic!("a row has 8 cells: {line}"));
        let item = item.parse().unwrap_or_else(|_| panic!("an item has a number: {line}"));
        Row { file, item, form, change, of_type, call, member, value }
    };
    lines.map(row).collect()
}

/// The fixtures by name, with their text.
fn fixtures() -> Vec<(String, String)> {
    let entries = |path: PathBuf| {
        let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        entries.map(|entry| entry.expect("an entry").path())
    };
    let directories = entries(directory()).filter(|path| path.is_dir());
    let mut files: Vec<_> = directories
        .flat_map(entries)
        .map(|path| {
            let name = path.strip_prefix(directory()).expect("below it").to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, text)
        })
        .collect();
    files.sort();
    files
}

/// What is read of an item, whatever its form.
#[derive(Debug, PartialEq)]
struct Item {
    form: String,
    change: String,
    of_type: String,
    call: String,
    /// The item as it was sent.
    raw: String,
    /// Its data as it was sent.
    sent: Value,
    /// Its data, read and written.
    written: Value,
}

/// Reads a body at all depths, which have to agree. An item that cannot be read is its raw slice.
fn read(name: &str, body: &str) -> Vec<Result<Item, String>> {
    let fail = |error| -> ! { panic!("{name}: {error}") };
    let lazy = WebhookBody::parse(body.as_bytes()).unwrap_or_else(|error| fail(error));
    let typed = WebhookBody::parse_typed(body.as_bytes()).unwrap_or_else(|error| fail(error));
    match (lazy, typed) {
        (WebhookBody::Notifications(lazy), WebhookBody::Notifications(typed)) => {
            assert_eq!(lazy.len(), typed.len(), "{name}");
            let items = (1..).zip(lazy.into_iter().zip(typed));
            items
                .map(|(n, (lazy, typed))| notification(&format!("{name}, item {n}"), &lazy, &typed))
                .collect()
        }
        (WebhookBody::BotFramework(lazy), WebhookBody::BotFramework(typed)) => {
            assert_eq!(typed, lazy, "{name}: typed");
            assert_eq!(lazy.clone().into_owned(), lazy, "{name}: owned");
            vec![Ok(bot_framework(body, &lazy))]
        }
        _ => panic!("{name}: it has two forms"),
    }
}

fn notification(what: &str, lazy: &Notification<'_>, typed: &TypedNotification<'_>) -> Result<Item, String> {
    let resource = lazy.resource();
    let raw = lazy.raw().as_str().to_owned();
    let copied = Notification::from_raw(RawJson::from_string(raw.clone()).expect("JSON"));
    let owned = typed.clone().into_owned();
    assert_eq!(typed.resource, resource, "{what}: read in one pass");
    assert_eq!(owned.resource, resource, "{what}: read in one pass and owned");
    for (depth, other) in [
        ("read in one pass", &typed.notification),
        ("owned", &lazy.clone().into_owned()),
        ("read in one pass and owned", &owned.notification),
        ("read from a copy", &copied),
    ] {
        assert_eq!(other.resource(), resource, "{what}: {depth}");
        assert_eq!(other.raw(), lazy.raw(), "{what}: {depth}");
        assert_eq!(other.resource_data(), lazy.resource_data(), "{what}: {depth}");
        assert_eq!((other.form(), other.path()), (lazy.form(), lazy.path()), "{what}: {depth}");
        assert_eq!(other.change_type(), lazy.change_type(), "{what}: {depth}");
        assert_eq!(other.callback_uri(), lazy.callback_uri(), "{what}: {depth}");
    }
    let Ok(resource) = resource else { return Err(raw) };
    let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
    Ok(Item {
        form: text(lazy.form().map(Form::as_str)),
        change: text(lazy.change_type().map(ChangeType::as_str)),
        of_type: resource.type_name().unwrap_or("-").to_owned(),
        call: lazy.call_id().map_or_else(|| "-".to_owned(), |id| id.to_string()),
        sent: lazy.resource_data().map_or(Value::Null, |data| data.read().expect("JSON")),
        written: write(&resource),
        raw,
    })
}

fn bot_framework(body: &str, payload: &BotFrameworkPayload<'_>) -> Item {
    Item {
        form: "bot-framework".to_owned(),
        change: "-".to_owned(),
        of_type: "call".to_owned(),
        call: payload.id.as_deref().unwrap_or("-").to_owned(),
        raw: body.trim().to_owned(),
        sent: serde_json::from_str(body).expect("JSON"),
        written: to_value(payload),
    }
}

fn write(resource: &Resource<'_>) -> Value {
    match resource {
        Resource::Call(call) => to_value(call),
        Resource::Participants(participants) => to_value(participants),
        Resource::DeltaParticipants(delta) => to_value(delta),
        Resource::Operation(operation) => to_value(operation),
        Resource::ContentSharing(sessions) => to_value(sessions),
        Resource::ParticipantJoining(joining) => to_value(joining),
        Resource::ParticipantLeft(left) => to_value(left),
        _ => Value::Null,
    }
}

fn to_value(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("written")
}

/// The items of all fixtures with where they stand; each has to be readable.
fn items() -> Vec<(String, Item)> {
    let items = |(name, text): (String, String)| {
        let items = (1..).zip(read(&name, &text));
        items.map(move |(n, item)| {
            let what = format!("{name}, item {n}");
            let item = item.unwrap_or_else(|raw| panic!("{what} cannot be read: {raw}"));
            (what, item)
        })
    };
    fixtures().into_iter().flat_map(items).collect()
}

/// Compares data as it was sent with what was written of it.
#[derive(Debug, Default)]
struct Comparison {
    problems: Vec<String>,
    /// Where something was lost that no type of ours holds.
    untyped: BTreeSet<String>,
}

impl Comparison {
    fn of(&mut self, what: &str, item: &Item) {
        let root = if item.form == "bot-framework" { "botFramework" } else { &item.of_type };
        let before = self.problems.len();
        let (sent, written) = (&item.sent, &item.written);
        match (sent.as_array().map(Vec::as_slice), written.as_array().map(Vec::as_slice)) {
            // A bare notification.
            _ if sent.is_null() => self.values(root, &empty_like(written), written),
            // One alone may come as a list, and a list of one alone.
            (Some([sent]), None) => self.values(root, sent, written),
            (None, Some([written])) => self.values(root, sent, written),
            _ => self.values(root, sent, written),
        }
        for problem in self.problems.iter_mut().skip(before) {
            *problem = format!("{what}: {problem}");
        }
    }

    fn values(&mut self, at: &str, sent: &Value, written: &Value) {
        match (sent, written) {
            (Value::Object(sent), Value::Object(written)) => {
                let mut more: BTreeSet<&str> = written.keys().map(String::as_str).collect();
                for (name, value) in sent {
                    let name = todays_name(name);
                    let place = format!("{at}/{name}");
                    more.remove(name);
                    match written.get(name) {
                        _ if name.starts_with("@odata.") => {}
                        Some(written) => self.values(&place, value, written),
                        None if value.is_null() || value.as_array().is_some_and(Vec::is_empty) => {}
                        None if name == TOMORROW => {}
                        None if UNTYPED.contains(&place.as_str()) => _ = self.untyped.insert(place),
                        None => self.problems.push(format!("{place} is lost: {value}")),
                    }
                }
                for name in more.into_iter().filter(|name| !name.starts_with("@odata.")) {
                    self.problems.push(format!("{at}/{name} was never sent: {}", written[name]));
                }
            }
            (Value::Array(sent), Value::Array(written)) if sent.len() == written.len() => {
                for (sent, written) in sent.iter().zip(written) {
                    self.values(at, sent, written);
                }
            }
            (Value::String(sent), Value::Number(number))
                if sent.parse::<Number>().is_ok_and(|sent| sent == *number) => {}
            (Value::String(sent), Value::String(written))
                if is_word(at) && sent != TOMORROW && sent.eq_ignore_ascii_case(written) => {}
            _ if sent == written => {}
            _ => self.problems.push(format!("{at} was sent as {sent} and written as {written}")),
        }
    }
}

fn empty_like(value: &Value) -> Value {
    if value.is_array() { json!([]) } else { json!({}) }
}

/// Members that had other names in 2018 and 2019, or go by two.
fn todays_name(name: &str) -> &str {
    match name {
        "error" | "errorInfo" => "resultInfo",
        "subCode" => "subcode",
        "recordResourceLocation" => "recordingLocation",
        "recordResourceAccessToken" => "recordingAccessToken",
        "ApplicationType" => "applicationType",
        name => name,
    }
}

fn is_word(at: &str) -> bool {
    at.rsplit('/').next().is_some_and(|name| WORDS.contains(&name))
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// The same body with each of its notifications changed, or with itself where it is older than those.
fn with_each(text: &str, mut change: impl FnMut(&mut Value)) -> Value {
    let mut body: Value = serde_json::from_str(text).expect("JSON");
    match body.get_mut("value").and_then(Value::as_array_mut) {
        Some(items) => items.iter_mut().for_each(change),
        None => change(&mut body),
    }
    body
}

#[test]
fn every_fixture_has_its_rows_and_is_what_they_say() {
    let (table, mut problems) = (table(), Vec::new());
    let place = |row: &Row| (row.file.clone(), row.item);
    assert!(table.is_sorted_by(|one, two| place(one) < place(two)), "sort the rows by file and item");
    let rows: BTreeSet<_> = table.iter().map(place).collect();
    let found: BTreeSet<_> = fixtures()
        .iter()
        .flat_map(|(name, text)| (1..=read(name, text).len()).map(|n| (name.clone(), n)))
        .collect();
    for (file, item) in rows.symmetric_difference(&found) {
        problems.push(format!("{file}, item {item} has either no row or no fixture"));
    }
    assert_none(&problems);

    for (row, (what, item)) in table.iter().zip(items()) {
        let told = if row.member == "-" {
            "-".to_owned()
        } else {
            item.written.pointer(&row.member).map_or_else(
                || format!("nothing, in {}", item.written),
                |value| value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            )
        };
        for (column, expected, is) in [
            ("form", &row.form, &item.form),
            ("change", &row.change, &item.change),
            ("type", &row.of_type, &item.of_type),
            ("call", &row.call, &item.call),
            (&row.member, &row.value, &told),
        ] {
            if expected != is {
                problems.push(format!("{what}: {column} should be {expected}, but is {is}"));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn what_was_read_is_written_as_it_was_sent() {
    let mut comparison = Comparison::default();
    for (what, item) in items() {
        comparison.of(&what, &item);
    }
    assert_none(&comparison.problems);
    let untyped: Vec<_> = comparison.untyped.iter().map(String::as_str).collect();
    assert_eq!(untyped, UNTYPED, "a type holds it now, or no fixture has it: take it out of the list");
}

#[test]
fn what_was_written_is_read_as_the_same() {
    for (name, text) in fixtures() {
        let before = read(&name, &text);
        let mut written = before.iter().map(|item| item.as_ref().expect("readable").written.clone());
        let body = with_each(&text, |item| {
            let data = written.next().expect("as many");
            match item.get("changeType") {
                Some(_) => item["resourceData"] = data,
                None => *item = data,
            }
        });
        for (n, (before, after)) in (1..).zip(before.iter().zip(read(&name, &body.to_string()))) {
            let (before, after) = (before.as_ref().expect("readable"), after.expect("readable"));
            assert_eq!(after.written, before.written, "{name}, item {n}");
            assert_eq!(after.of_type, before.of_type, "{name}, item {n}");
        }
    }
}

#[test]
fn words_of_tomorrow_come_back_as_they_were() {
    fn change(value: &mut Value, is_word: bool, changed: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let is_word = WORDS.contains(&name.as_str());
                    if is_word && (value.is_string() || value.get(0).is_some()) {
                        changed.insert(name.clone());
                    }
                    change(value, is_word, changed);
                }
            }
            Value::Array(all) => all.iter_mut().for_each(|value| change(value, is_word, changed)),
            Value::String(text) if is_word => TOMORROW.clone_into(text),
            _ => {}
        }
    }
    let (mut comparison, mut changed) = (Comparison::default(), BTreeSet::new());
    for (name, text) in fixtures() {
        let body = with_each(&text, |item| match item.get("changeType") {
            Some(_) => {
                item["changeType"] = TOMORROW.into();
                let Some(data) = item.get_mut("resourceData") else { return };
                change(data, false, &mut changed);
                if data.get("@odata.type").is_some_and(|name| name.to_string().ends_with("Operation\"")) {
                    data["@odata.type"] = format!("#microsoft.graph.{TOMORROW}Operation").into();
                }
            }
            None => change(item, false, &mut changed),
        });
        for (n, item) in (1..).zip(read(&name, &body.to_string())) {
            let what = format!("{name}, item {n}");
            let item = item.unwrap_or_else(|raw| panic!("{what} cannot be read: {raw}"));
            comparison.of(&what, &item);
            assert!([TOMORROW, "-"].contains(&item.change.as_str()), "{what}: {}", item.change);
            if item.written.get("status").is_some() && item.sent.get("@odata.type").is_some() {
                assert_eq!(item.of_type, format!("{TOMORROW}Operation"), "{what}");
                assert_eq!(item.written["@odata.type"], item.sent["@odata.type"], "{what}");
            }
        }
    }
    assert_none(&comparison.problems);
    assert_eq!(changed, WORDS.map(str::to_owned).into(), "no fixture has it: write one");
}

#[test]
fn members_of_tomorrow_change_nothing_and_stay_in_the_raw_slice() {
    fn add(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.values_mut().for_each(add);
                members.insert(TOMORROW.to_owned(), json!({ "state": [null, 7, { "deep": "a \"text\"" }] }));
            }
            Value::Array(all) => all.iter_mut().for_each(add),
            _ => {}
        }
    }
    for (name, text) in fixtures() {
        let mut sent = Vec::new();
        let body = with_each(&text, |item| {
            add(item);
            sent.push(item.clone());
        });
        let pairs = read(&name, &text).into_iter().zip(read(&name, &body.to_string()));
        for (n, (before, after)) in (1..).zip(pairs) {
            let (before, after) = (before.expect("readable"), after.expect("readable"));
            let what = format!("{name}, item {n}");
            let raw: Value = serde_json::from_str(&after.raw).expect("JSON");
            assert_eq!(raw, sent[n - 1], "{what}");
            assert_eq!(
                Item { raw: before.raw.clone(), sent: before.sent.clone(), ..after },
                before,
                "{what}"
            );
        }
    }
}

#[test]
fn items_that_cannot_be_read_cost_no_other() {
    let bad = [
        "7",
        "null",
        "true",
        "\"text\"",
        "[]",
        r#"{"changeType":7,"resourceUrl":"/communications/calls/1"}"#,
        r#"{"changeType":"updated","resourceUrl":["/communications/calls/1"]}"#,
        r##"{"changeType":"updated","resourceData":{"@odata.type":"#microsoft.graph.call","state":7}}"##,
        r#"{"changeType":"updated","resourceUrl":"/communications/calls/1","resourceData":{"targets":{}}}"#,
        r#"{"changeType":"updated","resourceUrl":"/communications/calls/1/participants","resourceData":[7]}"#,
        r#"{"changeType":"updated","resourceUrl":"/app/calls/1/operations/2","resourceData":{"status":[]}}"#,
        r##"{"changeType":"updated","resourceData":{"@odata.type":"#microsoft.graph.deltaParticipants","sequenceNumber":"x"}}"##,
    ];
    let good: Vec<_> = items().into_iter().filter(|(_, item)| item.form != "bot-framework").collect();
    let mut texts = Vec::new();
    for ((_, item), bad) in good.iter().zip(bad.iter().cycle()) {
        texts.extend([*bad, &item.raw]);
    }
    texts.push("{\"resource\":false}");
    let body = format!("{{\"value\":[{}]}}", texts.join(",\n"));
    let mut read = read("all fixtures", &body).into_iter();
    let mut good = good.iter();
    for text in texts {
        match read.next().expect("as many items") {
            Err(raw) => assert_eq!(raw, text),
            Ok(item) => {
                let (what, alone) = good.next().expect("as many good ones");
                assert_eq!(item, *alone, "{what}, among others");
            }
        }
    }
    assert_eq!((read.next(), good.next()), (None, None));
}

#[test]
fn every_state_status_and_kind_of_operation_has_a_fixture() {
    fn words(value: &Value, place: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| words(value, name, found)),
            Value::Array(all) => all.iter().for_each(|value| words(value, place, found)),
            Value::String(text) => _ = found.insert(format!("{place} {text}")),
            _ => {}
        }
    }
    let (mut found, mut missing) = (BTreeSet::new(), Vec::new());
    for (_, item) in items() {
        found.insert(format!("change {}", item.change));
        words(&item.written, "", &mut found);
    }
    for (place, members) in [
        ("change", ChangeType::MEMBERS),
        ("state", CallState::MEMBERS),
        ("direction", CallDirection::MEMBERS),
        ("direction", MediaDirection::MEMBERS),
        ("audio", MediaState::MEMBERS),
        ("requestedModalities", Modality::MEMBERS),
        ("status", OperationStatus::MEMBERS),
        ("@odata.type", OperationKind::MEMBERS),
    ] {
        let places = members.iter().map(|member| format!("{place} {member}"));
        missing.extend(places.filter(|place| !found.contains(place)));
    }
    assert!(missing.is_empty(), "no fixture has {missing:?}");
}
