mod orders;
mod properties;
mod table;

use std::time::{Duration, UNIX_EPOCH};

use graph_calls_core::model::{RawJson, Tone};
use serde_json::{Value, json};

use super::*;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn item(change: &str, data: &Value) -> Notification<'static> {
    item_at("", change, data)
}

/// An item about something of the call.
fn item_at(below: &str, change: &str, data: &Value) -> Notification<'static> {
    let path = format!("/communications/calls/1{below}");
    raw(&json!({"changeType": change, "resourceUrl": path, "resourceData": data}))
}

fn raw(item: &Value) -> Notification<'static> {
    Notification::from_raw(RawJson::from_string(item.to_string()).unwrap())
}

fn words(events: &[CallEvent]) -> Vec<String> {
    let word = |event: &CallEvent| match event {
        CallEvent::Incoming(_) => "incoming".to_owned(),
        CallEvent::Tone(tone) => format!("tone {}", tone.tone.key().unwrap_or('?')),
        CallEvent::Terminated(ended) => format!("terminated {}", ended.outcome.as_str()),
        CallEvent::Done(done) => format!("done {}", done.name),
        CallEvent::Failed(failed) => format!("failed {}", failed.name),
        other => other.kind().replace('_', " "),
    };
    events.iter().map(word).collect()
}

fn play(items: &[Notification<'_>]) -> (CallRecord, Vec<String>) {
    let mut record = CallRecord::default();
    let mut told = Vec::new();
    for (second, item) in items.iter().enumerate() {
        told.extend(words(&record.apply(item, at(second as u64)).unwrap()));
    }
    (record, told)
}

fn incoming() -> Notification<'static> {
    item("created", &json!({"state": "incoming", "direction": "incoming"}))
}

fn state(state: &str) -> Notification<'static> {
    item("updated", &json!({"state": state}))
}

#[test]
fn repeats_and_swaps_tell_nothing_twice_and_nothing_that_is_no_longer_true() {
    let (_, told) = play(&[
        incoming(),
        incoming(),
        state("established"),
        state("establishing"),
        state("established"),
        item("deleted", &json!({"state": "terminated", "resultInfo": {"code": 200, "subcode": 5001}})),
        state("established"),
        item("deleted", &json!({"state": "terminated"})),
    ]);
    assert_eq!(told, ["incoming", "established", "terminated answered"]);
}

#[test]
fn a_bare_deleted_ends_the_call_by_its_history() {
    let gone = item("deleted", &json!({"@odata.type": "#microsoft.graph.call"}));
    let mut record = CallRecord::default();
    record.apply(&incoming(), at(0)).unwrap();
    record.decide(Decided::Reject);
    assert_eq!(words(&record.apply(&gone, at(1)).unwrap()), ["terminated rejected"]);
    assert_eq!(play(&[incoming(), gone]).1, ["incoming", "terminated missed"]);
    let outgoing = item("updated", &json!({"state": "establishing", "direction": "outgoing"}));
    let ended =
        item("deleted", &json!({"state": "terminated", "resultInfo": {"code": 200, "subcode": 5002}}));
    assert_eq!(play(&[outgoing, ended]).1, ["establishing", "terminated not answered"]);
}

#[test]
fn a_transfer_succeeds_by_its_code_or_its_word_and_fails_back_to_established() {
    let established = item("updated", &json!({"state": "established", "replacesContext": "x"}));
    let done = item("deleted", &json!({"state": "terminated", "resultInfo": {"code": 0, "subcode": 7015}}));
    let transferring = [state("established"), state("transferring"), state("transferAccepted")];
    let mut items = transferring.to_vec();
    items.push(done);
    assert_eq!(play(&items).1, ["established", "transfer accepted", "terminated transferred"]);
    let mut items = transferring.to_vec();
    items.push(established.clone());
    assert_eq!(play(&items).1, ["established", "transfer accepted"]);
    let failed = json!({"state": "established", "resultInfo": {"code": 500, "subCode": 7000}});
    items.push(item("updated", &failed));
    items.push(established);
    assert_eq!(play(&items).1, ["established", "transfer accepted", "transfer failed"]);
}

#[test]
fn media_counts_whatever_state_stands_beside_it() {
    let active = item("updated", &json!({"state": "establishing", "mediaState": {"audio": "active"}}));
    let inactive = item("updated", &json!({"mediaState": {"audio": "inactive"}}));
    let (_, told) = play(&[incoming(), inactive.clone(), active.clone(), active, inactive]);
    assert_eq!(told, ["incoming", "establishing", "media active", "media inactive"]);
}

#[test]
fn keys_come_with_the_call_and_stop_with_it() {
    let key = |id: i64| {
        item("updated", &json!({"state": "established", "toneInfo": {"sequenceId": id, "tone": "tone1"}}))
    };
    let mut record = CallRecord::default();
    record.apply(&incoming(), at(0)).unwrap();
    let events = record.apply(&key(7), at(1)).unwrap();
    assert!(
        matches!(events.as_slice(), [CallEvent::Established, CallEvent::Tone(tone)] if tone.tone == Tone::Tone1)
    );
    assert!(record.apply(&key(7), at(2)).unwrap().is_empty());
    record.apply(&item("deleted", &Value::Null), at(3)).unwrap();
    assert!(record.apply(&key(8), at(4)).unwrap().is_empty());
}

#[test]
fn what_has_no_event_of_its_own_is_handed_on_as_it_was_sent() {
    let mut record = CallRecord::default();
    record.apply(&incoming(), at(0)).unwrap();
    for kind in ["participantJoiningNotification", "whatever"] {
        let item = item("updated", &json!({"@odata.type": format!("#microsoft.graph.{kind}"), "call": {}}));
        let events = record.apply(&item, at(1)).unwrap();
        assert!(matches!(events.as_slice(), [CallEvent::Unrecognized(raw)] if **raw == item), "{kind}");
    }
}

#[test]
fn an_item_of_another_call_changes_nothing_and_a_poisoned_one_is_an_error() {
    let mut record = CallRecord::default();
    record.apply(&incoming(), at(0)).unwrap();
    let other = json!({"changeType": "deleted", "resourceUrl": "/communications/calls/2"}).to_string();
    let other = Notification::from_raw(RawJson::from_string(other).unwrap());
    assert!(record.apply(&other, at(1)).unwrap().is_empty() && !record.is_about(&other));
    let before = record.clone();
    assert!(record.apply(&item("updated", &json!({"targets": 7})), at(2)).is_err());
    assert_eq!(record, before);
    let ended = record.apply(&item("deleted", &json!({"targets": 7})), at(3)).unwrap();
    assert_eq!(words(&ended), ["terminated missed"]);
}

#[test]
fn a_call_given_up_by_the_caller_was_missed_and_one_answered_in_vain_failed() {
    let terminating = state("terminating");
    let gone = item("deleted", &json!({"state": "terminated", "resultInfo": {"code": 200, "subcode": 5002}}));
    assert_eq!(play(&[incoming(), terminating, gone.clone()]).1, ["incoming", "terminated missed"]);
    let mut record = CallRecord::default();
    record.apply(&incoming(), at(0)).unwrap();
    record.decide(Decided::Answer);
    let failed =
        item("deleted", &json!({"state": "terminated", "resultInfo": {"code": 500, "subcode": 1005}}));
    assert_eq!(words(&record.apply(&failed, at(1)).unwrap()), ["terminated failed"]);
}

#[test]
fn somebody_missing_from_a_list_is_looked_for_once() {
    let roster = |ids: &[&str]| {
        let participants: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
        let path = "/communications/calls/1/participants";
        let text =
            json!({"changeType": "updated", "resourceUrl": path, "resourceData": participants}).to_string();
        Notification::from_raw(RawJson::from_string(text).unwrap())
    };
    let mut record = CallRecord::default();
    record.apply(&roster(&["1", "2"]), at(0)).unwrap();
    assert!(!record.takes_roster_reading());
    record.apply(&roster(&["1"]), at(1)).unwrap();
    assert!(record.takes_roster_reading());
    assert!(!record.takes_roster_reading());
    let all: Vec<Participant<'_>> = serde_json::from_str(r#"[{"id": "1"}]"#).unwrap();
    let Some(CallEvent::RosterChanged(change)) = record.read_roster(&all) else { panic!("somebody left") };
    assert_eq!(change.left.len(), 1);
    assert_eq!(record.roster().count(), 1);
}

#[test]
fn a_record_is_kept_as_json_and_reads_what_an_older_and_a_newer_instance_wrote() {
    let mut record = CallRecord::default();
    assert_eq!(serde_json::to_string(&record).unwrap(), "{}");
    record.apply(&incoming(), at(0)).unwrap();
    record.decide(Decided::Answer);
    record.apply(&state("established"), at(1)).unwrap();
    record.open_operation("gc1.x", "greeting");
    let mut kept = serde_json::to_value(&record).unwrap();
    assert_eq!(serde_json::from_value::<CallRecord>(kept.clone()).unwrap(), record);
    kept["newer"] = json!({"a": [1]});
    kept["source"] = Value::Null;
    assert_eq!(serde_json::from_str::<CallRecord>(&kept.to_string()).unwrap(), record);
    assert_eq!(serde_json::from_str::<CallRecord>("{}").unwrap(), CallRecord::default());
}

#[test]
fn a_meeting_is_established_and_has_a_roster_only_after_the_lobby() {
    let mut record = CallRecord::outgoing(Vec::new());
    let chat = json!({"threadId": "19:meeting"});
    let told = |record: &mut CallRecord, item: &Notification<'_>| words(&record.apply(item, at(1)).unwrap());
    let waiting = json!({"state": "establishing", "myParticipantId": "me", "chatInfo": chat});
    assert_eq!(told(&mut record, &item("updated", &waiting)), ["establishing"]);
    assert_eq!(record.roster().count(), 0);
    assert_eq!(told(&mut record, &state("established")), ["established"]);
    let all = json!([{"id": "me", "isInLobby": false, "rosterSequenceNumber": 1}, {"id": "ann"}]);
    assert_eq!(told(&mut record, &item_at("/participants", "updated", &all)), ["roster changed"]);
    assert_eq!(record.roster().count(), 2);
    assert_eq!(record.my_participant_id(), ParticipantId::new("me").ok().as_ref());
    assert_eq!(record.chat_info().and_then(|chat| chat.thread_id.as_deref()), Some("19:meeting"));
    assert!(record.meeting_info().is_none());
}

#[test]
fn a_recording_that_races_the_end_is_told_after_it_and_nothing_else_is() {
    let mut record = CallRecord::default();
    record.apply(&state("established"), at(0)).unwrap();
    record.open_operation("c", "voicemail");
    record.apply(&item("deleted", &Value::Null), at(1)).unwrap();
    let people = json!([{"id": "ann"}]);
    for late in [
        item("updated", &json!({"state": "established", "mediaState": {"audio": "active"}})),
        item("updated", &json!({"toneInfo": {"sequenceId": 1, "tone": "tone1"}})),
        item_at("/participants", "updated", &people),
        item_at(
            "/participants",
            "updated",
            &json!({"@odata.type": "#microsoft.graph.deltaParticipants",
            "sequenceNumber": 1, "participants": people}),
        ),
        item_at("/contentsharingsessions/1", "created", &Value::Null),
        item_at("/operations/9", "updated", &json!({"clientContext": "c", "status": "running"})),
        item("deleted", &json!({"@odata.type": "#microsoft.graph.participantLeftNotification"})),
    ] {
        assert!(record.apply(&late, at(2)).unwrap().is_empty(), "{late:?}");
    }
    let recording = json!({"@odata.type": "#microsoft.graph.recordOperation", "status": "completed",
        "recordingLocation": "https://example/r"});
    let told = record.apply(&item_at("/operations/9", "deleted", &recording), at(60)).unwrap();
    let [CallEvent::Done(done)] = told.as_slice() else { panic!("{told:?}") };
    assert!(done.operation.as_ref().is_some_and(|operation| operation.recording_location().is_some()));
}

#[test]
fn keys_that_wait_are_told_in_time_and_before_the_end() {
    let key = |id: i64, key: &str| item("updated", &json!({"toneInfo": {"sequenceId": id, "tone": key}}));
    let mut record = CallRecord::default();
    assert_eq!(words(&record.apply(&key(4, "tone1"), at(0)).unwrap()), ["tone 1"]);
    assert!(record.apply(&key(6, "tone3"), at(1)).unwrap().is_empty());
    let due = record.due().unwrap();
    assert_eq!(due, at(1) + Duration::from_millis(400));
    assert!(record.pass(at(1)).is_empty());
    assert_eq!(words(&record.pass(due)), ["tone 3"]);
    assert!(record.due().is_none());
    assert!(record.apply(&key(8, "pound"), at(3)).unwrap().is_empty());
    assert_eq!(words(&record.gone(at(3))), ["tone #", "terminated answered"]);
    assert!(record.due().is_none() && record.pass(at(9)).is_empty() && record.gone(at(9)).is_empty());
}

#[test]
fn who_is_recorded_joins_by_the_bots_answer_and_leaves_by_a_notification() {
    let mut record = CallRecord::default();
    record.apply(&state("established"), at(0)).unwrap();
    let joining: ParticipantJoining = serde_json::from_str(r#"{"id":"q","call":{}}"#).unwrap();
    let answer = JoiningAnswer::Accept;
    let told = record.joined(joining.clone(), answer.clone()).unwrap();
    assert!(matches!(&told, CallEvent::ParticipantJoined(joined) if joined.is_accepted()));
    assert!(record.joined(joining.clone(), answer.clone()).is_none());
    let left = json!({"@odata.type": "#microsoft.graph.participantLeftNotification", "participantId": "ann",
        "call": {"state": "established", "resultInfo": {"code": 200, "subcode": 5000}}});
    let left = item("deleted", &left);
    assert_eq!(words(&record.apply(&left, at(1)).unwrap()), ["participant left"]);
    assert!(record.apply(&left, at(2)).unwrap().is_empty());
    assert!(record.ended().is_none(), "somebody left, not the bot");
    record.gone(at(3));
    let other = ParticipantJoining { id: Some("r".to_owned()), ..joining };
    assert!(record.joined(other, answer).is_none());
}

#[test]
fn shared_content_begins_and_ends_by_its_path_alone() {
    let mut record = CallRecord::default();
    record.apply(&state("established"), at(0)).unwrap();
    let begun = item_at("/contentsharingsessions/7", "created", &Value::Null);
    assert_eq!(words(&record.apply(&begun, at(1)).unwrap()), ["content sharing changed"]);
    assert_eq!(record.content_sharing().count(), 1);
    let over = item_at("/contentsharingsessions", "deleted", &json!([{"id": "7"}]));
    let told = record.apply(&over, at(2)).unwrap();
    let [CallEvent::ContentSharingChanged(change)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((change.ended.len(), record.content_sharing().count()), (1, 0));
}
