//! What holds of a record whatever comes, in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::ToneEvent;

#[derive(Debug, Clone)]
enum Act {
    Item(Value),
    Created(Value),
    Read(Value),
    Roster(Value),
    Answered(Value),
    Joined(u8),
    Open(u8),
    Close(u8),
    Decide(Decided),
    Undecide,
    Transfer,
    Pass,
    Gone,
}

fn people() -> impl Strategy<Value = Value> {
    let one = (0..4_u8, proptest::option::of(0..5_i64), any::<bool>(), any::<bool>()).prop_map(
        |(id, number, muted, removed)| {
            let mut one = json!({"id": id.to_string(), "isMuted": muted, "rosterSequenceNumber": number});
            if removed {
                one["removedState"] = json!({"reason": "left"});
            }
            one
        },
    );
    // A list names everybody once.
    proptest::collection::vec(one, 0..4).prop_map(|mut all| {
        let mut ids = BTreeSet::new();
        all.retain(|one| ids.insert(one["id"].to_string()));
        Value::Array(all)
    })
}

fn operation() -> impl Strategy<Value = Value> {
    let word = prop_oneof![Just("running"), Just("completed"), Just("failed"), Just("odd")];
    let subcode =
        prop_oneof![Just(json!(8508)), Just(json!("transferring")), Just(json!("transferAccepted"))];
    (proptest::option::of(0..3_u8), proptest::option::of(0..3_u8), word, subcode).prop_map(
        |(id, context, status, subcode)| {
            json!({"@odata.type": "#microsoft.graph.playPromptOperation", "status": status,
                "id": id.map(|id| id.to_string()), "clientContext": context.map(|context| context.to_string()),
                "resultInfo": {"code": 200, "subCode": subcode}})
        },
    )
}

fn call() -> impl Strategy<Value = Value> {
    let mut states: Vec<_> = CallState::MEMBERS.iter().map(|state| json!(state)).collect();
    states.extend([json!("unknownFutureValue"), Value::Null]);
    let result = prop_oneof![
        3 => Just(Value::Null),
        1 => Just(json!({"code": 500, "subcode": 7000})),
        1 => Just(json!({"code": 0, "subcode": 7015, "message": "DiagCode: 0#7015"})),
        1 => Just(json!({"code": "transferring", "subCode": "word"})),
    ];
    let audio = prop_oneof![2 => Just(Value::Null), 1 => Just(json!("active")), 1 => Just(json!("inactive"))];
    let tone = proptest::option::of((0..8_i64, proptest::sample::select(vec!["tone1", "pound", "odd"])));
    let way = prop_oneof![Just(Value::Null), Just(json!("incoming")), Just(json!("outgoing"))];
    (proptest::sample::select(states), result, audio, tone, way).prop_map(
        |(state, result, audio, tone, way)| {
            json!({"state": state, "resultInfo": result, "mediaState": {"audio": audio}, "direction": way,
            "toneInfo": tone.map(|(id, tone)| json!({"sequenceId": id, "tone": tone})),
            "source": {"identity": {"user": {"id": "ann", "displayName": "Ann"}}},
            "chatInfo": {"threadId": "19:x"}})
        },
    )
}

fn any_item() -> impl Strategy<Value = Value> {
    let change = proptest::sample::select(vec!["created", "updated", "updated", "updated", "deleted", "odd"]);
    let live = proptest::sample::select(vec!["created", "updated"]);
    let item = |path: &'static str| move |(change, data): (&'static str, Value)| json!({"changeType": change, "resourceUrl": format!("/communications/calls/1{path}"), "resourceData": data});
    let delta = (proptest::option::of(0..6_i64), people()).prop_map(|(number, people)| {
        json!({"@odata.type": "#microsoft.graph.deltaParticipants", "sequenceNumber": number, "participants": people})
    });
    let named = (change.clone(), operation()).prop_map(|(change, data)| {
        json!({"changeType": change, "resourceUrl": "/communications/calls/1/operations/2", "resourceData": data})
    });
    let other = prop_oneof![
        Just(json!({"changeType": "deleted", "resourceUrl": "/communications/calls/2"})),
        Just(
            json!({"changeType": "updated", "resourceUrl": "/communications/calls/1", "resourceData": {"targets": 7}})
        ),
        Just(
            json!({"changeType": "deleted", "resourceUrl": "/communications/calls/1/contentsharingsessions/1"})
        ),
        Just(
            json!({"changeType": "created", "resourceUrl": "/communications/calls/1/contentsharingsessions/1"})
        ),
        Just(json!({"changeType": "deleted", "resourceUrl": "/communications/calls/1",
            "resourceData": {"@odata.type": "#microsoft.graph.participantLeftNotification", "participantId": "1"}})),
        Just(json!({"changeType": "updated", "resourceUrl": "/communications/calls/1",
            "resourceData": {"@odata.type": "#microsoft.graph.whatever"}})),
        Just(json!([7])),
    ];
    prop_oneof![
        8 => (live, call()).prop_map(item("")),
        1 => (change.clone(), call()).prop_map(item("")),
        3 => (change.clone(), people()).prop_map(item("/participants")),
        2 => (change.clone(), delta).prop_map(item("/participants")),
        3 => (change, operation()).prop_map(item("/operations/1")),
        1 => named,
        3 => other,
    ]
}

fn any_act() -> impl Strategy<Value = Act> {
    let decided = proptest::sample::select(vec![Decided::Answer, Decided::Reject, Decided::Redirect]);
    prop_oneof![
        24 => any_item().prop_map(Act::Item),
        1 => call().prop_map(Act::Created),
        2 => call().prop_map(Act::Read),
        1 => people().prop_map(Act::Roster),
        2 => operation().prop_map(Act::Answered),
        1 => (0..3_u8).prop_map(Act::Joined),
        3 => (0..3_u8).prop_map(Act::Open),
        1 => (0..3_u8).prop_map(Act::Close),
        1 => decided.prop_map(Act::Decide),
        1 => Just(Act::Undecide),
        1 => Just(Act::Transfer),
        4 => Just(Act::Pass),
        1 => Just(Act::Gone),
    ]
}

fn act(record: &mut CallRecord, act: &Act, now: SystemTime) -> Vec<CallEvent> {
    match act {
        Act::Item(item) => record.apply(&raw(item), now).unwrap_or_default(),
        Act::Created(call) => {
            let text = call.to_string();
            record.created(&serde_json::from_str(&text).unwrap(), now).unwrap_or_default()
        }
        Act::Read(call) => {
            let text = call.to_string();
            record.read_call(&serde_json::from_str(&text).unwrap(), now)
        }
        Act::Roster(people) => {
            let text = people.to_string();
            record.takes_roster_reading();
            let people: Vec<Participant<'_>> = serde_json::from_str(&text).unwrap();
            record.read_roster(&people).into_iter().collect()
        }
        Act::Answered(operation) => {
            let text = operation.to_string();
            record.apply_response(&serde_json::from_str(&text).unwrap()).into_iter().collect()
        }
        Act::Joined(id) => {
            let joining = ParticipantJoining { id: Some(id.to_string()), ..ParticipantJoining::default() };
            record.joined(joining, JoiningAnswer::Accept).into_iter().collect()
        }
        Act::Open(context) => {
            record.open_operation(&context.to_string(), "command");
            Vec::new()
        }
        Act::Close(context) => {
            record.close_operation(&context.to_string());
            Vec::new()
        }
        Act::Decide(decided) => {
            record.decide(*decided);
            Vec::new()
        }
        Act::Undecide => {
            record.undecide();
            Vec::new()
        }
        Act::Transfer => {
            record.transfer_begins();
            Vec::new()
        }
        Act::Pass => record.pass(now),
        Act::Gone => record.gone(now),
    }
}

/// Where in a call's life an event stands; several may be told more than once.
fn place(event: &CallEvent) -> Option<u8> {
    Some(match event {
        CallEvent::Incoming(_) => 0,
        CallEvent::Establishing => 1,
        CallEvent::Ringing => 2,
        CallEvent::Established => 3,
        CallEvent::Terminated(_) => 4,
        _ => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_the_end_is_final_nothing_goes_back_in_time_and_the_record_is_kept(
        acts in proptest::collection::vec((any_act(), 0..300_u64), 0..40),
    ) {
        let mut record = CallRecord::default();
        let mut now = at(1_000);
        let mut told = Vec::new();
        for (one, wait) in &acts {
            now += Duration::from_millis(*wait);
            let was_over = record.ended().cloned();
            let events = act(&mut record, one, now);
            if was_over.is_some() {
                prop_assert_eq!(record.ended(), was_over.as_ref());
                let late = |event: &CallEvent| matches!(event,
                    CallEvent::Done(_) | CallEvent::Failed(_) | CallEvent::Unrecognized(_));
                prop_assert!(events.iter().all(late), "{:?}", events);
            }
            prop_assert_eq!(record.ended().is_some(), record.state() == Some(&CallState::Terminated));
            prop_assert!(record.ended().is_none() || record.due().is_none());
            told.extend(events);
            // Whoever goes on with the record reads what the one before it wrote.
            let kept = serde_json::to_string(&record).unwrap();
            let read: CallRecord = serde_json::from_str(&kept).unwrap();
            prop_assert_eq!(&read, &record, "{}", kept);
            record = read;
        }
        let life: Vec<_> = told.iter().filter_map(place).collect();
        prop_assert!(life.is_sorted_by(|one, two| one < two), "{:?}", life);
        let mut keys = BTreeSet::new();
        for event in &told {
            if let CallEvent::Tone(tone) = event {
                prop_assert!(keys.insert(tone.sequence_id), "{:?} was told twice", tone);
            }
        }
        // Media, hold and resume take turns.
        for (begin, end) in [("media_active", "media_inactive"), ("hold", "resumed")] {
            let turns: Vec<_> = told.iter().map(CallEvent::kind).filter(|kind| *kind == begin || *kind == end).collect();
            let alternate = turns.windows(2).all(|pair| pair[0] != pair[1] || begin == "hold");
            prop_assert!(alternate && turns.first().is_none_or(|first| *first == begin), "{:?}", turns);
        }
    }

    #[test]
    fn every_repeat_right_after_changes_and_tells_nothing(
        items in proptest::collection::vec(any_item(), 1..25),
    ) {
        let mut record = CallRecord::default();
        for item in &items {
            let item = raw(item);
            // What nobody knows, and what has no number, cannot be told from a repeat.
            let known = !matches!(item.resource(), Ok(Resource::Unrecognized) | Err(_));
            let Ok(_) = record.apply(&item, at(1)) else { continue };
            let once = record.clone();
            let again = record.apply(&item, at(1)).unwrap();
            prop_assert!(again.is_empty() || !known, "{:?}", again);
            // Nobody asked in between who is there: being unsure twice is being unsure.
            prop_assert_eq!(&record, &once);
        }
    }

    #[test]
    fn every_key_is_told_once_within_its_time_and_in_order_where_it_can_be(
        presses in proptest::collection::vec((0..14_i64, 0..250_u64), 1..40),
    ) {
        let key = |id: i64| item("updated", &json!({"toneInfo": {"sequenceId": id, "tone": "tone1"}}));
        let mut record = CallRecord::default();
        let mut now = at(0);
        let mut came: BTreeMap<i64, SystemTime> = BTreeMap::new();
        let mut told: Vec<ToneEvent> = Vec::new();
        let mut take = |events: Vec<CallEvent>, now: SystemTime, came: &BTreeMap<i64, SystemTime>| {
            for event in events {
                let CallEvent::Tone(tone) = event else { panic!("{event:?}") };
                let waited = now.duration_since(came[&tone.sequence_id.unwrap()]).unwrap();
                assert!(waited <= Duration::from_millis(400), "{tone:?} waited for {waited:?}");
                told.push(tone);
            }
        };
        for (id, wait) in presses {
            let next = now + Duration::from_millis(wait);
            while let Some(due) = record.due().filter(|due| *due <= next) {
                take(record.pass(due), due, &came);
            }
            now = next;
            came.entry(id).or_insert(now);
            take(record.apply(&key(id), now).unwrap(), now, &came);
        }
        while let Some(due) = record.due() {
            take(record.pass(due), due, &came);
        }
        let ids: BTreeSet<_> = told.iter().filter_map(|tone| tone.sequence_id).collect();
        prop_assert_eq!(told.len(), ids.len());
        prop_assert_eq!(ids, came.keys().copied().collect::<BTreeSet<_>>());
        let mut highest = None;
        for tone in &told {
            let id = tone.sequence_id.unwrap();
            let (missed, late) = match highest {
                Some(highest) if id < highest => (0, true),
                Some(highest) => (u32::try_from(id - highest - 1).unwrap(), false),
                None => (0, false),
            };
            prop_assert_eq!((tone.missed, tone.late), (missed, late), "{:?}", tone);
            highest = highest.max(Some(id));
        }
    }

    #[test]
    fn the_roster_is_what_the_newest_word_about_everybody_says(
        words in proptest::collection::vec((0..5_u8, 0..6_i64), 0..40),
        together in 1..4_usize,
    ) {
        // A number says one thing of somebody, however often and however late it comes.
        let word = |id: u8, number: i64| {
            let mut one = json!({"id": id.to_string(), "rosterSequenceNumber": number, "isMuted": number % 2 == 0});
            if (i64::from(id) + number) % 3 == 0 {
                one["removedState"] = json!({"reason": "left"});
            }
            one
        };
        let mut record = CallRecord::default();
        let mut newest: BTreeMap<u8, i64> = BTreeMap::new();
        let mut told: BTreeMap<String, Participant<'static>> = BTreeMap::new();
        for some in words.chunks(together) {
            for (id, number) in some {
                let known = newest.entry(*id).or_insert(*number);
                *known = (*known).max(*number);
            }
            let some: Vec<_> = some.iter().map(|(id, number)| word(*id, *number)).collect();
            for event in record.apply(&item_at("/participants", "updated", &json!(some)), at(0)).unwrap() {
                let CallEvent::RosterChanged(change) = event else { panic!("{event:?}") };
                let id = |one: &Participant<'_>| one.id.as_deref().unwrap().to_owned();
                // In one list somebody may come and leave again.
                for one in change.joined.into_iter().chain(change.changed) {
                    told.insert(id(&one), one);
                }
                for one in &change.left {
                    told.remove(&id(one));
                }
            }
        }
        let present: BTreeMap<_, _> = newest.into_iter()
            .filter(|(id, number)| (i64::from(*id) + *number) % 3 != 0)
            .map(|(id, number)| (id.to_string(), number))
            .collect();
        let listed: BTreeMap<_, _> = record.roster()
            .map(|one| (one.id.as_deref().unwrap().to_owned(), one.roster_sequence_number.unwrap().0))
            .collect();
        prop_assert_eq!(&listed, &present);
        if together == 1 {
            prop_assert_eq!(told.keys().collect::<Vec<_>>(), present.keys().collect::<Vec<_>>());
        }
    }
}
