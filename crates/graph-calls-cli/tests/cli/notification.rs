use serde_json::{Value, json};

use crate::support::{Ran, run, run_with};

const CALL: &str = "57dab8b1-894c-409a-b240-bd8beae78896";

fn parse(body: &str) -> Ran {
    run_with(&["notification", "parse", "--json"], &[], body.as_bytes())
}

fn items(items: &Value) -> Vec<Value> {
    let ran = parse(&json!({ "value": items }).to_string());
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()
}

fn item(change: &str, path: &str, data: &Value) -> Value {
    json!({ "changeType": change, "resourceUrl": path, "resourceData": data })
}

#[test]
fn forms_follow_the_members_that_name_the_resource() {
    let data = json!({ "@odata.type": "#microsoft.graph.call", "state": "established" });
    let url = format!("/communications/calls/{CALL}");
    let read = items(&json!([
        { "changeType": "updated", "resourceUrl": url, "resourceData": data },
        { "changeType": "updated", "resourceUrl": url, "resource": "/app/calls/1", "resourceData": data },
        { "changeType": "updated", "resource": "/app/calls/57DAB8B1894C409AB240BD8BEAE78896", "resourceData": data },
    ]));
    let forms: Vec<_> = read.iter().map(|item| item["form"].as_str().unwrap()).collect();
    assert_eq!(forms, ["current", "current", "legacy"]);
    assert_eq!(read[1]["resource"], url);
    assert_eq!(read[2]["resource"], "/app/calls/57DAB8B1894C409AB240BD8BEAE78896");
    assert_eq!(read[2]["call_id"], "57DAB8B1894C409AB240BD8BEAE78896");
    assert_eq!(read[0]["state"], "established");
    assert!(read[0]["end"].is_null());

    let old = parse(r#"{"id":"1","callState":"incoming"}"#).one();
    assert_eq!((&old["form"], &old["call_id"]), (&json!("bot-framework"), &json!("1")));
}

#[test]
fn ends_are_told_in_words_as_far_as_the_service_says() {
    let path = format!("/communications/calls/{CALL}");
    let call = |members: Value| {
        let mut call = json!({ "@odata.type": "#microsoft.graph.call" });
        call.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        item("deleted", &path, &call)
    };
    let read = items(&json!([
        call(json!({ "state": "terminated", "resultInfo": { "code": "200", "subcode": "5002" } })),
        call(json!({})),
        call(json!({ "state": "terminated", "terminationReason": "AppInitiated" })),
        call(json!({ "state": "terminated", "resultInfo": { "code": 499, "subCode": 1 } })),
        item("updated", &path, &json!({
            "@odata.type": "#microsoft.graph.call", "state": "established",
            "resultInfo": { "code": 500, "subCode": 7000 },
        })),
        { "changeType": "deleted", "resourceUrl": path },
    ]));
    let end = &read[0]["end"];
    assert_eq!((&end["code"], &end["subcode"]), (&json!(200), &json!(5002)));
    assert!(end["reason"].as_str().unwrap().contains("Everyone else left"));
    assert_eq!(end["normal"], true);
    assert_eq!(read[1]["end"], json!({ "reason": "not given" }));
    assert_eq!(read[2]["end"]["reason"], "AppInitiated");
    assert_eq!(read[3]["end"]["reason"], "not documented");
    assert!(read[4]["end"].is_null());
    assert_eq!(read[4]["result"]["applies_to"], "transfer");
    assert_eq!(read[5]["end"], json!({ "reason": "not given" }));
}

#[test]
fn rosters_operations_tones_and_callers_are_read() {
    let below = |suffix: &str| format!("/communications/calls/{CALL}{suffix}");
    let read = items(&json!([
        item("updated", &below("/participants"), &json!([{
            "@odata.type": "#microsoft.graph.participant", "id": "p1",
            "info": { "identity": { "user": { "id": "u1", "displayName": "Adele Vance" } } },
        }])),
        item("deleted", &below("/operations/o1"), &json!({
            "@odata.type": "#microsoft.graph.playPromptOperation", "status": "completed", "clientContext": "c",
            "resultInfo": { "code": 200, "subcode": 0 },
        })),
        item("updated", &below(""), &json!({
            "@odata.type": "#microsoft.graph.call", "state": "established",
            "toneInfo": { "sequenceId": 4, "tone": "pound" },
        })),
        item("created", &below(""), &json!({
            "@odata.type": "#microsoft.graph.call", "state": "incoming", "direction": "incoming",
            "source": { "identity": { "phone": { "id": "+15550100001" } } },
        })),
        item("updated", &below("/participants"), &json!({
            "@odata.type": "#microsoft.graph.deltaParticipants", "sequenceNumber": 1, "participants": [],
        })),
        { "changeType": "updated", "resourceUrl": below("/contentsharingsessions/s1") },
    ]));
    let kinds: Vec<_> = read.iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["participants", "operation", "call", "call", "delta_participants", "content_sharing"]);
    assert_eq!(read[0]["participants"]["count"], 1);
    assert_eq!(read[1]["operation"]["status"], "completed");
    assert_eq!(read[1]["operation"]["client_context"], "c");
    assert_eq!(read[2]["tone"], json!({ "tone": "pound", "key": "#", "sequence_id": 4 }));
    assert_eq!(read[3]["direction"], "incoming");
    assert_eq!(read[3]["caller"]["kind"], "phone");
}

#[test]
fn a_bad_item_among_good_ones_costs_no_other() {
    let path = format!("/communications/calls/{CALL}");
    let read = items(&json!([
        17,
        item("updated", &path, &json!({ "@odata.type": "#microsoft.graph.call", "state": 7 })),
        item("updated", &path, &json!({ "@odata.type": "#microsoft.graph.somethingNew" })),
        item("updated", &path, &json!({ "@odata.type": "#microsoft.graph.call", "state": "dreaming" })),
    ]));
    let kinds: Vec<_> = read.iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["unrecognized", "unrecognized", "unrecognized", "call"]);
    assert!(read[1]["problem"].as_str().unwrap().contains("another type"));
    assert_eq!(read[3]["state"], "dreaming");
}

#[test]
fn what_is_not_understood_still_has_the_type_it_tells() {
    let path = format!("/communications/calls/{CALL}");
    let new = json!({ "@odata.type": "#microsoft.graph.somethingNew" });
    let data = [
        json!({ "@odata.type": "#microsoft.graph.call", "state": 7 }),
        new.clone(),
        json!([new]),
        json!({ "state": 7 }),
        json!({ "@odata.type": 7, "state": 7 }),
    ];
    let data = data.map(|data| item("updated", &path, &data));
    let read = items(&json!(data));
    let types: Vec<_> = read.iter().map(|item| item["type"].clone()).collect();
    assert_eq!(
        types,
        [json!("call"), json!("somethingNew"), json!("somethingNew"), json!(null), json!(null)]
    );
    assert!(read.iter().all(|item| item["kind"] == "unrecognized"), "{read:?}");

    let body = json!({ "value": [data[1]] }).to_string();
    let text = run_with(&["notification", "parse"], &[], body.as_bytes()).out;
    assert!(
        text.starts_with("item 1 of 1: unrecognized updated, current form\n  type         somethingNew\n"),
        "{text}"
    );
}

#[test]
fn what_is_no_body_fails_with_line_and_column() {
    for (body, said) in [
        (&b"[1]"[..], "line 1, column 1: not a JSON object"),
        (b"{\"value\": [\n{]}", "line 2, column 2: not JSON"),
        (b"{\"a\": \"\xff\"}", "line 1, column 8: not UTF-8"),
        (b"", "line 1"),
        (b"{\"value\": 1}", "`value` is no array"),
    ] {
        let ran = run_with(&["notification", "parse", "-"], &[], body);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.err.contains(said), "{ran:?}");
        assert_eq!(ran.out, "");
    }
    let ran = run(&["notification", "parse", "/no/such/file.json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("/no/such/file.json"), "{ran:?}");
}

#[test]
fn people_read_aligned_lines_and_no_control_characters() {
    let path = format!("/communications/calls/{CALL}");
    let data = json!({
        "@odata.type": "#microsoft.graph.call", "state": "\u{1b}[2Jterminated",
        "resultInfo": { "code": 200, "subcode": 5001 },
    });
    let body = json!({ "value": [item("deleted", &path, &data)] }).to_string();
    let ran = run_with(&["notification", "parse"], &[], body.as_bytes());
    assert!(ran.out.starts_with("item 1 of 1: call deleted, current form\n"), "{}", ran.out);
    assert!(ran.out.contains("\n  end          200/5001: The conversation is over"), "{}", ran.out);
    assert!(!ran.out.contains('\u{1b}'), "{}", ran.out);
}
