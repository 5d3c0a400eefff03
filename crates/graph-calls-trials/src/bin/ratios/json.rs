//! JSON whose members keep their order.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, SeqAccess},
};
use serde_json::Value;

/// A JSON value; `serde_json::Value` would sort the members.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    Leaf(Value),
}

/// Where `@odata.type` stands in its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagPlace {
    First,
    Last,
}

impl Json {
    pub(crate) fn read(text: &str) -> Self {
        serde_json::from_str(text).expect("a body of this project")
    }

    /// The member of an object.
    pub(crate) fn member(&mut self, name: &str) -> &mut Json {
        let Json::Object(members) = self else { panic!("no object: {self:?}") };
        let found = members.iter_mut().find(|(other, _)| other == name);
        &mut found.unwrap_or_else(|| panic!("no member {name}")).1
    }

    /// The items of an array.
    pub(crate) fn items(&mut self) -> &mut Vec<Json> {
        match self {
            Json::Array(items) => items,
            other => panic!("no array: {other:?}"),
        }
    }

    /// Moves `@odata.type` in every object that has it; the other members keep their order.
    pub(crate) fn place_tags(&mut self, place: TagPlace) {
        match self {
            Json::Object(members) => {
                if let Some(at) = members.iter().position(|(name, _)| name == "@odata.type") {
                    let tag = members.remove(at);
                    let at = if place == TagPlace::First { 0 } else { members.len() };
                    members.insert(at, tag);
                }
                for (_, value) in members {
                    value.place_tags(place);
                }
            }
            Json::Array(items) => {
                for item in items {
                    item.place_tags(place);
                }
            }
            Json::Leaf(_) => {}
        }
    }
}

impl<T: Into<Value>> From<T> for Json {
    fn from(leaf: T) -> Self {
        Json::Leaf(leaf.into())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, value)| (name, value)))
            }
            Json::Array(items) => serializer.collect_seq(items),
            Json::Leaf(value) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> de::Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Json, E> {
        Ok(text.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_bool<E: de::Error>(self, is: bool) -> Result<Json, E> {
        Ok(is.into())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
        Ok(Value::Null.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r##"{"z":1,"@odata.type":"#a","b":[{"@odata.type":"#b","y":null},{"x":true}]}"##;

    #[test]
    fn members_keep_their_order() {
        assert_eq!(serde_json::to_string(&Json::read(TEXT)).unwrap(), TEXT);
    }

    #[test]
    fn only_the_tags_move() {
        let mut json = Json::read(TEXT);
        json.place_tags(TagPlace::First);
        assert_eq!(
            serde_json::to_string(&json).unwrap(),
            r##"{"@odata.type":"#a","z":1,"b":[{"@odata.type":"#b","y":null},{"x":true}]}"##
        );
        json.place_tags(TagPlace::Last);
        assert_eq!(
            serde_json::to_string(&json).unwrap(),
            r##"{"z":1,"b":[{"y":null,"@odata.type":"#b"},{"x":true}],"@odata.type":"#a"}"##
        );
    }
}
