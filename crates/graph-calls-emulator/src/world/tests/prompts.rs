use super::*;

fn play(stage: &mut Stage, call: &str, uris: &[&str]) -> Answer {
    let prompts: Vec<_> = uris
        .iter()
        .map(|uri| {
            json!({
                "@odata.type": "#microsoft.graph.mediaPrompt",
                "mediaInfo": { "@odata.type": "#microsoft.graph.mediaInfo", "uri": uri, "resourceId": uri },
            })
        })
        .collect();
    let body = json!({ "prompts": prompts, "clientContext": "play" });
    stage.post(&format!("{CALLS}/{call}/playPrompt"), &body)
}

const WAV: &str = "https://bot.example/welcome.wav";

#[test]
fn a_prompt_lasts_as_long_as_its_audio() {
    let mut stage = stage();
    let call = stage.answered();
    let answer = play(&mut stage, &call, &[WAV]);
    let body = answer.body.unwrap();
    assert_eq!(
        (answer.status, &body["status"], &body["clientContext"]),
        (200, &json!("running"), &json!("play"))
    );
    stage.fetched(Ok(Duration::from_secs(3)));
    stage.wait(Duration::from_millis(2_999));
    assert_eq!(stage.news(), [] as [&str; 0]);
    stage.wait(Duration::from_millis(1));
    assert_eq!(stage.news(), ["deleted playPromptOperation: completed 200/0"]);
    let item = stage.last_item();
    assert_eq!(item["resourceData"]["id"], body["id"]);
    assert_eq!(item["resourceData"]["clientContext"], "play");
    assert_eq!(
        item["resourceUrl"],
        format!("/communications/calls/{call}/operations/{}", body["id"].as_str().unwrap())
    );
}

#[test]
fn prompts_are_queued_in_order_whichever_is_fetched_first() {
    let mut stage = stage();
    let call = stage.answered();
    let first = play(&mut stage, &call, &[WAV, "https://bot.example/b.wav"]).body.unwrap();
    let second = play(&mut stage, &call, &["https://bot.example/c.wav"]).body.unwrap();
    stage.wanted.rotate_left(2);
    stage.fetched(Ok(Duration::from_secs(1)));
    stage.wait(Duration::from_secs(5));
    assert_eq!(stage.news(), [] as [&str; 0], "the second waits for the first");
    stage.fetched(Ok(Duration::from_secs(2)));
    stage.fetched(Ok(Duration::from_secs(2)));
    stage.wait(Duration::from_secs(4));
    assert_eq!(stage.last_item()["resourceData"]["id"], first["id"]);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.last_item()["resourceData"]["id"], second["id"]);
}

#[test]
fn a_prompt_with_a_known_resource_id_is_not_fetched_again() {
    let mut stage = stage();
    let call = stage.answered();
    play(&mut stage, &call, &[WAV]);
    stage.fetched(Ok(Duration::from_secs(1)));
    stage.wait(Duration::from_secs(1));
    play(&mut stage, &call, &[WAV]);
    assert_eq!(stage.wanted, []);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news().len(), 2);
}

#[test]
fn a_prompt_that_cannot_be_played_fails_and_the_next_one_plays() {
    let mut stage = stage();
    let call = stage.answered();
    play(&mut stage, &call, &[WAV]);
    play(&mut stage, &call, &["https://bot.example/good.wav"]);
    stage.fetched(Err("it is no WAV file"));
    stage.fetched(Ok(Duration::from_secs(1)));
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        ["deleted playPromptOperation: failed 400/9999", "deleted playPromptOperation: completed 200/0"]
    );
    assert!(stage.happened.contains(&"a prompt cannot be played: it is no WAV file".to_owned()));
}

#[test]
fn a_prompt_given_before_audio_is_active_waits_for_it() {
    let mut stage = stage();
    let call = stage.incoming(IncomingCall::from_user(ADELE));
    assert_eq!(play(&mut stage, &call, &[WAV]).status, 409, "not before the answer");
    stage.post(&format!("{CALLS}/{call}/answer"), &answer_body());
    assert_eq!(play(&mut stage, &call, &[WAV]).status, 200);
    stage.fetched(Ok(Duration::ZERO));
    stage.wait(Duration::from_secs(1));
    let news = stage.news();
    let place = |what: &str| news.iter().position(|one| one == what).unwrap();
    assert!(
        place("updated call: established, audio active")
            < place("deleted playPromptOperation: completed 200/0")
    );
}

#[test]
fn beta_plays_in_a_loop_without_an_end_until_the_call_ends() {
    let mut stage = stage();
    let call = stage.answered();
    let prompt = json!({ "mediaInfo": { "uri": WAV } });
    let body = json!({ "prompts": [prompt], "loop": true });
    assert_eq!(stage.post(&format!("/beta/communications/calls/{call}/playPrompt"), &body).status, 200);
    stage.fetched(Ok(Duration::from_secs(1)));
    stage.wait(Duration::from_secs(60));
    assert_eq!(stage.news(), [] as [&str; 0]);
    stage.delete(&format!("{CALLS}/{call}"));
    stage.wait(Duration::from_secs(1));
    assert!(stage.news().contains(&"deleted playPromptOperation: failed 400/8508".to_owned()));
}

#[test]
fn media_named_in_the_answer_is_fetched_in_advance() {
    let mut stage = stage();
    let call = stage.incoming(IncomingCall::from_user(ADELE));
    let mut body = answer_body();
    body["mediaConfig"]["preFetchMedia"] = json!([{ "uri": WAV, "resourceId": WAV }]);
    stage.post(&format!("{CALLS}/{call}/answer"), &body);
    assert_eq!(stage.wanted.len(), 1);
    stage.fetched(Ok(Duration::from_secs(1)));
    stage.wait(Duration::from_secs(1));
    play(&mut stage, &call, &[WAV]);
    assert_eq!(stage.wanted, []);
}

#[test]
fn prompts_and_tones_need_service_hosted_media() {
    let mut stage = stage();
    let call = stage.answered_with(app_hosted());
    assert_eq!(play(&mut stage, &call, &[WAV]).status, 400);
    let tones = stage.post(&format!("{CALLS}/{call}/subscribeToTone"), &json!({}));
    assert_eq!((tones.status, code(&tones)), (500, "9999"));
}

#[test]
fn prompts_have_their_limits() {
    let mut stage = stage();
    let call = stage.answered();
    assert_eq!(play(&mut stage, &call, &[WAV; 21]).status, 400);
    assert_eq!(play(&mut stage, &call, &[]).status, 400);
    assert_eq!(play(&mut stage, &call, &["file:///etc/passwd"]).status, 400);
    assert_eq!(play(&mut stage, &call, &[WAV; 20]).status, 200);
}
