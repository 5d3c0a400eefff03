//! Dates, where a date is meant.

use std::time::SystemTime;

use tokio::time::Instant;

/// A wall clock: the machine's, or one that runs with tokio's time from an anchor.
///
/// Tests pause tokio's time and with it an anchored clock. The machine's own is read each time, because it may be set,
/// and because the monotonic clock stands still while a machine sleeps.
#[derive(Debug, Clone, Copy)]
pub struct Wall(Kind);

#[derive(Debug, Clone, Copy)]
enum Kind {
    System,
    Anchored { anchor: SystemTime, since: Instant },
}

impl Wall {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that shows this date now.
    pub fn anchored(anchor: SystemTime) -> Self {
        Self(Kind::Anchored { anchor, since: Instant::now() })
    }

    /// The date.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the date of the machine")]
    pub fn now(&self) -> SystemTime {
        match self.0 {
            Kind::System => SystemTime::now(),
            Kind::Anchored { anchor, since } => anchor + since.elapsed(),
        }
    }
}
