//! What is kept of a mailbox besides its items and its state, and how it looks in the file.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use graph_calls_bot::{
    model::TenantId,
    store::{DeadLetter, Item, Phase},
};

/// A time in the file: nanoseconds since 1970. The last one is in 2554, and stands for all that is later.
pub(crate) type Time = u64;

pub(crate) fn to_time(time: SystemTime) -> Time {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

pub(crate) fn from_time(time: Time) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(time)
}

/// That long after.
pub(crate) fn after(now: Time, wait: Duration) -> Time {
    now.saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX))
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) tenant: TenantId,
    pub(crate) phase: Phase,
    pub(crate) epoch: u64,
    pub(crate) wake: Option<Time>,
    /// Claims in a row without a commit, the one under way included: whoever dies has no time to count.
    pub(crate) failures: u32,
    /// The number of the next item.
    pub(crate) next: u64,
    /// How many items wait, how many of them are limited, and how many dead letters there are.
    pub(crate) waiting: u64,
    pub(crate) limited: u64,
    pub(crate) dead: u64,
}

impl Record {
    pub(crate) fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            phase: Phase::Live,
            epoch: 0,
            wake: None,
            failures: 0,
            next: 1,
            waiting: 0,
            limited: 0,
            dead: 0,
        }
    }

    /// When it is forgotten, if it is a tombstone.
    pub(crate) fn forget(&self) -> Option<Time> {
        match self.phase {
            Phase::Over { forget } => Some(to_time(forget)),
            Phase::Live | Phase::Parked => None,
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let (phase, forget) = match self.phase {
            Phase::Live => (b'l', 0),
            Phase::Parked => (b'p', 0),
            Phase::Over { forget } => (b'o', to_time(forget)),
        };
        let mut bytes = vec![phase, u8::from(self.wake.is_some())];
        let wake = self.wake.unwrap_or_default();
        for number in [forget, wake, self.epoch, self.next, self.waiting, self.limited, self.dead] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&self.failures.to_be_bytes());
        bytes.extend_from_slice(self.tenant.as_str().as_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let ([phase, has_wake], rest) = bytes.split_first_chunk::<2>()?;
        let (forget, rest) = number(rest)?;
        let (wake, rest) = number(rest)?;
        let (epoch, rest) = number(rest)?;
        let (next, rest) = number(rest)?;
        let (waiting, rest) = number(rest)?;
        let (limited, rest) = number(rest)?;
        let (dead, rest) = number(rest)?;
        let (failures, tenant) = rest.split_first_chunk::<4>()?;
        let phase = match phase {
            b'l' => Phase::Live,
            b'p' => Phase::Parked,
            b'o' => Phase::Over { forget: from_time(forget) },
            _ => return None,
        };
        Some(Self {
            tenant: TenantId::new(str::from_utf8(tenant).ok()?).ok()?,
            phase,
            epoch,
            wake: (*has_wake == 1).then_some(wake),
            failures: u32::from_be_bytes(*failures),
            next,
            waiting,
            limited,
            dead,
        })
    }
}

/// A dead letter, but for its number: that is in its key.
pub(crate) fn letter_to_bytes(letter: &DeadLetter) -> Vec<u8> {
    let mut bytes = to_time(letter.at).to_be_bytes().to_vec();
    bytes.extend_from_slice(&(letter.why.len() as u64).to_be_bytes());
    bytes.extend_from_slice(letter.why.as_bytes());
    bytes.extend_from_slice(&letter.item.to_bytes());
    bytes
}

pub(crate) fn letter_from_bytes(key: u64, bytes: &[u8]) -> Option<DeadLetter> {
    let (at, rest) = number(bytes)?;
    let (length, rest) = number(rest)?;
    let (why, item) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some(DeadLetter {
        number: key,
        item: Item::from_bytes(item)?,
        why: str::from_utf8(why).ok()?.to_owned(),
        at: from_time(at),
    })
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    bytes.split_first_chunk::<8>().map(|(number, rest)| (u64::from_be_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use graph_calls_bot::store::ItemKind;

    use super::*;

    #[test]
    fn a_record_comes_back_from_its_bytes() {
        let phases = [Phase::Live, Phase::Parked, Phase::Over { forget: from_time(77) }];
        for (phase, wake) in phases.into_iter().zip([None, Some(0), Some(u64::MAX)]) {
            let record = Record {
                phase,
                wake,
                epoch: 1,
                failures: 2,
                next: 3,
                waiting: 4,
                limited: 5,
                dead: 6,
                ..Record::new(TenantId::new("contoso.example").unwrap())
            };
            let bytes = record.to_bytes();
            assert_eq!(Record::from_bytes(&bytes), Some(record));
            for length in 0..bytes.len() - "contoso.example".len() {
                assert_eq!(Record::from_bytes(&bytes[..length]), None);
            }
        }
    }

    #[test]
    fn a_dead_letter_comes_back_from_its_bytes() {
        let letter = DeadLetter {
            number: 9,
            item: Item::new(ItemKind::Message, "hello"),
            why: "it is too odd".to_owned(),
            at: from_time(5),
        };
        let bytes = letter_to_bytes(&letter);
        assert_eq!(letter_from_bytes(9, &bytes), Some(letter));
        assert_eq!(letter_from_bytes(9, &bytes[..20]), None);
    }

    #[test]
    fn no_time_is_too_early_or_too_late() {
        assert_eq!(to_time(UNIX_EPOCH - Duration::from_secs(1)), 0);
        assert_eq!(to_time(UNIX_EPOCH + Duration::from_secs(1 << 40)), u64::MAX);
        assert_eq!(after(5, Duration::MAX), u64::MAX);
    }
}
