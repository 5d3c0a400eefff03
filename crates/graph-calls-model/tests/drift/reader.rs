//! A `Deserializer` that hands out no data and notes what it is asked for.
//!
//! Each run follows one path of member names from a type. At its end the run notes what the type's own `Deserialize`
//! asks for there, and gives up: nothing has to be made up that a reader would take. A struct found there for the first
//! time adds a path per member, so that every struct below a type is asked for every member once.

use std::collections::VecDeque;

use serde::de::value::{BorrowedStrDeserializer, Error};
use serde::de::{DeserializeSeed, Deserializer, Error as _, Expected, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use crate::kind::{Kind, Member, Model};

/// Adds a type and all that it reads.
///
/// `candidates` are more names that a struct might read; those it skips are not noted.
pub(crate) fn add<T: Deserialize<'static>>(
    model: &mut Model,
    candidates: &dyn Fn(&str) -> Vec<&'static str>,
) {
    let mut to_do = VecDeque::from([Path { names: Vec::new(), owner: None }]);
    while let Some(path) = to_do.pop_front() {
        let mut found = Found::default();
        let _ = T::deserialize(Reader { path: &path.names, found: &mut found });
        let Some(kind) = found.kind else { continue };
        match &kind {
            Kind::Object(name) if !model.types.contains_key(name) => {
                model.types.insert(name.clone(), Vec::new());
                let others = candidates(name).into_iter().filter(|other| !found.names.contains(other));
                let listed = found.names.iter().map(|&listed| (listed, true));
                for (member, listed) in listed.chain(others.map(|other| (other, false))) {
                    let names = path.names.iter().copied().chain([member]).collect();
                    to_do.push_back(Path { names, owner: Some((name.clone(), listed)) });
                }
            }
            Kind::Enum(name) => {
                model.enums.insert(name.clone(), found.names.to_vec());
            }
            _ => {}
        }
        if let (Some((owner, listed)), Some(&name)) = (path.owner, path.names.last()) {
            let member = Member { name: name.to_owned(), kind: kind.in_lists(found.lists), listed };
            model.types.entry(owner).or_default().push(member);
        }
    }
}

struct Path {
    names: Vec<&'static str>,
    /// The struct that the last name belongs to, and whether it lists it.
    owner: Option<(String, bool)>,
}

/// What is at the end of a path; no kind where the value is skipped.
#[derive(Default)]
struct Found {
    lists: usize,
    kind: Option<Kind>,
    /// The fields of a struct, the variants of an enum.
    names: &'static [&'static str],
}

struct Reader<'r> {
    path: &'r [&'static str],
    found: &'r mut Found,
}

impl Reader<'_> {
    fn end<T>(self, kind: Kind, names: &'static [&'static str]) -> Result<T, Error> {
        if self.path.is_empty() {
            self.found.kind = Some(kind);
            self.found.names = names;
        }
        Err(Error::custom("the end of the path"))
    }
}

macro_rules! ends {
    ($($method:ident = $kind:expr,)*) => { $(
        fn $method<V: Visitor<'static>>(self, _: V) -> Result<V::Value, Error> {
            self.end($kind, &[])
        }
    )* };
}

impl Deserializer<'static> for Reader<'_> {
    type Error = Error;

    ends! {
        deserialize_bool = Kind::Bool,
        deserialize_i8 = Kind::Integer,
        deserialize_i16 = Kind::Integer,
        deserialize_i32 = Kind::Integer,
        deserialize_i64 = Kind::Integer,
        deserialize_u8 = Kind::Integer,
        deserialize_u16 = Kind::Integer,
        deserialize_u32 = Kind::Integer,
        deserialize_u64 = Kind::Integer,
        deserialize_f32 = Kind::Double,
        deserialize_f64 = Kind::Double,
        deserialize_char = Kind::Text,
        deserialize_str = Kind::Text,
        deserialize_string = Kind::Text,
    }

    /// A format for machines is handed the variants of enums.
    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Error> {
        let expected = (&visitor as &dyn Expected).to_string();
        let kind = match expected.as_str() {
            // The latter is a result code, whose words are the exception.
            "an integer or a numeric string" | "a number or a string" => Kind::Integer,
            // Asked in this way, a text needs no look whether it is null.
            "a string" => Kind::Text,
            _ => Kind::Unknown(expected),
        };
        self.end(kind, &[])
    }

    fn deserialize_ignored_any<V: Visitor<'static>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("skipped"))
    }

    fn deserialize_option<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        // The name by which serde_json hands out a slice of its input.
        if name == "$serde_json::private::RawValue" {
            self.end(Kind::Raw, &[])
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    fn deserialize_seq<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Error> {
        self.found.lists += 1;
        visitor.visit_seq(Element(Some(self)))
    }

    fn deserialize_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.path {
            [] => self.end(Kind::Object(name.to_owned()), fields),
            [member, rest @ ..] => {
                // Only those behind the last name count.
                self.found.lists = 0;
                let value = Reader { path: rest, found: self.found };
                visitor.visit_map(OneMember { name: Some(member), value: Some(value) })
            }
        }
    }

    fn deserialize_map<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Error> {
        let expected = (&visitor as &dyn Expected).to_string();
        self.end(Kind::Unknown(expected), &[])
    }

    fn deserialize_enum<V: Visitor<'static>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.end(Kind::Enum(name.to_owned()), variants)
    }

    forward_to_deserialize_any! { <V: Visitor<'static>> i128 u128 bytes byte_buf unit unit_struct tuple tuple_struct identifier }
}

struct OneMember<'r> {
    name: Option<&'static str>,
    value: Option<Reader<'r>>,
}

impl MapAccess<'static> for OneMember<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'static>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.name.take().map(|name| seed.deserialize(BorrowedStrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'static>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.value.take().ok_or_else(|| Error::custom("one value alone"))?)
    }
}

struct Element<'r>(Option<Reader<'r>>);

impl SeqAccess<'static> for Element<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'static>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.take().map(|reader| seed.deserialize(reader)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use serde::de::IgnoredAny;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only read")]
    struct Lamp {
        is_lit: bool,
        watts: Option<u32>,
        color: Color,
        wires: Vec<Option<Wire>>,
        spare: Option<Box<Lamp>>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Color {
        Red,
        DarkGreen,
    }

    struct Wire;

    /// Reads `length`, also by another name, and takes no label, whatever it is.
    impl<'de> Deserialize<'de> for Wire {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Members;
            impl<'de> Visitor<'de> for Members {
                type Value = Wire;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a wire")
                }
                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Wire, A::Error> {
                    while let Some(key) = map.next_key::<String>()? {
                        match key.as_str() {
                            "length" | "long" => drop(map.next_value::<f64>()?),
                            "label" => {
                                map.next_value::<String>()?;
                                return Err(A::Error::custom("no label is good enough"));
                            }
                            "ends" => drop(map.next_value::<Vec<Vec<String>>>()?),
                            _ => drop(map.next_value::<IgnoredAny>()?),
                        }
                    }
                    Ok(Wire)
                }
            }
            deserializer.deserialize_struct("Wire", &["length", "label", "ends"], Members)
        }
    }

    fn member(name: &str, kind: Kind) -> Member {
        Member::listed(name, kind)
    }

    #[test]
    fn a_type_tells_all_its_members_through_its_own_reader() {
        let mut model = Model::default();
        add::<Lamp>(&mut model, &|name| {
            if name == "Wire" { vec!["ends", "long", "wide"] } else { Vec::new() }
        });
        let wire = || Kind::Object("Wire".to_owned());
        assert_eq!(
            model.types["Lamp"],
            [
                member("isLit", Kind::Bool),
                member("watts", Kind::Integer),
                member("color", Kind::Enum("Color".to_owned())),
                member("wires", wire().in_lists(1)),
                member("spare", Kind::Object("Lamp".to_owned())),
            ]
        );
        assert_eq!(
            model.types["Wire"],
            [
                member("length", Kind::Double),
                member("label", Kind::Text),
                member("ends", Kind::Text.in_lists(2)),
                Member { listed: false, ..member("long", Kind::Double) },
            ]
        );
        assert_eq!(model.types.len(), 2);
        assert_eq!(model.enums["Color"], ["red", "darkGreen"]);
    }
}
