//! What ties the requests and the callbacks of one call together.

use std::{error, fmt, str::FromStr};

use graph_calls_model::{CallId, fold_guid};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// A GUID that the requests of one call have in common, for whoever reads the logs of the service.
///
/// It is sent as the header `Scenario-Id`, and is the trace id of `traceparent`: the requests of one call are one
/// trace. A request that acts on a call has the call's id for it, any other a new one, unless
/// [`Client::for_scenario`](crate::Client::for_scenario) gives one.
///
/// # Examples
///
/// ```
/// use graph_calls_core::ScenarioId;
///
/// let scenario: ScenarioId = "57DAB8B1894C409AB240BD8BEAE78896".parse()?;
/// assert_eq!(scenario.to_string(), "57dab8b1-894c-409a-b240-bd8beae78896");
/// # Ok::<(), graph_calls_core::InvalidScenarioId>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScenarioId(Uuid);

impl ScenarioId {
    /// From its number, such as the trace id of one's own tracing; none for zero, which no trace may have.
    pub fn from_u128(id: u128) -> Option<Self> {
        (id != 0).then_some(Self(Uuid::from_u128(id)))
    }

    /// That of a call, whose id is a GUID everywhere but in examples.
    pub(crate) fn of_call(id: &CallId) -> Option<Self> {
        let text = id.as_str();
        // Longer spellings of a GUID are none of the service.
        let id = Uuid::try_parse(text).ok().filter(|_| matches!(text.len(), 32 | 36))?;
        Self::from_u128(id.as_u128())
    }

    /// A new one: the same randomness gives the same.
    pub(crate) fn random(random: u128) -> Self {
        Self(uuid::Builder::from_random_bytes(random.to_be_bytes()).into_uuid())
    }

    /// Its number.
    pub fn as_u128(self) -> u128 {
        self.0.as_u128()
    }

    pub(crate) fn uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for ScenarioId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl Serialize for ScenarioId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ScenarioId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl FromStr for ScenarioId {
    type Err = InvalidScenarioId;

    fn from_str(text: &str) -> Result<Self, InvalidScenarioId> {
        fold_guid(text).and_then(Self::from_u128).ok_or(InvalidScenarioId)
    }
}

/// A text that is no scenario id: give a GUID other than zero, with or without dashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidScenarioId;

impl fmt::Display for InvalidScenarioId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scenario id is a GUID other than zero, with or without dashes")
    }
}

impl error::Error for InvalidScenarioId {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_guid_other_than_zero_is_one() {
        for bad in ["", "57dab8b1", "00000000-0000-0000-0000-000000000000", "57dab8b1-894c-409a\r\nx: y"] {
            assert_eq!(bad.parse::<ScenarioId>(), Err(InvalidScenarioId), "{bad:?}");
        }
        assert_eq!(ScenarioId::of_call(&CallId::new("no GUID").unwrap()), None);
    }
}
