//! A `Serializer` that notes what is written, for types that are only sent.

use serde::Serialize;
use serde::de::value::Error;
use serde::ser::{
    Error as _, Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, Serializer,
};

use crate::kind::{Kind, Member, Model};

/// Adds a type, told by samples that have all its members, together at least.
///
/// # Panics
///
/// When a member that the type could write is in none of the samples, or when one is no object.
pub(crate) fn add<T: Serialize>(model: &mut Model, name: &str, samples: &[T]) {
    let mut members: Vec<Member> = Vec::new();
    let mut left_out = Vec::new();
    for sample in samples {
        let written = sample.serialize(Writer).expect("a value like those in requests");
        let is_object = matches!(written.kind, Kind::Object(_) | Kind::Typed(_) | Kind::Untyped);
        assert!(is_object, "{name} writes {}, which is no object", written.kind);
        for member in written.members {
            if !members.iter().any(|known| known.name == member.name) {
                members.push(member);
            }
        }
        left_out.extend(written.left_out);
    }
    left_out.retain(|name| !members.iter().any(|member| member.name == *name));
    let missing = left_out.join(", ");
    assert!(missing.is_empty(), "a sample of {name} in model.rs has to have {missing} too");
    model.types.insert(name.to_owned(), members);
}

/// What was written.
struct Written {
    kind: Kind,
    members: Vec<Member>,
    left_out: Vec<&'static str>,
}

impl From<Kind> for Written {
    fn from(kind: Kind) -> Self {
        Self { kind, members: Vec::new(), left_out: Vec::new() }
    }
}

struct Writer;

macro_rules! writes {
    ($($method:ident($ty:ty) = $kind:ident,)*) => { $(
        fn $method(self, _: $ty) -> Result<Written, Error> {
            Ok(Kind::$kind.into())
        }
    )* };
}

impl Serializer for Writer {
    type Ok = Written;
    type Error = Error;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = Impossible<Written, Error>;
    type SerializeTupleVariant = Impossible<Written, Error>;
    type SerializeMap = Object;
    type SerializeStruct = Object;
    type SerializeStructVariant = Impossible<Written, Error>;

    writes! {
        serialize_bool(bool) = Bool,
        serialize_i8(i8) = Integer,
        serialize_i16(i16) = Integer,
        serialize_i32(i32) = Integer,
        serialize_i64(i64) = Integer,
        serialize_u8(u8) = Integer,
        serialize_u16(u16) = Integer,
        serialize_u32(u32) = Integer,
        serialize_u64(u64) = Integer,
        serialize_f32(f32) = Double,
        serialize_f64(f64) = Double,
        serialize_bytes(&[u8]) = Raw,
    }

    fn serialize_str(self, text: &str) -> Result<Written, Error> {
        Ok(Kind::Word(text.to_owned()).into())
    }

    fn serialize_char(self, text: char) -> Result<Written, Error> {
        self.serialize_str(text.encode_utf8(&mut [0; 4]))
    }

    fn serialize_none(self) -> Result<Written, Error> {
        Ok(Kind::Unknown("null".to_owned()).into())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Written, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Written, Error> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Written, Error> {
        self.serialize_none()
    }

    fn serialize_unit_variant(self, _: &str, _: u32, variant: &'static str) -> Result<Written, Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &str, value: &T) -> Result<Written, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Written, Error> {
        Err(Error::custom(format_args!("{name} has variants with data")))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List, Error> {
        Ok(List(None))
    }

    fn serialize_tuple(self, _: usize) -> Result<List, Error> {
        Ok(List(None))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Err(Error::custom(format_args!("{name} is a tuple")))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(Error::custom(format_args!("{name} has variants with data")))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object, Error> {
        Ok(Object { key: String::new(), written: Kind::Untyped.into() })
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Object, Error> {
        Ok(Object { key: String::new(), written: Kind::Object(name.to_owned()).into() })
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(Error::custom(format_args!("{name} has variants with data")))
    }
}

/// A list; its first element tells the kind of all.
struct List(Option<Kind>);

impl SerializeSeq for List {
    type Ok = Written;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let kind = value.serialize(Writer)?.kind;
        self.0.get_or_insert(kind);
        Ok(())
    }

    fn end(self) -> Result<Written, Error> {
        let kind = self.0.unwrap_or_else(|| Kind::Unknown("nothing".to_owned()));
        Ok(kind.in_lists(1).into())
    }
}

impl SerializeTuple for List {
    type Ok = Written;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Written, Error> {
        SerializeSeq::end(self)
    }
}

struct Object {
    key: String,
    written: Written,
}

impl Object {
    fn add(&mut self, name: &str, value: Written) {
        if let ("@odata.type", Kind::Word(text)) = (name, &value.kind) {
            let name = text.rsplit('.').next().unwrap_or_default();
            self.written.kind = Kind::Typed(name.to_owned());
        }
        self.written.members.push(Member::listed(name, value.kind));
    }
}

impl SerializeMap for Object {
    type Ok = Written;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let Kind::Word(name) = key.serialize(Writer)?.kind else {
            return Err(Error::custom("the name of a member is no text"));
        };
        self.key = name;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let name = std::mem::take(&mut self.key);
        self.add(&name, value.serialize(Writer)?);
        Ok(())
    }

    fn end(self) -> Result<Written, Error> {
        Ok(self.written)
    }
}

impl SerializeStruct for Object {
    type Ok = Written;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.add(name, value.serialize(Writer)?);
        Ok(())
    }

    fn skip_field(&mut self, name: &'static str) -> Result<(), Error> {
        self.written.left_out.push(name);
        Ok(())
    }

    fn end(self) -> Result<Written, Error> {
        Ok(self.written)
    }
}

#[cfg(test)]
mod tests {
    use serde::ser::SerializeMap as _;

    use super::*;

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Order {
        lamp: Lamp,
        how_many: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        colors: Option<[Color; 2]>,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    enum Color {
        Red,
        DarkGreen,
    }

    struct Lamp;

    impl Serialize for Lamp {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("@odata.type", "#house.desk.lamp")?;
            map.end()
        }
    }

    #[test]
    fn a_body_tells_what_it_writes() {
        let mut model = Model::default();
        let colors = Some([Color::Red, Color::DarkGreen]);
        let samples =
            [Order { lamp: Lamp, how_many: 2, colors: None }, Order { lamp: Lamp, how_many: 2, colors }];
        add(&mut model, "OrderBody", &samples);
        assert_eq!(
            model.types["OrderBody"],
            [
                Member::listed("lamp", Kind::Typed("lamp".to_owned())),
                Member::listed("howMany", Kind::Integer),
                Member::listed("colors", Kind::Word("red".to_owned()).in_lists(1)),
            ]
        );
    }

    #[test]
    #[should_panic(expected = "a sample of OrderBody in model.rs has to have colors too")]
    fn samples_without_all_members_are_refused() {
        add(&mut Model::default(), "OrderBody", &[Order { lamp: Lamp, how_many: 2, colors: None }]);
    }
}
