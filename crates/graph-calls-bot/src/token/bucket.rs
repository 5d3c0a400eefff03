//! How often a stranger may make us fetch keys.

use std::time::Duration;

use tokio::time::Instant;

/// So many at once.
const BURST: u32 = 3;

/// Then one per so long.
const PERIOD: Duration = Duration::from_secs(30);

/// A token bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    left: u32,
    /// When the last token was added, or the first was taken out of a full bucket.
    filled: Instant,
}

impl Bucket {
    pub(super) fn full() -> Self {
        Self { left: BURST, filled: Instant::now() }
    }

    /// Takes one, or says when there will be one.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        while self.left < BURST && now.duration_since(self.filled) >= PERIOD {
            self.left += 1;
            self.filled += PERIOD;
        }
        if self.left == BURST {
            self.filled = now;
        }
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(PERIOD.saturating_sub(now.duration_since(self.filled))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn three_at_once_then_one_per_thirty_seconds() {
        let mut bucket = Bucket::full();
        let start = Instant::now() + Duration::from_secs(1_000);
        for _ in 0..3 {
            assert!(bucket.take(start).is_ok());
        }
        assert_eq!(bucket.take(start + Duration::from_secs(10)), Err(Duration::from_secs(20)));
        assert!(bucket.take(start + Duration::from_secs(30)).is_ok());
        assert_eq!(bucket.take(start + Duration::from_secs(59)), Err(Duration::from_secs(1)));
        let later = start + Duration::from_secs(600);
        let taken = (0..10).filter(|_| bucket.take(later).is_ok()).count();
        assert_eq!(taken, 3);
    }
}
