//! The commands of one call, in order, until their outcome is known.

use std::collections::{BTreeMap, VecDeque};

use tokio::time::Instant;

use crate::CallCommand;

/// The commands of one call that have not settled, and how those ended that others wait for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox {
    next_id: u64,
    waiting: VecDeque<Entry>,
    sending: Option<Entry>,
    /// Whether a command of this name ended well; nothing while it has not ended.
    known: BTreeMap<String, Option<bool>>,
    hung_up: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: u64,
    pub(crate) command: CallCommand,
    /// Not sent after this.
    pub(crate) expires: Option<Instant>,
}

/// What can be done next.
#[derive(Debug)]
pub(crate) enum Next {
    Send(Box<Entry>),
    /// It will never be sent.
    Fail(Box<Entry>, &'static str),
    /// Wait for something to happen, at the latest for this time.
    Wait(Option<Instant>),
}

/// What the outbox must know of the call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallFacts {
    pub(crate) media_active: bool,
    pub(crate) over: bool,
}

impl Outbox {
    pub(crate) fn add(&mut self, command: CallCommand, expires: Option<Instant>) {
        let entry = Entry { id: self.next_id, command, expires };
        self.next_id += 1;
        self.known.insert(entry.command.name.clone(), None);
        if entry.command.overtakes {
            self.waiting.push_front(entry);
        } else {
            self.waiting.push_back(entry);
        }
    }

    /// Takes the first command that can settle now. One is under way at a time, so that they arrive in order.
    pub(crate) fn next(&mut self, facts: CallFacts, now: Instant) -> Next {
        if self.sending.is_some() {
            return Next::Wait(None);
        }
        let mut wake = None::<Instant>;
        let mut found = None;
        for (place, entry) in self.waiting.iter().enumerate() {
            let verdict = self.verdict(entry, facts, now);
            if let Verdict::Wait = verdict {
                wake = match (wake, entry.expires) {
                    (Some(one), Some(two)) => Some(one.min(two)),
                    (one, two) => one.or(two),
                };
            } else {
                found = Some((place, verdict));
                break;
            }
        }
        let Some((place, verdict)) = found else { return Next::Wait(wake) };
        let Some(entry) = self.waiting.remove(place) else { return Next::Wait(wake) };
        match verdict {
            Verdict::Fail(why) => Next::Fail(Box::new(entry), why),
            Verdict::Send | Verdict::Wait => {
                self.sending = Some(entry.clone());
                Next::Send(Box::new(entry))
            }
        }
    }

    fn verdict(&self, entry: &Entry, facts: CallFacts, now: Instant) -> Verdict {
        if facts.over {
            return Verdict::Fail("the call is over");
        }
        if self.hung_up {
            return Verdict::Fail("the call was hung up");
        }
        if entry.expires.is_some_and(|expires| expires <= now) {
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

    /// The outcome of the command under way has arrived.
    pub(crate) fn sent(&mut self, id: u64) -> Option<Entry> {
        self.sending.take_if(|entry| entry.id == id)
    }

    /// A command ended; others may have waited for it.
    pub(crate) fn ended(&mut self, name: &str, well: bool) {
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
    use std::time::Duration;

    use graph_calls_core::{DeleteCall, KeepAlive, model::CallId};

    use super::*;

    const LIVE: CallFacts = CallFacts { media_active: true, over: false };

    fn command(name: &str) -> CallCommand {
        CallCommand::new(&KeepAlive::new(CallId::new("1").unwrap())).named(name)
    }

    fn sent(outbox: &mut Outbox, facts: CallFacts) -> Option<String> {
        match outbox.next(facts, Instant::now()) {
            Next::Send(entry) => {
                outbox.sent(entry.id);
                Some(entry.command.name)
            }
            Next::Fail(entry, why) => Some(format!("{}: {why}", entry.command.name)),
            Next::Wait(_) => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn commands_go_out_one_by_one_and_a_hang_up_overtakes() {
        let mut outbox = Outbox::default();
        outbox.add(command("one"), None);
        outbox.add(command("two"), None);
        let mut hang_up = CallCommand::new(&DeleteCall::new(CallId::new("1").unwrap()));
        hang_up.overtakes = true;
        let Next::Send(first) = outbox.next(LIVE, Instant::now()) else { panic!("one") };
        assert!(matches!(outbox.next(LIVE, Instant::now()), Next::Wait(None)));
        outbox.add(hang_up, None);
        outbox.sent(first.id);
        assert_eq!(sent(&mut outbox, LIVE).as_deref(), Some("call-delete"));
        outbox.hang_up();
        assert_eq!(sent(&mut outbox, LIVE).as_deref(), Some("two: the call was hung up"));
        assert_eq!(sent(&mut outbox, LIVE), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_prompt_waits_for_media_and_what_comes_after_it_for_its_end() {
        let mut outbox = Outbox::default();
        outbox.add(command("greeting").when_media_active(), None);
        outbox.add(command("menu").after("greeting"), None);
        outbox.add(command("other"), None);
        let silent = CallFacts { media_active: false, over: false };
        assert_eq!(sent(&mut outbox, silent).as_deref(), Some("other"));
        assert_eq!(sent(&mut outbox, silent), None);
        assert_eq!(sent(&mut outbox, LIVE).as_deref(), Some("greeting"));
        assert_eq!(sent(&mut outbox, LIVE), None);
        outbox.ended("greeting", false);
        assert_eq!(sent(&mut outbox, LIVE).as_deref(), Some("menu: the command it was to follow failed"));
        outbox.add(command("lost").after("greting"), None);
        let misspelt = "lost: there is no command of the name it was to follow";
        assert_eq!(sent(&mut outbox, LIVE).as_deref(), Some(misspelt));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_late_or_after_the_end_fails_unsent() {
        let mut outbox = Outbox::default();
        let soon = Instant::now() + Duration::from_secs(1);
        outbox.add(command("late").when_media_active(), Some(soon));
        let silent = CallFacts { media_active: false, over: false };
        assert!(matches!(outbox.next(silent, Instant::now()), Next::Wait(Some(at)) if at == soon));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(sent(&mut outbox, silent).as_deref(), Some("late: too late to be sent"));
        outbox.add(command("after"), None);
        let over = CallFacts { media_active: false, over: true };
        assert_eq!(sent(&mut outbox, over).as_deref(), Some("after: the call is over"));
    }
}
