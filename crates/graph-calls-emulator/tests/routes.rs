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
use http::Method;
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

impl Row {
    /// Whether the path is one of Graph. A recording lies at an address of its own, which no table of routes has.
    fn is_graph(&self) -> bool {
        self.path.starts_with('/')
    }

    /// The path with an id for each place, which nothing has.
    fn path_of_nothing(&self) -> String {
        let mut path = self.path.clone();
        for place in ["{call}", "{participant}", "{group}"] {
            path = path.replace(place, "e0000000-0000-4000-8000-000000000001");
        }
        path
    }
}

fn table() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../graph-calls-core/tests/operations.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().filter(|line| !line.is_empty());
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

/// A call that is ready for a request.
#[derive(Debug, Default)]
struct Ready {
    /// The row's path with its ids.
    path: String,
    /// Who can be heard, and who can hear.
    source: String,
    receiver: String,
}

async fn prepare(emulator: &Emulator, client: &Client, bot: &mut Bot, row: &Row) -> Ready {
    if !row.path.contains("{call}") {
        return Ready { path: row.path.clone(), ..Ready::default() };
    }
    let mut incoming = IncomingCall::from_user(ADELE);
    if row.request == "update_recording_status" {
        incoming = incoming.recording();
    }
    let call = emulator.incoming(incoming).await.unwrap();
    let mut path = row.path.replace("{call}", &call);
    if matches!(row.request.as_str(), "answer_call" | "reject_call" | "redirect_call") {
        return Ready { path, ..Ready::default() };
    }
    let below = format!("/v1.0/communications/calls/{call}");
    let mut answer = answer_body(bot);
    if row.request == "change_screen_sharing_role" {
        answer["mediaConfig"] =
            json!({ "@odata.type": "#microsoft.graph.appHostedMediaConfig", "blob": "b" });
    }
    assert_eq!(client.post(&format!("{below}/answer"), &answer).await.status, 202);
    bot.until(&call, "established").await;
    // Only a call of two is transferred without saying whom.
    if row.request == "transfer_call" {
        return Ready { path, ..Ready::default() };
    }
    let source = emulator.join(&call, "+15550100001").await.unwrap();
    let receiver = emulator.join(&call, "+15550100002").await.unwrap();
    path = path.replace("{participant}", &source);
    if path.contains("{group}") {
        let group =
            json!({ "id": "g", "routingMode": "multicast", "sources": [source], "receivers": [receiver] });
        assert_eq!(client.post(&format!("{below}/audioRoutingGroups"), &group).await.status, 200);
        path = path.replace("{group}", "g");
    }
    if row.request == "stop_hold_music" {
        let held = client.post(&format!("{below}/participants/{source}/startHoldMusic"), &json!({})).await;
        assert_eq!(held.status, 202);
    }
    Ready { path, source, receiver }
}

fn body(bot: &Bot, row: &Row, ready: &Ready) -> Value {
    const GUID: &str = "d0000000-0000-4000-8000-000000000001";
    let user = json!({ "identity": { "user": { "id": ADELE } } });
    let media = json!({ "@odata.type": "#microsoft.graph.serviceHostedMediaConfig" });
    match row.request.as_str() {
        "create_call" => json!({
            "callbackUri": bot.url, "targets": [user], "requestedModalities": ["audio"], "mediaConfig": media,
        }),
        "answer_call" => answer_body(bot),
        "reject_call" => json!({ "reason": "busy" }),
        "redirect_call" => json!({ "targets": [user] }),
        "transfer_call" => json!({ "transferTarget": user }),
        "send_dtmf_tones" => json!({ "tones": ["tone1"] }),
        "change_screen_sharing_role" => json!({ "role": "sharer" }),
        "update_recording_status" => json!({ "status": "recording" }),
        "start_transcription" => json!({ "language": "en-us" }),
        "mute_all_participants" => json!({ "participants": [ready.source] }),
        "create_audio_routing_group" => json!({
            "id": "g", "routingMode": "oneToOne", "sources": [ready.source], "receivers": [ready.receiver],
        }),
        "update_audio_routing_group" => json!({ "receivers": [ready.receiver] }),
        "log_teleconference_device_quality" => json!({ "quality": {
            "callChainId": GUID, "participantId": GUID, "mediaLegId": GUID,
            "deviceName": "Room 4", "deviceDescription": "a video bar",
            "mediaQualityList": [{
                "@odata.type": "#microsoft.graph.teleconferenceDeviceAudioQuality", "channelIndex": 0,
            }],
        }}),
        "report_synthetic_media" => json!({
            "id": GUID, "detectionDateTime": "2026-03-13T21:00:00Z", "overallConfidence": 0.9, "isMalicious": false,
            "contentMetadata": { "modality": "audio" }, "detections": [{ "confidence": 0.9 }],
        }),
        "play_prompt" => json!({ "prompts": [{ "mediaInfo": { "uri": "http://127.0.0.1:9/none.wav" } }] }),
        "invite_participants" => json!({ "participants": [user] }),
        _ if row.method == "POST" && row.request != "keep_alive" => json!({}),
        _ => Value::Null,
    }
}

async fn send(client: &Client, row: &Row, path: &str, body: &Value) -> Got {
    match row.method.as_str() {
        "GET" => client.get(path).await,
        "DELETE" => client.delete(path).await,
        "PATCH" => client.send(&Method::PATCH, path, Some("application/json"), body.to_string()).await,
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
    for row in rows.iter().filter(|row| row.is_graph()) {
        for version in &row.versions {
            let ready = prepare(&emulator, &client, &mut bot, row).await;
            let path = format!("/{version}{}", ready.path);
            let got = send(&client, row, &path, &body(&bot, row, &ready)).await;
            assert!(row.success.contains(&got.status), "{} in {version}: {got:?}", row.name);
            assert!(got.headers.contains_key("request-id"), "{}", row.name);
        }
    }
    emulator.shutdown().await;
}

#[tokio::test]
async fn each_operation_of_the_table_has_a_route_in_its_versions_and_in_no_other() {
    let emulator = Emulator::builder().start().await.unwrap();
    let client = Client::with_token(&emulator).await;
    for row in table().iter().filter(|row| row.is_graph()) {
        for version in ["v1.0", "beta"] {
            let path = format!("/{version}{}", row.path_of_nothing());
            let got = send(&client, row, &path, &json!({})).await;
            let message = got.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
            let no_path = got.status == 404 && message.starts_with("Resource not found for the path");
            if row.versions.iter().any(|one| one == version) {
                assert!(!no_path && !matches!(got.status, 405 | 501), "{} in {version}: {got:?}", row.name);
            } else {
                assert!(no_path, "{} is not in {version}: {got:?}", row.name);
            }
        }
    }
    emulator.shutdown().await;
}

#[tokio::test]
async fn each_operation_of_the_table_has_a_route_file_of_its_name() {
    for row in table().into_iter().filter(Row::is_graph) {
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
    let refused = |got: &Got, name: &str| {
        let message = got.json()["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(got.status, 501, "{name}: {message}");
        assert!(message.starts_with(name) && message.contains("docs/coverage.md"), "{message}");
    };
    let below = format!("communications/calls/{call}");
    for (path, name) in
        [("operations/1", "commsoperation-get"), ("contentSharingSessions/1", "contentsharingsession-get")]
    {
        for version in ["v1.0", "beta"] {
            refused(&client.get(&format!("/{version}/{below}/{path}")).await, name);
        }
    }
    for (path, name) in [
        ("record", "call-record"),
        ("updateMetadata", "call-updatemetadata"),
        ("participants/configureMixer", "participant-configuremixer"),
        ("participants/admitAllFromLobby", "participant-admitallfromlobby"),
        ("participants/1/admitFromLobby", "participant-admitfromlobby"),
        ("participants/1/removeFromLobby", "participant-removefromlobby"),
    ] {
        refused(&client.post(&format!("/beta/{below}/{path}"), &json!({})).await, name);
        let got = client.post(&format!("/v1.0/{below}/{path}"), &json!({})).await;
        assert_eq!(got.status, 404, "{path} is beta only");
    }
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
