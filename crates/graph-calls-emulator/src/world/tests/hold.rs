use super::*;

const MUSIC: &str = "https://bot.example/on-hold.wav";

fn path(call: &str, participant: &str, action: &str) -> String {
    format!("{CALLS}/{call}/participants/{participant}/{action}HoldMusic")
}

fn own_music() -> Value {
    json!({ "customPrompt": { "@odata.type": "#microsoft.graph.mediaPrompt", "mediaInfo": { "uri": MUSIC, "resourceId": "m" } } })
}

#[test]
fn a_participant_goes_on_hold_and_comes_back() {
    let mut stage = stage();
    let call = stage.group();
    let adele = stage.participant(&call, "Adele Vance");
    for (action, kind) in [("start", "startHoldMusicOperation"), ("stop", "stopHoldMusicOperation")] {
        let path = path(&call, &adele, action);
        let answer = stage.post(&path, &json!({ "clientContext": "h" }));
        let body = answer.body.unwrap();
        assert_eq!(
            (answer.status, &body["status"], &body["clientContext"]),
            (202, &json!("running"), &json!("h"))
        );
        assert_eq!(body["@odata.type"], format!("#microsoft.graph.{kind}"));
        assert!(answer.headers.iter().any(|(name, _)| *name == "Location"));
        assert_eq!(stage.news(), [] as [&str; 0], "nothing overtakes the answer");
        stage.wait(Duration::from_secs(1));
        assert_eq!(stage.news(), [format!("deleted {kind}: completed 200/0")]);
        assert_eq!(stage.applied(&format!("POST {path} h")), 1);
    }
    let told: Vec<_> = stage.happened.iter().rev().take(2).rev().cloned().collect();
    assert_eq!(told, ["Adele Vance hears music", "Adele Vance is back from hold"]);
}

#[test]
fn one_participant_is_on_hold_at_any_time() {
    let mut stage = stage();
    let call = stage.group();
    let (adele, hugo) = (stage.participant(&call, "Adele Vance"), stage.participant(&call, "Hugo Morel"));
    assert_eq!(stage.post(&path(&call, &adele, "start"), &json!({})).status, 202);
    assert_eq!(stage.post(&path(&call, &hugo, "start"), &json!({})).status, 409);
    assert_eq!(stage.post(&path(&call, &adele, "start"), &json!({})).status, 409, "the same one neither");
    assert_eq!(stage.applied(&format!("POST {}", path(&call, &adele, "start"))), 1);
    stage.control(Control::Leave { call: call.clone(), participant: adele }).unwrap();
    assert_eq!(
        stage.post(&path(&call, &hugo, "start"), &json!({})).status,
        202,
        "who left is on hold no more"
    );
}

#[test]
fn nobody_on_hold_is_nobody_to_bring_back() {
    let mut stage = stage();
    let call = stage.answered();
    let adele = stage.participant(&call, "Adele Vance");
    let stop = path(&call, &adele, "stop");
    assert_eq!(stage.post(&stop, &json!({})).status, 202);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["deleted stopHoldMusicOperation: completed 200/0"]);
    assert_eq!(stage.applied(&format!("POST {stop}")), 0);
}

#[test]
fn music_of_the_bots_own_is_fetched_before_it_sounds() {
    let mut stage = stage();
    let call = stage.answered();
    let adele = stage.participant(&call, "Adele Vance");
    assert_eq!(stage.post(&path(&call, &adele, "start"), &own_music()).status, 202);
    assert_eq!(stage.wanted[0].1, MUSIC);
    stage.wait(Duration::from_secs(5));
    assert_eq!(stage.news(), [] as [&str; 0]);
    stage.fetched(Ok(Duration::from_secs(9)));
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["deleted startHoldMusicOperation: completed 200/0"]);
    stage.post(&path(&call, &adele, "stop"), &json!({}));
    assert_eq!(stage.post(&path(&call, &adele, "start"), &own_music()).status, 202);
    assert_eq!(stage.wanted, [], "it is known by its resourceId");
}

#[test]
fn music_that_cannot_be_played_keeps_nobody_on_hold() {
    let mut stage = stage();
    let call = stage.answered();
    let adele = stage.participant(&call, "Adele Vance");
    stage.post(&path(&call, &adele, "start"), &own_music());
    stage.fetched(Err("it is no WAV file"));
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["deleted startHoldMusicOperation: failed 400/9999"]);
    assert_eq!(stage.post(&path(&call, &adele, "start"), &json!({})).status, 202);
}

#[test]
fn a_hold_that_is_ended_before_its_music_came_was_cancelled() {
    let mut stage = stage();
    let call = stage.answered();
    let adele = stage.participant(&call, "Adele Vance");
    stage.post(&path(&call, &adele, "start"), &own_music());
    stage.post(&path(&call, &adele, "stop"), &json!({}));
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        [
            "deleted startHoldMusicOperation: failed 400/8508",
            "deleted stopHoldMusicOperation: completed 200/0"
        ]
    );
    stage.fetched(Ok(Duration::from_secs(9)));
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), [] as [&str; 0]);

    let mut body = own_music();
    body["customPrompt"]["mediaInfo"]["resourceId"] = Value::Null;
    stage.post(&path(&call, &adele, "start"), &body);
    stage.delete(&format!("{CALLS}/{call}"));
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        [
            "updated call: terminating",
            "deleted startHoldMusicOperation: failed 400/8508",
            "deleted call: terminated 200/5001",
        ]
    );
}

#[test]
fn a_hold_is_refused_where_it_cannot_be() {
    let mut stage = stage();
    let ringing = stage.incoming(IncomingCall::from_user(ADELE));
    let call = stage.answered();
    let (me, adele) = (stage.participant(&call, "Calling Bot"), stage.participant(&call, "Adele Vance"));
    for action in ["start", "stop"] {
        assert_eq!(stage.post(&path(&ringing, &adele, action), &json!({})).status, 409);
        let nobody = stage.post(&path(&call, ADELE, action), &json!({}));
        assert_eq!((nobody.status, code(&nobody)), (404, "itemNotFound"));
        let long = json!({ "clientContext": "x".repeat(257) });
        assert_eq!(stage.post(&path(&call, &adele, action), &long).status, 400);
    }
    assert_eq!(stage.post(&path(&call, &me, "start"), &json!({})).status, 400);
    for bad in [json!("music"), json!({}), json!({ "mediaInfo": { "uri": "file:///etc/passwd" } })] {
        let answer = stage.post(&path(&call, &adele, "start"), &json!({ "customPrompt": bad }));
        assert_eq!(answer.status, 400, "{bad}");
    }
    assert!(stage.world.applied().keys().all(|request| !request.contains("HoldMusic")));
}
