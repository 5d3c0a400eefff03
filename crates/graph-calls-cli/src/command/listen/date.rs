//! A date, as people and machines write it.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// A date in UTC, with milliseconds. Prints as RFC 3339.
#[derive(Debug, Clone, Copy)]
pub(super) struct Date(pub(super) SystemTime);

const DAY: u64 = 24 * 60 * 60;

impl Date {
    /// The time of day alone.
    pub(super) fn clock(self) -> String {
        let since = self.0.duration_since(UNIX_EPOCH).unwrap_or_default();
        let of_day = since.as_secs() % DAY;
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        format!("{hour:02}:{minute:02}:{second:02}.{:03}", since.subsec_millis())
    }

    /// Counted from the first of March, so that the odd day comes last in its year, cycles of 400 years are alike.
    fn day(self) -> (u64, u64, u64) {
        // From the first of March of the year 0.
        let days = self.0.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / DAY + 719_468;
        let (cycle, of_cycle) = (days / 146_097, days % 146_097);
        let year = (of_cycle - of_cycle / 1_460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
        let of_year = of_cycle - (365 * year + year / 4 - year / 100);
        // Months from March on have 31, 30, 31, 30, 31 days, over and over: 153 in five.
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        (cycle * 400 + year + next, month, day)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.day();
        write!(f, "{year:04}-{month:02}-{day:02}T{}Z", self.clock())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00.007Z"),
            (951_782_399, "2000-02-28T23:59:59.007Z"),
            (951_782_400, "2000-02-29T00:00:00.007Z"),
            (951_868_800, "2000-03-01T00:00:00.007Z"),
            (1_767_225_599, "2025-12-31T23:59:59.007Z"),
            (1_767_225_600, "2026-01-01T00:00:00.007Z"),
            (4_107_542_400, "2100-03-01T00:00:00.007Z"),
        ] {
            let at = UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_millis(7);
            assert_eq!(Date(at).to_string(), date);
        }
    }
}
