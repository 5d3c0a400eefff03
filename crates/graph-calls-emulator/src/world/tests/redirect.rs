use super::*;

fn targets(numbers: &[u32]) -> Value {
    json!(numbers.iter().map(|number| json!({ "identity": user(*number) })).collect::<Vec<_>>())
}

fn ringing(stage: &mut Stage) -> (String, String) {
    let call = stage.incoming(IncomingCall::from_user(ADELE));
    stage.news();
    let path = format!("{CALLS}/{call}/redirect");
    (call, path)
}

#[test]
fn a_redirected_call_goes_without_a_result_once_somebody_takes_it() {
    let mut stage = stage();
    let (call, path) = ringing(&mut stage);
    let body = json!({ "targets": targets(&[8]), "callbackUri": "https://bot.example/redirected" });
    let answer = stage.post(&path, &body);
    assert_eq!((answer.status, answer.body), (202, None));
    assert_eq!(stage.get(&format!("{CALLS}/{call}")).body.unwrap()["state"], "redirecting");
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["deleted call: terminated"]);
    let data = &stage.last_item()["resourceData"];
    assert_eq!(data["source"]["identity"]["user"]["displayName"], "Adele Vance");
    assert_eq!(data["targets"][0]["identity"]["application"]["displayName"], "Calling Bot");
    assert_eq!((data.get("resultInfo"), data.get("answeredBy")), (None, None));
    assert_eq!(stage.sent.last().unwrap().url.as_deref(), Some("https://bot.example/redirected"));
    assert_eq!(
        stage.happened[1..],
        ["the bot redirects the call to Hugo Morel", "rings Hugo Morel", "Hugo Morel picks up"]
    );
    assert_eq!(stage.get(&format!("{CALLS}/{call}")).status, 404);
    assert_eq!(stage.world.next_due(), None, "nothing is left to happen");
    assert_eq!(stage.applied(&format!("POST {path} https://bot.example/redirected")), 1);
}

#[test]
fn of_several_who_ring_the_first_who_picks_up_has_the_call() {
    let mut stage = stage();
    let (_, path) = ringing(&mut stage);
    assert_eq!(stage.post(&path, &json!({ "targets": targets(&[2, 4, 5, 1, 8]) })).status, 202);
    stage.wait(Duration::from_secs(120));
    assert_eq!(stage.news(), ["deleted call: terminated"]);
    let taken = stage.happened.iter().filter(|what| what.ends_with("picks up")).count();
    assert_eq!(taken, 1);
    assert!(stage.happened.contains(&"cannot reach Elif Kaya".to_owned()));
}

#[test]
fn a_call_that_nobody_takes_ends_when_the_time_is_up() {
    for (numbers, timeout, seconds) in [
        (&[4][..], json!(null), 55),
        (&[4, 3], json!(null), 60),
        (&[4], json!(15), 15),
        (&[4], json!(90), 90),
    ] {
        let mut stage = stage();
        let (_, path) = ringing(&mut stage);
        let body = json!({ "targets": targets(numbers), "timeout": timeout });
        assert_eq!(stage.post(&path, &body).status, 202);
        stage.wait(Duration::from_secs(seconds));
        assert_eq!(stage.news(), [] as [&str; 0], "{seconds}");
        stage.wait(Duration::from_secs(1));
        assert_eq!(stage.news(), ["deleted call: terminated"]);
        assert!(stage.happened.contains(&"nobody takes the call".to_owned()));
    }
    let mut stage = stage();
    let (_, path) = ringing(&mut stage);
    assert_eq!(stage.post(&path, &json!({ "targets": targets(&[2, 5]) })).status, 202);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["deleted call: terminated"], "nobody is left who could");
}

#[test]
fn a_slow_target_is_not_waited_for_beyond_the_time() {
    let pace = Pace::default().with_ring(Duration::from_secs(200));
    let mut stage =
        Stage::new(WorldConfig::seeded(7).with_webhook("https://bot.example/calls").with_pace(pace));
    let (_, path) = ringing(&mut stage);
    assert_eq!(stage.post(&path, &json!({ "targets": targets(&[8]), "timeout": 20 })).status, 202);
    stage.wait(Duration::from_secs(21));
    assert_eq!(stage.news(), ["deleted call: terminated"]);
}

#[test]
fn a_redirect_to_or_from_a_phone_says_who_answered() {
    let mut stage = stage();
    let call = stage.incoming(IncomingCall::from_phone("+15550100001"));
    let path = format!("{CALLS}/{call}/redirect");
    assert_eq!(stage.post(&path, &json!({ "targets": targets(&[8]) })).status, 202);
    stage.wait(Duration::from_secs(1));
    let data = &stage.last_item()["resourceData"];
    assert_eq!(data["answeredBy"]["identity"]["user"]["displayName"], "Hugo Morel");

    let instance = "c0000000-0000-4000-8000-000000000001";
    let call = stage.incoming(IncomingCall::from_user(ADELE).to_instance(instance));
    let path = format!("{CALLS}/{call}/redirect");
    assert_eq!(stage.post(&path, &json!({ "targets": [{ "identity": phone(8) }] })).status, 202);
    stage.wait(Duration::from_secs(1));
    let data = &stage.last_item()["resourceData"];
    assert!(data["answeredBy"]["identity"]["encrypted"]["id"].is_string());
    assert!(!data.to_string().contains("+15550100008"));
}

#[test]
fn a_phone_is_reached_from_a_number_only() {
    let mut stage = stage();
    let (_, path) = ringing(&mut stage);
    assert_eq!(stage.post(&path, &json!({ "targets": [{ "identity": phone(8) }] })).status, 202);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["deleted call: terminated"]);
    assert!(stage.happened.contains(&"cannot reach Hugo Morel's phone".to_owned()));
}

#[test]
fn a_caller_who_hangs_up_is_not_passed_on() {
    let mut stage = stage();
    let (call, path) = ringing(&mut stage);
    stage.post(&path, &json!({ "targets": targets(&[4]) }));
    stage.wait(Duration::from_secs(1));
    stage.control(Control::HangUp { call }).unwrap();
    stage.wait(Duration::from_secs(120));
    assert_eq!(stage.news(), ["deleted call: terminated 200/5002"]);
}

#[test]
fn the_bot_may_still_hang_up_while_others_ring() {
    let mut stage = stage();
    let (call, path) = ringing(&mut stage);
    stage.post(&path, &json!({ "targets": targets(&[4]) }));
    stage.wait(Duration::from_secs(20));
    assert_eq!(stage.news(), [] as [&str; 0], "the window for an answer is no matter any more");
    assert_eq!(stage.delete(&format!("{CALLS}/{call}")).status, 204);
    stage.wait(Duration::from_secs(120));
    assert_eq!(stage.news(), ["updated call: terminating", "deleted call: terminated 200/5001"]);
}

#[test]
fn only_an_incoming_call_is_redirected() {
    let mut stage = stage();
    let (call, path) = ringing(&mut stage);
    let body = json!({ "targets": targets(&[4]) });
    assert_eq!(stage.post(&path, &body).status, 202);
    assert_eq!(stage.post(&path, &body).status, 409, "twice is once too often");
    assert_eq!(stage.applied(&format!("POST {path}")), 1);
    for action in ["answer", "playPrompt", "subscribeToTone", "keepAlive", "reject"] {
        let body = match action {
            "answer" => answer_body(),
            "playPrompt" => json!({ "prompts": [{ "mediaInfo": { "uri": "https://bot.example/a.wav" } }] }),
            _ => json!({}),
        };
        assert_eq!(stage.post(&format!("{CALLS}/{call}/{action}"), &body).status, 409, "{action}");
    }
    let answered = stage.answered();
    assert_eq!(stage.post(&format!("{CALLS}/{answered}/redirect"), &body).status, 409);
}

#[test]
fn a_redirect_has_its_limits() {
    let mut stage = stage();
    let (call, path) = ringing(&mut stage);
    let many = |count: usize| json!(vec![json!({ "identity": user(1) }); count]);
    for (member, bad) in [
        ("targets", json!({})),
        ("targets", json!({ "targets": [] })),
        ("targets", json!({ "targets": many(26) })),
        ("identity", json!({ "targets": [{}] })),
        ("timeout", json!({ "targets": many(1), "timeout": 14 })),
        ("timeout", json!({ "targets": many(1), "timeout": 91 })),
        ("timeout", json!({ "targets": many(1), "timeout": "55" })),
        ("callbackUri", json!({ "targets": many(1), "callbackUri": "http://bot.example/" })),
    ] {
        let answer = stage.post(&path, &bad);
        assert_eq!((answer.status, code(&answer)), (400, "invalidRequest"), "{bad}");
        let message = answer.body.unwrap()["error"]["message"].to_string();
        assert!(message.contains(&format!("'{member}'")), "{message}");
    }
    let beta = format!("/beta/communications/calls/{call}/redirect");
    for bad in [
        json!({ "targets": many(1), "maskCaller": 1 }),
        json!({ "targets": many(1), "targetDisposition": "up" }),
    ] {
        assert_eq!(stage.post(&beta, &bad).status, 400);
    }
    let bare = ApiCaller { roles: vec!["Calls.AccessMedia.All".to_owned()], ..stage.bot() };
    let answer = stage.api_as(bare, &Method::POST, &path, &json!({ "targets": many(1) }));
    assert_eq!((answer.status, code(&answer)), (403, "7504"));
    assert_eq!(stage.applied(&format!("POST {path}")), 0);
    assert_eq!(stage.post(&path, &json!({ "targets": many(25) })).status, 202);
}

#[test]
fn a_call_that_was_passed_on_can_do_nothing_that_needs_an_answer() {
    let mut stage = stage();
    let call = stage.incoming(IncomingCall::from_user(ADELE).recording());
    assert_eq!(
        stage.post(&format!("{CALLS}/{call}/redirect"), &json!({ "targets": targets(&[4]) })).status,
        202
    );
    let [bot, adele] = stage.ids(&call).try_into().unwrap();
    for (path, body) in [
        (
            "audioRoutingGroups",
            json!({ "id": "g", "routingMode": "oneToOne", "sources": [bot], "receivers": [adele] }),
        ),
        ("updateRecordingStatus", json!({ "status": "recording" })),
        ("subscribeToTone", json!({})),
        ("recordResponse", json!({})),
        ("keepAlive", Value::Null),
    ] {
        assert_eq!(stage.post(&format!("{CALLS}/{call}/{path}"), &body).status, 409, "{path}");
    }
}
