//! JSON as anybody would read it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess},
};

/// JSON as it stands: with the members that come twice, which `serde_json::Value` hides, and numbers as text.
#[derive(Debug, PartialEq)]
pub(super) enum Plain {
    Null,
    Text(String),
    Number(String),
    List(Vec<Plain>),
    Object(Vec<(String, Plain)>),
    Bool,
}

impl Plain {
    /// None where `serde_json::Value` would refuse the bytes as well.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self, Plain::Object(_))
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self, Plain::Text(_))
    }

    pub(super) fn is_word(&self) -> bool {
        matches!(self, Plain::Text(_) | Plain::Number(_))
    }

    /// A text, or a number as text.
    pub(super) fn word(&self) -> Option<String> {
        if let Plain::Text(word) | Plain::Number(word) = self { Some(word.clone()) } else { None }
    }

    pub(super) fn items(&self) -> Option<&[Plain]> {
        if let Plain::List(items) = self { Some(items) } else { None }
    }

    pub(super) fn members(&self) -> &[(String, Plain)] {
        if let Plain::Object(members) = self { members } else { &[] }
    }

    /// Whether one of these members comes with a value and again as null: which of them counts is promised nowhere.
    pub(super) fn is_ambiguous(&self, names: &[&str]) -> bool {
        let is_null = |name: &str, is: bool| {
            self.members().iter().any(|(other, value)| other == name && (*value == Plain::Null) == is)
        };
        names.iter().any(|name| is_null(name, true) && is_null(name, false))
    }

    pub(super) fn count(&self, wanted: &str) -> usize {
        self.members().iter().filter(|(name, _)| name == wanted).count()
    }

    /// The member with one of these names: the last one counts, and null is the same as none.
    pub(super) fn member(&self, names: &[&str]) -> Option<&Plain> {
        self.members()
            .iter()
            .rfind(|(name, _)| names.contains(&name.as_str()))
            .map(|(_, value)| value)
            .filter(|value| **value != Plain::Null)
    }

    /// The last member with one of these names that fits: others do not count, and null takes back what came before.
    pub(super) fn last(&self, names: &[&str], fits: impl Fn(&Plain) -> bool) -> Option<&Plain> {
        let mut meant = self.members().iter().rev().filter(|(name, _)| names.contains(&name.as_str()));
        let (_, value) = meant.find(|(_, value)| *value == Plain::Null || fits(value))?;
        Some(value).filter(|value| **value != Plain::Null)
    }

    pub(super) fn text(&self, names: &[&str]) -> Option<&str> {
        if let Plain::Text(text) = self.member(names)? { Some(text) } else { None }
    }

    /// Whether all members with these names are null or fit.
    pub(super) fn each(&self, names: &[&str], fits: impl Fn(&Plain) -> bool) -> bool {
        let is_meant = |name: &str| names.contains(&name);
        self.members().iter().all(|(name, value)| !is_meant(name) || *value == Plain::Null || fits(value))
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Plain;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Plain, E> {
                Ok(Plain::Null)
            }
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Plain, E> {
                Ok(Plain::Bool)
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Plain, E> {
                Ok(Plain::Number(number.to_string()))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Plain, E> {
                Ok(Plain::Number(number.to_string()))
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Plain, E> {
                Ok(Plain::Number(number.to_string()))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Plain, E> {
                Ok(Plain::Text(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Plain, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Plain::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Plain, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Plain::Object(members))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
