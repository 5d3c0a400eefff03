use super::*;

const BETA: &str = "/beta/communications/calls";

#[test]
fn a_recording_begins_with_an_operation_that_runs_and_ends_with_one_that_is_done() {
    let mut stage = stage();
    let call = stage.group();
    let answer = stage.post(&format!("{BETA}/{call}/startRecording"), &json!({ "clientContext": "rec-1" }));
    let body = answer.body.unwrap();
    assert_eq!((answer.status, &body["status"]), (202, &json!("running")));
    assert_eq!(body["@odata.type"], "#microsoft.graph.startRecordingOperation");
    assert_eq!(stage.recording_statuses(&call), [Value::Null, Value::Null, Value::Null]);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["deleted startRecordingOperation: completed 200/0", ROSTER_OF_THREE]);
    assert_eq!(stage.recording_statuses(&call), ["recording"; 3]);

    let answer = stage.post(&format!("{BETA}/{call}/stopRecording"), &Value::Null);
    let body = answer.body.unwrap();
    assert_eq!((answer.status, &body["status"]), (202, &json!("completed")));
    assert_eq!(body["@odata.type"], "#microsoft.graph.stopRecordingOperation");
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), [ROSTER_OF_THREE], "what is completed is not told again");
    assert_eq!(stage.recording_statuses(&call), ["notRecording"; 3]);
}

#[test]
fn a_transcript_begins_and_ends_and_the_call_says_so() {
    let mut stage = stage();
    let call = stage.answered();
    let transcription = |stage: &mut Stage| {
        let body = stage.get(&format!("{BETA}/{call}")).body.unwrap();
        body["transcription"]["state"].clone()
    };
    let body = json!({ "language": "en-US", "clientContext": "t-1" });
    let answer = stage.post(&format!("{BETA}/{call}/microsoft.graph.StartTranscription"), &body);
    let operation = answer.body.unwrap();
    assert_eq!((answer.status, &operation["status"]), (202, &json!("running")));
    assert_eq!(operation["@odata.type"], "#microsoft.graph.startTranscriptionOperation");
    assert_eq!(transcription(&mut stage), Value::Null);
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        [
            "deleted startTranscriptionOperation: completed 200/0",
            "updated call: established, transcription active",
        ]
    );
    let told = stage.last_item()["resourceData"]["transcription"].clone();
    assert_eq!(told["lastModifiedDateTime"], "1970-01-01T00:00:01Z");
    assert_eq!(transcription(&mut stage), "active");

    let answer = stage.post(&format!("{BETA}/{call}/stopTranscription"), &json!({ "language": "en-us" }));
    assert_eq!((answer.status, &answer.body.unwrap()["status"]), (202, &json!("completed")));
    assert_eq!(transcription(&mut stage), "inactive");
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["updated call: established, transcription inactive"]);
}

#[test]
fn what_is_begun_twice_or_stopped_twice_changes_nothing_the_second_time() {
    for what in ["Recording", "Transcription"] {
        let mut stage = stage();
        let call = stage.group();
        let send = |stage: &mut Stage, verb: &str, context: &str| {
            let body = json!({ "clientContext": context });
            assert_eq!(stage.post(&format!("{BETA}/{call}/{verb}{what}"), &body).status, 202);
        };
        send(&mut stage, "stop", "too-early");
        send(&mut stage, "start", "first");
        send(&mut stage, "start", "second");
        stage.wait(Duration::from_secs(1));
        send(&mut stage, "start", "third");
        stage.wait(Duration::from_secs(1));
        let done = format!("deleted start{what}Operation: completed 200/0");
        let news = stage.news();
        assert_eq!(news.len(), 4, "{news:?}");
        assert_eq!(news.iter().filter(|one| **one == done).count(), 3);
        send(&mut stage, "stop", "fourth");
        send(&mut stage, "stop", "fifth");
        stage.wait(Duration::from_secs(1));
        assert_eq!(stage.news().len(), 1);
        for (key, times) in
            [("too-early", 0), ("first", 1), ("second", 0), ("third", 0), ("fourth", 1), ("fifth", 0)]
        {
            assert_eq!(stage.applied(&format!("{what} {key}")), times, "{key}");
        }
    }
}

#[test]
fn what_is_stopped_before_it_has_begun_does_not_begin() {
    let mut stage = stage();
    let call = stage.group();
    for what in ["Recording", "Transcription"] {
        stage.post(&format!("{BETA}/{call}/start{what}"), &json!({}));
        stage.post(&format!("{BETA}/{call}/stop{what}"), &json!({}));
    }
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        [
            "deleted startRecordingOperation: completed 200/0",
            ROSTER_OF_THREE,
            "deleted startTranscriptionOperation: completed 200/0",
            "updated call: established, transcription inactive",
        ]
    );
    assert_eq!(stage.recording_statuses(&call), ["notRecording"; 3]);
}

#[test]
fn recordings_and_transcripts_have_their_refusals() {
    let mut stage = stage();
    let ringing = stage.incoming(IncomingCall::from_user(ADELE));
    let call = stage.answered();
    for action in ["startRecording", "stopRecording", "startTranscription", "stopTranscription"] {
        let path = format!("{BETA}/{call}/{action}");
        let answer = stage.post_without("Calls.JoinGroupCall.All", &path, &json!({}));
        assert_eq!((answer.status, code(&answer)), (403, "7504"), "{action}");
        assert_eq!(
            stage.post(&format!("{CALLS}/{call}/{action}"), &json!({})).status,
            404,
            "{action} is beta"
        );
        assert_eq!(stage.post(&format!("{BETA}/{ringing}/{action}"), &json!({})).status, 409, "{action}");
        assert_eq!(stage.post(&path, &json!({ "clientContext": "x".repeat(257) })).status, 400, "{action}");
    }
    let path = format!("{BETA}/{call}/startTranscription");
    assert_eq!(stage.post(&path, &json!({ "language": "de-de" })).status, 400);
    stage.wait(Duration::from_secs(1));
    assert!(!stage.world.applied().keys().any(|id| id.contains("Recording") || id.contains("Transcription")));

    stage.post(&path, &json!({}));
    stage.post(&format!("{BETA}/{call}/startRecording"), &json!({}));
    stage.news();
    stage.delete(&format!("{CALLS}/{call}"));
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        [
            "updated call: terminating",
            "deleted startTranscriptionOperation: failed 400/8508",
            "deleted startRecordingOperation: failed 400/8508",
            "deleted call: terminated 200/5001",
        ]
    );
}
