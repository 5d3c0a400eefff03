//! The question that a call is asked: its machine, and the commands that this makes.

use std::sync::Arc;

use graph_calls_core::{
    ApiRequest as _, CancelMediaProcessing, PlayPrompt, SubscribeToTone, model::CallDirection,
};
use serde::{Deserialize, Serialize};

use super::{Engine, desk::Desk, own, timers::TimerName};
use crate::{
    CallCommand, CallContext, CallEvent, CallRecord, Collect, Digits, ToneEvent,
    collect::{Act, Collecting, Facts, Input, Part},
    record::stored::is_default,
};

/// What is kept of the questions of one call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Asking {
    #[serde(skip_serializing_if = "is_default")]
    open: Option<Collecting>,
    /// How many were asked.
    #[serde(skip_serializing_if = "is_default")]
    asked: u64,
    /// How many commands they made.
    #[serde(skip_serializing_if = "is_default")]
    steps: u64,
    /// The client context of the prompt that was decided last.
    #[serde(skip_serializing_if = "is_default")]
    prompt: Option<String>,
    /// The command by which keys are told, also one that was not sent yet.
    #[serde(skip_serializing_if = "is_default")]
    subscribed: Option<String>,
    /// The number of the key that was told last.
    #[serde(skip_serializing_if = "is_default")]
    last_key: Option<i64>,
}

impl Asking {
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// A command is to be sent.
    pub(super) fn decided(&mut self, command: &CallCommand) {
        if command.is(SubscribeToTone::NAME) {
            self.subscribed = Some(command.name.clone());
        }
    }

    /// A command had no effect, or perhaps none: whoever asks next subscribes again, which does no harm.
    pub(super) fn in_vain(&mut self, name: &str) {
        self.subscribed.take_if(|subscribed| subscribed == name);
    }

    /// How the names of the prompts of the question begin that is asked under this name.
    #[cfg(feature = "test-util")]
    pub(super) fn prompts_of(&self, name: &str) -> Option<String> {
        self.open.as_ref().filter(|open| open.name() == name).map(|_| name_of(self.asked, "play."))
    }

    /// Ends the question of this name without a word. Returns whether it was asked.
    #[cfg(feature = "test-util")]
    pub(super) fn close(&mut self, name: &str) -> bool {
        self.open.take_if(|open| open.name() == name).is_some()
    }

    fn hear(&mut self, tone: &ToneEvent) {
        let last = self.last_key.filter(|_| tone.late);
        self.last_key = tone.sequence_id.or(self.last_key).max(last);
    }
}

impl Engine {
    /// Asks what a handler decided to ask. What it recorded beside goes behind that: a cancel would cut it.
    pub(super) fn ask(self: &Arc<Self>, desk: &mut Desk, questions: Vec<Collect>) {
        let mut over = Vec::new();
        for question in questions {
            over.extend(self.feed(desk, Input::Superseded));
            desk.call.outbox.expect(question.name());
            let facts = Facts {
                subscribed: desk.call.asking.subscribed.is_some(),
                group: is_group(&desk.call.record),
                media_active: desk.call.record.is_media_active(),
                last_key: desk.call.asking.last_key,
            };
            desk.call.asking.asked += 1;
            let (machine, acts) = Collecting::begin(question, facts);
            over.extend(self.go_on(desk, machine, acts));
        }
        tell_first(desk, over);
    }

    /// Tells the question, where one is asked, what happened.
    pub(super) fn answer_question(self: &Arc<Self>, desk: &mut Desk, input: Input) {
        let over = self.feed(desk, input);
        tell_first(desk, over);
    }

    /// A key goes to the question where one is asked, and to the handler where none is.
    pub(super) fn hear_key(self: &Arc<Self>, desk: &mut Desk, tone: ToneEvent) -> Option<CallEvent> {
        desk.call.asking.hear(&tone);
        match tone.tone.key().filter(|_| desk.call.asking.is_open()) {
            Some(key) => {
                self.answer_question(desk, Input::Tone { key, number: tone.sequence_id, late: tone.late });
                None
            }
            None => Some(CallEvent::Tone(tone)),
        }
    }

    /// What became of a command that a question made.
    pub(super) fn question_step_ended(self: &Arc<Self>, desk: &mut Desk, step: &str, event: &CallEvent) {
        let asked = desk.call.asking.asked;
        let Some(part) = step.split_once('.').filter(|(number, _)| *number == asked.to_string()) else {
            // Of an earlier question.
            return;
        };
        let part = match part.1.split_once('.') {
            None if part.1 == "subscribe" => Part::Subscribe,
            Some(("play", attempt)) => Part::Play(attempt.parse().unwrap_or_default()),
            _ => return,
        };
        let input = match event {
            CallEvent::Done(_) => Input::Done(part),
            CallEvent::Failed(failed) => Input::Failed(part, failed.error.to_string()),
            _ => Input::InDoubt(part),
        };
        self.answer_question(desk, input);
    }

    fn feed(self: &Arc<Self>, desk: &mut Desk, input: Input) -> Option<Digits> {
        let mut machine = desk.call.asking.open.take()?;
        let acts = machine.on(input);
        self.go_on(desk, machine, acts)
    }

    /// Does what the machine says, and keeps it until it is over.
    fn go_on(self: &Arc<Self>, desk: &mut Desk, machine: Collecting, acts: Vec<Act>) -> Option<Digits> {
        if !machine.is_over() {
            desk.call.asking.open = Some(machine);
        }
        let mut over = None;
        for act in acts {
            match act {
                Act::Subscribe => self.step(desk, "subscribe", CallContext::subscribe_to_tones),
                Act::Play(prompt, attempt) => {
                    self.step(desk, &format!("play.{attempt}"), |call| call.play(prompt));
                }
                Act::CancelMedia => {
                    let prompt = desk.call.asking.prompt.take();
                    desk.call.outbox.withdraw(&name_of(desk.call.asking.asked, "play."));
                    // Only what was sent may play.
                    if prompt.is_some_and(|prompt| desk.call.record.is_operation_open(&prompt)) {
                        self.step(desk, "cancel", CallContext::cancel_media);
                    }
                }
                Act::SetTimer(after) => desk.call.timers.set(TimerName::Collect, desk.now() + after),
                Act::CancelTimer => desk.call.timers.cancel(&TimerName::Collect),
                Act::Finish(digits) => over = Some(digits),
            }
        }
        over
    }

    /// Records the command of a verb for the question that was asked last.
    fn step(self: &Arc<Self>, desk: &mut Desk, part: &str, verb: impl FnOnce(&mut CallContext<()>)) {
        let mut facts = self.facts(desk);
        // Its operation is told from those of the handler's commands, which go by the event.
        facts.event_id = format!("{}-q{}", desk.claim.key, desk.call.asking.steps);
        desk.call.asking.steps += 1;
        let name = name_of(desk.call.asking.asked, part);
        let mut context = CallContext::new(facts, ());
        verb(&mut context);
        for mut command in context.into_decisions().commands {
            // A cancel that came behind what follows the question would cut it.
            command.overtakes = command.is(CancelMediaProcessing::NAME);
            if command.is(PlayPrompt::NAME) {
                desk.call.asking.prompt.clone_from(&command.client_context);
            }
            self.add(desk, command.named(&name));
        }
    }
}

fn name_of(asked: u64, part: &str) -> String {
    own::name(own::QUESTION, &format!("{asked}.{part}"))
}

/// What came of questions is told before anything that happened since.
fn tell_first(desk: &mut Desk, over: impl IntoIterator<Item = Digits, IntoIter: DoubleEndedIterator>) {
    for digits in over.into_iter().rev() {
        desk.touch();
        desk.events.push_front(CallEvent::Digits(digits));
    }
}

/// Whether more than one other can press keys. That it has a meeting says nothing: calls between two have one too.
fn is_group(record: &CallRecord) -> bool {
    let placed = record.direction() == Some(&CallDirection::Outgoing);
    let me = record.my_participant_id();
    let others = record.roster().filter(|one| me.is_none() || one.participant_id().as_ref() != me).count();
    let alone = if me.is_some() { 1 } else { 2 };
    (placed && record.targets().len() != 1) || others > alone
}
