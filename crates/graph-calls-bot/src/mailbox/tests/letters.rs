//! What calls tell each other, on whichever instances they are.

use std::{sync::Arc, time::Duration};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::world::{Machine, Notes, Reply, Sent, World, about, established, figure, incoming, terminated};
use crate::{CallContext, CallEvent, CallRef, Dial, HandlerError, Prompt};

const CALLS: &str = "/communications/calls";
const NUMBERS: usize = 5;

fn polite(_: &Arc<World>, sent: &Sent) -> Reply {
    match sent.method {
        Method::DELETE => Reply::Answer(StatusCode::NO_CONTENT, Value::Null),
        _ => Reply::Answer(StatusCode::OK, json!({"state": "established"})),
    }
}

/// The first call tells the second one five things, in two steps.
fn talkative(call: &mut CallContext<Notes>, event: &CallEvent) -> Result<(), HandlerError> {
    let numbers = match event {
        CallEvent::Established if call.call_ref() == World::key("1") => 0..3,
        CallEvent::Timer(_) => 3..NUMBERS,
        _ => 0..0,
    };
    if numbers.start == 0 && !numbers.is_empty() {
        call.set_timer("more", Duration::from_secs(1));
    }
    for number in numbers {
        call.tell(&World::key("2"), &number)?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_message_arrives_once_and_in_order_whenever_its_sender_stops() {
    let mut steps = 0;
    for step in 0.. {
        let world = World::new(polite, talkative);
        // The other call lives on another instance, which holds it while the letters come.
        world.start(Arc::default());
        world.tell(World::key("2"), "", &established("2")).await;
        sleep(Duration::from_secs(1)).await;
        let sender = Machine::stopping_at(step);
        let engine = world.start(Arc::clone(&sender));
        world.tell_to(&engine, World::key("1"), &established("1")).await;
        world.until_told(&format!("message {}", NUMBERS - 1)).await;
        sleep(Duration::from_secs(10)).await;
        let heard: Vec<_> =
            world.words(World::key("2")).into_iter().filter(|word| word.starts_with("message")).collect();
        let expected: Vec<_> = (0..NUMBERS).map(|number| format!("message {number}")).collect();
        assert_eq!(heard, expected, "step {step}\n{}", world.ladder());
        let was_stopped = sender.has_stopped();
        world.stop();
        if !was_stopped {
            break;
        }
        steps += 1;
    }
    assert!(steps > 10, "{steps}");
    figure(&format!(
        "letters: a sender stopped at each of {steps} steps: {NUMBERS} of {NUMBERS} delivered once, in order"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_handler_dials_once_and_its_message_to_the_new_call_arrives() {
    let react = |world: &Arc<World>, sent: &Sent| {
        if sent.is(&Method::POST, CALLS) {
            let key = CallRef::of_dial(&World::app(), "second");
            world.tell_after(Duration::from_secs(1), key, "1", established("second"));
            world.tell_after(Duration::from_secs(5), key, "1", terminated("second"));
            return Reply::Located("second".to_owned());
        }
        polite(world, sent)
    };
    let decide = |call: &mut CallContext<Notes>, event: &CallEvent| {
        if matches!(event, CallEvent::Established) && call.call_ref() == World::key("1") {
            // The message is recorded first: the call it is for does not exist yet.
            call.tell(&CallRef::of_dial(&World::app(), "second"), "welcome")?;
            call.dial(Dial::user("8d1e6ab6").key("second"))?;
        }
        Ok(())
    };
    let mut steps = 0;
    for step in 0.. {
        let world = World::new(react, decide);
        let machine = Machine::stopping_at(step);
        let engine = world.start(Arc::clone(&machine));
        world.start(Arc::default());
        let first = Arc::clone(&world);
        tokio::spawn(async move { first.tell_to(&engine, World::key("1"), &established("1")).await });
        let key = CallRef::of_dial(&World::app(), "second");
        world.until_told("message").await;
        sleep(Duration::from_secs(40)).await;
        let words = world.words(key);
        let welcomed = words.iter().filter(|word| *word == "message \"welcome\"").count();
        assert_eq!(welcomed, 1, "step {step}\n{}", world.ladder());
        assert!(world.count(&Method::POST, CALLS) <= 1, "step {step}\n{}", world.ladder());
        let known = words.iter().any(|word| word == "in doubt dial" || word == "done dial");
        assert!(known, "step {step}: nobody knows of the call\n{}", world.ladder());
        let was_stopped = machine.has_stopped();
        world.stop();
        if !was_stopped {
            assert_eq!(world.count(&Method::POST, CALLS), 1);
            break;
        }
        steps += 1;
    }
    figure(&format!("dial from a handler: stopped at each of {steps} steps: rings twice 0, messages lost 0"));
}

#[tokio::test(start_paused = true)]
async fn a_call_may_be_placed_in_another_tenant() {
    let other = "c0000000-0000-4000-8000-000000000002";
    let decide = move |call: &mut CallContext<Notes>, event: &CallEvent| {
        if let CallEvent::Established = event {
            let tenant = graph_calls_core::model::TenantId::new(other)?;
            call.dial(Dial::user("8d1e6ab6").in_tenant(tenant).key("abroad"))?;
        }
        Ok(())
    };
    let world = World::new(|_, _| Reply::Located("7".to_owned()), decide);
    world.start(Arc::default());
    world.tell(World::key("1"), "", &established("1")).await;
    world.until_told("done dial").await;
    let sent = world.sent();
    let placed = sent.iter().find(|sent| sent.is(&Method::POST, CALLS)).unwrap();
    assert_eq!(placed.text("tenantId"), other);
}

/// The notification of an operation comes to the call on which it runs, and is about a command of another one.
#[tokio::test(start_paused = true)]
async fn what_comes_of_a_command_finds_the_call_that_decided_it() {
    let react = |world: &Arc<World>, sent: &Sent| {
        if sent.is(&Method::POST, "/playPrompt") {
            let context = sent.text("clientContext");
            let item = super::world::finished("2", &context);
            world.tell_after(Duration::from_secs(1), World::key("2"), "", item);
            return Reply::Answer(StatusCode::OK, json!({"id": "9", "status": "running"}));
        }
        polite(world, sent)
    };
    let decide = |call: &mut CallContext<Notes>, event: &CallEvent| {
        if matches!(event, CallEvent::MediaActive) && call.call_ref() == World::key("1") {
            call.play(Prompt::url("https://bot.example/hello.wav").named("hello"));
        }
        Ok(())
    };
    let world = World::new(react, decide);
    world.start(Arc::default());
    world.tell(World::key("2"), "", &established("2")).await;
    world.tell(World::key("1"), "", &established("1")).await;
    world.until_told("done hello").await;
    assert!(world.words(World::key("1")).contains(&"done hello".to_owned()));
}

/// Nobody writes to a call that is over, and nobody is held up by that.
#[tokio::test(start_paused = true)]
async fn a_message_to_a_call_that_is_over_is_dropped_and_the_next_one_goes_on() {
    let decide = |call: &mut CallContext<Notes>, event: &CallEvent| {
        if let CallEvent::Hold = event {
            call.tell(&World::key("gone"), "late")?;
            call.tell(&World::key("2"), "in time")?;
        }
        Ok(())
    };
    let world = World::new(polite, decide);
    world.start(Arc::default());
    for call in ["1", "2", "gone"] {
        world.tell(World::key(call), "", &incoming(call)).await;
    }
    world.tell(World::key("gone"), "", &terminated("gone")).await;
    sleep(Duration::from_secs(200)).await;
    let held = about("1", "updated", "", &json!({"state": "hold"}));
    world.tell(World::key("1"), "", &held).await;
    world.until_told("message \"in time\"").await;
}
