use std::sync::Mutex;

use async_trait::async_trait;
use serde::Deserialize;

use super::*;
use crate::{
    Answer, CallContext, Collect, HandlerError, MediaHostError, MediaSession, Prompt, Transfer,
    model::{Modality, ParticipantId, RejectReason},
};

/// Writes down what it is told and does what the test says.
struct Puppet<F>(F);

#[derive(Debug, Default, Serialize, Deserialize)]
struct Seen(Vec<String>);

#[async_trait]
impl<F> CallHandler for Puppet<F>
where
    F: Fn(&mut CallContext<Seen>, &CallEvent) -> Result<(), HandlerError> + Send + Sync + 'static,
{
    type Memory = Seen;

    async fn on_event(&self, call: &mut CallContext<Seen>, event: CallEvent) -> Result<(), HandlerError> {
        let word = match &event {
            CallEvent::Done(done) => format!("done {}", done.name),
            CallEvent::Failed(failed) => format!("failed {}", failed.name),
            CallEvent::InDoubt(doubt) => format!("in doubt {}", doubt.name),
            CallEvent::Timer(name) => format!("timer {name}"),
            CallEvent::Digits(digits) => format!("{} {} {}", digits.name, digits.keys, digits.end.as_str()),
            other => other.kind().to_owned(),
        };
        call.memory.0.push(word);
        (self.0)(call, &event)
    }

    async fn on_participant_joining(
        &self,
        _call: &crate::CallView<Seen>,
        joining: &ParticipantJoining,
    ) -> JoiningAnswer {
        match joining.participant_id() {
            Some(id) if id == ParticipantId::new("7").expect("an id") => JoiningAnswer::Accept,
            _ => JoiningAnswer::Reject(RejectReason::Busy),
        }
    }
}

fn puppet<F>(decide: F) -> BotTest<Puppet<F>>
where
    F: Fn(&mut CallContext<Seen>, &CallEvent) -> Result<(), HandlerError> + Send + Sync + 'static,
{
    BotTest::new(Puppet(decide))
}

fn adele() -> IdentitySet<'static> {
    IdentitySet::of_user("adele")
}

#[tokio::test]
async fn a_call_that_was_placed_begins_with_its_memory_and_is_told_as_it_goes() {
    let mut test = puppet(|call, event| {
        if let CallEvent::Established = event {
            call.play(Prompt::file("alarm"));
        }
        Ok(())
    });
    test.dialed(&Seen(vec!["before".to_owned()])).await.ringing().await.established().await;
    assert_eq!(test.memory().0, ["before", "establishing", "done dial", "ringing", "established"]);
    test.assert_commands(&["play"]).media_active().await.done("play").await.hung_up().await;
    assert_eq!(test.memory().0[5..], ["media_active", "done play", "terminated"]);
}

#[tokio::test]
async fn time_passes_for_timers_of_the_handler_the_question_and_the_bot() {
    let mut test = puppet(|call, event| {
        if let CallEvent::MediaActive = event {
            call.set_timer("late", Duration::from_secs(3_600));
            call.set_timer("soon", Duration::from_secs(3));
            call.collect(Collect::one().named("any").first_within(Duration::from_secs(10)));
        }
        Ok(())
    });
    test.incoming(adele()).await.answer_due().await.established().await.media_active().await;
    let time = tokio::time::Instant::now();
    test.advance(Duration::from_secs(3_599)).await;
    let told = ["incoming", "answer_due", "established", "media_active", "timer soon", "any  nothing"];
    assert_eq!(test.memory().0, told);
    test.timer("late").await;
    assert_eq!(test.memory().0.last().map(String::as_str), Some("timer late"));
    assert!(time.elapsed() < Duration::from_secs(3_600), "nobody waited");
    test.hung_up().await.advance(Duration::from_secs(7_200)).await;
}

#[tokio::test]
async fn keys_answer_a_question_and_are_told_one_by_one_when_none_is_asked() {
    let mut test = puppet(|call, event| {
        match event {
            CallEvent::MediaActive => {
                call.collect(Collect::up_to(4).prompt(Prompt::file("pin")).finish_on('#').named("pin"));
                call.play(Prompt::file("thanks").named("thanks").after("pin"));
            }
            CallEvent::Hold => call.collect(Collect::one().named("again")),
            _ => {}
        }
        Ok(())
    });
    test.incoming(adele()).await.established().await.media_active().await;
    test.keys("12#3").await.assert_commands(&["thanks"]).done("thanks").await;
    test.held().await.digits("again", "42").await;
    let told = ["pin 12 finish key", "tone", "done thanks", "hold", "again 42 complete"];
    assert_eq!(test.memory().0[3..], told);
}

#[tokio::test]
async fn what_goes_to_other_calls_is_asserted() {
    let mut test = puppet(|call, event| {
        match event {
            CallEvent::Incoming(_) => {
                let heidi = call.dial(Dial::user("heidi").key("expert").memory(&7))?;
                call.tell(&heidi, "come")?;
            }
            CallEvent::Message(message) => {
                let from = message.from.ok_or("from a call")?;
                call.consult(&from, InvitationParticipantInfo::user(message.read::<String>()?));
                call.move_to(&from);
            }
            _ => {}
        }
        Ok(())
    });
    test.incoming(adele()).await;
    let heidi = test.assert_dialed(&["heidi"]).remove(0);
    test.assert_told(&heidi, "come").message_from(&heidi, "adele").await;
    test.assert_commands(&["consult", "move"]).done("move").await.done("consult").await;
    let [transfer, invite] = test.commands() else { panic!("{test:?}") };
    let (transfer, invite) = (transfer.body().unwrap(), invite.target().unwrap());
    assert_eq!(transfer["transferTarget"]["replacesCallId"], heidi.to_string());
    assert_eq!(invite.1, format!("/communications/calls/{heidi}/participants/invite"));
    assert_eq!(test.memory().0, ["incoming", "message", "done move", "done consult"]);
}

#[tokio::test]
async fn a_doubt_is_settled_by_what_happens_or_by_the_handler() {
    let mut test = puppet(|call, event| {
        match event {
            CallEvent::MediaActive => {
                call.play(Prompt::file("a").named("a"));
                call.play(Prompt::file("b").named("b"));
            }
            CallEvent::InDoubt(doubt) if doubt.name == "b" => call.redo("b"),
            CallEvent::TransferFailed(_) => call.hang_up(),
            CallEvent::Done(done) if done.name == "b" => {
                call.transfer(Transfer::blind(InvitationParticipantInfo::user("heidi")));
            }
            _ => {}
        }
        Ok(())
    });
    test.incoming(adele()).await.established().await.media_active().await.assert_commands(&["a", "b"]);
    test.in_doubt("a").await.in_doubt("b").await.assert_commands(&["b"]);
    test.done("b").await.failed("a", 400, 8508).await.assert_commands(&["transfer"]);
    test.done("transfer").await.transfer_failed(500, 7000).await.assert_commands(&["hang-up"]);
    let told = ["in doubt a", "in doubt b", "done b", "failed a", "done transfer", "transfer_failed"];
    assert_eq!(test.memory().0[3..], told);
}

/// Keeps what it is asked for.
#[derive(Default)]
struct Disk(Mutex<Vec<bool>>);

#[async_trait]
impl MediaHost for Disk {
    async fn open(
        &self,
        _call: &CallRef,
        _want: &[Modality<'static>],
    ) -> Result<MediaSession, MediaHostError> {
        Err(MediaHostError::new("not asked for"))
    }

    async fn persist(&self, _session: &MediaSession, on: bool) -> Result<(), MediaHostError> {
        self.0.lock().unwrap().push(on);
        Ok(())
    }

    async fn close(&self, _session: &MediaSession) {}
}

#[tokio::test]
async fn a_recording_by_policy_is_two_steps_under_one_name() {
    let disk = Arc::new(Disk::default());
    let test = puppet(|call, event| {
        match event {
            CallEvent::Incoming(_) => {
                call.answer(Answer::hosted_media(MediaSession::new("1", "blob")).capacity(2));
            }
            CallEvent::Established => call.start_recording(),
            _ => {}
        }
        Ok(())
    });
    let mut test = test.with_media_host(Arc::clone(&disk));
    test.incoming(adele()).await.established().await.assert_commands(&["answer", "start-recording"]);
    assert!(disk.0.lock().unwrap().is_empty(), "nobody was told yet");
    test.done("start-recording").await;
    assert_eq!(*disk.0.lock().unwrap(), [true]);
    assert_eq!(test.participant_joining("7").await, JoiningAnswer::Accept);
    assert_eq!(test.participant_joining("8").await, JoiningAnswer::Reject(RejectReason::Busy));
    let told = ["done start-recording", "participant_joined", "participant_joined"];
    assert_eq!(test.memory().0[2..], told);
}

#[tokio::test]
#[should_panic(
    expected = "! play (POST /communications/calls/c0000000-0000-4000-8000-000000000001/playPrompt)\n \
                           ! nothing where hang-up was wanted\n   failed meanwhile: send-tones"
)]
async fn a_difference_shows_what_was_decided_and_what_failed_meanwhile() {
    let mut test = puppet(|call, event| {
        if let CallEvent::MediaActive = event {
            call.send_tones("x");
            call.play(Prompt::file("a"));
        }
        Ok(())
    });
    test.incoming(adele())
        .await
        .established()
        .await
        .media_active()
        .await
        .assert_commands(&["hello", "hang-up"]);
}

#[tokio::test]
#[should_panic(
    expected = "not sent yet, since the audio does not flow or what they follow has not ended, [\"play\"]"
)]
async fn a_command_that_waits_cannot_be_done() {
    let mut test = puppet(|call, event| {
        if let CallEvent::Established = event {
            call.play(Prompt::file("a"));
        }
        Ok(())
    });
    test.incoming(adele()).await.established().await.done("play").await;
}

#[tokio::test]
#[should_panic(expected = "the handler failed: no such thing")]
async fn a_handler_that_fails_fails_the_test() {
    puppet(|_, _| Err("no such thing".into())).incoming(adele()).await;
}
