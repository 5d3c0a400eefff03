use super::*;

fn target(number: u32) -> Value {
    json!({ "transferTarget": { "endpointType": "default", "identity": user(number) }, "clientContext": "t" })
}

fn transfer(stage: &mut Stage, call: &str, body: &Value) -> Answer {
    stage.post(&format!("{CALLS}/{call}/transfer"), body)
}

/// The last news of a transfer within a second.
fn outcome(stage: &mut Stage, call: &str, body: &Value) -> String {
    assert_eq!(transfer(stage, call, body).status, 202);
    stage.wait(Duration::from_secs(1));
    stage.news().pop().unwrap()
}

/// The bot's call to somebody, established.
fn consulted(stage: &mut Stage, number: u32) -> String {
    let call =
        stage.post(CALLS, &create_body(&user(number))).body.unwrap()["id"].as_str().unwrap().to_owned();
    stage.wait(Duration::from_secs(1));
    stage.news();
    call
}

#[test]
fn a_blind_transfer_gives_the_call_away_step_by_step() {
    let mut stage = stage();
    let call = stage.answered();
    let answer = transfer(&mut stage, &call, &target(8));
    assert_eq!((answer.status, answer.body), (202, None));
    assert_eq!(stage.news(), [] as [&str; 0], "nothing overtakes the answer");
    let path = format!("{CALLS}/{call}");
    assert_eq!(stage.get(&path).body.unwrap()["state"], "transferring");
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        [
            "updated call: transferring",
            "updated call: transferAccepted, audio inactive",
            "deleted call: terminated 0/7015",
        ]
    );
    assert_eq!(
        stage.last_item()["resourceData"]["resultInfo"],
        json!({
            "@odata.type": "#microsoft.graph.resultInfo",
            "code": 0, "subcode": 7015, "message": "GracefulTransferCompleted",
        })
    );
    assert!(stage.happened.contains(&"the bot transfers Adele Vance to Hugo Morel".to_owned()));
    assert_eq!(stage.get(&path).status, 404);
    assert_eq!(stage.world.next_due(), None, "nothing is left to happen");
    assert_eq!(stage.applied(&format!("POST {path}/transfer t")), 1);
}

#[test]
fn a_transfer_that_nobody_takes_leaves_the_call_as_it_was() {
    for number in [2, 3, 4, 5, 6] {
        let mut stage = stage();
        let call = stage.answered();
        assert_eq!(transfer(&mut stage, &call, &target(number)).status, 202);
        stage.wait(Duration::from_secs(61));
        assert_eq!(stage.news(), ["updated call: transferring", "updated call: established 500/7000"]);
        assert_eq!(stage.get(&format!("{CALLS}/{call}")).body.unwrap()["state"], "established");
        let context = stage.last_item()["resourceData"].get("replacesContext");
        assert_eq!(context, None);
        let again = outcome(&mut stage, &call, &target(8));
        assert_eq!(again, "deleted call: terminated 0/7015", "it may try once more");
    }
}

#[test]
fn a_consultative_transfer_ends_both_calls_of_the_bot() {
    let mut stage = stage();
    let first = stage.answered();
    let second = consulted(&mut stage, 8);
    let mut body = target(1);
    body["transferTarget"]["replacesCallId"] = json!(first.replace('-', "").to_uppercase());
    assert_eq!(transfer(&mut stage, &second, &body).status, 202);
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        [
            "updated call: transferring",
            "updated call: transferAccepted, audio inactive",
            "deleted call: terminated 0/7015 AppTransferred",
            "updated call: terminating",
            "deleted call: terminated 200/5001",
        ]
    );
    let about: Vec<_> = stage.sent[stage.sent.len() - 5..].iter().map(|one| one.call.clone()).collect();
    assert_eq!(about, [&second, &second, &second, &first, &first].map(String::clone));
    let states: Vec<_> = stage.world.calls().iter().map(|call| call.state.clone()).collect();
    assert_eq!(states, ["terminated", "terminated"]);
}

#[test]
fn a_consultative_transfer_fails_with_a_subcode_of_its_own_and_both_calls_go_on() {
    let mut stage = stage();
    let first = stage.answered();
    let second = consulted(&mut stage, 8);
    // Bruno is busy; Hugo is in another call than the one that is to be replaced; Adele leaves it meanwhile.
    for (number, leaves) in [(2, false), (8, false), (1, true)] {
        let mut body = target(number);
        body["transferTarget"]["replacesCallId"] = json!(first);
        assert_eq!(transfer(&mut stage, &second, &body).status, 202);
        if leaves {
            stage.control(Control::HangUp { call: first.clone() }).unwrap();
        }
        stage.wait(Duration::from_secs(1));
        let news = stage.news();
        assert!(news.contains(&"updated call: established 500/7700".to_owned()), "{news:?}");
        assert_eq!(stage.get(&format!("{CALLS}/{second}")).body.unwrap()["state"], "established");
    }
    let failed = stage.sent.iter().rev().find(|one| one.call == second).unwrap();
    assert!(failed.body["value"][0]["resourceData"]["replacesContext"].is_string());
}

#[test]
fn the_target_of_a_consultative_transfer_is_in_another_live_call_of_this_bot() {
    let mut stage = stage();
    let first = stage.answered();
    let second = consulted(&mut stage, 8);
    let ringing = stage.incoming(IncomingCall::from_user(ADELE));
    let ended = stage.answered();
    stage.delete(&format!("{CALLS}/{ended}"));
    stage.wait(Duration::from_secs(1));
    for bad in [&second, &ringing, &ended, "e0000000-0000-4000-8000-000000000009", "no-guid"] {
        let mut body = target(1);
        body["transferTarget"]["replacesCallId"] = json!(bad);
        let answer = transfer(&mut stage, &second, &body);
        assert_eq!(answer.status, 400, "{bad}");
        assert!(answer.body.unwrap()["error"]["message"].to_string().contains("replacesCallId"));
    }
    assert_eq!(stage.applied(&format!("POST {CALLS}/{second}/transfer t")), 0);
    assert_eq!(stage.get(&format!("{CALLS}/{first}")).status, 200);
}

#[test]
fn out_of_a_group_call_the_bot_says_who_goes() {
    let mut stage = stage();
    let call = stage.group();
    assert_eq!(transfer(&mut stage, &call, &target(7)).status, 400, "who goes?");
    let adele = stage.participant(&call, "Adele Vance");
    let with = |transferee: Value| {
        let mut body = target(7);
        body["transferee"] = transferee;
        body
    };
    for bad in [
        json!({ "participantId": "e0000000-0000-4000-8000-00000000000b" }),
        json!({ "identity": user(7) }),
        json!({}),
        json!("Adele"),
    ] {
        assert_eq!(transfer(&mut stage, &call, &with(bad.clone())).status, 400, "{bad}");
    }
    let by_id = with(json!({ "identity": user(1), "participantId": adele.to_uppercase() }));
    assert_eq!(transfer(&mut stage, &call, &by_id).status, 202);
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        [
            "updated call: transferring",
            "updated call: transferAccepted, audio inactive",
            "deleted call: terminated 0/7015",
        ]
    );
    let call = stage.group();
    assert_eq!(transfer(&mut stage, &call, &with(json!({ "identity": user(1) }))).status, 202);
}

#[test]
fn a_transferee_who_leaves_is_not_transferred() {
    let mut stage = stage();
    let call = stage.group();
    let adele = stage.participant(&call, "Adele Vance");
    let mut body = target(4);
    body["transferee"] = json!({ "participantId": adele });
    assert_eq!(transfer(&mut stage, &call, &body).status, 202);
    stage.wait(Duration::from_secs(1));
    stage.control(Control::Leave { call: call.clone(), participant: adele }).unwrap();
    stage.wait(Duration::from_secs(90));
    assert_eq!(
        stage.news(),
        [
            "updated call: transferring",
            "updated call: established 500/7000",
            "updated participants: Calling Bot, Hugo Morel",
        ]
    );

    let call = stage.answered();
    assert_eq!(transfer(&mut stage, &call, &target(4)).status, 202);
    stage.wait(Duration::from_secs(1));
    stage.control(Control::HangUp { call }).unwrap();
    stage.wait(Duration::from_secs(90));
    assert_eq!(
        stage.news(),
        ["updated call: transferring", "updated call: terminating", "deleted call: terminated 200/5002"]
    );
}

#[test]
fn a_roster_that_changes_during_a_transfer_is_told() {
    let mut stage = stage();
    let call = stage.group();
    let (adele, hugo) = (stage.participant(&call, "Adele Vance"), stage.participant(&call, "Hugo Morel"));
    let mut body = target(4);
    body["transferee"] = json!({ "participantId": adele });
    assert_eq!(transfer(&mut stage, &call, &body).status, 202);
    stage.control(Control::Leave { call: call.clone(), participant: hugo }).unwrap();
    assert_eq!(stage.news(), ["updated participants: Calling Bot, Adele Vance"]);
    stage.control(Control::HangUp { call }).unwrap();
    stage.wait(Duration::from_secs(90));
    assert_eq!(stage.news(), ["updated call: terminating", "deleted call: terminated 200/5010"]);
}

#[test]
fn phones_need_a_number_to_be_transferred_to_and_users_the_same_tenant() {
    let mut stage = stage();
    let to_phone = json!({ "transferTarget": { "identity": phone(8) } });
    let stranger = json!({ "user": { "id": "b0000000-0000-4000-8000-000000000101" } });
    let to_stranger = json!({ "transferTarget": { "identity": stranger } });
    let call = stage.answered();
    for body in [&to_phone, &to_stranger] {
        assert_eq!(outcome(&mut stage, &call, body), "updated call: established 500/7000");
    }
    let call = stage.incoming(IncomingCall::from_phone("+15550100001"));
    stage.answer(&call, service_hosted());
    assert_eq!(outcome(&mut stage, &call, &to_phone), "deleted call: terminated 0/7015");
}

#[test]
fn what_runs_in_a_transferred_call_is_cancelled_at_its_end() {
    let mut stage = stage();
    let call = stage.answered();
    stage.post(&format!("{CALLS}/{call}/recordResponse"), &json!({ "maxRecordDurationInSeconds": 60 }));
    transfer(&mut stage, &call, &target(8));
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news()[2..],
        ["deleted recordOperation: failed 400/8508 operationCanceled", "deleted call: terminated 0/7015",]
    );
}

#[test]
fn a_transfer_is_refused_where_it_cannot_be() {
    let mut stage = stage();
    let ringing = stage.incoming(IncomingCall::from_user(ADELE));
    assert_eq!(transfer(&mut stage, &ringing, &target(8)).status, 409);
    let call = stage.answered();
    for bad in [json!({}), json!({ "transferTarget": {} }), json!({ "transferTarget": "Hugo" })] {
        assert_eq!(transfer(&mut stage, &call, &bad).status, 400, "{bad}");
    }
    let bare = ApiCaller { roles: vec!["Calls.AccessMedia.All".to_owned()], ..stage.bot() };
    let path = format!("{CALLS}/{call}/transfer");
    let answer = stage.api_as(bare, &Method::POST, &path, &target(8));
    assert_eq!((answer.status, code(&answer)), (403, "7504"));
    assert_eq!(transfer(&mut stage, &call, &target(4)).status, 202);
    assert_eq!(transfer(&mut stage, &call, &target(8)).status, 409, "one transfer at a time");
    let invited = json!({ "participants": [{ "identity": user(8) }] });
    assert_eq!(stage.post(&format!("{CALLS}/{call}/participants/invite"), &invited).status, 409);
    assert_eq!(stage.applied(&format!("POST {path} t")), 1);
}

#[test]
fn in_2018_a_comms_operation_told_how_far_a_transfer_is() {
    let config = WorldConfig::seeded(7).with_webhook("https://bot.example/").with_dialect(Dialect::Y2018);
    let mut stage = Stage::new(config);
    let call = stage.answered();
    transfer(&mut stage, &call, &target(8));
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        [
            "updated commsOperation: running 200/transferring",
            "updated commsOperation: running 200/transferAccepted",
            "deleted call: terminated AppTransferred",
        ]
    );
    let told = &stage.sent[stage.sent.len() - 2].body["value"][0];
    assert_eq!(told["resourceData"]["clientContext"], "t");
    assert!(told["resource"].as_str().unwrap().starts_with(&format!("/app/calls/{call}/operations/")));
}
