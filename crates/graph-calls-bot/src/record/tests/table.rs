//! Every row of the state machine, and what becomes of a call by it.

use super::*;

/// What brings a call from one state to another.
struct Row {
    name: &'static str,
    start: fn() -> CallRecord,
    before: Vec<Notification<'static>>,
    then: Vec<Notification<'static>>,
    state: &'static str,
    told: &'static [&'static str],
}

fn new() -> CallRecord {
    CallRecord::default()
}

fn outgoing() -> CallRecord {
    CallRecord::outgoing(Vec::new())
}

fn decided(decided: Decided) -> CallRecord {
    let mut record = CallRecord::default();
    record.decide(decided);
    record
}

fn ended(state: Option<&str>, result: &Value) -> Notification<'static> {
    item("deleted", &json!({"state": state, "resultInfo": result}))
}

fn code(code: i64, subcode: i64) -> Value {
    json!({"code": code, "subcode": subcode})
}

fn failed_transfer(subcode: i64) -> Notification<'static> {
    item(
        "updated",
        &json!({"state": "established", "resultInfo": {"code": 500, "subCode": subcode},
        "replacesContext": "x"}),
    )
}

#[expect(clippy::too_many_lines, reason = "one row after the other, as the table has them")]
fn rows() -> Vec<Row> {
    let row = |name, start, before: &[Notification<'static>], then: &[Notification<'static>], state, told| {
        Row { name, start, before: before.to_vec(), then: then.to_vec(), state, told }
    };
    let media =
        |audio: &str| item("updated", &json!({"state": "established", "mediaState": {"audio": audio}}));
    let established = state("established");
    let accepted = state("transferAccepted");
    let transferring = state("transferring");
    let bare = item("deleted", &json!({"@odata.type": "#microsoft.graph.call"}));
    let up = [established.clone()];
    let moving = [established.clone(), transferring.clone()];
    let taken = [established.clone(), transferring.clone(), accepted.clone()];
    vec![
        row("someone calls the bot", new, &[], &[incoming()], "incoming", &["incoming"]),
        row("create call", outgoing, &[], &[state("establishing")], "establishing", &["establishing"]),
        row(
            "answer",
            || decided(Decided::Answer),
            &[incoming()],
            &[state("establishing"), established.clone(), established.clone()],
            "established",
            &["establishing", "established"],
        ),
        row(
            "answer, swapped",
            || decided(Decided::Answer),
            &[incoming()],
            &[established.clone(), state("establishing")],
            "established",
            &["established"],
        ),
        row(
            "reject",
            || decided(Decided::Reject),
            &[incoming()],
            std::slice::from_ref(&bare),
            "terminated",
            &["terminated rejected"],
        ),
        row(
            "redirect",
            || decided(Decided::Redirect),
            &[incoming()],
            &[state("redirecting"), item("deleted", &json!({"state": "terminated"}))],
            "terminated",
            &["terminated redirected"],
        ),
        row(
            "redirect of another instance",
            new,
            &[incoming()],
            &[state("redirecting"), item("deleted", &json!({"state": "terminated"}))],
            "terminated",
            &["terminated redirected"],
        ),
        row(
            "15 s pass",
            new,
            &[incoming()],
            std::slice::from_ref(&bare),
            "terminated",
            &["terminated missed"],
        ),
        row("callee rings", outgoing, &[state("establishing")], &[state("Ringing")], "ringing", &["ringing"]),
        row(
            "callee answers",
            outgoing,
            &[state("establishing"), state("ringing")],
            &up,
            "established",
            &["established"],
        ),
        row("meeting joined", outgoing, &[state("establishing")], &up, "established", &["established"]),
        row(
            "failure, directly",
            outgoing,
            &[state("establishing")],
            &[ended(Some("terminated"), &code(480, 10_037))],
            "terminated",
            &["terminated not answered"],
        ),
        row(
            "cancel, over terminating",
            outgoing,
            &[state("establishing"), state("ringing")],
            &[state("terminating"), ended(Some("terminated"), &code(408, 10_057))],
            "terminated",
            &["terminated not answered"],
        ),
        row(
            "media and chat change",
            new,
            &up,
            &[
                media("active"),
                item("updated", &json!({"chatInfo": {"threadId": "19:x"}})),
                media("active"),
                item("updated", &json!({"transcription": {"state": "active"}})),
                media("inactive"),
            ],
            "established",
            &["media active", "media inactive"],
        ),
        row(
            "put on hold and back",
            new,
            &up,
            &[state("hold"), state("hold"), established.clone(), state("hold"), established.clone()],
            "established",
            &["hold", "resumed", "hold", "resumed"],
        ),
        row("transfer", new, &up, std::slice::from_ref(&transferring), "transferring", &[]),
        row(
            "target accepts before media stops",
            new,
            &moving,
            &[accepted.clone(), media("inactive")],
            "transferAccepted",
            &["transfer accepted"],
        ),
        row(
            "target accepts after media stops",
            new,
            &[established.clone(), media("active"), transferring.clone()],
            &[item("updated", &json!({"mediaState": {"audio": "inactive"}})), accepted.clone()],
            "transferAccepted",
            &["media inactive", "transfer accepted"],
        ),
        row(
            "transfer completed",
            new,
            &taken,
            &[ended(Some("terminated"), &code(0, 7015))],
            "terminated",
            &["terminated transferred"],
        ),
        row(
            "transfer completed, by its word",
            new,
            &taken,
            &[item("deleted", &json!({"state": "terminated", "terminationReason": "AppTransferred"}))],
            "terminated",
            &["terminated transferred"],
        ),
        row(
            "transfer failed, blind",
            new,
            &moving,
            &[failed_transfer(7000), failed_transfer(7000), transferring.clone(), accepted.clone()],
            "established",
            &["transfer failed"],
        ),
        row(
            "transfer failed, consultative, after it was accepted",
            new,
            &taken,
            &[failed_transfer(7700), established.clone()],
            "established",
            &["transfer failed"],
        ),
        row(
            "hang-up by anybody",
            new,
            &up,
            &[state("terminating"), ended(Some("terminated"), &code(200, 5001))],
            "terminated",
            &["terminated answered"],
        ),
        row(
            "keep-alive lapsed, without terminating",
            new,
            &up,
            &[ended(Some("terminated"), &code(408, 8537))],
            "terminated",
            &["terminated answered"],
        ),
        row(
            "terminated, but only updated",
            new,
            &[incoming()],
            &[item("updated", &json!({"state": "terminated", "resultInfo": {"code": 487}}))],
            "terminated",
            &["terminated missed"],
        ),
        row(
            "a state that nobody knows",
            new,
            &up,
            &[state("unknownFutureValue"), state("levitating"), state("hold")],
            "hold",
            &["hold"],
        ),
    ]
}

#[test]
fn every_row_of_the_table_leads_where_it_says() {
    for row in rows() {
        let mut record = (row.start)();
        for item in &row.before {
            record.apply(item, at(0)).unwrap();
        }
        let mut told = Vec::new();
        for item in &row.then {
            told.extend(words(&record.apply(item, at(60)).unwrap()));
        }
        assert_eq!(told, row.told, "{}", row.name);
        assert_eq!(record.state().map(CallState::as_str), Some(row.state), "{}", row.name);
        let kept = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<CallRecord>(&kept).unwrap(), record, "{}", row.name);
    }
}

#[test]
fn what_became_of_a_call_depends_on_its_history() {
    let cut = || ended(Some("terminated"), &code(487, 10_004));
    let nothing = || item("deleted", &Value::Null);
    let established = || state("established");
    for (name, record, items, outcome) in [
        ("established", new(), vec![established(), cut()], Outcome::Answered),
        (
            "established, rejected in vain",
            decided(Decided::Reject),
            vec![established(), nothing()],
            Outcome::Answered,
        ),
        (
            "its beginning was lost, a good code",
            new(),
            vec![ended(None, &code(200, 5001))],
            Outcome::Answered,
        ),
        ("its beginning was lost, a bad code", new(), vec![ended(None, &code(500, 1005))], Outcome::Failed),
        (
            "outgoing, whatever the code",
            outgoing(),
            vec![ended(None, &code(200, 5002))],
            Outcome::NotAnswered,
        ),
        (
            "outgoing, too long in the lobby",
            outgoing(),
            vec![ended(None, &code(200, 5855))],
            Outcome::NotAnswered,
        ),
        ("outgoing, gone", outgoing(), vec![nothing()], Outcome::NotAnswered),
        ("the caller gave up", new(), vec![incoming(), cut()], Outcome::Missed),
        ("answered in vain", decided(Decided::Answer), vec![incoming(), cut()], Outcome::Failed),
        ("rejected", decided(Decided::Reject), vec![incoming(), nothing()], Outcome::Rejected),
        ("redirected", decided(Decided::Redirect), vec![incoming(), nothing()], Outcome::Redirected),
        (
            "taken, and the end was lost",
            new(),
            vec![established(), state("transferAccepted"), nothing()],
            Outcome::Transferred,
        ),
        (
            "taken, and the caller hung up",
            new(),
            vec![established(), state("transferAccepted"), cut()],
            Outcome::Answered,
        ),
        (
            "a transfer that began and was cut",
            new(),
            vec![established(), state("transferring"), nothing()],
            Outcome::Answered,
        ),
    ] {
        let mut record = record;
        for item in items {
            record.apply(&item, at(1)).unwrap();
        }
        assert_eq!(record.ended().map(|ended| ended.outcome), Some(outcome), "{name}");
    }
    let mut record = outgoing();
    assert_eq!(words(&record.not_created(at(1))), ["terminated failed"]);
    assert!(record.not_created(at(2)).is_empty());
}

#[test]
fn a_hold_that_overtook_the_beginning_is_no_end_of_the_hold() {
    let mut record = new();
    assert_eq!(words(&record.apply(&state("hold"), at(10)).unwrap()), ["established", "hold"]);
    assert!(record.apply(&state("established"), at(11)).unwrap().is_empty());
    // It repeats itself, as after every answer.
    assert!(record.apply(&state("established"), at(12)).unwrap().is_empty());
    assert_eq!(words(&record.apply(&state("established"), at(16)).unwrap()), ["resumed"]);
    assert_eq!(words(&record.apply(&state("hold"), at(17)).unwrap()), ["hold"]);
    assert_eq!(words(&record.apply(&state("established"), at(18)).unwrap()), ["resumed"]);
    let mut record = new();
    record.apply(&state("hold"), at(10)).unwrap();
    assert_eq!(words(&record.apply(&state("established"), at(70)).unwrap()), ["resumed"]);
}

#[test]
fn a_transfer_whose_beginning_was_lost_fails_only_if_it_is_ours() {
    let mut record = new();
    record.apply(&state("established"), at(0)).unwrap();
    assert!(record.apply(&failed_transfer(7000), at(1)).unwrap().is_empty());
    record.transfer_begins();
    assert_eq!(words(&record.apply(&failed_transfer(7000), at(2)).unwrap()), ["transfer failed"]);
    assert!(record.apply(&state("transferring"), at(3)).unwrap().is_empty());
    assert_eq!(record.state(), Some(&CallState::Established));
    record.transfer_begins();
    record.apply(&state("transferring"), at(4)).unwrap();
    let stateless = item("updated", &json!({"resultInfo": {"code": "500", "subCode": "7700"}}));
    assert_eq!(words(&record.apply(&stateless, at(5)).unwrap()), ["transfer failed"]);
}

#[test]
fn the_service_when_asked_corrects_what_was_lost() {
    let call = |json: Value| {
        let text = json.to_string();
        serde_json::from_str::<Call<'_>>(&text).unwrap().into_owned()
    };
    let mut record = new();
    record.apply(&incoming(), at(0)).unwrap();
    let talking = call(json!({"state": "established", "mediaState": {"audio": "active"}}));
    assert_eq!(words(&record.read_call(&talking, at(1))), ["established", "media active"]);
    assert!(record.read_call(&talking, at(2)).is_empty());
    record.apply(&state("transferring"), at(3)).unwrap();
    assert_eq!(words(&record.read_call(&talking, at(4))), ["transfer failed"]);
    record.apply(&state("hold"), at(5)).unwrap();
    assert_eq!(words(&record.read_call(&talking, at(6))), ["resumed"]);
    let over = call(json!({"state": "terminated", "resultInfo": {"code": 200, "subcode": 5001}}));
    assert_eq!(words(&record.read_call(&over, at(7))), ["terminated answered"]);
    assert!(record.read_call(&talking, at(8)).is_empty());
}

#[test]
fn the_answer_to_a_creation_and_the_first_notification_name_one_call() {
    let call: Call<'_> = serde_json::from_str(r#"{"id": "1", "state": "establishing"}"#).unwrap();
    let mut record = outgoing();
    assert_eq!(words(&record.created(&call, at(0)).unwrap()), ["establishing"]);
    assert!(record.apply(&state("establishing"), at(1)).unwrap().is_empty());
    let mut faster = outgoing();
    faster.apply(&state("established"), at(0)).unwrap();
    assert_eq!(faster.created(&call, at(1)).map(|events| events.len()), Some(0));
    let other: Call<'_> = serde_json::from_str(r#"{"id": "2", "state": "establishing"}"#).unwrap();
    let before = faster.clone();
    assert!(faster.created(&other, at(2)).is_none());
    assert_eq!(faster, before);
}

#[test]
fn notifications_of_2018_and_2019_tell_the_same() {
    let old = |change: &str, below: &str, envelope: Option<&str>, data: Value| {
        let mut item =
            json!({"changeType": change, "resource": format!("/app/calls/1{below}"), "resourceData": data});
        if let Some(kind) = envelope {
            item["@odata.type"] = json!(kind);
        }
        raw(&item)
    };
    for envelope in [None, Some("#microsoft.graph.commsNotification")] {
        let mut record = new();
        let mut told = Vec::new();
        for item in [
            old("Updated", "", envelope, json!({"state": "Established", "@odata.etag": "W/\"1\""})),
            old(
                "Updated",
                "/operations/9",
                envelope,
                json!({"@odata.type": "#microsoft.graph.commsOperation",
                "status": "running", "resultInfo": {"code": "200", "subCode": "transferring"}}),
            ),
            old(
                "Updated",
                "/operations/9",
                envelope,
                json!({"@odata.type": "#microsoft.graph.commsOperation",
                "status": "running", "resultInfo": {"code": "200", "subCode": "transferAccepted"}}),
            ),
            old(
                "Deleted",
                "",
                envelope,
                json!({"state": "Terminated", "terminationReason": "AppTransferred"}),
            ),
        ] {
            told.extend(words(&record.apply(&item, at(1)).unwrap()));
        }
        assert_eq!(told, ["established", "transfer accepted", "terminated transferred"]);
    }
    let both = raw(&json!({"changeType": "updated", "resource": "/app/calls/2",
        "resourceUrl": "communications/calls/1", "resourceData": {"state": "established"}}));
    assert_eq!(words(&new().apply(&both, at(1)).unwrap()), ["established"]);
}
