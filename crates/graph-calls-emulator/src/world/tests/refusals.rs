use super::*;

#[test]
fn the_error_body_names_date_and_request_ids() {
    let mut stage = stage();
    let answer = stage.get(&format!("{CALLS}/e0000000-0000-4000-8000-000000000001"));
    assert_eq!((answer.status, code(&answer)), (404, "8522"));
    let error = &answer.body.as_ref().unwrap()["error"];
    assert_eq!(error["message"], "Call not found.");
    assert_eq!(error["innerError"]["client-request-id"], "client-1");
    let request_id = answer.headers.iter().find(|(name, _)| *name == "request-id").unwrap();
    assert_eq!(error["innerError"]["request-id"], request_id.1.as_str());
    assert_eq!(error["innerError"]["date"], "1970-01-01T00:00:00");
}

#[test]
fn a_call_is_reached_in_each_form_that_existed_and_in_any_spelling() {
    let mut stage = stage();
    let call = stage.answered();
    let app = stage.world.config.app_id.clone();
    let bare = call.replace('-', "").to_uppercase();
    for path in [
        format!("/v1.0/communications/calls/{call}"),
        format!("/beta/communications/calls/{call}"),
        format!("/beta/app/calls/{call}"),
        format!("/beta/applications/{app}/calls/{call}"),
        format!("/v1.0/Communications/Calls/{bare}"),
        format!("/v1.0/communications/calls/{call}?$select=state"),
    ] {
        assert_eq!(stage.get(&path).status, 200, "{path}");
    }
    for path in [
        format!("/v1.0/app/calls/{call}"),
        format!("/v1.0/applications/{app}/calls/{call}"),
        format!("/beta/applications/{call}/calls/{call}"),
        format!("/v2.0/communications/calls/{call}"),
        format!("/v1.0/communications/calls/{call}/somethingNew"),
        format!("/v1.0/communications/calls/{call}/a/b"),
        "/v1.0/me".to_owned(),
    ] {
        assert_eq!(stage.get(&path).status, 404, "{path}");
    }
    let keep = format!("/beta/app/calls/{call}/MICROSOFT.GRAPH.KEEPALIVE");
    assert_eq!(stage.post(&keep, &Value::Null).status, 200);
}

#[test]
fn a_client_on_an_old_form_gets_its_locations_in_that_form() {
    let mut stage = stage();
    let location = |answer: &Answer| {
        answer.headers.iter().find(|(name, _)| *name == "Location").map(|(_, value)| value.clone()).unwrap()
    };
    let created = stage.post("/beta/app/calls", &create_body(&user(1)));
    assert!(location(&created).starts_with("http://127.0.0.1/beta/app/calls/"));
    let app = stage.world.config.app_id.clone();
    let created = stage.post(&format!("/beta/applications/{app}/calls"), &create_body(&user(1)));
    assert!(location(&created).starts_with(&format!("http://127.0.0.1/beta/applications/{app}/calls/")));
}

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    let mut stage = stage();
    let call = stage.answered();
    let answer = stage.get(&format!("{CALLS}/{call}/answer"));
    assert_eq!(answer.status, 405);
    assert!(answer.headers.contains(&("Allow", "POST".to_owned())));
    let answer = stage.api(&Method::PATCH, &format!("{CALLS}/{call}"), &json!({}));
    assert!(answer.headers.contains(&("Allow", "GET, DELETE".to_owned())));
    assert_eq!(stage.get(CALLS).status, 405);
}

#[test]
fn what_is_not_covered_says_its_name_and_where_to_look() {
    let mut stage = stage();
    let call = stage.answered();
    let answer = stage.get(&format!("{CALLS}/{call}/operations/1"));
    assert_eq!(answer.status, 501);
    let message = answer.body.unwrap()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("commsoperation-get") && message.contains("docs/coverage.md"), "{message}");
    let lobby = format!("{CALLS}/{call}/participants/admitAllFromLobby");
    assert_eq!(stage.post(&lobby, &json!({})).status, 404, "beta only");
    let beta = lobby.replace("/v1.0/", "/beta/");
    assert_eq!(stage.post(&beta, &json!({})).status, 501);
}

#[test]
fn bodies_are_checked_member_by_member() {
    let mut stage = stage();
    let good = create_body(&user(1));
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    for bad in [
        with("callbackUri", Value::Null),
        with("callbackUri", json!("http://bot.example/calls")),
        with("callbackUri", json!(7)),
        with("requestedModalities", json!([])),
        with("requestedModalities", json!(["smell"])),
        with("mediaConfig", Value::Null),
        with("mediaConfig", json!({ "@odata.type": "#microsoft.graph.mediaConfig" })),
        with("mediaConfig", json!({ "@odata.type": "#microsoft.graph.appHostedMediaConfig" })),
        with("targets", json!([])),
        with("targets", json!([{ "identity": {} }])),
        with("targets", json!([{ "identity": { "user": { "id": "" } } }])),
        with("targets", json!([{ "identity": { "phone": { "id": "555" } } }])),
        with("targets", json!(vec![json!({ "identity": user(1) }); 6])),
        json!([]),
        json!("text"),
    ] {
        let answer = stage.post(CALLS, &bad);
        assert_eq!((answer.status, code(&answer)), (400, "invalidRequest"), "{bad}");
    }
    assert_eq!(stage.post(CALLS, &with("callbackUri", json!("http://127.0.0.1:3978/api/calls"))).status, 201);
    assert_eq!(stage.post(CALLS, &Value::Null).status, 400);

    let call = stage.answered();
    let long = json!({ "clientContext": "x".repeat(257) });
    assert_eq!(stage.post(&format!("{CALLS}/{call}/subscribeToTone"), &long).status, 400);
    let ringing = stage.incoming(IncomingCall::from_user(ADELE));
    let reason = json!({ "reason": "tired" });
    assert_eq!(stage.post(&format!("{CALLS}/{ringing}/reject"), &reason).status, 400);
}

#[test]
fn a_body_that_is_no_json_and_one_of_another_type_are_told_apart() {
    let mut stage = stage();
    let mut api = ApiCall {
        ask: 1,
        method: Method::POST,
        path: CALLS.to_owned(),
        content_type: Some("application/json; charset=utf-8".to_owned()),
        client_request_id: None,
        body: Bytes::from_static(b"{"),
        caller: stage.bot(),
    };
    let status = |stage: &mut Stage, api: &ApiCall| {
        stage.tell(Input::Api(api.clone())).into_iter().find_map(|effect| match effect {
            Effect::Respond(answer) => Some(answer.status),
            _ => None,
        })
    };
    assert_eq!(status(&mut stage, &api), Some(400));
    api.content_type = Some("text/plain".to_owned());
    assert_eq!(status(&mut stage, &api), Some(415));
}

#[test]
fn a_caller_reaches_only_the_calls_of_its_app_and_tenant_and_with_its_permissions() {
    let mut stage = stage();
    let call = stage.answered();
    let path = format!("{CALLS}/{call}");
    let foreign = ApiCaller { tenant_id: OTHER_TENANT.to_owned(), ..stage.bot() };
    let answer = stage.api_as(foreign, &Method::GET, &path, &Value::Null);
    assert_eq!((answer.status, code(&answer)), (403, "7505"));
    let other = ApiCaller { app_id: ADELE.to_owned(), ..stage.bot() };
    assert_eq!(stage.api_as(other, &Method::GET, &path, &Value::Null).status, 404);
    let bare = ApiCaller { roles: Vec::new(), ..stage.bot() };
    let answer = stage.api_as(bare.clone(), &Method::POST, CALLS, &create_body(&user(1)));
    assert_eq!((answer.status, code(&answer)), (403, "7504"));
    assert_eq!(
        stage.api_as(bare, &Method::DELETE, &path, &Value::Null).status,
        204,
        "it was checked when the call was made"
    );
}

#[test]
fn a_callback_uri_that_was_not_taken_leaves_the_webhook_in_use() {
    let mut stage = stage();
    let call = stage.incoming(IncomingCall::from_user(ADELE));
    let body = json!({ "reason": "none", "callbackUri": "ftp://bot.example/" });
    assert_eq!(stage.post(&format!("{CALLS}/{call}/reject"), &body).status, 400);
    assert_eq!(stage.post(&format!("{CALLS}/{call}/reject"), &json!({})).status, 202);
    stage.wait(Duration::from_secs(1));
    assert_eq!(stage.sent.last().unwrap().url.as_deref(), Some("https://bot.example/calls"));
}
