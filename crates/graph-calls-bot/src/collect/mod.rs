//! One question to whoever is on the phone: what is sent, what is waited for, and how it ends. Pure.
//!
//! How a mailbox feeds it:
//! - `call.collect(question)` first tells an open [`Collecting`] that it is [`Input::Superseded`], then makes the new one
//!   with [`Collecting::begin`]. The acts of both go ahead of what the handler recorded beside: a cancel would cut it.
//! - The machine is kept with the record and the memory, in one commit with the commands that its acts became.
//! - [`Facts`] come from what is kept of the call: whether tones are subscribed to, by anybody and not refused since;
//!   whether more than two are in the call; whether its audio flows; the number of the key told last.
//! - [`Act::Subscribe`] and [`Act::Play`] become commands of the bot's own that wait for the audio; what became of them is
//!   [`Input::Done`], [`Input::Failed`] or [`Input::InDoubt`] with their [`Part`], also when they could not even be made.
//!   `Done` of a prompt is the end of its comms operation.
//! - [`Act::CancelMedia`] takes the open prompt's command out of the outbox if it was not sent; else it becomes a
//!   cancelMediaProcessing, which is answered before a later `Play` is sent.
//! - [`Act::SetTimer`] sets the one timer of this question, durably, in place of an earlier one; a stale one is not told.
//! - Keys come in as they are told to the handler, each once: [`Input::Tone`] with number and lateness. Keys go to the
//!   machine instead of the handler while it is open. Numbering that starts over is noticed by a number that is too low
//!   and not late.
//! - `MediaActive` and the call's end come in before the handler is told; the end makes the one event before `Terminated`.
//! - [`Act::Finish`] is the last act: it makes the event, and the machine is dropped.

mod keys;
#[cfg(test)]
mod model;
mod question;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Digits, DigitsEnd, Prompt};
use keys::{Keys, Verdict};

pub use question::Collect;

/// When a prompt of which nothing was heard counts as ended: its last notification may be lost for good.
const LONGEST_PROMPT: Duration = Duration::from_secs(15 * 60);
/// Why a group call is not asked.
const WHOSE: &str = "in a group call nobody knows who pressed a key: ask with `any_participant()`";

/// What is known of the call when a question begins.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Facts {
    /// Keys are told already, or will be.
    pub(crate) subscribed: bool,
    /// It is a group call.
    pub(crate) group: bool,
    /// Its audio flows.
    pub(crate) media_active: bool,
    /// The highest number of a key that was told before.
    pub(crate) last_key: Option<i64>,
}

/// Which command of the question something is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Part {
    /// The one that asks for keys.
    Subscribe,
    /// The prompt of a try, counted from 1.
    Play(u32),
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// A key was pressed: `0` to `9`, `*`, `#`, `A` to `D`.
    Tone {
        /// Which.
        key: char,
        /// Its place in the order of keys.
        number: Option<i64>,
        /// One with a higher number was told before.
        late: bool,
    },
    /// A command did what it should: a prompt was heard to its end.
    Done(Part),
    /// A command had no effect, or its prompt was cut; why.
    Failed(Part, String),
    /// Nobody knows whether a command had its effect.
    InDoubt(Part),
    /// The time that was set has passed.
    Timer,
    /// The audio flows.
    MediaActive,
    /// The call is over.
    Ended,
    /// Another question begins.
    Superseded,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    /// Ask for keys.
    Subscribe,
    /// Play the prompt of a try.
    Play(Prompt, u32),
    /// Stop the prompt.
    CancelMedia,
    /// Tell when this time has passed, instead of what was set before.
    SetTimer(Duration),
    /// Do not tell any more.
    CancelTimer,
    /// The question is over.
    Finish(Digits),
}

/// A question that is being asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Collecting {
    question: Collect,
    /// Counted from 1.
    attempt: u32,
    keys: Keys,
    /// The prompt of this try has not ended, as far as anybody knows.
    playing: bool,
    media_active: bool,
    wait: Wait,
    over: bool,
}

/// What the timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Wait {
    /// There is none.
    Nothing,
    /// There is none before the audio flows.
    Media,
    /// For the end of the prompt.
    Prompt,
    /// For the first key.
    First,
    /// For a further key.
    Between,
    /// For a lost key. Others do not prolong it.
    Gap,
}

impl Collecting {
    /// Asks a question.
    pub(crate) fn begin(question: Collect, facts: Facts) -> (Self, Vec<Act>) {
        let mut this = Self {
            keys: Keys::after(facts.last_key.filter(|_| facts.subscribed)),
            attempt: 1,
            playing: false,
            media_active: facts.media_active,
            wait: Wait::Nothing,
            over: false,
            question,
        };
        let mut acts = Vec::new();
        if facts.group && !this.question.any_participant {
            this.finish(DigitsEnd::Impossible(WHOSE.to_owned()), &mut acts);
        } else {
            if !facts.subscribed {
                acts.push(Act::Subscribe);
            }
            this.ask(&mut acts);
        }
        (this, acts)
    }

    /// Goes on after something happened. Nothing is done any more once it is over.
    pub(crate) fn on(&mut self, input: Input) -> Vec<Act> {
        let mut acts = Vec::new();
        if self.over {
            return acts;
        }
        match input {
            Input::Tone { key, number, late } => {
                // Nobody hears keys in silence: the notification about the audio is only late.
                self.media_active = true;
                if self.keys.press(key.to_ascii_uppercase(), number, late) {
                    self.pressed(&mut acts);
                }
            }
            Input::Done(part) | Input::Failed(part @ Part::Play(_), _) => {
                if self.playing && part == Part::Play(self.attempt) {
                    self.prompt_ended(&mut acts);
                }
            }
            // It may play or not. Should its end be told, the time starts again.
            Input::InDoubt(part) => {
                if self.playing && part == Part::Play(self.attempt) && self.media_active {
                    self.wait_for(Wait::First, &mut acts);
                }
            }
            Input::Failed(Part::Subscribe, why) => self.finish(DigitsEnd::Impossible(why), &mut acts),
            Input::Timer => self.time_is_up(&mut acts),
            Input::MediaActive => {
                self.media_active = true;
                if self.wait == Wait::Media {
                    self.wait_from_here(&mut acts);
                }
            }
            Input::Ended => {
                // There is nothing left to cancel.
                self.playing = false;
                self.finish(DigitsEnd::Interrupted, &mut acts);
            }
            Input::Superseded => self.finish(DigitsEnd::Interrupted, &mut acts),
        }
        acts
    }

    /// The question's name.
    #[cfg(feature = "test-util")]
    pub(crate) fn name(&self) -> &str {
        &self.question.name
    }

    /// Whether it was answered.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// Begins a try.
    fn ask(&mut self, acts: &mut Vec<Act>) {
        if let Some(prompt) = self.question.prompt_of(self.attempt) {
            acts.push(Act::Play(prompt.clone(), self.attempt));
            self.playing = true;
        }
        self.wait_from_here(acts);
    }

    fn wait_from_here(&mut self, acts: &mut Vec<Act>) {
        if !self.media_active {
            self.wait = Wait::Media;
        } else if self.playing {
            self.wait_for(Wait::Prompt, acts);
        } else {
            self.wait_for(Wait::First, acts);
        }
    }

    fn wait_for(&mut self, wait: Wait, acts: &mut Vec<Act>) {
        self.wait = wait;
        let time = match wait {
            Wait::Nothing | Wait::Media => return,
            Wait::Prompt => LONGEST_PROMPT,
            Wait::First => self.question.first_within,
            Wait::Between | Wait::Gap => self.question.between,
        };
        acts.push(Act::SetTimer(time));
    }

    fn pressed(&mut self, acts: &mut Vec<Act>) {
        if self.playing {
            if !self.question.barge_in {
                return;
            }
            self.playing = false;
            acts.push(Act::CancelMedia);
        }
        self.judge(acts);
    }

    fn prompt_ended(&mut self, acts: &mut Vec<Act>) {
        self.playing = false;
        if self.keys.is_empty() {
            self.wait_from_here(acts);
        } else {
            self.judge(acts);
        }
    }

    /// Looks whether the keys so far decide the try.
    fn judge(&mut self, acts: &mut Vec<Act>) {
        match self.keys.read(&self.question).1 {
            Verdict::Open => self.wait_for(Wait::Between, acts),
            Verdict::Gap if self.wait == Wait::Gap => {}
            Verdict::Gap => self.wait_for(Wait::Gap, acts),
            Verdict::Full | Verdict::Finished | Verdict::Wrong => self.decide(acts),
        }
    }

    fn time_is_up(&mut self, acts: &mut Vec<Act>) {
        match std::mem::replace(&mut self.wait, Wait::Nothing) {
            Wait::Prompt => self.prompt_ended(acts),
            Wait::First | Wait::Between | Wait::Gap => {
                self.playing = false;
                self.decide(acts);
            }
            // Stale.
            wait @ (Wait::Nothing | Wait::Media) => self.wait = wait,
        }
    }

    /// Ends the try, and with it the question unless there is another one.
    fn decide(&mut self, acts: &mut Vec<Act>) {
        let (keys, verdict) = self.keys.read(&self.question);
        let enough = u32::try_from(keys.len()).is_ok_and(|count| count >= self.question.least);
        let end = match verdict {
            Verdict::Full => DigitsEnd::Complete,
            Verdict::Wrong => DigitsEnd::Wrong,
            Verdict::Gap => DigitsEnd::Lost,
            Verdict::Open | Verdict::Finished if keys.is_empty() => DigitsEnd::Nothing,
            Verdict::Open | Verdict::Finished if !enough => DigitsEnd::TooFew,
            Verdict::Open => DigitsEnd::Pause,
            Verdict::Finished => DigitsEnd::FinishKey,
        };
        if end.is_answer() || self.attempt >= self.question.tries {
            self.finish(end, acts);
        } else {
            self.attempt += 1;
            self.keys.start_over();
            self.ask(acts);
        }
    }

    fn finish(&mut self, end: DigitsEnd, acts: &mut Vec<Act>) {
        if self.playing {
            acts.push(Act::CancelMedia);
        }
        if !matches!(self.wait, Wait::Nothing | Wait::Media) {
            acts.push(Act::CancelTimer);
        }
        self.playing = false;
        self.wait = Wait::Nothing;
        self.over = true;
        let keys = self.keys.read(&self.question).0;
        acts.push(Act::Finish(Digits { name: self.question.name.clone(), keys, end }));
    }
}
