//! The one place where the date comes from.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

const A_YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The emulator's time: how long it runs, and which date that is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wall {
    epoch: SystemTime,
    started: Instant,
}

impl Wall {
    #[expect(clippy::disallowed_methods, reason = "the anchor: tokens and error bodies carry dates")]
    pub(crate) fn start() -> Self {
        Self { epoch: SystemTime::now(), started: Instant::now() }
    }

    /// The date at the start.
    pub(crate) fn epoch(self) -> SystemTime {
        self.epoch
    }

    /// The time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.started.elapsed()
    }

    /// The instant at a time since the start; a deadline that was switched off is a year away.
    pub(crate) fn instant(self, at: Duration) -> Instant {
        self.started + at.min(self.elapsed() + A_YEAR)
    }

    /// Seconds since 1970.
    pub(crate) fn unix_seconds(self) -> i64 {
        let now = self.epoch.checked_add(self.elapsed()).unwrap_or(self.epoch);
        let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        i64::try_from(seconds).unwrap_or(i64::MAX)
    }
}
