//! What a handler decides, and what becomes of it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use graph_calls_core::{
    Certainty,
    model::{Notification, RawJson},
    test_util::ScriptedTransport,
};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    super::content,
    table::{CALL, config, engine_of, table},
};
use crate::{
    Answer, CallContext, CallEvent, CallHandler, HandlerError, Prompt, Unanswered, model::RejectReason,
    store::Arrival,
};

/// Never decides.
pub(super) struct Hanging;
#[async_trait]
impl CallHandler for Hanging {
    type Memory = ();
    async fn on_event(&self, _call: &mut CallContext<()>, _event: CallEvent) -> Result<(), HandlerError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_answered_greeted_and_hung_up_each_by_one_request() {
    let running = r#"{"id":"9","status":"running"}"#;
    let script = ScriptedTransport::new()
        .answer(Method::POST, &format!("{CALL}/answer"), StatusCode::ACCEPTED, "")
        .answer(Method::POST, &format!("{CALL}/playPrompt"), StatusCode::OK, running)
        .answer(Method::DELETE, CALL, StatusCode::NO_CONTENT, "");
    let table = table(&script, Unanswered::Ignore, |call, event| {
        match event {
            CallEvent::Incoming(_) => {
                call.answer(Answer::service_media());
                call.play(Prompt::url("https://bot.example/hello.wav").named("hello"));
            }
            CallEvent::Done(done) if done.name == "hello" => call.hang_up(),
            _ => {}
        }
        Ok(())
    });
    table.incoming().await;
    assert_eq!(table.told(), ["incoming", "done answer"]);
    let answer: Value = serde_json::from_slice(script.requests()[0].body()).unwrap();
    let callback = format!("https://bot.example/api/calls/c/{}/0", table.key);
    assert_eq!(answer["callbackUri"], callback.as_str());
    table.notify("updated", "", &json!({"state": "established", "mediaState": {"audio": "active"}})).await;
    assert_eq!(table.told(), ["established", "mediaactive"]);
    let finished = json!({"status": "completed", "resultInfo": {"code": 200, "subcode": 0}});
    table.notify("deleted", "/operations/9", &finished).await;
    assert_eq!(table.told(), ["done hello", "done hang-up"]);
    table
        .notify("deleted", "", &json!({"state": "terminated", "resultInfo": {"code": 200, "subcode": 5001}}))
        .await;
    assert_eq!(table.told(), ["terminated answered"]);
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_fails_is_told_again_and_keeps_nothing_of_what_failed() {
    let tries = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&tries);
    let script =
        ScriptedTransport::new().answer(Method::POST, &format!("{CALL}/answer"), StatusCode::ACCEPTED, "");
    let table = table(&script, Unanswered::Ignore, move |call, event| {
        let CallEvent::Incoming(_) = event else { return Ok(()) };
        let tries = seen.fetch_add(1, Ordering::Relaxed) + 1;
        assert_eq!(call.memory, 1, "a failed try left something behind");
        call.answer(Answer::service_media());
        assert!(tries != 2, "a panic counts as a failure");
        if tries < 3 { Err("not yet".into()) } else { Ok(()) }
    });
    let began = Instant::now();
    table.incoming().await;
    assert_eq!(tries.load(Ordering::Relaxed), 3);
    assert_eq!(began.elapsed(), Duration::from_millis(250));
    assert_eq!(script.requests().len(), 1);
    assert_eq!(table.engine.stats().events_dead, 0);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_cannot_be_handled_is_given_up_and_the_call_rejected() {
    let script =
        ScriptedTransport::new().answer(Method::POST, &format!("{CALL}/reject"), StatusCode::ACCEPTED, "");
    let table = table(&script, Unanswered::Ignore, |_, event| match event {
        CallEvent::Incoming(_) => Err("never".into()),
        _ => Ok(()),
    });
    table.incoming().await;
    assert_eq!(table.engine.stats().events_dead, 1);
    script.assert_done();
    table.notify("deleted", "", &json!({"@odata.type": "#microsoft.graph.call"})).await;
    assert_eq!(table.told().last().map(String::as_str), Some("terminated rejected"));
}

#[tokio::test(start_paused = true)]
async fn who_decides_nothing_is_reminded_and_then_the_fallback_decides() {
    let script =
        ScriptedTransport::new().answer(Method::POST, &format!("{CALL}/reject"), StatusCode::ACCEPTED, "");
    let table = table(&script, Unanswered::Reject(RejectReason::Busy), |_, _| Ok(()));
    table.incoming().await;
    table.after(Duration::from_millis(7_980)).await;
    assert_eq!(table.told(), ["incoming"]);
    table.after(Duration::from_millis(20)).await;
    assert_eq!(table.told(), ["answerdue"]);
    assert!(script.requests().is_empty());
    table.after(Duration::from_secs(2)).await;
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_arrive_in_time_is_not_sent() {
    let script = ScriptedTransport::new();
    let table = table(&script, Unanswered::Ignore, |call, event| {
        match event {
            CallEvent::Incoming(_) => call.set_timer("think", Duration::from_secs(14)),
            CallEvent::Timer(_) => call.answer(Answer::service_media()),
            _ => {}
        }
        Ok(())
    });
    table.incoming().await;
    table.after(Duration::from_secs(15)).await;
    assert_eq!(table.told(), ["incoming", "answerdue", "timer think", "failed answer: too late to be sent"]);
    assert!(script.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_may_have_played_is_in_doubt_until_its_notification_settles_it() {
    let script =
        ScriptedTransport::new().fail(Method::POST, &format!("{CALL}/playPrompt"), Certainty::Unknown);
    let table = table(&script, Unanswered::Ignore, |call, event| {
        if let CallEvent::MediaActive = event {
            call.play(Prompt::url("https://bot.example/hello.wav"));
        }
        Ok(())
    });
    table.incoming().await;
    table.notify("updated", "", &json!({"state": "established", "mediaState": {"audio": "active"}})).await;
    assert_eq!(table.told(), ["incoming", "established", "mediaactive", "in doubt play"]);
    let sent: Value = serde_json::from_slice(script.requests()[0].body()).unwrap();
    let finished = json!({
        "@odata.type": "#microsoft.graph.playPromptOperation", "status": "completed",
        "clientContext": sent["clientContext"], "resultInfo": {"code": 200},
    });
    table.notify("deleted", "/operations/9", &finished).await;
    assert_eq!(table.told(), ["done play"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_is_kept_alive_and_asked_after_until_the_service_says_that_it_is_gone() {
    let keep_alive = format!("{CALL}/keepAlive");
    let held = r#"{"state":"hold"}"#;
    let script = ScriptedTransport::new()
        .answer(Method::GET, CALL, StatusCode::OK, r#"{"state":"established"}"#)
        .answer(Method::POST, &keep_alive, StatusCode::OK, "")
        .answer(Method::GET, CALL, StatusCode::OK, held)
        .answer(Method::POST, &keep_alive, StatusCode::NOT_FOUND, r#"{"error":{"code":"8522"}}"#);
    let table = table(&script, Unanswered::Ignore, |_, _| Ok(()));
    // Met in the middle: what came before is lost.
    table.notify("updated", "", &json!({"state": "established"})).await;
    table.after(Duration::from_secs(6)).await;
    assert_eq!(script.requests().len(), 1);
    assert_eq!(table.told(), ["established"]);
    table.after(Duration::from_secs(900)).await;
    // A notification was lost: the answer tells what it would have told.
    assert_eq!(table.told(), ["hold"]);
    table.after(Duration::from_secs(900)).await;
    assert_eq!(table.told(), ["terminated answered"]);
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_over_is_forgotten_and_what_comes_late_says_nothing() {
    let script = ScriptedTransport::new();
    let table = table(&script, Unanswered::Ignore, |_, _| Ok(()));
    let ended = json!({"state": "terminated", "resultInfo": {"code": 200, "subcode": 5001}});
    table.incoming().await;
    table.notify("deleted", "", &ended).await;
    assert_eq!(table.told(), ["incoming", "terminated missed"]);
    assert_eq!(table.calls().await, 1);
    table.after(Duration::from_secs(121)).await;
    assert_eq!(table.calls().await, 0);
    table.notify("deleted", "", &ended).await;
    assert!(table.told().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_poisoned_item_costs_only_itself() {
    let script = ScriptedTransport::new();
    let table = table(&script, Unanswered::Ignore, |_, _| Ok(()));
    table.incoming().await;
    table.notify("updated", "", &json!({"targets": 7})).await;
    table.notify("updated", "", &json!({"state": "established"})).await;
    assert_eq!(table.told(), ["incoming", "established"]);
    assert_eq!(table.engine.stats().poisoned, 1);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_answers_every_failure_with_the_same_command_stops() {
    let script = ScriptedTransport::new();
    let table = table(&script, Unanswered::Ignore, |call, event| {
        match event {
            CallEvent::Incoming(_) => call.set_timer("late", Duration::from_secs(14)),
            CallEvent::Timer(_) | CallEvent::Failed(_) => call.answer(Answer::service_media()),
            _ => {}
        }
        Ok(())
    });
    table.incoming().await;
    table.after(Duration::from_secs(15)).await;
    assert!(table.told().len() < 100);
    assert_eq!(table.engine.stats().events_dead, 1);
    table.notify("deleted", "", &json!({"@odata.type": "#microsoft.graph.call"})).await;
    assert_eq!(table.told(), ["terminated missed"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_always_fails_comes_to_an_end_with_its_call() {
    let script = ScriptedTransport::new()
        .answer(Method::POST, &format!("{CALL}/reject"), StatusCode::ACCEPTED, "")
        .answer(Method::DELETE, CALL, StatusCode::NOT_FOUND, "");
    let table = table(&script, Unanswered::Ignore, |_, _| Err("never".into()));
    table.incoming().await;
    table.notify("deleted", "", &json!({"@odata.type": "#microsoft.graph.call"})).await;
    table.after(Duration::from_secs(121)).await;
    assert_eq!(table.calls().await, 0);
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn the_fallback_does_not_wait_for_a_handler_that_hangs() {
    let script =
        ScriptedTransport::new().answer(Method::POST, &format!("{CALL}/reject"), StatusCode::ACCEPTED, "");
    let mut table = table(&script, Unanswered::Ignore, |_, _| Ok(()));
    table.engine = engine_of(&table, &script, Hanging, config(Unanswered::Reject(RejectReason::Busy)));
    let text = json!({"changeType": "created", "resourceUrl": "/communications/calls/1",
        "resourceData": {"state": "incoming"}})
    .to_string();
    let item = Notification::from_raw(RawJson::from_string(text).unwrap());
    let item = content::notification(&table.app, None, &item, table.engine.now(), None);
    let arrival = Arrival { key: table.key, tenant: table.tenant.clone(), dedup: None, item };
    table.engine.accept(vec![arrival]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(9_999)).await;
    assert!(script.requests().is_empty());
    tokio::time::sleep(Duration::from_millis(10)).await;
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_doubt_is_settled_by_the_call_being_established() {
    let path = format!("{CALL}/answer");
    // Each attempt gets a third of what is left of the window, until no time is left for another.
    let script = (0..40)
        .fold(ScriptedTransport::new(), |script, _| script.fail(Method::POST, &path, Certainty::Unknown));
    let table = table(&script, Unanswered::Ignore, |call, event| {
        if let CallEvent::Incoming(_) = event {
            call.answer(Answer::service_media());
        }
        Ok(())
    });
    table.incoming().await;
    assert_eq!(table.told(), ["incoming", "in doubt answer"]);
    assert!(script.requests().len() > 1);
    table.notify("updated", "", &json!({"state": "established"})).await;
    assert_eq!(table.told(), ["established", "done answer"]);
}

#[tokio::test(start_paused = true)]
async fn a_reject_in_doubt_is_settled_by_the_end_of_the_call() {
    let path = format!("{CALL}/reject");
    let script = (0..40)
        .fold(ScriptedTransport::new(), |script, _| script.fail(Method::POST, &path, Certainty::Unknown));
    let table = table(&script, Unanswered::Ignore, |call, event| {
        if let CallEvent::Incoming(_) = event {
            call.reject(RejectReason::Busy);
        }
        Ok(())
    });
    table.incoming().await;
    assert_eq!(table.told(), ["incoming", "in doubt reject"]);
    table.notify("deleted", "", &json!({"@odata.type": "#microsoft.graph.call"})).await;
    assert_eq!(table.told(), ["terminated rejected", "done reject"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_missing_from_a_list_left_only_if_the_service_says_so() {
    let path = format!("{CALL}/participants");
    let both = r#"{"value":[{"id":"1"},{"id":"2"}]}"#;
    let one = r#"{"value":[{"id":"1"}]}"#;
    let script = ScriptedTransport::new().answer(Method::GET, &path, StatusCode::OK, both).answer(
        Method::GET,
        &path,
        StatusCode::OK,
        one,
    );
    let table = table(&script, Unanswered::Ignore, |_, _| Ok(()));
    table.notify("updated", "", &json!({"state": "established"})).await;
    table.notify("updated", "/participants", &json!([{"id": "1"}, {"id": "2"}])).await;
    table.told();
    table.notify("updated", "/participants", &json!([{"id": "1"}])).await;
    assert!(table.told().is_empty());
    table.notify("updated", "/participants", &json!([{"id": "1", "isMuted": true}])).await;
    let told = table.told();
    assert_eq!(told.len(), 2, "{told:?}");
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn an_invitation_is_taken_back_by_its_name() {
    let running = r#"{"id":"9","status":"running"}"#;
    let script = ScriptedTransport::new().answer(
        Method::POST,
        &format!("{CALL}/participants/invite"),
        StatusCode::OK,
        running,
    );
    let table = table(&script, Unanswered::Ignore, |call, event| {
        match event {
            CallEvent::Established => call.invite(crate::Invite::user("8d1e6ab6").named("second")),
            CallEvent::MediaActive => call.call_off("second"),
            _ => {}
        }
        Ok(())
    });
    table.notify("updated", "", &json!({"state": "established"})).await;
    let invited: Value = serde_json::from_slice(script.requests()[0].body()).unwrap();
    let id = invited["participants"][0]["participantId"].as_str().unwrap();
    let script =
        script.answer(Method::DELETE, &format!("{CALL}/participants/{id}"), StatusCode::NO_CONTENT, "");
    table.notify("updated", "", &json!({"mediaState": {"audio": "active"}})).await;
    assert_eq!(table.told(), ["established", "mediaactive", "done call-off"]);
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn policy_based_recording_is_reminded_and_decided_sooner() {
    let script =
        ScriptedTransport::new().answer(Method::POST, &format!("{CALL}/answer"), StatusCode::ACCEPTED, "");
    let table = table(&script, Unanswered::Answer(Answer::service_media()), |_, _| Ok(()));
    let bot_data = json!({"inviteReasons": ["ComplianceRecording"]});
    let call = json!({"state": "incoming", "applicationMetadata": {"botData": bot_data}});
    table.notify("created", "", &call).await;
    table.after(Duration::from_millis(2_001)).await;
    assert_eq!(table.told(), ["incoming", "answerdue"]);
    assert!(script.requests().is_empty());
    table.after(Duration::from_secs(1)).await;
    assert_eq!(table.told(), ["done answer"]);
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn a_command_that_waits_too_long_fails_and_what_follows_it_with_it() {
    let script = ScriptedTransport::new();
    let table = table(&script, Unanswered::Ignore, |call, event| {
        if let CallEvent::Incoming(_) = event {
            call.play(Prompt::url("https://bot.example/a.wav").named("a").within(Duration::from_secs(2)));
            call.play(Prompt::url("https://bot.example/b.wav").named("b").after("a"));
        }
        Ok(())
    });
    table.incoming().await;
    table.after(Duration::from_secs(3)).await;
    assert_eq!(
        table.told(),
        ["incoming", "failed a: too late to be sent", "failed b: the command it was to follow failed"]
    );
}

/// Answers, but only after eleven seconds.
struct Slow(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl CallHandler for Slow {
    type Memory = ();

    async fn on_event(&self, call: &mut CallContext<()>, event: CallEvent) -> Result<(), HandlerError> {
        match event {
            CallEvent::Incoming(_) => {
                tokio::time::sleep(Duration::from_secs(11)).await;
                call.answer(Answer::service_media());
            }
            CallEvent::Failed(failed) => {
                self.0.lock().unwrap().push(format!("{}: {}", failed.name, failed.error));
            }
            CallEvent::Terminated(ended) => self.0.lock().unwrap().push(ended.outcome.as_str().to_owned()),
            _ => {}
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_slower_than_the_fallback_is_told_that_it_came_too_late() {
    let script =
        ScriptedTransport::new().answer(Method::POST, &format!("{CALL}/reject"), StatusCode::ACCEPTED, "");
    let mut table = table(&script, Unanswered::Ignore, |_, _| Ok(()));
    let slow = Slow(Arc::clone(&table.told));
    table.engine = engine_of(&table, &script, slow, config(Unanswered::Reject(RejectReason::Busy)));
    table.incoming().await;
    table.notify("deleted", "", &json!({"@odata.type": "#microsoft.graph.call"})).await;
    assert_eq!(table.told(), ["answer: it was decided about the call before", "rejected"]);
    script.assert_done();
}
