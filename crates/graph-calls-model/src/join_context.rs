//! The `context` of a meeting link: JSON that names the tenant, the organizer and the message a channel meeting answers.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use crate::{InvalidJoinUrlKind, TenantId, Text, fold_guid};

/// What a link by the organizer says of the meeting beside its path.
pub(crate) struct Context {
    pub(crate) tenant: TenantId,
    pub(crate) organizer: String,
    pub(crate) reply_chain: Option<String>,
}

impl Context {
    /// Reads the JSON, without its percent-encoding.
    pub(crate) fn from_json(json: &str) -> Result<Self, InvalidJoinUrlKind> {
        let Members([tenant, organizer, reply_chain]) =
            serde_json::from_str(json).map_err(|_| InvalidJoinUrlKind::ContextNotJson)?;
        let tenant = guid(tenant, "Tid")?;
        Ok(Self {
            tenant: TenantId::new(tenant).map_err(|_| InvalidJoinUrlKind::NotAGuid("Tid"))?,
            organizer: guid(organizer, "Oid")?,
            reply_chain: text(reply_chain, "MessageId")?.filter(|id| !id.is_empty()),
        })
    }
}

fn text(told: Told, name: &'static str) -> Result<Option<String>, InvalidJoinUrlKind> {
    match told {
        Told::Nothing => Ok(None),
        // JSON hides it behind an escape.
        Told::Text(text) if text.chars().any(char::is_control) => Err(InvalidJoinUrlKind::ControlCharacter),
        Told::Text(text) => Ok(Some(text)),
        Told::Other => Err(InvalidJoinUrlKind::MissingMember(name)),
    }
}

fn guid(told: Told, name: &'static str) -> Result<String, InvalidJoinUrlKind> {
    let text = text(told, name)?.ok_or(InvalidJoinUrlKind::MissingMember(name))?;
    if fold_guid(&text).is_some() { Ok(text) } else { Err(InvalidJoinUrlKind::NotAGuid(name)) }
}

/// `Tid`, `Oid` and `MessageId`, by the first of their names in any letter case; whatever else there is is skipped.
#[derive(Default)]
struct Members([Told; 3]);

#[derive(Default)]
enum Told {
    #[default]
    Nothing,
    Text(String),
    Other,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Members::default();
                let mut seen = [false; 3];
                while let Some(name) = map.next_key::<Text<'de>>()? {
                    let place = NAMES.iter().position(|known| name.eq_ignore_ascii_case(known));
                    let slots = place.and_then(|at| Some((members.0.get_mut(at)?, seen.get_mut(at)?)));
                    match slots {
                        // Nobody could say which of two tenants is meant.
                        Some((_, true)) => return Err(de::Error::custom("a member stands twice")),
                        Some((told, seen)) => {
                            *seen = true;
                            *told = map.next_value()?;
                        }
                        None => drop(map.next_value::<de::IgnoredAny>()?),
                    }
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

const NAMES: [&str; 3] = ["Tid", "Oid", "MessageId"];

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Ok(match raw.as_bytes() {
            [b'n', ..] => Told::Nothing,
            [b'"', ..] => Told::Text(serde_json::from_str(raw).map_err(de::Error::custom)?),
            _ => Told::Other,
        })
    }
}
