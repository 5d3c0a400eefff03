use std::time::UNIX_EPOCH;

use graph_calls_core::model::{RawJson, Tone};
use serde_json::{Value, json};

use super::*;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn item(change: &str, data: &Value) -> Notification<'static> {
    let text = json!({"changeType": change, "resourceUrl": "/communications/calls/1", "resourceData": data})
        .to_string();
    Notification::from_raw(RawJson::from_string(text).unwrap())
}

fn words(events: &[CallEvent]) -> Vec<String> {
    let word = |event: &CallEvent| match event {
        CallEvent::Incoming(_) => "incoming".to_owned(),
        CallEvent::Tone(tone) => format!("tone {}", tone.tone.key().unwrap_or('?')),
        CallEvent::Terminated(ended) => format!("terminated {}", ended.outcome.as_str()),
        CallEvent::TransferFailed(_) => "transfer failed".to_owned(),
        other => format!("{other:?}").to_lowercase(),
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

fn permutations(items: &[Notification<'static>]) -> Vec<Vec<Notification<'static>>> {
    let Some((first, rest)) = items.split_first() else { return vec![Vec::new()] };
    permutations(rest)
        .into_iter()
        .flat_map(|order| {
            (0..=order.len()).map(move |at| {
                let mut order = order.clone();
                order.insert(at, first.clone());
                order
            })
        })
        .collect()
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
fn in_every_order_and_with_every_repeat_the_end_is_final_and_told_once() {
    let life = [
        incoming(),
        state("establishing"),
        item("updated", &json!({"state": "established", "mediaState": {"audio": "active"}})),
        state("terminating"),
        item("deleted", &json!({"state": "terminated", "resultInfo": {"code": 200, "subcode": 5001}})),
    ];
    let orders = permutations(&life);
    assert_eq!(orders.len(), 120);
    for order in orders {
        for repeated in 0..order.len() {
            let mut items = order.clone();
            items.push(items[repeated].clone());
            let (record, told) = play(&items);
            assert_eq!(record.state(), Some(&CallState::Terminated));
            assert_eq!(told.iter().filter(|word| word.starts_with("terminated")).count(), 1, "{told:?}");
            let (once, told_once) = play(&order);
            assert_eq!(
                (told, record.ended().map(|ended| ended.outcome)),
                (told_once, once.ended().map(|ended| ended.outcome))
            );
        }
    }
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
    assert_eq!(play(&items).1, ["established", "transferaccepted", "terminated transferred"]);
    let mut items = transferring.to_vec();
    items.push(established.clone());
    assert_eq!(play(&items).1, ["established", "transferaccepted"]);
    let failed = json!({"state": "established", "resultInfo": {"code": 500, "subCode": 7000}});
    items.push(item("updated", &failed));
    items.push(established);
    assert_eq!(play(&items).1, ["established", "transferaccepted", "transfer failed"]);
}

#[test]
fn media_counts_whatever_state_stands_beside_it() {
    let active = item("updated", &json!({"state": "establishing", "mediaState": {"audio": "active"}}));
    let inactive = item("updated", &json!({"mediaState": {"audio": "inactive"}}));
    let (_, told) = play(&[incoming(), inactive.clone(), active.clone(), active, inactive]);
    assert_eq!(told, ["incoming", "establishing", "mediaactive", "mediainactive"]);
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
    for kind in ["participantJoiningNotification", "participantLeftNotification", "whatever"] {
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
