//! What one call is told by another.

use graph_calls_core::model::RawJson;
use serde::{Deserialize, Serialize};

use crate::{
    CallRef,
    record::stored::{is_default, owned},
};

/// A message to this call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// The call that sent it; none where it came from outside of all calls.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from: Option<CallRef>,
    /// What it says, as JSON.
    #[serde(deserialize_with = "owned")]
    pub body: RawJson<'static>,
}

impl Message {
    /// A message as JSON.
    ///
    /// # Errors
    ///
    /// When the body cannot be written as JSON.
    pub fn new<T: Serialize + ?Sized>(from: Option<CallRef>, body: &T) -> Result<Self, serde_json::Error> {
        Ok(Self { from, body: RawJson::from_string(serde_json::to_string(body)?)? })
    }

    /// Reads what it says.
    ///
    /// # Errors
    ///
    /// When it is not of this type.
    pub fn read<'m, T: Deserialize<'m>>(&'m self) -> Result<T, serde_json::Error> {
        self.body.read()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_kept_and_read_as_it_was_sent() {
        let from = "00000000000000000000000000000001".parse().ok();
        for from in [from, None] {
            let message = Message::new(from, &("agent", 7)).unwrap();
            let kept = serde_json::to_string(&message).unwrap();
            let read: Message = serde_json::from_str(&kept).unwrap();
            assert_eq!(read, message);
            assert_eq!(read.read::<(String, u8)>().unwrap(), ("agent".to_owned(), 7));
            assert!(read.read::<u8>().is_err());
        }
    }
}
