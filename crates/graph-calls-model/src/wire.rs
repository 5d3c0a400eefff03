//! How every type of the API is read and written: one macro, so that all of them follow the same rules.
//!
//! Unknown members are skipped, `null` is the same as absent, a JSON array is never taken for an object,
//! and nothing absent is written. Serde's derive can do none of the last three for us.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Copies what is borrowed; implemented for everything a [`wire_struct!`] may hold.
pub(crate) trait IntoOwned {
    type Owned: 'static;
    fn into_owned(self) -> Self::Owned;
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

macro_rules! owned_as_is {
    ($($ty:ty),*) => { $(
        impl IntoOwned for $ty {
            type Owned = $ty;
            fn into_owned(self) -> $ty { self }
        }
    )* };
}
owned_as_is!(bool, i64, Integer);

macro_rules! owned_by_method {
    ($($ty:ident),*) => { $(
        impl IntoOwned for crate::$ty<'_> {
            type Owned = crate::$ty<'static>;
            fn into_owned(self) -> crate::$ty<'static> { crate::$ty::into_owned(self) }
        }
    )* };
}
owned_by_method!(Text, SecretText);

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
    odata_type.rsplit('.').next().unwrap_or(odata_type)
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
        $( rare $rare:ident { $( $(#[$rmeta:meta])* $rfield:ident / $with:ident : $rty:ty = $rwire:literal , )* } )?
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

        impl $crate::wire::IntoOwned for $name<'_> {
            type Owned = $name<'static>;
            fn into_owned(self) -> $name<'static> { $name::into_owned(self) }
        }

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
                struct Visitor;
                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $name<'de>;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("an object (", stringify!($name), ")"))
                    }
                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut value = $name::default();
                        while let Some(key) = map.next_key::<$crate::Text<'de>>()? {
                            match key.as_str() {
                                $( $wire $(| $alias)* => {
                                    value.$field = map.next_value::<Option<_>>()?.unwrap_or_default();
                                } )*
                                $( $( $rwire => {
                                    if let Some(read) = map.next_value::<Option<_>>()? {
                                        value.rare.get_or_insert_default().$rfield = Some(read);
                                    }
                                } )* )?
                                _ => { map.next_value::<serde::de::IgnoredAny>()?; }
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
