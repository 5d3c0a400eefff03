use super::*;

fn add(stage: &mut Stage, call: &str, context: &str) -> Answer {
    stage.post(&format!("{CALLS}/{call}/addLargeGalleryView"), &json!({ "clientContext": context }))
}

fn share(stage: &mut Stage, call: &str, role: &str) -> Answer {
    stage.post(&format!("{CALLS}/{call}/changeScreenSharingRole"), &json!({ "role": role }))
}

const GALLERY: &str =
    "updated participants: Calling Bot, Adele Vance, Hugo Morel, LargeGallery-V2, LargeGallery-V2";

#[test]
fn the_gallery_is_two_applications_of_which_one_can_be_subscribed_to() {
    let mut stage = stage();
    let call = stage.group_with(app_hosted());
    let answer = add(&mut stage, &call, "gallery-1");
    let body = answer.body.unwrap();
    assert_eq!(answer.status, 202);
    assert_eq!(body["@odata.type"], "#microsoft.graph.addLargeGalleryViewOperation");
    assert_eq!((&body["status"], &body["resultInfo"]), (&json!("running"), &Value::Null));
    let location = format!("http://127.0.0.1{CALLS}/{call}/operations/{}", body["id"].as_str().unwrap());
    assert!(answer.headers.contains(&("Location", location)));
    assert_eq!(stage.ids(&call).len(), 3, "it is not there before it is done");
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), ["deleted addLargeGalleryViewOperation: completed 200/0", GALLERY]);
    let done = &stage.sent[stage.sent.len() - 2].body["value"][0]["resourceData"];
    assert_eq!((&done["id"], &done["clientContext"]), (&body["id"], &json!("gallery-1")));

    let roster = stage.last_item()["resourceData"].as_array().unwrap().clone();
    let application = |one: &Value| one["info"]["identity"]["application"].clone();
    let usable: Vec<_> = roster
        .iter()
        .filter(|one| application(one)["ApplicationType"] == "LargeGallery-V2")
        .filter(|one| {
            let mut streams = one["mediaStreams"].as_array().unwrap().iter();
            streams.any(|stream| stream["mediaType"] == "video" && stream["direction"] == "sendReceive")
        })
        .collect();
    let [usable] = usable.as_slice() else { panic!("one of the two, not {usable:?}") };
    let metadata: Value = serde_json::from_str(usable["metadata"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&metadata["audienceView"]["page"], &metadata["audienceView"]["type"]),
        (&json!(1), &json!("lg"))
    );
    assert_eq!(usable["rosterSequenceNumber"], 2);
    let path = format!("{CALLS}/{call}/participants/{}", usable["id"].as_str().unwrap());
    assert_eq!(application(&stage.get(&path).body.unwrap()), application(usable));
    assert_eq!(stage.delete(&path).status, 404, "it is nobody who could be removed");
}

#[test]
fn a_second_request_for_the_gallery_adds_nothing() {
    let mut stage = stage();
    let call = stage.group_with(app_hosted());
    assert_eq!(add(&mut stage, &call, "first").status, 202);
    assert_eq!(add(&mut stage, &call, "second").status, 202);
    stage.wait(Duration::from_secs(1));
    let done = "deleted addLargeGalleryViewOperation: completed 200/0";
    assert_eq!(stage.news(), [done, GALLERY, done]);
    assert_eq!(add(&mut stage, &call, "third").status, 202);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), [done]);
    assert_eq!(stage.applied("addLargeGalleryView first"), 1);
    for key in ["second", "third"] {
        assert_eq!(stage.applied(&format!("addLargeGalleryView {key}")), 0);
    }
}

#[test]
fn the_gallery_keeps_no_call_alive_and_fails_with_it() {
    let mut stage = stage();
    let call = stage.group_with(app_hosted());
    add(&mut stage, &call, "gallery-1");
    stage.wait(Duration::from_secs(1));
    stage.control(Control::HangUp { call: call.clone() }).unwrap();
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.world.calls()[0].state, "terminated");

    let call = stage.group_with(app_hosted());
    add(&mut stage, &call, "gallery-2");
    stage.delete(&format!("{CALLS}/{call}"));
    stage.wait(Duration::from_secs(1));
    assert_eq!(
        stage.news(),
        [
            "updated call: terminating",
            "deleted addLargeGalleryViewOperation: failed 400/8508",
            "deleted call: terminated 200/5001",
        ]
    );
}

#[test]
fn the_gallery_needs_a_permission_for_group_calls_and_an_established_call() {
    let mut stage = stage();
    let call = stage.group_with(app_hosted());
    let path = format!("{CALLS}/{call}/addLargeGalleryView");
    let bare = ApiCaller { roles: vec!["Calls.AccessMedia.All".into()], ..stage.bot() };
    let answer = stage.api_as(bare, &Method::POST, &path, &json!({}));
    assert_eq!((answer.status, code(&answer)), (403, "7504"));
    let ringing = stage.incoming(IncomingCall::from_user(ADELE));
    assert_eq!(add(&mut stage, &ringing, "gallery-1").status, 409);
    assert_eq!(add(&mut stage, &call, &"x".repeat(257)).status, 400);
}

#[test]
fn whoever_shares_sends_and_whoever_looks_on_receives() {
    let mut stage = stage();
    let call = stage.group_with(app_hosted());
    let streams = |stage: &Stage, place: usize| -> Vec<(String, String)> {
        let streams = &stage.last_item()["resourceData"][place]["mediaStreams"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let pair = |one: &Value| (text(&one["label"]), text(&one["direction"]));
        streams.as_array().unwrap().iter().map(pair).collect()
    };
    let pair = |label: &str, direction: &str| (label.to_owned(), direction.to_owned());
    for (role, direction) in [("sharer", "sendOnly"), ("Viewer", "receiveOnly"), ("sharer", "sendOnly")] {
        let answer = share(&mut stage, &call, role);
        assert_eq!((answer.status, &answer.body), (202, &None));
        stage.wait(Duration::from_secs(1));
        assert_eq!(stage.news(), [ROSTER_OF_THREE]);
        let mine = streams(&stage, 0);
        assert_eq!(mine, [pair("main-audio", "sendReceive"), pair("applicationsharing-video", direction)]);
        assert_eq!(streams(&stage, 1).len(), 1, "only the bot's role changes");
    }
    assert_eq!(share(&mut stage, &call, "sharer").status, 202);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.news(), [] as [&str; 0], "it shares already");
    assert_eq!((stage.applied("Role sharer"), stage.applied("Role viewer")), (2, 1));
}

#[test]
fn screen_sharing_is_for_group_calls_whose_media_the_app_hosts() {
    let mut stage = stage();
    let service = stage.group();
    let two = stage.incoming(IncomingCall::from_user(ADELE));
    let mut body = answer_body();
    body["mediaConfig"] = app_hosted();
    stage.post(&format!("{CALLS}/{two}/answer"), &body);
    assert_eq!(share(&mut stage, &two, "viewer").status, 409, "it is not established yet");
    stage.wait(Duration::from_secs(1));
    for call in [service, two] {
        let answer = share(&mut stage, &call, "viewer");
        assert_eq!(answer.status, 400);
        let message = answer.body.unwrap()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("group call") && message.contains("app-hosted"), "{message}");
    }
    let good = stage.group_with(app_hosted());
    let path = format!("{CALLS}/{good}/changeScreenSharingRole");
    for bad in [json!({}), json!({ "role": "presenter" }), json!({ "role": 1 })] {
        assert_eq!(stage.post(&path, &bad).status, 400, "{bad}");
    }
    let answer = stage.post_without("Calls.AccessMedia.All", &path, &json!({ "role": "viewer" }));
    assert_eq!((answer.status, code(&answer)), (403, "7504"));
    assert!(!stage.world.applied().keys().any(|id| id.contains("changeScreenSharingRole")));
}
