//! An incident call-out: people are called at once, and who acknowledges with key 1 is moved into a meeting.
//!
//! `PEOPLE=ID,ID,ID,ID,ID MEETING=LINK PROMPTS=FOLDER cargo run -p examples --example call_out`
//!
//! It runs against the tenant that the variables of `Bot::from_env` name, or against an emulator that
//! `GRAPH_CALLS_EMULATOR_URL` names. `PROMPTS` has `incident.wav`: "press 1 to join". Run again, it calls nobody twice.

use std::env;

use async_trait::async_trait;
use graph_calls_bot::{
    Bot, CallContext, CallEvent, CallHandler, CallRef, Collect, Dial, DialError, HandlerError, Prompt,
    core::BoxError,
    model::{JoinUrl, RejectReason},
};
use graph_calls_http::Config;
use serde::{Deserialize, Serialize};

const INCIDENT: &str = "incident-42";

/// What the bot remembers of a call, by what it is for.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
enum Leg {
    #[default]
    Stranger,
    Meeting {
        people: Vec<String>,
        acknowledged: Vec<String>,
    },
    Person {
        who: String,
        key: String,
        meeting: CallRef,
        acknowledged: bool,
    },
}

struct CallOut;

#[async_trait]
impl CallHandler for CallOut {
    type Memory = Leg;

    async fn on_event(&self, call: &mut CallContext<Leg>, event: CallEvent) -> Result<(), HandlerError> {
        match call.memory {
            Leg::Stranger if call.is_ringing() => call.reject(RejectReason::Busy),
            Leg::Stranger => {}
            Leg::Meeting { .. } => in_meeting(call, &event)?,
            Leg::Person { .. } => with_person(call, event)?,
        }
        Ok(())
    }
}

fn in_meeting(call: &mut CallContext<Leg>, event: &CallEvent) -> Result<(), HandlerError> {
    let meeting = call.call_ref();
    let Leg::Meeting { people, acknowledged } = &mut call.memory else { return Ok(()) };
    match event {
        CallEvent::Established => {
            for (place, who) in people.clone().into_iter().enumerate() {
                ring(call, who, format!("{INCIDENT}/{place}"), meeting)?;
            }
        }
        CallEvent::Message(message) => acknowledged.push(message.read()?),
        _ => {}
    }
    Ok(())
}

fn with_person(call: &mut CallContext<Leg>, event: CallEvent) -> Result<(), HandlerError> {
    let Leg::Person { who, key, meeting, acknowledged } = &mut call.memory else { return Ok(()) };
    let (who, meeting, again) = (who.clone(), *meeting, format!("{key}/again"));
    match event {
        CallEvent::MediaActive if !*acknowledged => {
            let question = Collect::one().prompt(Prompt::file("incident")).accept("1").tries(2);
            call.collect(question.named("acknowledge"));
        }
        CallEvent::Digits(digits) if digits.is("acknowledge", "1") => {
            *acknowledged = true;
            call.tell(&meeting, &who)?;
            call.move_to(&meeting);
        }
        CallEvent::Digits(_) => call.hang_up(),
        CallEvent::Failed(failed) if failed.name == "move" => call.hang_up(),
        CallEvent::Terminated(_) if !*acknowledged && !key.ends_with("/again") => {
            ring(call, who, again, meeting)?;
        }
        _ => {}
    }
    Ok(())
}

fn ring(call: &mut CallContext<Leg>, who: String, key: String, to: CallRef) -> Result<CallRef, DialError> {
    let dial = Dial::user(&who).key(&key);
    call.dial(dial.memory(&Leg::Person { who, key, meeting: to, acknowledged: false }))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let connection = Config::from_env()?.connect().await?;
    let bot = Bot::builder_from_connection(CallOut, &connection)?.prompts(env::var("PROMPTS")?).build()?;
    let people = env::var("PEOPLE")?.split(',').map(str::to_owned).collect();
    let dial = Dial::meeting(JoinUrl::parse(&env::var("MEETING")?)?).key(format!("{INCIDENT}/meeting"));
    bot.calls().dial(dial.memory(&Leg::Meeting { people, acknowledged: Vec::new() })).await?;
    Ok(bot.serve().await?)
}

#[cfg(test)]
mod tests {
    use graph_calls_bot::test_util::BotTest;

    use super::*;

    fn person(key: &str) -> Leg {
        let (who, key, meeting) = ("adele".to_owned(), key.to_owned(), CallRef::from_bytes([7; 16]));
        Leg::Person { who, key, meeting, acknowledged: false }
    }

    #[tokio::test]
    async fn five_people_are_called_at_once_and_the_meeting_knows_who_acknowledged() {
        let people = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        let mut test = BotTest::new(CallOut);
        let begun = Leg::Meeting { people: people.clone(), acknowledged: Vec::new() };
        test.dialed(&begun).await.established().await;
        let calls = test.assert_dialed(&["a", "b", "c", "d", "e"]);
        test.message_from(&calls[3], "d").await.message_from(&calls[0], "a").await;
        assert_eq!(test.memory(), Leg::Meeting { people, acknowledged: vec!["d".into(), "a".into()] });
    }

    #[tokio::test]
    async fn who_acknowledges_is_moved_and_not_called_again() {
        let mut test = BotTest::new(CallOut);
        test.dialed(&person("incident-42/0")).await.established().await.media_active().await.tone('1').await;
        test.assert_commands(&["move"]).assert_told(&CallRef::from_bytes([7; 16]), "adele");
        test.done("move").await.hung_up().await.assert_dialed(&[]);
    }

    #[tokio::test]
    async fn who_does_not_answer_or_acknowledge_is_called_once_more() {
        let mut test = BotTest::new(CallOut);
        test.dialed(&person("incident-42/0")).await.established().await.media_active().await;
        test.keys("23").await.assert_commands(&["hang-up"]).hung_up().await.assert_dialed(&["adele"]);
        for (key, again) in [("incident-42/0", &["adele"][..]), ("incident-42/0/again", &[])] {
            let mut test = BotTest::new(CallOut);
            test.dialed(&person(key)).await.ringing().await.hung_up().await.assert_dialed(again);
        }
    }
}
