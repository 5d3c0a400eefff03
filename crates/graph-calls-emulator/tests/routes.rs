//! Each operation of the shared table over a real socket, in each of its versions.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "what fails in a test panics"
)]

mod support;

use std::path::Path;

use graph_calls_emulator::{Emulator, IncomingCall};
use serde_json::{Value, json};

use self::support::{ADELE, Bot, Client, Got, answer_body};

/// One row of the table that the typed requests are tested with as well.
#[derive(Debug)]
struct Row {
    request: String,
    name: String,
    method: String,
    path: String,
    versions: Vec<String>,
    success: Vec<u16>,
}

fn table() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../graph-calls-core/tests/operations.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header: Vec<_> = lines.next().unwrap().split('\t').collect();
    let column = |name: &str| header.iter().position(|one| *one == name).unwrap();
    lines
        .map(|line| {
            let cells: Vec<_> = line.split('\t').collect();
            let cell = |name: &str| cells[column(name)].to_owned();
            Row {
                request: cell("request"),
                name: cell("name"),
                method: cell("method"),
                path: cell("path"),
                versions: cell("versions").split(',').map(str::to_owned).collect(),
                success: cell("success").split(',').map(|status| status.parse().unwrap()).collect(),
            }
        })
        .collect()
}

/// A call that is ready for the row's request, and the row's path with its ids.
async fn prepare(emulator: &Emulator, client: &Client, bot: &mut Bot, row: &Row) -> String {
    if !row.path.contains("{call}") {
        return row.path.clone();
    }
    let call = emulator.incoming(IncomingCall::from_user(ADELE)).await.unwrap();
    let mut path = row.path.replace("{call}", &call);
    if matches!(row.request.as_str(), "answer_call" | "reject_call") {
        return path;
    }
    let answered = client.post(&format!("/v1.0/communications/calls/{call}/answer"), &answer_body(bot)).await;
    assert_eq!(answered.status, 202);
    bot.until(&call, "established").await;
    if path.contains("{participant}") {
        let joined = emulator.join(&call, "+15550100001").await.unwrap();
        path = path.replace("{participant}", &joined);
    }
    path
}

fn body(bot: &Bot, row: &Row) -> Value {
    let user = json!({ "identity": { "user": { "id": ADELE } } });
    let media = json!({ "@odata.type": "#microsoft.graph.serviceHostedMediaConfig" });
    match row.request.as_str() {
        "create_call" => json!({
            "callbackUri": bot.url, "targets": [user], "requestedModalities": ["audio"], "mediaConfig": media,
        }),
        "answer_call" => answer_body(bot),
        "reject_call" => json!({ "reason": "busy" }),
        "play_prompt" => json!({ "prompts": [{ "mediaInfo": { "uri": "http://127.0.0.1:9/none.wav" } }] }),
        "invite_participants" => json!({ "participants": [user] }),
        "subscribe_to_tone" => json!({}),
        _ => Value::Null,
    }
}

async fn send(client: &Client, row: &Row, path: &str, body: &Value) -> Got {
    match row.method.as_str() {
        "GET" => client.get(path).await,
        "DELETE" => client.delete(path).await,
        _ => client.post(path, body).await,
    }
}

#[tokio::test]
async fn each_operation_of_the_table_succeeds_in_each_of_its_versions() {
    let mut bot = Bot::start().await;
    let emulator = Emulator::builder().webhook(&bot.url).start().await.unwrap();
    let client = Client::with_token(&emulator).await;
    let rows = table();
    assert!(!rows.is_empty());
    for row in &rows {
        for version in &row.versions {
            let path = prepare(&emulator, &client, &mut bot, row).await;
            let got = send(&client, row, &format!("/{version}{path}"), &body(&bot, row)).await;
            assert!(row.success.contains(&got.status), "{} in {version}: {got:?}", row.name);
            assert!(got.headers.contains_key("request-id"), "{}", row.name);
        }
    }
    emulator.shutdown().await;
}

#[tokio::test]
async fn each_operation_of_the_table_has_a_route_file_of_its_name() {
    for row in table() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/route/{}.rs", row.request));
        assert!(file.is_file(), "{} has no {}", row.name, file.display());
    }
}

#[tokio::test]
async fn what_is_not_covered_answers_501_with_its_name() {
    let mut bot = Bot::start().await;
    let emulator = Emulator::builder().webhook(&bot.url).start().await.unwrap();
    let client = Client::with_token(&emulator).await;
    let call = emulator.incoming(IncomingCall::from_user(ADELE)).await.unwrap();
    bot.next().await;
    for (path, name) in [
        ("redirect", "call-redirect"),
        ("transfer", "call-transfer"),
        ("recordResponse", "call-record"),
        ("cancelMediaProcessing", "call-cancelmediaprocessing"),
        ("sendDtmfTones", "call-senddtmftones"),
        ("mute", "call-mute"),
        ("unmute", "call-unmute"),
        ("changeScreenSharingRole", "call-changescreensharingrole"),
        ("updateRecordingStatus", "call-updaterecordingstatus"),
        ("addLargeGalleryView", "call-addlargegalleryview"),
        ("participants/1/mute", "participant-mute"),
        ("participants/1/startHoldMusic", "participant-startholdmusic"),
        ("audioRoutingGroups", "call-post-audioroutinggroups"),
    ] {
        for version in ["v1.0", "beta"] {
            let got =
                client.post(&format!("/{version}/communications/calls/{call}/{path}"), &json!({})).await;
            let message = got.json()["error"]["message"].as_str().unwrap().to_owned();
            assert_eq!(got.status, 501, "{path}: {message}");
            assert!(message.starts_with(name) && message.contains("docs/coverage.md"), "{message}");
        }
    }
    let quality = client.post("/v1.0/communications/calls/logTeleconferenceDeviceQuality", &json!({})).await;
    assert_eq!(quality.status, 501);
    emulator.shutdown().await;
}

#[tokio::test]
async fn the_deprecated_forms_work_in_beta() {
    let mut bot = Bot::start().await;
    let emulator = Emulator::builder().webhook(&bot.url).start().await.unwrap();
    let client = Client::with_token(&emulator).await;
    let app = emulator.env().app_id.clone();
    for root in ["app".to_owned(), format!("applications/{app}")] {
        let call = emulator.incoming(IncomingCall::from_user(ADELE)).await.unwrap();
        bot.next().await;
        let rejected =
            client.post(&format!("/beta/{root}/calls/{call}/reject"), &json!({ "reason": "busy" })).await;
        assert_eq!(rejected.status, 202);
        assert_eq!(bot.next().await.body["value"][0]["changeType"], "deleted");
        assert_eq!(client.get(&format!("/v1.0/{root}/calls/{call}")).await.status, 404);
    }
    emulator.shutdown().await;
}
