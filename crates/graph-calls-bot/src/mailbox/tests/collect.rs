//! Questions that are answered by keys.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use graph_calls_core::{Certainty, Client, FixedToken, Wall, test_util::ScriptedTransport};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    super::*,
    table::{CALL, Scripted, Table, config, engine_of, table},
};
use crate::{CallContext, CallEvent, Collect, HandlerError, Prompt, Unanswered, routing::Handlers};

const RUNNING: &str = r#"{"id":"9","status":"running"}"#;
const COMPLETED: &str = r#"{"id":"8","status":"completed"}"#;

fn path(action: &str) -> String {
    format!("{CALL}/{action}")
}

const SUBSCRIBE: &str = "subscribeToTone";
const PLAY: &str = "playPrompt";
const CANCEL: &str = "cancelMediaProcessing";

/// A service that takes this, in this order.
fn service(actions: &[&str]) -> ScriptedTransport {
    actions.iter().fold(ScriptedTransport::new(), |script, action| {
        let body = if *action == PLAY { RUNNING } else { COMPLETED };
        script.answer(Method::POST, &path(action), StatusCode::OK, body)
    })
}

fn prompt(name: &str) -> Prompt {
    Prompt::url(format!("https://bot.example/{name}.wav"))
}

fn menu() -> Collect {
    Collect::one().accept("12").prompt(prompt("menu")).named("menu")
}

fn digits(name: &str, keys: &str, end: &str) -> String {
    format!("digits(digits {{ name: {name:?}, keys: {keys:?}, end: {end} }})")
}

/// Asks when the audio begins to flow.
fn asks(question: Collect) -> impl Fn(&mut CallContext<u32>, &CallEvent) -> Result<(), HandlerError> {
    move |call, event| {
        if let CallEvent::MediaActive = event {
            call.collect(question.clone());
        }
        Ok(())
    }
}

impl Table {
    async fn talks(&self) {
        self.incoming().await;
        self.notify("updated", "", &json!({"state": "established", "mediaState": {"audio": "active"}})).await;
        assert_eq!(self.told(), ["incoming", "established", "mediaactive"]);
    }

    async fn key(&self, key: &str, number: u32) {
        let tone = json!({"sequenceId": number, "tone": key});
        self.notify("updated", "", &json!({"state": "established", "toneInfo": tone})).await;
    }

    async fn prompt_ends(&self, well: bool) {
        let (status, code) = if well { ("completed", 200) } else { ("failed", 400) };
        let data = json!({"status": status, "resultInfo": {"code": code, "subcode": 8508}});
        self.notify("deleted", "/operations/9", &data).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_key_of_a_menu_cuts_its_prompt_and_is_told_once_as_the_answer() {
    let script = service(&[SUBSCRIBE, PLAY, CANCEL]);
    let table = table(&script, Unanswered::Ignore, asks(menu()));
    table.talks().await;
    table.key("tone1", 1).await;
    assert_eq!(table.told(), [digits("menu", "1", "complete")]);
    table.prompt_ends(false).await;
    table.key("tone1", 1).await;
    assert!(table.told().is_empty(), "its own prompt's end, and a repeated key");
    table.key("tone2", 2).await;
    assert!(table.told().remove(0).starts_with("tone("), "nothing is asked any more");
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn a_pin_is_typed_after_its_prompt_and_ends_with_the_finishing_key() {
    let script = service(&[SUBSCRIBE, PLAY]);
    let pin = Collect::up_to(6).prompt(prompt("pin")).barge_in(false).finish_on('#').named("pin");
    let table = table(&script, Unanswered::Ignore, asks(pin));
    table.talks().await;
    table.key("tone4", 7).await;
    table.prompt_ends(true).await;
    // Out of order: the record puts it right.
    table.key("tone1", 9).await;
    table.key("tone7", 8).await;
    assert!(table.told().is_empty());
    table.key("pound", 10).await;
    assert_eq!(table.told(), [digits("pin", "471", "finishkey")]);
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn silence_is_asked_again_and_then_given_up() {
    let script = service(&[SUBSCRIBE, PLAY, PLAY]);
    let question = menu().tries(2).first_within(Duration::from_secs(4)).reprompt(prompt("again"));
    let table = table(&script, Unanswered::Ignore, asks(question));
    table.talks().await;
    table.after(Duration::from_secs(60)).await;
    assert_eq!(script.requests().len(), 2, "the time starts when the prompt ends");
    table.prompt_ends(true).await;
    table.after(Duration::from_millis(3_980)).await;
    assert_eq!(script.requests().len(), 2);
    table.after(Duration::from_millis(20)).await;
    let again: Value = serde_json::from_slice(script.requests()[2].body()).unwrap();
    assert_eq!(again["prompts"][0]["mediaInfo"]["uri"], "https://bot.example/again.wav");
    assert!(table.told().is_empty());
    table.prompt_ends(true).await;
    table.after(Duration::from_secs(4)).await;
    assert_eq!(table.told(), [digits("menu", "", "nothing")]);
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn a_question_is_over_before_its_call_is() {
    let table = table(
        &service(&[SUBSCRIBE, PLAY]),
        Unanswered::Ignore,
        asks(Collect::exactly(4).prompt(prompt("pin"))),
    );
    table.talks().await;
    table.notify("deleted", "", &json!({"state": "terminated", "resultInfo": {"code": 200}})).await;
    assert_eq!(table.told(), [digits("collect", "", "interrupted"), "terminated answered".to_owned()]);
    table.after(Duration::from_secs(119)).await;
    assert!(table.told().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_next_question_takes_the_place_of_the_one_before() {
    let script = service(&[SUBSCRIBE, PLAY, CANCEL, PLAY]);
    let table = table(&script, Unanswered::Ignore, |call, event| {
        match event {
            CallEvent::MediaActive => call.collect(Collect::exactly(4).prompt(prompt("pin")).named("pin")),
            CallEvent::Message(_) => call.collect(menu()),
            _ => {}
        }
        Ok(())
    });
    table.talks().await;
    let body = serde_json::value::to_raw_value("now").unwrap();
    assert!(table.engine.tell_call(table.key, table.tenant.clone(), body).await.unwrap());
    table.engine.settled().await;
    assert_eq!(table.told().pop(), Some(digits("pin", "", "interrupted")));
    let menu: Value = serde_json::from_slice(script.requests()[3].body()).unwrap();
    let ended = json!({"status": "completed", "clientContext": menu["clientContext"]});
    table.notify("deleted", "/operations/10", &ended).await;
    table.key("tone2", 1).await;
    assert_eq!(table.told(), [digits("menu", "2", "complete")]);
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_was_not_sent_yet_is_taken_back() {
    let script = service(&[SUBSCRIBE]);
    let table = table(&script, Unanswered::Ignore, |call, event| {
        match event {
            CallEvent::Established => call.collect(menu()),
            CallEvent::Hold => call.collect(Collect::one().named("other")),
            _ => {}
        }
        Ok(())
    });
    table.notify("updated", "", &json!({"state": "established"})).await;
    table.notify("updated", "", &json!({"state": "hold"})).await;
    assert_eq!(
        table.told(),
        ["established".to_owned(), "hold".to_owned(), digits("menu", "", "interrupted")]
    );
    table.notify("updated", "", &json!({"mediaState": {"audio": "active"}})).await;
    script.assert_done();
    table.after(Duration::from_secs(10)).await;
    assert_eq!(table.told(), ["mediaactive".to_owned(), digits("other", "", "nothing")]);
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_question_is_sent_when_it_was_answered() {
    for (key, told, sent) in [
        ("tone1", "done bye", [SUBSCRIBE, PLAY, CANCEL, "mute"].as_slice()),
        ("tone9", "failed bye: the command it was to follow failed", &[SUBSCRIBE, PLAY, CANCEL]),
    ] {
        let script = service(sent);
        let table = table(&script, Unanswered::Ignore, |call, event| {
            if let CallEvent::MediaActive = event {
                call.collect(menu());
                let body = crate::model::ClientContextBody::new();
                let mute = graph_calls_core::MuteCall::new("1".parse()?, body);
                call.command(crate::CallCommand::new(&mute).named("bye").after("menu"));
            }
            Ok(())
        });
        table.talks().await;
        assert_eq!(script.requests().len(), 2);
        table.key(key, 1).await;
        assert_eq!(table.told()[1..], [told]);
        script.assert_done();
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_is_asked_only_when_it_does_not_matter_who_answers() {
    let roster = json!([{"id": "1"}, {"id": "2"}, {"id": "3"}]);
    let refused = ScriptedTransport::new();
    let taken = service(&[SUBSCRIBE, PLAY]);
    for (question, script) in [(menu(), &refused), (menu().any_participant(), &taken)] {
        let table = table(script, Unanswered::Ignore, asks(question));
        table.notify("updated", "", &json!({"state": "established"})).await;
        table.notify("updated", "/participants", &roster).await;
        table.notify("updated", "", &json!({"mediaState": {"audio": "active"}})).await;
        let asked = table.told().iter().all(|word| !word.contains("any_participant()"));
        assert_eq!(asked, !script.requests().is_empty());
    }
    taken.assert_done();
}

#[tokio::test(start_paused = true)]
async fn keys_that_cannot_be_had_end_the_question_with_the_reason() {
    let script = ScriptedTransport::new()
        .answer(Method::POST, &path("subscribeToTone"), StatusCode::FORBIDDEN, "")
        .answer(Method::POST, &path("subscribeToTone"), StatusCode::OK, COMPLETED);
    let question = Collect::one().named("key");
    let table = table(&script, Unanswered::Ignore, move |call, event| {
        if matches!(event, CallEvent::MediaActive)
            || matches!(event, CallEvent::Digits(digits) if digits.end.as_str().contains("403"))
        {
            call.collect(question.clone());
        }
        Ok(())
    });
    table.notify("updated", "", &json!({"state": "established", "mediaState": {"audio": "active"}})).await;
    assert!(table.told()[2].contains("403"));
    table.key("tone5", 1).await;
    assert_eq!(table.told(), [digits("key", "5", "complete")]);
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_may_play_or_not_is_the_questions_own_matter() {
    let script = service(&[SUBSCRIBE]).fail(Method::POST, &path(PLAY), Certainty::Unknown);
    let table = table(&script, Unanswered::Ignore, asks(menu()));
    table.talks().await;
    table.after(Duration::from_secs(9)).await;
    assert!(table.told().is_empty());
    table.after(Duration::from_secs(1)).await;
    assert_eq!(table.told(), [digits("menu", "", "nothing")]);
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn a_question_goes_on_where_another_instance_takes_the_call() {
    let script = service(&[SUBSCRIBE, PLAY, CANCEL]);
    let pin = Collect::exactly(3).prompt(prompt("pin")).named("pin");
    let mut table = table(&script, Unanswered::Ignore, asks(pin.clone()));
    let handler = |told: &Arc<Mutex<Vec<String>>>, pin: &Collect| Scripted {
        told: Arc::clone(told),
        decide: Box::new(asks(pin.clone())),
    };
    table.engine = engine_of(&table, &script, handler(&table.told, &pin), config(Unanswered::Ignore));
    table.talks().await;
    table.key("tone4", 1).await;
    let store = Arc::clone(&table.engine.store);
    let wall = Wall::anchored(table.engine.now());
    let client = Client::builder(script.transport()).token(FixedToken::new("t").unwrap()).build();
    let handlers = Handlers::new(Vec::new(), Arc::new(handler(&table.told, &pin)));
    let apps = vec![Registered { id: table.app.clone(), client, tenant: None, handlers }];
    table.engine = Engine::new(apps, store, wall, config(Unanswered::Ignore));
    tokio::spawn(Arc::clone(&table.engine).look_for_work());
    table.key("tone7", 2).await;
    assert!(table.told().is_empty());
    // The time between two keys was set by the first instance.
    table.after(Duration::from_secs(5)).await;
    assert_eq!(table.told(), [digits("pin", "47", "toofew")]);
    script.assert_done();
}
