//! All timers of all calls, kept by one task.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::CallRef;

/// What a timer is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum TimerName {
    /// Little time is left to answer.
    AnswerDue,
    /// Nothing was decided: the fallback decides.
    AnswerFallback,
    /// The call wants to be kept alive.
    KeepAlive,
    /// A command waits that will be too late.
    Outbox,
    /// The call is over, and late results have had their time.
    Forget,
    /// Nobody will ask for the forgotten call any more.
    Unbury,
    /// The handler's own.
    User(String),
}

/// When which call wants to be woken. A stale entry wakes a mailbox that then finds nothing due.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timers {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    due: Mutex<BTreeSet<(Instant, CallRef, TimerName)>>,
    changed: Notify,
}

impl Timers {
    pub(crate) fn set(&self, at: Instant, key: CallRef, name: TimerName) {
        self.shared.due.lock().unwrap_or_else(PoisonError::into_inner).insert((at, key, name));
        self.shared.changed.notify_one();
    }

    pub(crate) fn cancel(&self, at: Instant, key: CallRef, name: TimerName) {
        self.shared.due.lock().unwrap_or_else(PoisonError::into_inner).remove(&(at, key, name));
    }

    /// Waits until one is due.
    pub(crate) async fn next(&self) -> (Instant, CallRef, TimerName) {
        loop {
            let first = {
                let mut due = self.shared.due.lock().unwrap_or_else(PoisonError::into_inner);
                if due.first().is_some_and(|(at, ..)| *at <= Instant::now())
                    && let Some(first) = due.pop_first()
                {
                    return first;
                }
                due.first().map(|(at, ..)| *at)
            };
            match first {
                Some(at) => tokio::select! {
                    () = sleep_until(at) => {}
                    () = self.shared.changed.notified() => {}
                },
                None => self.shared.changed.notified().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn timers_come_in_order_and_not_before_their_time() {
        let timers = Timers::default();
        let key: CallRef = "00000000000000000000000000000001".parse().unwrap();
        let began = Instant::now();
        let after = |seconds| began + Duration::from_secs(seconds);
        timers.set(after(20), key, TimerName::KeepAlive);
        timers.set(after(10), key, TimerName::AnswerDue);
        timers.set(after(5), key, TimerName::User("gone".to_owned()));
        timers.cancel(after(5), key, TimerName::User("gone".to_owned()));
        assert_eq!(timers.next().await.2, TimerName::AnswerDue);
        assert_eq!(began.elapsed(), Duration::from_secs(10));
        assert_eq!(timers.next().await.2, TimerName::KeepAlive);
        assert_eq!(began.elapsed(), Duration::from_secs(20));
    }
}
