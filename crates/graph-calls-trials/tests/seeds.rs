//! The five pages this project starts from, from typed request or raw body to typed event, over real sockets.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::{sync::Arc, time::Duration};

use graph_calls_bot::{Answer, CallContext, CallEvent, Ended, Invite, Outcome, model::RejectReason};
use graph_calls_core::{
    ApiVersion, Client, Cloud, DeleteCall, FixedToken, RawRequest, RejectCall, Repeat,
    layer::DeprecationPolicy,
    model::{CallId, Participant, ParticipantId},
};
use graph_calls_emulator::{CallbackClaims, Dialect};
use graph_calls_http::{Connection, HttpTransport};
use graph_calls_trials::{NEVER_ANSWERS, Stage, answering};
use http::{Method, StatusCode};
use serde_json::json;

fn answering_all(call: &mut CallContext<()>, event: &CallEvent) {
    if let CallEvent::Incoming(_) = event {
        call.answer(Answer::service_media());
    }
}

fn ended(event: CallEvent) -> Option<Ended> {
    match event {
        CallEvent::Terminated(ended) => Some(ended),
        _ => None,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "stands where events are taken")]
fn is_media_active(event: CallEvent) -> Option<()> {
    matches!(event, CallEvent::MediaActive).then_some(())
}

#[tokio::test]
async fn s000_a_hang_up_on_the_path_of_2018_is_told_in_the_form_of_2018() {
    let mut stage = Stage::set(answering_all).await;
    let call = stage.call(Dialect::Y2018).await;
    stage.event(is_media_active).await;
    let client = stage.connection.client_builder().deprecated_paths(DeprecationPolicy::Warn).build();
    let path = format!("/app/calls/{call}");
    let hang_up = RawRequest::new(Method::DELETE, path.clone(), Repeat::Always).version(ApiVersion::Beta);
    assert_eq!(client.send(hang_up).await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(stage.event(ended).await.outcome, Outcome::Answered);
    let told = stage.notifications(&call);
    let last = &told.last().expect("an end")["value"][0];
    assert_eq!(last["resource"], path.as_str());
    assert_eq!(last["resourceData"]["terminationReason"], "AppInitiated");
    assert!(last["resourceData"]["@odata.etag"].is_string());
    assert!(last.get("resourceUrl").is_none());
    stage.strike().await;
}

#[tokio::test]
async fn s000_the_pages_own_bodies_become_an_end() {
    let mut stage = Stage::set(|_, _| {}).await;
    let path = "/app/calls/57dab8b1-894c-409a-b240-bd8beae78896";
    let item = |change: &str, state: &str, reason: Option<&str>| {
        json!({"value": [{"changeType": change, "resource": path, "resourceData": {
            "@odata.type": "#microsoft.graph.call", "@odata.id": path, "@odata.etag": "W/\"5445\"",
            "state": state, "terminationReason": reason,
        }}]})
    };
    assert_eq!(stage.post(&item("updated", "terminating", None)).await, StatusCode::ACCEPTED);
    assert_eq!(stage.post(&item("deleted", "terminated", Some("AppInitiated"))).await, StatusCode::ACCEPTED);
    let ended = stage.event(ended).await;
    assert_eq!((ended.result, ended.reason), (None, None));
    assert_eq!(ended.termination_reason.as_deref(), Some("AppInitiated"));
    stage.strike().await;
}

#[tokio::test]
async fn s001_a_hang_up_ends_with_a_code_and_no_subcode() {
    let mut stage = Stage::set(|_, _| {}).await;
    let path = "/communications/calls/2e1a0b00-2db4-4022-9570-243709c565ab";
    let body = json!({
        "@odata.type": "#microsoft.graph.commsNotifications",
        "value": [{
            "@odata.type": "#microsoft.graph.commsNotification", "changeType": "deleted", "resourceUrl": path,
            "resourceData": {
                "@odata.type": "#microsoft.graph.call", "state": "terminated", "resultInfo": {"code": "0"},
            },
        }],
    });
    assert_eq!(stage.post(&body).await, StatusCode::ACCEPTED);
    let ended = stage.event(ended).await;
    assert!(ended.reason.is_some_and(|reason| reason.code == 0 && reason.normal));
    stage.strike().await;
}

#[tokio::test]
async fn s002_a_hang_up_is_told_with_its_reason_in_every_current_form() {
    for dialect in [Dialect::DocsCurrent, Dialect::Wire] {
        let mut stage = Stage::set(answering_all).await;
        let call = stage.call(dialect).await;
        stage.event(is_media_active).await;
        stage.client().send(DeleteCall::new(call.clone())).await.unwrap();
        let ended = stage.event(ended).await;
        let reason = ended.reason.expect("a documented reason");
        assert_eq!((reason.code, reason.subcode), (200, Some(5001)), "{dialect}");
        assert!(ended.to_string().starts_with("answered for "), "{ended}");
        let told = stage.notifications(&call);
        let last = &told.last().expect("an end")["value"][0];
        assert_eq!(last["resourceUrl"], format!("/communications/calls/{call}"));
        assert_eq!(last["resourceData"]["resultInfo"]["code"].is_string(), dialect == Dialect::DocsCurrent);
        stage.strike().await;
    }
}

#[tokio::test]
async fn s003_a_reject_is_followed_by_a_deleted_without_state() {
    let mut stage = Stage::set(|call, event| {
        if let CallEvent::Incoming(_) = event {
            call.reject(RejectReason::Busy);
        }
    })
    .await;
    for dialect in [Dialect::DocsLegacy, Dialect::Y2018, Dialect::Wire] {
        let call = stage.call(dialect).await;
        assert_eq!(stage.event(ended).await.outcome, Outcome::Rejected, "{dialect}");
        let told = stage.notifications(&call);
        let last = &told.last().expect("an end")["value"][0];
        assert_eq!(last["changeType"], "deleted");
        assert!(last["resourceData"]["state"].is_null() && last["resourceData"]["resultInfo"].is_null());
    }
    stage.strike().await;
}

#[tokio::test]
async fn s003_takes_the_200_that_its_sentence_promises_and_the_202_of_its_example() {
    for answer in
        ["HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"]
    {
        let (url, asked) = answering(answer).await;
        let transport = HttpTransport::emulator().unwrap().into_transport();
        let token = Arc::new(FixedToken::new("t").unwrap());
        let client: Client = Connection::new(Cloud::emulator(&url).unwrap(), transport, token).client();
        client.send(RejectCall::new(CallId::new("4FC1").unwrap(), RejectReason::Busy)).await.unwrap();
        let asked = asked.lock().unwrap();
        assert!(asked[0].starts_with("POST /v1.0/communications/calls/4FC1/reject HTTP/1.1"), "{}", asked[0]);
        assert!(asked[0].ends_with(r#"{"reason":"busy"}"#), "{}", asked[0]);
    }
}

#[tokio::test]
async fn s004_somebody_who_joined_is_removed() {
    let mut stage = Stage::set(|call, event| match event {
        CallEvent::Incoming(_) => call.answer(Answer::service_media()),
        CallEvent::MediaActive => {
            call.invite(Invite::user("b0000000-0000-4000-8000-000000000008").named("second"));
        }
        CallEvent::RosterChanged(change) => {
            let second = change.joined.iter().find(|one| {
                let user = one.identity().and_then(|identity| identity.user());
                user.is_some_and(|user| user.id.as_deref() == Some("b0000000-0000-4000-8000-000000000008"))
            });
            if let Some(id) = second.and_then(Participant::participant_id) {
                call.remove(id);
            }
        }
        CallEvent::Done(done) if done.name == "remove" => call.hang_up(),
        _ => {}
    })
    .await;
    let call = stage.call(Dialect::Wire).await;
    let mut done = Vec::new();
    while !(done.contains(&"second".to_owned()) && done.contains(&"remove".to_owned())) {
        done.push(
            stage
                .event(|event| match event {
                    CallEvent::Done(done) => Some(done.name),
                    _ => None,
                })
                .await,
        );
    }
    stage.event(ended).await;
    let deletes = stage.emulator.exchanges(Some(call.as_str())).into_iter();
    let deletes = deletes.filter(|one| one.method.as_deref() == Some("DELETE")).count();
    assert_eq!(deletes, 2);
    stage.strike().await;
}

#[tokio::test]
async fn s004_somebody_who_was_invited_and_has_not_joined_is_called_off() {
    let invited = "a5e1bd0e-1fe9-4b1c-8d8a-0bd7b0f5a4f6";
    let mut stage = Stage::set(move |call, event| match event {
        CallEvent::Incoming(_) => call.answer(Answer::service_media()),
        CallEvent::MediaActive => {
            let id = ParticipantId::new(invited).expect("an id");
            call.invite(Invite::user(NEVER_ANSWERS).with_participant_id(&id).named("pending"));
            call.set_timer("enough", Duration::from_millis(100));
        }
        CallEvent::Timer(_) => call.remove(ParticipantId::new(invited).expect("an id")),
        _ => {}
    })
    .await;
    stage.call(Dialect::Wire).await;
    let failed = stage
        .event(|event| match event {
            CallEvent::Failed(failed) => Some(failed),
            _ => None,
        })
        .await;
    assert_eq!(failed.name, "pending");
    let result = failed.error.result.expect("a result");
    assert_eq!((result.number(), result.subcode_number()), (Some(400), Some(8508)));
    stage.strike().await;
}

#[tokio::test]
async fn a_stranger_is_told_nothing_and_a_foreign_token_is_refused() {
    let mut stage = Stage::set(answering_all).await;
    let body = || bytes::Bytes::from_static(b"{\"value\":[]}");
    assert_eq!(stage.post_as("nonsense", body()).await, StatusCode::UNAUTHORIZED);
    for claims in [
        CallbackClaims::default().with_audience("b0000000-0000-4000-8000-000000000009"),
        CallbackClaims::default().with_issuer("https://evil.example"),
        CallbackClaims::default().with_foreign_key(),
        CallbackClaims::default().expired_for(Duration::from_secs(3600)),
    ] {
        let token = stage.emulator.sign_callback_token(&claims).unwrap();
        let status = stage.post_as(&token, body()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{claims:?}");
    }
    let token = stage.emulator.sign_callback_token(&CallbackClaims::default()).unwrap();
    for (broken, status) in [("", 204), ("[]", 400), ("{", 400), ("\u{feff}{}", 400), ("{\"id\":\"1\"}", 204)]
    {
        assert_eq!(stage.post_as(&token, broken.into()).await, status, "{broken}");
    }
    let mixed = json!({"value": [7, {"changeType": "deleted", "resourceUrl": "/communications/calls/1"}]});
    assert_eq!(stage.post(&mixed).await, StatusCode::ACCEPTED);
    stage.event(ended).await;
    stage.strike().await;
}
