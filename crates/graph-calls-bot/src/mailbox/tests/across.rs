//! Verbs that name another call.

use std::sync::{Arc, Mutex};

use graph_calls_core::{
    model::{Notification, RawJson},
    test_util::ScriptedTransport,
};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    super::*,
    table::{CALL, Table, table},
};
use crate::{CallContext, CallEvent, CallRef, Unanswered, store::Arrival};
use crate::{Dial, model::InvitationParticipantInfo};

const OTHER: &str = "/v1.0/communications/calls/2";

/// A call from Adele with another one that the bot has placed, whose id is known once it is created.
async fn two(
    script: &ScriptedTransport,
    decide: &'static (dyn Fn(&mut CallContext<u32>, CallRef) + Send + Sync),
) -> (Table, CallRef) {
    let other = Arc::new(Mutex::new(None));
    let known = Arc::clone(&other);
    let table = table(script, Unanswered::Ignore, move |call, event| {
        match event {
            CallEvent::Incoming(_) => {
                let placed = call.dial(Dial::user("heidi"))?;
                *known.lock().unwrap() = Some(placed);
            }
            CallEvent::Established if call.id().is_some_and(|id| id.as_str() == "1") => {
                let other = known.lock().unwrap().ok_or("the other call")?;
                decide(call, other);
            }
            _ => {}
        }
        Ok(())
    });
    let source = json!({"identity": {"user": {"id": "adele"}}});
    let call = json!({"state": "incoming", "direction": "incoming", "source": source});
    table.notify("created", "", &call).await;
    let other = other.lock().unwrap().unwrap();
    (table, other)
}

fn created() -> ScriptedTransport {
    let body = r#"{"id":"2","state":"establishing","direction":"outgoing"}"#;
    ScriptedTransport::new().answer(Method::POST, "/v1.0/communications/calls", StatusCode::CREATED, body)
}

impl Table {
    /// A notification that comes to the other call.
    async fn notify_other(&self, other: CallRef, change: &str, below: &str, data: &Value) {
        let path = format!("/communications/calls/2{below}");
        let text = json!({"changeType": change, "resourceUrl": path, "resourceData": data}).to_string();
        let item = Notification::from_raw(RawJson::from_string(text).unwrap());
        let item = content::notification(&self.app, Some("1".to_owned()), &item, self.engine.now(), None);
        let arrival = Arrival { key: other, tenant: self.tenant.clone(), dedup: None, item };
        self.engine.accept(vec![arrival]).await.unwrap();
        self.engine.settled().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_move_is_sent_to_the_other_call_and_its_outcome_comes_back() {
    let running = r#"{"id":"9","status":"running"}"#;
    let script =
        created().answer(Method::POST, &format!("{OTHER}/participants/invite"), StatusCode::OK, running);
    let (table, other) = two(&script, &|call, other| call.move_to(&other)).await;
    table.told();
    table.notify("updated", "", &json!({"state": "established"})).await;
    let invite: Value = serde_json::from_slice(script.requests()[1].body()).unwrap();
    let who = &invite["participants"][0];
    assert_eq!((&who["identity"]["user"]["id"], &who["replacesCallId"]), (&json!("adele"), &json!("1")));
    let finished = json!({
        "@odata.type": "#microsoft.graph.inviteParticipantsOperation", "status": "completed",
        "clientContext": invite["clientContext"], "resultInfo": {"code": 200},
    });
    assert_eq!(table.told(), ["established"]);
    // It is the other call's callback that the service tells.
    table.notify_other(other, "deleted", "/operations/9", &finished).await;
    assert_eq!(table.told(), ["done move"]);
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn a_consultation_names_the_original_call_in_its_body() {
    let script = created().answer(Method::POST, &format!("{CALL}/transfer"), StatusCode::ACCEPTED, "");
    let (table, _) = two(&script, &|call, original| {
        call.consult(&original, InvitationParticipantInfo::user("adele"));
    })
    .await;
    table.told();
    table.notify("updated", "", &json!({"state": "established"})).await;
    let transfer: Value = serde_json::from_slice(script.requests()[1].body()).unwrap();
    assert_eq!(transfer["transferTarget"]["replacesCallId"], "2");
    let failed = json!({"state": "established", "resultInfo": {"code": 500, "subcode": 7700}});
    table.notify("updated", "", &failed).await;
    let told = table.told();
    assert_eq!(told[..2], ["established", "done consult"]);
    assert!(told[2].starts_with("transferfailed"), "{told:?}");
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_not_there_or_has_no_id_cannot_be_named() {
    let script = ScriptedTransport::new();
    let table = table(&script, Unanswered::Ignore, |call, event| {
        if let CallEvent::Established = event {
            call.consult(&CallRef::random(), InvitationParticipantInfo::user("adele"));
        }
        Ok(())
    });
    table.incoming().await;
    table.notify("updated", "", &json!({"state": "established"})).await;
    let told = table.told();
    assert!(told[2].starts_with("failed consult: the other call is not there"), "{told:?}");
    script.assert_done();
}
