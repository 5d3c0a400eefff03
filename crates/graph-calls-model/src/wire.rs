//! How every type of the API is read and written: one macro, so that all of them follow the same rules.
//!
//! Unknown members are skipped, `null` is the same as absent, a JSON array is never taken for an object,
//! and nothing absent is written. Serde's derive can do none of the last three for us.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeSeed},
};

/// Copies what is borrowed; implemented for everything a [`wire_struct!`] may hold.
pub(crate) trait IntoOwned {
    type Owned: 'static;
    fn into_owned(self) -> Self::Owned;
}

/// What may be the value of a member.
pub(crate) trait Value<'de>: Deserialize<'de> {
    /// Reads the value or `null`.
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Option::deserialize(deserializer)
    }
}

/// How a struct holds a member: `null` and absence are the default.
pub(crate) trait Member<'de>: Default {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

impl<'de, T: Value<'de>> Member<'de> for Option<T> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer)
    }
}

impl<'de, T: Deserialize<'de>> Member<'de> for Vec<T> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<List<T>>::deserialize(deserializer).map(|list| list.unwrap_or_default().0)
    }
}

/// The most elements of a list within a body. No call has as many participants, and an element of two bytes takes some
/// hundred in memory.
pub(crate) const MAX_ELEMENTS: usize = 10_000;

/// A list of at most [`MAX_ELEMENTS`].
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an array of at most {MAX_ELEMENTS}")
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = seq.next_element()? {
                    if list.len() == MAX_ELEMENTS {
                        return Err(de::Error::invalid_length(MAX_ELEMENTS + 1, &self));
                    }
                    list.push(element);
                }
                Ok(List(list))
            }
        }
        deserializer.deserialize_seq(Visitor(PhantomData))
    }
}

/// Reads a [`Member`] where serde asks for a seed.
pub(crate) struct MemberSeed<T>(PhantomData<T>);

impl<T> MemberSeed<T> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Member<'de>> DeserializeSeed<'de> for MemberSeed<T> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }
}

/// Whether a member is left out when written.
pub(crate) trait Absent {
    fn is_absent(&self) -> bool;
}

impl<T: IntoOwned> IntoOwned for Option<T> {
    type Owned = Option<T::Owned>;
    fn into_owned(self) -> Self::Owned {
        self.map(T::into_owned)
    }
}

impl<T: IntoOwned> IntoOwned for Vec<T> {
    type Owned = Vec<T::Owned>;
    fn into_owned(self) -> Self::Owned {
        self.into_iter().map(T::into_owned).collect()
    }
}

impl<T: IntoOwned> IntoOwned for Box<T> {
    type Owned = Box<T::Owned>;
    fn into_owned(self) -> Self::Owned {
        Box::new((*self).into_owned())
    }
}

impl<T> Absent for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T> Absent for Vec<T> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl<'de, T: Deserialize<'de>> Value<'de> for Vec<T> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Option::<List<T>>::deserialize(deserializer).map(|list| list.map(|list| list.0))
    }
}

impl<'de, T: Deserialize<'de>> Value<'de> for Box<T> {}

macro_rules! plain_values {
    ($($ty:ty),*) => { $(
        impl IntoOwned for $ty {
            type Owned = $ty;
            fn into_owned(self) -> $ty { self }
        }
        impl Value<'_> for $ty {}
    )* };
}
plain_values!(bool, f64, Integer);

/// Lets a type of ours that borrows be the value of a member.
macro_rules! wire_value {
    ($name:ident) => {
        impl $crate::wire::IntoOwned for $name<'_> {
            type Owned = $name<'static>;
            fn into_owned(self) -> $name<'static> {
                $name::into_owned(self)
            }
        }
        impl<'de: 'a, 'a> $crate::wire::Value<'de> for $name<'a> {}
    };
}
pub(crate) use wire_value;

/// An integer that the service writes as a number or as a numeric string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Integer(pub i64);

impl From<i64> for Integer {
    fn from(value: i64) -> Self {
        Integer(value)
    }
}

impl PartialEq<i64> for Integer {
    fn eq(&self, other: &i64) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Integer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Integer;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer or a numeric string")
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Integer, E> {
                Ok(Integer(v))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Integer, E> {
                i64::try_from(v)
                    .map(Integer)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(v), &self))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Integer, E> {
                v.trim().parse().map(Integer).map_err(|_| E::invalid_value(de::Unexpected::Str(v), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// The name behind the namespace of an `@odata.type`.
pub(crate) fn type_name(odata_type: &str) -> &str {
    // The spelling that nearly always comes, without a search.
    odata_type
        .strip_prefix("#microsoft.graph.")
        .filter(|name| !name.contains('.'))
        .unwrap_or_else(|| odata_type.rsplit('.').next().unwrap_or(odata_type))
}

/// Whether an `@odata.type` has this name, in any letter case.
pub(crate) fn is_type(odata_type: &str, name: &str) -> bool {
    type_name(odata_type).eq_ignore_ascii_case(name)
}

/// Defines a type of the API with its reader, its writer and `into_owned`.
///
/// `rare { .. }` members live in one box and are read through accessors, which keeps the common value small.
/// `as "#microsoft.graph.x"` makes the writer begin with that `@odata.type`.
macro_rules! wire_struct {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident<'a> $(as $odata:literal)? {
            $( $(#[$fmeta:meta])* $fvis:vis $field:ident : $ty:ty = $wire:literal $(| $alias:literal)* , )*
        }
        $( rare $rare:ident { $( $(#[$rmeta:meta])* $rfield:ident / $with:ident : $rty:ty = $rwire:literal $(| $ralias:literal)* , )* } )?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq)]
        #[non_exhaustive]
        $vis struct $name<'a> {
            $( $(#[$fmeta])* $fvis $field: $ty, )*
            $( rare: Option<Box<$rare<'a>>>, )?
        }

        $(
            #[derive(Debug, Clone, Default, PartialEq)]
            struct $rare<'a> { $( $rfield: Option<$rty>, )* }

            impl<'a> $name<'a> {
                $(
                    $(#[$rmeta])*
                    pub fn $rfield(&self) -> Option<&$rty> {
                        self.rare.as_ref()?.$rfield.as_ref()
                    }

                    #[doc = concat!("Sets `", $rwire, "`.")]
                    #[must_use]
                    pub fn $with(mut self, value: impl Into<$rty>) -> Self {
                        self.rare.get_or_insert_default().$rfield = Some(value.into());
                        self
                    }
                )*
            }
        )?

        impl $name<'_> {
            /// Copies what is borrowed.
            $vis fn into_owned(self) -> $name<'static> {
                $name {
                    $( $field: $crate::wire::IntoOwned::into_owned(self.$field), )*
                    $( rare: self.rare.map(|rare| Box::new($rare {
                        $( $rfield: $crate::wire::IntoOwned::into_owned(rare.$rfield), )*
                    })), )?
                }
            }
        }

        $crate::wire::wire_value!($name);

        impl serde::Serialize for $name<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[allow(unused_imports, reason = "a type may have only rare members")]
                use {serde::ser::SerializeMap as _, $crate::wire::Absent as _};
                let mut map = serializer.serialize_map(None)?;
                $( map.serialize_entry("@odata.type", $odata)?; )?
                $( if !self.$field.is_absent() { map.serialize_entry($wire, &self.$field)?; } )*
                $( if let Some(rare) = &self.rare {
                    $( if let Some(value) = &rare.$rfield { map.serialize_entry($rwire, value)?; } )*
                } )?
                map.end()
            }
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[allow(non_camel_case_types, reason = "a key for each field, by the field's name")]
                enum Key { $( $field, )* $( $( $rfield, )* )? OtherMember }
                struct KeyVisitor;
                impl<'de> serde::de::DeserializeSeed<'de> for KeyVisitor {
                    type Value = Key;
                    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
                        deserializer.deserialize_identifier(self)
                    }
                }
                impl serde::de::Visitor<'_> for KeyVisitor {
                    type Value = Key;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a member's name")
                    }
                    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Key, E> {
                        Ok(match name {
                            $( $wire $(| $alias)* => Key::$field, )*
                            $( $( $rwire $(| $ralias)* => Key::$rfield, )* )?
                            _ => Key::OtherMember,
                        })
                    }
                }
                struct Visitor;
                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $name<'de>;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("an object (", stringify!($name), ")"))
                    }
                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut value = $name::default();
                        while let Some(key) = map.next_key_seed(KeyVisitor)? {
                            match key {
                                $( Key::$field => {
                                    value.$field = map.next_value_seed($crate::wire::MemberSeed::new())?;
                                } )*
                                $( $( Key::$rfield => {
                                    match map.next_value_seed($crate::wire::MemberSeed::<Option<_>>::new())? {
                                        Some(read) => value.rare.get_or_insert_default().$rfield = Some(read),
                                        None => if let Some(rare) = &mut value.rare
                                            && rare.$rfield.take().is_some()
                                            && **rare == $rare::default()
                                        {
                                            value.rare = None;
                                        },
                                    }
                                } )* )?
                                Key::OtherMember => { map.next_value::<serde::de::IgnoredAny>()?; }
                            }
                        }
                        Ok(value)
                    }
                }
                deserializer.deserialize_struct(
                    stringify!($name),
                    &[ $( $wire, )* $( $( $rwire, )* )? ],
                    Visitor,
                )
            }
        }
    };
}
pub(crate) use wire_struct;
