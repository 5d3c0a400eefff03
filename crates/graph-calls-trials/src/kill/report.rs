//! What came of it.

use std::{fmt, time::Duration};

use serde_json::{Value, json};

use super::run::Kills;

/// What came of a trial.
#[derive(Debug, Default)]
pub struct Report {
    seed: u64,
    took: Duration,
    kills: u32,
    early: u32,
    /// Median and longest.
    ready: (Duration, Duration),
    calls: usize,
    pub(super) notifications: u64,
    /// Of the items in those, the ones that lead to no event that must be there.
    pub(super) silent: u64,
    pub(super) resent: u64,
    pub(super) unacknowledged: u64,
    pub(super) dials: u64,
    pub(super) dialed_again: u64,
    pub(super) placed: u64,
    pub(super) messages: u64,
    pub(super) letters: u64,
    pub(super) events: u64,
    pub(super) commands: u64,
    pub(super) requests: u64,
    pub(super) missed: u64,
    pub(super) effects: u64,
    pub(super) in_doubt: u64,
    pub(super) take_overs: u64,
    pub(super) failures: u32,
    pub(super) copies: u64,
    pub(super) lost: Vec<String>,
    pub(super) doubled: Vec<String>,
    pub(super) untold: Vec<String>,
    pub(super) broken: Vec<String>,
}

impl Report {
    pub(super) fn new(seed: u64, took: Duration, kills: &Kills, calls: usize) -> Self {
        let mut ready = kills.ready.clone();
        ready.sort_unstable();
        let median = ready.get(ready.len() / 2).copied().unwrap_or_default();
        Self {
            seed,
            took,
            kills: kills.count,
            early: kills.early,
            ready: (median, ready.last().copied().unwrap_or_default()),
            calls,
            ..Self::default()
        }
    }

    /// What was acknowledged: notifications by a 202, calls to place and messages by the bot's own answer.
    pub fn acknowledged(&self) -> u64 {
        self.notifications + self.dials + self.messages
    }

    /// Commands of which nobody knew whether they had their effect.
    pub fn in_doubt(&self) -> u64 {
        self.in_doubt
    }

    /// Whether all holds.
    pub fn holds(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.untold.is_empty() && self.broken.is_empty()
    }

    /// What does not hold.
    pub fn complaints(&self) -> impl Iterator<Item = String> {
        let named = |what: &'static str, all: &'_ [String]| -> Vec<String> {
            all.iter().map(|one| format!("{what}: {one}")).collect()
        };
        let kinds = [("lost", &self.lost), ("doubled", &self.doubled), ("untold", &self.untold)];
        let broken = [("broken", &self.broken)];
        kinds.into_iter().chain(broken).flat_map(move |(what, all)| named(what, all))
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        json!({
            "seed": self.seed,
            "seconds": self.took.as_secs_f64(),
            "kills": self.kills,
            "kills_before_ready": self.early,
            "ready_median_seconds": self.ready.0.as_secs_f64(),
            "ready_longest_seconds": self.ready.1.as_secs_f64(),
            "calls": self.calls,
            "placed": self.placed,
            "acknowledged": self.acknowledged(),
            "notifications": self.notifications,
            "resent": self.resent,
            "unacknowledged": self.unacknowledged,
            "dials": self.dials,
            "dials_repeated": self.dialed_again,
            "messages": self.messages,
            "letters": self.letters,
            "events": self.events,
            "commands": self.commands,
            "requests": self.requests,
            "exchanges_missed": self.missed,
            "effects_once": self.effects,
            "in_doubt": self.in_doubt,
            "take_overs": self.take_overs,
            "most_claims_without_commit": self.failures,
            "copies": self.copies,
            "lost": self.lost,
            "doubled": self.doubled,
            "untold": self.untold,
            "broken": self.broken,
            "holds": self.holds(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, what: String| writeln!(f, "{name:<15} {what}");
        row(
            "kills",
            format!("{}, {} of them before the bot was ready (seed {})", self.kills, self.early, self.seed),
        )?;
        row("ready", format!("after {:.0?} in the median, {:.0?} at the most", self.ready.0, self.ready.1))?;
        row("calls", format!("{}, {} of them placed by the bot", self.calls, self.placed))?;
        row(
            "notifications",
            format!(
                "{} acknowledged; sent again {} times; {} lead to no event of their own",
                self.notifications, self.resent, self.silent
            ),
        )?;
        row("dials", format!("{} by key, {} of them asked for again", self.dials, self.dialed_again))?;
        row("messages", format!("{} from outside, {} from call to call", self.messages, self.letters))?;
        row("events", format!("{} told", self.events))?;
        row(
            "commands",
            format!("{} decided, how {} of them ended was not told", self.commands, self.untold.len()),
        )?;
        row("requests", format!("{}, and {} effects that must come once", self.requests, self.effects))?;
        row("in doubt", format!("{} commands, each told to its call", self.in_doubt))?;
        row("take-overs", format!("{} calls went on with another process", self.take_overs))?;
        row("claims", format!("at most {} in a row without a commit; 5 make a dead letter", self.failures))?;
        row("file", format!("read from {} copies", self.copies))?;
        row("took", format!("{:.0} s", self.took.as_secs_f64()))?;
        if !self.broken.is_empty() {
            row("broken", format!("{} other things do not hold", self.broken.len()))?;
        }
        write!(
            f,
            "\nacknowledged {}, lost {}, doubled {}",
            self.acknowledged(),
            self.lost.len(),
            self.doubled.len()
        )
    }
}
