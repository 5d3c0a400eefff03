use super::*;

fn groups(call: &str) -> String {
    format!("{CALLS}/{call}/audioRoutingGroups")
}

fn group(id: &str, mode: &str, sources: &[&String], receivers: &[&String]) -> Value {
    json!({ "id": id, "routingMode": mode, "sources": sources, "receivers": receivers })
}

/// A group call with the ids of the bot, Adele and Hugo.
fn call(stage: &mut Stage) -> (String, [String; 3]) {
    let call = stage.group();
    let ids = stage.ids(&call).try_into().unwrap();
    (call, ids)
}

#[test]
fn a_group_is_made_read_changed_and_dissolved_without_a_word_to_the_bot() {
    let mut stage = stage();
    let (call, [me, adele, hugo]) = call(&mut stage);
    let made = stage.post(&groups(&call), &group("private", "oneToOne", &[&adele], &[&me]));
    let one = format!("{}/private", groups(&call));
    let context =
        format!("http://127.0.0.1/v1.0/$metadata#communications/calls('{call}')/audioRoutingGroups");
    let expected = json!({
        "@odata.context": format!("{context}/$entity"),
        "@odata.type": "#microsoft.graph.audioRoutingGroup",
        "id": "private", "routingMode": "oneToOne", "sources": [adele], "receivers": [me],
    });
    assert_eq!((made.status, made.body.as_ref()), (200, Some(&expected)), "200 and not 201");
    assert_eq!(stage.get(&one).body, Some(expected.clone()));

    let changed = stage.patch(&one, &json!({ "receivers": [hugo] }));
    assert_eq!((changed.status, &changed.body.as_ref().unwrap()["receivers"]), (200, &json!([hugo])));
    assert_eq!(stage.get(&one).body, changed.body);

    stage.post(&groups(&call), &group("all", "MULTICAST", &[&me], &[&adele, &hugo]));
    let list = stage.get(&groups(&call)).body.unwrap();
    assert_eq!(list["@odata.context"], json!(context));
    let ids: Vec<_> = list["value"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, ["private", "all"]);
    assert_eq!(list["value"][1]["routingMode"], "multicast");

    let gone = stage.delete(&one);
    assert_eq!((gone.status, gone.body), (204, None));
    for answer in [stage.get(&one), stage.delete(&one), stage.patch(&one, &json!({ "receivers": [me] }))] {
        assert_eq!((answer.status, code(&answer)), (404, "itemNotFound"));
    }
    stage.wait(Duration::from_secs(60));
    assert_eq!(stage.news(), [] as [&str; 0]);
}

#[test]
fn a_group_without_an_id_gets_one() {
    let mut stage = stage();
    let (call, [me, adele, _]) = call(&mut stage);
    let body = json!({ "routingMode": "oneToOne", "sources": [me], "receivers": [adele] });
    let ids: Vec<_> = (0..2).map(|_| stage.post(&groups(&call), &body).body.unwrap()["id"].clone()).collect();
    assert_ne!(ids[0], ids[1]);
    let id = ids[0].as_str().unwrap();
    assert_eq!(stage.get(&format!("{}/{id}", groups(&call))).status, 200);
    assert_eq!(stage.applied("/audioRoutingGroups"), 2, "nothing tells the two requests apart");
}

#[test]
fn what_cannot_be_routed_is_refused_and_makes_no_group() {
    let mut stage = stage();
    let (call, [me, adele, hugo]) = call(&mut stage);
    let stranger = "e0000000-0000-4000-8000-000000000001".to_owned();
    for (bad, wrong) in [
        (json!({ "sources": [me], "receivers": [adele] }), "'routingMode'"),
        (group("g", "unicast", &[&me], &[&adele]), "'routingMode'"),
        (group("g", "oneToOne", &[], &[&adele]), "'sources'"),
        (group("g", "oneToOne", &[&me, &adele], &[&hugo]), "'sources'"),
        (group("g", "multicast", &[&me, &adele], &[&hugo]), "'sources'"),
        (group("g", "oneToOne", &[&me], &[]), "'receivers'"),
        (group("g", "multicast", &[&me], &[]), "'receivers'"),
        (group("g", "oneToOne", &[&me], &[&adele, &hugo]), "'receivers'"),
        (group("g", "multicast", &[&me], &[&adele, &me]), "'receivers'"),
        (group("g", "oneToOne", &[&stranger], &[&adele]), stranger.as_str()),
        (group("g", "multicast", &[&me], &[&adele, &stranger]), stranger.as_str()),
        (json!({ "routingMode": "oneToOne", "sources": [1], "receivers": [adele] }), "'sources'"),
        (json!({ "routingMode": "oneToOne", "sources": [me], "receivers": adele }), "'receivers'"),
    ] {
        let answer = stage.post(&groups(&call), &bad);
        assert_eq!((answer.status, code(&answer)), (400, "invalidRequest"), "{bad}");
        let message = answer.body.unwrap()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(wrong), "{message} for {bad}");
    }
    assert_eq!(stage.get(&groups(&call)).body.unwrap()["value"], json!([]));
    assert_eq!(stage.applied("/audioRoutingGroups g"), 0);
}

#[test]
fn an_id_is_given_once() {
    let mut stage = stage();
    let (call, [me, adele, hugo]) = call(&mut stage);
    let body = group("g", "multicast", &[&me], &[&adele]);
    assert_eq!(stage.post(&groups(&call), &body).status, 200);
    assert_eq!(stage.post(&groups(&call), &body).status, 409);
    assert_eq!(stage.post(&groups(&call), &group("G", "multicast", &[&me], &[&hugo])).status, 200);
    assert_eq!((stage.applied("Groups g"), stage.applied("Groups G")), (1, 1));
}

#[test]
fn only_the_receivers_of_a_group_can_be_changed() {
    let mut stage = stage();
    let (call, [me, adele, hugo]) = call(&mut stage);
    let full = group("g", "multicast", &[&me], &[&adele, &hugo]);
    stage.post(&groups(&call), &full);
    let one = format!("{}/g", groups(&call));
    for bad in [
        json!({ "routingMode": "oneToOne" }),
        json!({ "sources": [adele] }),
        json!({ "sources": [] }),
        json!({ "id": "h" }),
        json!({ "receivers": [] }),
        json!({ "receivers": [me] }),
        json!({ "receivers": ["nobody"] }),
        json!({ "receivers": adele }),
    ] {
        assert_eq!(stage.patch(&one, &bad).status, 400, "{bad}");
    }
    assert_eq!(stage.applied(&adele), 0);

    let turned = json!([hugo.replace('-', "").to_uppercase(), adele]);
    for same in [full, json!({}), json!({ "receivers": turned })] {
        assert_eq!(stage.patch(&one, &same).body.unwrap()["receivers"].as_array().unwrap().len(), 2);
    }
    let key = |receivers: &str| format!("PATCH {one} {receivers}");
    assert!(
        !stage.world.applied().keys().any(|id| id.starts_with("PATCH")),
        "they were the receivers before"
    );
    for _ in 0..2 {
        assert_eq!(stage.patch(&one, &json!({ "receivers": [adele] })).status, 200);
    }
    assert_eq!(stage.applied(&key(&adele)), 1);
}

#[test]
fn groups_need_a_permission_for_group_calls_and_a_call_that_was_answered() {
    let mut stage = stage();
    let (call, [me, adele, _]) = call(&mut stage);
    let body = group("g", "oneToOne", &[&me], &[&adele]);
    stage.post(&groups(&call), &body);
    let bare = ApiCaller { roles: vec!["Calls.Initiate.All".into()], ..stage.bot() };
    let one = format!("{}/g", groups(&call));
    for (method, path) in [
        (Method::GET, &groups(&call)),
        (Method::POST, &groups(&call)),
        (Method::GET, &one),
        (Method::PATCH, &one),
        (Method::DELETE, &one),
    ] {
        let answer = stage.api_as(bare.clone(), &method, path, &body);
        assert_eq!((answer.status, code(&answer)), (403, "7504"), "{method} {path}");
    }
    for role in ["Calls.JoinGroupCall.All", "Calls.InitiateGroupCall.All"] {
        let caller = ApiCaller { roles: vec![role.into()], ..stage.bot() };
        assert_eq!(stage.api_as(caller, &Method::GET, &one, &Value::Null).status, 200);
    }
    let ringing = stage.incoming(IncomingCall::from_user(ADELE));
    assert_eq!(stage.post(&groups(&ringing), &body).status, 409);
}
