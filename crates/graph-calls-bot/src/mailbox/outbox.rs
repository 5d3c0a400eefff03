//! The commands of one call, in order, until their outcome is known.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, SystemTime},
};

use graph_calls_core::Repeat;
use serde::{Deserialize, Serialize};

use super::date::Date;
use crate::CallCommand;

/// How long a request may take that has no other limit.
const LONGEST_SEND: Duration = Duration::from_secs(30);
/// After a request's deadline its sender has said how it ended, or is dead.
const GRACE: Duration = Duration::from_secs(2);
/// How many names of commands that ended are kept for those that follow them.
const REMEMBERED: usize = 256;

/// The commands of one call that have not settled, and how those ended that others wait for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Outbox {
    next_id: u64,
    waiting: VecDeque<Entry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sending: Option<Sending>,
    /// Whether a command of this name ended well; nothing while it has not ended.
    known: BTreeMap<String, Option<bool>>,
    #[serde(default)]
    hung_up: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: u64,
    pub(crate) command: CallCommand,
    /// Not sent after this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<Date>,
    /// It was given to a sender that may be gone: it may have had its effect.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) tried: bool,
}

/// A command that was given to a sender, and that is known to whoever claims the call next.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sending {
    pub(crate) entry: Entry,
    /// Under which claim.
    pub(crate) epoch: u64,
    /// The deadline of its request.
    pub(crate) until: Date,
}

/// What can be done next.
#[derive(Debug)]
pub(crate) enum Next {
    /// It was marked as being sent: once that is committed, it may be.
    Send(Box<Sending>),
    /// It will never be sent.
    Fail(Box<Entry>, &'static str),
    /// It will not be sent again, and may have had its effect.
    Doubt(Box<Entry>, &'static str),
    /// Nothing, until something happens or the [next time](Outbox::next_time) has come.
    Wait,
}

/// What the outbox must know of the call.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing, and any of them may go together")]
pub(crate) struct CallFacts {
    pub(crate) media_active: bool,
    /// It can still be answered.
    pub(crate) incoming: bool,
    pub(crate) over: bool,
    /// Only the bot's own commands go out.
    pub(crate) parked: bool,
    /// The claim's.
    pub(crate) epoch: u64,
    pub(crate) now: SystemTime,
}

impl Outbox {
    /// Adds a command, and returns its number.
    pub(crate) fn add(&mut self, command: CallCommand, expires: Option<SystemTime>) -> u64 {
        let id = self.next_id;
        let entry = Entry { id, command, expires: expires.map(Date), tried: false };
        self.next_id += 1;
        self.known.insert(entry.command.name.clone(), None);
        if entry.command.overtakes {
            self.waiting.push_front(entry);
        } else {
            self.waiting.push_back(entry);
        }
        id
    }

    /// Takes the first command that can settle now. One is under way at a time, so that they arrive in order.
    pub(crate) fn next(&mut self, facts: CallFacts) -> Next {
        if let Some(sending) = self.sending.take_if(|sending| sending.until.0 + GRACE <= facts.now) {
            // Its sender would have told the outcome by now.
            self.put_back(sending);
        }
        if self.sending.is_some() {
            return Next::Wait;
        }
        let found = self.waiting.iter().enumerate().find_map(|(place, entry)| {
            let verdict = self.verdict(entry, facts);
            (!matches!(verdict, Verdict::Wait)).then_some((place, verdict))
        });
        let Some((place, verdict)) = found else { return Next::Wait };
        let Some(entry) = self.waiting.remove(place) else { return Next::Wait };
        match verdict {
            Verdict::Fail(why) if entry.tried => Next::Doubt(Box::new(entry), why),
            Verdict::Fail(why) => Next::Fail(Box::new(entry), why),
            Verdict::Send | Verdict::Wait => Next::Send(Box::new(self.begin(entry, facts))),
        }
    }

    /// Takes this command before all others, if it can be sent now.
    pub(crate) fn start(&mut self, id: u64, facts: CallFacts) -> Option<Sending> {
        let place = self.waiting.iter().position(|entry| entry.id == id)?;
        if self.sending.is_some() || !matches!(self.verdict(self.waiting.get(place)?, facts), Verdict::Send) {
            return None;
        }
        let entry = self.waiting.remove(place)?;
        Some(self.begin(entry, facts))
    }

    /// Takes over what another outbox, which began as this one, has added under this number.
    pub(crate) fn copy(&mut self, other: &Self, id: u64) {
        let waits = other.waiting.iter().find(|entry| entry.id == id);
        let under_way = other.sending.as_ref().filter(|sending| sending.entry.id == id);
        let Some(entry) = waits.or(under_way.map(|sending| &sending.entry)) else { return };
        self.known.insert(entry.command.name.clone(), None);
        self.next_id = other.next_id;
        match under_way {
            Some(sending) => self.sending = Some(sending.clone()),
            None => self.waiting.push_back(entry.clone()),
        }
    }

    fn begin(&mut self, entry: Entry, facts: CallFacts) -> Sending {
        let longest = facts.now + LONGEST_SEND;
        let until = Date(entry.expires.map_or(longest, |expires| expires.0.min(longest)));
        let sending = Sending { entry, epoch: facts.epoch, until };
        self.sending = Some(sending.clone());
        sending
    }

    fn put_back(&mut self, sending: Sending) {
        self.waiting.push_front(Entry { tried: true, ..sending.entry });
    }

    fn verdict(&self, entry: &Entry, facts: CallFacts) -> Verdict {
        let internal = entry.command.internal;
        if facts.parked && !internal {
            return Verdict::Wait;
        }
        match entry.command.repeat() {
            Some(Repeat::OnlyIfNoEffect) if entry.tried => {
                return Verdict::Fail("whoever sent it stopped before it told how it ended");
            }
            Some(Repeat::WhileIncoming) if entry.tried && !facts.incoming => {
                return Verdict::Fail("the call is not incoming any more");
            }
            _ => {}
        }
        if facts.over && !entry.command.after_end {
            return Verdict::Fail("the call is over");
        }
        // Whether it has ended is still asked.
        if self.hung_up && !entry.command.after_end && !internal {
            return Verdict::Fail("the call was hung up");
        }
        if entry.expires.is_some_and(|expires| expires.0 <= facts.now) {
            return Verdict::Fail("too late to be sent");
        }
        if let Some(name) = &entry.command.after {
            match self.known.get(name) {
                None => return Verdict::Fail("there is no command of the name it was to follow"),
                Some(None) => return Verdict::Wait,
                Some(Some(false)) => return Verdict::Fail("the command it was to follow failed"),
                Some(Some(true)) => {}
            }
        }
        if entry.command.when_media_active && !facts.media_active { Verdict::Wait } else { Verdict::Send }
    }

    /// What was not sent yet.
    #[cfg(feature = "test-util")]
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.waiting.iter()
    }

    /// The commands that were not sent yet.
    #[cfg(feature = "test-util")]
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &CallCommand> {
        self.entries().map(|entry| &entry.command)
    }

    /// Something of this name will end that is no single command; others may follow it.
    pub(crate) fn expect(&mut self, name: &str) {
        self.known.insert(name.to_owned(), None);
    }

    /// Takes back the commands that wait for this one.
    pub(crate) fn take_followers(&mut self, name: &str) -> Vec<Entry> {
        let (followers, others) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition::<Vec<_>, _>(|entry| entry.command.after.as_deref() == Some(name));
        self.waiting = others.into();
        followers
    }

    /// Takes back the commands whose names begin like this and that were not sent yet.
    pub(crate) fn withdraw(&mut self, prefix: &str) {
        self.waiting.retain(|entry| !entry.command.name.starts_with(prefix));
        self.known.retain(|name, end| end.is_some() || !name.starts_with(prefix));
    }

    /// What a new claim finds under way: its sender may be gone. What may be repeated goes out again.
    pub(crate) fn take_over(&mut self, epoch: u64) {
        let repeatable = |sending: &mut Sending| {
            sending.epoch != epoch && sending.entry.command.repeat() != Some(Repeat::OnlyIfNoEffect)
        };
        if let Some(sending) = self.sending.take_if(repeatable) {
            self.put_back(sending);
        }
    }

    /// The command under way whose sender may be gone.
    pub(crate) fn orphaned(&self, epoch: u64) -> Option<&Entry> {
        self.sending.as_ref().filter(|sending| sending.epoch != epoch).map(|sending| &sending.entry)
    }

    /// The outcome of the command under way has arrived.
    pub(crate) fn sent(&mut self, id: u64) -> Option<Entry> {
        if let Some(sending) = self.sending.take_if(|sending| sending.entry.id == id) {
            return Some(sending.entry);
        }
        // One that was to go out again, and whose first sender was not gone after all.
        let place = self.waiting.iter().position(|entry| entry.id == id)?;
        self.waiting.remove(place)
    }

    /// Whether the command of this number is the bot's own.
    pub(crate) fn is_internal(&self, id: u64) -> bool {
        let under_way = self.sending.iter().map(|sending| &sending.entry);
        under_way.chain(&self.waiting).any(|entry| entry.id == id && entry.command.internal)
    }

    /// When something becomes of what waits, although nothing else happens.
    pub(crate) fn next_time(&self, media_active: bool, parked: bool) -> Option<SystemTime> {
        if let Some(sending) = &self.sending {
            return Some(sending.until.0 + GRACE).filter(|_| !parked || sending.entry.command.internal);
        }
        if parked {
            return None;
        }
        let waits = |entry: &&Entry| {
            let follows = entry.command.after.as_ref();
            let follows = follows.is_some_and(|name| self.known.get(name) == Some(&None));
            follows || (entry.command.when_media_active && !media_active)
        };
        self.waiting.iter().filter(waits).filter_map(|entry| entry.expires).map(|expires| expires.0).min()
    }

    /// Whether something is under way under this claim.
    pub(crate) fn is_sending(&self, epoch: u64) -> bool {
        self.sending.as_ref().is_some_and(|sending| sending.epoch == epoch)
    }

    /// Whether it is to go out again at once, should its sender be gone.
    pub(crate) fn is_urgent(&self, parked: bool) -> bool {
        self.sending.as_ref().map(|sending| &sending.entry.command).is_some_and(|command| {
            command.repeat() != Some(Repeat::OnlyIfNoEffect) && (command.internal || !parked)
        })
    }

    /// A command ended; others may have waited for it.
    pub(crate) fn ended(&mut self, name: &str, well: bool) {
        if self.known.len() >= REMEMBERED {
            let waited_for: Vec<_> =
                self.waiting.iter().filter_map(|entry| entry.command.after.clone()).collect();
            self.known.retain(|name, end| end.is_none() || waited_for.contains(name));
        }
        self.known.insert(name.to_owned(), Some(well));
    }

    /// The service took the hang-up: nothing else is sent any more.
    pub(crate) fn hang_up(&mut self) {
        self.hung_up = true;
    }
}

enum Verdict {
    Send,
    Wait,
    Fail(&'static str),
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use graph_calls_core::{
        AnswerCall, DeleteCall, KeepAlive, PlayPrompt,
        model::{AnswerCallBody, CallId, CallbackUri, MediaInfo, MediaPrompt, PlayPromptBody},
    };

    use super::*;

    const LIVE: CallFacts = CallFacts {
        media_active: true,
        incoming: false,
        over: false,
        parked: false,
        epoch: 1,
        now: UNIX_EPOCH,
    };
    const SILENT: CallFacts = CallFacts { media_active: false, ..LIVE };

    fn command(name: &str) -> CallCommand {
        CallCommand::new(&KeepAlive::new(CallId::new("1").unwrap())).named(name)
    }

    fn callback() -> CallbackUri {
        CallbackUri::new("https://bot.example/api/calls").unwrap()
    }

    fn sent(outbox: &mut Outbox, facts: CallFacts) -> Option<String> {
        match outbox.next(facts) {
            Next::Send(sending) => {
                outbox.sent(sending.entry.id);
                Some(sending.entry.command.name)
            }
            Next::Fail(entry, why) => Some(format!("{}: {why}", entry.command.name)),
            Next::Doubt(entry, why) => Some(format!("{}?: {why}", entry.command.name)),
            Next::Wait => None,
        }
    }

    #[test]
    fn commands_go_out_one_by_one_and_a_hang_up_overtakes() {
        let mut outbox = Outbox::default();
        outbox.add(command("one"), None);
        outbox.add(command("two"), None);
        let mut hang_up = CallCommand::new(&DeleteCall::new(CallId::new("1").unwrap()));
        hang_up.overtakes = true;
        let Next::Send(first) = outbox.next(LIVE) else { panic!("one") };
        assert!(matches!(outbox.next(LIVE), Next::Wait));
        outbox.add(hang_up, None);
        outbox.sent(first.entry.id);
        assert_eq!(sent(&mut outbox, LIVE).as_deref(), Some("call-delete"));
        outbox.hang_up();
        assert_eq!(sent(&mut outbox, LIVE).as_deref(), Some("two: the call was hung up"));
        assert_eq!(sent(&mut outbox, LIVE), None);
    }

    #[test]
    fn a_call_that_was_hung_up_is_still_asked_after() {
        let mut outbox = Outbox::default();
        outbox.hang_up();
        outbox.add(command("keep").internal(), None);
        assert_eq!(sent(&mut outbox, LIVE).as_deref(), Some("keep"));
    }

    #[test]
    fn a_prompt_waits_for_media_and_what_comes_after_it_for_its_end() {
        let mut outbox = Outbox::default();
        outbox.add(command("greeting").when_media_active(), None);
        outbox.add(command("menu").after("greeting"), None);
        outbox.add(command("other"), None);
        assert_eq!(sent(&mut outbox, SILENT).as_deref(), Some("other"));
        assert_eq!(sent(&mut outbox, SILENT), None);
        assert_eq!(sent(&mut outbox, LIVE).as_deref(), Some("greeting"));
        assert_eq!(sent(&mut outbox, LIVE), None);
        outbox.ended("greeting", false);
        assert_eq!(sent(&mut outbox, LIVE).as_deref(), Some("menu: the command it was to follow failed"));
        outbox.add(command("lost").after("greting"), None);
        let misspelt = "lost: there is no command of the name it was to follow";
        assert_eq!(sent(&mut outbox, LIVE).as_deref(), Some(misspelt));
    }

    #[test]
    fn what_is_too_late_or_after_the_end_fails_unsent() {
        let mut outbox = Outbox::default();
        let soon = UNIX_EPOCH + Duration::from_secs(1);
        outbox.add(command("late").when_media_active(), Some(soon));
        assert!(matches!(outbox.next(SILENT), Next::Wait));
        assert_eq!(outbox.next_time(false, false), Some(soon));
        let later = CallFacts { now: UNIX_EPOCH + Duration::from_secs(2), ..SILENT };
        assert_eq!(sent(&mut outbox, later).as_deref(), Some("late: too late to be sent"));
        outbox.add(command("after"), None);
        let over = CallFacts { over: true, ..SILENT };
        assert_eq!(sent(&mut outbox, over).as_deref(), Some("after: the call is over"));
    }

    fn prompt(name: &str) -> CallCommand {
        let body = PlayPromptBody::new(MediaPrompt::new(MediaInfo::new("https://bot.example/hello.wav")));
        CallCommand::new(&PlayPrompt::new(CallId::new("1").unwrap(), body)).named(name)
    }

    #[test]
    fn who_takes_over_sends_again_only_what_may_be_repeated() {
        let mut outbox = Outbox::default();
        outbox.add(command("keep"), None);
        outbox.add(prompt("play"), None);
        assert!(matches!(outbox.next(LIVE), Next::Send(_)));
        let text = serde_json::to_string(&outbox).unwrap();
        let mut outbox: Outbox = serde_json::from_str(&text).unwrap();
        outbox.take_over(1);
        assert!(matches!(outbox.next(LIVE), Next::Wait));
        outbox.take_over(2);
        assert_eq!(sent(&mut outbox, LIVE).as_deref(), Some("keep"));
        assert!(matches!(outbox.next(LIVE), Next::Send(_)));
        outbox.take_over(3);
        assert!(matches!(outbox.next(LIVE), Next::Wait));
        let deadline = UNIX_EPOCH + LONGEST_SEND + GRACE;
        let before = CallFacts { now: deadline - Duration::from_nanos(1), ..LIVE };
        assert!(matches!(outbox.next(before), Next::Wait));
        let stopped = "play?: whoever sent it stopped before it told how it ended";
        assert_eq!(sent(&mut outbox, CallFacts { now: deadline, ..LIVE }).as_deref(), Some(stopped));
    }

    #[test]
    fn an_answer_that_may_have_arrived_is_repeated_only_while_the_call_rings_and_never_said_to_be_unsent() {
        let answer = AnswerCall::new(CallId::new("1").unwrap(), AnswerCallBody::new(callback()));
        let soon = UNIX_EPOCH + Duration::from_secs(1);
        for (incoming, now, expected) in [
            (true, UNIX_EPOCH, "call-answer"),
            (false, UNIX_EPOCH, "call-answer?: the call is not incoming any more"),
            (true, soon, "call-answer?: too late to be sent"),
        ] {
            let mut outbox = Outbox::default();
            outbox.add(CallCommand::new(&answer), Some(soon));
            assert!(matches!(outbox.next(LIVE), Next::Send(_)));
            outbox.take_over(2);
            let facts = CallFacts { incoming, now, epoch: 2, ..LIVE };
            assert_eq!(sent(&mut outbox, facts).as_deref(), Some(expected));
        }
    }

    #[test]
    fn who_cannot_read_the_memory_sends_only_the_bots_own_and_whoever_was_hung_up_is_still_asked_after() {
        let mut outbox = Outbox::default();
        outbox.add(prompt("play"), None);
        outbox.add(command("ask").internal(), None);
        let parked = CallFacts { parked: true, ..LIVE };
        assert_eq!(sent(&mut outbox, parked).as_deref(), Some("ask"));
        assert_eq!(sent(&mut outbox, parked), None);
        outbox.hang_up();
        outbox.add(command("ask").internal(), None);
        assert_eq!(sent(&mut outbox, LIVE).as_deref(), Some("play: the call was hung up"));
        assert_eq!(sent(&mut outbox, LIVE).as_deref(), Some("ask"));
    }

    #[test]
    fn an_outcome_that_comes_after_a_take_over_keeps_the_command_from_going_out_again() {
        let mut outbox = Outbox::default();
        outbox.add(command("keep"), None);
        let Next::Send(sending) = outbox.next(LIVE) else { panic!("keep") };
        outbox.take_over(2);
        assert!(outbox.sent(sending.entry.id).is_some());
        assert_eq!(sent(&mut outbox, LIVE), None);
    }
}
