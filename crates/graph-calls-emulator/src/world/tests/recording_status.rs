use super::*;

fn tell(stage: &mut Stage, call: &str, status: &str, context: &str) -> Answer {
    let body = json!({ "status": status, "clientContext": context });
    stage.post(&format!("{CALLS}/{call}/updateRecordingStatus"), &body)
}

/// A call by policy, answered, with all news of that read.
fn recorded(stage: &mut Stage) -> String {
    let call = stage.incoming(IncomingCall::from_user(ADELE).recording());
    stage.answer(&call, app_hosted());
    call
}

#[test]
fn a_recording_status_is_told_at_once_and_shown_to_everybody() {
    let mut stage = stage();
    let call = recorded(&mut stage);
    let answer = tell(&mut stage, &call, "Recording", "status-1");
    let body = answer.body.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(body["@odata.type"], "#microsoft.graph.updateRecordingStatusOperation");
    assert_eq!((&body["status"], &body["clientContext"]), (&json!("completed"), &json!("status-1")));
    let end = format!("/operations/{}", body["id"].as_str().unwrap());
    assert!(answer.headers.iter().any(|(name, value)| *name == "Location" && value.ends_with(&end)));
    assert_eq!(stage.recording_statuses(&call), ["recording", "recording"]);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), [] as [&str; 0], "a call of two has no roster notifications");

    stage.join(&call, HUGO);
    assert_eq!(stage.news(), [ROSTER_OF_THREE]);
    let info = stage.last_item()["resourceData"][2]["recordingInfo"].clone();
    assert_eq!(info["recordingStatus"], "recording", "whoever comes later is told, too");
    assert_eq!(info["initiator"]["application"]["id"], json!(stage.world.config.app_id));
    assert_eq!(tell(&mut stage, &call, "notRecording", "status-2").status, 200);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), [ROSTER_OF_THREE]);
    assert_eq!(stage.recording_statuses(&call), ["notRecording"; 3]);
    assert_eq!(tell(&mut stage, &call, "failed", "status-3").status, 200);
    assert_eq!(stage.recording_statuses(&call), ["failed"; 3]);
}

#[test]
fn the_same_recording_status_twice_is_told_once() {
    let mut stage = stage();
    let call = recorded(&mut stage);
    for _ in 0..2 {
        assert_eq!(tell(&mut stage, &call, "recording", "status-1").status, 200);
    }
    assert_eq!(tell(&mut stage, &call, "recording", "status-2").status, 200);
    assert_eq!(stage.applied("Status status-1"), 1);
    assert_eq!(stage.applied("Status status-2"), 0);
    let bare = format!("{CALLS}/{call}/updateRecordingStatus");
    assert_eq!(stage.post(&bare, &json!({ "status": "failed" })).status, 200);
    assert_eq!(stage.applied("Status failed"), 1);
}

#[test]
fn a_recording_status_is_for_recording_by_policy() {
    let mut stage = stage();
    let call = stage.group_with(app_hosted());
    let answer = tell(&mut stage, &call, "recording", "status-1");
    assert_eq!((answer.status, code(&answer)), (403, "8506"));

    let ringing = stage.incoming(IncomingCall::from_user(ADELE).recording());
    assert_eq!(tell(&mut stage, &ringing, "recording", "status-1").status, 409);
    let call = recorded(&mut stage);
    for bad in ["unknown", "paused", ""] {
        assert_eq!(tell(&mut stage, &call, bad, "status-1").status, 400, "{bad}");
    }
    let path = format!("{CALLS}/{call}/updateRecordingStatus");
    assert_eq!(stage.post(&path, &json!({})).status, 400);
    let bare = ApiCaller { roles: vec!["Calls.Initiate.All".into()], ..stage.bot() };
    let answer = stage.api_as(bare, &Method::POST, &path, &json!({ "status": "recording" }));
    assert_eq!((answer.status, code(&answer)), (403, "7504"));
    assert_eq!(stage.recording_statuses(&call), [Value::Null, Value::Null]);
    assert_eq!(stage.applied("status-1"), 0);
}
