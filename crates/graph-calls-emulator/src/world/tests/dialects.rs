use graph_calls_model::{CallId, Form, Resource, WebhookBody};

use super::*;

/// An incoming call that is rejected and one that is answered and deleted, in a dialect.
fn run(dialect: Dialect) -> (String, Vec<Value>, String, Vec<Value>) {
    let mut stage = stage();
    let incoming = || IncomingCall::from_user(ADELE).dialect(dialect);
    let rejected = stage.incoming(incoming());
    stage.post(&format!("{CALLS}/{rejected}/reject"), &json!({ "reason": "busy" }));
    stage.wait(Duration::from_secs(1));
    let first = stage.sent.drain(..).map(|one| one.body).collect();
    let deleted = stage.incoming(incoming());
    stage.post(&format!("{CALLS}/{deleted}/answer"), &answer_body());
    stage.wait(Duration::from_secs(1));
    stage.delete(&format!("{CALLS}/{deleted}"));
    stage.wait(Duration::from_secs(1));
    let second = stage.sent.drain(..).map(|one| one.body).collect();
    (rejected, first, deleted, second)
}

#[test]
fn the_year_2018_rejects_as_the_page_of_2019_prints_it() {
    let (call, sent, ..) = run(Dialect::Y2018);
    let incoming = &sent[0];
    assert_eq!(incoming.as_object().unwrap().keys().collect::<Vec<_>>(), ["value"]);
    let item = &incoming["value"][0];
    assert_eq!(item["changeType"], "created");
    assert_eq!(item["resource"], format!("/app/calls/{call}"));
    assert_eq!(item.get("resourceUrl"), None);
    let data = &item["resourceData"];
    assert_eq!(data["@odata.id"], format!("/app/calls/{call}"));
    assert_eq!((&data["@odata.etag"], &data["state"]), (&json!("W/\"5445\""), &json!("incoming")));
    assert_eq!(
        sent[1],
        json!({ "value": [{
            "changeType": "deleted",
            "resource": format!("/app/calls/{call}"),
            "resourceData": {
                "@odata.type": "#microsoft.graph.call",
                "@odata.id": format!("/app/calls/{call}"),
                "@odata.etag": "W/\"5445\"",
            },
        }]})
    );
}

#[test]
fn the_year_2018_deletes_as_its_page_prints_it() {
    let (_, _, call, sent) = run(Dialect::Y2018);
    let item = |change: &str, members: Value| {
        let mut data = json!({
            "@odata.type": "#microsoft.graph.call",
            "@odata.id": format!("/app/calls/{call}"),
            "@odata.etag": "W/\"5445\"",
        });
        data.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        json!({ "value": [{
            "changeType": change, "resource": format!("/app/calls/{call}"), "resourceData": data,
        }]})
    };
    let last = &sent[sent.len() - 2..];
    assert_eq!(last[0], item("updated", json!({ "state": "terminating" })));
    assert_eq!(
        last[1],
        item("deleted", json!({ "state": "terminated", "terminationReason": "AppInitiated" }))
    );
}

#[test]
fn the_current_pages_have_a_url_and_codes_as_strings() {
    let (_, _, call, sent) = run(Dialect::DocsCurrent);
    let last = sent.last().unwrap();
    assert_eq!(last["@odata.type"], "#microsoft.graph.commsNotifications");
    let item = &last["value"][0];
    assert_eq!(item["@odata.type"], "#microsoft.graph.commsNotification");
    assert_eq!(item["resourceUrl"], format!("/communications/calls/{call}"));
    assert_eq!(item.get("resource"), None);
    let result = &item["resourceData"]["resultInfo"];
    assert_eq!((&result["code"], &result["subcode"]), (&json!("200"), &json!("5001")));
}

#[test]
fn the_legacy_pages_have_typed_items_with_the_old_resource() {
    let (_, _, call, sent) = run(Dialect::DocsLegacy);
    let item = &sent.last().unwrap()["value"][0];
    assert_eq!(item["@odata.type"], "#microsoft.graph.commsNotification");
    assert_eq!(item["resource"], format!("/app/calls/{call}"));
    assert_eq!(item.get("resourceUrl"), None);
    let data = &item["resourceData"];
    assert_eq!(data["terminationReason"], "AppInitiated");
    assert_eq!((&data["resultInfo"]["code"], data["resultInfo"].get("subcode")), (&json!("0"), None));
}

#[test]
fn the_wire_has_both_names_and_its_own_members_in_every_call_item() {
    let (_, first, call, sent) = run(Dialect::Wire);
    for body in first.iter().take(1).chain(&sent) {
        let item = &body["value"][0];
        assert!(item["resource"].is_string() && item["resourceUrl"].is_string());
        let data = &item["resourceData"];
        assert!(data["callChainId"].is_string(), "{data}");
        assert_eq!((&data["meetingCapability"], &data["coOrganizers"]), (&json!({}), &json!([])));
    }
    let end = &sent.last().unwrap()["value"][0]["resourceData"];
    assert_eq!(end["resultInfo"]["subcode"], 5001);
    assert_eq!(end.get("id"), None, "the id stands in the path");
    let repeated = sent.iter().find(|body| body["value"][0]["resourceData"]["meetingInfo"].is_object());
    let data = &repeated.unwrap()["value"][0]["resourceData"];
    assert_eq!(data["meetingInfo"]["@odata.type"], "#microsoft.graph.tokenMeetingInfo");
    assert!(data["replacesContext"].is_string() && data["chatInfo"]["threadId"].is_string());
    assert_eq!(repeated.unwrap()["value"][0]["resource"], format!("/app/calls/{call}"));
}

#[test]
fn callbacks_carry_the_headers_of_the_service() {
    let mut stage = stage();
    let call = stage.answered();
    let header = |one: &Notification, name: &str| {
        one.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.clone()).unwrap()
    };
    let mut messages: Vec<_> =
        stage.sent.iter().map(|one| header(one, "X-Microsoft-Skype-Message-ID")).collect();
    let count = messages.len();
    messages.sort();
    messages.dedup();
    assert_eq!(messages.len(), count, "each POST has an id of its own");
    let first = &stage.sent[0];
    assert_eq!(header(first, "User-Agent"), "Microsoft-Skype/3.0,(Calling/1.0)");
    assert!(stage.sent.iter().all(|one| header(one, "Scenario-Id") == header(first, "Scenario-Id")));
    assert!(first.may_redirect && stage.sent[1..].iter().all(|one| !one.may_redirect));
    assert!(stage.sent.iter().all(|one| one.call == call));
}

#[test]
fn the_model_reads_every_notification_in_every_dialect() {
    for dialect in Dialect::ALL {
        let mut stage =
            Stage::new(WorldConfig::seeded(3).with_webhook("https://bot.example/").with_dialect(dialect));
        let call = stage.answered();
        let path = |action: &str| format!("{CALLS}/{call}/{action}");
        stage.post(&path("subscribeToTone"), &json!({}));
        stage.control(Control::Press { call: call.clone(), keys: "1".into() }).unwrap();
        stage.post(&path("participants/invite"), &json!({ "participants": [{ "identity": user(8) }] }));
        stage.wait(Duration::from_secs(1));
        let adele = stage.participant(&call, "Adele Vance");
        for (action, body) in [
            ("mute", json!({})),
            ("unmute", json!({})),
            (&format!("participants/{adele}/mute"), json!({})),
            (&format!("participants/{adele}/startHoldMusic"), json!({})),
            (&format!("participants/{adele}/stopHoldMusic"), json!({})),
            ("sendDtmfTones", json!({ "tones": ["tone1"] })),
            ("recordResponse", json!({ "maxRecordDurationInSeconds": 1 })),
            ("recordResponse", json!({})),
        ] {
            assert!(stage.post(&path(action), &body).status < 300, "{action}");
        }
        stage.wait(Duration::from_secs(2));
        stage.post(&path("cancelMediaProcessing"), &json!({}));
        for number in [2, 8] {
            let body = json!({
                "transferTarget": { "identity": user(number) }, "transferee": { "participantId": adele },
            });
            assert_eq!(stage.post(&path("transfer"), &body).status, 202);
            stage.wait(Duration::from_secs(1));
        }
        let call = stage.answered();
        stage.delete(&format!("{CALLS}/{call}"));
        stage.wait(Duration::from_secs(1));
        let call = stage.incoming(IncomingCall::from_user(ADELE));
        stage.post(&format!("{CALLS}/{call}/redirect"), &json!({ "targets": [{ "identity": user(8) }] }));
        stage.wait(Duration::from_secs(1));
        let form = if dialect.is_legacy() { Form::Legacy } else { Form::Current };
        let mut kinds = Vec::new();
        for sent in &stage.sent {
            let text = sent.body.to_string();
            let WebhookBody::Notifications(items) = WebhookBody::parse(text.as_bytes()).unwrap() else {
                panic!("{text} is no notification");
            };
            assert_eq!((items[0].form(), items[0].call_id()), (Some(form), CallId::new(&sent.call).ok()));
            let resource = items[0].resource().unwrap();
            if let Resource::Call(read) = &resource {
                assert!(read.state.is_some(), "{text}");
            }
            kinds.push(resource.kind());
        }
        for kind in ["call", "participants", "operation"] {
            assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
        }
        assert!(!kinds.contains(&"unrecognized"), "{kinds:?}");
    }
}
