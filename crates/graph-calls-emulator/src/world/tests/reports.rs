use super::*;

const QUALITY: &str = "/v1.0/communications/calls/logTeleconferenceDeviceQuality";
const GUID: &str = "d0000000-0000-4000-8000-000000000001";
const OTHER: &str = "d0000000-0000-4000-8000-000000000002";

fn quality(chain: &str, leg: &str) -> Value {
    json!({ "quality": {
        "@odata.type": "#microsoft.graph.teleconferenceDeviceQuality",
        "callChainId": chain, "participantId": GUID, "mediaLegId": leg,
        "deviceName": "Room 4", "deviceDescription": "a video bar",
        "mediaQualityList": [
            { "@odata.type": "#microsoft.graph.teleconferenceDeviceAudioQuality", "channelIndex": 0 },
            { "@odata.type": "#microsoft.graph.teleconferenceDeviceScreenSharingQuality", "channelIndex": 1 },
        ],
    }})
}

#[test]
fn a_report_of_media_quality_counts_once_for_each_leg_of_a_chain() {
    let mut stage = stage();
    for body in [
        quality(GUID, OTHER),
        quality(GUID, OTHER),
        quality(&GUID.to_uppercase(), &OTHER.replace('-', "")),
        quality(OTHER, OTHER),
    ] {
        let answer = stage.post(QUALITY, &body);
        assert_eq!((answer.status, answer.body), (200, None));
    }
    assert_eq!(stage.applied(&format!("Quality {GUID} {OTHER}")), 1);
    assert_eq!(stage.applied(&format!("Quality {OTHER} {OTHER}")), 1);
    assert_eq!(stage.world.applied().len(), 2);
    assert!(stage.sent.is_empty());
}

#[test]
fn a_report_of_media_quality_has_all_that_the_page_requires() {
    let mut stage = stage();
    assert_eq!(stage.post(QUALITY, &json!({})).status, 400);
    for name in
        ["callChainId", "participantId", "mediaLegId", "deviceName", "deviceDescription", "mediaQualityList"]
    {
        for bad in [Value::Null, json!(7), json!([])] {
            let mut body = quality(GUID, OTHER);
            body["quality"][name] = bad;
            let answer = stage.post(QUALITY, &body);
            assert_eq!((answer.status, code(&answer)), (400, "invalidRequest"), "{body}");
            let message = answer.body.unwrap()["error"]["message"].as_str().unwrap().to_owned();
            assert!(message.contains(name), "{message}");
        }
    }
    for id in ["callChainId", "participantId", "mediaLegId"] {
        let mut body = quality(GUID, OTHER);
        body["quality"][id] = json!("room-4");
        assert_eq!(stage.post(QUALITY, &body).status, 400, "{id}");
    }
    for media in [
        json!("audio"),
        json!({ "channelIndex": 0 }),
        json!({ "@odata.type": "#microsoft.graph.teleconferenceDeviceMediaQuality", "channelIndex": 0 }),
        json!({ "@odata.type": "#microsoft.graph.teleconferenceDeviceVideoQuality" }),
    ] {
        let mut body = quality(GUID, OTHER);
        body["quality"]["mediaQualityList"] = json!([media]);
        assert_eq!(stage.post(QUALITY, &body).status, 400, "{media}");
    }
    let answer = stage.post_without("Calls.AccessMedia.All", QUALITY, &quality(GUID, OTHER));
    assert_eq!((answer.status, code(&answer)), (403, "7504"));
    assert!(stage.world.applied().is_empty());
}

fn finding(id: &str) -> Value {
    json!({
        "id": id, "detectionDateTime": "2026-03-13T21:00:00Z", "severity": "high", "overallConfidence": 0.92,
        "isMalicious": true,
        "contentMetadata": {
            "modality": "audio", "isRealTime": true, "mimeType": "audio/pcm", "byteSize": 0, "duration": 15,
        },
        "detections": [{
            "modelName": "detector-2", "modality": "audio", "modelTasks": ["voiceClone"],
            "segment": { "startTimeSec": 0, "endTimeSec": 15, "frameIndices": [] }, "confidence": 0.95,
        }],
    })
}

/// A group call, and where to report about its Adele and its phone.
fn suspects(stage: &mut Stage) -> [String; 2] {
    let call = stage.answered_with(app_hosted());
    let phone = stage.join(&call, "+15550100001");
    stage.news();
    let adele = stage.participant(&call, "Adele Vance");
    let path = |id: &str| format!("/beta/communications/calls/{call}/participants/{id}/reportSyntheticMedia");
    [path(&adele), path(&phone)]
}

const ROSTER: &str = "updated participants: Calling Bot, Adele Vance, +15550100001";

#[test]
fn a_report_of_synthetic_media_reaches_everybody_by_the_roster() {
    let mut stage = stage();
    let [adele, phone] = suspects(&mut stage);
    let answer = stage.post(&adele, &finding(GUID));
    assert_eq!((answer.status, answer.body), (200, None));
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), [ROSTER]);
    let roster = stage.last_item()["resourceData"].clone();
    let info = json!({
        "@odata.type": "#microsoft.graph.syntheticMediaDetectionInfo",
        "detectionId": GUID, "detectorBot": stage.world.config.app_id, "isParticipantTrusted": true,
        "syntheticConfidence": 0.92,
    });
    assert_eq!(roster[1]["syntheticMediaDetection"], info);
    assert_eq!(roster[2].get("syntheticMediaDetection"), None);
    assert_eq!(stage.post(&phone, &finding(OTHER)).status, 200, "each participant has a minute of their own");
    stage.wait(Duration::from_secs(1));
    let roster = stage.last_item()["resourceData"].clone();
    assert_eq!(roster[1]["syntheticMediaDetection"], info);
    assert_eq!(roster[2]["syntheticMediaDetection"]["isParticipantTrusted"], false);
}

#[test]
fn a_participant_is_reported_once_a_minute() {
    let mut stage = stage();
    let [adele, _] = suspects(&mut stage);
    assert_eq!(stage.post(&adele, &finding(GUID)).status, 200);
    stage.wait(Duration::from_millis(20_500));
    stage.news();
    for id in [OTHER, GUID] {
        let answer = stage.post(&adele, &finding(id));
        assert_eq!((answer.status, code(&answer)), (429, "TooManyRequests"));
        assert!(answer.headers.contains(&("Retry-After", "40".to_owned())), "{:?}", answer.headers);
        assert_eq!(answer.body.unwrap()["error"]["innerError"]["code"], "429");
    }
    stage.wait(Duration::from_millis(39_500));
    assert_eq!(stage.post(&adele, &finding(GUID)).status, 200);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), [] as [&str; 0], "only a new id makes a new record");
    assert_eq!(stage.post(&adele, &finding(OTHER)).status, 200);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), [ROSTER]);
    assert_eq!(stage.last_item()["resourceData"][1]["syntheticMediaDetection"]["detectionId"], OTHER);
    assert_eq!((stage.applied(&format!("Media {GUID}")), stage.applied(&format!("Media {OTHER}"))), (1, 1));
}

#[test]
fn a_report_of_synthetic_media_is_refused_where_the_page_says_so() {
    let mut stage = stage();
    let [adele, _] = suspects(&mut stage);
    for (name, bad) in [
        ("id", Value::Null),
        ("id", json!("report-1")),
        ("detectionDateTime", Value::Null),
        ("detectionDateTime", json!("yesterday")),
        ("severity", json!("grave")),
        ("overallConfidence", Value::Null),
        ("overallConfidence", json!(1.1)),
        ("overallConfidence", json!("high")),
        ("isMalicious", Value::Null),
        ("isMalicious", json!("yes")),
        ("contentMetadata", Value::Null),
        ("contentMetadata", json!({ "modality": "smell" })),
        ("detections", json!([])),
        ("detections", json!([{ "modelName": "m", "confidence": -0.1 }])),
    ] {
        let mut body = finding(GUID);
        body[name] = bad;
        let answer = stage.post(&adele, &body);
        assert_eq!((answer.status, code(&answer)), (400, "invalidRequest"), "{name} in {body}");
    }
    let answer = stage.post_without("Calls.ReportSyntheticMedia.All", &adele, &finding(GUID));
    assert_eq!((answer.status, code(&answer)), (403, "7504"));
    let (before, _) = adele.split_once("/participants/").unwrap();
    let at = |before: &str, id: &str| format!("{before}/participants/{id}/reportSyntheticMedia");
    assert_eq!(stage.post(&at(before, "nobody"), &finding(GUID)).status, 400);
    assert_eq!(stage.post(&at(before, GUID), &finding(GUID)).status, 404);
    assert_eq!(stage.post(&adele.replace("/beta/", "/v1.0/"), &finding(GUID)).status, 404);
    let ringing = stage.incoming(IncomingCall::from_user(ADELE));
    let answer = stage.post(&at(&format!("/beta/communications/calls/{ringing}"), ADELE), &finding(GUID));
    assert_eq!((answer.status, code(&answer)), (403, "accessDenied"));
    assert!(!stage.world.applied().keys().any(|id| id.contains("reportSyntheticMedia")));

    let mut body = finding(GUID);
    body["severity"] = Value::Null;
    assert_eq!(stage.post(&adele, &body).status, 200, "a severity is not required");
}

#[test]
fn the_right_to_report_shows_an_app_nobody_who_calls() {
    let config = WorldConfig::seeded(7).with_webhook("https://bot.example/calls");
    let mut stage = Stage::new(config.with_roles(["Calls.ReportSyntheticMedia.All"]));
    stage.incoming(IncomingCall::from_user(ADELE));
    assert_eq!(stage.news(), ["created call: incoming from somebody hidden"]);
}
