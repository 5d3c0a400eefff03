//! Dates, where a date is meant.

use std::time::SystemTime;

use tokio::time::Instant;

/// A wall clock that runs with tokio's time: an anchor taken once, and what has passed since.
///
/// Tests pause tokio's time and with it this clock.
#[derive(Debug, Clone, Copy)]
pub struct Wall {
    anchor: SystemTime,
    since: Instant,
}

impl Wall {
    /// A clock that shows the machine's time.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the date of the machine")]
    pub fn system() -> Self {
        Self::anchored(SystemTime::now())
    }

    /// A clock that shows this date now.
    pub fn anchored(anchor: SystemTime) -> Self {
        Self { anchor, since: Instant::now() }
    }

    /// The date.
    pub fn now(&self) -> SystemTime {
        self.anchor + self.since.elapsed()
    }
}
