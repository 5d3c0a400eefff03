use super::*;

const WAV: &str = "https://bot.example/after-the-beep.wav";

fn record(stage: &mut Stage, call: &str, body: &Value) -> Answer {
    stage.post(&format!("{CALLS}/{call}/recordResponse"), body)
}

fn prompts() -> Value {
    json!([{ "@odata.type": "#microsoft.graph.mediaPrompt", "mediaInfo": { "uri": WAV } }])
}

fn play(stage: &mut Stage, call: &str, context: &str) {
    let body = json!({ "prompts": prompts(), "clientContext": context });
    assert_eq!(stage.post(&format!("{CALLS}/{call}/playPrompt"), &body).status, 200);
}

/// The clientContext of each operation that was told of, in order.
fn contexts(stage: &Stage) -> Vec<String> {
    let context = |one: &Notification| {
        one.body["value"][0]["resourceData"]["clientContext"].as_str().map(str::to_owned)
    };
    stage.sent.iter().filter_map(context).collect()
}

/// What a download is answered, of the last recording that was told of.
fn download(stage: &mut Stage, token: Option<&str>) -> http::Response<Bytes> {
    let data = &stage.last_item()["resourceData"];
    let path = data["recordingLocation"].as_str().unwrap().strip_prefix("http://127.0.0.1").unwrap();
    let mut request = http::Request::get(path);
    if let Some(token) = token.or(data["recordingAccessToken"].as_str()) {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    stage.world.download(&request.body(()).unwrap()).response
}

fn seconds_of(recording: &http::Response<Bytes>) -> f64 {
    crate::wav::check(recording.body()).unwrap().as_secs_f64()
}

#[test]
fn a_recording_plays_its_prompt_beeps_and_ends_when_its_time_is_up() {
    let mut stage = stage();
    let call = stage.answered();
    let body = json!({ "prompts": prompts(), "maxRecordDurationInSeconds": 3, "clientContext": "r" });
    let answer = record(&mut stage, &call, &body);
    let reply = answer.body.unwrap();
    assert_eq!(
        (answer.status, &reply["status"], &reply["clientContext"]),
        (200, &json!("running"), &json!("r"))
    );
    assert_eq!(reply["@odata.type"], "#microsoft.graph.recordOperation");
    assert_eq!((&reply["recordingLocation"], &reply["recordingAccessToken"]), (&json!(null), &json!(null)));
    let location = answer.headers.iter().find(|(name, _)| *name == "Location").unwrap();
    assert!(location.1.ends_with(&format!("/operations/{}", reply["id"].as_str().unwrap())));
    stage.fetched(Ok(Duration::from_secs(2)));
    stage.wait(Duration::from_millis(5_199));
    assert_eq!(stage.news(), [] as [&str; 0], "two seconds of prompt, 200 ms of beep, three of recording");
    stage.wait(Duration::from_millis(1));
    assert_eq!(stage.news(), ["deleted recordOperation: completed 200/8515 maxRecordDurationReached"]);
    let data = &stage.last_item()["resourceData"];
    assert_eq!((&data["id"], &data["clientContext"]), (&reply["id"], &json!("r")));
    assert!(stage.happened.contains(&"Adele Vance speaks".to_owned()));
    let recording = download(&mut stage, None);
    assert_eq!(recording.status(), 200);
    assert!((seconds_of(&recording) - 3.0).abs() < 0.001);
    assert_eq!(stage.applied(&format!("POST {CALLS}/{call}/recordResponse r")), 1);
}

#[test]
fn a_recording_ends_by_the_silence_behind_the_speech() {
    let mut stage = stage();
    let call = stage.answered();
    record(&mut stage, &call, &json!({ "maxRecordDurationInSeconds": 60, "maxSilenceTimeoutInSeconds": 2 }));
    stage.wait(Duration::from_secs(10));
    assert_eq!(stage.news(), ["deleted recordOperation: completed 200/0 maxSilenceTimeout"]);
    let seconds = seconds_of(&download(&mut stage, None));
    assert!((2.5..=3.5).contains(&seconds), "half to one and a half seconds of speech: {seconds}");
}

#[test]
fn a_stop_tone_ends_a_recording_and_other_keys_do_not() {
    let mut stage = stage();
    let call = stage.answered();
    stage.post(&format!("{CALLS}/{call}/subscribeToTone"), &json!({}));
    let body = json!({
        "prompts": prompts(), "maxRecordDurationInSeconds": 60, "playBeep": false, "stopTones": ["#", "1"],
    });
    record(&mut stage, &call, &body);
    stage.fetched(Ok(Duration::from_secs(1)));
    stage.press(&call, "#");
    assert_eq!(stage.news(), ["updated call: established, pound"], "the prompt still plays");
    stage.wait(Duration::from_millis(1_500));
    stage.press(&call, "2");
    assert_eq!(stage.news(), ["updated call: established, tone2"]);
    stage.press(&call, "1");
    assert_eq!(
        stage.news(),
        ["updated call: established, tone1", "deleted recordOperation: completed 200/0 stopToneDetected"]
    );
    assert!((seconds_of(&download(&mut stage, None)) - 0.5).abs() < 0.001);
    stage.wait(Duration::from_secs(90));
    assert_eq!(stage.news(), [] as [&str; 0], "it ends once");
}

#[test]
fn a_bot_that_did_not_subscribe_to_tones_has_stop_tones_all_the_same() {
    let mut stage = stage();
    let call = stage.answered();
    record(&mut stage, &call, &json!({ "playBeep": false, "stopTones": ["*"] }));
    stage.press(&call, "*");
    assert_eq!(stage.news(), ["deleted recordOperation: completed 200/0 stopToneDetected"]);
}

#[test]
fn a_recording_fails_if_nobody_is_heard() {
    let mut stage = stage();
    let call = stage.group();
    for name in ["Adele Vance", "Hugo Morel"] {
        let id = stage.participant(&call, name);
        let action = if name == "Adele Vance" { "mute" } else { "startHoldMusic" };
        stage.post(&format!("{CALLS}/{call}/participants/{id}/{action}"), &json!({}));
    }
    stage.wait(Duration::from_secs(1));
    stage.news();
    record(&mut stage, &call, &json!({ "initialSilenceTimeoutInSeconds": 2 }));
    stage.wait(Duration::from_millis(2_300));
    assert_eq!(stage.news(), ["deleted recordOperation: failed 400/8510 initialSilenceTimeout"]);
    let data = &stage.last_item()["resourceData"];
    assert_eq!((&data["recordingLocation"], &data["recordingAccessToken"]), (&json!(""), &json!("")));
    assert!(stage.happened.contains(&"nobody speaks".to_owned()));
}

#[test]
fn recordings_wait_for_prompts_and_prompts_for_recordings() {
    let mut stage = stage();
    let call = stage.answered();
    play(&mut stage, &call, "first");
    record(&mut stage, &call, &json!({ "clientContext": "second", "maxRecordDurationInSeconds": 1 }));
    play(&mut stage, &call, "third");
    stage.fetched(Ok(Duration::from_secs(1)));
    stage.fetched(Ok(Duration::from_secs(1)));
    stage.wait(Duration::from_secs(1));
    assert_eq!(contexts(&stage), ["first"]);
    stage.wait(Duration::from_millis(1_200));
    assert_eq!(contexts(&stage), ["first", "second"]);
    stage.wait(Duration::from_secs(1));
    assert_eq!(contexts(&stage), ["first", "second", "third"]);
}

#[test]
fn a_recording_that_may_barge_in_overtakes_what_plays_and_what_waits() {
    let mut stage = stage();
    let call = stage.answered();
    play(&mut stage, &call, "runs");
    play(&mut stage, &call, "waits");
    stage.fetched(Ok(Duration::from_secs(30)));
    stage.fetched(Ok(Duration::from_secs(1)));
    stage.wait(Duration::from_secs(1));
    let body = json!({ "bargeInAllowed": true, "maxRecordDurationInSeconds": 1, "clientContext": "barges" });
    record(&mut stage, &call, &body);
    assert_eq!(contexts(&stage), [] as [&str; 0], "nothing overtakes the answer");
    stage.wait(Duration::from_secs(3));
    assert_eq!(contexts(&stage), ["runs", "barges", "waits"]);
    assert_eq!(
        stage.news(),
        [
            "deleted playPromptOperation: failed 400/8508",
            "deleted recordOperation: completed 200/8515 maxRecordDurationReached",
            "deleted playPromptOperation: completed 200/0",
        ]
    );
}

#[test]
fn cancelling_ends_what_runs_and_what_waits_and_leaves_the_tones() {
    let mut stage = stage();
    let call = stage.answered();
    stage.post(&format!("{CALLS}/{call}/subscribeToTone"), &json!({}));
    play(&mut stage, &call, "runs");
    stage.fetched(Ok(Duration::from_secs(30)));
    record(&mut stage, &call, &json!({ "clientContext": "waits" }));
    let path = format!("{CALLS}/{call}/cancelMediaProcessing");
    let answer = stage.post(&path, &json!({ "clientContext": "c" }));
    let body = answer.body.unwrap();
    assert_eq!((answer.status, &body["status"]), (200, &json!("completed")));
    assert_eq!(body["@odata.type"], "#microsoft.graph.cancelMediaProcessingOperation");
    assert_eq!(stage.news(), [] as [&str; 0], "nothing overtakes the answer");
    stage.wait(Duration::from_secs(60));
    assert_eq!(
        stage.news(),
        [
            "deleted playPromptOperation: failed 400/8508",
            "deleted recordOperation: failed 400/8508 operationCanceled",
        ]
    );
    let data = &stage.last_item()["resourceData"];
    assert_eq!((&data["recordingLocation"], &data["recordingAccessToken"]), (&json!(""), &json!("")));
    stage.press(&call, "1");
    assert_eq!(stage.news(), ["updated call: established, tone1"]);
    assert_eq!(stage.post(&path, &json!({ "clientContext": "c" })).status, 200, "there is nothing to cancel");
    assert_eq!(stage.applied(&format!("POST {path} c")), 1);
    stage.wait(Duration::from_secs(60));
    assert_eq!(stage.news(), [] as [&str; 0]);

    play(&mut stage, &call, "next");
    stage.fetched(Ok(Duration::from_secs(1)));
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["deleted playPromptOperation: completed 200/0"], "the queue works on");
}

#[test]
fn what_was_cancelled_tells_so_even_if_the_call_ends_at_once() {
    let mut stage = stage();
    let call = stage.answered();
    record(&mut stage, &call, &json!({}));
    stage.post(&format!("{CALLS}/{call}/cancelMediaProcessing"), &json!({}));
    stage.delete(&format!("{CALLS}/{call}"));
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        [
            "updated call: terminating",
            "deleted recordOperation: failed 400/8508 operationCanceled",
            "deleted call: terminated 200/5001",
        ]
    );
    let ringing = stage.incoming(IncomingCall::from_user(ADELE));
    assert_eq!(stage.post(&format!("{CALLS}/{ringing}/cancelMediaProcessing"), &json!({})).status, 409);
}

#[test]
fn a_prompt_that_cannot_be_played_fails_the_recording() {
    let mut stage = stage();
    let call = stage.answered();
    record(&mut stage, &call, &json!({ "prompts": prompts() }));
    stage.fetched(Err("it is no WAV file"));
    assert_eq!(stage.news(), ["deleted recordOperation: failed 400/9999 playPromptFailed"]);
}

#[test]
fn a_recording_has_its_limits() {
    let mut stage = stage();
    let call = stage.answered();
    let two = json!([prompts()[0], prompts()[0]]);
    for (member, bad) in [
        ("prompts", json!({ "prompts": two })),
        ("mediaInfo", json!({ "prompts": [{}] })),
        ("initialSilenceTimeoutInSeconds", json!({ "initialSilenceTimeoutInSeconds": 0 })),
        ("maxSilenceTimeoutInSeconds", json!({ "maxSilenceTimeoutInSeconds": 121 })),
        ("maxRecordDurationInSeconds", json!({ "maxRecordDurationInSeconds": 300 })),
        ("maxRecordDurationInSeconds", json!({ "maxRecordDurationInSeconds": "5" })),
        ("bargeInAllowed", json!({ "bargeInAllowed": "yes" })),
        ("playBeep", json!({ "playBeep": 1 })),
        ("stopTones", json!({ "stopTones": "#" })),
        ("stopTones", json!({ "stopTones": ["pound"] })),
        ("stopTones", json!({ "stopTones": ["flash"] })),
        ("stopTones", json!({ "stopTones": [""] })),
        ("clientContext", json!({ "clientContext": "x".repeat(257) })),
    ] {
        let answer = record(&mut stage, &call, &bad);
        assert_eq!(answer.status, 400, "{bad}");
        let message = answer.body.unwrap()["error"]["message"].to_string();
        assert!(message.contains(&format!("'{member}'")), "{message}");
    }
    let bare = ApiCaller { roles: vec!["Calls.Initiate.All".to_owned()], ..stage.bot() };
    let path = format!("{CALLS}/{call}/recordResponse");
    let answer = stage.api_as(bare, &Method::POST, &path, &json!({}));
    assert_eq!((answer.status, code(&answer)), (403, "7504"));
    let edges = json!({ "initialSilenceTimeoutInSeconds": 1, "maxSilenceTimeoutInSeconds": 120, "maxRecordDurationInSeconds": 120 });
    assert_eq!(record(&mut stage, &call, &edges).status, 200);

    let call = stage.incoming(IncomingCall::from_user(ADELE));
    assert_eq!(record(&mut stage, &call, &json!({})).status, 409, "not before the answer");
    stage.answer(&call, app_hosted());
    assert_eq!(record(&mut stage, &call, &json!({})).status, 400, "the bot has the media itself");
}

#[test]
fn each_dialect_has_its_names_for_what_was_recorded() {
    for (dialect, names, reason) in [
        (Dialect::Wire, ["recordingLocation", "recordingAccessToken"], true),
        (Dialect::DocsCurrent, ["recordingLocation", "recordingAccessToken"], true),
        (Dialect::DocsLegacy, ["recordingLocation", "recordingAccessToken"], false),
        (Dialect::Y2018, ["recordResourceLocation", "recordResourceAccessToken"], false),
    ] {
        let config = WorldConfig::seeded(7).with_webhook("https://bot.example/").with_dialect(dialect);
        let mut stage = Stage::new(config);
        let call = stage.answered();
        record(&mut stage, &call, &json!({ "maxRecordDurationInSeconds": 1 }));
        stage.wait(Duration::from_secs(2));
        let data = &stage.last_item()["resourceData"];
        assert!(names.iter().all(|name| data[*name].as_str().is_some_and(|text| text.len() > 30)), "{data}");
        assert_eq!(data.get("completionReason").is_some(), reason, "{dialect}");
    }
}

#[test]
fn a_recording_is_opened_by_its_own_token_until_10_minutes_after_the_call() {
    let mut stage = stage();
    let call = stage.answered();
    record(&mut stage, &call, &json!({ "maxRecordDurationInSeconds": 1 }));
    stage.wait(Duration::from_secs(2));
    let data = stage.last_item()["resourceData"].clone();
    let (location, token) =
        (data["recordingLocation"].as_str().unwrap(), data["recordingAccessToken"].as_str().unwrap());
    let path = location.strip_prefix("http://127.0.0.1").unwrap();
    let ask = |stage: &mut Stage, method: &Method, token: &str| {
        let request = http::Request::builder().method(method).uri(path).header("Authorization", token);
        stage.world.download(&request.body(()).unwrap()).response
    };
    let good = format!("bearer {token}");
    let got = ask(&mut stage, &Method::GET, &good);
    assert_eq!(
        (got.status().as_u16(), &got.headers()["content-type"]),
        (200, &"application/octet-stream".parse().unwrap())
    );
    for bad in ["Bearer", "Bearer x", &format!("Basic {token}"), &format!("Bearer {token}x")] {
        let got = ask(&mut stage, &Method::GET, bad);
        assert_eq!(
            (got.status().as_u16(), got.headers()["www-authenticate"].to_str().unwrap()),
            (401, "Bearer")
        );
    }
    assert_eq!(ask(&mut stage, &Method::POST, &good).status(), 405);
    for debug in [format!("{:?}", stage.world), format!("{:?}", stage.sent)] {
        assert!(!debug.contains(token), "nobody prints it");
    }

    stage.wait(Duration::from_secs(30 * 60));
    assert_eq!(ask(&mut stage, &Method::GET, &good).status(), 200, "the call lives");
    stage.delete(&format!("{CALLS}/{call}"));
    stage.wait(Duration::from_secs(9 * 60));
    assert_eq!(ask(&mut stage, &Method::GET, &good).status(), 200);
    stage.wait(Duration::from_secs(61));
    assert_eq!(ask(&mut stage, &Method::GET, &good).status(), 404);
    assert_eq!(stage.world.next_due(), None);
}

#[test]
fn the_recordings_of_a_call_that_is_forgotten_are_gone() {
    let deadlines = Deadlines::default().with_recordings(Duration::MAX);
    let mut stage =
        Stage::new(WorldConfig::seeded(7).with_webhook("https://bot.example/").with_deadlines(deadlines));
    let call = stage.answered();
    record(&mut stage, &call, &json!({ "maxRecordDurationInSeconds": 1 }));
    stage.wait(Duration::from_secs(2));
    stage.delete(&format!("{CALLS}/{call}"));
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.world.recordings.len(), 1);
    for _ in 0..REMEMBERED {
        let call = stage.world.new_call(Direction::Incoming, Party::phone("+15550100001"));
        stage.world.add_call(call);
    }
    assert_eq!(stage.world.recordings.len(), 0);
}
