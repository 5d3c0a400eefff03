//! An IVR: a menu by keys, a transfer to sales, and a voicemail.
//!
//! `SALES=OBJECT_ID PROMPTS=FOLDER MAILBOX=FOLDER cargo run -p examples --example ivr`
//!
//! It runs against the tenant that the variables of `Bot::from_env` name, or against an emulator that
//! `GRAPH_CALLS_EMULATOR_URL` names. `PROMPTS` has `welcome`, `menu`, `nobody-there`, `after-the-beep`, `goodbye` as WAV.

use std::{env, mem, path::PathBuf, time::Duration};

use async_trait::async_trait;
use graph_calls_bot::{
    Answer, Bot, CallContext, CallEvent, CallHandler, Collect, Done, HandlerError, Prompt, Recording,
    Transfer,
    core::BoxError,
    model::{CommsOperation, InvitationParticipantInfo},
};
use graph_calls_http::{Config, Connection};

/// Where voicemails go. The same name may come twice: it is the same voicemail.
#[async_trait]
trait Mailbox: Send + Sync + 'static {
    async fn save(&self, name: &str, recorded: &CommsOperation<'static>) -> Result<(), BoxError>;
}

struct Folder(PathBuf, Connection);

#[async_trait]
impl Mailbox for Folder {
    async fn save(&self, name: &str, recorded: &CommsOperation<'static>) -> Result<(), BoxError> {
        let recording = graph_calls_http::Recording::of(recorded)?;
        let mut wav = Vec::new();
        self.1.download(&recording).await?.write_to(&mut wav).await?;
        Ok(tokio::fs::write(self.0.join(format!("{name}.wav")), wav).await?)
    }
}

struct Ivr<M> {
    sales: String,
    mailbox: M,
}

#[async_trait]
impl<M: Mailbox> CallHandler for Ivr<M> {
    /// Whether the menu was read: audio comes back after a hold, too.
    type Memory = bool;

    async fn on_event(&self, call: &mut CallContext<bool>, event: CallEvent) -> Result<(), HandlerError> {
        match event {
            CallEvent::Incoming(_) => call.answer(Answer::service_media().prefetch(["welcome", "menu"])),
            CallEvent::MediaActive if !mem::replace(&mut call.memory, true) => ask(call, "welcome"),
            CallEvent::Digits(digits) if digits.is("menu", "1") => {
                call.transfer(Transfer::blind(InvitationParticipantInfo::user(&self.sales)));
            }
            CallEvent::Digits(digits) if digits.is("menu", "2") => {
                let recording = Recording::new().prompt(Prompt::file("after-the-beep")).stop_on("#");
                call.record_response(recording.longest(Duration::from_secs(120)).named("voicemail"));
            }
            CallEvent::Digits(_) => say_goodbye(call),
            CallEvent::TransferFailed(_) => ask(call, "nobody-there"),
            CallEvent::Done(Done { name, operation: Some(recorded), .. }) if name == "voicemail" => {
                // Where it cannot be saved, this event is told again.
                self.mailbox.save(call.event_id(), &recorded).await?;
                say_goodbye(call);
            }
            CallEvent::Done(done) if done.name == "goodbye" => call.hang_up(),
            CallEvent::Failed(failed) if failed.name == "transfer" => ask(call, "nobody-there"),
            CallEvent::Failed(failed) if failed.name != "hang-up" => call.hang_up(),
            _ => {}
        }
        Ok(())
    }
}

fn ask(call: &mut CallContext<bool>, first: &str) {
    let menu = Prompt::file("menu");
    call.collect(
        Collect::one()
            .accept("12")
            .prompt(Prompt::file(first).then_file("menu"))
            .reprompt(menu)
            .tries(2)
            .named("menu"),
    );
}

fn say_goodbye(call: &mut CallContext<bool>) {
    // Most callers just hang up, and their recording arrives after that.
    if call.history().ended().is_none() {
        call.play(Prompt::file("goodbye").named("goodbye"));
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let connection = Config::from_env()?.connect().await?;
    let mailbox = Folder(env::var("MAILBOX")?.into(), connection.clone());
    let ivr = Ivr { sales: env::var("SALES")?, mailbox };
    let bot = Bot::builder_from_connection(ivr, &connection)?.prompts(env::var("PROMPTS")?).build()?;
    Ok(bot.serve().await?)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use graph_calls_bot::{model::IdentitySet, test_util::BotTest};

    use super::*;

    #[async_trait]
    impl Mailbox for Arc<Mutex<Vec<String>>> {
        async fn save(&self, _name: &str, recorded: &CommsOperation<'static>) -> Result<(), BoxError> {
            let location = recorded.recording_location().unwrap().expose().to_owned();
            self.lock().unwrap().push(location);
            Ok(())
        }
    }

    async fn caller_at_the_menu() -> (BotTest<impl CallHandler<Memory = bool>>, Arc<Mutex<Vec<String>>>) {
        let mailbox = Arc::default();
        let mut test = BotTest::new(Ivr { sales: "heidi".to_owned(), mailbox: Arc::clone(&mailbox) });
        test.incoming(IdentitySet::of_user("adele")).await.established().await.media_active().await;
        (test, mailbox)
    }

    #[tokio::test]
    async fn a_failed_transfer_leads_back_to_the_menu() {
        let (mut test, _) = caller_at_the_menu().await;
        test.tone('1').await.assert_commands(&["answer", "transfer"]).done("transfer").await;
        test.transfer_failed(500, 7000).await.tone('1').await.failed("transfer", 403, 0).await;
        test.tone('2').await.assert_commands(&["transfer", "voicemail"]);
    }

    #[tokio::test]
    async fn a_voicemail_arrives_after_its_caller_hung_up() {
        let (mut test, mailbox) = caller_at_the_menu().await;
        test.tone('2').await.assert_commands(&["answer", "voicemail"]).hung_up().await;
        let recorded = CommsOperation::default().with_recording_location("https://service.example/1");
        test.done_with("voicemail", recorded).await;
        assert_eq!(*mailbox.lock().unwrap(), ["https://service.example/1"]);
    }

    #[tokio::test]
    async fn who_presses_nothing_that_is_offered_hears_goodbye() {
        let (mut test, _) = caller_at_the_menu().await;
        test.keys("97").await.assert_commands(&["answer", "goodbye"]);
        test.done("goodbye").await.assert_commands(&["hang-up"]);
    }
}
