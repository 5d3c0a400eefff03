use std::collections::{BTreeMap, BTreeSet};

use super::*;

fn invite(stage: &mut Stage, call: &str, participants: &Value) -> Answer {
    let body = json!({ "participants": participants, "clientContext": "invite-1" });
    stage.post(&format!("{CALLS}/{call}/participants/invite"), &body)
}

fn people_in(stage: &mut Stage, call: &str) -> Vec<(String, String)> {
    let body = stage.get(&format!("{CALLS}/{call}/participants")).body.unwrap();
    let list = body["value"].as_array().unwrap();
    let name = |one: &Value| {
        let set = one["info"]["identity"].as_object().unwrap();
        set.values().find_map(|identity| identity["displayName"].as_str()).unwrap().to_owned()
    };
    list.iter().map(|one| (one["id"].as_str().unwrap().to_owned(), name(one))).collect()
}

#[test]
fn an_invitee_who_answers_joins_and_makes_it_a_group_call() {
    let mut stage = stage();
    let call = stage.answered();
    let answer = invite(&mut stage, &call, &json!([{ "identity": user(8) }]));
    assert_eq!(answer.status, 200);
    let body = answer.body.unwrap();
    assert_eq!(body["status"], "Running");
    assert_eq!(body["resultInfo"], Value::Null);
    assert_eq!(body["clientContext"], "invite-1");
    assert_eq!(body["participants"][0]["id"], Value::Null);
    assert_eq!(body["participants"][0]["identity"]["phone"], Value::Null);
    assert_eq!(body["participants"][0]["identity"]["user"]["tenantId"], json!(stage.world.config.tenant_id));
    let location = answer.headers.iter().find(|(name, _)| *name == "Location").unwrap();
    assert!(location.1.ends_with(&format!("/operations/{}", body["id"].as_str().unwrap())));

    assert_eq!(people_in(&mut stage, &call).len(), 2, "whoever was only invited is not listed");
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        [
            "deleted inviteParticipantsOperation: completed 200/0",
            "updated participants: Calling Bot, Adele Vance, Hugo Morel",
        ]
    );
    let names: Vec<_> = people_in(&mut stage, &call).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["Calling Bot", "Adele Vance", "Hugo Morel"]);
    assert!(stage.world.calls()[0].group);
}

#[test]
fn an_invitee_who_does_not_come_fails_the_operation_and_not_the_call() {
    for (number, end) in [(3, "603/0"), (4, "408/10057"), (5, "480/10076"), (6, "480/10199")] {
        let mut stage = stage();
        let call = stage.answered();
        invite(&mut stage, &call, &json!([{ "identity": user(number) }]));
        stage.wait(Duration::from_secs(61));
        assert_eq!(stage.news(), [format!("deleted inviteParticipantsOperation: failed {end}")]);
        assert_eq!(stage.get(&format!("{CALLS}/{call}")).status, 200);
    }
}

#[test]
fn an_invitee_who_hangs_up_on_their_own_leaves_the_others_in_the_call() {
    let mut stage = stage();
    let call = stage.answered();
    invite(&mut stage, &call, &json!([{ "identity": user(7) }]));
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        [
            "deleted inviteParticipantsOperation: completed 200/0",
            "updated participants: Calling Bot, Adele Vance, Greta Lind",
            "updated participants: Calling Bot, Adele Vance",
        ]
    );
    assert!(stage.happened.contains(&"Greta Lind leaves".to_owned()));
}

#[test]
fn a_pending_invitation_is_cancelled_by_the_id_that_the_inviter_chose() {
    let mut stage = stage();
    let call = stage.answered();
    let chosen = "E0000000-0000-4000-8000-00000000000A";
    invite(&mut stage, &call, &json!([{ "identity": user(4), "participantId": chosen }]));
    stage.wait(Duration::from_secs(1));
    let path = |id: &str| format!("{CALLS}/{call}/participants/{id}");
    assert_eq!(stage.get(&path(chosen)).status, 404, "it is no participant yet");
    assert_eq!(stage.delete(&path("e0000000-0000-4000-8000-00000000000b")).status, 404);
    assert_eq!(stage.delete(&path(&chosen.to_lowercase())).status, 204);
    assert_eq!(stage.delete(&path(chosen)).status, 404, "twice is once too often");
    stage.wait(Duration::from_secs(61));
    assert_eq!(stage.news(), ["deleted inviteParticipantsOperation: failed 400/8508"]);
    assert_eq!(stage.get(&format!("{CALLS}/{call}")).status, 200);
}

#[test]
fn a_participant_is_removed_and_the_roster_says_so() {
    let mut stage = stage();
    let call = stage.answered();
    let chosen = "e0000000-0000-4000-8000-00000000000a";
    invite(&mut stage, &call, &json!([{ "identity": user(1 + 7), "participantId": chosen }]));
    stage.wait(Duration::from_secs(1));
    stage.news();
    let path = format!("{CALLS}/{call}/participants/{chosen}");
    assert_eq!(stage.get(&path).body.unwrap()["info"]["identity"]["user"]["displayName"], "Hugo Morel");
    assert_eq!(stage.delete(&path).status, 204);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["updated participants: Calling Bot, Adele Vance"]);
    assert_eq!(stage.delete(&path).status, 404);
    assert!(stage.happened.contains(&"Hugo Morel is removed".to_owned()));
}

#[test]
fn a_group_call_ends_when_the_last_one_leaves() {
    let mut stage = stage();
    let call = stage.answered();
    let joined = stage.control(Control::Join { call: call.clone(), person: "+15550100001".into() });
    let joined = joined.unwrap().unwrap();
    assert_eq!(stage.news(), ["updated participants: Calling Bot, Adele Vance, +15550100001"]);
    stage.control(Control::Leave { call: call.clone(), participant: joined.clone() }).unwrap();
    assert_eq!(stage.news(), ["updated participants: Calling Bot, Adele Vance"]);
    assert_eq!(
        stage.control(Control::Leave { call: call.clone(), participant: joined.clone() }),
        Err(ControlError::UnknownParticipant(joined))
    );
    stage.control(Control::HangUp { call }).unwrap();
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["updated call: terminating", "deleted call: terminated 200/5010"]);
}

#[test]
fn the_roster_counts_up_and_everybody_keeps_the_number_they_came_with() {
    let mut stage = stage();
    let call = stage.answered();
    let numbers = |stage: &Stage| -> Vec<u64> {
        let roster = stage.last_item()["resourceData"].as_array().unwrap().clone();
        roster.iter().map(|one| one["rosterSequenceNumber"].as_u64().unwrap()).collect()
    };
    stage.control(Control::Join { call: call.clone(), person: "+15550100002".into() }).unwrap();
    assert_eq!(numbers(&stage), [1, 1, 1]);
    stage.control(Control::Join { call, person: "+15550100003".into() }).unwrap();
    assert_eq!(numbers(&stage), [1, 1, 1, 2]);
}

#[test]
fn invitations_have_their_limits() {
    let mut stage = stage();
    let call = stage.answered();
    let six: Vec<_> = (1..=6).map(|number| json!({ "identity": user(number) })).collect();
    let invitees = |count: usize| json!(six[..count]);
    assert_eq!(invite(&mut stage, &call, &invitees(6)).status, 400);
    assert_eq!(invite(&mut stage, &call, &json!([])).status, 400);
    assert_eq!(invite(&mut stage, &call, &invitees(2)).status, 400, "a call of two takes one more");
    let bot = json!([{ "identity": { "application": { "id": "b0000000-0000-4000-8000-000000000009" } } }]);
    assert_eq!(invite(&mut stage, &call, &bot).status, 400);
    assert!(!stage.world.calls()[0].group, "a refused invitation leaves the call as it was");
    assert_eq!(invite(&mut stage, &call, &invitees(1)).status, 200);
    assert_eq!(invite(&mut stage, &call, &invitees(2)).status, 200, "now it is a group call");
}

#[test]
fn a_phone_needs_a_number_to_be_called_from() {
    let mut stage = stage();
    let call = stage.answered();
    invite(&mut stage, &call, &json!([{ "identity": phone(1) }]));
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["deleted inviteParticipantsOperation: failed 412/9999"]);
}

#[test]
fn a_call_that_is_replaced_ends_and_its_peer_is_here() {
    let mut stage = stage();
    let first = stage.answered();
    let second = stage.answered();
    let invitees = json!([
        { "identity": user(1), "replacesCallId": first },
        { "identity": { "nobody": {} } },
    ]);
    assert_eq!(invite(&mut stage, &second, &invitees).status, 200, "the rest is left out in silence");
    stage.wait(Duration::from_secs(1));
    let states: Vec<_> = stage.world.calls().iter().map(|call| call.state.clone()).collect();
    assert_eq!(states, ["terminated", "established"]);
    assert!(stage.news().contains(&"deleted call: terminated 200/5001".to_owned()));
}

#[test]
fn an_invitation_under_way_is_cancelled_by_the_end_of_the_call() {
    let mut stage = stage();
    let call = stage.answered();
    invite(&mut stage, &call, &json!([{ "identity": user(4) }]));
    stage.wait(Duration::from_secs(1));
    stage.delete(&format!("{CALLS}/{call}"));
    stage.wait(Duration::from_secs(61));
    assert_eq!(
        stage.news(),
        [
            "updated call: terminating",
            "deleted inviteParticipantsOperation: failed 400/8508",
            "deleted call: terminated 200/5001",
        ]
    );
}

#[test]
fn the_bot_is_a_participant_that_it_cannot_remove() {
    let mut stage = stage();
    let call = stage.answered();
    let me = people_in(&mut stage, &call)[0].0.clone();
    assert_eq!(stage.get(&format!("{CALLS}/{call}")).body.unwrap()["myParticipantId"], json!(me));
    assert_eq!(stage.delete(&format!("{CALLS}/{call}/participants/{me}")).status, 400);
}

#[test]
fn a_call_that_everybody_left_ends_when_its_last_invitee_does_not_come() {
    let mut stage = stage();
    let call = stage.answered();
    invite(&mut stage, &call, &json!([{ "identity": user(4) }]));
    stage.control(Control::HangUp { call: call.clone() }).unwrap();
    assert!(stage.world.calls().iter().all(|one| one.ended.is_some() || one.state == "terminating"));

    let mut stage = self::stage();
    let call = stage.answered();
    invite(&mut stage, &call, &json!([{ "identity": user(4) }]));
    let (adele, _) =
        people_in(&mut stage, &call).into_iter().find(|(_, name)| name == "Adele Vance").unwrap();
    stage.control(Control::Leave { call: call.clone(), participant: adele }).unwrap();
    assert_eq!(stage.world.calls()[0].state, "established", "somebody still rings");
    stage.wait(Duration::from_secs(90));
    assert_eq!(stage.world.calls()[0].state, "terminated");
    let ended = stage.last_item()["resourceData"]["resultInfo"].clone();
    assert_eq!((ended["code"].as_i64(), ended["subcode"].as_i64()), (Some(200), Some(5010)));
}

#[test]
fn nobody_is_removed_from_a_call_that_was_not_answered() {
    let mut stage = stage();
    let call = stage.incoming(IncomingCall::from_user(ADELE));
    let removed = stage.delete(&format!("{CALLS}/{call}/participants/{ADELE}"));
    assert_eq!(removed.status, 409);
    assert_eq!(stage.post(&format!("{CALLS}/{call}/keepAlive"), &json!({})).status, 409);
}

#[test]
fn a_deadline_that_is_switched_off_never_comes() {
    let deadlines = Deadlines::default()
        .with_answer(Duration::MAX)
        .with_keep_alive(Duration::MAX)
        .with_ring(Duration::MAX);
    let mut stage =
        Stage::new(WorldConfig::seeded(7).with_deadlines(deadlines).with_webhook("http://127.0.0.1:9/"));
    let call = stage.answered();
    invite(&mut stage, &call, &json!([{ "identity": user(4) }]));
    stage.wait(Duration::from_secs(100_000));
    assert_eq!(stage.world.calls()[0].state, "established");
}

#[test]
fn somebody_who_presses_keys_does_so_whenever_they_come_and_stops_when_they_leave() {
    let mut stage = stage();
    let call = stage.answered();
    stage.post(&format!("{CALLS}/{call}/subscribeToTone"), &json!({}));
    invite(&mut stage, &call, &json!([{ "identity": user(8) }]));
    stage.wait(Duration::from_secs(1));
    let keys =
        |news: &[String]| news.iter().filter(|one| one.contains("tone") || one.contains("pound")).count();
    assert_eq!(keys(&stage.news()), 3);

    let mut stage = self::stage();
    let call = stage.answered();
    stage.post(&format!("{CALLS}/{call}/subscribeToTone"), &json!({}));
    let hugo = stage.join(&call, HUGO);
    stage.control(Control::Leave { call, participant: hugo }).unwrap();
    stage.wait(Duration::from_secs(1));
    assert_eq!(keys(&stage.news()), 0);
}

#[test]
fn everybody_keeps_the_number_of_their_stream() {
    let mut stage = stage();
    let call = stage.answered();
    let sources = |stage: &mut Stage| {
        let body = stage.get(&format!("{CALLS}/{call}/participants")).body.unwrap();
        let list = body["value"].as_array().unwrap().clone();
        let pair = |one: &Value| (one["id"].to_string(), one["mediaStreams"][0]["sourceId"].to_string());
        list.iter().map(pair).collect::<BTreeMap<_, _>>()
    };
    let before = sources(&mut stage);
    stage.join(&call, HUGO);
    let after = sources(&mut stage);
    assert!(before.iter().all(|(id, source)| after.get(id) == Some(source)));
    assert_eq!(after.values().collect::<BTreeSet<_>>().len(), 3);
}
