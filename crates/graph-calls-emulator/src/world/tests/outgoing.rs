use super::*;

fn dial(stage: &mut Stage, target: &Value) -> String {
    let answer = stage.post(CALLS, &create_body(target));
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    answer.body.unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn the_answer_to_create_is_the_whole_call_with_explicit_nulls_and_its_location() {
    let mut stage = stage();
    let answer = stage.post(CALLS, &create_body(&user(1)));
    let body = answer.body.unwrap();
    let id = body["id"].as_str().unwrap();
    let location = answer.headers.iter().find(|(name, _)| *name == "Location").unwrap();
    assert_eq!(location.1, format!("http://127.0.0.1/v1.0/communications/calls/{id}"));
    assert_eq!(body["@odata.context"], "http://127.0.0.1/v1.0/$metadata#app/calls/$entity");
    assert_eq!(body["state"], "establishing");
    assert_eq!(body["direction"], "outgoing");
    assert_eq!(body["callbackUri"], "https://bot.example/calls/2");
    for absent in ["meetingInfo", "toneInfo", "chatInfo", "transcription", "resultInfo"] {
        assert!(body.as_object().unwrap().contains_key(absent), "{absent}");
        assert_eq!(body[absent], Value::Null, "{absent}");
    }
    assert_eq!(body["source"]["identity"]["user"], Value::Null);
    assert_eq!(body["targets"][0]["identity"]["user"]["displayName"], "Adele Vance");
    assert_eq!(answer.call.as_deref(), Some(id));
}

#[test]
fn somebody_who_answers_is_in_the_call() {
    let mut stage = stage();
    dial(&mut stage, &user(1));
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ESTABLISHED);
    assert_eq!(stage.happened, ["rings Adele Vance", "Adele Vance picks up"]);
}

#[test]
fn whoever_does_not_answer_ends_the_call_with_their_reason() {
    for (target, end) in [
        (user(2), "deleted call: terminated 200/5002"),
        (user(3), "deleted call: terminated 200/5002"),
        (user(4), "deleted call: terminated 200/5002"),
        (user(5), "deleted call: terminated 480/10076"),
        (user(6), "deleted call: terminated 480/10199"),
        (user(77), "deleted call: terminated 480/10037"),
        (
            json!({ "application": { "id": "d0000000-0000-4000-8000-000000000001" } }),
            "deleted call: terminated 480/10134",
        ),
    ] {
        let mut stage = stage();
        let call = dial(&mut stage, &target);
        stage.wait(Duration::from_secs(61));
        assert_eq!(stage.news(), ["updated call: establishing", end], "{target}");
        assert_eq!(stage.get(&format!("{CALLS}/{call}")).status, 404);
        assert_eq!(stage.world.next_due(), None);
    }
}

#[test]
fn a_phone_rings_for_a_minute_or_as_long_as_beta_is_asked_to() {
    let mut stage = stage();
    dial(&mut stage, &user(4));
    stage.wait(Duration::from_secs(59));
    assert_eq!(stage.news(), ["updated call: establishing"]);

    let mut body = create_body(&user(4));
    body["ringingTimeoutInSeconds"] = json!(20);
    let call = stage.post("/beta/communications/calls", &body).body.unwrap();
    assert_eq!(call["ringingTimeoutInSeconds"], 20);
    stage.wait(Duration::from_secs(21));
    assert_eq!(stage.world.calls().iter().filter(|call| call.state == "terminated").count(), 2);
    body["ringingTimeoutInSeconds"] = json!(116);
    assert_eq!(stage.post("/beta/communications/calls", &body).status, 400);
}

#[test]
fn somebody_answers_and_hangs_up_on_their_own() {
    let mut stage = stage();
    dial(&mut stage, &user(7));
    stage.wait(Duration::from_secs(1));
    let news = stage.news();
    assert_eq!(news[news.len() - 2..], ["updated call: terminating", "deleted call: terminated 200/5002"]);
    assert!(stage.happened.contains(&"Greta Lind hangs up".to_owned()));
}

#[test]
fn a_phone_is_called_only_from_an_instance_of_the_bot_and_in_its_tenant() {
    let mut stage = stage();
    let mut body = create_body(&phone(1));
    assert_eq!(code(&stage.post(CALLS, &body)), "7505");
    body["tenantId"] = json!(stage.world.config.tenant_id);
    let refused = stage.post(CALLS, &body);
    assert_eq!((refused.status, code(&refused)), (403, "7507"));
    let instance = |number: u32| json!({ "identity": { "applicationInstance": { "id": format!("c0000000-0000-4000-8000-{number:012}") } } });
    body["source"] = instance(2);
    assert_eq!(code(&stage.post(CALLS, &body)), "7507", "it belongs to another app");
    body["source"] = instance(1);
    assert_eq!(stage.post(CALLS, &body).status, 201);
    stage.wait(Duration::from_secs(1));
    assert!(stage.news().contains(&"updated call: established".to_owned()));
}

#[test]
fn a_new_group_call_is_established_by_the_first_who_answers() {
    let mut stage = stage();
    let mut body = create_body(&user(3));
    body["targets"] = json!([{ "identity": user(3) }, { "identity": user(1) }, { "identity": user(8) }]);
    assert_eq!(stage.post(CALLS, &body).status, 201);
    stage.wait(Duration::from_secs(1));
    let news = stage.news();
    assert_eq!(news.iter().filter(|one| *one == "updated call: established").count(), 1);
    let roster = news.iter().rev().find(|one| one.starts_with("updated participants")).unwrap();
    assert!(roster.contains("Adele Vance") && roster.contains("Hugo Morel"), "{roster}");
    assert!(!roster.contains("Chidi"), "{roster}");
}

#[test]
fn a_group_call_that_nobody_joins_says_so() {
    let mut stage = stage();
    let mut body = create_body(&user(3));
    body["targets"] = json!([{ "identity": user(3) }, { "identity": user(5) }]);
    stage.post(CALLS, &body);
    stage.wait(Duration::from_secs(2));
    assert_eq!(stage.news(), ["updated call: establishing", "deleted call: terminated 200/5013"]);
}

fn join_body(stage: &Stage) -> Value {
    let mut body = create_body(&user(1));
    body.as_object_mut().unwrap().remove("targets");
    body["tenantId"] = json!(stage.world.config.tenant_id);
    body["chatInfo"] = json!({ "threadId": "19:meeting_1@thread.v2", "messageId": "0" });
    body["meetingInfo"] =
        json!({ "@odata.type": "#microsoft.graph.organizerMeetingInfo", "organizer": user(1) });
    body
}

#[test]
fn a_meeting_is_joined_and_its_roster_follows() {
    let mut stage = stage();
    let body = join_body(&stage);
    let answer = stage.post(CALLS, &body);
    assert_eq!(answer.status, 201);
    assert_eq!(answer.body.unwrap()["chatInfo"], body["chatInfo"]);
    stage.wait(Duration::from_secs(1));
    let news = stage.news();
    assert_eq!(
        news[..3],
        [
            "updated call: establishing",
            "updated call: established",
            "updated participants: Calling Bot, Adele Vance"
        ]
    );
}

#[test]
fn a_meeting_wants_the_tenant_and_what_identifies_it() {
    let mut stage = stage();
    let good = join_body(&stage);
    let without = |name: &str| {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(name);
        body
    };
    assert_eq!(code(&stage.post(CALLS, &without("tenantId"))), "7505");
    assert_eq!(stage.post(CALLS, &without("chatInfo")).status, 400);
    let mut other = good.clone();
    other["meetingInfo"] =
        json!({ "@odata.type": "#microsoft.graph.joinMeetingIdMeetingInfo", "passcode": null });
    assert_eq!(stage.post(CALLS, &other).status, 400);
    other["meetingInfo"]["joinMeetingId"] = json!("1234567890");
    assert_eq!(stage.post(CALLS, &other).status, 201);
}

#[test]
fn a_call_that_still_rings_can_be_given_up() {
    let mut stage = stage();
    let call = dial(&mut stage, &user(4));
    stage.wait(Duration::from_secs(5));
    stage.news();
    assert_eq!(stage.delete(&format!("{CALLS}/{call}")).status, 204);
    stage.wait(Duration::from_secs(100));
    assert_eq!(stage.news(), ["updated call: terminating", "deleted call: terminated 200/5001"]);
}

#[test]
fn a_guest_and_the_bot_itself_join_with_different_permissions() {
    let mut stage = stage();
    let own = join_body(&stage);
    let mut guest = own.clone();
    guest["source"] = json!({ "identity": { "guest": { "id": "g", "displayName": "Guest" } } });
    for (role, own_status, guest_status) in
        [("Calls.JoinGroupCall.All", 201, 403), ("Calls.JoinGroupCallAsGuest.All", 403, 201)]
    {
        let caller = ApiCaller { roles: vec![role.to_owned()], ..stage.bot() };
        assert_eq!(stage.api_as(caller.clone(), &Method::POST, CALLS, &own).status, own_status, "{role}");
        assert_eq!(stage.api_as(caller, &Method::POST, CALLS, &guest).status, guest_status, "{role}");
    }
}
