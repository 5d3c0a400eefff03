//! The fixtures of the model, as the program reads them, against the model's table of what they are.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::{Value, json};

use crate::support::{Ran, run, run_with};

const COLUMNS: [&str; 4] = ["form", "change_type", "type", "call_id"];

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../graph-calls-model/tests/fixtures").join(name)
}

/// What the table says of each file's items, in the order of [`COLUMNS`].
fn table() -> BTreeMap<String, Vec<[Value; 4]>> {
    let text = fs::read_to_string(path("expected.tsv")).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    assert!(lines.next().unwrap().starts_with("file\titem\tform\tchange\ttype\tcall\t"));
    let mut table = BTreeMap::<_, Vec<_>>::new();
    for line in lines {
        let cells: Vec<_> = line.split('\t').collect();
        let row = [2, 3, 4, 5].map(|at| if cells[at] == "-" { Value::Null } else { cells[at].into() });
        table.entry(cells[0].to_owned()).or_default().push(row);
    }
    table
}

fn parse(name: &str, flags: &[&str]) -> Ran {
    let file = path(name);
    let arguments = [&["notification", "parse", file.to_str().unwrap()], flags].concat();
    let ran = run(&arguments);
    assert_eq!(ran.code, 0, "{name}: {ran:?}");
    ran
}

fn told(item: &Value) -> [Value; 4] {
    COLUMNS.map(|column| item[column].clone())
}

#[test]
fn every_fixture_is_what_the_table_says() {
    let mut problems = Vec::new();
    for (name, rows) in table() {
        let items: Vec<_> = parse(&name, &["--json"]).json();
        assert_eq!(items.len(), rows.len(), "{name}");
        for (n, (item, row)) in (1..).zip(items.iter().zip(&rows)) {
            if told(item) != *row || item["kind"] == "unrecognized" || item["problem"] != Value::Null {
                problems.push(format!("{name}, item {n}: {item}, but {COLUMNS:?} should be {row:?}"));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn items_that_cannot_be_read_leave_all_others_as_they_are() {
    let bad = [
        json!(7),
        json!(null),
        json!({ "changeType": "updated", "resourceUrl": "/communications/calls/1", "resourceData": { "state": 7 } }),
    ];
    let (mut items, mut expected) = (Vec::new(), Vec::new());
    for (name, rows) in table() {
        let body: Value = serde_json::from_slice(&fs::read(path(&name)).unwrap()).unwrap();
        let Some(more) = body["value"].as_array() else { continue };
        for (item, row) in more.iter().zip(rows) {
            items.push(bad[expected.len() % bad.len()].clone());
            items.push(item.clone());
            expected.push(row);
        }
    }
    let body = json!({ "value": items }).to_string();
    let ran = run_with(&["notification", "parse", "--json"], &[], body.as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let (bad, good): (Vec<_>, Vec<_>) = ran.json().into_iter().partition(|item| item["problem"].is_string());
    assert_eq!((bad.len(), good.len()), (expected.len(), expected.len()));
    assert_eq!(good.iter().map(told).collect::<Vec<_>>(), expected);
}

#[test]
fn who_joins_a_recorded_call_and_who_has_left_it_is_named() {
    let joining = parse("c-current/participant-joining.json", &["--json"]).one();
    let who = &joining["participant"];
    assert_eq!((&who["kind"], &who["participant_id"]), (&json!("user"), &json!(OBSERVED)));
    assert_eq!((&joining["state"], &joining["end"]), (&json!("established"), &Value::Null));
    assert_eq!(joining["caller"]["name"], "Raj Lindqvist");

    let left = parse("c-current/participant-left.json", &["--json"]).one();
    let left_who = json!({ "kind": null, "id": null, "name": null, "participant_id": OBSERVED });
    assert_eq!(left["participant"], left_who);
    assert_eq!((&left["result"]["subcode"], &left["end"]), (&json!(5000), &Value::Null));

    let text = parse("c-current/participant-joining.json", &[]).out;
    assert!(text.starts_with("item 1 of 1: participant joining created, current form\n"), "{text}");
    assert!(text.contains("\n  participant  user "), "{text}");
    let text = parse("c-current/participant-left.json", &[]).out;
    assert!(text.contains(&format!("\n  participant  {OBSERVED}\n")), "{text}");
    assert!(text.contains("\n  result       200/5000: Another participant removed"), "{text}");
}

#[test]
fn tones_that_were_not_sent_are_told_by_their_reason() {
    let name = "c-current/operation-send-dtmf-tones-cancelled.json";
    assert_eq!(parse(name, &["--json"]).one()["operation"]["completion_reason"], "mediaOperationCanceled");
    let text = parse(name, &[]).out;
    let told = "\n  operation    sendDtmfTonesOperation, completed, mediaOperationCanceled\n";
    assert!(text.contains(told), "{text}");
}

/// The participant id that both of those fixtures are about.
const OBSERVED: &str = "6c0732bd-becf-508b-90d5-57aeb1f2bf05";
