//! What arrives in mailboxes.

use std::{fmt, time::SystemTime};

use aws_lc_rs::digest;
use bytes::Bytes;
use graph_calls_core::model::TenantId;

use crate::CallRef;

/// An item on its way into a mailbox.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Whose mailbox.
    pub key: CallRef,
    /// The tenant it comes from. The first one binds the mailbox.
    pub tenant: TenantId,
    /// What tells it from others; one that was taken in before is not taken in again.
    pub dedup: Option<DedupKey>,
    /// What arrives.
    pub item: Item,
}

/// Something that arrives in a mailbox: opaque to the store but for its kind.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    kind: ItemKind,
    data: Bytes,
}

/// What a store must know of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// From the service. Opens a mailbox; only so many may wait.
    Notification,
    /// A call of our own begins: opens a mailbox.
    Begin,
    /// How a request ended.
    Outcome,
    /// From another call, or from outside.
    Message,
}

impl ItemKind {
    /// Whether it opens a mailbox that is not there.
    pub fn opens(self) -> bool {
        matches!(self, ItemKind::Notification | ItemKind::Begin)
    }

    /// Whether only so many of them may wait in one mailbox.
    pub fn is_limited(self) -> bool {
        self == ItemKind::Notification
    }
}

impl Item {
    /// An item of this kind.
    pub fn new(kind: ItemKind, data: impl Into<Bytes>) -> Self {
        Self { kind, data: data.into() }
    }

    /// Its kind.
    pub fn kind(&self) -> ItemKind {
        self.kind
    }

    /// What it says.
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    /// As bytes, for stores that keep nothing else.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.data.len() + 1);
        bytes.push(match self.kind {
            ItemKind::Notification => b'n',
            ItemKind::Begin => b'b',
            ItemKind::Outcome => b'o',
            ItemKind::Message => b'm',
        });
        bytes.extend_from_slice(&self.data);
        bytes
    }

    /// From its bytes, unless they are of no item.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, data) = bytes.split_first()?;
        let kind = match kind {
            b'n' => ItemKind::Notification,
            b'b' => ItemKind::Begin,
            b'o' => ItemKind::Outcome,
            b'm' => ItemKind::Message,
            _ => return None,
        };
        Some(Self::new(kind, Bytes::copy_from_slice(data)))
    }
}

impl fmt::Debug for Item {
    // What people said and what tokens grant is nobody's business here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {} bytes", self.kind, self.data.len())
    }
}

/// An item in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place in the order of arrival.
    pub number: u64,
    /// The item.
    pub item: Item,
}

/// An item that could not be handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number when it was in the inbox.
    pub number: u64,
    /// The item, as it arrived.
    pub item: Item,
    /// Why it could not be handled.
    pub why: String,
    /// When it was given up, on the store's clock.
    pub at: SystemTime,
}

/// What tells an item from all others of its mailbox. A store remembers at least the last 1,024 of each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DedupKey(u128);

impl DedupKey {
    /// The key made of these parts.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(context.finish().as_ref()).for_each(|(byte, from)| *byte = *from);
        Self(u128::from_be_bytes(bytes))
    }

    /// As 16 bytes.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// From its bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }
}

impl fmt::Debug for DedupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_comes_back_from_its_bytes() {
        for kind in [ItemKind::Notification, ItemKind::Begin, ItemKind::Outcome, ItemKind::Message] {
            let item = Item::new(kind, "what it says");
            assert_eq!(Item::from_bytes(&item.to_bytes()), Some(item));
        }
        assert_eq!(Item::from_bytes(b""), None);
        assert_eq!(Item::from_bytes(b"?x"), None);
    }

    #[test]
    fn a_dedup_key_tells_where_its_parts_end() {
        assert_ne!(DedupKey::of(&[b"ab", b"c"]), DedupKey::of(&[b"a", b"bc"]));
        let key = DedupKey::of(&[b"a"]);
        assert_eq!(DedupKey::from_bytes(key.to_bytes()), key);
    }
}
