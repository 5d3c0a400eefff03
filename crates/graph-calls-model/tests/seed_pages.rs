//! The five pages this project starts from (S000 to S004), read and written.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use graph_calls_model::{
    AnswerCallBody, CallDirection, CallId, CallState, CallbackUri, ChangeType, CommsOperation, Form,
    IdentitySet, InvitationParticipantInfo, InviteParticipantsBody, Notification, OperationKind,
    OperationStatus, ParticipantId, RejectCallBody, RejectReason, Resource, ResultCode, WebhookBody,
};
use serde_json::{Value, json};

fn notifications(body: &Value) -> Vec<Notification<'static>> {
    let text = body.to_string();
    match WebhookBody::parse(text.as_bytes()).expect("an envelope") {
        WebhookBody::Notifications(items) => items.into_iter().map(Notification::into_owned).collect(),
        other => panic!("not Graph's form: {other:?}"),
    }
}

#[test]
fn s000_a_hang_up_of_2018_names_its_reason_in_a_word() {
    let id = "57dab8b1-894c-409a-b240-bd8beae78896";
    let data = |state: &str| {
        json!({
            "@odata.type": "#microsoft.graph.call",
            "@odata.id": format!("/app/calls/{id}"),
            "@odata.etag": "W/\"5445\"",
            "state": state,
        })
    };
    let mut ended = data("terminated");
    ended["terminationReason"] = "AppInitiated".into();
    let items = notifications(&json!({"value": [
        {"changeType": "updated", "resource": format!("/app/calls/{id}"), "resourceData": data("terminating")},
        {"changeType": "deleted", "resource": format!("/app/calls/{id}"), "resourceData": ended},
    ]}));
    let [terminating, terminated] = items.as_slice() else { panic!("two items") };
    assert_eq!(terminating.form(), Some(Form::Legacy));
    assert_eq!(terminating.call_id(), CallId::new(id).ok());
    let Resource::Call(call) = terminating.resource().unwrap() else { panic!("a call") };
    assert_eq!(call.state, Some(CallState::Terminating));
    assert_eq!(terminated.change_type(), Some(&ChangeType::Deleted));
    let Resource::Call(call) = terminated.resource().unwrap() else { panic!("a call") };
    assert_eq!(call.termination_reason.as_deref(), Some("AppInitiated"));
    assert_eq!(call.result_info, None);
}

#[test]
fn s001_and_s002_a_hang_up_tells_its_codes_as_numeric_strings() {
    for (result, number, subcode) in [
        (json!({"code": "0"}), 0, None),
        (
            json!({"code": "200", "subcode": "5001", "message": "The conversation has ended."}),
            200,
            Some(5001),
        ),
    ] {
        let items = notifications(&json!({
            "@odata.type": "#microsoft.graph.commsNotifications",
            "value": [{
                "@odata.type": "#microsoft.graph.commsNotification",
                "changeType": "deleted",
                "resourceUrl": "/communications/calls/2e1a0b00-2db4-4022-9570-243709c565ab",
                "resourceData": {"@odata.type": "#microsoft.graph.call", "state": "terminated", "resultInfo": result},
            }],
        }));
        assert_eq!(items[0].form(), Some(Form::Current));
        let Resource::Call(call) = items[0].resource().unwrap() else { panic!("a call") };
        let info = call.result_info.unwrap();
        assert_eq!(info.code, Some(ResultCode::Number(number)));
        assert_eq!(info.subcode_number(), subcode);
        assert!(info.is_success());
        assert!(info.end_reason().is_some_and(|reason| reason.normal));
    }
}

#[test]
fn s003_a_reject_is_followed_by_a_bare_deleted() {
    let body = serde_json::to_value(RejectCallBody::new(RejectReason::Busy)).unwrap();
    assert_eq!(body, json!({"reason": "busy"}));
    let items = notifications(&json!({"value": [
        {"changeType": "created", "resource": "/app/calls/4FC1", "resourceData": {
            "@odata.type": "#microsoft.graph.call", "@odata.id": "/app/calls/4FC1", "@odata.etag": "W/\"5445\"",
            "state": "incoming", "direction": "incoming",
            "source": {"identity": {"user": {"displayName": "Heidi Steen", "id": "8d1e6ab6"}}},
            "targets": [{"identity": {"application": {"displayName": "Test bot", "id": "fd2b6a1c"}}}],
        }},
        {"changeType": "deleted", "resource": "/app/calls/4FC1", "resourceData": {
            "@odata.type": "#microsoft.graph.call", "@odata.id": "/app/calls/4FC1", "@odata.etag": "W/\"5445\"",
        }},
        {"changeType": "deleted", "resource": "/app/calls/4FC1"},
    ]}));
    let Resource::Call(incoming) = items[0].resource().unwrap() else { panic!("a call") };
    assert_eq!(incoming.direction, Some(CallDirection::Incoming));
    let source = incoming.source.as_ref().and_then(|source| source.identity.as_ref());
    let caller = source.and_then(IdentitySet::principal);
    assert!(caller.is_some_and(|(kind, who)| kind == "user" && who.id.as_deref() == Some("8d1e6ab6")));
    for deleted in &items[1..] {
        let Resource::Call(call) = deleted.resource().unwrap() else { panic!("a call") };
        assert_eq!((call.state, call.result_info), (None, None));
    }
}

#[test]
fn s004_an_invitation_has_explicit_nulls_and_a_capital_status() {
    let invitee = InvitationParticipantInfo::user("7e1b4346")
        .with_participant_id(ParticipantId::new("a5e1bd0e-1fe9-4b1c-8d8a-0bd7b0f5a4f6").unwrap())
        .with_replaces_call_id(CallId::new("a7ebfb2d").unwrap());
    let body = serde_json::to_value(InviteParticipantsBody::new(invitee)).unwrap();
    assert_eq!(body["participants"][0]["replacesCallId"], "a7ebfb2d");
    assert_eq!(body["participants"][0]["identity"]["user"]["id"], "7e1b4346");
    assert_eq!(body["participants"][0]["@odata.type"], "#microsoft.graph.invitationParticipantInfo");

    let answer = json!({
        "@odata.type": "#microsoft.graph.inviteParticipantsOperation",
        "status": "Running", "clientContext": "f2fa86af", "resultInfo": null, "id": "17e3b46c",
        "participants": [{
            "endpointType": null, "id": null, "replacesCallId": "a7ebfb2d",
            "identity": {"phone": null, "application": null, "user": {"id": "7e1b4346", "identityProvider": "AAD"}},
        }],
    })
    .to_string();
    let operation: CommsOperation<'_> = serde_json::from_str(&answer).unwrap();
    assert_eq!(operation.kind, Some(OperationKind::InviteParticipants));
    assert_eq!(operation.status, Some(OperationStatus::Running));
    assert!(!operation.status.unwrap().is_final());
    assert_eq!(operation.result_info, None);
}

#[test]
fn s004_roster_data_under_an_operations_path_is_a_roster() {
    let items = notifications(&json!({"value": [{
        "changeType": "updated",
        "resource": "/app/calls/57dab8b1/operations/participants",
        "resourceUrl": "/communications/calls/57dab8b1/operations/participants",
        "resourceData": [{
            "@odata.type": "#microsoft.graph.participant", "id": null, "isMuted": true,
            "info": {"identity": {"user": {"id": "1", "tenantId": "2"}}}, "surprise": {"kept": true},
        }],
    }]}));
    let Resource::Participants(roster) = items[0].resource().unwrap() else { panic!("a roster") };
    assert_eq!(roster.len(), 1);
    assert_eq!(roster[0].is_muted, Some(true));
    assert!(items[0].raw().as_str().contains("surprise"));
}

#[test]
fn a_type_is_found_wherever_it_stands_and_one_bad_item_costs_no_other() {
    let items = notifications(&json!({"value": [
        7,
        {"changeType": "updated", "resourceUrl": "/communications/calls/1", "resourceData": {"targets": 5}},
        {"changeType": "updated", "resourceUrl": "/communications/calls/1",
         "resourceData": {"@odata.type": "#microsoft.graph.somethingNew", "x": 1}},
        {"changeType": "exploded", "resourceUrl": "communications/calls/1/operations/2",
         "resourceData": {"status": "completed", "@odata.type": "#microsoft.graph.playPromptOperation"}},
    ]}));
    assert!(items[0].resource().is_err());
    assert_eq!(items[0].raw().as_str(), "7");
    assert!(items[1].resource().unwrap_err().to_string().contains("line 1"));
    assert_eq!(items[2].resource().unwrap(), Resource::Unrecognized);
    assert_eq!(items[3].change_type().map(ChangeType::as_str), Some("exploded"));
    let Resource::Operation(operation) = items[3].resource().unwrap() else { panic!("an operation") };
    assert_eq!(operation.kind.as_ref().map(OperationKind::name), Some("playPromptOperation"));
}

#[test]
fn what_is_written_is_read_back_as_the_same_value() {
    let text = json!({
        "@odata.type": "#microsoft.graph.call", "id": "57DAB8B1", "state": "Established", "direction": "outgoing",
        "toneInfo": {"sequenceId": "12", "tone": "pound"}, "mediaState": {"audio": "active"},
        "resultInfo": {"code": 500, "subCode": "transferring"}, "meetingInfo": {"token": "t"},
        "chatInfo": {"threadId": "19:x", "messageId": "0"}, "tenantId": "t",
        "mediaConfig": {"blob": "b", "@odata.type": "#microsoft.graph.appHostedMediaConfig"},
    })
    .to_string();
    let call: graph_calls_model::Call<'_> = serde_json::from_str(&text).unwrap();
    let written = serde_json::to_string(&call).unwrap();
    let again: graph_calls_model::Call<'_> = serde_json::from_str(&written).unwrap();
    assert_eq!(call, again);
    assert!(!format!("{call:?}").contains("\"b\""));
}

#[test]
fn an_array_is_never_taken_for_an_object() {
    assert!(serde_json::from_str::<graph_calls_model::Call<'_>>(r#"["id"]"#).is_err());
}

#[test]
fn an_answer_says_where_its_media_is_handled() {
    let body = AnswerCallBody::new(CallbackUri::new("https://bot.example/api/calls").unwrap());
    assert_eq!(
        serde_json::to_value(body).unwrap(),
        json!({
            "callbackUri": "https://bot.example/api/calls",
            "acceptedModalities": ["audio"],
            "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
        })
    );
}
