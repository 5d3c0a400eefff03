//! JSON objects in which no member stands twice, at any depth.

use std::fmt;

use graph_calls_core::model::Text;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// The most members of one object: what keeps the search for duplicates cheap.
const MAX_MEMBERS: usize = 128;

/// An object, read once.
#[derive(Debug)]
pub(super) struct Object<'a>(Vec<(Text<'a>, Member<'a>)>);

/// A member, as far as a token needs it.
#[derive(Debug)]
pub(super) enum Member<'a> {
    Text(Text<'a>),
    Number(f64),
    Other,
}

impl<'a> Object<'a> {
    /// Reads one object and nothing else.
    pub(super) fn read(json: &'a [u8]) -> Option<Self> {
        // serde_json does not look at the bytes of strings it skips.
        serde_json::from_str(std::str::from_utf8(json).ok()?).ok()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Member<'a>> {
        self.0.iter().find(|(known, _)| known.as_str() == name).map(|(_, member)| member)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The member, if it is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Member::Text(text) => Some(text),
            Member::Number(_) | Member::Other => None,
        }
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;
        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                members(map).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor)
    }
}

impl<'de> Deserialize<'de> for Member<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor)
    }
}

struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Member<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: de::Error>(self, v: &'de str) -> Result<Self::Value, E> {
        Ok(Member::Text(Text::from(v)))
    }

    fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
        Ok(Member::Text(Text::from(v.to_owned())))
    }

    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Self::Value, E> {
        Ok(Number::from(v).as_f64().map_or(Member::Other, Member::Number))
    }

    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Self::Value, E> {
        Ok(Number::from(v).as_f64().map_or(Member::Other, Member::Number))
    }

    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Self::Value, E> {
        Ok(Member::Number(v))
    }

    fn visit_bool<E: de::Error>(self, _v: bool) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<Member<'de>>()?.is_some() {}
        Ok(Member::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        members(map).map(|_| Member::Other)
    }
}

fn members<'de, A: MapAccess<'de>>(mut map: A) -> Result<Vec<(Text<'de>, Member<'de>)>, A::Error> {
    let mut members: Vec<(Text<'de>, Member<'de>)> = Vec::new();
    while let Some(name) = map.next_key::<Text<'de>>()? {
        if members.len() == MAX_MEMBERS {
            return Err(de::Error::custom("too many members"));
        }
        if members.iter().any(|(known, _)| *known == name) {
            return Err(de::Error::custom("duplicate member"));
        }
        members.push((name, map.next_value()?));
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_found_at_any_depth_and_in_any_spelling() {
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":[[{"a":1,"a":2}]]}"#,
            r#"{"x":[{},{"y":{"a":null,"a":true}}]}"#,
        ] {
            assert!(Object::read(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(Object::read(br#"{"a":{"a":1},"b":[{"a":1},{"a":1}],"A":1}"#).is_some());
    }

    #[test]
    fn only_one_object_is_an_object() {
        for bad in ["", "[]", "1", "null", "{} {}", "{}x", "\u{feff}{}", "{\"a\":1,}", "{'a':1}"] {
            assert!(Object::read(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(Object::read(b"{\"a\":\"\xff\"}").is_none());
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(3000), "]".repeat(3000));
        assert!(Object::read(deep.as_bytes()).is_none());
        assert!(Object::read(b" {} \n").is_some());
    }

    #[test]
    fn members_keep_what_a_token_needs() {
        let object = Object::read(br#"{"t":"a\u0062","n":1.5,"i":-2,"o":[1]}"#).unwrap();
        assert_eq!(object.text("t"), Some("ab"));
        assert!(matches!(object.get("n"), Some(Member::Number(n)) if (n - 1.5).abs() < f64::EPSILON));
        assert!(matches!(object.get("i"), Some(Member::Number(n)) if (n + 2.0).abs() < f64::EPSILON));
        assert_eq!(object.text("o"), None);
        assert!(object.has("o") && !object.has("x"));
    }
}
