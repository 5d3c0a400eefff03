//! The bot under test: an answering machine that uses many commands, by the dice of each event.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use fastrand::Rng;
use graph_calls_bot::{
    Answer, CallCommand, CallContext, CallEvent, CallHandler, CallRef, Dial, HandlerError, Invite, Prompt,
    model::{
        AppId, CallId, ClientContext, ClientContextBody, InvitationParticipantInfo, ParticipantId,
        RecordResponseBody, RedirectCallBody, RejectReason, SendDtmfTonesBody, StartHoldMusicBody,
    },
};
use graph_calls_core::{MuteCall, RecordResponse, RedirectCall, SendDtmfTones, StartHoldMusic, TransferCall};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::{bots::Life, crowd::person, stage::Stage};

/// How much a handler decides in one call.
const MOST: usize = 9;
/// How often one call tells others something.
const LETTERS: usize = 4;

/// Decides by the seed and the event alone, so that whoever handles an event again decides the same.
pub(super) struct Ivr {
    pub(super) stage: Stage,
    pub(super) life: Arc<Life>,
}

/// What the handler remembers of a call: all that it was told and decided, in order. It is kept with what it decided, so
/// that it says what was.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Notes {
    /// The events, by what their ids have behind the mailbox, and in words.
    pub(super) told: Vec<(String, String)>,
    pub(super) decided: Vec<Decided>,
    /// Names of commands in doubt that were done again.
    pub(super) redone: Vec<String>,
    /// To whom something was told, and when.
    pub(super) letters: Vec<(CallRef, u64)>,
}

/// A command that was decided.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Decided {
    pub(super) name: String,
    /// What the service knows it by behind the mailbox, where it knows it by anything.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) context: String,
}

impl Notes {
    /// The command that the service knows by this context.
    pub(super) fn of_context(&self, context: &str) -> Option<&Decided> {
        let (_, behind) = context.strip_prefix("gc1.")?.split_once('-')?;
        self.decided.iter().find(|decided| decided.context == behind)
    }

    /// Those of a call that the bot places.
    pub(super) fn of_dial() -> Self {
        let dial = Decided { name: "dial".to_owned(), context: String::new() };
        Self { decided: vec![dial], ..Self::default() }
    }
}

/// An event in words that can be compared.
fn words(event: &CallEvent) -> String {
    match event {
        CallEvent::Done(done) => format!("done {}", done.name),
        CallEvent::Failed(failed) => format!("failed {}", failed.name),
        CallEvent::InDoubt(doubt) => format!("in_doubt {}", doubt.name),
        CallEvent::Tone(tone) => format!("tone {}", tone.sequence_id.unwrap_or(-1)),
        CallEvent::Timer(name) => format!("timer {name}"),
        CallEvent::Terminated(ended) => format!("terminated {}", ended.outcome.as_str()),
        CallEvent::Message(message) => {
            let from = message.from.map_or_else(|| "outside".to_owned(), |from| from.to_string());
            format!("message {from} {}", message.body.as_str())
        }
        other => other.kind().to_owned(),
    }
}

#[async_trait]
impl CallHandler for Ivr {
    type Memory = Notes;

    async fn on_event(&self, call: &mut CallContext<Notes>, event: CallEvent) -> Result<(), HandlerError> {
        let told = words(&event);
        self.life.step("handler").await;
        self.stage.note(format_args!("{} {}: {told}", self.life.name(), call.event_id()));
        self.stage.saw(call.event_id(), &told);
        let mut dice = self.dice(call.event_id());
        let plan = self.stage.plan().handlers;
        if self.stage.draw(plan.slow) {
            self.stage.count("handlers slow");
            sleep(self.stage.some_time(100, 3_000)).await;
        } else if self.stage.draw(plan.stuck) {
            self.stage.count("handlers stuck");
            sleep(self.stage.some_time(8_000, 20_000)).await;
        }
        if dice.u32(..1_000) < plan.poison || self.stage.draw(plan.fail) {
            self.stage.count("handlers failed");
            return Err("a planned failure".into());
        }
        if self.stage.draw(plan.panic) {
            self.stage.count("handlers panicked");
            // No hook is told of a panic that is planned.
            std::panic::resume_unwind(Box::new("a planned panic"));
        }
        remember(call, told);
        if call.history().ended().is_none() {
            decide(&self.stage, call, &event, &mut dice);
        }
        self.life.step("handler").await;
        Ok(())
    }

    async fn on_failure(&self, call: &mut CallContext<Notes>, event: CallEvent, _error: HandlerError) {
        self.life.step("handler").await;
        let told = words(&event);
        self.stage.note(format_args!("{} {}: {told} is given up", self.life.name(), call.event_id()));
        remember(call, told);
        if call.history().ended().is_some() || call.memory.decided.len() >= MOST + 2 {
            return;
        }
        if call.is_ringing() {
            reject(call);
        } else if call.id().is_some() {
            hang_up(call);
        }
    }
}

impl Ivr {
    fn dice(&self, event_id: &str) -> Rng {
        let hash = event_id.bytes().fold(self.stage.plan().seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Rng::with_seed(hash)
    }
}

/// An event's id without the mailbox, which is in all of them.
fn behind(event_id: &str) -> &str {
    event_id.split_once('-').map_or(event_id, |(_, behind)| behind)
}

fn remember(call: &mut CallContext<Notes>, told: String) {
    let id = behind(call.event_id()).to_owned();
    call.memory.told.push((id, told));
}

fn decide(stage: &Stage, call: &mut CallContext<Notes>, event: &CallEvent, dice: &mut Rng) {
    let Some(id) = call.id().cloned() else { return decide_without_id(call, event, dice) };
    if call.memory.decided.len() >= MOST {
        if let CallEvent::Timer(_) = event
            && call.memory.decided.len() < MOST + 2
        {
            hang_up(call);
        }
        return;
    }
    match event {
        CallEvent::Incoming(_) => match dice.u8(..100) {
            0..80 => answer(call),
            80..87 => reject(call),
            87..92 => redirect(call, id, dice),
            // Somebody else decides, or the reminder.
            _ => {}
        },
        CallEvent::AnswerDue if dice.bool() => answer(call),
        CallEvent::Established => {
            call.set_timer("enough", Duration::from_millis(dice.u64(5_000..=30_000)));
            if dice.u8(..3) == 0 {
                invite(call, dice);
            }
        }
        CallEvent::MediaActive => {
            log(call, "tones", true);
            call.subscribe_to_tones();
            let first = play(call, None);
            if dice.bool() {
                play(call, Some(&first));
            }
        }
        CallEvent::Done(done) if done.name.starts_with("play") => match dice.u8(..10) {
            0..4 => something(stage, call, id, dice),
            4 => hang_up(call),
            _ => {}
        },
        CallEvent::RosterChanged(change) if dice.u8(..8) == 0 => {
            let gone = change.joined.first().and_then(graph_calls_bot::model::Participant::participant_id);
            if let Some(who) = gone {
                log(call, "remove", false);
                call.remove(who);
            }
        }
        CallEvent::Timer(name) if name == "enough" => {
            if dice.bool() {
                tell(stage, call, dice);
            }
            hang_up(call);
        }
        CallEvent::Tone(_) | CallEvent::Timer(_) | CallEvent::Message(_) => something(stage, call, id, dice),
        CallEvent::TransferFailed(_) => hang_up(call),
        CallEvent::Failed(failed) if failed.name == "hang-up" => {
            call.set_timer("enough", Duration::from_secs(5));
        }
        CallEvent::InDoubt(doubt) => settle(call, &doubt.name, dice),
        _ => {}
    }
}

/// A call that is being placed.
fn decide_without_id(call: &mut CallContext<Notes>, event: &CallEvent, dice: &mut Rng) {
    if let CallEvent::InDoubt(doubt) = event
        && dice.u8(..4) == 0
        && call.memory.redone.len() < 2
    {
        call.memory.redone.push(doubt.name.clone());
        call.redo(doubt.name.clone());
    }
}

fn settle(call: &mut CallContext<Notes>, name: &str, dice: &mut Rng) {
    match dice.u8(..10) {
        0..2 => call.assume_done(name),
        2..5 => call.check(name),
        5 if call.memory.redone.len() < 2 => {
            call.memory.redone.push(name.to_owned());
            call.redo(name);
        }
        _ => {}
    }
}

/// One of the many things a bot may do in a call.
fn something(stage: &Stage, call: &mut CallContext<Notes>, id: CallId, dice: &mut Rng) {
    match dice.u8(..100) {
        0..30 => drop(play(call, None)),
        30..40 => {
            let (name, context) = own(call, "mute");
            let body = ClientContextBody::new().with_client_context(context);
            call.command(CallCommand::new(&MuteCall::new(id, body)).named(name));
        }
        40..52 => {
            let (name, context) = own(call, "dtmf");
            let body = SendDtmfTonesBody::keys("12#").expect("keys").with_client_context(context);
            call.command(CallCommand::new(&SendDtmfTones::new(id, body)).named(name));
        }
        52..62 => {
            let (name, context) = own(call, "record");
            let body = RecordResponseBody::new().with_client_context(context);
            call.command(CallCommand::new(&RecordResponse::new(id, body)).named(name).when_media_active());
        }
        62..70 => hold(call, id),
        70..80 => invite(call, dice),
        80..86 => {
            let target = InvitationParticipantInfo::user(person(dice.usize(..8)));
            let request = TransferCall::blind(id, target).expect("a blind transfer");
            let name = next_name(call, "transfer");
            log(call, &name, false);
            call.command(CallCommand::new(&request).named(name));
        }
        86..90 => {
            call.set_timer("later", Duration::from_millis(dice.u64(500..=9_000)));
        }
        90..95 => dial(stage, call, dice),
        _ => tell(stage, call, dice),
    }
}

/// Keeps in mind that a command is decided now, and what the verbs of a call have the service know it by.
fn log(call: &mut CallContext<Notes>, name: &str, has_context: bool) {
    let context = if has_context {
        format!("{}.{}", behind(call.event_id()), call.commands().len())
    } else {
        String::new()
    };
    call.memory.decided.push(Decided { name: name.to_owned(), context });
}

fn next_name(call: &CallContext<Notes>, what: &str) -> String {
    format!("{what}-{}", call.memory.decided.len())
}

/// A name and a context of a command made by hand.
fn own(call: &mut CallContext<Notes>, what: &str) -> (String, ClientContext) {
    let name = next_name(call, what);
    log(call, &name, true);
    let context = format!("gc1.{}.{}", call.event_id(), call.commands().len());
    (name, ClientContext::new(context).expect("short enough"))
}

fn answer(call: &mut CallContext<Notes>) {
    let name = next_name(call, "answer");
    log(call, &name, false);
    call.answer(Answer::service_media().named(name));
}

fn reject(call: &mut CallContext<Notes>) {
    log(call, "reject", false);
    call.reject(RejectReason::Busy);
}

fn redirect(call: &mut CallContext<Notes>, id: CallId, dice: &mut Rng) {
    let name = next_name(call, "redirect");
    log(call, &name, false);
    let body = RedirectCallBody::new(InvitationParticipantInfo::user(person(dice.usize(..8))));
    call.command(CallCommand::new(&RedirectCall::new(id, body)).named(name));
}

fn hang_up(call: &mut CallContext<Notes>) {
    log(call, "hang-up", false);
    call.hang_up();
}

fn play(call: &mut CallContext<Notes>, after: Option<&str>) -> String {
    let name = next_name(call, "play");
    log(call, &name, true);
    let prompt = Prompt::url("https://bot.example/hello.wav").named(name.clone());
    call.play(match after {
        Some(after) => prompt.after(after),
        None => prompt,
    });
    name
}

fn invite(call: &mut CallContext<Notes>, dice: &mut Rng) {
    let name = next_name(call, "invite");
    log(call, &name, true);
    call.invite(Invite::user(person(dice.usize(..8))).named(name));
}

fn hold(call: &mut CallContext<Notes>, id: CallId) {
    let who = call.roster().next().and_then(graph_calls_bot::model::Participant::participant_id);
    let Some(who): Option<ParticipantId> = who else { return };
    let (name, context) = own(call, "hold");
    let body = StartHoldMusicBody::new().with_client_context(context);
    call.command(CallCommand::new(&StartHoldMusic::new(id, who, body)).named(name));
}

fn dial(stage: &Stage, call: &mut CallContext<Notes>, dice: &mut Rng) {
    if call.memory.letters.len() >= LETTERS {
        return;
    }
    let to = Dial::user(person(dice.usize(..8))).memory(&Notes::of_dial());
    // Without a key of its own it is placed once all the same: the event stands for one.
    let to = if dice.bool() { to.key("from a call") } else { to };
    if let Ok(key) = call.dial(to) {
        call.memory.letters.push((key, 0));
        let number = call.memory.letters.len() as u64;
        stage.count("messages");
        call.tell(&key, &number).expect("a number");
        call.memory.letters.push((key, number));
        stage.lock().ledger.dialled.insert(key);
    }
}

fn tell(stage: &Stage, call: &mut CallContext<Notes>, dice: &mut Rng) {
    let app = AppId::new(stage.caller().app_id).expect("a GUID");
    let placed = stage.plan().dials.iter().map(|dial| CallRef::of_dial(&app, &dial.key));
    let notes = &call.memory;
    let told = notes.letters.iter().map(|(to, _)| *to);
    let heard =
        notes.told.iter().filter_map(|(_, told)| told.strip_prefix("message ")?.get(..32)?.parse().ok());
    let others: Vec<CallRef> = placed.chain(told).chain(heard).collect();
    if others.is_empty() || notes.letters.len() >= LETTERS {
        return;
    }
    let other = others[dice.usize(..others.len())];
    if other == call.call_ref() {
        return;
    }
    let number = call.memory.letters.len() as u64 + 1;
    stage.count("messages");
    call.tell(&other, &number).expect("a number");
    call.memory.letters.push((other, number));
}
