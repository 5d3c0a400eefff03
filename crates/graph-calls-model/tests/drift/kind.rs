//! What the model turned out to be.

use std::collections::BTreeMap;
use std::fmt;

/// The types that were found, by their names in the model.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) types: BTreeMap<String, Vec<Member>>,
    pub(crate) enums: BTreeMap<String, Vec<&'static str>>,
}

/// A member of a type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// False for a name that is read although the type does not list it: another spelling of one that it does.
    pub(crate) listed: bool,
}

impl Member {
    pub(crate) fn listed(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), kind, listed: true }
    }
}

/// What a member takes, or what was written for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Text,
    Bool,
    Integer,
    Double,
    List(Box<Kind>),
    /// An enum, by its name in the model.
    Enum(String),
    /// A written text, which may be the member of an enum.
    Word(String),
    /// An object, by the name of its type in the model.
    Object(String),
    /// A written object, by the name in its `@odata.type`.
    Typed(String),
    /// An object that does not say which.
    Untyped,
    /// Any JSON, kept as it was sent.
    Raw,
    /// Something else, in its own words.
    Unknown(String),
}

impl Kind {
    pub(crate) fn in_lists(self, count: usize) -> Self {
        (0..count).fold(self, |kind, _| Kind::List(Box::new(kind)))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Text => f.write_str("text"),
            Kind::Bool => f.write_str("a bool"),
            Kind::Integer => f.write_str("an integer"),
            Kind::Double => f.write_str("a double"),
            Kind::List(of) => write!(f, "a list of {of}"),
            Kind::Enum(name) | Kind::Object(name) | Kind::Typed(name) => f.write_str(name),
            Kind::Word(text) => write!(f, "the text `{text}`"),
            Kind::Untyped => f.write_str("an object without a type"),
            Kind::Raw => f.write_str("any JSON"),
            Kind::Unknown(what) => write!(f, "\"{what}\""),
        }
    }
}
