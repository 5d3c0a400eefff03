//! The control API over a real socket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "what fails in a test panics"
)]

mod support;

use graph_calls_emulator::{CallView, Colour, Emulator, Env, Exchange, IncomingCall, Person};
use http::Method;
use serde_json::{Value, json};

use self::support::{ADELE, Bot, Client, answer_body};

const CONTROL: &str = "/__emulator/v1";

#[tokio::test]
async fn whoever_knows_the_url_learns_the_rest() {
    let emulator = Emulator::builder().start().await.unwrap();
    let client = Client::new(&emulator);
    let env: Env = serde_json::from_str(&client.get(&format!("{CONTROL}/env")).await.text).unwrap();
    assert_eq!(env, *emulator.env());
    assert_eq!(env.graph, env.url);
    let people: Vec<Person> =
        serde_json::from_str(&client.get(&format!("{CONTROL}/people")).await.text).unwrap();
    assert_eq!(people, emulator.people().await);
    assert_eq!((people[0].id.as_str(), people[0].name.as_str()), (ADELE, "Adele Vance"));
    let wav = client.get(&format!("{CONTROL}/prompts/welcome.wav")).await;
    assert_eq!(wav.headers["content-type"], "audio/wav");
    emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_in_its_ladder_as_soon_as_it_is_placed() {
    let bot = Bot::start().await;
    let emulator = Emulator::builder().webhook(&bot.url).start().await.unwrap();
    // The engine runs on another thread: one call would hardly ever be looked at too early.
    for _ in 0..200 {
        let call = emulator.incoming(IncomingCall::from_user(ADELE)).await.unwrap();
        assert!(emulator.ladder(&call, Colour::Never).contains("Adele Vance calls"));
    }
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_whole_call_is_played_from_outside() {
    let mut bot = Bot::start().await;
    let emulator = Emulator::builder().start().await.unwrap();
    let client = Client::with_token(&emulator).await;
    let post = |path: String, body: Value| {
        let client = client.clone();
        async move { client.post(&format!("{CONTROL}/{path}"), &body).await }
    };
    let refused = post("incoming".into(), json!({ "from": ADELE })).await;
    assert_eq!((refused.status, refused.json()["error"]["code"].as_str()), (409, Some("no_webhook")));
    assert_eq!(post("webhook".into(), json!({ "url": bot.url })).await.status, 204);
    let placed = post("incoming".into(), json!({ "from": ADELE, "dialect": "docs-current" })).await;
    assert_eq!(placed.status, 201);
    let call = placed.json()["call"].as_str().unwrap().to_owned();
    bot.next().await;
    let graph = format!("/v1.0/communications/calls/{call}");
    client.post(&format!("{graph}/answer"), &answer_body(&bot)).await;
    bot.until(&call, "established").await;
    client.post(&format!("{graph}/subscribeToTone"), &json!({})).await;
    assert_eq!(post(format!("calls/{call}/tone"), json!({ "tone": "1" })).await.status, 204);
    let tone = loop {
        let received = bot.next().await.body;
        if received["value"][0]["resourceData"]["toneInfo"].is_object() {
            break received;
        }
    };
    assert_eq!(tone["value"][0]["resourceData"]["toneInfo"]["tone"], "tone1");
    let joined = post(format!("calls/{call}/join"), json!({ "person": "+15550100008" })).await;
    let participant = joined.json()["participant"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&format!("{graph}/participants/{participant}")).await.status, 200);
    assert_eq!(post(format!("calls/{call}/leave"), json!({ "participant": participant })).await.status, 204);
    assert_eq!(post(format!("calls/{call}/hangup"), Value::Null).await.status, 204);
    bot.until(&call, "terminated").await;

    let calls: Vec<CallView> =
        serde_json::from_str(&client.get(&format!("{CONTROL}/calls")).await.text).unwrap();
    assert_eq!((calls[0].state.as_str(), calls[0].ended.as_deref()), ("terminated", Some("200/5010")));
    let trace = client.get(&format!("{CONTROL}/trace")).await;
    assert_eq!(trace.headers["content-type"], "application/x-ndjson");
    let exchanges: Vec<Exchange> =
        trace.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(exchanges.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    let ladder = client.get(&format!("{CONTROL}/ladder/{call}")).await;
    assert!(ladder.text.contains("Adele Vance presses 1"), "{}", ladder.text);
    emulator.shutdown().await;
}

#[tokio::test]
async fn each_mistake_at_the_controls_has_its_error() {
    let emulator = Emulator::builder().webhook("http://127.0.0.1:9/").start().await.unwrap();
    let client = Client::new(&emulator);
    let nobody = "b0000000-0000-4000-8000-00000000ffff";
    for (path, body, status, code) in [
        ("incoming".to_owned(), json!({ "from": nobody }), 400, "unknown_person"),
        ("incoming".to_owned(), json!({}), 400, "bad_body"),
        ("incoming".to_owned(), json!({ "from": ADELE, "dialect": "1999" }), 400, "bad_body"),
        ("webhook".to_owned(), json!({ "url": "bot" }), 400, "bad_url"),
        (format!("calls/{nobody}/hangup"), json!({}), 404, "unknown_call"),
        (format!("calls/{nobody}/tone"), json!({ "tone": "?" }), 400, "unknown_key"),
        (format!("calls/{nobody}/dance"), json!({}), 404, "no_such_path"),
        ("nothing".to_owned(), json!({}), 404, "no_such_path"),
        ("calls".to_owned(), json!({}), 405, "wrong_method"),
    ] {
        let got = client.post(&format!("{CONTROL}/{path}"), &body).await;
        assert_eq!((got.status, got.json()["error"]["code"].as_str()), (status, Some(code)), "{path} {body}");
    }
    let form = client.send(&Method::POST, "/__emulator/v1/incoming", Some("text/plain"), "{}".into()).await;
    assert_eq!((form.status, form.json()["error"]["code"].as_str()), (415, Some("not_json")));
    assert_eq!(client.get(&format!("{CONTROL}/ladder/{nobody}")).await.status, 404);
    assert_eq!(client.get(&format!("{CONTROL}/incoming")).await.status, 405);
    assert_eq!(client.delete(&format!("{CONTROL}/env")).await.status, 405);
    emulator.shutdown().await;
}
