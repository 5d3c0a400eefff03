//! Whose notifications go where.

use std::sync::Arc;

use graph_calls_core::{
    model::{AppId, Notification, RawJson, TenantId},
    test_util::ScriptedTransport,
};
use serde_json::json;
use tokio::time::Instant;

use super::{
    super::Mailboxes,
    table::{Table, table},
};
use crate::{
    Unanswered,
    token::Verified,
    webhook::{Arrival, CallbackPath, Intake as _, IntakeError, Taken},
};

fn arrival(call: &str, named: Option<&str>) -> Arrival {
    let text = json!({"changeType": "updated", "resourceUrl": format!("/communications/calls/{call}"),
        "resourceData": {"state": "established"}});
    Arrival {
        callback: named
            .map(|call_ref| CallbackPath { call_ref: call_ref.to_owned(), attempt: "0".to_owned() }),
        notification: Notification::from_raw(RawJson::from_string(text.to_string()).unwrap()),
        received: Instant::now(),
        message_id: None,
    }
}

fn verified(table: &Table, tenant: &str) -> Verified {
    Verified { app: table.app.clone(), tenant: TenantId::new(tenant).ok() }
}

#[tokio::test(start_paused = true)]
async fn items_find_their_call_by_the_path_they_came_to_or_by_its_id() {
    let table = table(&ScriptedTransport::new(), Unanswered::Ignore, |_, _| Ok(()));
    let mailboxes = Mailboxes::new(Arc::clone(&table.engine), Vec::new());
    let ours = verified(&table, "contoso.example");
    let key = table.key.to_string();
    let arrivals = vec![arrival("1", None), arrival("1", Some(&key)), arrival("2", None)];
    mailboxes.accept(&ours, arrivals).await.unwrap();
    table.engine.settled().await;
    let stats = table.engine.stats();
    assert_eq!((table.calls().await, stats.notifications, stats.events), (2, 3, 2));
}

#[tokio::test(start_paused = true)]
async fn another_tenant_and_another_app_get_nothing_in() {
    let table = table(&ScriptedTransport::new(), Unanswered::Ignore, |_, _| Ok(()));
    let mailboxes = Mailboxes::new(Arc::clone(&table.engine), Vec::new());
    let ours = verified(&table, "contoso.example");
    mailboxes.accept(&ours, vec![arrival("1", None)]).await.unwrap();
    let key = table.key.to_string();
    let foreign = verified(&table, "fabrikam.example");
    let refused = mailboxes.accept(&foreign, vec![arrival("1", Some(&key))]).await;
    assert_eq!(refused, Err(IntakeError::OtherTenant));
    let mixed = vec![arrival("1", Some(&key)), arrival("3", None)];
    assert_eq!(mailboxes.accept(&foreign, mixed).await, Ok(Taken::default()));
    let other_app = Verified { app: AppId::new("b0000000-0000-4000-8000-000000000002").unwrap(), ..ours };
    let refused = mailboxes.accept(&other_app, vec![arrival("1", None)]).await;
    assert_eq!(refused, Err(IntakeError::OtherTenant));
    assert_eq!(table.engine.stats().foreign, 2);
}
