use super::*;

fn send(stage: &mut Stage, call: &str, body: &Value) -> Answer {
    stage.post(&format!("{CALLS}/{call}/sendDtmfTones"), body)
}

#[test]
fn tones_are_sent_one_after_the_other_and_the_end_is_told() {
    let mut stage = stage();
    let call = stage.answered();
    let body =
        json!({ "tones": ["tone1", "Star", "pound"], "delayBetweenTonesMs": 1_000, "clientContext": "d" });
    let answer = send(&mut stage, &call, &body);
    let reply = answer.body.unwrap();
    assert_eq!((answer.status, &reply["status"]), (200, &json!("running")));
    assert!(stage.happened.contains(&"the bot presses 1*#".to_owned()));
    stage.wait(Duration::from_millis(2_299));
    assert_eq!(stage.news(), [] as [&str; 0], "three tones of 100 ms and two gaps of a second");
    stage.wait(Duration::from_millis(1));
    assert_eq!(stage.news(), ["deleted sendDtmfTonesOperation: completed 200/0 completedSuccessfully"]);
    let item = stage.last_item();
    assert_eq!(
        item["resourceUrl"],
        format!("/communications/calls/{call}/operations/{}", reply["id"].as_str().unwrap())
    );
    assert_eq!(item["resourceData"]["clientContext"], "d");
    assert_eq!(stage.applied(&format!("POST {CALLS}/{call}/sendDtmfTones d")), 1);
}

#[test]
fn tones_that_the_end_of_the_call_cuts_off_are_completed_and_only_the_reason_tells() {
    let mut stage = stage();
    let call = stage.answered();
    let body = json!({ "tones": ["flash", "a"], "delayBetweenTonesMs": i32::MAX });
    assert_eq!(send(&mut stage, &call, &body).status, 200);
    stage.delete(&format!("{CALLS}/{call}"));
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        [
            "updated call: terminating",
            "deleted sendDtmfTonesOperation: completed mediaOperationCanceled",
            "deleted call: terminated 200/5001",
        ]
    );
    assert_eq!(stage.world.next_due(), None, "nothing is left to happen");
}

#[test]
fn what_is_no_tone_is_not_sent() {
    let mut stage = stage();
    let call = stage.answered();
    for (member, bad) in [
        ("tones", json!({})),
        ("tones", json!({ "tones": [] })),
        ("tones", json!({ "tones": "tone1" })),
        ("tones", json!({ "tones": ["1"] })),
        ("tones", json!({ "tones": ["tone1", "tone10"] })),
        ("tones", json!({ "tones": [{ "tone": "tone1" }] })),
        ("delayBetweenTonesMs", json!({ "tones": ["tone1"], "delayBetweenTonesMs": -1 })),
        ("delayBetweenTonesMs", json!({ "tones": ["tone1"], "delayBetweenTonesMs": 2_147_483_648_u64 })),
    ] {
        let answer = send(&mut stage, &call, &bad);
        assert_eq!(answer.status, 400, "{bad}");
        let message = answer.body.unwrap()["error"]["message"].to_string();
        assert!(message.contains(&format!("'{member}'")), "{message}");
    }
    let ringing = stage.incoming(IncomingCall::from_user(ADELE));
    assert_eq!(send(&mut stage, &ringing, &json!({ "tones": ["tone1"] })).status, 409);
    assert_eq!(stage.applied(&format!("POST {CALLS}/{call}/sendDtmfTones")), 0);
}

#[test]
fn keys_are_told_only_to_a_bot_that_subscribed_and_are_numbered() {
    let mut stage = stage();
    let call = stage.answered();
    stage.press(&call, "5");
    assert_eq!(stage.news(), [] as [&str; 0]);
    let answer = stage.post(&format!("{CALLS}/{call}/subscribeToTone"), &json!({ "clientContext": "c" }));
    assert_eq!((answer.status, &answer.body.unwrap()["status"]), (200, &json!("completed")));
    stage.press(&call, "1#");
    assert_eq!(stage.news(), ["updated call: established, tone1", "updated call: established, pound"]);
    let number = |place: usize| {
        let sent = &stage.sent[stage.sent.len() - place].body["value"][0]["resourceData"]["toneInfo"];
        sent["sequenceId"].as_u64().unwrap()
    };
    assert_eq!(number(1), number(2) + 1);
    assert!(stage.happened.contains(&"Adele Vance presses #".to_owned()));
}

#[test]
fn somebody_presses_keys_once_the_bot_listens() {
    let mut stage = stage();
    let call = stage.post(CALLS, &create_body(&user(8))).body.unwrap()["id"].as_str().unwrap().to_owned();
    stage.wait(Duration::from_secs(1));
    stage.news();
    stage.post(&format!("{CALLS}/{call}/subscribeToTone"), &json!({}));
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        [
            "updated call: established, tone1",
            "updated call: established, tone2",
            "updated call: established, pound"
        ]
    );
}
