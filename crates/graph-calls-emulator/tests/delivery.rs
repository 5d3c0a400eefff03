//! Notifications on their way to a bot, over a real socket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "what fails in a test panics"
)]

mod support;

use std::time::Duration;

use graph_calls_emulator::{Colour, Deadlines, Dialect, Emulator, ExchangeKind, IncomingCall, Pace};
use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use self::support::{ADELE, Bot, Client, answer_body, status, traced};

const CALLS: &str = "/v1.0/communications/calls";

#[tokio::test]
async fn a_call_lives_from_ring_to_hang_up_and_its_ladder_shows_it() {
    let mut bot = Bot::start().await;
    let emulator = Emulator::builder().seed(7).webhook(&bot.url).start().await.unwrap();
    let client = Client::with_token(&emulator).await;
    let call = emulator.incoming(IncomingCall::from_user(ADELE)).await.unwrap();

    let incoming = bot.next().await;
    assert_eq!(incoming.path, "/api/calls");
    assert_eq!(incoming.headers["user-agent"], "Microsoft-Skype/3.0,(Calling/1.0)");
    assert!(incoming.headers["authorization"].to_str().unwrap().starts_with("Bearer "));
    for name in ["x-microsoft-skype-chain-id", "x-microsoft-skype-message-id", "scenario-id"] {
        assert!(incoming.headers.contains_key(name), "{name}");
    }
    assert_eq!(client.post(&format!("{CALLS}/{call}/answer"), &answer_body(&bot)).await.status, 202);
    assert_eq!(bot.next().await.body["value"][0]["resourceData"]["state"], "establishing");
    let established = bot.next().await;
    assert_eq!(established.path, "/api/calls/answered");
    assert_eq!(established.body["value"][0]["resourceData"]["state"], "established");

    let prompt = json!({ "prompts": [{ "mediaInfo": { "uri": emulator.welcome_prompt() } }] });
    assert_eq!(client.post(&format!("{CALLS}/{call}/playPrompt"), &prompt).await.status, 200);
    let started = Instant::now();
    let played = loop {
        let received = bot.next().await.body;
        if received["value"][0]["resourceData"]["@odata.type"] == "#microsoft.graph.playPromptOperation" {
            break received;
        }
    };
    assert_eq!(played["value"][0]["resourceData"]["status"], "completed");
    assert!(started.elapsed() >= Duration::from_millis(400), "it lasts as long as its audio");

    assert_eq!(client.delete(&format!("{CALLS}/{call}")).await.status, 204);
    bot.until(&call, "terminating").await;
    bot.until(&call, "terminated").await;
    traced(&emulator, |one| one.kind == ExchangeKind::Ack && one.seq == last_seq(&emulator)).await;
    let ladder = emulator.ladder(&call, Colour::Never);
    for part in [
        &call,
        "Adele Vance → Calling Bot",
        "Adele Vance calls",
        "created call: incoming from Adele Vance",
        "POST …/answer",
        "deleted playPromptOperation: completed 200/0",
        "deleted call: terminated 200/5001",
        "200/5001: The conversation is over (generic)",
    ] {
        assert!(ladder.contains(part), "{part} in\n{ladder}");
    }
    assert!(ladder.lines().all(|line| line.chars().count() <= 100));
    assert!(!ladder.contains('✗'), "{ladder}");
    emulator.shutdown().await;
}

fn last_seq(emulator: &Emulator) -> u64 {
    emulator.exchanges(None).last().map_or(0, |one| one.seq)
}

#[tokio::test]
async fn a_slow_bot_gets_the_notifications_of_a_call_in_order_and_each_once() {
    let mut bot = Bot::start().await;
    let pace = Pace::default().with_step(Duration::ZERO);
    let emulator = Emulator::builder().webhook(&bot.url).pace(pace).start().await.unwrap();
    let client = Client::with_token(&emulator).await;
    let call = emulator.incoming(IncomingCall::from_user(ADELE)).await.unwrap();
    bot.answer_next(status(StatusCode::SERVICE_UNAVAILABLE));
    client.post(&format!("{CALLS}/{call}/answer"), &answer_body(&bot)).await;
    let mut states = Vec::new();
    for _ in 0..5 {
        states.push(bot.next().await.body["value"][0]["resourceData"]["state"].clone());
    }
    assert_eq!(states, ["incoming", "establishing", "established", "established", "established"]);
    traced(&emulator, |one| one.status == Some(503)).await;
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_redirect_is_followed_once_on_the_incoming_notification_only() {
    let mut bot = Bot::start().await;
    let mut other = Bot::start().await;
    let emulator = Emulator::builder().webhook(&bot.url).start().await.unwrap();
    let moved = |to: &str| {
        let mut response = status(StatusCode::TEMPORARY_REDIRECT);
        response.headers_mut().insert(header::LOCATION, to.parse().unwrap());
        response
    };
    bot.answer_next(moved(&other.url));
    let call = emulator.incoming(IncomingCall::from_user(ADELE)).await.unwrap();
    bot.next().await;
    assert_eq!(other.next().await.body["value"][0]["changeType"], "created");

    bot.answer_next(moved(&other.url));
    emulator.hang_up(&call).await.unwrap();
    assert_eq!(bot.next().await.body["value"][0]["changeType"], "deleted");
    let delivered = async {
        while emulator.calls().await[0].undelivered == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), delivered).await.unwrap();
    let exchanges = emulator.exchanges(None);
    assert_eq!(exchanges.last().unwrap().status, Some(307), "nothing follows it");
    let sent = exchanges.iter().filter(|one| one.kind == ExchangeKind::Notification);
    assert_eq!(sent.count(), 3);
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_callback_that_reaches_nobody_is_written_down_and_not_repeated() {
    let deadlines = Deadlines::default().with_answer(Duration::from_millis(30));
    let emulator = Emulator::builder()
        .webhook("http://127.0.0.1:9/api/calls")
        .deadlines(deadlines)
        .start()
        .await
        .unwrap();
    let call = emulator.incoming(IncomingCall::from_user(ADELE)).await.unwrap();
    let ack = traced(&emulator, |one| one.kind == ExchangeKind::Ack).await;
    assert_eq!((ack.status, ack.is_failure()), (None, true));
    assert!(ack.summary.starts_with("no answer: "), "{}", ack.summary);
    traced(&emulator, |one| one.kind == ExchangeKind::Ack && one.seq > ack.seq).await;
    let sent = emulator.exchanges(Some(&call));
    assert_eq!(sent.iter().filter(|one| one.kind == ExchangeKind::Notification).count(), 2);
    assert!(emulator.ladder(&call, Colour::Never).contains("✗ first failure"));
    emulator.shutdown().await;
}

#[tokio::test]
async fn each_call_has_its_dialect() {
    let mut bot = Bot::start().await;
    let emulator = Emulator::builder().dialect(Dialect::DocsCurrent).webhook(&bot.url).start().await.unwrap();
    emulator.incoming(IncomingCall::from_user(ADELE)).await.unwrap();
    let current = bot.next().await.body;
    assert!(current["value"][0].get("resource").is_none());
    emulator.incoming(IncomingCall::from_user(ADELE).dialect(Dialect::Y2018)).await.unwrap();
    let legacy = bot.next().await.body;
    assert_eq!(legacy.get("@odata.type"), None);
    assert!(legacy["value"][0]["resource"].as_str().unwrap().starts_with("/app/calls/"));
    emulator.shutdown().await;
}

#[tokio::test]
async fn an_emulator_that_is_shut_down_sends_nothing_more() {
    let mut bot = Bot::start().await;
    let emulator = Emulator::builder().webhook(&bot.url).start().await.unwrap();
    emulator.incoming(IncomingCall::from_user(ADELE)).await.unwrap();
    bot.next().await;
    let (url, port) = (emulator.url().to_owned(), emulator.url().rsplit(':').next().unwrap().to_owned());
    emulator.shutdown().await;
    let again = Emulator::builder().port(port.parse().unwrap()).start().await.unwrap();
    assert_eq!(again.url(), url);
    let calls: Value = Client::new(&again).get("/__emulator/v1/calls").await.json();
    assert_eq!(calls, json!([]));
    again.shutdown().await;
}
