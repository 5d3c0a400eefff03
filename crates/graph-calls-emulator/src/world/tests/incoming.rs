use super::*;

#[test]
fn an_answered_call_is_established_in_steps_and_says_so_more_than_once() {
    let mut stage = stage();
    let call = stage.incoming(IncomingCall::from_user(ADELE));
    assert_eq!(stage.news(), ["created call: incoming from Adele Vance"]);
    assert_eq!(stage.happened, ["Adele Vance calls"]);

    let answer = stage.post(&format!("{CALLS}/{call}/answer"), &answer_body());
    assert_eq!((answer.status, answer.body), (202, None));
    assert_eq!(stage.news(), [] as [&str; 0], "nothing overtakes the answer");
    assert_eq!(stage.get(&format!("{CALLS}/{call}")).body.unwrap()["state"], "establishing");

    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ESTABLISHED);
    let urls: Vec<_> = stage.sent.iter().map(|one| one.url.as_deref().unwrap()).collect();
    assert_eq!(urls[0], "https://bot.example/calls");
    assert!(urls[1..].iter().all(|url| *url == "https://bot.example/calls/1"));
    let got = stage.get(&format!("{CALLS}/{call}")).body.unwrap();
    assert_eq!(got["state"], "established");
    assert_eq!(got["mediaState"]["audio"], "active");
    assert_eq!(got["answeredBy"], Value::Null);
}

#[test]
fn a_second_answer_is_a_conflict() {
    let mut stage = stage();
    let call = stage.answered();
    assert_eq!(stage.post(&format!("{CALLS}/{call}/answer"), &answer_body()).status, 409);
    assert_eq!(stage.post(&format!("{CALLS}/{call}/reject"), &json!({})).status, 409);
}

#[test]
fn a_rejected_call_goes_without_state_or_result() {
    let mut stage = stage();
    let call = stage.incoming(IncomingCall::from_user(ADELE));
    stage.news();
    let answer = stage.post(&format!("{CALLS}/{call}/reject"), &json!({ "reason": "Busy" }));
    assert_eq!((answer.status, answer.body), (202, None));
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["deleted call"]);
    let data = &stage.last_item()["resourceData"];
    assert_eq!(
        *data,
        json!({ "@odata.type": "#microsoft.graph.call", "@odata.id": format!("/communications/calls/{call}") })
    );
    assert_eq!(code(&stage.get(&format!("{CALLS}/{call}"))), "8522");
}

#[test]
fn nobody_answers_within_15_seconds_and_the_call_is_gone() {
    let mut stage = stage();
    let call = stage.incoming(IncomingCall::from_user(ADELE));
    stage.wait(Duration::from_millis(14_999));
    assert_eq!(stage.get(&format!("{CALLS}/{call}")).status, 200);
    stage.wait(Duration::from_millis(1));
    assert_eq!(stage.news(), ["created call: incoming from Adele Vance", "deleted call"]);
    let answer = stage.post(&format!("{CALLS}/{call}/answer"), &answer_body());
    assert_eq!((answer.status, code(&answer)), (404, "8522"));
    assert!(stage.happened.contains(&"nobody answered in time".to_owned()));
}

#[test]
fn policy_based_recording_has_5_seconds() {
    let mut stage = stage();
    let call = stage.incoming(IncomingCall::from_user(ADELE).recording());
    let data = &stage.last_item()["resourceData"];
    assert_eq!(data["applicationMetadata"]["botData"]["inviteReasons"], json!(["ComplianceRecording"]));
    assert_eq!(stage.world.next_due(), Some(Duration::from_secs(5)));
    stage.wait(Duration::from_secs(5));
    assert_eq!(stage.get(&format!("{CALLS}/{call}")).status, 404);
}

#[test]
fn the_bot_hangs_up_first_terminating_then_terminated() {
    let mut stage = stage();
    let call = stage.answered();
    let answer = stage.delete(&format!("{CALLS}/{call}"));
    assert_eq!((answer.status, answer.body), (204, None));
    assert_eq!(stage.get(&format!("{CALLS}/{call}")).body.unwrap()["state"], "terminating");
    assert_eq!(stage.post(&format!("{CALLS}/{call}/keepAlive"), &Value::Null).status, 404);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["updated call: terminating", "deleted call: terminated 200/5001"]);
    let gone = stage.delete(&format!("{CALLS}/{call}"));
    assert_eq!((gone.status, code(&gone)), (404, "8522"));
    assert_eq!(stage.world.next_due(), None, "nothing is left to happen");
}

#[test]
fn the_caller_hangs_up_an_established_call_and_one_that_still_rings() {
    let mut stage = stage();
    let call = stage.answered();
    stage.control(Control::HangUp { call: call.clone() }).unwrap();
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["updated call: terminating", "deleted call: terminated 200/5002"]);
    let message = &stage.last_item()["resourceData"]["resultInfo"]["message"];
    assert_eq!(message, "The conversation has ended. DiagCode: 0#5002.@");
    assert_eq!(
        stage.control(Control::HangUp { call: call.clone() }),
        Err(ControlError::CallOver(call)),
        "twice is once too often"
    );

    let ringing = stage.incoming(IncomingCall::from_user(ADELE));
    stage.news();
    stage.control(Control::HangUp { call: ringing }).unwrap();
    stage.wait(Duration::from_secs(20));
    assert_eq!(stage.news(), ["deleted call: terminated 200/5002"]);
}

#[test]
fn a_phone_that_hangs_up_says_so() {
    let mut stage = stage();
    let call = stage.incoming(IncomingCall::from_phone("+15550100001"));
    let targets = &stage.last_item()["resourceData"]["targets"];
    assert_eq!(targets[0]["identity"]["applicationInstance"]["displayName"], "Front Desk");
    stage.post(&format!("{CALLS}/{call}/answer"), &answer_body());
    stage.wait(Duration::from_secs(1));
    stage.news();
    stage.control(Control::HangUp { call }).unwrap();
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["updated call: terminating", "deleted call: terminated 200/540000"]);
}

#[test]
fn a_call_that_is_not_kept_alive_for_45_minutes_is_cleaned_up() {
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let mut stage = stage();
    let call = stage.answered();
    stage.wait(minutes(44));
    let path = format!("{CALLS}/{call}/keepAlive");
    assert_eq!(stage.post(&path, &Value::Null).status, 200);
    stage.wait(minutes(44));
    assert_eq!(stage.news(), [] as [&str; 0], "the success counts from its own time");
    stage.wait(minutes(2));
    assert_eq!(stage.news(), ["updated call: terminating", "deleted call: terminated 408/8537"]);
    let late = stage.post(&path, &Value::Null);
    assert_eq!((late.status, code(&late)), (404, "8522"));
}

#[test]
fn an_app_without_any_permission_is_not_told_who_calls() {
    let config = WorldConfig::seeded(1).with_webhook("https://bot.example/").with_roles([] as [&str; 0]);
    let mut stage = Stage::new(config);
    stage.incoming(IncomingCall::from_user(ADELE));
    assert_eq!(stage.news(), ["created call: incoming from somebody hidden"]);
    assert!(!stage.last_item().to_string().contains("Adele"));
}

#[test]
fn what_cannot_be_controlled_says_why() {
    let mut stage = stage();
    let call = stage.incoming(IncomingCall::from_user(ADELE));
    let press = |keys: &str| Control::Press { call: call.clone(), keys: keys.to_owned() };
    assert_eq!(stage.control(press("1")), Err(ControlError::NotEstablished(call.clone())));
    assert_eq!(stage.control(press("x")), Err(ControlError::UnknownKey("x".into())));
    let nobody = IncomingCall::from_user("nobody");
    assert_eq!(stage.control(Control::Incoming(nobody)), Err(ControlError::UnknownPerson("nobody".into())));
    let foreign = IncomingCall::from_user(ADELE).to_instance("c0000000-0000-4000-8000-000000000002");
    assert!(matches!(stage.control(Control::Incoming(foreign)), Err(ControlError::UnknownInstance(_))));
    assert_eq!(
        stage.control(Control::HangUp { call: "no-guid".into() }),
        Err(ControlError::UnknownCall("no-guid".into()))
    );
    let mut deaf = Stage::new(WorldConfig::seeded(1));
    assert_eq!(deaf.control(Control::Incoming(IncomingCall::from_user(ADELE))), Err(ControlError::NoWebhook));
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let run = |seed| {
        let mut stage = Stage::new(WorldConfig::seeded(seed).with_webhook("https://bot.example/"));
        let call = stage.answered();
        stage.delete(&format!("{CALLS}/{call}"));
        stage.wait(Duration::from_secs(1));
        stage.sent.iter().map(|one| format!("{:?} {}", one.headers, one.body)).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
