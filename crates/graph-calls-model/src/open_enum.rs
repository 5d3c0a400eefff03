//! Enums that Graph may add members to.

/// Defines a string enum that keeps members it does not know.
///
/// Members match in any ASCII case. An unknown one becomes `Other` and is written back as it was read.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$vmeta:meta])* $variant:ident = $wire:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name<'a> {
            $( $(#[$vmeta])* $variant, )*
            /// A member this version does not know, as it was on the wire.
            Other($crate::Text<'a>),
        }

        impl<'a> $name<'a> {
            /// The known members, as they are written.
            pub const MEMBERS: &'static [&'static str] = &[ $( $wire, )* ];

            /// The member's name on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $( $name::$variant => $wire, )*
                    $name::Other(text) => text,
                }
            }

            /// Copies what is borrowed.
            pub fn into_owned(self) -> $name<'static> {
                match self {
                    $( $name::$variant => $name::$variant, )*
                    $name::Other(text) => $name::Other(text.into_owned()),
                }
            }

            fn known(text: &str) -> Option<$name<'static>> {
                // The exact spelling first: it is what nearly always comes.
                match text {
                    $( $wire => return Some($name::$variant), )*
                    _ => {}
                }
                $( if text.eq_ignore_ascii_case($wire) { return Some($name::$variant); } )*
                None
            }
        }

        impl<'a, T: Into<$crate::Text<'a>>> From<T> for $name<'a> {
            fn from(text: T) -> Self {
                let text = text.into();
                $name::known(&text).unwrap_or($name::Other(text))
            }
        }

        impl std::fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        $crate::wire::wire_value!($name);

        impl serde::Serialize for $name<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $name<'de>;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("a string (", stringify!($name), ")"))
                    }
                    fn visit_enum<A: serde::de::EnumAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
                        let (text, rest) = access.variant::<$crate::Text<'de>>()?;
                        serde::de::VariantAccess::unit_variant(rest)?;
                        Ok(text.into())
                    }
                }
                // A reader of JSON would take an object for a variant with a value.
                if deserializer.is_human_readable() {
                    return $crate::Text::deserialize(deserializer).map(Self::from);
                }
                deserializer.deserialize_enum(stringify!($name), Self::MEMBERS, Visitor)
            }
        }
    };
}
pub(crate) use open_enum;
