//! What is kept of one call.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use graph_calls_core::model::{AppId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Outbox, Timers, asking::Asking, date::Date, doubt::Doubts, hosting::Hosting, timers::TimerName};
use crate::{
    CallRecord, CallRef,
    record::stored::is_default,
    store::{Arrival, DedupKey, Item},
};

/// The form of what is kept. Another one is somebody else's.
const FORM: u32 = 1;

/// How often a parked call is tried again.
const PARKED: Duration = Duration::from_secs(60);

/// All that is kept of one call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Conversation {
    form: u32,
    /// Whose call it is; nothing before its first item.
    pub(crate) app: Option<AppId>,
    /// Shared with the handler while it decides, copied only if it is changed meanwhile.
    #[serde(with = "shared")]
    pub(crate) record: Arc<CallRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<Box<RawValue>>,
    pub(crate) outbox: Outbox,
    pub(crate) timers: Timers,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) answer_by: Option<Date>,
    pub(crate) doubts: Doubts,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) asking: Asking,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) hosting: Hosting,
    /// Letters to other calls, oldest first.
    #[serde(skip_serializing_if = "VecDeque::is_empty")]
    pub(crate) letters: VecDeque<Posted>,
    /// How many letters were written.
    pub(crate) written: u64,
    /// Which attempt to place the call is the live one; 0 is an incoming call.
    pub(crate) attempt: u32,
    /// Calls of other attempts that were hung up.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) orphans: BTreeSet<String>,
}

/// A letter on its way to another call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Posted {
    pub(crate) to: CallRef,
    pub(crate) number: u64,
    /// Whose call it opens, where that is not the sender's tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<TenantId>,
    #[serde(with = "kept_item")]
    pub(crate) item: Item,
}

impl Conversation {
    pub(crate) fn record_mut(&mut self) -> &mut CallRecord {
        Arc::make_mut(&mut self.record)
    }

    /// Puts a letter into the post: it is delivered once, after those before it.
    pub(crate) fn post(&mut self, to: CallRef, tenant: Option<TenantId>, item: Item) {
        self.letters.push_back(Posted { to, number: self.written, tenant, item });
        self.written += 1;
    }

    pub(crate) fn to_bytes(&self) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(self).map(Bytes::from)
    }

    pub(crate) fn from_bytes(bytes: Option<&Bytes>) -> Result<Self, serde_json::Error> {
        let Some(bytes) = bytes else { return Ok(Self { form: FORM, ..Self::default() }) };
        let call: Self = serde_json::from_slice(bytes)?;
        if call.form == FORM {
            Ok(call)
        } else {
            let why = format!("it is kept in form {}, and this version reads form {FORM}", call.form);
            Err(serde::de::Error::custom(why))
        }
    }

    /// When something happens to it although nothing arrives.
    pub(crate) fn next_time(&self, parked: bool) -> Option<SystemTime> {
        let timer = if parked { self.timers.at(&TimerName::KeepAlive) } else { self.timers.first() };
        let record = self.record.due().filter(|_| !parked);
        let outbox = self.outbox.next_time(self.record.is_media_active(), parked);
        [timer, record, outbox].into_iter().flatten().min()
    }

    /// When it wants to be looked at although nothing arrived; now, where a holder that dies must be replaced at once.
    pub(crate) fn wake(&self, now: SystemTime, parked: bool) -> Option<SystemTime> {
        let at_once = (!self.letters.is_empty() || self.outbox.is_urgent(parked)).then_some(now);
        [self.next_time(parked), at_once, parked_until(parked, now)].into_iter().flatten().min()
    }
}

/// When a call is tried again that cannot be read.
pub(crate) fn parked_until(parked: bool, now: SystemTime) -> Option<SystemTime> {
    parked.then(|| now + PARKED)
}

impl Posted {
    /// How it arrives. Its dedup key is the same for every delivery of this letter, and for no other letter.
    pub(crate) fn arrival(&self, from: CallRef, tenant: &TenantId) -> Arrival {
        Arrival {
            key: self.to,
            tenant: self.tenant.as_ref().unwrap_or(tenant).clone(),
            dedup: Some(DedupKey::of(&[b"letter", &from.to_bytes(), &self.number.to_be_bytes()])),
            item: self.item.clone(),
        }
    }
}

mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::CallRecord;

    pub(super) fn serialize<S: Serializer>(
        record: &Arc<CallRecord>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        CallRecord::serialize(record, serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<CallRecord>, D::Error> {
        CallRecord::deserialize(deserializer).map(Arc::new)
    }
}

mod kept_item {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    use crate::store::Item;

    pub(super) fn serialize<S: Serializer>(item: &Item, serializer: S) -> Result<S::Ok, S::Error> {
        String::from_utf8_lossy(&item.to_bytes()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Item, D::Error> {
        let text = String::deserialize(deserializer)?;
        Item::from_bytes(text.as_bytes()).ok_or_else(|| D::Error::custom("no item"))
    }
}
