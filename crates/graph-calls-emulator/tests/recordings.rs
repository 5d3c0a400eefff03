//! What a caller said, fetched over a real socket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "what fails in a test panics"
)]

mod support;

use std::time::Duration;

use graph_calls_emulator::{Colour, Emulator, ExchangeKind, Fault, FaultPhase, IncomingCall};
use http::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use self::support::{ADELE, Bot, Client, answer_body};

const CALLS: &str = "/v1.0/communications/calls";

/// A recording that was ended by a key: its call, the path it lies at, and the token that opens it.
async fn recorded(emulator: &Emulator, client: &Client, bot: &mut Bot) -> (String, String, String) {
    let call = emulator.incoming(IncomingCall::from_user(ADELE)).await.unwrap();
    client.post(&format!("{CALLS}/{call}/answer"), &answer_body(bot)).await;
    bot.until(&call, "established").await;
    // Recording begins once audio is active, and then without a beep.
    while bot.next().await.body["value"][0]["resourceData"]["mediaState"]["audio"] != "active" {}
    let body = json!({ "playBeep": false, "stopTones": ["#"] });
    assert_eq!(client.post(&format!("{CALLS}/{call}/recordResponse"), &body).await.status, 200);
    emulator.press(&call, "#").await.unwrap();
    let told = loop {
        let told = bot.next().await.body;
        if told["value"][0]["resourceData"]["@odata.type"] == "#microsoft.graph.recordOperation" {
            break told;
        }
    };
    let text = |name: &str| told["value"][0]["resourceData"][name].as_str().unwrap().to_owned();
    let location = text("recordingLocation");
    let path = location.strip_prefix(emulator.url()).unwrap();
    assert!(path.starts_with("/recordings/"), "{path}");
    (call, path.to_owned(), text("recordingAccessToken"))
}

#[tokio::test]
async fn a_recording_is_fetched_whole_and_from_where_a_download_broke_off() {
    let mut bot = Bot::start().await;
    let emulator = Emulator::builder().seed(7).webhook(&bot.url).start().await.unwrap();
    let client = Client::with_token(&emulator).await;
    let (call, path, token) = recorded(&emulator, &client, &mut bot).await;

    let wrong = client.get(&path).await;
    assert_eq!(wrong.status, 401, "a Graph token opens no recording");
    assert_eq!(wrong.headers["www-authenticate"], "Bearer");
    assert_eq!(Client::new(&emulator).get(&path).await.status, 401);
    let mut own = Client::new(&emulator);
    own.token = Some(token.clone());
    assert_eq!(own.get(&format!("{CALLS}/{call}")).await.status, 401, "and its token opens nothing else");
    assert_eq!(own.get("/recordings/b0000000-0000-4000-8000-000000000001").await.status, 404);
    assert_eq!(own.send(&Method::DELETE, &path, None, String::new()).await.status, 405);

    let whole = own.bytes(&path, &[]).await;
    assert_eq!(
        (whole.status, &whole.headers["content-type"]),
        (200, &"application/octet-stream".parse().unwrap())
    );
    assert_eq!(whole.headers["accept-ranges"], "bytes");
    let etag = whole.headers["etag"].to_str().unwrap().to_owned();
    assert!(whole.bytes.starts_with(b"RIFF"));
    let data = u32::from_le_bytes(whole.bytes[40..44].try_into().unwrap());
    assert_eq!(whole.bytes.len(), 44 + data as usize);

    let rest = own.bytes(&path, &[("Range", "bytes=20-"), ("If-Range", &etag)]).await;
    assert_eq!((rest.status, &rest.bytes), (206, &whole.bytes[20..].to_vec()));
    let last = whole.bytes.len() - 1;
    assert_eq!(rest.headers["content-range"], format!("bytes 20-{last}/{}", whole.bytes.len()));
    assert_eq!(rest.headers["etag"], etag);
    let other = own.bytes(&path, &[("Range", "bytes=20-"), ("If-Range", "\"other\"")]).await;
    assert_eq!((other.status, other.bytes.len()), (200, whole.bytes.len()));
    let behind = own.bytes(&path, &[("Range", &format!("bytes={}-", last + 1))]).await;
    assert_eq!(behind.status, 416);
    assert_eq!(behind.headers["content-range"], format!("bytes */{}", whole.bytes.len()));
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_download_that_is_cut_in_its_body_is_completed_by_a_range() {
    let mut bot = Bot::start().await;
    let emulator = Emulator::builder().seed(7).webhook(&bot.url).start().await.unwrap();
    let client = Client::with_token(&emulator).await;
    let (call, path, token) = recorded(&emulator, &client, &mut bot).await;
    let mut own = Client::new(&emulator);
    own.token = Some(token);
    let whole = own.bytes(&path, &[]).await;

    emulator.add_fault(Fault::new(FaultPhase::InBody).on("recordoperation")).await.unwrap();
    let (cut, is_all) = own.part(&path).await.unwrap();
    assert_eq!((cut.status, is_all), (200, false));
    assert_eq!(cut.headers["content-length"], whole.bytes.len().to_string());
    assert_eq!(cut.bytes, whole.bytes[..whole.bytes.len() / 2], "half of it came");
    let etag = cut.headers["etag"].to_str().unwrap();
    let range = format!("bytes={}-", cut.bytes.len());
    let rest = own.bytes(&path, &[("Range", &range), ("If-Range", etag)]).await;
    assert_eq!(rest.status, 206);
    assert_eq!([cut.bytes, rest.bytes].concat(), whole.bytes);

    let ladder = emulator.ladder(&call, Colour::Never);
    assert!(ladder.contains("bytes (lost: connection cut inside the body)"), "{ladder}");
    emulator.shutdown().await;
}

#[tokio::test]
async fn each_fault_of_a_download_is_seen_and_the_next_download_is_well() {
    let mut bot = Bot::start().await;
    let emulator = Emulator::builder().seed(7).webhook(&bot.url).start().await.unwrap();
    let client = Client::with_token(&emulator).await;
    let (_, path, token) = recorded(&emulator, &client, &mut bot).await;
    for phase in FaultPhase::all().into_iter().filter(|phase| *phase != FaultPhase::BeforeConnect) {
        let mut own = Client::new(&emulator);
        own.token = Some(token.clone());
        emulator.add_fault(Fault::new(phase.clone()).on("recordoperation")).await.unwrap();
        let patience = Duration::from_millis(if phase == FaultPhase::Silence { 30 } else { 10_000 });
        match (timeout(patience, own.part(&path)).await, &phase) {
            (Ok(Ok((got, true))), FaultPhase::Status { status, retry_after }) => {
                assert_eq!(got.status, *status);
                let header = got.headers.get("retry-after").map(|value| value.to_str().unwrap());
                assert_eq!(header, retry_after.as_deref());
            }
            (Ok(Ok((got, false))), FaultPhase::InBody) => assert_eq!(got.status, 200),
            (Err(_), FaultPhase::Silence)
            | (
                Ok(Err(_)),
                FaultPhase::DuringRequest
                | FaultPhase::BeforeEffect
                | FaultPhase::AfterEffect
                | FaultPhase::InHead,
            ) => {}
            (got, phase) => panic!("{phase:?} gave {got:?}"),
        }
        assert_eq!(emulator.faults().await, [], "{phase:?}");
        let (next, is_all) = own.part(&path).await.unwrap();
        assert_eq!((next.status, is_all), (200, true), "{phase:?}");
    }
    emulator.shutdown().await;
}

#[tokio::test]
async fn the_token_of_a_recording_stays_out_of_trace_ladder_and_controls() {
    let mut bot = Bot::start().await;
    let emulator = Emulator::builder().seed(7).webhook(&bot.url).start().await.unwrap();
    let client = Client::with_token(&emulator).await;
    let (call, path, token) = recorded(&emulator, &client, &mut bot).await;
    let mut own = Client::new(&emulator);
    own.token = Some(token.clone());
    assert_eq!(own.bytes(&format!("{path}?token={token}"), &[("Range", "bytes=4-")]).await.status, 206);

    let ladder = emulator.ladder(&call, Colour::Never);
    for part in [
        "POST …/recordResponse",
        "200 OK: recordOperation running",
        "Adele Vance speaks",
        "deleted recordOperation: completed 200/0",
        "stopToneDetected",
        "GET …/recordings/",
        "206 Partial Content: ",
    ] {
        assert!(ladder.contains(part), "{part} in\n{ladder}");
    }
    let download = emulator.exchanges(Some(&call)).into_iter().find(|one| {
        one.kind == ExchangeKind::Request
            && one.path.as_deref().is_some_and(|at| at.starts_with("/recordings/"))
    });
    let headers = download.unwrap().headers;
    assert!(headers.contains(&("authorization".to_owned(), "Bearer [redacted]".to_owned())), "{headers:?}");
    let mut dumps = vec![ladder, format!("{:?}", emulator.exchanges(None)), format!("{emulator:?}")];
    for control in ["trace", "calls", &format!("ladder/{call}"), "env", "people"] {
        dumps.push(client.get(&format!("/__emulator/v1/{control}")).await.text);
    }
    for dump in &dumps {
        assert!(!dump.contains(&token), "{dump}");
    }
    let told = dumps[3].lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).find(|one| {
        one["body"]["value"][0]["resourceData"]["@odata.type"] == "#microsoft.graph.recordOperation"
    });
    let told = &told.unwrap()["body"]["value"][0]["resourceData"];
    assert_eq!(told["recordingAccessToken"], "[redacted]");
    assert!(told["recordingLocation"].as_str().unwrap().ends_with(&path));
    emulator.shutdown().await;
}
