use super::*;

#[test]
fn the_bot_mutes_and_unmutes_itself_and_the_roster_says_so() {
    let mut stage = stage();
    let call = stage.group();
    let me = stage.participant(&call, "Calling Bot");
    for (action, kind, muted) in
        [("mute", "muteParticipantOperation", true), ("unmute", "unmuteParticipantOperation", false)]
    {
        let path = format!("{CALLS}/{call}/{action}");
        let answer = stage.post(&path, &json!({ "clientContext": "m" }));
        let body = answer.body.unwrap();
        assert_eq!((answer.status, &body["status"]), (200, &json!("completed")));
        assert_eq!(body["@odata.type"], format!("#microsoft.graph.{kind}"));
        assert_eq!((&body["clientContext"], &body["resultInfo"]), (&json!("m"), &json!(null)));
        assert_eq!(stage.news(), [] as [&str; 0], "nothing overtakes the answer");
        stage.wait(Duration::from_secs(1));
        assert_eq!(stage.news(), ["updated participants: Calling Bot"], "nobody else changed");
        let told = &stage.last_item()["resourceData"][0];
        assert_eq!((&told["id"], &told["isMuted"]), (&json!(me), &json!(muted)));
        assert_eq!(told["mediaStreams"][0]["serverMuted"], muted);
        let got = stage.get(&format!("{CALLS}/{call}/participants/{me}")).body.unwrap();
        assert_eq!(got["isMuted"], muted);

        assert_eq!(stage.post(&path, &json!({ "clientContext": "m" })).status, 200, "it is so already");
        stage.wait(Duration::from_secs(1));
        assert_eq!(stage.news(), [] as [&str; 0]);
        assert_eq!(stage.applied(&format!("POST {path} m")), 1);
    }
}

#[test]
fn a_participant_is_muted_and_their_number_in_the_roster_rises() {
    let mut stage = stage();
    let call = stage.group();
    let adele = stage.participant(&call, "Adele Vance");
    let path = format!("{CALLS}/{call}/participants/{}/mute", adele.to_uppercase());
    let answer = stage.post(&path, &json!({}));
    assert_eq!((answer.status, answer.body.unwrap()["status"].clone()), (200, json!("completed")));
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["updated participants: Adele Vance"]);
    let told = &stage.last_item()["resourceData"][0];
    assert_eq!((&told["isMuted"], &told["rosterSequenceNumber"]), (&json!(true), &json!(2)));
    assert_eq!(stage.post(&path, &json!({})).status, 200);
    assert_eq!(stage.applied(&format!("POST {path}")), 1);
    assert!(stage.happened.contains(&"Adele Vance is muted".to_owned()));
    stage.wait(Duration::from_secs(1));

    stage.control(Control::Leave { call: call.clone(), participant: adele.clone() }).unwrap();
    assert_eq!(stage.post(&path, &json!({})).status, 404, "whoever left cannot be muted");
    assert_eq!(stage.news(), ["updated participants: Calling Bot, Hugo Morel"]);
}

#[test]
fn somebody_who_leaves_at_once_is_not_told_of_as_muted() {
    let mut stage = stage();
    let call = stage.group();
    let adele = stage.participant(&call, "Adele Vance");
    stage.post(&format!("{CALLS}/{call}/participants/{adele}/mute"), &json!({}));
    stage.control(Control::Leave { call, participant: adele }).unwrap();
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["updated participants: Calling Bot, Hugo Morel"]);
}

#[test]
fn all_are_muted_but_the_bot_unless_some_are_named() {
    let mut stage = stage();
    let call = stage.group();
    let (adele, hugo) = (stage.participant(&call, "Adele Vance"), stage.participant(&call, "Hugo Morel"));
    let path = format!("/beta/communications/calls/{call}/participants/muteAll");
    let answer = stage.post(&path, &json!({ "participants": [hugo], "clientContext": "one" }));
    let body = answer.body.unwrap();
    assert_eq!((answer.status, &body["status"]), (200, &json!("completed")));
    assert_eq!(body["@odata.type"], "#microsoft.graph.muteParticipantsOperation");
    assert_eq!(body["participants"], json!([hugo]));
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["updated participants: Hugo Morel"]);
    let answer = stage.post(&path, &json!({ "participants": [""], "clientContext": "all" }));
    assert_eq!(answer.body.unwrap()["participants"], json!([adele, hugo]));
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["updated participants: Adele Vance"], "Hugo was muted before");
    assert_eq!(stage.post(&path, &json!({ "clientContext": "again" })).status, 200);
    let counts = ["one", "all", "again"].map(|context| stage.applied(&format!("POST {path} {context}")));
    assert_eq!(counts, [1, 1, 0]);
}

#[test]
fn muting_all_is_beta_only_and_names_who_is_there() {
    let mut stage = stage();
    let call = stage.group();
    assert_eq!(stage.post(&format!("{CALLS}/{call}/participants/muteAll"), &json!({})).status, 404);
    let path = format!("/beta/app/calls/{call}/participants/muteAll");
    for bad in
        [json!({ "participants": "all" }), json!({ "participants": [1] }), json!({ "participants": [ADELE] })]
    {
        let answer = stage.post(&path, &bad);
        assert_eq!(answer.status, 400, "{bad}");
        assert!(answer.body.unwrap()["error"]["message"].to_string().contains("'participants'"));
    }
    assert_eq!(stage.applied(&format!("POST {path}")), 0);
    assert_eq!(stage.post(&path, &json!({})).status, 200);
}

#[test]
fn only_group_calls_have_somebody_to_mute() {
    let mut stage = stage();
    let ringing = stage.incoming(IncomingCall::from_user(ADELE));
    let call = stage.answered();
    let adele = stage.participant(&call, "Adele Vance");
    for action in ["mute", "unmute", &format!("participants/{adele}/mute")] {
        assert_eq!(stage.post(&format!("{CALLS}/{call}/{action}"), &json!({})).status, 400, "{action}");
        assert_eq!(stage.post(&format!("{CALLS}/{ringing}/{action}"), &json!({})).status, 409, "{action}");
    }
    let beta = |call: &str| format!("/beta/communications/calls/{call}/participants/muteAll");
    assert_eq!(stage.post(&beta(&call), &json!({})).status, 400);
    assert_eq!(stage.post(&beta(&ringing), &json!({})).status, 409);
    assert!(stage.world.applied().keys().all(|request| !request.contains("ute")));
}

#[test]
fn whoever_is_muted_is_told_with_all_that_the_roster_shows_of_them() {
    let mut stage = stage();
    let call = stage.group_with(app_hosted());
    let beta = format!("/beta/communications/calls/{call}");
    assert_eq!(
        stage.post(&format!("{beta}/changeScreenSharingRole"), &json!({ "role": "sharer" })).status,
        202
    );
    assert_eq!(stage.post(&format!("{beta}/startRecording"), &json!({})).status, 202);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.post(&format!("{beta}/mute"), &json!({})).status, 200);
    stage.wait(Duration::from_secs(1));
    let told = stage.last_item()["resourceData"].as_array().unwrap().clone();
    let [bot] = told.as_slice() else { panic!("one participant, not {told:?}") };
    let me = stage.ids(&call)[0].clone();
    assert_eq!((&bot["id"], &bot["isMuted"]), (&json!(me), &json!(true)));
    assert_eq!(bot["mediaStreams"][1]["label"], "applicationsharing-video");
    assert_eq!(bot["recordingInfo"]["recordingStatus"], "recording");
    let listed = stage.get(&format!("{CALLS}/{call}/participants/{me}")).body.unwrap();
    assert_eq!((&listed["mediaStreams"], &listed["metadata"]), (&bot["mediaStreams"], &bot["metadata"]));
}
