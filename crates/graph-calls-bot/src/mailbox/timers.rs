//! When a call wants to be woken, and for what.

use std::{collections::BTreeMap, time::SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::date::Date;

/// What a timer is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum TimerName {
    /// Little time is left to answer.
    AnswerDue,
    /// Nothing was decided: the fallback decides.
    AnswerFallback,
    /// The call wants to be kept alive.
    KeepAlive,
    /// Nobody knows how the call stands: the service is asked.
    Reconcile,
    /// A call that may have been placed was never heard of.
    NeverHeardOf,
    /// The question that is asked waits no longer.
    Collect,
    /// The call is over, and late results have had their time.
    Forget,
    /// The handler's own.
    User(String),
}

/// The timers of one call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Timers(BTreeMap<TimerName, Date>);

impl Timers {
    /// Sets a timer, or moves it.
    pub(crate) fn set(&mut self, name: TimerName, at: SystemTime) {
        self.0.insert(name, Date(at));
    }

    pub(crate) fn cancel(&mut self, name: &TimerName) {
        self.0.remove(name);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn at(&self, name: &TimerName) -> Option<SystemTime> {
        self.0.get(name).map(|date| date.0)
    }

    /// The names of the handler's own.
    #[cfg(feature = "test-util")]
    pub(crate) fn user(&self) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(|name| match name {
            TimerName::User(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The earliest of all.
    pub(crate) fn first(&self) -> Option<SystemTime> {
        self.0.values().min().map(|date| date.0)
    }

    /// Takes the earliest one that is due; of a parked call, only the keep-alive can be.
    pub(crate) fn due(&mut self, now: SystemTime, parked: bool) -> Option<(TimerName, SystemTime)> {
        self.take_due(now, |name| !parked || *name == TimerName::KeepAlive)
    }

    /// Takes the earliest one that is due and of which the handler is told.
    pub(crate) fn due_for_handler(&mut self, now: SystemTime) -> Option<(TimerName, SystemTime)> {
        self.take_due(now, |name| matches!(name, TimerName::User(_) | TimerName::AnswerDue))
    }

    fn take_due(
        &mut self,
        now: SystemTime,
        wanted: impl Fn(&TimerName) -> bool,
    ) -> Option<(TimerName, SystemTime)> {
        let due = self.0.iter().filter(|(name, at)| at.0 <= now && wanted(name));
        let (name, at) = due.min_by_key(|(_, at)| **at)?;
        let (name, at) = (name.clone(), at.0);
        self.0.remove(&name);
        Some((name, at))
    }
}

impl Serialize for TimerName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            TimerName::AnswerDue => serializer.serialize_str("answer-due"),
            TimerName::AnswerFallback => serializer.serialize_str("answer-fallback"),
            TimerName::KeepAlive => serializer.serialize_str("keep-alive"),
            TimerName::Reconcile => serializer.serialize_str("reconcile"),
            TimerName::NeverHeardOf => serializer.serialize_str("never-heard-of"),
            TimerName::Collect => serializer.serialize_str("collect"),
            TimerName::Forget => serializer.serialize_str("forget"),
            TimerName::User(name) => serializer.collect_str(&format_args!("user:{name}")),
        }
    }
}

impl<'de> Deserialize<'de> for TimerName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(match (text.as_str(), text.split_once(':')) {
            ("answer-due", _) => TimerName::AnswerDue,
            ("answer-fallback", _) => TimerName::AnswerFallback,
            ("keep-alive", _) => TimerName::KeepAlive,
            ("reconcile", _) => TimerName::Reconcile,
            ("never-heard-of", _) => TimerName::NeverHeardOf,
            ("collect", _) => TimerName::Collect,
            ("forget", _) => TimerName::Forget,
            (_, Some(("user", name))) => TimerName::User(name.to_owned()),
            _ => return Err(de::Error::custom(format!("no timer is called `{text}`"))),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn timers_come_in_order_not_before_their_time_and_survive_being_kept() {
        let after = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let mut timers = Timers::default();
        timers.set(TimerName::KeepAlive, after(20));
        timers.set(TimerName::AnswerDue, after(10));
        timers.set(TimerName::User("a:b".to_owned()), after(5));
        timers.set(TimerName::User("a:b".to_owned()), after(15));
        let mut kept: Timers = serde_json::from_str(&serde_json::to_string(&timers).unwrap()).unwrap();
        assert_eq!(kept, timers);
        assert_eq!(kept.first(), Some(after(10)));
        assert_eq!(kept.due(after(9), false), None);
        assert_eq!(kept.due(after(15), true), None);
        assert_eq!(kept.due(after(15), false), Some((TimerName::AnswerDue, after(10))));
        assert_eq!(kept.due(after(15), false), Some((TimerName::User("a:b".to_owned()), after(15))));
        assert_eq!(kept.due(after(15), false), None);
    }
}
