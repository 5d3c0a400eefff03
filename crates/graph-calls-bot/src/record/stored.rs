//! How what is kept of a call is written and read again.
//!
//! Nothing that is at its default is written, and what is absent is read as the default: so an older instance reads what
//! a newer one wrote, and the other way round.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use graph_calls_core::model::{
    Call, CallDirection, CallState, ChatInfo, CommsOperation, ContentSharingSession, IncomingContext,
    InvitationParticipantInfo, MeetingInfo, Participant, ParticipantInfo, RawJson, RejectReason, ResultInfo,
    Tone,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A model type that owns: it borrows while it is read.
pub(crate) trait Stored: Sized {
    type Read<'de>: Deserialize<'de>;
    fn own(read: Self::Read<'_>) -> Self;
}

/// For `#[serde(deserialize_with)]`: reads a model type, or some of them, as one that owns.
pub(crate) fn owned<'de, D: Deserializer<'de>, T: Stored>(deserializer: D) -> Result<T, D::Error> {
    T::Read::deserialize(deserializer).map(T::own)
}

/// For `#[serde(skip_serializing_if)]`.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

macro_rules! stored {
    ($($name:ident),* $(,)?) => { $(
        impl Stored for $name<'static> {
            type Read<'de> = $name<'de>;
            fn own(read: $name<'_>) -> Self {
                read.into_owned()
            }
        }
    )* };
}

stored!(
    Call,
    CallDirection,
    CallState,
    ChatInfo,
    CommsOperation,
    ContentSharingSession,
    IncomingContext,
    InvitationParticipantInfo,
    MeetingInfo,
    Participant,
    ParticipantInfo,
    RawJson,
    RejectReason,
    ResultInfo,
    Tone,
);

impl<T: Stored> Stored for Option<T> {
    type Read<'de> = Option<T::Read<'de>>;
    fn own(read: Self::Read<'_>) -> Self {
        read.map(T::own)
    }
}

impl<T: Stored> Stored for Box<T> {
    type Read<'de> = Box<T::Read<'de>>;
    fn own(read: Self::Read<'_>) -> Self {
        Box::new(T::own(*read))
    }
}

impl<T: Stored> Stored for Vec<T> {
    type Read<'de> = Vec<T::Read<'de>>;
    fn own(read: Self::Read<'_>) -> Self {
        read.into_iter().map(T::own).collect()
    }
}

impl<T: Stored> Stored for BTreeMap<String, T> {
    type Read<'de> = BTreeMap<String, T::Read<'de>>;
    fn own(read: Self::Read<'_>) -> Self {
        read.into_iter().map(|(key, value)| (key, T::own(value))).collect()
    }
}

/// A date, kept as nanoseconds since 1970, which end in the year 2262.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date(pub(crate) SystemTime);

impl Date {
    /// How long ago it is; nothing where the clock was set back.
    pub(crate) fn age(self, now: SystemTime) -> Duration {
        now.duration_since(self.0).unwrap_or(Duration::ZERO)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(match self.0.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
            Err(error) => i64::try_from(error.duration().as_nanos()).map_or(i64::MIN, |before| -before),
        })
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nanos = i64::deserialize(deserializer)?;
        let away = Duration::from_nanos(nanos.unsigned_abs());
        let date = if nanos < 0 { UNIX_EPOCH.checked_sub(away) } else { UNIX_EPOCH.checked_add(away) };
        date.map(Self).ok_or_else(|| de::Error::custom("a date beyond this system's"))
    }
}

/// A time span as nanoseconds.
pub(crate) mod span {
    use super::{Deserialize, Deserializer, Duration, Serialize, Serializer};

    #[allow(clippy::ref_option, reason = "the form that serde calls")]
    pub(crate) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let nanos = |span: &Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        span.as_ref().map(nanos).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Kept {
        #[serde(deserialize_with = "owned", skip_serializing_if = "is_default")]
        people: BTreeMap<String, Participant<'static>>,
        #[serde(skip_serializing_if = "is_default")]
        since: Option<Date>,
        #[serde(with = "span", skip_serializing_if = "is_default")]
        lasted: Option<Duration>,
    }

    fn reread(kept: &Kept) -> Kept {
        serde_json::from_str(&serde_json::to_string(kept).unwrap()).unwrap()
    }

    #[test]
    fn nothing_is_written_of_nothing_and_what_is_unknown_is_not_read() {
        assert_eq!(serde_json::to_string(&Kept::default()).unwrap(), "{}");
        let newer = r#"{"since":null,"people":{"1":{"id":"1","newer":7}},"newer":{"a":[1]}}"#;
        let read: Kept = serde_json::from_str(newer).unwrap();
        assert_eq!(read.people["1"].id.as_deref(), Some("1"));
        assert_eq!(reread(&read), read);
    }

    #[test]
    fn dates_and_spans_come_back_to_the_nanosecond_also_from_before_1970() {
        let away = Duration::new(1_795_325_700, 123_456_789);
        for since in [UNIX_EPOCH, UNIX_EPOCH + away, UNIX_EPOCH - away] {
            let kept = Kept { since: Some(Date(since)), lasted: Some(away), ..Kept::default() };
            assert_eq!(reread(&kept), kept);
        }
    }
}
