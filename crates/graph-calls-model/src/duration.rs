//! Durations as they go out: in whole seconds or in whole milliseconds. Nothing is ever rounded.

use std::{ops::RangeInclusive, time::Duration};

use serde::{Serialize, Serializer};

use crate::{InvalidBody, Text};

/// The most seconds of an `Edm.Int32`.
pub(crate) const MAX_SECONDS: Duration = Duration::from_secs(0x7fff_ffff);

/// The most milliseconds of an `Edm.Int32`.
pub(crate) const MAX_MILLISECONDS: Duration = Duration::from_millis(0x7fff_ffff);

/// A duration that goes out in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Duration);

impl Seconds {
    /// Checks that a duration is one the service takes.
    pub(crate) fn check(
        self,
        member: impl Into<Text<'static>>,
        taken: RangeInclusive<Duration>,
    ) -> Result<(), InvalidBody> {
        check(member, self.0, "seconds", 1_000_000_000, taken)
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0.as_secs())
    }
}

/// A duration that goes out in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Milliseconds(pub(crate) Duration);

impl Milliseconds {
    /// Checks that a duration is one the service takes.
    pub(crate) fn check(
        self,
        member: impl Into<Text<'static>>,
        taken: RangeInclusive<Duration>,
    ) -> Result<(), InvalidBody> {
        check(member, self.0, "milliseconds", 1_000_000, taken)
    }
}

impl Serialize for Milliseconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX))
    }
}

/// Writes a public member in whole seconds.
pub(crate) fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    Seconds(*duration).serialize(serializer)
}

/// Writes a public member in whole milliseconds.
pub(crate) fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    Milliseconds(*duration).serialize(serializer)
}

fn check(
    member: impl Into<Text<'static>>,
    duration: Duration,
    unit: &str,
    nanos: u32,
    taken: RangeInclusive<Duration>,
) -> Result<(), InvalidBody> {
    if duration.subsec_nanos().is_multiple_of(nanos) && taken.contains(&duration) {
        return Ok(());
    }
    let (least, most) = taken.into_inner();
    let limits =
        if least.is_zero() { format!("{most:?} at most") } else { format!("from {least:?} to {most:?}") };
    Err(InvalidBody::new(member, format!("{duration:?} is not taken: give whole {unit}, {limits}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_never_rounded() {
        let taken = Duration::from_secs(1)..=Duration::from_secs(120);
        for (millis, good) in [(0, false), (1_000, true), (1_500, false), (120_000, true), (121_000, false)] {
            let seconds = Seconds(Duration::from_millis(millis));
            assert_eq!(seconds.check("x", taken.clone()).is_ok(), good, "{millis}");
        }
        assert_eq!(serde_json::to_string(&Seconds(Duration::from_secs(90))).unwrap(), "90");

        let taken = Duration::ZERO..=MAX_MILLISECONDS;
        for (micros, good) in [(0, true), (300_000, true), (300, false), (2_147_483_648_000, false)] {
            let millis = Milliseconds(Duration::from_micros(micros));
            assert_eq!(millis.check("x", taken.clone()).is_ok(), good, "{micros}");
        }
        assert_eq!(serde_json::to_string(&Milliseconds(Duration::from_secs(1))).unwrap(), "1000");
    }

    #[test]
    fn an_error_names_the_limits() {
        let why = |taken| Seconds(Duration::from_millis(1_500)).check("x", taken).unwrap_err().to_string();
        let (one, five) = (Duration::from_secs(1), Duration::from_secs(5));
        assert_eq!(why(one..=five), "`x`: 1.5s is not taken: give whole seconds, from 1s to 5s");
        assert_eq!(why(Duration::ZERO..=five), "`x`: 1.5s is not taken: give whole seconds, 5s at most");
    }
}
